"""Where the files of this checkout lie that tests read."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "notify_cli"
VIEWS = PACKAGE / "platform" / "views.sql"
MESSAGES = ROOT / "messages.yaml"
DEMO_COURSE = PACKAGE / "demo" / "course"
