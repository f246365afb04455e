"""A plan in words: what changes, who moves, and what is not known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, cast

from leadfit.bounds import percent
from leadfit.cli.output import table
from leadfit.jobs.decisions.shadow import Disagreement, ShadowReport
from leadfit.jobs.files.plans import PlanFile
from leadfit.policy import Difference

_SHOWN: Final = 10
_Node = Mapping[str, object]


def plan_words(plan: PlanFile) -> str:
    """Return a plan for a person who decides about it."""
    lines = [
        f"In force {plan.before_policy[:12]}, planned {plan.policy.digest[:12]}",
        *_changes(plan),
        *stands_in(plan),
        "",
    ]
    effects = plan.effects
    if effects.get("available") is not True:
        lines.append(f"Preview not available: {effects.get('why')}.")
        lines.append("What the change would have done is unknown; that is not the same as nothing.")
        return "\n".join(lines)
    lines += [*_history(effects), "", *_who_moves(effects), "", *_load(effects), ""]
    lines += [*_fit_gate(effects), *_sla(effects), "", *_money(effects)]
    left_out = cast("list[Mapping[str, str]]", effects["unknown"])
    if left_out:
        lines += ["", "Unknown, which is not the same as nothing:"]
        lines += [f"  [{each['table']}]: {each['why']}" for each in left_out]
    beyond = cast("list[str]", effects["not_replayed"])
    if beyond:
        lines += ["", "Not replayed, since the history cannot show it:"]
        lines += [f"  {each}" for each in beyond]
    return "\n".join(lines)


def difference_words(differences: Sequence[Difference]) -> Iterator[str]:
    """Yield what differs, category by category."""
    category = None
    for each in differences:
        if each.category is not category:
            category = each.category
            yield f"  {category.value}"
        yield f"    {each.words}"
        if each.meaning:
            yield f"      {each.meaning}"


def _changes(plan: PlanFile) -> Iterator[str]:
    if plan.before_artifact != plan.artifact_digest:
        was, now = (_short(each) for each in (plan.before_artifact, plan.artifact_digest))
        yield f"Artifact: {was} before, {now} after"
    if plan.differences:
        yield "What changes:"
        yield from difference_words(plan.differences)
    elif plan.before_policy != plan.policy.digest:
        yield "What changes: nothing but comments, spacing or the order of keys"
    elif not plan.changes_anything:
        yield "What changes: nothing; this policy is in force"


def stands_in(plan: PlanFile) -> Iterator[str]:
    """Yield what the planned policy asks for and nothing learned can give, in words."""
    score = plan.policy.score
    if score.fit_source == "icp" and plan.artifact is None:
        yield "Note: no learned profile is in force, so that fit counts by facts until one is"
    if score.model == "C" and (plan.artifact is None or plan.artifact.propensity is None):
        yield "Note: no chance of a win is learned, so that Model A stands in until one is"


def _short(digest: str | None) -> str:
    return "none" if digest is None else digest[:12]


def _history(effects: _Node) -> Iterator[str]:
    found = cast("Mapping[str, int]", effects["check"])
    yield (
        f"{effects['decisions']} decisions replayed, {effects['leads_opened']} leads opened"
        f" until {effects['until']}"
    )
    share = cast("float | None", effects["check"]["other_owner_share"])  # type: ignore[index]  # JSON types
    yield (
        f"The present policy, simulated, gives {found['other_owner']} of {found['leads']} leads"
        f" another owner than they really got ({percent(share)}), {found['other_tier']} another"
        f" tier, {found['other_band']} another band: so much is not simulated"
    )
    read = cast("Mapping[str, int]", effects["read"])
    for key, words in (
        ("moved_otherwise", "moves by breaches, absences or people are not simulated"),
        ("erased", "decisions are of persons who were erased since, some facts are missing"),
        ("unknown_rules", "decisions are by a policy that is not kept, and are left out"),
        ("by_other_rules", "decisions were made by another policy than that in force"),
    ):
        if read[key]:
            yield f"{read[key]} {words}"


def _who_moves(effects: _Node) -> Iterator[str]:
    tiers, owners = cast("_Node", effects["tiers"]), cast("_Node", effects["owners"])
    yield f"{tiers['change_tier']} of {tiers['leads']} leads change tier"
    names = ("tier 1", "tier 2", "tier 3")
    matrix = cast("Mapping[str, Mapping[str, int]]", tiers["matrix"])
    rows: list[Sequence[object]] = [("before \\ after", *names)]
    rows += [(name, *(matrix[name][other] for other in names)) for name in names]
    yield table(rows, indent="  ")
    for name in names:
        yield f"  {name}: {moved_words(cast('_Node', tiers[name]))}"
    yield f"{owners['change_owner']} of {owners['leads']} leads change owner"
    for each in cast("list[_Node]", owners["most"])[:_SHOWN]:
        yield f"  {each['from'] or 'nobody'} -> {each['to'] or 'nobody'}: {each['leads']}"
    yield f"  without an owner at the end: {moved_words(cast('_Node', owners['without_owner']))}"
    bands = cast("_Node", effects["bands"])
    yield f"{bands['change_band']} leads change band"
    for name in ("auto", "review", "new"):
        yield f"  {name}: {moved_words(cast('_Node', bands[name]))}"
    yield f"  reviews a week: {moved_words(cast('_Node', bands['reviews_a_week']))}"


def moved_words(figure: _Node) -> str:
    """Return a figure before and after, in points and relative.

    >>> moved_words({"before": 50, "after": 40, "change": -10, "relative": -0.2})
    '50 -> 40 (-10, -20.0 %)'
    """
    before, after = cast("float", figure["before"]), cast("float", figure["after"])
    change, relative = cast("float", figure["change"]), cast("float | None", figure["relative"])
    said = "no share of 0" if relative is None else f"{100 * relative:+.1f} %"
    return f"{before:g} -> {after:g} ({change:+g}, {said})"


def _load(effects: _Node) -> Iterator[str]:
    load = cast("_Node", effects["load"])
    reps = cast("Mapping[str, _Node]", load["reps"])
    weeks = cast("list[str]", load["weeks"])
    yield f"Leads by rep over {len(weeks)} weeks from {weeks[0] if weeks else '-'}:"
    changed = {name: each for name, each in reps.items() if each["before"] != each["after"]}
    for name, each in changed.items():
        most = moved_words(cast("_Node", each["most_in_a_week"]))
        yield f"  {name}: {moved_words(cast('_Node', each['sum']))}; most in a week {most}"
    yield f"  {len(reps) - len(changed)} reps get as many as before in every week"


def _fit_gate(effects: _Node) -> Iterator[str]:
    """Yield what another source of fit does to the gate; nothing where it stays the same."""
    gate = cast("_Node", effects["fit_gate"])
    if not gate["changes"]:
        return
    yield "The source of fit is another, and its scale with it:"
    if not gate["identified"]:
        yield f"  the cut that lets as many pass is not known: {gate['why']}"
        yield ""
        return
    for side in ("before", "after"):
        each = cast("_Node", gate[side])
        passes = percent(cast("float", each["pass_rate"]))
        yield f"  {side}: fit by {each['source']}, cut {each['cut']:g}, {passes} pass"
    derived = cast("_Node", gate["derived"])
    passes = percent(cast("float", derived["pass_rate"]))
    word = "the planned cut does so, too" if gate["keeps_pass_rate"] else "not the planned one"
    yield f"  as many as before pass with {derived['key']} = {derived['cut']:g} ({passes}); {word}"
    yield ""


def _sla(effects: _Node) -> Iterator[str]:
    yield "First touches in time, as fast as people were recorded:"
    sides = cast("Mapping[str, Mapping[str, _Node]]", effects["sla"])
    for name in ("tier 1", "tier 2", "tier 3"):
        yield f"  {name}: {_kept(sides['before'][name])} -> {_kept(sides['after'][name])}"
    within = [sides[side]["staffing"]["within_staffing"] for side in ("before", "after")]
    said = [percent(cast("float | None", each), unknown="unknown") for each in within]
    yield f"  within the most leads each rep ever touched in a week: {said[0]} -> {said[1]}"


def _kept(figure: _Node) -> str:
    if figure["kept"] is None:
        return f"unknown ({figure['why_unknown']})"
    kept, low, high = (percent(cast("float", figure[key])) for key in ("kept", "low", "high"))
    return f"{kept} within {figure['sla_minutes']:g} minutes [{low}, {high}]"


def _money(effects: _Node) -> Iterator[str]:
    spend, wins = cast("_Node", effects["spend"]), cast("_Node", effects["wins"])
    if "after_low" in spend:
        low, high = cast("float", spend["after_low"]), cast("float", spend["after_high"])
        yield (
            f"Spend on facts: {spend['before']:g} -> {low:g} to {high:g} {spend['currency']}"
            f" ({spend['drafted']} of {spend['leads']} leads drafted, each asked about once or"
            " with every offer that matters)"
        )
    elif spend["identified"]:
        yield f"Spend on facts, {spend['currency']}: {moved_words(spend)}"
    else:
        yield f"Spend on facts: unknown, {spend['why']}"
    if not wins["identified"]:
        yield f"Expected wins: not identified: {wins['why']}"
        return
    yield (
        f"Expected wins: {moved_words(wins)}, interval of the change"
        f" [{wins['low']:+g}, {wins['high']:+g}] (associated, not caused)"
    )


def shadow_words(mode: str, found: ShadowReport) -> str:
    """Return what shadow mode would have changed, for a person."""
    counts = f"{found.decisions} decisions were put on record alone"
    lines = [
        f"The policy is in {mode} mode",
        f"{counts}, {found.leads} leads opened by them; {found.withheld} actions were withheld",
    ]
    if not found.leads:
        lines.append("Nothing to compare: unknown, which is not the same as agreement.")
        return "\n".join(lines)
    for name, each in (("owner", found.owner), ("account", found.account)):
        lines += _disagreement(name, each)
    return "\n".join(lines)


def _disagreement(name: str, each: Disagreement) -> Iterator[str]:
    if each.share is None:
        yield f"{name}: unknown, no lead carries what the incumbent gave"
    else:
        interval = f"[{percent(each.low)}, {percent(each.high)}]"
        yield (f"{name}: {each.differ} of {each.compared} differ, {percent(each.share)} {interval}")
    yield f"  only we name one: {each.only_ours}; only the incumbent: {each.only_theirs}"
    for pair in each.most:
        yield f"  {pair['theirs']} -> {pair['ours']}: {pair['leads']}"
    if each.examples:
        yield f"  such as {', '.join(each.examples)}"
