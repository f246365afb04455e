"""Calls of vendors: verified, translated into signals, stored for good before they are answered."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar, Final

from leadfit import pipeline, resolve, signal
from leadfit.canonical import canonical
from leadfit.errors import Conflict, NotFound, Permanent, Retryable
from leadfit.log import logger
from leadfit.policy import Policy
from leadfit.policy.intake import Hook
from leadfit.records import Refusal, Signal
from leadfit.signal import Incoming, Translation
from leadfit.store import Session, Store
from leadfit.store.intake import RefusedSignal
from leadfit.store.views import Receipt
from leadfit.world import World

Stored = Receipt | Refusal | Conflict
Accept = Callable[[Sequence[object]], tuple[Stored, ...]]

_MOST: Final = 500

_log = logger("app.hooks")


class BadSignature(Permanent):
    """A call is not signed by the vendor it says it is of.

    Attributes:
        source: The hook that was called.
        reason: ``address``, ``unsigned``, ``time`` or ``signature``.
    """

    code: ClassVar[str] = "bad_signature"

    def __init__(self, source: str, reason: str) -> None:
        self.source = source
        self.reason = reason
        words = {
            "address": "the caller's address is not among those that may call",
            "unsigned": "the header of the signature is missing or says nothing",
            "time": "the signed time is missing or more than 300 s from now",
            "signature": "the signature is not the vendor's",
        }
        super().__init__(f"hook {source}: {words[reason]}")


class HookNotReady(Retryable):
    """A secret of a hook is not in the environment of the server.

    Attributes:
        source: The hook that was called.
    """

    code: ClassVar[str] = "hook_not_ready"

    def __init__(self, source: str, name: str) -> None:
        self.source = source
        super().__init__(f"hook {source}: {name} is not set where the server runs")


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What became of a call.

    Attributes:
        answers: One for each event that was a signal, in the order of the call.
        left_out: Events that are none, by the words of the hook.
        challenge: What the vendor wants to hear back.
    """

    answers: tuple[Stored, ...] = ()
    left_out: int = 0
    challenge: str | None = None


