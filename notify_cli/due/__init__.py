"""Who is due: one .sql file per rule, in the frame of verdict.sql, which gives every candidate its verdict."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from sys import intern
from typing import Any, cast

from notify_cli import db, keys
from notify_cli.delivery import Delivery, Verdict
from notify_cli.due import statement
from notify_cli.due.looks import look as look
from notify_cli.due.looks import note as note
from notify_cli.due.policy import Lessons as Lessons
from notify_cli.due.policy import Policy as Policy
from notify_cli.due.sightings import Look as Look
from notify_cli.due.window import Window as Window
from notify_cli.errors import ConfigError, NotifyError
from notify_cli.registry import TYPES, Method

GOES_OUT: tuple[Verdict, ...] = ("will_send", "retrying")
TO_COME: tuple[Verdict, ...] = (*GOES_OUT, "not_due_yet")
_TAKEN: tuple[Verdict, ...] = ("sent", "failed")
# Far enough to be "ever", near enough for timestamp arithmetic.
EVER = timedelta(days=365 * 300)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A delivery that a rule considered, with its verdict and what the log knows of it."""

    delivery: Delivery
    verdict: Verdict
    note: str | None
    attempts: int | None
    sent_at: datetime | None
    error: str | None
    retry_at: datetime | None
    cancelled_at: datetime | None


class Found(list[Candidate]):
    """Candidates, and in `faults` why some could not be looked at: what is wrong with a course file, a line each."""

    faults: tuple[str, ...] = ()


def rule_names(policy: Policy | None = None) -> tuple[str, ...]:
    """The types that go out by themselves, sorted; without a policy those that come with notify."""
    return tuple(sorted(policy.timing().types if policy else TYPES))


def find(
    connection: db.Connection,
    window: Window,
    policy: Policy,
    *,
    types: Collection[str] | None = None,
    verdicts: Collection[Verdict] | None = GOES_OUT,
    free_only: bool = True,
    looked: Look | None = None,
    judged_from: datetime | None = None,
) -> Found:
    """The candidates in the window, what is useful for the shortest time first.

    `types` limits the search to these reminder types; `verdicts` None gives every verdict; `free_only` leaves out
    what another run is sending or what waits for its retry time. `looked` is what `look` found for these types, if that
    was asked already. With `judged_from` each is judged as of its time, or as of that one if it was due before,
    whatever the log says of it: by what is dated in the tables, and as it is now by what is not. Raises DatabaseError,
    ConfigError.
    """
    seen = looked or look(connection, window, policy, types, explains=verdicts is None)
    asked = partial(_find, connection, window, policy, seen=seen, judged_from=judged_from)
    if policy.lessons is None:
        return Found(asked(types, verdicts, free_only, lessons={}))
    nudges: set[str] = set()
    found = Found()
    for candidate in asked(types, verdicts, free_only, lessons=None):
        if _needs_lessons(candidate.delivery.reminder_type, policy):
            nudges.add(candidate.delivery.reminder_type)
        else:
            found.append(candidate)
    if not nudges:
        return found
    # Only now is the course file worth its import: usually nobody is in a nudge's window.
    found += asked(nudges, verdicts, free_only, lessons=policy.lessons())
    found.sort(key=lambda c: (c.delivery.useful_until, c.delivery.due_at, c.delivery.notification_key))
    found.faults = policy.faults()
    return found


def absorbed(
    connection: db.Connection, window: Window, policy: Policy, types: Collection[str] | None = None
) -> list[tuple[Delivery, Delivery]]:
    """Each delivery that is due, and a delivery that has its content too (`absorbs`), sent or not."""
    timing = policy.timing()
    names = [name for name in timing.absorbing if types is None or name in types]
    found = find(connection, window, policy, types=names, verdicts=["absorbed"], free_only=False) if names else ()
    return [
        (candidate.delivery, timing.types[name].delivery_like(candidate.delivery))
        for candidate in found
        for name in sorted(timing.absorbing[candidate.delivery.reminder_type])
    ]


