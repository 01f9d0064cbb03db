"""`init-db`: the views over the platform's tables, the log's columns and the indexes. Idempotent, additive only."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path

import psycopg

from notify_cli import db
from notify_cli.errors import ConfigError, DatabaseError

_FOLDER = Path(__file__).parent
# Any number that all hosts share: who makes the shared tables first makes them alone.
_LOCK = 0x6E6F7469
# A live table must not stay locked behind somebody's long transaction.
_LOCK_TIMEOUT = "10s"
_LEASE = timedelta(minutes=1)
# The comment by which a later init-db knows the views that it may replace by newer ones.
_SHIPPED = "shipped with notify"
_PATIENCE = 120.0  # seconds to wait for another host to finish

# The seam: what the rules read of the platform.
VIEWS = {
    "people": "user_id name email email_enabled discord_id dm_enabled timezone",
    "groups": "group_id group_name course discord_channel_id server_id active",
    "members": "group_id user_id joined_at left_at active",
    "meetings": "meeting_id group_id starts_at duration_minutes number created_at join_url",
    "enrolments": "user_id course cohort_id enrolled_at",
    "lesson_sessions": "session_id user_id lesson_id started_at completed_at",
}


def script(views: Path | None = None) -> str:
    """The SQL of init-db, ready for psql. Raises ConfigError when the views file cannot be read."""
    return "\n".join([_read("own_tables"), _views(views), _read("log_tables"), _read("indexes")])


def create(connection: db.Connection, views: Path | None = None) -> None:
    """Create or upgrade everything notify needs. Several hosts may do it at once: one does it, the others wait.

    Raises ConfigError when a table or column that the views need is missing or the role may not do this,
    DatabaseError for all else.
    """
    views_sql = _views(views)
    with _errors(views):
        with connection.transaction():
            connection.execute("select pg_advisory_xact_lock(%s)", [_LOCK])
            connection.execute(_read("own_tables").encode())
        with _alone(connection):
            with connection.transaction():
                connection.execute(f"set local lock_timeout = '{_LOCK_TIMEOUT}'")
                if views is not None or not _has_views_of_its_own(connection):
                    _make_views(connection, views_sql, shipped=views is None)
                connection.execute(_read("log_tables").encode())
                if faults := faults_of_views(connection):
                    raise ConfigError(*(f"{views or 'the views'}: {fault}" for fault in faults))
            _index(connection)


def faults_of_views(connection: db.Connection) -> list[str]:
    """What is missing of the six views, a line each; none when they are as the rules need them."""
    sql = """
        select c.relname, array_agg(a.attname::text) as columns
        from pg_class c
        join pg_namespace n on n.oid = c.relnamespace and n.nspname = 'notify'
        join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
        group by c.relname
    """
    there = {row.relname: set(row.columns) for row in db.rows(connection, sql)}
    faults = []
    for view, columns in VIEWS.items():
        missing = [column for column in columns.split() if column not in there.get(view, ())]
        if view not in there:
            faults.append(f"notify.{view} is missing")
        elif missing:
            faults.append(f"notify.{view} has no column {', '.join(missing)}")
    return faults


def _has_views_of_its_own(connection: db.Connection) -> bool:
    """Whether the platform gave its own views (--views FILE): they stay until it gives others."""
    sql = """
        select coalesce(bool_or(obj_description(c.oid, 'pg_class') is distinct from %(mark)s), false) as own
        from pg_class c
        join pg_namespace n on n.oid = c.relnamespace and n.nspname = 'notify'
        where c.relkind = 'v' and c.relname = any(%(names)s)
    """
    return bool(db.rows(connection, sql, {"mark": _SHIPPED, "names": list(VIEWS)})[0].own)


def _make_views(connection: db.Connection, sql: str, *, shipped: bool) -> None:
    """Create or replace the views; where other columns forbid that, drop them first, and grant again what was."""
    try:
        with connection.transaction():
            connection.execute(sql.encode())
    except psycopg.errors.InvalidTableDefinition:
        grants = db.rows(
            connection,
            """
            select format('grant %%s on %%s to %%s', a.privilege_type, c.oid::regclass,
                case when a.grantee = 0 then 'public' else quote_ident(pg_get_userbyid(a.grantee)) end) as statement
            from pg_class c
            join pg_namespace n on n.oid = c.relnamespace and n.nspname = 'notify'
            cross join lateral aclexplode(c.relacl) as a
            where c.relkind = 'v' and c.relname = any(%(names)s)
            """,
            {"names": list(VIEWS)},
        )
        connection.execute(("drop view if exists " + ", ".join(f"notify.{view}" for view in VIEWS)).encode())
        connection.execute(sql.encode())
        for grant in grants:
            connection.execute(grant.statement.encode())
    mark = f"'{_SHIPPED}'" if shipped else "null"
    for view in VIEWS:
        with suppress(psycopg.errors.UndefinedTable), connection.transaction():
            connection.execute(f"comment on view notify.{view} is {mark}".encode())


@contextmanager
def _errors(views: Path | None) -> Iterator[None]:
    """psycopg's exceptions in the words of somebody who runs init-db."""
    try:
        yield
    except psycopg.errors.LockNotAvailable as error:
        raise DatabaseError(
            "a table is locked by somebody's long transaction: run notify init-db again later"
        ) from error
    except (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn) as error:
        where = str(views) if views else "the platform's tables"
        raise ConfigError(
            f"the views do not fit {where}: {error.diag.message_primary}; "
            "is this the platform's database? For other table names give your own views: init-db --views FILE"
        ) from error
    except psycopg.errors.DependentObjectsStillExist as error:
        raise ConfigError(f"the views cannot be replaced: {error.diag.message_primary}; drop what uses them") from error
    except psycopg.errors.InsufficientPrivilege as error:
        raise ConfigError(f"the database role may not do this: {error.diag.message_primary}") from error
    except psycopg.errors.SyntaxError as error:
        raise ConfigError(f"{views or 'views.sql'}: {error.diag.message_primary}") from error
    except psycopg.Error as error:
        raise DatabaseError(f"init-db failed: {error.diag.message_primary or type(error).__name__}") from error


