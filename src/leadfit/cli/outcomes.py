"""Commands that say what came of decisions: experiments, what fit and intent were worth."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import click

from leadfit.canonical import document, moment
from leadfit.cli.base import Moment, in_workspace
from leadfit.cli.output import Output, table
from leadfit.cli.workspace import opened
from leadfit.watch.response import ResponseFindings
from leadfit.watch.response_tables import ELSEWHERE, arm_rows, contrast_rows, response_words

if TYPE_CHECKING:
    from leadfit.learn.outlook import Outlook

_NONE: Final = (
    "No experiment runs: the policy has no table [experiment.response], and nobody was ever drawn"
)


@click.command("experiment")
@click.option("--name", help="An experiment that left the policy; without it the one in it.")
@in_workspace
def experiment_command(output: Output, workspace: Path | None, *, name: str | None) -> None:
    """Say which response time pays, by the leads that were drawn at random into each."""
    with opened(workspace) as leadfit:
        found = leadfit.outcomes.response(name)
    output.answer(experiment_document(found), lambda: experiment_words(found))


def experiment_document(found: ResponseFindings | None) -> dict[str, object]:
    """Return what an experiment found as JSON types."""
    if found is None:
        return {"experiment": None, "elsewhere": list(ELSEWHERE)}
    return {
        **document(found),
        "arms": [{**document(each), "rate": each.rate} for each in found.arms],
        "contrasts": [
            {
                **document(each),
                "difference": {
                    **document(each.difference), "is_decided": each.difference.is_decided
                },
            }
            for each in found.contrasts
        ],
        "is_fair": found.is_fair,
        "is_decided": found.is_decided,
        "elsewhere": list(ELSEWHERE),
    }  # fmt: skip


def experiment_words(found: ResponseFindings | None) -> str:
    """Return what an experiment found, for a person."""
    return "\n".join(_lines(found))


def _lines(found: ResponseFindings | None) -> Iterator[str]:
    if found is None:
        yield _NONE
    else:
        yield f"Experiment {found.experiment}"
        yield from response_words(found)
        if found.arms:
            yield ""
            yield table(arm_rows(found))
        if found.contrasts:
            yield ""
            yield table(contrast_rows(found))
    yield ""
    yield from ELSEWHERE


@click.command("quadrants")
@click.option("--as-of", type=Moment(), help="Look at nothing later than this.")
@in_workspace
def quadrants_command(output: Output, workspace: Path | None, *, as_of: datetime | None) -> None:
    """Say what became of leads by fit and intent, by tier, and whether engagement outweighs fit."""
    with opened(workspace) as leadfit:
        found = leadfit.outcomes.outlook(as_of)
    output.answer(outlook_document(found), lambda: outlook_words(found))


def outlook_document(found: Outlook) -> dict[str, object]:
    """Return what fit, intent and tier were worth as JSON types."""
    return {
        **document(found),
        "as_of": moment(found.tiers.as_of),
        "most_dangerous": "wrong fit, high intent",
        "quadrants": {
            **document(found.quadrants),
            "quadrants": [
                {
                    **document(each),
                    "outcomes": {
                        step.value: {**document(share), "value": share.value}
                        for step, share in each.outcomes.items()
                    },
                }
                for each in found.quadrants.quadrants
            ],
        },
    }


def outlook_words(found: Outlook) -> str:
    """Return what fit, intent and tier were worth, for a person."""
    from leadfit.report import outlook as told  # noqa: PLC0415 -- as the command needs it

    lines = [*told.outlook_words(found), "", table(told.quadrant_rows(found.quadrants)), ""]
    lines += ["Does engagement outweigh fit?", told.bias_words(found.bias)]
    if found.tiers.months:
        lines += ["", "Wins by tier", table(told.month_rows(found.tiers))]
    if found.tiers.changes:
        lines += ["", "How wins by tier changed", table(told.tier_rows(found.tiers))]
    return "\n".join(lines)


COMMANDS: Final[Mapping[str, click.Command]] = MappingProxyType(
    {"experiment": experiment_command, "quadrants": quadrants_command}
)
