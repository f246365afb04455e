"""The shape of ``policy.toml``: every number of the business, with its default and its bounds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from leadfit.policy.change import ChangeRules
from leadfit.policy.delivery import DeliverRules
from leadfit.policy.enrichment import EnrichRules
from leadfit.policy.experiment import Experiments, slower_arms
from leadfit.policy.intake import Hook, SignalRules, SignalWatchRules
from leadfit.policy.retry import RetryRules
from leadfit.policy.routing import RouteRules, SweepRules
from leadfit.policy.scoring import Detractor, ScoreRules
from leadfit.policy.section import EventKind, Name, Section, Share, Words
from leadfit.policy.tiers import LATE_ASSIGNMENT, ActionRule, SlaRules, TierRules, Tiers
from leadfit.records import Tier


class Probabilities(Section):
    """The probability stated for each kind of evidence, until labels calibrate it."""

    crm_id: Share = 0.995
    """A CRM id that names a known record."""
    known_email: Share = 0.99
    """A personal business address of a known contact."""
    known_phone: Share = 0.975
    """A valid phone number and the surname of exactly one known contact."""
    own_domain: Share = 0.98
    """A personal business address at a domain that exactly one account holds."""
    bare_domain: Share = 0.94
    """A domain without an address at it."""
    shared_domain: Share = 0.92
    """A domain that several accounts, or a parent and its child, hold or may hold."""
    role_mailbox: Share = 0.93
    """A mailbox of a role, such as ``info@``, at a domain that one account holds."""
    same_person: Share = 0.92
    """A new contact with the name of another at the same account: a possible duplicate."""
    conflict: Share = 0.90
    """Strong identifiers that name different records."""
    free_mail: Share = 0.6
    """A known contact's free-mail address: a possible duplicate, never a link."""
    unknown: Share = 0.02
    """Nothing on record shares an identifier."""


class MatchWatchRules(Section):
    """How matching is watched: targets, and what alerts the reviewers."""

    match_rate_target: Share = 0.95
    """Share of signals that have an account once they are resolved."""
    match_rate_alert: Share = 0.92
    """Alert when the share is surely below this, for `match_rate_weeks`."""
    match_rate_weeks: int = Field(default=2, ge=1, le=52)
    """Weeks on end before the match rate alerts."""
    wrong_target: Share = 0.005
    """Share of wrong links among links made at once that is promised."""
    wrong_alert: Share = 0.01
    """Alert when the share of wrong links of a week is surely above this."""
    missed_target: Share = 0.03
    """Share of links missed among those that should be made."""
    missed_alert: Share = 0.05
    """Alert when the share of missed links of a week is surely above this."""
    age_target_hours: float = Field(default=24, gt=0, le=720)
    """Median hours until a review is decided."""
    age_alert_hours: float = Field(default=48, gt=0, le=720)
    """Alert when the median of a week is surely above this."""
    pairs_a_month: int = Field(default=200, ge=0, le=100_000)
    """Pairs drawn for audit in a month at the least; drawn week by week."""
    proof_weeks: int = Field(default=26, ge=1, le=104)
    """Weeks of audits by which the promise is proved, or disproved so that matching steps back."""

    @model_validator(mode="after")
    def _alerts_lie_beyond_targets(self) -> Self:
        wrong = []
        if self.match_rate_alert > self.match_rate_target:
            wrong.append("match_rate_alert at most match_rate_target")
        if self.wrong_alert < self.wrong_target:
            wrong.append("wrong_alert at least wrong_target")
        if self.missed_alert < self.missed_target:
            wrong.append("missed_alert at least missed_target")
        if self.age_alert_hours < self.age_target_hours:
            wrong.append("age_alert_hours at least age_target_hours")
        if not 0 < self.wrong_target < 1:
            wrong.append("wrong_target above 0 and below 1")
        if wrong:
            raise ValueError("; ".join(wrong))
        return self


