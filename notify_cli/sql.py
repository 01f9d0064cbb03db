"""Statements in .sql files: each beside the module that runs it, its parameters written `:name::type`.

So a statement can be read, and tried in psql, as it is: `\\set user_ids '''{12}'''` gives it `:user_ids::bigint[]`.
Three parameters have no type, because they stand for an expression: `:now` is the time to compute for, `:horizon` how
far ahead of it and `:floor` how far behind it a window reaches.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

# No time given means the clock of the database.
_EXPRESSIONS = {
    "now": "coalesce(%(now)s::timestamptz, now())",
    "horizon": "(coalesce(%(now)s::timestamptz, now()) + %(within)s::interval)",
    "floor": "(coalesce(%(now)s::timestamptz, now()) - %(since)s::interval)",
}


class Folder:
    """The .sql files beside a module, or in a folder beside it: `Folder(__file__)("claim")` is that of claim.sql."""

    def __init__(self, module: str, folder: str = "") -> None:
        self._path = Path(module).parent / folder

    def __call__(self, name: str) -> str:
        """The statement of `{name}.sql` for psycopg, read once.

        Raises OSError where there is no such file, ValueError for a parameter without a type.
        """
        return _read(self._path / f"{name}.sql")

    def names(self) -> list[str]:
        """The names of all its statements, sorted."""
        return sorted(path.stem for path in self._path.glob("*.sql"))


def parse(text: str) -> str:
    """A statement for psycopg. Raises ValueError for a parameter that has no type."""

    def parameter(match: re.Match[str]) -> str:
        name, typed = match.groups()
        if typed:
            return f"%({name})s"
        if name not in _EXPRESSIONS:
            raise ValueError(f"the parameter :{name} has no type: write :{name}::type")
        return _EXPRESSIONS[name]

    without_comments = re.sub(r"--.*", "", text)
    return re.sub(r"(?<![:\w]):([a-z_]+)(?=(::)?)", parameter, without_comments.replace("%", "%%"))


@cache
def _read(path: Path) -> str:
    return parse(path.read_text(encoding="utf-8"))
