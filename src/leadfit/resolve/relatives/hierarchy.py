"""The walk from an account to its parents, and the account of a group that a lead goes to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

_MOST_STEPS: Final = 64


class RoutingLevel(StrEnum):
    """Which account of a group owns its leads; a rule of the policy."""

    ACCOUNT = "account"
    PARENT = "parent"
    ULTIMATE = "ultimate_parent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ancestry:
    """The accounts over an account.

    Attributes:
        chain: The account itself, then its parent, up to the ultimate one.
        is_broken: The walk came to an account it had met, or did not end in 64 steps; the chain
            ends before that and its last account is no ultimate parent.
    """

    chain: tuple[str, ...]
    is_broken: bool = False

    @property
    def ultimate(self) -> str | None:
        """The account without a parent, or ``None`` where the walk is broken."""
        return None if self.is_broken else self.chain[-1]


def ancestry(account_id: str, parents: Mapping[str, str | None]) -> Ancestry:
    """Walk from an account to its ultimate parent.

    Args:
        account_id: Where the walk begins.
        parents: The parent of each account that has one.

    >>> ancestry("site", {"site": "country", "country": "group"}).chain
    ('site', 'country', 'group')
    >>> ancestry("a", {"a": "b", "b": "a"})
    Ancestry(chain=('a', 'b'), is_broken=True)
    """
    chain = [account_id]
    seen = {account_id}
    while (parent := parents.get(chain[-1])) is not None:
        if parent in seen or len(chain) >= _MOST_STEPS:
            return Ancestry(chain=tuple(chain), is_broken=True)
        chain.append(parent)
        seen.add(parent)
    return Ancestry(chain=tuple(chain))


def routing_account(account_id: str, parents: Mapping[str, str | None], level: RoutingLevel) -> str:
    """Return the account of the group that a lead of ``account_id`` goes to.

    Where the hierarchy is broken, it is the account itself, whatever the level.
    """
    found = ancestry(account_id, parents)
    if level is RoutingLevel.ACCOUNT or found.is_broken:
        return account_id
    if level is RoutingLevel.PARENT:
        return found.chain[min(1, len(found.chain) - 1)]
    return found.chain[-1]
