"""The shape of what the policy says about deliveries."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from leadfit.policy.section import Name, Section

MOST_WORKERS: Final = 64
"""Threads a destination may have: a limit of the machine, which all destinations share."""


class DeliverRules(Section):
    """How actions are carried out, and what is done when a receiver does not take them."""

    workers: int = Field(default=4, ge=1, le=MOST_WORKERS)
    """Actions that are sent to one destination at the same time."""
    request_s: float = Field(default=10, gt=0, le=120)
    """Seconds a receiver has for the whole of an answer."""
    failures: int = Field(default=5, ge=2, le=1_000)
    """Failures in a row, of two actions or more, after which a destination is left alone."""
    window_s: float = Field(default=30, gt=0, le=3_600)
    """Seconds within which they count."""
    open_s: float = Field(default=30, gt=0, le=3_600)
    """Seconds for which it is left alone; then one action tries it."""
    pause_s: float = Field(default=300, gt=0, le=86_400)
    """Seconds for which a destination is left alone when a quota is used up, a credential is not
    taken or the set-up is wrong, and the receiver names no time."""
    longest_pause_s: float = Field(default=86_400, gt=0, le=604_800)
    """Longest time a receiver may ask us to wait."""
    backoff_s: float = Field(default=1, gt=0, le=60)
    """Longest wait after the first failure; it doubles with every further one."""
    longest_backoff_s: float = Field(default=60, gt=0, le=3_600)
    """Longest wait between two tries."""
    attempts: int = Field(default=20, ge=1, le=1_000)
    """Tries after which an action is given up that fails while others succeed; those of an outage
    do not count."""
    hours: float = Field(default=48, gt=0, le=720)
    """Hours after which an action is given up."""
    hours_of: Mapping[Name, Annotated[float, Field(gt=0, le=720)]] = Field(
        default_factory=lambda: {"alert": 1.0, "page": 4.0}
    )
    """The same by kind of action."""
    fallback_s: float = Field(default=60, gt=0, le=120)
    """Seconds after which an alert that did not get through also takes another channel."""
    fallback_tiers: Annotated[tuple[Literal[1, 2, 3], ...], Field(strict=False)] = (1,)
    """Tiers whose alerts do; a page does in every tier."""
    lease_s: float = Field(default=900, ge=60, le=86_400)
    """Seconds after which an action or a call that was begun is taken over by another worker,
    although whoever began it has not ended; longer than any try lasts."""
    echo_hours: float = Field(default=48, ge=24, le=720)
    """Hours in which a value we wrote into another system is known when it comes back."""
    echo_rounds: int = Field(default=3, ge=1, le=100)
    """Times that a field we wrote may come back with another value before that is taken for a
    loop: it is then ignored, and somebody is told."""

    @model_validator(mode="after")
    def _a_lease_is_longer_than_a_try(self) -> Self:
        # A try may sign in, look up and send, each with a time of its own.
        if self.lease_s < 4 * self.request_s:
            message = f"lease_s at least four times request_s ({4 * self.request_s:g})"
            raise ValueError(message)
        return self
