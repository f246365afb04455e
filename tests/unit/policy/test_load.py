"""Loading a policy folder."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from leadfit.errors import BadPolicy
from leadfit.policy import Policy, load, load_starter, starter_files
from leadfit.records import Subject
from leadfit.score import rate
from leadfit.testing.builders import write_policy

TOML = starter_files()["policy.toml"].decode()
REPS = starter_files()["reps.csv"].decode()
TERRITORIES = starter_files()["territories.csv"].decode()
HOLIDAYS = starter_files()["holidays.csv"].decode()
REP_HEADER = REPS.splitlines()[0]


def faults(folder: Path) -> list[str]:
    with pytest.raises(BadPolicy) as caught:
        load(folder)
    return [str(fault) for fault in caught.value.faults]


def only(folder: Path) -> str:
    found = faults(folder)
    assert len(found) == 1, found
    return found[0]


def with_toml(folder: Path, old: str, new: str) -> Path:
    assert TOML.count(old) == 1, old
    return write_policy(folder, policy=TOML.replace(old, new))


def one_rep(**cells: str) -> str:
    given = {"rep_id": "rep_1", "name": "Ada"} | cells
    row = ",".join(given.get(name, "") for name in REP_HEADER.split(","))
    return f"{REP_HEADER}\n{row}\n"


def alone(folder: Path, reps: str, *, territories: str = "", holidays: str = "") -> Path:
    """A policy with few reps: nothing in the file asks for skills they lack."""
    toml = "\n".join(line for line in TOML.splitlines() if not line.startswith("skill = "))
    toml = toml.replace("[[route.skills]]", "[unused]").split("[unused]")[0] + (
        "[tiers.one]" + toml.split("[tiers.one]")[1]
    )
    return write_policy(
        folder,
        policy=toml,
        reps=reps,
        territories=territories or TERRITORIES.splitlines()[0] + "\n",
        holidays=holidays or HOLIDAYS.splitlines()[0] + "\n",
    )


def test_the_starter_folder_loads_with_the_numbers_of_the_field() -> None:
    policy = load_starter()
    assert (policy.matching.auto, policy.matching.review) == (0.97, 0.90)
    assert (policy.score.cuts.a_tier_one, policy.score.cuts.a_tier_two) == (75, 50)
    cuts = policy.score.cuts
    assert (cuts.b_fit, cuts.b_tier_one, cuts.b_tier_two) == (70, 60, 40)
    tiers = (policy.tiers.one, policy.tiers.two, policy.tiers.three)
    assert [tier.sla_minutes for tier in tiers] == [15, 60, 1440]
    assert (policy.route.capacity.slots, policy.route.capacity.window_hours) == (15, 48)


def test_a_lease_is_longer_than_a_try(tmp_path: Path) -> None:
    deliver = "\n[deliver]\nrequest_s = 30\nlease_s = 119\n"
    assert "lease_s at least four times request_s (120)" in only(
        write_policy(tmp_path, policy=TOML + deliver)
    )


def test_a_folder_from_before_a_key_was_one_loads_with_what_was_done_then(tmp_path: Path) -> None:
    new = ("retry_s =", "served_first =", "form_per_second =", "form_burst =")
    lines = [line for line in TOML.splitlines() if not line.startswith(new)]
    assert len(lines) == len(TOML.splitlines()) - len(new)
    policy = load(write_policy(tmp_path, policy="\n".join(lines) + "\n"))
    assert (policy.route.retry_s, policy.route.served_first) == (15, 20)
    assert (policy.signal.form_per_second, policy.signal.form_burst) == (5, 100)
    assert policy.deliver.lease_s == 900


def test_a_written_starter_is_the_starter(tmp_path: Path) -> None:
    assert load(write_policy(tmp_path)) == load_starter()


def test_the_digest_does_not_hang_on_the_time_of_a_file(tmp_path: Path) -> None:
    before = load(write_policy(tmp_path)).digest
    for path in tmp_path.iterdir():
        os.utime(path, (1, 1))
    assert load(tmp_path).digest == before


@pytest.mark.parametrize("name", list(starter_files()))
def test_the_digest_hangs_on_the_content_of_every_file(tmp_path: Path, name: str) -> None:
    write_policy(tmp_path)
    with (tmp_path / name).open("a") as file:
        file.write("# a remark\n")
    assert load(tmp_path).digest != load_starter().digest


def test_line_ends_of_a_checkout_do_not_change_the_digest(tmp_path: Path) -> None:
    crlf = TOML.replace("\n", "\r\n")
    assert load(write_policy(tmp_path, policy=crlf)).digest == load_starter().digest


def test_comment_lines_and_blank_lines_in_a_table_are_skipped(tmp_path: Path) -> None:
    commented = "# who works here, and when\n\n" + REPS
    assert load(write_policy(tmp_path, reps=commented)).reps == load_starter().reps


def test_leave_without_a_zone_is_in_the_zone_of_the_rep(tmp_path: Path) -> None:
    reps = one_rep(timezone="America/New_York", away_from="2026-07-01", away_to="2026-07-15")
    rep = load(alone(tmp_path, reps)).reps[0]
    assert rep.away_from == datetime(2026, 7, 1, 4, tzinfo=UTC)
    assert rep.away_to == datetime(2026, 7, 15, 4, tzinfo=UTC)


def test_facts_are_found_in_any_case_and_under_their_other_names() -> None:
    policy = load_starter()
    known = policy.known({"Company Size": "200", "INDUSTRY": "Software", "state": "  "})
    assert (known["employees"], known["industry"]) == ("200", "Software")
    assert "state" not in known


def test_the_first_source_of_a_fact_wins() -> None:
    known = load_starter().known({"Employee-Count": 10}, {"employees": 5000})
    assert known["employees"] == 10


def test_every_fault_in_all_four_files_is_named_at_once(tmp_path: Path) -> None:
    write_policy(
        tmp_path,
        policy=TOML.replace("sla_minutes = 15", "sla_minutes = -5").replace('"B"', '"Z"', 1),
        reps=REPS.replace("Europe/Berlin", "Europe/Bonn"),
        territories=TERRITORIES + "moon,,,,,,ten,,rep_nobody\n",
        holidays=HOLIDAYS + "us,2026-02-30,Never,\n",
    )
    places = [text.partition(": came")[0] for text in faults(tmp_path)]
    assert places == [
        "policy.toml: score.model",
        "policy.toml: tiers.one.sla_minutes",
        "holidays.csv row 18 column date",
        "reps.csv row 4 column timezone",
        "territories.csv row 5 column employees_min",
        "territories.csv row 5 column rep_ids",
        "territories.csv row 5 column territory",
    ]


def test_a_negative_sla_is_named_with_what_came_and_what_is_allowed(tmp_path: Path) -> None:
    found = only(with_toml(tmp_path, "sla_minutes = 15", "sla_minutes = -5"))
    assert found == "policy.toml: tiers.one.sla_minutes: came -5; allowed: greater than 0"


def test_an_unknown_key_is_refused_and_the_known_ones_are_named(tmp_path: Path) -> None:
    found = only(with_toml(tmp_path, "slots = 15", "slots = 15\nslot = 3"))
    assert found.startswith("policy.toml: route.capacity.slot: came 3; allowed: one of the keys")
    assert found.endswith("slots, window_hours, tiers")


def test_an_unknown_key_inside_a_list_names_the_keys_of_that_list(tmp_path: Path) -> None:
    found = only(with_toml(tmp_path, 'playbook = "technical', 'colour = 1\nplaybook = "technical'))
    assert found.startswith("policy.toml: plays.1.colour: came 1;")
    assert "name, needs, window_days, skill, playbook, actions" in found


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("auto = 0.97 ", "auto = nan ", "matching.auto"),
        ("auto = 0.97 ", "auto = true ", "matching.auto"),
        ("auto = 0.97 ", 'auto = "0.97" ', "matching.auto"),
        ("auto = 0.97 ", "auto = 0.85 ", "matching"),
        ("slots = 15", "slots = 1.5", "route.capacity.slots"),
        ('order = "source-order"', 'order = "random"', "route.order"),
        ("web_visits = 10", "web_visits = 11", "score"),
        ("fit = 40", "fit = 41", "score"),
        ('part = "engagement.demo", points = 10', 'part = "demo", points = 10', "score"),
        ('also = { "engagement.web_visits"', 'also = { "engagement.web"', "score"),
        ("a_tier_two = 50", "a_tier_two = 80", "score.cuts"),
        ("software = 15", "software = -15", "score.fit.industry.values.software"),
        ("pricing_view = 1,", "price_view = 1,", "plays.0.needs.price_view"),
        ("units = 5", "", "meaningful_use.units"),
    ],
)
def test_a_bad_number_is_refused_at_its_path(
    tmp_path: Path, old: str, new: str, place: str
) -> None:
    if not new:
        assert load(with_toml(tmp_path, old, new)).meaningful_use.units == 5  # a default
        return
    assert only(with_toml(tmp_path, old, new)).startswith(f"policy.toml: {place}: came ")


def test_a_probability_that_would_link_by_free_mail_is_refused(tmp_path: Path) -> None:
    new = "auto = 0.97\nprobability.free_mail = 0.99 "
    assert "free_mail below review" in only(with_toml(tmp_path, "auto = 0.97 ", new))


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('{ action = "script", ', '{ action = "task", ', "tiers.one.actions, not task twice"),
        ('action = "sdr-touch"', 'action = "nurture"', "than nurture of tier three"),
        ('name = "proof"', 'name = "battle-card"', "plays, not battle-card twice"),
        ('step = "incident"', 'step = "page"', "tiers.one.breach, not page twice"),
    ],
)
def test_two_actions_that_would_share_a_key_are_refused(
    tmp_path: Path, old: str, new: str, words: str
) -> None:
    assert words in only(with_toml(tmp_path, old, new))


@pytest.mark.parametrize(
    "old", ['{ action = "alert", ', '{ action = "retarget", ', '{ action = "sdr-touch", ']
)
def test_only_the_nurture_of_tier_three_may_count_as_a_touch(tmp_path: Path, old: str) -> None:
    found = only(with_toml(tmp_path, old, f"{old}counts_as_touch = true, "))
    assert "counts_as_touch on a nurture of tiers.three only" in found


def test_a_misspelt_skill_is_refused_since_it_would_route_to_nobody(tmp_path: Path) -> None:
    found = only(with_toml(tmp_path, 'skill = "proof"', 'skill = "prof"'))
    assert found.startswith("policy.toml: plays.2.skill: came 'prof'; allowed: a skill")


@pytest.mark.parametrize("name", list(starter_files()))
def test_a_missing_file_is_named(tmp_path: Path, name: str) -> None:
    write_policy(tmp_path)
    (tmp_path / name).unlink()
    assert any(text.startswith(f"{name}: came No such file") for text in faults(tmp_path))


def test_a_missing_folder_names_all_four_files(tmp_path: Path) -> None:
    assert len(faults(tmp_path / "nowhere")) == 4


def test_text_that_is_not_toml_is_named_with_its_line(tmp_path: Path) -> None:
    assert "line 2" in only(write_policy(tmp_path, policy="version = 1\nversion = 1\n"))


@pytest.mark.parametrize("name", ["policy", "reps", "territories", "holidays"])
def test_a_latin_1_file_is_refused(tmp_path: Path, name: str) -> None:
    content = starter_files()[{"policy": "policy.toml"}.get(name, f"{name}.csv")]
    broken = content + "# Z\u00fcrich\n".encode("latin-1")
    assert any("text in UTF-8" in text for text in faults(write_policy(tmp_path, **{name: broken})))


@pytest.mark.parametrize(
    ("cells", "place"),
    [
        ({"rep_id": ""}, "row 2 column rep_id"),
        ({"timezone": "Mars/Base"}, "row 2 column timezone"),
        ({"timezone": "../etc/passwd"}, "row 2 column timezone"),
        ({"working_hours": "monday 9 to 5"}, "row 2 column working_hours"),
        ({"working_hours": "mon-fri 09:00-25:00"}, "row 2 column working_hours"),
        ({"away_from": "soon"}, "row 2 column away_from"),
        ({"away_from": "2026-02-02", "away_to": "2026-02-01"}, "row 2 column away_to"),
        ({"active": "perhaps"}, "row 2 column active"),
        ({"manager_id": "rep_0"}, "row 2 column manager_id"),
        ({"manager_id": "rep_1"}, "row 2 column manager_id"),
        ({"territories": "moon"}, "row 2 column territories"),
        ({"calendar": "mars"}, "row 2 column calendar"),
    ],
)
def test_a_bad_cell_of_a_rep_is_named_by_row_and_column(
    tmp_path: Path, cells: dict[str, str], place: str
) -> None:
    assert only(alone(tmp_path, one_rep(**cells))).startswith(f"reps.csv {place}: came ")


def test_a_circle_of_managers_is_refused_for_everyone_in_it(tmp_path: Path) -> None:
    first = one_rep(rep_id="rep_1", manager_id="rep_2")
    second = one_rep(rep_id="rep_2", manager_id="rep_1").splitlines()[1]
    outside = one_rep(rep_id="rep_3", manager_id="rep_1").splitlines()[1]
    found = faults(alone(tmp_path, f"{first}{second}\n{outside}\n"))
    assert [text.partition(": came")[0] for text in found] == [
        "reps.csv row 2 column manager_id",
        "reps.csv row 3 column manager_id",
    ]


def test_a_rep_id_that_stands_twice_is_refused(tmp_path: Path) -> None:
    row = one_rep().splitlines()[1]
    found = only(alone(tmp_path, f"{one_rep()}{row}\n"))
    assert found.startswith("reps.csv row 3 column rep_id: came 'rep_1'; allowed: each id once")


@pytest.mark.parametrize(
    ("reps", "words"),
    [
        ("", "a header row"),
        ("rep_id,name,rep_id\n", "each column once"),
        ("rep_id,name,shoe_size\n", "one of the columns rep_id, name"),
        ("rep_id,email\n", "a required column"),
        ("rep_id,name\nrep_1\n", "2 cells, as in the header"),
        ('rep_id,name\nrep_1,"Ada\n', "comma-separated values"),
        (f"rep_id,name\nrep_1,{'x' * 20_000}\n", "at most 10000 characters"),
    ],
)
def test_a_broken_table_is_refused(tmp_path: Path, reps: str, words: str) -> None:
    assert words in only(alone(tmp_path, reps))


def test_a_territory_that_nobody_owns_is_refused(tmp_path: Path) -> None:
    lands = "territory,country\nnorth,us\n"
    found = only(alone(tmp_path, one_rep(), territories=lands))
    assert found.startswith("territories.csv row 2 column rep_ids: came '';")


def test_a_holiday_that_stands_twice_is_refused(tmp_path: Path) -> None:
    days = "date,name,calendar,open\n2026-12-25,Christmas,,\n2026-12-25,Again,,\n"
    found = only(alone(tmp_path, one_rep(), holidays=days))
    assert "row 2 has it too" in found


def test_a_policy_cannot_be_changed_in_place() -> None:
    policy: Policy = load_starter()
    with pytest.raises(ValueError, match="frozen"):
        policy.score.model = "A"  # type: ignore[misc]  # what must fail


def test_a_part_that_was_asked_before_equals_one_that_was_not(tmp_path: Path) -> None:
    one, other = load_starter(), load(write_policy(tmp_path))
    subject = Subject(facts={"industry": "software", "title": "CEO"})
    rate(subject, None, one, now=datetime(2026, 3, 2, tzinfo=UTC))
    assert one.score == other.score
    rate(subject, None, other, now=datetime(2026, 3, 2, tzinfo=UTC))
    assert one.score == other.score
