"""Policies and artifacts that the store keeps under their digests."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import cast

from leadfit import artifact as artifacts
from leadfit import policy as policies
from leadfit.artifact import Artifact
from leadfit.errors import NotFound
from leadfit.policy import Policy
from leadfit.store import Session
from leadfit.store.told import ContentKind


def kept_policy(session: Session, digest: str) -> Policy:
    """Return a policy that is kept.

    Raises:
        NotFound: None is kept under the digest.
    """
    content = session.contents.get(digest)
    if content is None or content.kind is not ContentKind.POLICY:
        raise NotFound("kept policy", digest)
    texts = cast("Mapping[str, str]", json.loads(content.body))
    return policies.from_files({name: text.encode() for name, text in texts.items()})


def kept_artifact(session: Session, digest: str) -> Artifact:
    """Return an artifact that is kept.

    Raises:
        NotFound: None is kept under the digest.
    """
    content = session.contents.get(digest)
    if content is None or content.kind is not ContentKind.ARTIFACT:
        raise NotFound("kept artifact", digest)
    return artifacts.from_json(content.body.decode())
