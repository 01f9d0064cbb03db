"""The checks that look into the database: the server, the views, the log, the courses of its groups."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

from notify_cli import db, log_schema, sql, times
from notify_cli.check import Check, fault, fine, remark
from notify_cli.config import Settings
from notify_cli.due import Policy
from notify_cli.errors import NotifyError
from notify_cli.platform import contract, groups, indexes
from notify_cli.platform.contract import INIT_DB, Fault
from notify_cli.platform.rights import grant

_SQL = sql.Folder(__file__)
OLDEST = 140000  # server_version_num: the oldest PostgreSQL that the tests are run on
_SKEW = timedelta(seconds=30)
# What init-db cannot mend.
_FAULTS = ("type", "partitioned")


def server(connection: db.Connection, clock: Callable[[], float] = time.time) -> list[Check]:
    """The server's age and its clock, by which everything is due; `clock` is this host's, in seconds of the epoch.

    Raises DatabaseError.
    """
    before = clock()
    row = db.rows(connection, _SQL("server"))[0]
    skew = row.now - datetime.fromtimestamp((before + clock()) / 2, UTC)
    version = f"PostgreSQL {row.version // 10000}.{row.version % 10000}"
    info = connection.info
    where = f"at {info.host}:{info.port}, database {info.dbname}, role {row.role}"
    found = [fine("database", f"{version} answers {where}")]
    if row.version < OLDEST:
        found = [fault("database", f"{version} is too old", f"PostgreSQL {OLDEST // 10000} or later is needed")]
    if row.standby:
        found.append(fault("database", "it is a standby: nothing can be written", "give the primary's DATABASE_URL"))
    elif row.read_only:
        mend = f"alter role {row.role} reset default_transaction_read_only, or use another role"
        found.append(fault("database", "the connection is read-only: nothing can be sent or written down", mend))
    if abs(skew) > _SKEW:
        told = f"{times.distance(abs(skew))} {'behind' if skew > timedelta() else 'ahead of'} the database's"
        found.append(fault("clock", f"this host's clock is {told}", "keep both clocks right by NTP"))
    return found


def views(connection: db.Connection, faults: Sequence[Fault]) -> Iterator[Check]:
    """Whether each view is there, has its columns and their types, and can be read; `faults` are the contract's.

    Raises DatabaseError.
    """
    found = [one for one in faults if one.is_view]
    if found and (since := contract.away_since(connection)):
        told = f"{contract.AWAY} since {times.local(since, datetime.now(UTC))}"
        yield fault("views", told, f"{INIT_DB} when the platform's migration is done")
        return
    for one in found:
        said = {"missing": "does not exist", "column": f"lacks {one.what}"}.get(one.kind)
        yield fault("views", f"{one.relation} {said}" if said else one.words, one.mend)
    present = db.rows(connection, _SQL("views"))
    sound = not found and all(row.may_read for row in present)
    for name in [row.relation for row in present if row.may_read]:  # the others are a matter of rights
        try:
            db.rows(connection, f"select * from {name} limit 1")  # noqa: S608 - a name of contract.sql
        except NotifyError as error:
            sound = False
            yield fault("views", f"{name}: {error}", "mend the view or the role's right to read it")
    if sound:
        yield fine("views", f"all {len(present)} can be read")


def log(connection: db.Connection, faults: Sequence[Fault]) -> Iterator[Check]:
    """Whether what was sent can be written down; `faults` are the contract's. Raises DatabaseError."""
    found = db.rows(connection, _SQL("log"))
    if not found:
        yield fault("log", "reminders_log does not exist", INIT_DB)
        return
    if len(found) > 1:
        yield fault("log", *log_schema.several([row.name for row in found]))
        return
    (row,) = found
    ours = [one for one in faults if not one.is_view]
    lacking = [words for one in ours if one.kind not in _FAULTS for words in _lack(one)]
    lacking += [missing.relation for missing in db.rows(connection, _SQL("own_tables"))]
    lacking += [] if row.has_unique_key else ["the unique index on notification_key"]
    if lacking:
        yield fault("log", f"lacks {', '.join(lacking)}", INIT_DB)
    yield from (fault("log", one.words, one.mend) for one in ours if one.kind in _FAULTS)
    if row.missing_privileges:
        rights = ", ".join(row.missing_privileges)
        mend = grant(row.missing_privileges, f"table {row.name}", row.role)
        yield fault("log", f"the role may not {rights} in reminders_log", mend)
    if row.others:
        told = f"{', '.join(row.others)} has the log's name too; notify writes to {row.name}"
        yield remark("log", told, "rename or drop the one that nobody writes to")
    for name in row.idle_types:
        yield remark("log", f"the type {name} is used by no column, and not by the log", f"drop type {name}")
    if not lacking and not row.missing_privileges and not ours:
        yield _indexes(connection)


def _lack(one: Fault) -> list[str]:
    what = (one.what or one.relation).split(", ")
    if one.kind == "value":
        return [f"{'status' if one.relation.endswith('_status') else 'method'} {value}" for value in what]
    if one.kind == "null":
        return [f"{name} that may be null" for name in what]
    return [f"column {name}" for name in what] if one.kind == "column" else what


def _indexes(connection: db.Connection) -> Check:
    wanted = indexes.find(connection)
    missing = [index for index in wanted if not index.ready]
    if not missing:
        return fine("log", "ready, with its indexes")
    told = f"ready, but {len(missing)} of {len(wanted)} indexes are missing: sweeps get slow"
    owners = sorted({index.owner for index in missing if not index.makeable})
    return remark("log", told, f"let {' and '.join(owners)} run notify init-db" if owners else INIT_DB)


def courses(connection: db.Connection, policy: Policy, settings: Settings) -> Iterator[Check]:
    """Whether the lessons of every group are known. Raises DatabaseError."""
    known = policy.courses()
    if policy.faults():
        yield from (
            fault("course file", line, "correct the file: nudges of its course are off until then")
            for line in policy.faults()
        )
    elif known is None:
        yield remark("course file", "none is set: lesson nudges are off", "set NOTIFY_COURSES to the file or folder")
    else:
        unknown = [name for name in groups.courses_ahead(connection) if known.course_for(name) is None]
        for name in unknown:
            told = f"{settings.courses} has no course {name!r}: its groups get no nudges"
            yield fault("course file", told, f"add a file with `title: {name}`, or a default.yaml for all others")
        if not unknown:
            yield fine("course file", f"{settings.courses}: every group's course is known")
