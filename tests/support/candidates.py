"""What the rules find on a platform, in the few shapes that tests compare."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta

from notify_cli import due
from notify_cli.config import values
from notify_cli.delivery import Verdict
from notify_cli.due import Candidate, Lessons, Policy, Window
from notify_cli.due.timing import Timing
from tests.support.platform import Platform

SECOND = timedelta(seconds=1)


def find(
    platform: Platform,
    at: datetime | None = None,
    *,
    only: str | Collection[str] | None = None,
    lessons: Lessons | None = None,
    disabled: Collection[str] = (),
    window: Window | None = None,
    verdicts: Collection[Verdict] | None = due.GOES_OUT,
    free_only: bool = True,
    quiet: str = "",
    timing: Timing | None = None,
) -> list[Candidate]:
    """The candidates of a sweep at `at`, by default the platform's present. `quiet` is like `22:00-07:00`."""
    hours = values.quiet_hours(quiet) if quiet else None
    policy = Policy(disabled=disabled, lessons=lambda: lessons or {}, quiet=hours)
    policy = replace(policy, timing=lambda: timing) if timing else policy
    return due.find(
        platform.connection,
        window or Window(now=at or platform.now),
        policy,
        types=[only] if isinstance(only, str) else only,
        verdicts=verdicts,
        free_only=free_only,
    )


def keys(
    platform: Platform, at: datetime | None = None, *, only: str | None = None, lessons: Lessons | None = None
) -> list[str]:
    """The notification keys of what a sweep would send, sorted."""
    return sorted(c.delivery.notification_key for c in find(platform, at, only=only, lessons=lessons))


def sent(
    platform: Platform, at: datetime | None = None, *, only: str | None = None, lessons: Lessons | None = None
) -> list[tuple[str, str]]:
    """(method, recipient) of what a sweep would send, sorted."""
    found = find(platform, at, only=only, lessons=lessons)
    return sorted((c.delivery.method.value, c.delivery.recipient) for c in found)


def verdicts(
    platform: Platform,
    person: int,
    at: datetime | None = None,
    *,
    lessons: Lessons | None = None,
    disabled: Collection[str] = (),
) -> dict[tuple[str, str], str]:
    """{(rule, method): verdict} of everything that was ever considered for a person, as `explain` sees it."""
    window = Window(now=at or platform.now, within=due.EVER, since=due.EVER, user_ids=[person])
    found = find(platform, lessons=lessons, disabled=disabled, window=window, verdicts=None, free_only=False)
    return {(c.delivery.reminder_type, c.delivery.method.value): c.verdict for c in found}


def stamp(at: datetime) -> str:
    """A time as it stands in a notification key."""
    return at.strftime("%Y%m%dT%H%M%SZ")
