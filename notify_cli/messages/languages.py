"""Dates and spans of time in the language of a text: English by times.py, every other by Babel (CLDR)."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from functools import cache

from notify_cli import times

ENGLISH = "en"


def tag(locale: str | None) -> str:
    """The language of a locale as people and platforms write it: `de` for de_DE.UTF-8, de-AT or DE; empty for none."""
    first = (locale or "").replace("_", "-").partition(".")[0].partition("-")[0].strip().lower()
    return first if first.isascii() and first.isalpha() and 2 <= len(first) <= 3 else ""


def is_known(language: str) -> bool:
    """Whether there are dates and plurals for a language."""
    if language == ENGLISH:
        return True
    from babel import Locale, UnknownLocaleError

    try:
        Locale.parse(language)
    except (UnknownLocaleError, ValueError):
        return False
    return True


def moment(at: datetime, zone: str | None, language: str) -> str:
    """`Mittwoch, 4. Februar, 16:00 CET`, see times.moment."""
    if language == ENGLISH:
        return times.moment(at, zone)
    # The zone is named as in English: CET and UTC-3 are the same everywhere.
    clock = times.moment(at, zone).rpartition(", ")[2]
    return f"{date(at, zone, language)}, {clock}"


def date(at: datetime, zone: str | None, language: str) -> str:
    """`Mittwoch, 4. Februar`, see times.date."""
    if language == ENGLISH:
        return times.date(at, zone)
    from babel.dates import format_date

    return format_date(times.in_zone(at, zone), format=_weekday_and_day(language), locale=language)


@cache
def _weekday_and_day(language: str) -> str:
    """CLDR's pattern for weekday, day and month in a language, with the names in full: CLDR has it short only."""
    from babel import Locale

    pattern = str(Locale.parse(language).datetime_skeletons["MMMEd"].pattern)
    return re.sub(r"MMM+", "MMMM", re.sub(r"[Ec]+", "EEEE", pattern))


def distance(left: timedelta, language: str) -> str:
    """`47 Minuten`, `1 Tag und 2 Stunden`, see times.distance."""
    if language == ENGLISH:
        return times.distance(left)
    from babel.lists import format_list
    from babel.units import format_unit

    minutes = max(0, int(left.total_seconds() + 30) // 60)
    hours = (minutes + 30) // 60
    if minutes < 24 * 60:
        counted = [(minutes // 60, "duration-hour"), (minutes % 60, "duration-minute")]
    else:
        counted = [(hours // 24, "duration-day"), (hours % 24, "duration-hour")]
    told = [format_unit(count, unit, length="long", locale=language) for count, unit in counted if count]
    return format_list(told, locale=language) if told else format_unit(0, "duration-minute", "long", locale=language)
