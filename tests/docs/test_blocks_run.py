"""Every block of the pages that is marked to run is run.

``console``: lines after ``$ `` are run by a shell, in order, in one folder a page; what follows a
command is what it must print (``...`` stands for anything). ``python``: run as doctest where it
holds ``>>>``, otherwise as it stands. ``toml`` and ``json`` must parse. Other blocks are words.
"""

from __future__ import annotations

import doctest
import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```(?P<language>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
FENCE = re.compile(r"^[ \t]*(?:```|~~~)(.*)$", re.MULTILINE)
RUN = {"console", "python", "toml", "json"}
WORDS = {"sh", "sql", "text", "{toctree}"}


def blocks(page: Path) -> list[tuple[str, str]]:
    return [(m["language"], m["text"]) for m in BLOCK.finditer(page.read_text("utf-8"))]


def has_runnable(page: Path) -> bool:
    return any(language in RUN for language, _ in blocks(page))


def run_console(text: str, folder: Path) -> None:
    command: str | None = None
    expected: list[str] = []
    steps: list[tuple[str, str]] = []
    for line in [*text.splitlines(), "$ "]:
        if line.startswith("$ "):
            if command:
                steps.append((command, "\n".join(expected)))
            command, expected = line[2:], []
        elif command and command.endswith("\\"):
            command = f"{command[:-1]} {line.strip()}"
        else:
            expected.append(line)
    given = dict(os.environ)  # noqa: TID251 -- a page runs where its reader would
    environment = {**given, "PATH": f"{Path(sys.executable).parent}:{given['PATH']}"}
    for step, wanted in steps:
        done = subprocess.run(
            ["bash", "-c", step],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == 0, f"$ {step}\n{done.stdout}{done.stderr}"
        if wanted.strip():
            shown = f"{done.stdout}{done.stderr}".strip() + "\n"
            assert doctest.OutputChecker().check_output(
                wanted.strip() + "\n", shown, doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
            ), f"$ {step}\nwanted:\n{wanted}\ncame:\n{shown}"


def run_python(text: str, namespace: dict[str, object], place: str) -> None:
    if ">>>" not in text:
        exec(compile(text, place, "exec"), namespace)  # noqa: S102 -- the pages are ours
        return
    example = doctest.DocTestParser().get_doctest(text, namespace, place, None, 0)
    result = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(example, clear_globs=False)
    namespace.update(example.globs)
    assert not result.failed, f"{place} does not give what it shows"


def run_block(
    language: str, text: str, folder: Path, namespace: dict[str, object], place: str
) -> None:
    match language:
        case "console":
            run_console(text, folder)
        case "python":
            run_python(text, namespace, place)
        case "toml":
            tomllib.loads(text)
        case "json":
            json.loads(text)
        case _:
            assert language in WORDS


@pytest.mark.parametrize(
    "page", [*filter(has_runnable, PAGES)], ids=lambda page: str(page.relative_to(ROOT))
)
def test_the_blocks_of_a_page_run(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, object] = {"__name__": "page"}
    for language, text in blocks(page):
        run_block(language, text, tmp_path, namespace, page.name)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("console", "$ false\n"),
        ("console", "$ echo one\ntwo\n"),
        ("console", "$ echo one\none\n$ echo two\none\n"),
        ("python", ">>> 1 + 1\n3\n"),
        ("python", "assert 1 + 1 == 3\n"),
        ("toml", "a = \n"),
        ("json", "{'a': 1}\n"),
        ("pyton", "1 + 1\n"),
    ],
)
def test_a_block_that_does_not_give_what_it_shows_is_found(
    tmp_path: Path, language: str, text: str
) -> None:
    with pytest.raises((AssertionError, ValueError)):
        run_block(language, text, tmp_path, {}, "page")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_fence_of_a_page_is_read_as_a_block_or_is_words(page: Path) -> None:
    """A block that is indented or whose language is misspelt would be run by nobody."""
    opening = [mark for mark in FENCE.findall(page.read_text("utf-8")) if mark]
    read = [language for language, _ in blocks(page)]
    assert set(opening) <= RUN | WORDS
    assert [mark for mark in opening if mark.isalpha()] == read


def test_every_page_is_reached_from_the_index() -> None:
    named = (ROOT / "docs" / "index.md").read_text("utf-8")
    missing = [
        str(page.relative_to(ROOT / "docs"))
        for page in PAGES
        if page.parent == ROOT / "docs" and page.name != "index.md" and page.stem not in named
    ]
    assert not missing, missing
