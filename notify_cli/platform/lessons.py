"""Look-ups about work on lessons."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from notify_cli import db
from notify_cli.platform import lookups


def of_sessions(connection: db.Connection, session_ids: Iterable[int]) -> dict[int, str]:
    """The lesson that each session was begun for, by session_id. Raises DatabaseError."""
    found = lookups.rows(connection, "session_lessons", session_ids=sorted(set(session_ids)))
    return {row.session_id: row.lesson_id for row in found}


def trial_sessions(connection: db.Connection, user_ids: Iterable[int]) -> dict[int, int]:
    """The session that a nudge about a trial lesson is about, by user_id.

    It is the person's latest session of a lesson that they never finished. Raises DatabaseError.
    """
    found = lookups.rows(connection, "trial_sessions", user_ids=sorted(set(user_ids)))
    return {row.user_id: row.session_id for row in found}


def completed(
    connection: db.Connection, user_ids: Iterable[int], lesson_ids: Iterable[str]
) -> dict[int, frozenset[str]]:
    """Which of these lessons each of these people has finished, by user_id. Raises DatabaseError."""
    done: dict[int, set[str]] = defaultdict(set)
    asked = {"user_ids": sorted(set(user_ids)), "lesson_ids": sorted(set(lesson_ids))}
    for row in lookups.rows(connection, "completed_lessons", **asked):
        done[row.user_id].add(row.lesson_id)
    return {user_id: frozenset(lessons) for user_id, lessons in done.items()}
