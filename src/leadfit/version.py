"""The version of Leadfit, where every floor of the house can read it."""

from typing import Final

VERSION: Final = "0.1.0"
