"""Job titles: short forms written out, the level, and whether a title tells anybody apart."""

from __future__ import annotations

from itertools import pairwise
from typing import Final

from leadfit.resolve.normal.lists import Lists
from leadfit.resolve.normal.text import says_nothing, visible, words

_LONG: Final = {
    "ceo": "chief executive officer", "cfo": "chief financial officer",
    "cto": "chief technology officer", "coo": "chief operating officer",
    "cmo": "chief marketing officer", "cio": "chief information officer",
    "ciso": "chief information security officer", "cro": "chief revenue officer",
    "cpo": "chief product officer", "chro": "chief human resources officer",
    "cso": "chief strategy officer", "cdo": "chief data officer",
    "vp": "vice president", "svp": "senior vice president", "evp": "executive vice president",
    "avp": "assistant vice president", "sr": "senior", "snr": "senior", "jr": "junior",
    "mgr": "manager", "mngr": "manager", "mgmt": "management", "dir": "director",
    "eng": "engineer", "engr": "engineer", "dev": "developer", "mktg": "marketing",
    "ops": "operations", "biz": "business", "exec": "executive", "asst": "assistant",
    "assoc": "associate", "admin": "administrator", "rep": "representative", "acct": "account",
    "md": "managing director", "gm": "general manager", "pm": "project manager",
    "swe": "software engineer", "hr": "human resources", "coord": "coordinator",
    "tech": "technology", "cofounder": "founder", "geschaftsfuhrer": "managing director",
    "geschaeftsfuhrer": "managing director",
}  # fmt: skip
_LEVELS: Final = (
    ("c_level", frozenset(("chief", "founder", "owner", "chairman", "chairwoman", "proprietor"))),
    ("vp", frozenset(("vice",))),
    ("c_level", frozenset(("president", "ceo"))),
    ("director", frozenset(("director", "head"))),
    ("manager", frozenset(("manager", "lead", "supervisor", "leader"))),
)
_BOARD: Final = frozenset((("managing", "director"), ("executive", "director")))


def title(text: str, lists: Lists) -> dict[str, str]:
    """Return a title in full words, its ``level``, and ``generic`` for what so many are called."""
    raw = visible(text)
    if says_nothing(raw.lower()):
        return {}
    found = words(raw.replace("&", " and ") if "&" in raw else raw)
    name = " ".join(_LONG.get(word, word) for word in found)
    if says_nothing(name):
        return {}
    parts = {"": name, "level": _level(name.split())}
    if name in lists.generic_titles:
        parts["generic"] = "yes"
    return parts


def _level(found: list[str]) -> str:
    held = set(found)
    if any(pair in _BOARD for pair in pairwise(found)):
        return "c_level"
    if "chief" in held and "staff" in held:
        return "director"
    if "product" in held and "owner" in held:
        return "ic"
    return next((level for level, signs in _LEVELS if held & signs), "ic")