def jobs(connection: db.Connection, window: Window, policy: Policy) -> list[tuple[str, str, str]]:
    """Every (job_id, occurrence, reminder_type) in the window, also those without anybody to send to as yet."""
    seen = look(connection, window, policy)
    params = _parameters(window, policy, None, {}) | seen.parameters()
    return [tuple(row) for row in db.rows(connection, statement.jobs(), params)]


def judge(
    connection: db.Connection, given: Sequence[Delivery], policy: Policy, *, now: datetime | None = None
) -> list[Verdict]:
    """The verdict of each delivery that somebody is about to send, apart from what the log or a rule says of it.

    They are all of one type and due at one time. `will_send` and `not_due_yet` are those that would go out.
    """
    if not given:
        return []
    params = _parameters(Window(now=now), policy, None, None) | {
        "reminder_type": given[0].reminder_type,
        "due_at": given[0].due_at,
        "given_methods": [d.method.value for d in given],
        "given_user_ids": [d.user_id for d in given],
        "given_group_ids": [d.group_id for d in given],
        "given_meeting_ids": [d.meeting_id for d in given],
        "useful_untils": [d.useful_until for d in given],
        "verdicts": None,
        "free_only": False,
    }
    found = {row.job_id: row.verdict for row in db.rows(connection, statement.judge(), params)}
    return [found[f"/{number}"] for number in range(1, len(given) + 1)]


def still_due(
    connection: db.Connection, batch: Sequence[Delivery], now: datetime | None, policy: Policy
) -> list[Delivery]:
    """Those of the batch that are due at this moment, as found now: the tables may have changed since the batch was.

    In the order of the batch; with those that another run has taken or sent meanwhile: the claim tells who may send.
    """
    parts: dict[tuple[bool, bool], list[Delivery]] = {}
    for delivery in batch:
        parts.setdefault((delivery.user_id is None, delivery.meeting_id is None), []).append(delivery)
    current: dict[str, Delivery] = {}
    for (is_post, no_meeting), part in parts.items():
        window = Window(
            now=now,
            user_ids=None if is_post else _ids(d.user_id for d in part),
            group_ids=_ids(d.group_id for d in part) if is_post else None,
            meeting_ids=None if no_meeting else _ids(d.meeting_id for d in part),
        )
        types = {d.reminder_type for d in part}
        lessons = policy.lessons() if policy.lessons and any(_needs_lessons(name, policy) for name in types) else {}
        seen = look(connection, window, policy, types)
        found = _find(connection, window, policy, types, (*GOES_OUT, *_TAKEN), False, lessons=lessons, seen=seen)
        current |= {c.delivery.notification_key: c.delivery for c in found if _is_wanted(c)}
    return [current[d.notification_key] for d in batch if d.notification_key in current]


def _find(
    connection: db.Connection,
    window: Window,
    policy: Policy,
    types: Collection[str] | None,
    verdicts: Collection[Verdict] | None,
    free_only: bool,
    *,
    lessons: Lessons | None,
    seen: Look,
    judged_from: datetime | None = None,
) -> Iterator[Candidate]:
    absorbing = policy.timing().absorbing
    # whether something is absorbed is seen beside what absorbs it alone
    asked = None if types is None else {*types, *(by for name in types for by in absorbing.get(name, ()))}
    wanted = None if asked is None else tuple(sorted(asked))
    params = _parameters(window, policy, wanted, lessons) | seen.parameters()
    params |= {"verdicts": None if verdicts is None else list(verdicts), "free_only": free_only}
    params["judged_from"] = judged_from
    past, quiet = judged_from is not None, policy.quiet is not None
    try:
        # Rolled back, it takes the setting with it also where this is a part of a caller's transaction.
        with db.errors(), connection.transaction(force_rollback=True):
            db.execute(connection, statement.NO_JIT)
            made = partial(_candidate, rehearsal=policy.rehearsal)
            text = statement.find(wanted, quiet=quiet, absorbing=bool(absorbing), past=past)
            for candidate in map(made, db.each(connection, text, params)):
                if types is None or candidate.delivery.reminder_type in types:
                    yield candidate
    except (ConfigError, db.RefusedError) as error:
        raise _blamed(connection, error, wanted, params) from error


