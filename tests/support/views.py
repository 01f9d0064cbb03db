"""The shipped views, as a platform would change them."""

from __future__ import annotations

from pathlib import Path

from tests.support.paths import VIEWS


def views_with(folder: Path, *changes: tuple[str, str]) -> Path:
    """A file in the folder with the shipped views, in which these texts are others: (before, after)."""
    text = VIEWS.read_text(encoding="utf-8")
    for before, after in changes:
        assert before in text
        text = text.replace(before, after)
    path = folder / "views.sql"
    path.write_text(text, encoding="utf-8")
    return path