class MatchingRules(Section):
    """Bands of the match probability, and lists beside the bundled ones."""

    auto: Share = 0.97
    """Probability from which a link is made at once."""
    review: Share = 0.90
    """Probability from which a link waits for a reviewer; below it a new record is made."""
    probability: Probabilities = Field(default_factory=Probabilities)
    """Probability for each kind of evidence."""
    routing_level: Literal["account", "parent", "ultimate_parent"] = "account"
    """Which account of a group a lead is routed by: its own, the one over it, or the topmost."""
    most_candidates: int = Field(default=50, ge=1, le=500)
    """Records weighed for one signal; those that share the rarest keys come first."""
    review_hours: float = Field(default=24, gt=0, le=720)
    """Hours in which a match in doubt is to be reviewed."""
    reviewers: Words = ()
    """Rep ids who are told of reviews that are urgent or overdue; else the managers."""
    audit_share: float = Field(default=0.02, ge=0, le=1)
    """Share of links made at once that a reviewer looks at afterwards."""
    missed_share: float = Field(default=0.02, ge=0, le=1)
    """Share of new leads with a possible account that a reviewer looks at, to count what is
    missed."""
    watch: MatchWatchRules = Field(default_factory=MatchWatchRules)
    """Targets and alerts of matching."""
    free_mail: Words = ()
    """Free-mail domains beside the bundled list."""
    disposable: Words = ()
    """Disposable-mail domains beside the bundled list."""
    business: Words = ()
    """Domains on a bundled list that are businesses to you; they win over every list."""
    shared: Words = ()
    """Domains behind which stand unlike companies, such as those of hosts, agencies and franchises;
    nothing is linked by them."""
    role_mailboxes: Words = (
        "abuse", "admin", "billing", "careers", "contact", "enquiries", "finance", "hello",
        "help", "hr", "info", "inquiries", "it", "jobs", "legal", "mail", "marketing",
        "noreply", "no-reply", "office", "orders", "postmaster", "press", "privacy",
        "reception", "sales", "security", "service", "support", "team", "webmaster",
    )  # fmt: skip
    """Local parts that belong to a role, not to a contact."""
    dummy_locals: Words = ("test", "asdf", "qwerty", "none", "noemail", "example")
    """Local parts people type to get past a form."""
    dummy_domains: Words = ("example.com", "example.org", "example.net", "test.com")
    """Domains people type to get past a form."""

    @model_validator(mode="after")
    def _bands_are_in_order(self) -> Self:
        if self.review > self.auto:
            message = f"review ({self.review:g}) at most as high as auto ({self.auto:g})"
            raise ValueError(message)
        stated = self.probability
        low = {"free_mail": stated.free_mail, "unknown": stated.unknown}
        doubtful = {
            "bare_domain": stated.bare_domain,
            "shared_domain": stated.shared_domain,
            "role_mailbox": stated.role_mailbox,
            "conflict": stated.conflict,
            "same_person": stated.same_person,
        }
        wrong = [f"probability.{name} below review" for name in low if low[name] >= self.review]
        wrong += [
            f"probability.{name} below auto" for name in doubtful if doubtful[name] >= self.auto
        ]
        if wrong:
            raise ValueError("; ".join(wrong))
        return self


class Play(Section):
    """A pattern of activities and what it calls for."""

    name: Name
    """Name of the play."""
    needs: Mapping[EventKind, Annotated[int, Field(ge=1)]]
    """How often each kind must have happened; all of them."""
    window_days: float = Field(default=30, gt=0)
    """Days within which they count."""
    skill: str | None = None
    """Skill of the reps that get the lead."""
    playbook: str
    """What the owner is told to do."""
    actions: Annotated[tuple[ActionRule, ...], Field(strict=False)] = ()
    """What is done besides the actions of the tier."""


class Learn(Section):
    """When evidence is enough."""

    min_effect: float = Field(default=0.05, gt=0, lt=1)
    """Smallest effect worth finding, as a difference in 12-month risk."""
    publish: Literal["auto", "ask"] = "auto"
    """Whether `leadfit learn` puts what it learned in force, or only with `--publish`."""
    # The average lead has 15 to 20 points: were all scores lost, most would move by five, not ten.
    large_move_points: float = Field(default=5, gt=0, le=100)
    """A score that moves by more points than this moves far."""
    large_move_share: float = Field(default=0.5, gt=0, le=1)
    """When a larger share of accounts moves far, nothing is put in force without `--force`."""
    retrain_days: float = Field(default=92, gt=0, le=3_650)
    """Age of the artifact in force from which it is said to be due for learning anew."""
    every_hours: float = Field(default=0, ge=0)
    """While it serves, Leadfit learns anew this often; 0 leaves it to `leadfit learn`."""


class Use(Section):
    """How much use makes a churned customer evidence against its like."""

    units: float = Field(default=5, gt=0)
    """Sum of use after conversion that is enough."""
    span_days: float = Field(default=0, ge=0)
    """Days from the first to the last use that are needed besides."""


