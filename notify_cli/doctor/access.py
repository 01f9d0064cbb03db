"""The checks of what the role may do and see: rights, row-level security, ids that are used up."""

from __future__ import annotations

from collections.abc import Iterator

from notify_cli import db, sql
from notify_cli.check import Check, fault, fine, remark
from notify_cli.platform import rights, row_security

_SQL = sql.Folder(__file__)
_NEARLY = 0.9  # of all ids: time to act


def granted(connection: db.Connection) -> Iterator[Check]:
    """Whether the role has every right that a command needs, but those on the log itself. Raises DatabaseError."""
    role = db.rows(connection, "select current_user as name")[0].name
    lacking = [right for right in rights.needed(connection, role) if right.missing and not right.is_log]
    for right in lacking:
        told = f"{role} may not {_verb(right)} {right.object}"
        yield fault("rights", told, rights.grant(right.missing, right.object, role))
    if not lacking:
        yield fine("rights", f"{role} may do all that sweeps need")


def visible(connection: db.Connection) -> Iterator[Check]:
    """Whether row-level security hides people, groups or the log from us. Raises DatabaseError."""
    for hidden in row_security.applies(connection):
        yield (fault if hidden.hides_all else remark)("row security", hidden.words, hidden.mend)


def ids(connection: db.Connection) -> Iterator[Check]:
    """Whether the log's ids are used up, or soon will be. Raises DatabaseError."""
    for row in db.rows(connection, _SQL("sequences")):
        if row.used is not None and row.used >= row.most * _NEARLY:
            left = row.most - row.used
            told = f"{row.name}: {left} ids are left of {row.most}" if left else f"{row.name}: all ids are used up"
            yield fault("ids", told, f"make the column bigint: alter table ... alter column {row.column} type bigint")


def _verb(right: rights.Right) -> str:
    return "use" if list(right.missing) == ["usage"] else f"{', '.join(right.missing)} in"
