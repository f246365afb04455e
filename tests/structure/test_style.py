"""Rules of style that no linter knows."""

from __future__ import annotations

import ast
import dataclasses
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from leadfit import Leadfit, history, records
from leadfit.learn import result
from leadfit.store import views
from leadfit.store.schema import metadata

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "leadfit"
MODULES = sorted(SOURCE.rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
EVERYWHERE = [*MODULES, *TESTS, *sorted((ROOT / "benchmarks").glob("*.py"))]

# The outermost edges, where an error of any kind is logged, counted or handed back.
EDGES = {
    "app/errand_folder.py",
    "cli/__init__.py",
    "jobs/deliveries/deliver.py",
    "jobs/promises/telling.py",
    "jobs/vendors/enrich.py",
    "jobs/workers/lanes.py",
    "jobs/workers/loops.py",
    "jobs/workers/pieces.py",
    "jobs/decisions/replay.py",
    "pipeline/line.py",
    "store/writing.py",
    "testing/crash/matrix.py",
    "web/guard.py",
}
LOGGED = {"action", "code", "error", "host", "port", "reason", "room", "round", "route"}
LOGGED |= {"signal_id", "source"}
SENTENCE = re.compile(r"test(_[a-z0-9]+){3,}")


def name_of(path: Path) -> str:
    return path.relative_to(SOURCE).as_posix()


def nodes(path: Path) -> Iterator[ast.AST]:
    yield from ast.walk(ast.parse(path.read_text("utf-8")))


def lines(paths: list[Path]) -> Iterator[tuple[str, str]]:
    for path in paths:
        for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1):
            yield f"{path.relative_to(ROOT)}:{number}", line


def test_a_rule_is_switched_off_by_name_and_with_its_reason() -> None:
    bare = re.compile(r"#\s*noqa(?!: [A-Z]+\d+(, [A-Z]+\d+)* -- \w)")
    assert not [place for place, line in lines(EVERYWHERE) if bare.search(line)]


def test_a_type_is_overruled_with_its_reason() -> None:
    bare = re.compile(r"#\s*type: ignore(?!\[[a-z, -]+\]\s+# ?\w)")
    here = str(Path(__file__).relative_to(ROOT))
    found = [place for place, line in lines(EVERYWHERE) if bare.search(line)]
    assert not [place for place in found if not place.startswith(here)]


def test_nothing_is_left_to_be_done_later() -> None:
    later = re.compile(r"# ?(TODO|FIXME|XXX|HACK)\b")
    assert not [place for place, line in lines(EVERYWHERE) if later.search(line)]


def test_only_the_outermost_edges_catch_every_error() -> None:
    broad = {
        name_of(path)
        for path in MODULES
        for node in nodes(path)
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or re.search(r"\b(Base)?Exception\b", ast.unparse(node.type)))
        and not any(isinstance(inner, ast.Raise) for inner in node.body)
    }
    assert broad <= EDGES, broad - EDGES


def test_no_public_signature_holds_any() -> None:
    found = [
        f"{name_of(path)}: {node.name}"
        for path in MODULES
        for node in nodes(path)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and not node.name.startswith("_")
        and any(isinstance(part, ast.Name) and part.id == "Any" for part in types_of(node))
    ]
    assert not found, found


def types_of(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[ast.AST]:
    arguments = function.args
    for each in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
        if each.annotation is not None:
            yield from ast.walk(each.annotation)
    if function.returns is not None:
        yield from ast.walk(function.returns)


def test_a_log_line_has_a_fixed_event_and_no_field_that_could_be_personal() -> None:
    found = []
    for path in MODULES:
        for node in nodes(path):
            if not isinstance(node, ast.Call) or not re.match(
                r"_(log|LOG)\.", ast.unparse(node.func)
            ):
                continue
            (event,) = node.args
            is_fixed = isinstance(event, ast.Constant) and re.fullmatch(
                r"[a-z]+\.[a-z_]+", str(event.value)
            )
            if not is_fixed or not {each.arg for each in node.keywords} <= LOGGED:
                found.append(f"{name_of(path)}:{node.lineno}")
    assert not found, found


@pytest.mark.parametrize("room", [history, records, result, views], ids=lambda room: room.__name__)
def test_records_are_frozen_slotted_and_made_by_name(room: object) -> None:
    kept = [
        each
        for each in vars(room).values()
        if isinstance(each, type) and dataclasses.is_dataclass(each)
    ]
    assert kept
    for record in kept:
        made = record.__dataclass_params__  # type: ignore[attr-defined]  # not in the typed API
        assert made.frozen, record
        assert "__slots__" in vars(record), record
        assert all(each.kw_only for each in dataclasses.fields(record)), record


def test_the_name_of_a_test_is_a_sentence() -> None:
    short = [
        f"{path.relative_to(ROOT)}: {node.name}"
        for path in TESTS
        for node in nodes(path)
        if isinstance(node, ast.FunctionDef)
        and node.name.startswith("test_")
        and not SENTENCE.fullmatch(node.name)
    ]
    assert not short, short


def test_no_test_patches_what_it_tests() -> None:
    patched = re.compile(r"monkeypatch\.set(attr|item)|unittest\.mock|mocker\.|@patch")
    here = str(Path(__file__).relative_to(ROOT))
    found = [place for place, line in lines(TESTS) if patched.search(line)]
    assert not [place for place in found if not place.startswith(here)]


def test_the_architecture_names_every_room() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    rooms = {path.stem if path.is_file() else path.name for path in SOURCE.iterdir()}
    rooms = {room for room in rooms if not room.startswith("_") and room != "py"}
    missing = sorted(room for room in rooms if f"`{room}`" not in page)
    assert not missing, missing


@pytest.mark.parametrize("room", ["jobs", "pipeline"])
def test_the_architecture_names_every_module_of_the_rooms_with_most(room: str) -> None:
    page = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    section = page.split(f"### In `{room}`", 1)[1].split("\n#", 1)[0]
    below = (path for path in (SOURCE / room).rglob("*") if path.suffix == ".py" or path.is_dir())
    modules = {path.stem for path in below} - {"__init__", "__pycache__"}
    assert set(re.findall(r"`(\w+)`", section)) == modules


def test_the_architecture_names_every_table() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    missing = [table for table in metadata.tables if f"`{table}`" not in page]
    assert not missing, missing


def test_the_architecture_names_every_call_of_the_public_api() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    calls = [name for name in vars(Leadfit) if not name.startswith("_")]
    missing = [name for name in calls if not re.search(rf"`{name}[`(]", page)]
    assert not missing, missing
