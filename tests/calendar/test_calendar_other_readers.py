"""What other programs make of our invites: ical.js (Thunderbird, Nextcloud) and vobject (Radicale)."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from random import Random

import pytest
import vobject

from notify_cli import calendar
from notify_cli.calendar import Series
from notify_cli.calendar.recurrence import Occurrence
from tests.support.attendee import Shown

HERE = Path(__file__).parent
ICAL_JS = HERE.parents[1] / ".tools" / "node_modules" / "ical.js" / "dist" / "ical.js"
EPOCH = datetime(2026, 2, 4, 15, tzinfo=UTC)
HOUR = timedelta(hours=1)
CHANNEL = "https://discord.com/channels/1/2"
ZONES = ("Europe/Berlin", "America/New_York", "Australia/Sydney")


def series(rows: Sequence[Occurrence], *zones: str) -> Series:
    return Series(
        uid=calendar.uid(7, 12, "example.org"),
        sequence=0,
        dtstamp=EPOCH,
        organizer_email="course@example.org",
        organizer_name="AI Safety, Course",
        attendee_email="alice@example.org",
        attendee_name='Alice "Ада" O\'Neil; née',
        title="Study group; Lovelace, Ada",
        description="Members: bob, carol \\ dave",
        location=CHANNEL,
        url=CHANNEL,
        occurrences=tuple(rows),
        zones=zones,
    )


def sample() -> list[Series]:
    """A hundred histories of one group: weekly or not, with meetings moved, skipped, added, longer, with a link."""
    found: list[Series] = []
    for number in range(100):
        dice = Random(number)  # noqa: S311 - a reproducible sample, no secret
        rows = [Occurrence(EPOCH + week * timedelta(weeks=dice.choice([1, 1, 2])), HOUR) for week in range(14)]
        rows = dice.sample(rows, dice.randint(1, 14))
        for place in dice.sample(range(len(rows)), dice.randint(0, min(4, len(rows)))):
            moved = rows[place].starts_at + dice.randint(-60, 60) * HOUR
            link = dice.choice([None, "https://meet.example.org/a?b=c&d=e"])
            rows[place] = Occurrence(moved, dice.choice([HOUR, timedelta(minutes=90)]), link)
        found.append(series(rows))
    # At one time of the local clock, over a change of it in either direction.
    for zone, (month, interval) in product(ZONES, [(3, 1), (10, 1), (9, 2)]):
        clock = datetime(2026, month, 4, 18, tzinfo=calendar.zones.zone(zone))
        rows = [Occurrence((clock + n * timedelta(weeks=interval)).astimezone(UTC), HOUR) for n in range(8)]
        found.append(series(rows, zone))
        found.append(series([*rows[:3], *rows[4:6], Occurrence(rows[6].starts_at + 26 * HOUR, HOUR)], zone))
    return found


def shown(one: Series) -> list[Shown]:
    return sorted((row.starts_at, row.duration, row.join_url or CHANNEL) for row in one.occurrences)


@pytest.mark.skipif(
    not ICAL_JS.is_file() or shutil.which("node") is None, reason="ical.js is not in .tools (npm), or there is no node"
)
def test_ical_js_shows_exactly_the_rows() -> None:
    invited = sample()
    streams = json.dumps([calendar.request(one).ics for one in invited])
    command = ["node", str(HERE / "readers.mjs"), str(ICAL_JS)]
    ran = subprocess.run(command, input=streams, capture_output=True, text=True, check=True, timeout=60)
    for one, found in zip(invited, json.loads(ran.stdout), strict=True):
        read = [(datetime.fromisoformat(start), datetime.fromisoformat(end), place) for start, end, place in found]
        assert sorted((start, end - start, place) for start, end, place in read) == shown(one)


def test_vobject_shows_exactly_the_rows() -> None:
    for one in sample():
        stream = calendar.request(one).ics
        assert _expanded(stream) == shown(one), stream


def _expanded(stream: str) -> list[Shown]:
    """The meetings of a stream: vobject expands the rule and its exceptions, an override stands in for its instance."""
    master, *overrides = vobject.readOne(stream).vevent_list
    rule = master.getrruleset() if hasattr(master, "rrule") else [master.dtstart.value]
    replaced = {one.recurrence_id.value.astimezone(UTC) for one in overrides}
    length = master.dtend.value - master.dtstart.value
    plain = [at.astimezone(UTC) for at in rule]
    found = [(at, length, master.location.value) for at in plain if at not in replaced]
    found += [
        (one.dtstart.value.astimezone(UTC), one.dtend.value - one.dtstart.value, one.location.value)
        for one in overrides
    ]
    return sorted(found)
