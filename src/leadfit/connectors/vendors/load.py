"""Reads profiles: those that come with Leadfit, and those of the workspace, which come first."""

from __future__ import annotations

import json
import tomllib
from importlib import resources
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from leadfit.connectors.vendors.profile import Profile
from leadfit.errors import BadInput, Fault, shorten

FOLDER: Final = "vendors"
_PACKAGED: Final = resources.files("leadfit.connectors.vendors") / "profiles"


class Profiles:
    """The profiles of a workspace.

    Args:
        place: The workspace; ``vendors/NAME.toml`` in it replaces the profile of this name.
    """

    def __init__(self, place: Path | None = None) -> None:
        self._own = None if place is None else place / FOLDER

    def names(self) -> tuple[str, ...]:
        """Return the names of all profiles, sorted."""
        own = () if self._own is None else self._own.glob("*.toml")
        packaged = (each.name for each in _PACKAGED.iterdir())
        names = {name.removesuffix(".toml") for name in packaged if name.endswith(".toml")}
        return tuple(sorted(names | {each.stem for each in own}))

    def get(self, name: str) -> Profile:
        """Return a profile.

        Raises:
            BadInput: There is none, or it cannot be used; every fault is named.
        """
        if name not in self.names():
            allowed = f"one of {', '.join(self.names())}, or a file {FOLDER}/{name[:60]}.toml"
            raise BadInput(Fault(place="profile", came=shorten(name), allowed=allowed))
        own = None if self._own is None else self._own / f"{name}.toml"
        if own is not None and own.is_file():
            return read_profile(own.read_bytes(), f"{FOLDER}/{name}.toml")
        return read_profile((_PACKAGED / f"{name}.toml").read_bytes(), f"{name}.toml")


def read_profile(content: bytes, place: str) -> Profile:
    """Read a profile.

    Args:
        content: TOML in UTF-8.
        place: What it is called in faults.

    Raises:
        BadInput: It cannot be used; every fault in it is named.
    """
    try:
        plain = tomllib.loads(content.decode("utf-8"))
        # As JSON, so that lists are lists and days are words wherever they come from.
        return Profile.model_validate_json(json.dumps(plain, default=str))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        fault = Fault(place=place, came=str(error), allowed="TOML in UTF-8")
        raise BadInput(fault) from error
    except ValidationError as error:
        raise BadInput([_fault(place, each["loc"], each) for each in error.errors()]) from error


def _fault(place: str, where: tuple[int | str, ...], said: object) -> Fault:
    assert isinstance(said, dict)  # noqa: S101 -- as pydantic makes them
    allowed = str(said["msg"]).removeprefix("Value error, ").removeprefix("Input should be ")
    inside = ".".join(str(each) for each in where)
    came = "a whole profile" if not where else shorten(said["input"])
    return Fault(place=f"{place}: {inside}".rstrip(": "), came=came, allowed=allowed)
