"""``connectors.toml``: what it may say, and what is made of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from leadfit.app.connectors import Connected, Connecting, connect
from leadfit.connectors.base import no_briefing
from leadfit.connectors.pagerduty import PagerDutyPerformer
from leadfit.connectors.slack import SlackPerformer
from leadfit.errors import BadInput
from leadfit.policy import Policy, load_starter
from leadfit.testing import FrozenWorld

SECRETS = {
    "SLACK": "xoxb-1-secret", "PAGER": "p" * 32, "HOOK": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "PASSWORD": "very secret",
}  # fmt: skip
SLACK = '[destinations.chat]\nconnector = "slack"\ntoken = "env:SLACK"\nchannel = "C123"\n'
PAGER = '[destinations.pager]\nconnector = "pagerduty"\nrouting_key = "env:PAGER"\n'
HOOK = '[destinations.ads]\nconnector = "webhook"\nurl = "https://a.example"\nsecret = "env:HOOK"\n'
MAIL = (
    '[destinations.mail]\nconnector = "mail"\nhost = "smtp.example.com"\n'
    'sender = "a@example.com"\nuser = "a"\npassword = "env:PASSWORD"\n'
)


@pytest.fixture(scope="module")
def policy() -> Policy:
    return load_starter()


def connected(
    place: Path, policy: Policy, text: str | None, environment: Mapping[str, str] = SECRETS
) -> Connected:
    if text is not None:
        (place / "connectors.toml").write_text(text, "utf-8")
    outside = Connecting(
        world=FrozenWorld(), policy=lambda: policy, briefing=lambda _page: no_briefing,
        open_briefing=lambda _page: no_briefing,
    )  # fmt: skip
    made = connect(place, outside, environment)
    for each in made.performers.values():
        each.close()
    return made


def test_without_the_file_everything_is_a_line(tmp_path: Path, policy: Policy) -> None:
    assert set(connected(tmp_path, policy, None).performers) == {"*"}


def test_each_destination_gets_its_connector_and_alerts_another_channel(
    tmp_path: Path, policy: Policy
) -> None:
    made = connected(tmp_path, policy, SLACK + PAGER + MAIL)
    assert isinstance(made.performers["chat"], SlackPerformer)
    assert isinstance(made.performers["pager"], PagerDutyPerformer)
    assert made.fallbacks == {"chat": ("mail", "pager"), "pager": ("chat", "mail")}


def test_only_what_is_connected_takes_alerts_instead(tmp_path: Path, policy: Policy) -> None:
    said = SLACK + '[fallbacks]\nchat = ["pager", "mail", "chat"]\n' + MAIL
    assert connected(tmp_path, policy, said).fallbacks == {"chat": ("mail",)}


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (SLACK.replace("env:SLACK", "xoxb-1-in-the-file"), "destinations.chat.token"),
        (SLACK.replace("env:SLACK", "env:NOT_SET"), "destinations.chat.token"),
        (SLACK.replace("C123", "#general"), "channel"),
        (SLACK.replace("slack", "teams"), "destinations.chat"),
        (SLACK + "other = 1\n", "other"),
        (PAGER.replace("env:PAGER", "env:SLACK"), "routing_key"),
        ('[destinations.fax]\nconnector = "file"\n', "fax"),
        ('allow = ["10.0.0.1/8"]\n', "allow"),
        ('page = "javascript:alert(1)"\n', "page"),
        ('certificates = "none.pem"\n', "certificates"),
        ("[destinations", "connectors.toml"),
        (
            HOOK + 'allow = ["10.0.0.0/8"]\n',
            "connectors.toml: destinations.ads.allow: came an unknown key",
        ),
        (
            HOOK.replace("env:HOOK", "env:SLACK"),
            "connectors.toml: destinations.ads.secret: came something else",
        ),
    ],
)
def test_a_fault_is_named_by_its_place_and_shows_no_secret(
    tmp_path: Path, policy: Policy, text: str, place: str
) -> None:
    with pytest.raises(BadInput) as caught:
        connected(tmp_path, policy, text)
    assert place in str(caught.value)
    assert "Value error" not in str(caught.value)
    for secret in (*SECRETS.values(), "xoxb-1-in-the-file"):
        assert secret not in str(caught.value)
