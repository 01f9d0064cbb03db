"""Where the files are that come with the package."""

from __future__ import annotations

from functools import cache
from pathlib import Path


def messages() -> Path:
    """The messages file that comes with the package; it need not be there."""
    return _file("messages.yaml")


@cache
def email_base() -> Path:
    """The page around emails that comes with the package; looked for once, since a run may outlive the file."""
    return _file("email_base.html")


def _file(name: str) -> Path:
    packaged = Path(__file__).parents[1] / name
    # In a checkout the file lies beside the package, where non-developers find it.
    return packaged if packaged.is_file() else packaged.parent.parent / name
