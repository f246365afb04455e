"""The command that replays a story the naive way and the Leadfit way."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import click

from leadfit.canonical import document
from leadfit.cli.base import FOLDER, answering
from leadfit.cli.offline import write_report
from leadfit.cli.output import Output, table
from leadfit.errors import MissingExtra

if TYPE_CHECKING:
    from leadfit.testing.stories import Story

NAMES: Final = (
    "engagement-bias",
    "enrichment-spiral",
    "false-merge",
    "hourly-batch",
    "segment-drift",
    "static-drift",
)


@click.command("simulate")
@click.argument("story", type=click.Choice(NAMES), metavar="STORY")
@click.option(
    "--seed", type=click.IntRange(0), default=1, show_default=True, help="Same seed, same figures."
)
@click.option("--out", type=FOLDER, help="Folder for STORY.json and STORY.md.")
@answering
def simulate_command(output: Output, *, story: str, seed: int, out: Path | None) -> None:
    """Replay STORY the naive way and the Leadfit way on one planted world.

    STORY is engagement-bias, enrichment-spiral, false-merge, hourly-batch, segment-drift or
    static-drift.
    """
    try:
        from leadfit.testing import stories  # noqa: PLC0415 -- it needs the extra
    except ImportError as error:
        raise MissingExtra("learn", "leadfit simulate") from error
    told = stories.STORIES[story](seed)
    answer, words = document(told), "\n".join(story_words(told))
    if out is not None:
        text = json.dumps(answer, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
        write_report(
            out, {f"{story}.json": text, f"{story}.md": "\n".join(story_page(told)) + "\n"}
        )
        output.say(f"{story}.json and {story}.md are in {out.resolve()}")
    output.answer(answer, words)


def story_words(told: Story) -> Iterator[str]:
    """Yield the lines of a story for a person."""
    from leadfit.testing.stories import rows  # noqa: PLC0415 -- as above

    yield f"{told.title}  (seed {told.seed})"
    yield f"World: {told.world}"
    yield f"Naive: {told.naive}"
    yield f"Leadfit: {told.leadfit}"
    yield ""
    yield table(rows(told))
    yield ""
    for words in told.found:
        yield f"Leadfit says of the naive way: {words}"
    for words in told.notes:
        yield f"Note: {words}"


def story_page(told: Story) -> Iterator[str]:
    """Yield the lines of a story as Markdown."""
    from leadfit.testing.stories import rows  # noqa: PLC0415 -- as above

    yield f"# {told.title}"
    yield ""
    yield f"World, seed {told.seed}: {told.world}."
    yield ""
    yield f"- Naive: {told.naive}."
    yield f"- Leadfit: {told.leadfit}."
    yield ""
    for number, row in enumerate(rows(told)):
        yield f"| {' | '.join(row)} |"
        if number == 0:
            yield "|" + "---|" * len(row)
    if told.found:
        yield ""
        yield "What Leadfit says of the naive way by itself:"
        yield ""
        yield from (f"- {words.rstrip('.')}." for words in told.found)
    if told.notes:
        yield ""
        yield from (f"{words}." for words in told.notes)


COMMANDS: Final[Mapping[str, click.Command]] = MappingProxyType({"simulate": simulate_command})
