"""Dates and spans of time in the language of a text: English by times.py, every other by Babel (CLDR)."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache

from notify_cli import times

ENGLISH = "en"

_TWO_FORMS = ("one", "other")
_CATEGORIES = ("zero", "one", "two", "few", "many", "other")  # in CLDR's order
_COUNTED = 200  # every category that counts of lessons have in any language is reached below


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


def plural_forms(language: str) -> tuple[str, ...]:
    """CLDR's plural categories that whole numbers have in a language, in CLDR's order; English's for one unknown.

    English has one and other; Russian one, few and many; Japanese other alone
    (https://cldr.unicode.org/index/cldr-spec/plural-rules).
    """
    return _TWO_FORMS if language == ENGLISH else tuple(_examples(language))


def plural_form(count: int, language: str) -> int:
    """The place of a count's category among the `plural_forms` of a language."""
    if language == ENGLISH:
        return 0 if count == 1 else 1
    forms = plural_forms(language)
    category = _plural_rule(language)(count)
    return forms.index(category) if category in forms else len(forms) - 1


def plural_examples(language: str) -> str:
    """The forms of a language with the first numbers of each: `one (1, 21), few (2, 3), many (0, 5)`."""
    told = (f"{form} ({', '.join(map(str, counts[:2]))})" for form, counts in _examples(language).items())
    return ", ".join(told)


@cache
def _examples(language: str) -> dict[str, list[int]]:
    rule = _plural_rule(language)
    by_form: dict[str, list[int]] = {category: [] for category in _CATEGORIES}
    for count in range(_COUNTED):
        by_form[rule(count)].append(count)
    return {form: counts for form, counts in by_form.items() if counts}


def _plural_rule(language: str) -> Callable[[int], str]:
    if language == ENGLISH or not is_known(language):
        return lambda count: "one" if count == 1 else "other"
    from babel import Locale

    return Locale.parse(language).plural_form


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


def weekday(at: datetime, zone: str | None, language: str) -> str:
    """`Mittwoch`, see times.weekday."""
    if language == ENGLISH:
        return times.weekday(at, zone)
    from babel.dates import format_date

    return format_date(times.in_zone(at, zone), format="cccc", locale=language)


def appointment(at: datetime, zone: str | None, language: str) -> str:
    """`Wednesday 4 February 16:00`, `Mittwoch, 4. Februar 16:00`: day and clock in the reader's zone, which
    `times.zone_at` names."""
    return f"{date(at, zone, language)} {times.in_zone(at, zone):%H:%M}"


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
