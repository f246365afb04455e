"""How often the interpreter looks for objects that hold each other in a circle."""

from __future__ import annotations

import gc
from typing import Final

_CIRCLES: Final = 50_000
"""Objects that are made between two searches."""


def collect_seldom() -> None:
    """Let a process of ours search for circles of objects seldom.

    What decisions make is dropped at once, and next to nothing of it stands in circles; to search
    it after every 700 objects takes a tenth of the time of a decision. For processes whose only
    business is Leadfit; a program that uses the library decides for itself.
    """
    gc.set_threshold(_CIRCLES)
