"""How Sphinx builds the site: Markdown through MyST, warnings are errors."""

from tallystick import __version__

project = "Tallystick"
author = "The Tallystick authors"
copyright = "The Tallystick authors, Apache-2.0"
version = release = __version__

extensions = ["myst_parser"]
exclude_patterns = ["_build"]
myst_heading_anchors = 3
nitpicky = True

html_theme = "furo"
html_title = f"Tallystick {version}"
html_static_path = ["_static"]
html_copy_source = False
html_show_sourcelink = False
