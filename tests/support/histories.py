"""Random histories of a few people in two groups: what happens to them on the platform from one sweep to the next."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from random import Random
from zoneinfo import ZoneInfo

from tests.support.attendee import Shown
from tests.support.tables import Group, MeetingRow, Membership, Person, Row
from tests.support.world import SERVER_ID

HOUR = timedelta(hours=1)
WEEK = timedelta(weeks=1)
BERLIN = ZoneInfo("Europe/Berlin")
GROUPS = 2
PEOPLE = 3


class History:
    """The rows of one history, apart from those of all others. `number` and `seed` decide all that happens in it.

    `ids` numbers the rows of all histories of a platform. `now` is the time at which things happen.
    """

    def __init__(self, number: int, seed: str, ids: count[int], cohort_id: int, now: datetime) -> None:
        self.number = number
        self.now = now
        self.told: list[str] = []
        self.known: list[int] = []  # the ids of all groups that there were
        self._seed = f"{seed}/{number}"
        self._ids = ids
        self._cohort_id = cohort_id
        self.people = [Person(next(ids), f"member{n}", f"member{n}.{number}@example.org") for n in range(PEOPLE)]
        self.groups = [self._group(f"Group {n}") for n in range(GROUPS)]
        self.members: list[Membership] = []
        self.meetings: list[MeetingRow] = []
        for group in self.groups:
            self._series(group, timedelta(days=3), 4)
            for person in self.people[:2]:
                self._join(group, person)

    def happen(self, turn: int) -> None:
        """Some of the things that can happen, others in each turn."""
        dice = Random(f"{self._seed}/{turn}")  # noqa: S311 - a reproducible history, no secret
        for number in range(dice.randint(1, 12)):
            change = dice.choice(_OFTEN * 2 + _SELDOM)
            change(self, Random(f"{self._seed}/{turn}/{number}"))  # noqa: S311
            self.told.append(f"{turn}: {change.__name__}")

    def rows(self) -> Iterator[Row]:
        """What the tables hold."""
        for rows in (self.people, self.groups, self.members, self.meetings):
            yield from rows

    def place_of(self, group_id: int, user_id: int) -> str:
        """Whose series of which group it is, by places that are the same whichever histories stand beside this one."""
        return f"{self.known.index(group_id)} {[person.user_id for person in self.people].index(user_id)}"

    def group(self, group_id: int) -> Group | None:
        """The group of this id, unless its row is gone."""
        return next((group for group in self.groups if group.group_id == group_id), None)

    def person(self, user_id: int) -> Person:
        """The person of this id."""
        return next(person for person in self.people if person.user_id == user_id)

    def belongs(self, group_id: int, user_id: int) -> bool:
        """Whether the meetings of a group belong into the calendar of somebody."""
        group = self.group(group_id)
        stays = [one for one in self.members if (one.group_id, one.user_id) == (group_id, user_id)]
        return group is not None and group.status in ("active", "forming") and any(s.status == "active" for s in stays)

    def shown(self, group_id: int) -> list[Shown]:
        """The meetings of a group as a calendar shows them, those alike once."""
        group = self.group(group_id)
        place = f"https://discord.com/channels/{SERVER_ID}/{group.discord_text_channel_id if group else ''}"
        mine = [one for one in self.meetings if one.group_id == group_id]
        return sorted({(one.scheduled_time_utc, one.length, one.join_url or place) for one in mine})

    # What can happen

    def move(self, dice: Random) -> None:
        for one in self._meeting(dice):
            one.scheduled_time_utc += dice.randint(-50, 49) * 3 * HOUR

    def nudge(self, dice: Random) -> None:
        for one in self._meeting(dice):
            one.scheduled_time_utc += dice.randint(0, 99) * timedelta(minutes=7)

    def link(self, dice: Random) -> None:
        for one in self._meeting(dice):
            one.join_url = dice.choice([None, *(f"https://meet.example.org/{n}" for n in range(3))])

    def length(self, dice: Random) -> None:
        for one in self._meeting(dice):
            one.duration_minutes = dice.choice([None, 30, 60, 90])

    def skip(self, dice: Random) -> None:
        for one in self._meeting(dice):
            self.meetings.remove(one)

    def add(self, dice: Random) -> None:
        self._meet(dice.choice(self.groups), self.now + dice.randint(1, 100) * 5 * HOUR)

    def run(self, dice: Random) -> None:
        """A meeting began a while ago."""
        for one in self._meeting(dice):
            one.scheduled_time_utc = self.now - dice.randint(0, 89) * timedelta(minutes=1)

    def fortnights(self, dice: Random) -> None:
        self._series(dice.choice(self.groups), dice.randint(1, 50) * HOUR, dice.randint(2, 6), 2 * WEEK)

    def by_local_clock(self, dice: Random) -> None:
        """Weekly at one time in Berlin, over a change of the clocks."""
        group = dice.choice(self.groups)
        first = datetime(2026, 3, dice.choice([25, 26, 28, 29]), 18, 0, tzinfo=BERLIN)
        for number in range(dice.randint(2, 7)):
            self._meet(group, (first + number * WEEK).astimezone(UTC))

    def season(self, dice: Random) -> None:
        self._series(dice.choice(self.groups), dice.randint(1, 50) * HOUR, dice.randint(1, 5))

    def shift(self, dice: Random) -> None:
        group, by = dice.choice(self.groups), dice.randint(-30, 69) * HOUR
        for one in self._of(group):
            one.scheduled_time_utc += by

    def clear(self, dice: Random) -> None:
        gone = self._of(dice.choice(self.groups))
        self.meetings = [one for one in self.meetings if one not in gone]

    def clear_ahead(self, dice: Random) -> None:
        gone = [one for one in self._of(dice.choice(self.groups)) if one.scheduled_time_utc > self.now]
        self.meetings = [one for one in self.meetings if one not in gone]

    def make_anew(self, dice: Random) -> None:
        """The meetings are deleted, and made again as they were."""
        for one in self._of(dice.choice(self.groups)):
            one.meeting_id = next(self._ids)

    def join(self, dice: Random) -> None:
        role = dice.choice(["participant", "facilitator"])
        self._join(dice.choice(self.groups), dice.choice(self.people), role=role)

    def leave(self, dice: Random) -> None:
        for one in self._stay(dice, active=True):
            one.status, one.left_at = dice.choice(["dropped", "removed", "completed"]), self.now

    def revive(self, dice: Random) -> None:
        for one in self._stay(dice, active=False):
            one.status, one.left_at = "active", None

    def flicker(self, dice: Random) -> None:
        """Leaves and rejoins between two sweeps."""
        for one in self._stay(dice, active=True):
            one.joined_at = self.now

    def email(self, dice: Random) -> None:
        dice.choice(self.people).email_notifications_enabled = dice.choice([True, True, False, None])

    def address(self, dice: Random) -> None:
        place = dice.randrange(PEOPLE)
        self.people[place].email = f"{dice.choice(['member', 'other'])}{place}.{self.number}@example.org"

    def account(self, dice: Random) -> None:
        dice.choice(self.people).deleted_at = dice.choice([None, None, self.now])

    def rename(self, dice: Random) -> None:
        dice.choice(self.people).nickname = f'Ünnamed {dice.randrange(100)}, "Esq"; Jr'
        dice.choice(self.groups).group_name = f"Group {dice.randrange(100)}"

    def status(self, dice: Random) -> None:
        statuses = ["active", "forming", "active", "cancelled", "merged", "completed"]
        dice.choice(self.groups).status = dice.choice(statuses)

    def erase(self, dice: Random) -> None:
        """The row of a group goes, and a new group takes its place."""
        place = dice.randrange(GROUPS)
        gone = self.groups[place].group_id
        self.members = [one for one in self.members if one.group_id != gone]
        self.meetings = [one for one in self.meetings if one.group_id != gone]
        self.groups[place] = self._group(f"Group {place}")
        self._series(self.groups[place], dice.randint(1, 50) * HOUR, dice.randint(1, 5))
        self._join(self.groups[place], dice.choice(self.people))

    def _group(self, name: str) -> Group:
        number = next(self._ids)
        self.known.append(number)
        return Group(number, name, self._cohort_id, str(900_000_000_000_000_000 + number))

    def _join(self, group: Group, person: Person, role: str = "participant") -> None:
        self.members.append(Membership(next(self._ids), group.group_id, person.user_id, self.now, role))

    def _meet(self, group: Group, at: datetime) -> None:
        self.meetings.append(MeetingRow(next(self._ids), group.group_id, at, self.now))

    def _series(self, group: Group, first: timedelta, number: int, every: timedelta = WEEK) -> None:
        for place in range(number):
            self._meet(group, self.now + first + place * every)

    def _of(self, group: Group) -> list[MeetingRow]:
        return [one for one in self.meetings if one.group_id == group.group_id]

    def _meeting(self, dice: Random) -> list[MeetingRow]:
        """One of all meetings, if there is any."""
        return dice.sample(self.meetings, min(1, len(self.meetings)))

    def _stay(self, dice: Random, *, active: bool) -> list[Membership]:
        """One of those who are in a group, or were, if there is any."""
        found = [one for one in self.members if (one.status == "active") is active]
        return dice.sample(found, min(1, len(found)))


Change = Callable[[History, Random], None]
_OFTEN: tuple[Change, ...] = (*(History.move, History.nudge, History.skip, History.add, History.join, History.leave),)
_SELDOM: tuple[Change, ...] = (
    *(History.run, History.fortnights, History.by_local_clock, History.link, History.length, History.season),
    *(History.shift, History.clear, History.clear_ahead, History.make_anew, History.revive, History.flicker),
    *(History.email, History.address, History.account, History.rename, History.status, History.erase),
)
