"""The checks of what watches over sweeps, and of whom no message reaches."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from notify_cli import db, sql, times
from notify_cli.check import Check, fault, fine, remark
from notify_cli.config import Settings
from notify_cli.errors import DeliveryError, NotifyError
from notify_cli.platform import people

_SQL = sql.Folder(__file__)
# A sweep so recent is a healthy one, as far as a watchdog asks.
_FRESH = timedelta(minutes=5)


def hosts(connection: db.Connection) -> Iterator[Check]:
    """Whether each host that swept in the last two days still does. Raises DatabaseError."""
    rows = db.rows(connection, _SQL("hosts"))
    for row in rows:
        if row.stopped:
            told = f"{row.host} swept last on {times.local(row.last_swept_at, row.now)}"
            mend = "look at cron on that host; one that was taken away is forgotten two days after its last sweep"
            yield fault("hosts", told, mend)
    if rows and not any(row.stopped for row in rows):
        yield fine("hosts", f"all sweep: {', '.join(row.host for row in rows)}")


def reached(connection: db.Connection) -> Iterator[Check]:
    """How many people no message reaches, and how many no email does. Raises DatabaseError."""
    row = people.unreached(connection)
    if row.unreachable:
        told = (
            "1 member of an active group has" if row.unreachable == 1 else f"{row.unreachable} members of groups have"
        )
        yield remark("people", f"{told} neither an address that takes email nor Discord", "ask them in their group")
    if row.suppressed:
        told = "1 address is" if row.suppressed == 1 else f"{row.suppressed} addresses are"
        mend = "correct the address, or take it off SendGrid's list; then: notify reconcile"
        yield remark("people", f"{told} suppressed: no email goes there", mend)


def heartbeat(settings: Settings) -> Check:
    """Whether a watchdog hears of sweeps. It is told what is so: a ping if one was just now, /fail if none was."""
    url = settings.heartbeat_url
    if not url:
        told = "not set: nobody notices when sweeps stop"
        return remark("heartbeat", told, "set NOTIFY_HEARTBEAT_URL to the address of a watchdog, one per host")
    if url.endswith("/fail"):
        return fault("heartbeat", "NOTIFY_HEARTBEAT_URL ends with /fail", "leave /fail out: it is added when it is due")
    age = _since_the_last_sweep(settings)
    if age is not None and not settings.rehearsal:
        from notify_cli.channels import heartbeat as watchdog

        try:
            status = watchdog.answer(url, healthy=age < _FRESH)
        except DeliveryError as error:
            return remark("heartbeat", f"the watchdog gave no answer: {error}", "look at its address and its host")
        if status >= 400:
            told = f"the watchdog answers {status}: it hears of no sweep"
            return fault("heartbeat", told, "correct NOTIFY_HEARTBEAT_URL, or make the check anew at the watchdog")
    return fine("heartbeat", "a watchdog hears of every sweep")


def _since_the_last_sweep(settings: Settings) -> timedelta | None:
    """None where there was none, or where nobody can tell."""
    if not settings.database_url:
        return None
    try:
        with db.connect(settings.database_url) as connection:
            for row in db.rows(connection, _SQL("hosts")):
                age: timedelta = row.now - row.last_swept_at
                return age
    except NotifyError:
        pass
    return None
