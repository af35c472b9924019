"""Where things lie."""

import os
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
SPEC = ROOT / "spec"
SOURCE = ROOT / "src" / "tallystick"
README = ROOT / "README.md"
TUTORIAL = DOCS / "tutorials" / "first-pairing.md"
LIVE_TUTORIAL = DOCS / "tutorials" / "live-in-ten-minutes.md"
COMMANDS = DOCS / "reference" / "cli.md"
INTERFACE = DOCS / "reference" / "api.md"
AGREEMENT = DOCS / "reference" / "agreement.md"
RIGHTS = DOCS / "reference" / "roles.md"
METRICS = DOCS / "reference" / "metrics.md"
SHARED = Path(os.environ.get("TALLY_SHARED", ROOT / ".." / "shared")).resolve()