@contextmanager
def _alone(connection: db.Connection) -> Iterator[None]:
    """Keep the other hosts out, by a lease: one that waited within a transaction would deadlock with our indexes."""
    deadline = time.monotonic() + _PATIENCE
    while not _take_lease(connection):
        if time.monotonic() > deadline:
            raise DatabaseError("another host is still running init-db: run it again later")
        time.sleep(0.1)
    try:
        yield
    finally:
        with suppress(psycopg.Error):  # it ends by itself
            connection.execute("update notify.throttle set next_at = now() where name = 'init-db'")


def _take_lease(connection: db.Connection) -> bool:
    sql = """
        insert into notify.throttle as t (name, next_at) values ('init-db', now() + %s)
        on conflict (name) do update set next_at = excluded.next_at where t.next_at <= now()
    """
    return connection.execute(sql, [_LEASE]).rowcount == 1


def _extend_lease(connection: db.Connection) -> None:
    connection.execute("update notify.throttle set next_at = now() + %s where name = 'init-db'", [_LEASE])


def _index(connection: db.Connection) -> None:
    """Build each missing index without blocking writers; one that a broken build left behind is built again."""
    for statement in _statements(_read("indexes")):
        name = re.search(r"not exists (\w+)", statement)
        if name is None:
            raise AssertionError(statement)
        for attempt in range(5):
            try:
                _extend_lease(connection)
                if _is_broken(connection, name.group(1)):
                    connection.execute(f"drop index concurrently if exists {name.group(1)}".encode())
                connection.execute(statement.encode())
                break
            except (psycopg.errors.DeadlockDetected, psycopg.errors.UniqueViolation, psycopg.errors.DuplicateTable):
                # another host is building the same one
                if attempt == 4:
                    raise DatabaseError(f"index {name.group(1)} could not be built: run notify init-db again") from None
            except (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn, psycopg.errors.WrongObjectType):
                break  # a platform with its own views has its own tables, and indexes
            except psycopg.errors.InsufficientPrivilege:
                break  # not the owner of the platform's table: the index is a matter of speed, not of truth
            except psycopg.Error as error:
                raise DatabaseError(f"index {name.group(1)}: {error.diag.message_primary}") from error


def _is_broken(connection: db.Connection, index: str) -> bool:
    """Invalid and not being built right now."""
    sql = """
        select exists (
            select from pg_index i
            where i.indexrelid = to_regclass(%(index)s) and not i.indisvalid
                and not exists (select from pg_stat_progress_create_index p where p.index_relid = i.indexrelid)
        ) as broken
    """
    return bool(db.rows(connection, sql, {"index": index})[0].broken)


def _statements(sql: str) -> list[str]:
    without_comments = re.sub(r"--.*", "", sql)
    return [statement.strip() for statement in without_comments.split(";") if statement.strip()]


def _views(path: Path | None) -> str:
    if path is None:
        return _read("views")
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"--views {path}: {getattr(error, 'strerror', None) or 'it is not UTF-8 text'}") from error


def _read(name: str) -> str:
    return (_FOLDER / f"{name}.sql").read_text(encoding="utf-8")
