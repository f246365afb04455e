"""``python -m leadfit``."""

from __future__ import annotations

from leadfit.cli import main

main()
