"""What the invites to one person come to: the newest version of each series in each mailbox, and what it shows."""

from __future__ import annotations

import re
from functools import lru_cache

from notify_cli.model import Invite
from tests.support.attendee import AttendeeCalendar, Shown
from tests.support.lives import Mail, Series

# Lines in which the invites of the members of a group differ, though they show the same.
_OWN = re.compile(r"^(?:UID|SEQUENCE|DTSTAMP|SUMMARY|DESCRIPTION|ORGANIZER|ATTENDEE|URL)\b.*\r\n", re.MULTILINE)
_HEAD = "UID:same\r\nSEQUENCE:0\r\nDTSTAMP:20260101T000000Z\r\nATTENDEE:mailto:reader@example.org\r\n"


class Mailbox:
    """An attendee whose invites all tell of a whole series (RFC 5546 2.1.5, 3.2.2, 3.2.5): the newer version wins.

    `ignored` tells of each message that changed nothing, and why.
    """

    def __init__(self) -> None:
        self.ignored: list[str] = []
        self._newest: dict[str, Mail] = {}

    def receive(self, mail: Mail) -> None:
        """Apply one message."""
        held = self._newest.get(mail.uid)
        reason = ""
        if mail.method == "CANCEL" and (held is None or held.method == "CANCEL"):
            reason = "unknown UID"
        elif held is not None and held.version >= mail.version:
            reason = "not newer than what is held"
        if reason:
            self.ignored.append(f"{mail.method} {mail.uid} seq{mail.sequence}: {reason}")
        else:
            self._newest[mail.uid] = mail

    def shown(self, series: Series) -> dict[str, tuple[Shown, ...]]:
        """What it shows of one member's meetings of one group, by UID."""
        mine = [mail for mail in self._newest.values() if mail.series == series]
        return {mail.uid: expanded(mail.ics) for mail in mine if mail.method == "REQUEST"}


def expanded(ics: str) -> tuple[Shown, ...]:
    """The meetings of a whole series as an attendee's calendar shows them, in the order of time."""
    bare = _OWN.sub("", ics.replace("\r\n ", ""))
    return _expanded(bare)


@lru_cache(maxsize=4096)  # expanding a series takes longer than sending it
def _expanded(bare: str) -> tuple[Shown, ...]:
    calendar = AttendeeCalendar("reader@example.org")
    calendar.receive(Invite("REQUEST", bare.replace("BEGIN:VEVENT\r\n", f"BEGIN:VEVENT\r\n{_HEAD}")))
    assert not calendar.ignored
    return tuple(calendar.shown())