def _blamed(
    connection: db.Connection, error: NotifyError, types: Sequence[str] | None, params: dict[str, Any]
) -> NotifyError:
    """The error by the name of the rule whose rows are not as row.sql says, if it is a rule's; else as it is."""
    for name in statement.rules(types):
        try:
            with db.errors(), connection.transaction(force_rollback=True):
                db.rows(connection, f"{statement.rule(name)} limit 0", params)
        except (ConfigError, db.RefusedError) as alone:
            if (missing := re.search(r"column (rule\.\w+) does not exist", str(alone))) is not None:
                return ConfigError(f"due/rules/{name}.sql names no column {missing.group(1).removeprefix('rule.')}")
            if isinstance(alone, db.RefusedError) and str(alone) == str(error):
                return ConfigError(f"due/rules/{name}.sql: {alone}; due/row.sql says which columns a rule gives")
    return error


def _parameters(window: Window, policy: Policy, types: Sequence[str] | None, lessons: Lessons | None) -> dict[str, Any]:
    quiet = policy.quiet
    return {
        "now": window.now,
        # what is due at night may go out the evening before
        "within": window.within + quiet.earliest if quiet else window.within,
        "shown": window.within,
        "quiet_from": quiet and quiet.begins.isoformat(),
        "quiet_to": quiet and quiet.ends.isoformat(),
        "since": window.since,
        "user_ids": None if window.user_ids is None else list(window.user_ids),
        "group_ids": None if window.group_ids is None else list(window.group_ids),
        "meeting_ids": None if window.meeting_ids is None else list(window.meeting_ids),
        "lessons": None if lessons is None else _jsonb(lessons),
        "disabled": list(policy.disabled),
        "meeting_minutes": policy.meeting_minutes,
        "types": None if types is None else list(types),
        "mark": keys.mark(policy.rehearsal),
        "rehearsal": policy.rehearsal,
        "verdicts": None,
        "ways": statement.ways(),
        "message_types": policy.timing().parameter(types),
        **Look().parameters(),
    }


def _candidate(row: Any, rehearsal: bool) -> Candidate:
    # One string for all who share it: a third of the memory where a hundred thousand are due.
    delivery = Delivery(
        intern(row.job_id),
        intern(row.occurrence),
        intern(row.reminder_type),
        Method(row.method),
        row.user_id,
        row.group_id,
        row.meeting_id,
        row.due_at,
        row.useful_until,
        row.context,
        row.address,
        row.mended,
        rehearsal,
        row.moved_from,
    )
    return Candidate(
        delivery,
        cast("Verdict", intern(row.verdict)),
        row.note,
        row.attempts,
        row.sent_at,
        row.delivery_error,
        row.retry_at,
        row.cancelled_at,
    )


def _is_wanted(candidate: Candidate) -> bool:
    # A 'sent' without sent_at comes from a calendar rule: the calendar is up to date, there is nothing to send.
    return candidate.verdict in GOES_OUT or candidate.verdict == "failed" or candidate.sent_at is not None


def _needs_lessons(reminder_type: str, policy: Policy) -> bool:
    found = policy.timing().types.get(reminder_type)
    return found is not None and found.share is not None


def _ids(values: Iterable[int | None]) -> list[int]:
    return sorted({value for value in values if value is not None})


def _jsonb(value: object) -> Any:
    from psycopg.types.json import Jsonb

    return Jsonb(value)
