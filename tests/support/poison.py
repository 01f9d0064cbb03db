"""Values that nobody expects in a column, for every type that it may have.

What is poisoned is listed nowhere: the columns are those that a table has when it is asked.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

# A row of some table by its columns, and what a victim has: rows of several tables, in the order of their making.
Row = dict[str, Any]
Rows = Sequence[tuple[str, Row]]

_NUMBERS = {"int2": 2**15, "int4": 2**31, "int8": 2**63}
_WORDS = (
    *("", " \t\r\n ", "tbd", "NaN", "-1", "1e400", "9" * 40, "\\0\ufffe\ufeff", "\x01\x1b[31m\r\nBcc: eve@example.org"),
    *(
        "{name} {0} %s %(now)s :now '; --",
        '{"a": [',
        "🦦" * 3000,
        "group_",
        f"group_{'9' * 30}_calendar",
        "trial_0_nudge",
        "a/b/c/d",
    ),
    *(f"group_1_calendar/seq{'9' * 20}/email/user_{'9' * 30}", "2026-02-31T25:61:00+99:00"),
)
_FRACTIONS = ("NaN", "Infinity", "-Infinity", "1e30", "-0.5")
_MOMENTS = (
    *("infinity", "-infinity", "294276-12-31 23:59:59.999999+00", "4713-01-01 00:00:00+00 BC", "20000-01-01 00:00+00"),
    *("9999-12-31 23:59:59.999999+00", "9999-12-31 23:59:59.999999-14", "0001-01-01 00:00+00", "1899-12-31 00:00+00"),
    "1970-01-01 00:00+00",
)
# In place of any part of a JSON value; ABSENT takes the part away.
ABSENT = object()
_JSON: tuple[Any, ...] = (
    *(ABSENT, None, True, 0, -1, 1.5, 2**31, 2**63, 10**30, 1e300, "", "x", "NaN", "1.0", "9" * 30, "infinity"),
    *("next week", "group_/user_", f"group_{'9' * 19}/user_1", "2026-02-31T12:00:00+00:00", "CANCEL"),
    *("99999-01-01T00:00:00+00:00", "9999-12-31T23:59:59+00:00", "9999-99-99T99:99:99+00:00"),
    *([], {}, [None], [[]], [{}], [1, "x"], {"starts_at": "infinity", "seconds": "x"}, [{"starts_at": "x"}]),
)


@dataclass(frozen=True)
class Poison:
    """A value, as PostgreSQL reads it, in a column of a table."""

    table: str
    column: str
    value: Any

    def __str__(self) -> str:
        shown = repr(self.value)
        return f"{self.table}.{self.column} = {shown if len(shown) < 60 else f'{shown[:57]}...'}"


def poisons(
    connection: psycopg.Connection[Any], table: str, columns: Collection[str], like: Row | None = None
) -> Iterator[Poison]:
    """A poison for each of these columns and each value that its type can hold; `like` is a row with whole JSON."""
    for column, type_name, labels in connection.execute(_COLUMNS, [table, list(columns)]):
        for value in _values(type_name, labels, (like or {}).get(column)):
            yield Poison(table, column, value)


def plant(connection: psycopg.Connection[Any], poison: Poison, rows: Rows) -> bool:
    """Make these rows, the first of the poison's table with its value. False where the database refuses them."""
    pending = True
    try:
        with connection.transaction():
            for table, row in rows:
                changed = row
                if pending and table == poison.table:
                    pending, changed = False, row | {poison.column: poison.value}
                connection.execute(_insert(table, changed), list(changed.values()))
    except psycopg.DatabaseError:
        return False
    assert not pending
    return True


def unguard(connection: psycopg.Connection[Any], tables: Iterable[str]) -> None:
    """Take every constraint from these tables, so that each value can be put in; what was a key stays quick to find."""
    for table in tables:
        for (statement,) in connection.execute(_UNGUARD, {"table": table}).fetchall():
            connection.execute(statement.encode())


def damaged(whole: Any) -> Iterator[Any]:
    """A JSON value with each of its parts, and the whole, replaced by each of the values that nobody expects there."""
    for value in _JSON:
        if value is not ABSENT:
            yield value
    for path in _paths(whole):
        for value in _JSON:
            yield _replaced(whole, path, value)


def _values(type_name: str, labels: Sequence[str] | None, whole: Any) -> Iterator[Any]:
    yield None
    if type_name.startswith("_"):
        yield from _arrays(_values(type_name[1:], labels, None))
    elif labels:
        yield from labels
    elif type_name in _NUMBERS:
        most = _NUMBERS[type_name]
        yield from (0, -1, most - 1, -most)
    elif type_name in ("numeric", "float8"):
        yield from _FRACTIONS
    elif type_name == "bool":
        yield from (True, False)
    elif type_name == "timestamptz":
        yield from _MOMENTS
    elif type_name == "uuid":
        yield "00000000-0000-0000-0000-000000000000"
    elif type_name == "jsonb":
        yield from map(Jsonb, damaged(whole))
    else:
        yield from _WORDS


def _arrays(values: Iterable[Any]) -> Iterator[str]:
    """Arrays, as PostgreSQL reads them: odd ones, and each value alone and on either side of nothing."""
    yield from ("{}", "{NULL}", "{{NULL},{NULL}}")
    for one in values:
        if one is not None:
            quoted = str(one).replace("\\", "\\\\").replace('"', '\\"')
            yield from (f'{{"{quoted}"}}', f'{{"{quoted}",NULL,"{quoted}"}}')


def _paths(value: Any, here: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    parts = value.items() if isinstance(value, dict) else enumerate(value[:1]) if isinstance(value, list) else ()
    for name, part in parts:
        yield (*here, name)
        yield from _paths(part, (*here, name))


def _replaced(whole: Any, path: tuple[Any, ...], value: Any) -> Any:
    first, *rest = path
    copy = dict(whole) if isinstance(whole, dict) else list(whole)
    if rest:
        copy[first] = _replaced(whole[first], tuple(rest), value)
    elif value is ABSENT:
        del copy[first]
    else:
        copy[first] = value
    return copy


def _insert(table: str, row: Row) -> sql.Composed:
    return sql.SQL("insert into {} ({}) values ({})").format(
        sql.Identifier(*table.split(".")),
        sql.SQL(", ").join(map(sql.Identifier, row)),
        sql.SQL(", ").join(sql.Placeholder() * len(row)),
    )


_COLUMNS = """
    select a.attname, t.typname, array(select e.enumlabel::text from pg_enum e where e.enumtypid = t.oid)
    from pg_attribute a
    join pg_type t on t.oid = a.atttypid
    where a.attrelid = %s::regclass and a.attnum > 0 and not a.attisdropped and a.attname = any(%s)
    order by a.attnum
"""
# In this order: a column of a primary key may not be null.
_UNGUARD = """
    select format('alter table %%s drop constraint if exists %%I cascade', conrelid::regclass, conname)
    from pg_constraint where conrelid = %(table)s::regclass and contype <> 'n'
    union all
    select format('create index on %%s (%%I)', conrelid::regclass, attname)
    from pg_constraint join pg_attribute on attrelid = conrelid and attnum = conkey[1]
    where conrelid = %(table)s::regclass and contype in ('p', 'u')
    union all
    select format('alter table %%s alter %%I drop not null', attrelid::regclass, attname)
    from pg_attribute where attrelid = %(table)s::regclass and attnum > 0 and attnotnull
"""
