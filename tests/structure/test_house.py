"""The shape of the house: sizes, names, floors that import without the extras."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from leadfit.version import VERSION

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "leadfit"
MODULES = sorted(SOURCE.rglob("*.py"))

LINES_A_MODULE = 600
LINES_A_FUNCTION = 40

# A longer module stands here with its reason.
LONGER_MODULES: dict[str, str] = {}

NEVER_A_NAME = re.compile(
    r"(^|_)(utils?|helpers?|common|misc|managers?|handlers?|processors?|data|info)(_|$)"
)

EXTRAS = (
    *("numpy", "scipy", "threadpoolctl", "altair", "vl_convert", "jinja2"),
    *("litestar", "uvicorn", "h11", "splink", "psycopg", "pyspark"),
)
# What needs an extra as a whole, and what is run and never imported.
NOT_CORE = (
    *("learn/", "report/", "web/", "cli/sandbox.py", "resolve/from_labels/training.py"),
    *("store/postgres", "__main__.py", "store/migrations/env.py", "testing/stories/"),
    *("jobs/lists/kernel.py", "jobs/lists/reasons.py"),
)


def core_modules() -> list[str]:
    return [
        ".".join(path.relative_to(SOURCE.parent).with_suffix("").parts).removesuffix(".__init__")
        for path in MODULES
        if not path.relative_to(SOURCE).as_posix().startswith(NOT_CORE)
    ]


def tracked() -> Iterator[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    for name in listed.stdout.decode().split("\0"):
        path = ROOT / name
        if name and path.is_file():
            yield path


def functions(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0]
            has_docstring = (
                isinstance(first, ast.Expr)
                and isinstance(first.value, ast.Constant)
                and isinstance(first.value.value, str)
            )
            starts = first.end_lineno if has_docstring else node.lineno
            assert node.end_lineno is not None
            assert starts is not None
            yield node.name, node.end_lineno - starts


def test_no_module_is_over_its_size() -> None:
    long = {
        str(path.relative_to(SOURCE)): lines
        for path in MODULES
        if (lines := len(path.read_text("utf-8").splitlines())) > LINES_A_MODULE
    }
    assert long.keys() == LONGER_MODULES.keys(), long


def test_no_function_is_over_its_size() -> None:
    long = [
        f"{path.relative_to(SOURCE)}:{name} has {lines} lines"
        for path in MODULES
        for name, lines in functions(path)
        if lines > LINES_A_FUNCTION
    ]
    assert not long, "\n".join(long)


def test_no_module_or_class_has_a_name_that_says_nothing() -> None:
    bad = [str(path.relative_to(SOURCE)) for path in MODULES if NEVER_A_NAME.search(path.stem)]
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ClassDef):
                words = re.sub(r"(?<!^)(?=[A-Z])", "_", node.name).lower()
                if NEVER_A_NAME.search(words):
                    bad.append(f"{path.relative_to(SOURCE)}: class {node.name}")
    assert not bad, bad


def test_the_core_imports_without_any_extra() -> None:
    imported = [*core_modules(), "leadfit.report"]
    program = (
        "import sys\n"
        f"blocked = {EXTRAS!r}\n"
        "class Refuse:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.split('.')[0] in blocked:\n"
        "            raise ImportError(name + ' belongs to an extra')\n"
        "sys.meta_path.insert(0, Refuse())\n" + "".join(f"import {name}\n" for name in imported)
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()


def test_the_first_import_loads_no_room() -> None:
    program = "import sys, leadfit; print([n for n in sys.modules if n.startswith('leadfit.')])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout.decode().strip() == "['leadfit.version']"


def test_the_version_is_that_of_the_package() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["version"] == VERSION


def test_no_column_of_an_example_mapping_stands_in_the_source() -> None:
    """A data set's own words belong to its mapping; the engine must work without them."""
    ordinary = re.compile(r"[a-z]+(_[a-z]+)?$")
    words: set[str] = set()

    def collect(value: object) -> None:
        if isinstance(value, dict):
            for part in value.values():
                collect(part)
        elif isinstance(value, list):
            for part in value:
                collect(part)
        elif isinstance(value, str) and "\n" not in value and not ordinary.match(value):
            words.add(value)

    for mapping in sorted((ROOT / "examples" / "mappings").glob("*.toml")):
        document = tomllib.loads(mapping.read_text("utf-8"))
        collect(document)
    text = "\n".join(path.read_text("utf-8") for path in MODULES)
    columns = {word for word in words if re.fullmatch(r"[\w ]{4,60}", word) and " " in word}
    found = sorted(word for word in columns if word in text)
    assert not found, found


@pytest.mark.parametrize(
    "pattern",
    [
        pytest.param(r"pypi\.org|pythonhosted|registry\.npmjs|deb\.debian", id="index address"),
        pytest.param(r"(?:^|[^A-Za-z0-9_.])/(?:work|root|home/[a-z])/", id="machine path"),
        pytest.param(r"BEGIN (?:RSA |EC |OPENSSH )?PRIVATE KEY", id="private key"),
    ],
)
def test_no_tracked_file_holds(pattern: str) -> None:
    search = re.compile(pattern, re.MULTILINE)
    here = Path(__file__)
    found = [
        str(path.relative_to(ROOT))
        for path in tracked()
        if path != here and search.search(path.read_bytes().decode("utf-8", "replace"))
    ]
    assert not found, found


def test_every_lock_line_is_pinned_with_a_hash() -> None:
    for lock in sorted((ROOT / "requirements").glob("*.lock")):
        entries = lock.read_text("utf-8").replace("\\\n", " ").splitlines()
        wrong = [
            line for line in entries if line and not ("==" in line and "--hash=sha256:" in line)
        ]
        assert not wrong, f"{lock.name}: {wrong[:3]}"
