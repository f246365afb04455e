"""What only one thread of a process does at a time."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Locks:
    """A lock for each piece of work that two threads must not do at once."""

    deciding: threading.Lock = field(default_factory=threading.Lock)
    delivering: threading.Lock = field(default_factory=threading.Lock)
    firing: threading.Lock = field(default_factory=threading.Lock)
    watching: threading.Lock = field(default_factory=threading.Lock)
    checking: threading.Lock = field(default_factory=threading.Lock)
