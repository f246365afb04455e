"""Commands of reviewing and merging."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import click

from leadfit.canonical import Plain, document, plain
from leadfit.cli.base import in_workspace, refuse
from leadfit.cli.output import Output
from leadfit.cli.review_words import merge_words, preview_words, queue_words, review_words
from leadfit.cli.words import rep_names
from leadfit.cli.workspace import lead_meant, opened
from leadfit.pipeline import sides_document
from leadfit.records import Relation
from leadfit.report.words import person
from leadfit.resolve.model.card import RecordKind
from leadfit.store.matching import Review, ReviewKind
from leadfit.store.views import LeadView

_PAGE: Final = 20
ASKED: Final = tuple(each.value for each in ReviewKind if each is not ReviewKind.STATED)
"""Kinds of reviews that can wait; what is stated is decided as it is opened."""


@click.command("review")
@click.argument("review_id", metavar="[REVIEW]", required=False)
@click.option("--same", is_flag=True, help="The two are one.")
@click.option("--related", is_flag=True, help="Parent, sister or child.")
@click.option("--different", is_flag=True, help="They are strangers.")
@click.option("--by", help="Who decides.")
@click.option("--reason", help="Why, for whoever looks later.")
@click.option("--kind", type=click.Choice(ASKED), help="Only such reviews.")
@click.option("--limit", type=click.IntRange(1, 500), default=_PAGE, show_default=True)
@click.option("--after", metavar="REVIEW", help="The last review of the page before.")
@click.option("--as", "viewer", metavar="REP", help="Show what this rep may see.")
@click.option("--all", "whole", is_flag=True, help="Show every field of a review.")
@in_workspace
def review_command(
    output: Output,
    workspace: Path | None,
    *,
    review_id: str | None,
    same: bool,
    related: bool,
    different: bool,
    by: str | None,
    reason: str | None,
    kind: str | None,
    limit: int,
    after: str | None,
    viewer: str | None,
    whole: bool,
) -> None:
    """List the matches that wait for a person, show one side by side, or decide it."""
    relation = _one_of(same=same, related=related, different=different)
    if review_id is None:
        if relation is not None:
            raise refuse("REVIEW", "none", "the id of the review that is decided")
        chosen = None if kind is None else ReviewKind(kind)
        _list(output, workspace, limit, after, chosen, viewer)
    elif relation is None:
        if by is not None or reason is not None:
            raise refuse("answer", "none", "--same, --related or --different")
        with opened(workspace) as leadfit:
            found = leadfit.matching.sides(review_id, viewer=viewer)
            now = leadfit.world.now()
        output.answer(sides_document(found), lambda: review_words(found, now, whole=whole))
    else:
        if viewer is not None:
            raise refuse("--as", viewer, "only to look, not to decide")
        _settle(output, workspace, review_id, relation, _who(by), reason)


def _one_of(**answers: bool) -> Relation | None:
    """Return the one answer that was given; of two the last must not win unseen."""
    given = [word for word, is_given in answers.items() if is_given]
    if len(given) > 1:
        raise refuse("answer", ", ".join(f"--{word}" for word in given), "one of them")
    return Relation(given[0]) if given else None


def _list(  # noqa: PLR0917 -- the options of a list
    output: Output,
    workspace: Path | None,
    limit: int,
    after: str | None,
    kind: ReviewKind | None,
    viewer: str | None,
) -> None:
    with opened(workspace) as leadfit:
        found = leadfit.matching.queue(limit + 1, after=after, kind=kind, viewer=viewer)
        now = leadfit.world.now()
    page = found[:limit]
    following = page[-1].review.review_id if len(found) > limit else None
    output.answer(
        {"reviews": [sides_document(each) for each in page], "next": following},
        lambda: queue_words(page, following, now),
    )


def _settle(  # noqa: PLR0917 -- a decision with who made it and why
    output: Output,
    workspace: Path | None,
    review_id: str,
    relation: Relation,
    by: str,
    reason: str | None,
) -> None:
    with opened(workspace) as leadfit:
        settled = leadfit.errands.settle(review_id, relation, reviewer=by, reason=reason)
        lead = None if settled.lead_id is None else leadfit.lead(settled.lead_id)
        names = rep_names(leadfit.policy)
    _told(output, settled, lead, names, f"{review_id} is decided: {relation.value}")


def _told(
    output: Output, said: Review, lead: LeadView | None, names: Mapping[str, str], words: str
) -> None:
    """Answer with what was said and where its lead stands now."""
    answer: dict[str, Plain] = document(said)
    if lead is not None:
        account_id = None if lead.account is None else lead.account.account_id
        at = "no account" if account_id is None else f"account {account_id}"
        owner_id = lead.lead.owner_id
        owner = "nobody yet" if owner_id is None else person(owner_id, names)
        words += f"\nLead {lead.lead.lead_id} has {at}, owner {owner}"
        answer["lead"] = {
            "lead_id": lead.lead.lead_id, "account_id": account_id, "owner_id": owner_id
        }  # fmt: skip
    output.answer(answer, words)


@click.command("link")
@click.argument("lead")
@click.argument("account")
@click.option("--by", help="Who says so.")
@click.option("--reason", help="Why, for whoever looks later.")
@in_workspace
def link_command(
    output: Output,
    workspace: Path | None,
    *,
    lead: str,
    account: str,
    by: str | None,
    reason: str | None,
) -> None:
    """Put LEAD into ACCOUNT, out of the one that it is in; `leadfit unlink` takes it back."""
    who = _who(by)
    with opened(workspace) as leadfit:
        lead = lead_meant(output, leadfit, lead, to_change=True).lead_id
        said = leadfit.errands.link(lead, account, by=who, reason=reason)
        view, names = leadfit.lead(lead), rep_names(leadfit.policy)
    _told(output, said, view, names, f"{said.review_id} keeps who said so")


@click.command("unlink")
@click.argument("lead")
@click.option("--related", is_flag=True, help="It is of a parent, sister or child.")
@click.option("--by", help="Who says so.")
@click.option("--reason", help="Why, for whoever looks later.")
@in_workspace
def unlink_command(
    output: Output,
    workspace: Path | None,
    *,
    lead: str,
    related: bool,
    by: str | None,
    reason: str | None,
) -> None:
    """Take LEAD, and the contact it brought, out of its account; its owner stays."""
    who = _who(by)
    relation = Relation.RELATED if related else Relation.DIFFERENT
    with opened(workspace) as leadfit:
        lead = lead_meant(output, leadfit, lead, to_change=True).lead_id
        said = leadfit.errands.unlink(lead, by=who, relation=relation, reason=reason)
        view, names = leadfit.lead(lead), rep_names(leadfit.policy)
    _told(output, said, view, names, f"{said.review_id} keeps who said so")


@click.command("merge")
@click.argument("survivor")
@click.argument("absorbed")
@click.option("--contact", "is_contact", is_flag=True, help="They are contacts, not accounts.")
@click.option("--show", is_flag=True, help="Show the merged record and change nothing.")
@click.option("--by", help="Who merges.")
@click.option("--reason", help="Why, for whoever looks later.")
@in_workspace
def merge_command(
    output: Output,
    workspace: Path | None,
    *,
    survivor: str,
    absorbed: str,
    is_contact: bool,
    show: bool,
    by: str | None,
    reason: str | None,
) -> None:
    """Let SURVIVOR stand for ABSORBED, too; `leadfit unmerge` takes it back."""
    kind = RecordKind.CONTACT if is_contact else RecordKind.ACCOUNT
    who = None if show else _who(by)
    with opened(workspace) as leadfit:
        shown = leadfit.matching.preview(survivor, absorbed, kind=kind)
        made = None
        if who is not None:
            made = leadfit.errands.merge(survivor, absorbed, by=who, kind=kind, reason=reason)
    if made is None:
        output.answer(document(shown), lambda: preview_words(shown))
        return
    output.answer(
        {**document(made), "merged": document(shown)},
        lambda: f"{preview_words(shown)}\n\n{merge_words([made])}",
    )


@click.command("unmerge")
@click.argument("record")
@click.option("--by", help="Who takes it back.")
@click.option("--reason", help="Why, for whoever looks later.")
@in_workspace
def unmerge_command(
    output: Output, workspace: Path | None, *, record: str, by: str | None, reason: str | None
) -> None:
    """Take back a merge by its id, or the newest one of RECORD; both records are as before."""
    who = _who(by)
    with opened(workspace) as leadfit:
        undone = leadfit.errands.unmerge(record, by=who, reason=reason)
    output.answer(document(undone), lambda: merge_words([undone]))


@click.command("merges")
@click.argument("record")
@in_workspace
def merges_command(output: Output, workspace: Path | None, *, record: str) -> None:
    """List the merges RECORD has part in, newest first, those taken back as well."""
    with opened(workspace) as leadfit:
        found = leadfit.matching.merges(record)
    output.answer(
        {"record_id": record, "merges": plain(found)},
        lambda: merge_words(found) if found else f"{record} has part in no merge",
    )


def _who(by: str | None) -> str:
    if by is None or not by.strip():
        raise refuse("--by", by or "nothing", "who decides, such as a rep id")
    return by.strip()


COMMANDS: Final[Mapping[str, click.Command]] = {
    command.name: command
    for command in (
        link_command,
        merge_command,
        merges_command,
        review_command,
        unlink_command,
        unmerge_command,
    )
    if command.name is not None
}