class Hooks:
    """The part of :class:`leadfit.Leadfit` that hears vendors; safe to use from any thread.

    Args:
        world: Time and failpoints.
        store: Signals, and what could not be taken.
        policy: Returns the policy in force.
        accept: Stores signals for good.
        environment: Where secrets are.
    """

    def __init__(
        self,
        world: World,
        store: Store,
        policy: Callable[[], Policy],
        accept: Accept,
        environment: Mapping[str, str],
    ) -> None:
        self._world = world
        self._store = store
        self._policy = policy
        self._accept = accept
        self._environment = environment

    def hook(self, source: str) -> Hook:
        """Return the rules of a hook.

        Raises:
            NotFound: The policy has no hook of this name.
        """
        found = self._policy().hooks.get(source)
        if found is None:
            raise NotFound("hook", source)
        return found

    def check(self) -> tuple[str, ...]:
        """Return what an operator should know of the hooks, in words; empty when all is well."""
        told = []
        for source, hook in self._policy().hooks.items():
            told += [
                f"hook {source}: {name.removeprefix('env:')} is not set where the server runs"
                for name in hook.secrets
                if not self._environment.get(name.removeprefix("env:"))
            ]
            if hook.is_weak:
                told.append(f"hook {source} is weak: its token says nothing of the body")
        return tuple(told)

    def receive(self, source: str, incoming: Incoming) -> Heard:
        """Verify a call, read what it says and store it for good.

        Args:
            source: The name of the hook.
            incoming: The call, with its body as it came.

        Returns:
            An answer for each event; a call that came before has the first answers.

        Raises:
            NotFound: The policy has no hook of this name.
            HookNotReady: A secret is not set.
            BadSignature: It is not the vendor's.
            StoreBusy: The store cannot take more now; nothing was stored.
        """
        hook, now = self.hook(source), self._world.now()
        secrets = self._secrets(source, hook)
        reason = signal.verify(hook, secrets, incoming, now=now)
        if reason is not None:
            raise BadSignature(source, reason)
        self._world.reach("hooks.verified")
        said = signal.translate(hook, source, incoming, now=now)
        if isinstance(said, Refusal):
            if not hook.is_low_trust:
                self._keep_unread(source, said, incoming.body)
            return Heard(answers=(said,))
        answers = self._store_all(said)
        self._keep_refused(source, said, answers)
        self._world.reach("hooks.kept")
        return Heard(answers=answers, left_out=said.left_out, challenge=said.challenge)

    def _secrets(self, source: str, hook: Hook) -> list[str]:
        """Return the secrets that are set: while one is changed, the other is enough."""
        names = [each.removeprefix("env:") for each in hook.secrets]
        found = [value for name in names if (value := self._environment.get(name))]
        if names and not found:
            raise HookNotReady(source, " or ".join(names))
        return found

    def _store_all(self, said: Translation) -> tuple[Stored, ...]:
        if not said.bodies:
            return ()
        bodies = [self._timed(body) if n in said.timeless else body for n, body in _told(said)]
        answers = list(self._accept(bodies))
        # Two of the same event at once: the second one's time was made up before the first's stood.
        again = [
            n for n, each in enumerate(answers) if isinstance(each, Conflict) and n in said.timeless
        ]
        if again:
            retold = self._accept([self._timed(said.bodies[n]) for n in again])
            for n, answer in zip(again, retold, strict=True):
                answers[n] = answer
        return tuple(answers)

    def _timed(self, body: Mapping[str, object]) -> Mapping[str, object]:
        """Give an event without a time the one it had when it came first."""
        if _writable(body["event_id"]) != body["event_id"]:
            return body  # no id, which is said when it is read; no store can be asked for it

        def first(session: Session) -> Signal | None:
            found = session.signals.find(str(body["source"]), str(body["event_id"]))
            return None if found is None else session.signals.read(found[0].signal_id)

        known = self._store.read(first)
        return body if known is None else {**body, "at": known.at.isoformat()}

    def _keep_unread(self, source: str, refusal: Refusal, raw: bytes) -> None:
        """Keep a verified body that cannot be read at all."""
        text = raw.decode("utf-8", "replace").replace("\x00", "?")
        kept = RefusedSignal(
            key=pipeline.refused_key(source, raw),
            at=self._world.now(),
            source=source,
            event_id="",
            code="bad_input",
            reason=f"not allowed: {refusal.faults[0].allowed} was needed",
            body=text,
        )
        self._store.write(lambda session: session.intake.refuse(kept, None))
        _log.warning("hook.refused", source=source)

    def _keep_refused(self, source: str, said: Translation, answers: Sequence[Stored]) -> None:
        """Keep events that are verified and yet no signals: their vendor will not call again."""
        now = self._world.now()
        kept: list[tuple[RefusedSignal, str | None]] = []
        for body, answer in zip(said.bodies, answers, strict=True):
            if not isinstance(answer, Refusal):
                continue
            raw = canonical(_writable(body))
            places = ", ".join(each.place for each in answer.faults)
            email = body["identifiers"]
            address = _writable(email.get("email")) if isinstance(email, dict) else None
            kept.append(
                (
                    RefusedSignal(
                        key=pipeline.refused_key(source, raw),
                        at=now,
                        source=source,
                        event_id=str(_writable(body["event_id"]))[:200],
                        code="bad_input",
                        reason=f"not allowed: {places}",
                        body=raw.decode(),
                    ),
                    resolve.email_key(address) if isinstance(address, str) else None,
                )
            )
        if kept:
            self._store.write(lambda session: [session.intake.refuse(*each) for each in kept])
            _log.warning("hook.refused", source=source)

    def refused(self, limit: int = 50, after: str | None = None) -> tuple[RefusedSignal, ...]:
        """Return signals that could not be taken, newest first; ``after`` is a key."""
        most = max(0, min(limit, _MOST))
        return self._store.read(lambda session: session.intake.refused(most, after))

    def forget_old(self) -> int:
        """Forget what could not be taken and is older than the days of the policy."""
        days = self._policy().signal.refused_days
        before = self._world.now() - timedelta(days=days)
        return self._store.write(lambda session: session.intake.drop_refused(before))


def _told(said: Translation) -> list[tuple[int, Mapping[str, object]]]:
    return list(enumerate(said.bodies))


def _writable(value: object) -> object:
    """Return a value without what no text can hold, such as half a surrogate pair."""
    match value:
        case str():
            return value.encode("utf-8", "replace").decode().replace("\x00", "?")
        case dict():
            return {str(_writable(key)): _writable(each) for key, each in value.items()}
        case list() | tuple():
            return [_writable(each) for each in value]
    return value
