"""The slots of a weekly rule: certain days of every week, or of every second one, at one time of a zone's clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cached_property

from notify_cli.calendar import zones

DAY = 24 * 3600  # seconds of a clock that is never changed

_EPOCH = datetime(1, 1, 1)  # noqa: DTZ001 - the first Monday of Python's calendar, by the clock of any place


@dataclass(frozen=True)
class Grid:
    """All slots of a rule, numbered in the order of time; slot 0 is the first day of the week `phase`.

    `weekdays` are 0 (Monday) to 6, sorted; `interval` is 1 for every week; weeks begin on Monday and are counted from
    the year 1; `second` is that of the day, by the local clock.
    """

    zone: str
    weekdays: tuple[int, ...]
    interval: int
    phase: int
    second: int

    def number(self, at: datetime, here: int) -> int | None:
        """The number of the slot at exactly this time, which is `here` by the local clock; None where there is none."""
        day, second = divmod(here, DAY)
        week, weekday = divmod(day, 7)
        turn, rest = divmod(week - self.phase, self.interval)
        if second != self.second or rest or weekday not in self.weekdays:
            return None
        number = turn * len(self.weekdays) + self.weekdays.index(weekday)
        # Where clocks are put back, one reading of the clock is two moments.
        return number if self.time(number) == at else None

    def nearest(self, here: int) -> int:
        """The number of the slot that is nearest to a time of the local clock, the earlier of two."""
        turn = (here // DAY // 7 - self.phase) // self.interval
        around = range((turn - 1) * len(self.weekdays), (turn + 2) * len(self.weekdays))
        return min(around, key=lambda number: abs(self._clock(number) - here))

    def time(self, number: int) -> datetime:
        """When a slot is, in UTC."""
        local = _EPOCH + timedelta(seconds=self._clock(number))
        return local.replace(tzinfo=self._place).astimezone(UTC)

    def day(self, number: int) -> int:
        """The local day of a slot, counted from the year 1."""
        return self._clock(number) // DAY

    def _clock(self, number: int) -> int:
        turn, place = divmod(number, len(self.weekdays))
        return ((self.phase + turn * self.interval) * 7 + self.weekdays[place]) * DAY + self.second

    @cached_property
    def _place(self) -> tzinfo:
        return zones.zone(self.zone)


def clock(at: datetime, zone: str) -> int:
    """What the local clock shows, in seconds since the year 1."""
    since = at.astimezone(zones.zone(zone)).replace(tzinfo=None) - _EPOCH
    return since.days * DAY + since.seconds


def day(at: datetime, zone: str) -> int:
    """The local day, counted from the year 1."""
    return clock(at, zone) // DAY
