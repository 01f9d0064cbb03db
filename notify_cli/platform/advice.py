"""Which indexes the platform's tables lack, whatever their names: `init-db` prints them for whoever owns the tables.

From which column of which table a view's column comes is known by the planner alone. So each look-up that sweeps make,
see looked_up.sql, is planned without indexes, and what is looked for is found again as the filter of a table.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from typing import Any

from notify_cli import db, sql

_SQL = sql.Folder(__file__)


def missing(connection: db.Connection) -> list[str]:
    """A `create index` statement for each look-up in the views that reads a whole table, in the order of looked_up.sql.

    None for what no index can help: a view that groups, sorts or joins before it compares, or reads no table of this
    database. Raises DatabaseError, ConfigError.
    """
    with db.errors(), connection.transaction():
        db.rows(connection, _SQL("plain_plans"))
        asked = db.rows(connection, _SQL("looked_up"))
        wanted = [
            statement
            for _, columns in itertools.groupby(asked, key=lambda row: row.line)
            for statement in _statements(connection, list(columns))
        ]
    return list(dict.fromkeys(wanted))


def _statements(connection: db.Connection, columns: Sequence[Any]) -> Iterator[str]:
    """What one look-up by these columns lacks: an index of each table that is read for the first of them."""
    first, *others = [_keys(connection, column) for column in columns]
    for table in first:
        if not table.is_indexed:
            more = [key.key for keys in others for key in keys if key.oid == table.oid]
            how = "" if table.is_partitioned else "concurrently "
            yield f"create index {how}on {table.name} ({', '.join([table.key, *more])});"


def _keys(connection: db.Connection, column: Any) -> list[Any]:
    """The tables that are read when the views are asked for this, and what of each is compared, see indexed.sql."""
    [[plan]] = db.rows(connection, column.plan)[0]
    return [
        row
        for node in _nodes(plan["Plan"])
        if (expression := _compared(node, column.marker))
        for row in db.rows(
            connection,
            _SQL("indexed"),
            {"schema": node["Schema"], "table": node["Relation Name"], "expression": expression},
        )
    ]


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", []):
        yield from _nodes(below)


def _compared(node: dict[str, Any], marker: str) -> str:
    """What a table's rows are compared by with the marker, without the table's alias; empty if by nothing of theirs."""
    condition = str(node.get("Filter", ""))
    if node["Node Type"] != "Seq Scan" or marker not in condition:
        return ""
    before = condition[: condition.index(marker)]
    expression = before[_opening(before) :].rpartition(" = ")[0]
    if "SubPlan" in expression or "$" in expression:
        return ""
    alias = str(node["Alias"])
    written = alias if re.fullmatch(r"[a-z_][a-z0-9_]*", alias) else '"{}"'.format(alias.replace('"', '""'))
    return expression.replace(f"{written}.", "")


def _opening(text: str) -> int:
    """Where the innermost parenthesis opens that is not closed in the text."""
    depth = 0
    for place in range(len(text) - 1, -1, -1):
        depth += {")": 1, "(": -1}.get(text[place], 0)
        if depth < 0:
            return place + 1
    return 0
