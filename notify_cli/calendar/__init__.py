"""Calendar invites (iTIP, RFC 5546): one event series per member whose occurrences are exactly the group's meetings.

Clients need more than the standard asks: a name is always quoted (ical4j stumbles over a bare non-ASCII one), BYDAY is
left out where it says nothing (clients that shift the rule into the reader's zone forget to shift it), a CANCEL is in
UTC (Outlook has refused some that name a zone, nextcloud/server#12921).
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from notify_cli.calendar import zones
from notify_cli.calendar.recurrence import Occurrence, Recurrence, distinct, weekly
from notify_cli.model import Invite

if TYPE_CHECKING:
    from icalendar import Timezone, vRecur

_MAX_UID_DOMAIN = 190
_NO_LINES = frozenset({"sequence", "dtstamp", "description", "occurrences", "zones"})
_WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


@dataclass(frozen=True, slots=True)
class Series:
    """What one member's calendar holds of one group, in the version `sequence`.

    `dtstamp` is when this version was made: kept with it, so that a retry repeats it. `location` and `url` stand for
    the meetings without a link of their own. `zones` are IANA names of the clocks that its meetings may follow. Times
    are aware; they are held in UTC and whole seconds, the occurrences in the order of time and each once, texts without
    control characters and (`description` apart) on one line.
    """

    uid: str
    sequence: int
    dtstamp: datetime
    organizer_email: str
    organizer_name: str
    attendee_email: str
    attendee_name: str
    title: str
    description: str
    location: str
    url: str
    occurrences: tuple[Occurrence, ...]
    zones: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.dtstamp.tzinfo is None:
            raise ValueError(f"a series' dtstamp has no time zone: {self.dtstamp.isoformat()}")
        object.__setattr__(self, "dtstamp", self.dtstamp.astimezone(UTC).replace(microsecond=0))
        object.__setattr__(self, "occurrences", distinct(self.occurrences))
        for name in Series.__dataclass_fields__.keys() - _NO_LINES:
            object.__setattr__(self, name, _one_line(getattr(self, name)))
        object.__setattr__(self, "description", _clean(self.description))


def uid(group_id: int, user_id: int, domain: str, series: int = 0, *, rehearsal: bool = False) -> str:
    """The series' identity for its whole life, at most 255 octets (RFC 5545 3.8.4.7).

    `domain` makes it unique in the world; one that is no plain host name is replaced by its hash. `series` counts those
    that one member has of one group, from 0. That of a rehearsal is another: in a calendar that has both, neither
    changes the other.
    """
    host = domain.lower()
    if len(host) > _MAX_UID_DOMAIN or not re.fullmatch(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?", host):
        host = hashlib.sha256(domain.encode("utf-8", "replace")).hexdigest()[:32]
    mark = f"{f'-{series + 1}' if series else ''}{'-rehearsal' if rehearsal else ''}"
    return f"group-{group_id}-user-{user_id}{mark}@{host}"


def request(series: Series) -> Invite:
    """The whole series as an invitation or an update of it (RFC 5546 3.2.2); ValueError if it has no occurrence."""
    rule = _rule(series)
    events = [_asked(series, rule.join_url) | _recurrence(rule)]
    for slot, one in rule.overrides:
        slots = {"RECURRENCE-ID": _local(slot, rule)}
        events.append(_asked(series, one.join_url) | _times(one.starts_at, one.duration, rule) | slots)
    return _invite("REQUEST", events, rule)


def cancel(series: Series, *, leaving: bool) -> Invite:
    """Take the whole series out of the member's calendar; its `sequence` must be above that of the last request.

    `leaving` is for a series that goes on without this member: no STATUS then (RFC 5546 3.2.5).
    """
    status = {} if leaving else {"STATUS": "CANCELLED"}
    rule = weekly(series.occurrences)
    return _invite("CANCEL", [_event(series) | _recurrence(rule) | status], rule)


def expand(series: Series) -> tuple[Occurrence, ...]:
    """The meetings that a calendar shows after `request(series)`, computed from the rule that is sent."""
    return _rule(series).expand() if series.occurrences else ()


def _rule(series: Series) -> Recurrence:
    """What is to come when this version is made decides the rule, not what has been."""
    return weekly(series.occurrences, now=series.dtstamp, names=series.zones)


def _invite(method: str, events: list[dict[str, Any]], rule: Recurrence) -> Invite:
    # Imported here: every run loads this module, few write an invite.
    from icalendar import Calendar, Event

    calendar = Calendar(VERSION="2.0", PRODID="-//notify//notify-cli//EN", CALSCALE="GREGORIAN", METHOD=method)
    if rule.grid.zone != zones.UTC_NAME:
        calendar.add_component(_timezone(rule))
    for properties in events:
        event = Event()
        for name, value in properties.items():
            for one in value if isinstance(value, tuple) else (value,):
                event.add(name, one)
        calendar.add_component(event)
    return Invite(method, calendar.to_ical().decode())


def _timezone(rule: Recurrence) -> Timezone:
    """The clocks of a rule's zone, from the year before its first meeting on (RFC 5545 3.6.5)."""
    from icalendar import Timezone, TimezoneDaylight, TimezoneStandard

    described = Timezone(TZID=rule.grid.zone)
    for half in zones.observances(rule.grid.zone, rule.first.year - 1):
        kind = TimezoneDaylight() if half.daylight else TimezoneStandard()
        kind.add("DTSTART", half.start)
        kind.add("TZNAME", half.name)
        kind.add("TZOFFSETFROM", half.offset_from)
        kind.add("TZOFFSETTO", half.offset_to)
        if half.day:
            kind.add("RRULE", {"FREQ": "YEARLY", "BYMONTH": half.month, "BYDAY": half.day})
        described.add_component(kind)
    return described


