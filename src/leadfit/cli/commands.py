"""The commands by name; a command's room is imported when the command is asked for.

Most rooms take half a second to import, which ``--help`` and ``--version`` need not wait for.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import click

# The first sentence of each command, as its own help says it.
WORDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "accept": "Say that a person took LEAD on; its clocks run until somebody speaks to it.",
        "apply": "Put exactly the policy of PLAN in force; a plan that is not of today is refused.",
        "assign": "Give LEAD to REP by hand; a new clock begins, and it is counted as an override.",
        "benchmark": "Say what the revenue export in FOLDER knows about the ideal "
        "customer profile.",
        "cards": "Model cards: what accounts in doubt are weighed by.",
        "dedupe": "Say which records of a file are one, with a probability for every pair.",
        "drift": "Say whether the score in force still holds, what moved, and who may be "
        "blamed for it.",
        "drop": "Give the dead letter KEY up for good; it stays on record.",
        "enrich": "Facts that are bought: what they cost, how good vendors are, what is left of "
        "quotas.",
        "erase": "Remove what is kept of PERSON, an address or a contact's id, for good.",
        "experiment": "Say which response time pays, by the leads that were drawn at random into "
        "each.",
        "export": "Print everything that is kept of PERSON, an address or a contact's id, as JSON.",
        "import": "Take the accounts, contacts and leads of an export into the workspace.",
        "init": "Make a workspace: a folder with a starter policy and an empty store.",
        "key": "API keys.",
        "kpis": "Say week by week how well signals find their accounts and how promises were kept.",
        "leads": "List leads, newest first: who has them, how they stand, what is due next.",
        "learn": "Learn from the workspace's own history and score every account anew.",
        "link": "Put LEAD into ACCOUNT, out of the one that it is in; `leadfit unlink` takes it "
        "back.",
        "map": "Propose a mapping for FOLDER and name which of the five sources it holds.",
        "match": "Match the leads of a file to accounts and contacts, each with a probability and "
        "a band.",
        "merge": "Let SURVIVOR stand for ABSORBED, too; `leadfit unmerge` takes it back.",
        "merges": "List the merges RECORD has part in, newest first, those taken back as well.",
        "outbox": "Say what waits to be sent, which destinations fail, what is in doubt, what is "
        "dead.",
        "quadrants": "Say what became of leads by fit and intent, by tier, and whether engagement "
        "outweighs fit.",
        "reject": "Say that a person turned LEAD down, and why; it is closed, and its clocks stop.",
        "resume": "Send to DESTINATION again, though it is left alone; its next action tries it.",
        "retry": "Let the dead letter KEY be tried again, in its old place in the order of its "
        "lead.",
        "replay": "Make recorded decisions again and compare every byte; exit code 1 if one "
        "differs.",
        "plan": "Say what POLICY would change, on the recorded history; nothing is written to the "
        "store.",
        "policy": "The policy in force: what it says, what it was, what the folder says otherwise.",
        "rollback": "Put back what was in force before the latest change; again goes one step "
        "further.",
        "overrides": "List the leads that people gave to somebody else, or lifted, against the "
        "rules.",
        "override": "Lift LEAD over the intent gate, or over a tier a flag forced; the fit gate "
        "stays shut.",
        "review": "List the matches that wait for a person, show one side by side, or decide it.",
        "sample": "Write the export folder of a simulated company whose causes are known.",
        "score": "Score a list of accounts that need not be in any CRM, and mark whom to leave "
        "out.",
        "serve": "Take signals over HTTP, decide them on arrival, run the clocks, show the pages.",
        "shadow": "Shadow mode: everything is decided and recorded, nothing is acted on.",
        "simulate": "Replay STORY the naive way and the Leadfit way on one planted world.",
        "status": "Count what is in the workspace.",
        "sweep": "Look over all open leads and put right what is not in order.",
        "touch": "Say that a person spoke to LEAD; its clocks stop.",
        "unlink": "Take LEAD, and the contact it brought, out of its account; its owner stays.",
        "unmerge": "Take back a merge by its id, or the newest one of RECORD; both records are as "
        "before.",
        "verify": "Check that nothing of the event log was changed or dropped; "
        "exit code 1 if something was.",
        "why": "Say in words why LEAD has its owner, tier, score and account.",
    }
)
_OFFLINE: Final = frozenset({"benchmark", "map", "sample"})
_MATCHING: Final = frozenset({"dedupe"})
_CARDS: Final = frozenset({"cards"})
_MATCHING_FILES: Final = frozenset({"match"})
_ENRICHING: Final = frozenset({"enrich"})
_WITH_FILES: Final = (
    _OFFLINE | _MATCHING | _CARDS | _MATCHING_FILES | _ENRICHING | frozenset({"simulate"})
)
_REVIEWING: Final = frozenset({"link", "merge", "merges", "review", "unlink", "unmerge"})
_LEARNING: Final = frozenset({"drift", "learn", "score"})
_DELIVERIES: Final = frozenset({"drop", "outbox", "resume", "retry"})
_ROUTING: Final = frozenset(
    {"accept", "assign", "leads", "override", "overrides", "reject", "sweep", "touch"}
)
_WATCHING: Final = frozenset({"kpis"})
_STORIES: Final = frozenset({"simulate"})
_OUTCOMES: Final = frozenset({"experiment", "quadrants"})
_CHANGING: Final = frozenset({"apply", "plan", "policy", "rollback", "shadow"})
_KEEPING: Final = frozenset({"erase", "export", "replay", "verify"})


class Commands(click.Group):
    """A group whose commands are imported one room at a time."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 -- click asks so
        """Return the names of all commands."""
        return sorted(WORDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 -- as above
        """Import a command, or return ``None`` where there is none of this name."""
        return _room_of(cmd_name)[cmd_name] if cmd_name in WORDS else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 -- as above
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(sorted(WORDS.items()))


def _room_of(name: str) -> Mapping[str, click.Command]:
    """Import the room of a command; one that is not asked for stays unread."""
    found: Mapping[str, click.Command]
    if name in _WITH_FILES:
        found = _room_with_files(name)
    elif name in _LEARNING:
        from leadfit.cli import learning  # noqa: PLC0415 -- as above

        found = learning.COMMANDS
    elif name in _DELIVERIES:
        from leadfit.cli import deliveries  # noqa: PLC0415 -- as above

        found = deliveries.COMMANDS
    elif name in _WATCHING:
        from leadfit.cli import watching  # noqa: PLC0415 -- as above

        found = watching.COMMANDS
    elif name in _OUTCOMES:
        from leadfit.cli import outcomes  # noqa: PLC0415 -- as above

        found = outcomes.COMMANDS
    elif name in _CHANGING:
        from leadfit.cli import changing  # noqa: PLC0415 -- as above

        found = changing.COMMANDS
    elif name in _ROUTING:
        from leadfit.cli import routing  # noqa: PLC0415 -- as above

        found = routing.COMMANDS
    elif name in _REVIEWING:
        from leadfit.cli import reviewing  # noqa: PLC0415 -- as above

        found = reviewing.COMMANDS
    elif name in _KEEPING:
        from leadfit.cli import keeping  # noqa: PLC0415 -- as above

        found = keeping.COMMANDS
    else:
        from leadfit.cli import workspace  # noqa: PLC0415 -- as above

        found = workspace.COMMANDS
    return found


def _room_with_files(name: str) -> Mapping[str, click.Command]:
    """Import the room of a command that works on files."""
    found: Mapping[str, click.Command]
    if name in _OFFLINE:
        from leadfit.cli import offline  # noqa: PLC0415 -- imported when it is asked for

        found = offline.COMMANDS
    elif name in _MATCHING:
        from leadfit.cli import matching  # noqa: PLC0415 -- as above

        found = matching.COMMANDS
    elif name in _STORIES:
        from leadfit.cli import stories  # noqa: PLC0415 -- as above

        found = stories.COMMANDS
    elif name in _CARDS:
        from leadfit.cli import cards  # noqa: PLC0415 -- as above

        found = cards.COMMANDS
    elif name in _ENRICHING:
        from leadfit.cli import enriching  # noqa: PLC0415 -- as above

        found = enriching.COMMANDS
    else:
        from leadfit.cli import match_files  # noqa: PLC0415 -- as above

        found = match_files.COMMANDS
    return found
