"""Files of `NAME=value` lines, as systemd and docker read them too."""

from __future__ import annotations

import re
from pathlib import Path

from notify_cli.errors import ConfigError, Line


def read(path: Path) -> tuple[dict[str, str], list[str]]:
    """The values by their names, and a fault for each line that is none: `FILE:LINE: ...`, without the line's text.

    Lines may begin with `export`, values stand in quotes; `#` begins a comment. The last of two lines with one name
    counts. Raises ConfigError if the file cannot be read.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        mend = "name the right file, and let the user who runs notify read it"
        raise ConfigError(Line(f"--env-file {path}: {reason}", mend=mend)) from error
    values: dict[str, str] = {}
    faults: list[str] = []
    for number, line in enumerate(lines, start=1):
        text = line.strip().removeprefix("export ").strip()
        if not text or text.startswith("#"):
            continue
        match = re.fullmatch(r"([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*)", text)
        if match is None:
            faults.append(Line(f"{path}:{number}: expected NAME=value", mend="correct this line"))
            continue
        name, value = match.groups()
        quoted = re.fullmatch(r"""(["'])(.*?)\1(\s+#.*)?""", value)
        values[name] = quoted.group(2) if quoted else re.split(r"\s#", value, maxsplit=1)[0].rstrip()
    return values, faults
