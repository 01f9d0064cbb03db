"""Round trips: the statements of a real sweep, as the server logs them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from bench import fill
from bench.figure import Figure
from bench.stage import Broken, Stage, environment, provider, sweep
from notify_cli import db

_EMAILS, _DMS = 2000, 20

_KINDS = {
    "claim": ".reminders_log as l (",
    "record": "set delivery_status = cast(o.status as",
    "slot": "insert into notify.throttle",
}


def measure(stage: Stage, *, quick: bool) -> Iterator[Figure]:
    """How many statements each step takes per delivery."""
    emails = _EMAILS // 4 if quick else _EMAILS
    with stage.database() as url, provider("sendgrid") as mail, provider("discord") as chat:
        with db.connect(url) as connection:
            fill.crowd(connection, emails // fill.MEMBERS, channels=False)
            fill.meet(connection, emails // fill.MEMBERS, within=timedelta(minutes=50))
            connection.execute("update users set email_notifications_enabled = false where user_id <= %s", [_DMS])
            fill.enrol(connection, _DMS)
        with stage.overheard(url) as statements:
            done = sweep(environment(url, mail=mail, chat=chat, NOTIFY_DM_INTERVAL="0.1"), "--json").json["by_method"]
    if done != {"email": emails - _DMS, "discord_dm": _DMS, "discord_channel": 0}:
        raise Broken(f"not everything went out: {done}")
    count = {kind: sum(mark in said for said in statements) for kind, mark in _KINDS.items()}
    how = f"{done['email']} emails and {_DMS} DMs (one by one, as their pace goes): {len(statements)} statements in all"
    yield Figure("slots reserved per DM", count["slot"] / _DMS, "trips", 1, True)
    yield Figure("claims per delivery", count["claim"] / sum(done.values()), "trips", 1, True, how)
    yield Figure("records per delivery", count["record"] / sum(done.values()), "trips", 1, True)
