"""Commands on files: no server and no workspace needed."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from leadfit.artifact import to_json
from leadfit.cli.base import FILE, FOLDER, Moment, answering, refuse
from leadfit.cli.output import Output, table
from leadfit.errors import MissingExtra
from leadfit.exports import propose_mapping, read_export

if TYPE_CHECKING:
    from leadfit.history import History
    from leadfit.learn import Benchmark, StaticIcp, Study

REPORT_FILES = ("report.html", "report.json", "artifact.json")


@click.command("map")
@click.argument("folder", type=FOLDER)
@click.option("--out", type=FILE, help="Write the mapping here instead of printing it.")
@answering
def map_command(output: Output, *, folder: Path, out: Path | None) -> None:
    """Propose a mapping for FOLDER and name which of the five sources it holds."""
    proposal = propose_mapping(folder)
    if out is not None:
        write_new(out, proposal.mapping)
    words = [
        "Sources:",
        table([(name, state) for name, state in proposal.sources.items()], indent="  "),
        "Tables:",
        table([(file, kind) for file, kind in proposal.tables.items()], indent="  "),
        *(f"Question: {question}" for question in proposal.questions),
        *(f"Fault: {fault}" for fault in proposal.faults),
    ]
    output.say("\n".join(words))
    output.answer(
        {
            "sources": dict(proposal.sources),
            "tables": dict(proposal.tables),
            "mapping": proposal.mapping,
            "questions": list(proposal.questions),
            "faults": list(proposal.faults),
        },
        f"The mapping is in {out}" if out else proposal.mapping,
    )


@click.command("benchmark")
@click.argument("folder", type=FOLDER)
@click.option("--mapping", type=FILE, help="A mapping file; see `leadfit map`.")
@click.option("--icp", type=FILE, help="Your present ICP as rules, to compare with.")
@click.option("--as-of", type=Moment(), help="Look at nothing later than this.")
@click.option("--out", type=FOLDER, default=Path(), help="Folder for the report; default: here.")
@click.option("--skip-bad", type=FILE, help="Write bad rows here and take the rest; exit code 1.")
@answering
def benchmark_command(
    output: Output,
    *,
    folder: Path,
    mapping: Path | None,
    icp: Path | None,
    as_of: datetime | None,
    out: Path,
    skip_bad: Path | None,
) -> None:
    """Say what the revenue export in FOLDER knows about the ideal customer profile."""
    rules = read_static_icp(icp) if icp else None
    history = read_export(folder, mapping=mapping, as_of=as_of, skip_bad=skip_bad)
    study, files = benchmark_files(history, rules)
    write_report(out, files)
    output.say(f"{', '.join(files)} are in {out.resolve()}")
    output.answer(json.loads(files["report.json"]), lambda: summary(study.benchmark))
    if any(notice.code == "rows_skipped" for notice in history.notices):
        click.get_current_context().exit(1)


@click.command("sample")
@click.option(
    "--seed", type=click.IntRange(0), default=1, show_default=True, help="Same seed, same bytes."
)
@click.option("--leads", type=click.IntRange(50, 1_000_000), default=4000, show_default=True)
@click.option("--facts", type=click.IntRange(10, 500), default=24, show_default=True)
@click.option("--out", type=FOLDER, required=True, help="Folder for the export.")
@click.option("--truth", type=FOLDER, help="Folder for the truth behind it, kept apart.")
@answering
def sample_command(
    output: Output, *, seed: int, leads: int, facts: int, out: Path, truth: Path | None
) -> None:
    """Write the export folder of a simulated company whose causes are known."""
    from leadfit.testing import planted  # noqa: PLC0415 -- only the sandbox needs it

    planted.sample(out, seed=seed, leads=leads, facts=facts, truth=truth)
    output.answer(
        {"out": str(out), "truth": str(truth) if truth else None, "seed": seed, "leads": leads},
        f"An export of {leads} leads is in {out}"
        + (f"; the truth behind it is in {truth}" if truth else ""),
    )


def benchmark_files(
    history: History, rules: StaticIcp | None = None
) -> tuple[Study, dict[str, str]]:
    """Return the findings and the text of the files of a benchmark.

    There is no artifact.json where no step has enough outcomes to learn a score from.

    Raises:
        MissingExtra: The extra ``learn`` is not installed.
    """
    try:
        from leadfit import learn, report  # noqa: PLC0415 -- they need the extra
    except ImportError as error:
        raise MissingExtra("learn", "leadfit benchmark") from error
    study = learn.study(history, static_icp=rules)
    files = {
        "report.html": report.page(study.benchmark),
        "report.json": json.dumps(
            report.document(study.benchmark), indent=1, ensure_ascii=False, allow_nan=False
        )
        + "\n",
    }
    if study.artifact is not None:
        files["artifact.json"] = to_json(study.artifact)
    return study, files


def summary(found: Benchmark) -> str:
    """Return the findings in a few lines for a terminal."""
    from leadfit import report  # noqa: PLC0415 -- it needs the extra

    return report.summary(found)


def read_static_icp(path: Path) -> StaticIcp:
    """Read the rules of ``--icp``.

    Raises:
        BadInput: The file is not TOML or holds a key that is not known.
        MissingExtra: The extra ``learn`` is not installed.
    """
    try:
        from leadfit import learn  # noqa: PLC0415 -- it needs the extra
    except ImportError as error:
        raise MissingExtra("learn", "--icp") from error
    try:
        document = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise refuse(str(path), str(error), "a TOML file in UTF-8 with [[rule]] tables") from error
    return learn.read_static(document)


def write_report(folder: Path, files: dict[str, str]) -> None:
    """Write the files into ``folder``, each whole or not at all."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            unfinished = folder / f".{name}.part"
            unfinished.write_text(text, "utf-8")
            unfinished.replace(folder / name)
    except OSError as error:
        raise refuse("--out", str(error), "a folder that can be written") from error


def write_new(path: Path, text: str) -> None:
    """Write a file that is not there yet."""
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        raise refuse("--out", str(path), "a file that does not exist yet") from error
    except OSError as error:
        raise refuse("--out", str(error), "a file that can be written") from error


COMMANDS: Final[Mapping[str, click.Command]] = {
    command.name: command
    for command in (benchmark_command, map_command, sample_command)
    if command.name is not None
}
