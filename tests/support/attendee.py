"""A member's calendar as RFC 5546 describes an attendee's: it applies REQUEST and CANCEL, and shows the meetings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import recurring_ical_events
from icalendar import Calendar, Event

from notify_cli.model import Invite

Version = tuple[int, datetime]
Shown = tuple[datetime, timedelta, str]

WHOLE_SERIES = None


@dataclass
class AttendeeCalendar:
    """The calendar of the person with this address. `ignored` tells why a message was not applied, oldest first."""

    address: str
    ignored: list[str] = field(default_factory=list)
    _components: dict[str, dict[datetime | None, Event]] = field(default_factory=dict)
    _versions: dict[tuple[str, datetime | None], Version] = field(default_factory=dict)

    def receive(self, invite: Invite) -> None:
        """Apply one iTIP message; METHOD in the body decides, and must be the one the envelope tells."""
        calendar = Calendar.from_ical(invite.ics)
        method = str(calendar["METHOD"])
        assert method == invite.method
        # The master goes first: it replaces the series, and the overrides that come with it belong to the new one.
        for event in sorted(calendar.events, key=lambda one: "RECURRENCE-ID" in one):
            refusal = self._request(event) if method == "REQUEST" else self._cancel(event)
            if refusal:
                self.ignored.append(f"{method} {event['UID']} seq{event['SEQUENCE']}: {refusal}")

    @property
    def uids(self) -> set[str]:
        """The series that are in the calendar."""
        return {uid for uid, components in self._components.items() if components}

    def shown(self, uid: str | None = None) -> list[Shown]:
        """Start, length and place of every meeting of one series or of all, in the order of time."""
        return sorted(meeting for one in self.uids if uid in (None, one) for meeting in self._expand(one))

    def _request(self, event: Event) -> str | None:
        uid, slot = str(event["UID"]), _slot(event)
        if self.address not in _attendees(event):
            return "names somebody else"
        if not self._is_newer(event):
            return "not newer than what is held"
        if slot is WHOLE_SERIES:
            self._components[uid] = {}
            self._versions = {key: version for key, version in self._versions.items() if key[0] != uid}
        self._components.setdefault(uid, {})[slot] = event
        self._versions[uid, slot] = _version(event)
        return None

    def _cancel(self, event: Event) -> str | None:
        uid, slot = str(event["UID"]), _slot(event)
        if self.address not in _attendees(event):
            return "names somebody else"
        if uid not in self.uids:
            return "unknown UID"
        if not self._is_newer(event):
            return "not newer than what is held"
        if slot is WHOLE_SERIES:
            # The version stays: a request that arrives late must not bring the series back (RFC 5546 2.1.5).
            self._components[uid] = {}
        else:
            self._components[uid].pop(slot, None)
            self._components[uid][WHOLE_SERIES].add("EXDATE", slot)
        self._versions[uid, slot] = _version(event)
        return None

    def _is_newer(self, event: Event) -> bool:
        """By SEQUENCE, then DTSTAMP; an instance never held on its own is as old as its series (RFC 5546 2.1.5)."""
        uid, slot = str(event["UID"]), _slot(event)
        held = self._versions.get((uid, slot))
        if held is None and slot is not WHOLE_SERIES:
            series = self._versions.get((uid, WHOLE_SERIES))
            return series is None or _version(event) >= series
        return held is None or _version(event) > held

    def _expand(self, uid: str) -> Iterator[Shown]:
        calendar = Calendar()
        for component in self._components[uid].values():
            calendar.add_component(component)
        for event in recurring_ical_events.of(calendar).all():
            yield event.start, event.end - event.start, str(event.get("LOCATION", ""))


def _slot(event: Event) -> datetime | None:
    return _time(event, "RECURRENCE-ID") if "RECURRENCE-ID" in event else WHOLE_SERIES


def _version(event: Event) -> Version:
    return int(event.decoded("SEQUENCE")), _time(event, "DTSTAMP")


def _time(event: Event, name: str) -> datetime:
    time = event.decoded(name)
    assert isinstance(time, datetime)
    return time


def _attendees(event: Event) -> list[str]:
    found = event.get("ATTENDEE", [])
    return [str(one).removeprefix("mailto:") for one in (found if isinstance(found, list) else [found])]
