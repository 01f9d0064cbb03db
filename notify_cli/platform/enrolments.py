"""Look-ups about who takes which course."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from notify_cli import db
from notify_cli.platform import lookups


@dataclass(frozen=True, slots=True)
class Cohort:
    """A cohort in which somebody is enrolled, with those of them who have an account."""

    cohort_id: int
    active: bool
    user_ids: tuple[int, ...]


def cohorts(connection: db.Connection, cohort_ids: Iterable[int]) -> dict[int, Cohort]:
    """These cohorts, by cohort_id; nothing for one in which nobody is enrolled. Raises DatabaseError."""
    found = lookups.rows(connection, "cohorts", cohort_ids=sorted(set(cohort_ids)))
    return {row.cohort_id: Cohort(row.cohort_id, row.active, tuple(row.user_ids)) for row in found}


def first_courses(connection: db.Connection, user_ids: Iterable[int]) -> dict[int, str]:
    """The name of the course that each of these people enrolled in first, by user_id. Raises DatabaseError."""
    found = lookups.rows(connection, "first_courses", user_ids=sorted(set(user_ids)))
    return {row.user_id: row.course for row in found}
