"""Reads a policy folder and names every fault in its four files at once."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import get_args

from pydantic import BaseModel, ValidationError

from leadfit.errors import BadPolicy, Fault, shorten
from leadfit.policy.policy import Policy
from leadfit.policy.schema import PolicyFile
from leadfit.policy.tables import Tables, read_tables

FILES = ("policy.toml", "territories.csv", "reps.csv", "holidays.csv")
LARGEST_FILE_BYTES = 20_000_000


def load(folder: Path) -> Policy:
    """Read the policy in ``folder``.

    Args:
        folder: Holds ``policy.toml``, ``territories.csv``, ``reps.csv`` and ``holidays.csv``.

    Raises:
        BadPolicy: A file is missing or something in it cannot be used; all faults are named.

    >>> load_starter().score.model
    'B'
    """
    contents: dict[str, bytes] = {}
    faults: list[Fault] = []
    for name in FILES:
        try:
            contents[name] = _read(folder / name)
        except OSError as error:
            came = error.strerror or type(error).__name__
            faults.append(Fault(place=name, came=came, allowed=f"a file in {folder}"))
        except ValueError as error:
            faults.append(Fault(place=name, came="a larger file", allowed=str(error)))
    return _from_contents(contents, faults)


def load_starter() -> Policy:
    """Read the starter policy that ``leadfit init`` lays out."""
    return _from_contents(starter_files(), [])


def from_files(files: Mapping[str, bytes]) -> Policy:
    """Read a policy from its files as they were kept.

    Args:
        files: The content of each file by its name.

    Raises:
        BadPolicy: A file is missing or something in it cannot be used; all faults are named.

    >>> from_files(starter_files()).digest == load_starter().digest
    True
    """
    missing = [
        Fault(place=name, came="nothing", allowed="a file of the policy")
        for name in FILES
        if name not in files
    ]
    return _from_contents({name: files[name] for name in FILES if name in files}, missing)


def starter_files() -> dict[str, bytes]:
    """Return the files of the starter policy by name, in the order of the digest."""
    folder = resources.files("leadfit.policy") / "starter"
    return {name: (folder / name).read_bytes() for name in FILES}


def _read(path: Path) -> bytes:
    if path.stat().st_size > LARGEST_FILE_BYTES:
        message = f"at most {LARGEST_FILE_BYTES} bytes"
        raise ValueError(message)
    return path.read_bytes()


def _from_contents(contents: Mapping[str, bytes], faults: list[Fault]) -> Policy:
    rules = _rules(contents.get("policy.toml"), faults)
    tables = read_tables(contents, faults)
    if rules is not None:
        faults.extend(_unmet_skills(rules, tables))
    if faults or rules is None:
        raise BadPolicy(faults)
    return Policy(
        **{name: getattr(rules, name) for name in PolicyFile.model_fields},
        reps=tables.reps,
        territories=tables.territories,
        holidays=tables.holidays,
        digest=_digest(contents),
        files=dict(contents),
    )


def _digest(contents: Mapping[str, bytes]) -> str:
    """Hash names and contents; line ends of a checkout do not matter."""
    total = hashlib.sha256()
    for name in FILES:
        content = contents[name].replace(b"\r\n", b"\n")
        total.update(f"{name} {len(content)}\n".encode())
        total.update(content)
    return total.hexdigest()


def _rules(content: bytes | None, faults: list[Fault]) -> PolicyFile | None:
    if content is None:
        return None
    try:
        values = tomllib.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        came = f"byte {content[error.start]:#04x} at position {error.start}"
        faults.append(Fault(place="policy.toml", came=came, allowed="text in UTF-8"))
        return None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        faults.append(Fault(place="policy.toml", came=str(error), allowed="TOML"))
        return None
    try:
        return PolicyFile.model_validate(values)
    except ValidationError as error:
        faults.extend(_faults(error))
        return None


def _faults(error: ValidationError) -> list[Fault]:
    found = []
    for each in error.errors(include_url=False):
        path = ".".join(str(part) for part in each["loc"] if part != "[key]")
        came = "nothing" if each["type"] == "missing" else shorten(each["input"])
        if not path:
            came = "parts that do not fit together"
        allowed = each["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
        if each["type"] == "missing":
            allowed = "a value; this key is required"
        if each["type"] == "extra_forbidden":
            allowed = f"one of the keys {', '.join(_keys_at(each['loc'][:-1]))}"
        place = f"policy.toml: {path}" if path else "policy.toml"
        found.append(Fault(place=place, came=came, allowed=allowed))
    return found


def _keys_at(path: tuple[int | str, ...]) -> list[str]:
    """Return the keys of the table at ``path``."""
    model: type[BaseModel] = PolicyFile
    for part in path:
        if not isinstance(part, str) or part not in model.model_fields:
            continue
        inner = _model_in(model.model_fields[part].annotation)
        model = inner if inner is not None else model
    return list(model.model_fields)


def _model_in(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, (_model_in(each) for each in get_args(annotation))), None)


def _unmet_skills(rules: PolicyFile, tables: Tables) -> list[Fault]:
    """Name skills that no rep has: a misspelt skill would route to nobody, silently."""
    skills = {skill.casefold() for rep in tables.reps for skill in rep.skills}
    if not tables.reps:
        return []
    allowed = f"a skill that a rep of reps.csv has: {', '.join(sorted(skills)) or 'none yet'}"
    wanted = [(f"route.skills.{n}.skill", each.skill) for n, each in enumerate(rules.route.skills)]
    wanted += [
        (f"plays.{n}.skill", each.skill)
        for n, each in enumerate(rules.plays)
        if each.skill is not None
    ]
    return [
        Fault(place=f"policy.toml: {path}", came=shorten(skill), allowed=allowed)
        for path, skill in wanted
        if skill.casefold() not in skills
    ]
