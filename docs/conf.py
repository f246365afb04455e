"""How the documentation is built."""

project = "Leadfit"
author = "The Leadfit authors"
copyright = "2026, the Leadfit authors"

extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build"]
myst_heading_anchors = 3
html_theme = "furo"
html_title = "Leadfit"
html_static_path = ["images"]
nitpicky = True
suppress_warnings = ["myst.header"]
