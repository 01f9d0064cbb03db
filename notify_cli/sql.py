"""Statements in .sql files: each beside the module that runs it, its parameters written `:name::type`.

So a statement can be read, and tried in psql, as it is: `\\set user_ids '''{12}'''` gives it `:user_ids::bigint[]`.
Three parameters have no type, because they stand for an expression: `:now` is the time to compute for, `:horizon` how
far ahead of it and `:floor` how far behind it a window reaches. `:'name'` is a constant, see `with_constants`, and
`/* include NAME */` stands for another file: beside this one, or in the package's folder where it begins with a slash.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

_PACKAGE = Path(__file__).parent
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

    def script(self, name: str) -> str:
        """The text of `{name}.sql` for psql: with what it includes, and nothing else changed. Raises OSError."""
        return _with_included(self._path / f"{name}.sql")

    def load(self) -> None:
        """Read all of its statements now, so that none has to be read when it is needed. Raises as a call does."""
        for name in self.names():
            self(name)

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


def with_constants(statement: str, constants: Mapping[str, str]) -> str:
    """The statement with the text constants of this program in place of `:'name'`: never with what somebody typed."""

    def constant(match: re.Match[str]) -> str:
        quoted = constants[match.group(1)].replace("'", "''").replace("%", "%%")
        return f"'{quoted}'"

    return re.sub(r":'([a-z_]+)'", constant, statement)


@cache
def _read(path: Path) -> str:
    return parse(_with_included(path))


def _with_included(path: Path) -> str:
    def included(match: re.Match[str]) -> str:
        name = match.group(1)
        folder = _PACKAGE if name.startswith("/") else path.parent
        return _with_included(folder / f"{name.removeprefix('/')}.sql")

    return re.sub(r"/\* include (\S+) \*/", included, path.read_text(encoding="utf-8"))
