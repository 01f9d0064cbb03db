"""Calendar invites (iTIP, RFC 5546): one event series per member whose occurrences are exactly the group's meetings.

Clients need more than the standard asks: a name is always quoted (ical4j stumbles over a bare non-ASCII one), BYDAY is
left out (clients that shift the rule into the reader's zone forget to shift it).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from notify_cli.calendar.recurrence import Occurrence, Recurrence, distinct, weekly
from notify_cli.model import Invite

_MAX_UID_DOMAIN = 190


@dataclass(frozen=True, slots=True)
class Series:
    """What one member's calendar holds of one group, in the version `sequence`.

    `dtstamp` is when this version was made: kept with it, so that a retry repeats it. `location` and `url` stand for
    the meetings without a link of their own. Times are aware; they are held in UTC and whole seconds, the occurrences
    in the order of time and each once, texts without control characters and (`description` apart) on one line.
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

    def __post_init__(self) -> None:
        if self.dtstamp.tzinfo is None:
            raise ValueError(f"a series' dtstamp has no time zone: {self.dtstamp.isoformat()}")
        object.__setattr__(self, "dtstamp", self.dtstamp.astimezone(UTC).replace(microsecond=0))
        object.__setattr__(self, "occurrences", distinct(self.occurrences))
        for name in Series.__dataclass_fields__.keys() - {"sequence", "dtstamp", "description", "occurrences"}:
            object.__setattr__(self, name, _one_line(getattr(self, name)))
        object.__setattr__(self, "description", _clean(self.description))


def uid(group_id: int, user_id: int, domain: str, *, rehearsal: bool = False) -> str:
    """The series' identity for its whole life, at most 255 octets (RFC 5545 3.8.4.7).

    `domain` makes it unique in the world; one that is no plain host name is replaced by its hash. That of a rehearsal
    is another: in a calendar that has both, neither changes the other.
    """
    host = domain.lower()
    if len(host) > _MAX_UID_DOMAIN or not re.fullmatch(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?", host):
        host = hashlib.sha256(domain.encode("utf-8", "replace")).hexdigest()[:32]
    return f"group-{group_id}-user-{user_id}{'-rehearsal' if rehearsal else ''}@{host}"


def request(series: Series) -> Invite:
    """The whole series as an invitation or an update of it (RFC 5546 3.2.2); ValueError if it has no occurrence."""
    rule = weekly(series.occurrences)
    events = [_asked(series, rule.join_url) | _recurrence(rule)]
    for slot, one in rule.overrides:
        events.append(_asked(series, one.join_url) | _times(one.starts_at, one.duration) | {"RECURRENCE-ID": slot})
    return _invite("REQUEST", events)


def cancel(series: Series, *, leaving: bool) -> Invite:
    """Take the whole series out of the member's calendar; its `sequence` must be above that of the last request.

    `leaving` is for a series that goes on without this member: no STATUS then (RFC 5546 3.2.5).
    """
    status = {} if leaving else {"STATUS": "CANCELLED"}
    return _invite("CANCEL", [_event(series) | _recurrence(weekly(series.occurrences)) | status])


def expand(series: Series) -> tuple[Occurrence, ...]:
    """The meetings that a calendar shows after `request(series)`, computed from the rule that is sent."""
    return weekly(series.occurrences).expand() if series.occurrences else ()


def differs(held: Series, occurrences: Iterable[Occurrence]) -> bool:
    """Whether a calendar that holds this series shows other meetings than these: another start, length or link."""
    return set(held.occurrences) != set(occurrences)


def wanted(held: Series | None, meetings: Iterable[Occurrence], now: datetime) -> tuple[Occurrence, ...]:
    """The meetings that belong into a member's calendar: all to come, and of the past ones those it holds.

    So a late joiner gets what is left, a meeting that merely passes changes nothing, and one that is deleted or moved
    goes from the calendar even when its time has passed. `held` is None for who holds no series.
    """
    known = {one.starts_at for one in held.occurrences} if held else set()
    return distinct(one for one in meetings if one.starts_at > now or one.starts_at in known)


def to_context(series: Series) -> dict[str, Any]:
    """The series in plain JSON types: all that the same invite, a comparison and the next version need."""
    plain: dict[str, Any] = {name: getattr(series, name) for name in Series.__dataclass_fields__}
    occurrences = [
        {"starts_at": one.starts_at.isoformat(), "seconds": int(one.duration.total_seconds()), "join_url": one.join_url}
        for one in series.occurrences
    ]
    return plain | {"dtstamp": series.dtstamp.isoformat(), "occurrences": occurrences}


def from_context(context: dict[str, Any]) -> Series:
    """The inverse of `to_context`; what else the mapping holds is ignored. ValueError if it is no series."""
    try:
        plain: dict[str, Any] = {name: context[name] for name in Series.__dataclass_fields__}
        plain["dtstamp"] = datetime.fromisoformat(plain["dtstamp"])
        plain["occurrences"] = tuple(
            Occurrence(datetime.fromisoformat(one["starts_at"]), timedelta(seconds=one["seconds"]), one["join_url"])
            for one in plain["occurrences"]
        )
        return Series(**plain)
    except (KeyError, TypeError) as error:
        raise ValueError(f"not a calendar series: {error!r}") from error


def _invite(method: str, events: list[dict[str, Any]]) -> Invite:
    # Imported here: every run loads this module, few write an invite.
    from icalendar import Calendar, Event

    calendar = Calendar(VERSION="2.0", PRODID="-//notify//notify-cli//EN", CALSCALE="GREGORIAN", METHOD=method)
    for properties in events:
        event = Event()
        for name, value in properties.items():
            for one in value if isinstance(value, tuple) else (value,):
                event.add(name, one)
        calendar.add_component(event)
    return Invite(method, calendar.to_ical().decode())


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
    times = _times(rule.first, rule.duration)
    # COUNT, not UNTIL: readers differ on an override that was moved beyond UNTIL.
    repeats = {"RRULE": {"FREQ": "WEEKLY", "COUNT": rule.count}, "EXDATE": rule.gaps}
    return times | repeats if rule.count > 1 else times


def _times(start: datetime, duration: timedelta) -> dict[str, Any]:
    # DTEND must be later than DTSTART; without it the event takes no time.
    return {"DTSTART": start, "DTEND": start + duration} if duration else {"DTSTART": start}


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
