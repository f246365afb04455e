"""Commands in a workspace."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import click

from leadfit import app, log
from leadfit.app.listing import Found
from leadfit.canonical import document, moment
from leadfit.cli.base import FILE, FOLDER, Moment, in_workspace
from leadfit.cli.offline import REPORT_FILES
from leadfit.cli.output import Output, table
from leadfit.cli.why_words import why_words
from leadfit.cli.words import key_words, status_words
from leadfit.errors import MissingExtra


@contextmanager
def opened(workspace: Path | None, *, sends: bool = False) -> Iterator[app.Leadfit]:
    """Open the workspace that was asked for, else the one of the settings.

    Only a command that ``sends`` needs the secrets of ``connectors.toml``: a key is revoked and a
    lead explained where they are not at hand.
    """
    settings = app.read_settings()
    log.configure(as_json=settings.log_format == "json")
    with app.open_leadfit(workspace or settings.workspace, sends=sends) as leadfit:
        yield leadfit


def lead_meant(
    output: Output, leadfit: app.Leadfit, words: str, *, to_change: bool = False
) -> Found:
    """Return the lead that somebody means by an id, an address or a domain; say which it is.

    Raises:
        NotFound: There is none.
        BadInput: It is to be changed, and it may be several.
    """
    found = leadfit.listing.find(words, to_change=to_change)
    if found.words:
        output.say(found.words)
    return found


@click.command("init")
@click.option("--sample", is_flag=True, help="Fill it with a simulated company and run it.")
@click.option(
    "--seed", type=click.IntRange(0), default=1, show_default=True, help="Seed of the sample."
)
@click.option(
    "--leads", type=click.IntRange(500, 200_000), default=4000, show_default=True,
    help="Leads of the sample's past.",
)  # fmt: skip
@click.option(
    "--signals", type=click.IntRange(1, 100_000), default=600, show_default=True,
    help="Signals that arrive in the sample.",
)  # fmt: skip
@click.option("--benchmark", type=FILE, help="Write the sample's report here, too.")
@in_workspace
def init_command(
    output: Output,
    workspace: Path | None,
    *,
    sample: bool,
    seed: int,
    leads: int,
    signals: int,
    benchmark: Path | None,
) -> None:
    """Make a workspace: a folder with a starter policy and an empty store."""
    folder = workspace or app.read_settings().workspace
    if sample:
        from leadfit.cli import sandbox  # noqa: PLC0415 -- only the sandbox needs it

        sandbox.build(output, folder, seed=seed, leads=leads, signals=signals, copy_to=benchmark)
        return
    app.create_workspace(folder)
    with opened(folder) as leadfit:
        digest = leadfit.status().policy_digest
    output.answer(
        {"workspace": str(folder.resolve()), "policy_digest": digest},
        f"A workspace is in {folder.resolve()}\n"
        f"Edit the four files in {folder / 'policy'}, then: leadfit import FOLDER, leadfit serve",
    )


@click.command("import")
@click.argument("folder", type=FOLDER)
@click.option("--mapping", type=FILE, help="A mapping file; see `leadfit map`.")
@click.option("--as-of", type=Moment(), help="Look at nothing later than this.")
@click.option("--skip-bad", type=FILE, help="Write bad rows here and take the rest; exit code 1.")
@in_workspace
def import_command(
    output: Output,
    workspace: Path | None,
    *,
    folder: Path,
    mapping: Path | None,
    as_of: datetime | None,
    skip_bad: Path | None,
) -> None:
    """Take the accounts, contacts and leads of an export into the workspace."""
    from leadfit.exports import read_export  # noqa: PLC0415 -- only an import reads exports

    history = read_export(folder, mapping=mapping, as_of=as_of, skip_bad=skip_bad)
    with opened(workspace) as leadfit:
        added = leadfit.import_history(history)
    counts = document(added)
    warnings = [each.message for each in history.notices if each.code == "unreadable_domain"]
    lines = ["Added", table(list(counts.items()), indent="  ")]
    output.answer(
        {"added": counts, "as_of": moment(history.as_of), "warnings": warnings},
        "\n".join([*lines, *(f"Note: {warning}" for warning in warnings)]),
    )
    if any(notice.code == "rows_skipped" for notice in history.notices):
        click.get_current_context().exit(1)


@click.command("serve")
@click.option("--host", help="Address to listen on; default: LEADFIT_HOST, else 127.0.0.1.")
@click.option("--port", type=click.IntRange(1, 65535), help="Default: LEADFIT_PORT, else 8321.")
@in_workspace
def serve_command(
    output: Output, workspace: Path | None, *, host: str | None, port: int | None
) -> None:
    """Take signals over HTTP, decide them on arrival, run the clocks, show the pages."""
    try:
        from leadfit import web  # noqa: PLC0415 -- it needs the extra
    except ImportError as error:
        raise MissingExtra("web", "leadfit serve") from error
    settings = app.read_settings()
    host, port = host or settings.host, port or settings.port
    with opened(workspace, sends=True) as leadfit:
        output.say(f"Leadfit serves {leadfit.folder} on http://{host}:{port}; stop with Ctrl-C")
        web.serve(leadfit, host=host, port=port, public_url=settings.public_url)


@click.group("key")
def key_group() -> None:
    """API keys."""


@key_group.command("create")
@click.option(
    "--scope",
    type=click.Choice(app.SCOPES),
    required=True,
    help="What the key may do.",
)
@click.option("--expires-days", type=click.FloatRange(min=0, min_open=True), help="Its end.")
@in_workspace
def key_create_command(
    output: Output, workspace: Path | None, *, scope: str, expires_days: float | None
) -> None:
    """Make an API key and print it once; only its hash is kept."""
    with opened(workspace) as leadfit:
        days = None if expires_days is None else timedelta(days=expires_days)
        expires_at = None if days is None else leadfit.world.now() + days
        key = leadfit.keys.create(scope, expires_at)
    output.say("Keep this key: it is not shown again.")
    ends = None if expires_at is None else moment(expires_at)
    output.answer({"key": key, "scope": scope, "expires_at": ends}, key)


@key_group.command("list")
@in_workspace
def key_list_command(output: Output, workspace: Path | None) -> None:
    """List API keys: how each begins, what it may do, when it was used last, and its end."""
    with opened(workspace) as leadfit:
        keys, now = leadfit.keys.all(), leadfit.world.now()
    lines = [table([(each.prefix, key_words(each, now)) for each in keys])] if keys else []
    output.answer({"keys": [document(each) for each in keys]}, "\n".join(lines) or "No keys")


@key_group.command("revoke")
@click.argument("prefix")
@in_workspace
def key_revoke_command(output: Output, workspace: Path | None, *, prefix: str) -> None:
    """End the API key that begins with PREFIX, as `leadfit key list` shows it; at once."""
    with opened(workspace) as leadfit:
        leadfit.keys.revoke(prefix)
    output.answer({"revoked": prefix}, f"{prefix}... is refused from now on")


@click.command("why")
@click.argument("lead")
@click.option("--all", "whole", is_flag=True, help="Tell every decision about it in full.")
@in_workspace
def why_command(output: Output, workspace: Path | None, *, lead: str, whole: bool) -> None:
    """Say in words why LEAD has its owner, tier, score and account.

    LEAD is an id such as lead_01m82ahj..., as `leadfit leads` lists them; or an e-mail address, a
    domain, or the id of an account or contact, which stand for the newest lead of it.
    """
    with opened(workspace) as leadfit:
        found = lead_meant(output, leadfit, lead)
        view, decisions = leadfit.lead(found.lead_id), leadfit.why(found.lead_id)
        policy, now = leadfit.policy, leadfit.world.now()
        lifts = leadfit.routing.lifts(found.lead_id)
    output.answer(
        {
            "lead_id": found.lead_id,
            "others": list(found.others),
            "owner_id": view.lead.owner_id,
            "lifted": [document(each) for each in lifts],
            "decisions": [document(decision) for decision in decisions],
        },
        lambda: why_words(view, decisions, policy, now, whole=whole, lifts=lifts),
    )


@click.command("status")
@in_workspace
def status_command(output: Output, workspace: Path | None) -> None:
    """Count what is in the workspace."""
    with opened(workspace) as leadfit:
        status = leadfit.status()
        reports = [name for name in REPORT_FILES if (leadfit.folder / "reports" / name).exists()]
    output.answer({**document(status), "reports": reports}, lambda: status_words(status))


COMMANDS: Final[Mapping[str, click.Command]] = {
    command.name: command
    for command in (
        import_command,
        init_command,
        key_group,
        serve_command,
        status_command,
        why_command,
    )
    if command.name is not None
}
