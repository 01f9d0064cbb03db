"""Where the files are that come with the package."""

from __future__ import annotations

from pathlib import Path


def messages() -> Path:
    """The messages file that comes with the package; it need not be there."""
    packaged = Path(__file__).parents[1] / "messages.yaml"
    # In a checkout the file lies beside the package, where non-developers find it.
    return packaged if packaged.is_file() else packaged.parent.parent / packaged.name