def _asked(series: Series, join_url: str | None) -> dict[str, Any]:
    own_link = _one_line(join_url or "")
    texts = {
        "DESCRIPTION": series.description,
        "LOCATION": own_link or series.location,
        "URL": _uri(own_link) or _uri(series.url),
    }
    event = _event(series, PARTSTAT="NEEDS-ACTION", RSVP="TRUE") | {"STATUS": "CONFIRMED"}
    return event | {name: text for name, text in texts.items() if text}


def _event(series: Series, **answer: str) -> dict[str, Any]:
    role = {"CUTYPE": "INDIVIDUAL", "ROLE": "REQ-PARTICIPANT"}
    return {
        "UID": series.uid,
        "SEQUENCE": series.sequence,
        "DTSTAMP": series.dtstamp,
        "SUMMARY": series.title,
        "ORGANIZER": _person(series.organizer_email, series.organizer_name, {}),
        "ATTENDEE": _person(series.attendee_email, series.attendee_name, role | answer),
    }


def _recurrence(rule: Recurrence) -> dict[str, Any]:
    times = _times(rule.first, rule.duration, rule)
    if rule.count == 1:
        return times
    every = {"INTERVAL": rule.grid.interval} if rule.grid.interval > 1 else {}
    days = {"BYDAY": [_WEEKDAYS[day] for day in rule.grid.weekdays]} if len(rule.grid.weekdays) > 1 else {}
    # COUNT, not UNTIL: readers differ on an override that was moved beyond UNTIL.
    repeats = {"FREQ": "WEEKLY"} | every | {"COUNT": rule.count} | days
    return times | {"RRULE": _parts(repeats), "EXDATE": tuple(_local(gap, rule) for gap in rule.gaps)}


def _parts(repeats: dict[str, Any]) -> vRecur:
    """The parts of an RRULE in the order in which people write them, and clients with simple parsers read them."""
    from icalendar import vRecur

    rule = vRecur(repeats)
    rule.canonical_order = tuple(repeats)  # type: ignore[assignment]  # its type is the default itself
    return rule


def _times(start: datetime, duration: timedelta, rule: Recurrence) -> dict[str, Any]:
    # DTEND must be later than DTSTART; without it the event takes no time.
    times = {"DTSTART": _local(start, rule)}
    return times | {"DTEND": _local(start + duration, rule)} if duration else times


def _local(at: datetime, rule: Recurrence) -> datetime:
    """A time as it is written: by the clock of the rule's zone."""
    return at.astimezone(zones.zone(rule.grid.zone))


def _person(email: str, name: str, parameters: dict[str, str]) -> str:
    from icalendar import vCalAddress

    address = quote(re.sub(r"\s", "", email), safe="@!$&'*+=/-._~")
    person = vCalAddress(f"mailto:{address}", params=parameters | ({"CN": name} if name else {}))
    # The library quotes a CN that has one of these characters: all of its own, so always.
    person.params.quote_also = {"CN": name}
    return person


def _uri(value: str) -> str:
    """The value as a URI in ASCII, or nothing if it is none."""
    return quote(value, safe="!#$%&'()*+,/:;=?@[]~") if re.match(r"[A-Za-z][A-Za-z0-9+.-]*:\S", value) else ""


def _clean(value: str) -> str:
    """Without the control characters and lone surrogates that no iCalendar stream may hold; line ends are `\\n`."""
    lines = re.sub(r"\r\n?|[\x85\u2028\u2029]", "\n", value)
    return re.sub(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]", "", lines)


def _one_line(value: str) -> str:
    return re.sub(r"[\t\n]+", " ", _clean(value)).strip()