def _twice(place: str, names: list[str]) -> list[str]:
    doubled = sorted({name for name in names if names.count(name) > 1})
    return [f"each name once in {place}, not {name} twice" for name in doubled]


class PolicyFile(Section):
    """All of ``policy.toml``."""

    version: Literal[1] = 1
    """Version of this shape."""
    mode: Literal["live", "shadow"] = "live"
    """`shadow`: everything is decided and recorded, and nothing is acted on."""
    facts: Mapping[Name, Words] = Field(default_factory=dict)
    """Other names under which a fact arrives, by the name used in this file."""
    signal: SignalRules = Field(default_factory=SignalRules)
    """What a signal may hold, and how much may come."""
    signal_watch: SignalWatchRules = Field(default_factory=SignalWatchRules)
    """When the flow of a source has changed so much that somebody is told."""
    hooks: Mapping[Name, Hook] = Field(default_factory=dict)
    """Vendors that call ``/v1/hooks/NAME``, by the name that is the source of their signals."""
    matching: MatchingRules = Field(default_factory=MatchingRules)
    """Linking leads to accounts and contacts."""
    score: ScoreRules
    """Points and tiers."""
    detractor: Detractor = Field(default_factory=Detractor)
    """Accounts like those that left after meaningful use."""
    enrich: EnrichRules = Field(default_factory=EnrichRules)
    """Buying facts that can change a decision."""
    route: RouteRules = Field(default_factory=RouteRules)
    """Who gets a lead."""
    tiers: Tiers
    """What each tier means."""
    plays: Annotated[tuple[Play, ...], Field(strict=False)] = ()
    """Patterns of activities; the first that holds counts."""
    sweep: SweepRules = Field(default_factory=SweepRules)
    """Looking over all open leads."""
    sla: SlaRules = Field(default_factory=SlaRules)
    """Limits for every tier."""
    deliver: DeliverRules = Field(default_factory=DeliverRules)
    """How actions are carried out."""
    retry: RetryRules = Field(default_factory=RetryRules)
    """What is done when a step of a clock or a signal fails."""
    learn: Learn = Field(default_factory=Learn)
    """When evidence is enough."""
    meaningful_use: Use = Field(default_factory=Use)
    """When a churned customer is evidence against its like."""
    change: ChangeRules = Field(default_factory=ChangeRules)
    """Changing the policy."""
    experiment: Experiments = Field(default_factory=Experiments)
    """Experiments of your own."""

    @model_validator(mode="after")
    def _no_arm_is_slower_than_promised(self) -> Self:
        response = self.experiment.response
        wrong = [] if response is None else slower_arms(response, self.tiers)
        if wrong:
            raise ValueError("; ".join(wrong))
        return self

    @model_validator(mode="after")
    def _keys_are_unique(self) -> Self:
        """Two actions with one name would have one key, and the second would never be done."""
        tiers = {"one": self.tiers.one, "two": self.tiers.two, "three": self.tiers.three}
        wrong = _twice("plays", [play.name for play in self.plays])
        for name, tier in tiers.items():
            own = [action.action for action in tier.actions]
            wrong += _twice(f"tiers.{name}.breach", [step.step for step in tier.breach])
            for step in tier.breach:
                names = [action.action for action in step.actions]
                wrong += _twice(f"tiers.{name}.breach {step.step}", names)
            wrong += _twice(f"tiers.{name}.actions", [*own, LATE_ASSIGNMENT])
            for play in self.plays:
                of_play = [action.action for action in play.actions]
                both = sorted(set(own) & set(of_play))
                wrong += [
                    f"other names in plays {play.name} than {each} of tier {name}" for each in both
                ]
        for play in self.plays:
            of_play = [action.action for action in play.actions]
            wrong += _twice(f"plays {play.name}", [*of_play, LATE_ASSIGNMENT])
            if any(action.counts_as_touch for action in play.actions):
                wrong.append(
                    f"counts_as_touch on a nurture of tiers.three only, not in {play.name}"
                )
        if wrong:
            raise ValueError("; ".join(wrong))
        return self

    def tier(self, tier: Tier) -> TierRules:
        """Return what ``tier`` means.

        Args:
            tier: The tier.
        """
        return (self.tiers.one, self.tiers.two, self.tiers.three)[tier - 1]
