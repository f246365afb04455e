"""``leadfit init --sample``: a workspace of a simulated company, run from end to end."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from leadfit import app
from leadfit.canonical import document
from leadfit.cli.offline import summary
from leadfit.cli.output import Output
from leadfit.cli.words import status_words
from leadfit.exports import read_export
from leadfit.report import names
from leadfit.store.views import Receipt
from leadfit.testing import planted

BATCH = 500


def build(
    output: Output, folder: Path, *, seed: int, leads: int, signals: int, copy_to: Path | None
) -> None:
    """Import, learn, resolve, score, route and act on a simulated company, and say how it went.

    The export lies in ``FOLDER/sample/export`` and the truth behind it in
    ``FOLDER/sample/truth``.

    Raises:
        BadInput: ``folder`` holds a workspace already.
    """
    company = planted.simulate(planted.Dials(seed=seed, leads=leads))
    app.create_workspace(folder)
    for name, text in planted.policy_files(company).items():
        (folder / "policy" / name).write_text(text, "utf-8")
    export = folder / "sample" / "export"
    planted.write(company, export, truth=folder / "sample" / "truth")
    output.say(f"1 of 5  A simulated company with {leads} leads is in {export}")
    history = read_export(export)
    with app.open_leadfit(folder) as leadfit:
        added = leadfit.import_history(history)
        output.say(
            f"2 of 5  Imported {added.accounts} accounts, {added.contacts} contacts and "
            f"{added.leads} leads"
        )
        learned = leadfit.learn().proposal
        output.say(f"3 of 5  Learned the ICP. {names.VERDICTS[learned.benchmark.verdict]}")
        taken = receive(leadfit, planted.new_signals(company, signals, until=leadfit.world.now()))
        output.say(f"4 of 5  Took {taken} signals and decided each")
        acted = leadfit.deliver(limit=10 * signals)
        status = leadfit.status()
    output.say(f"5 of 5  Carried out {acted} actions; see {folder / 'outbox.jsonl'}")
    if copy_to is not None:
        copy_to.parent.mkdir(parents=True, exist_ok=True)
        copy_to.write_text(learned.files["report.html"], "utf-8")
    output.answer(
        {**document(status), "benchmark": json.loads(learned.files["report.json"])},
        lambda: f"{summary(learned.benchmark)}\n\n{status_words(status)}",
    )


def receive(leadfit: app.Leadfit, bodies: Sequence[Mapping[str, object]]) -> int:
    """Post every body and decide it; return how many were taken."""
    taken = 0
    for start in range(0, len(bodies), BATCH):
        answers = leadfit.accept_many(bodies[start : start + BATCH])
        taken += sum(isinstance(answer, Receipt) for answer in answers)
        while leadfit.decide_pending(BATCH):
            pass
    return taken
