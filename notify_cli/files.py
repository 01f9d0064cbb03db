"""Files with people's data in them: for this account alone, and there whole or not at all."""

from __future__ import annotations

import os
import uuid
from pathlib import Path

_BEGINNING = 2_000  # characters of a file in which a mark stands


def make_folder(folder: Path) -> None:
    """Make a folder that only this account can look into, unless it is there already. Raises OSError."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    if not folder.is_dir():
        folder.mkdir(mode=0o700, exist_ok=True)
        folder.chmod(0o700)  # whatever the umask


def write(path: Path, data: bytes) -> None:
    """Write a file with mode 0600; a former one is replaced once the new one is complete. Raises OSError."""
    unfinished = path.with_name(f".{uuid.uuid4().hex}.tmp")
    try:
        with open(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(data)
        unfinished.replace(path)
    except OSError:
        unfinished.unlink(missing_ok=True)
        raise


def is_ours(path: Path, mark: str) -> bool:
    """Whether a file may be replaced: there is none, or its beginning bears our mark. Raises OSError."""
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            return mark in file.read(_BEGINNING)
    except FileNotFoundError:
        return True
