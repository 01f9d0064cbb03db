"""Random histories of groups, members and mail: after every sweep, each calendar shows exactly the meetings table.

Many live side by side on one platform, each in groups of its own, so that one sweep moves all of them: fifty to a
batch. One batch in each run of the suite, all forty in one that is not in a hurry (`-m slow`), always the same.
`NOTIFY_HISTORIES=other` runs as many others. A fault names its history; `NOTIFY_HISTORY=17` runs that one alone.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from random import Random
from zlib import crc32

import pytest

from notify_cli.sending import sweep
from tests.support.attendee import Shown
from tests.support.fakes.http import Request, Step
from tests.support.histories import History
from tests.support.lives import (
    ARRIVED,
    CALENDAR_TYPES,
    DOWN,
    LOST,
    REFUSED,
    TAKEN,
    Lives,
    Mail,
    Series,
    left_open,
    mail_of,
    stage,
)
from tests.support.mailboxes import Mailbox, expanded
from tests.support.platform import NOW
from tests.support.postgres import Server
from tests.support.tables import Tables
from tests.support.world import World

SEED = os.environ.get("NOTIFY_HISTORIES", "")
ALONE = os.environ.get("NOTIFY_HISTORY")
BATCH = 50
BATCHES = 40  # 2,000 histories
TURNS = 8
GAPS = [20, 20, 20, 60, 6 * 60, 24 * 60, 3 * 24 * 60, 8 * 24 * 60]  # minutes from one sweep to the next
STEPS: list[Step] = [TAKEN, TAKEN, REFUSED, DOWN, ARRIVED, LOST]
MOST_SWEEPS = 4  # that it takes until nothing is left to be sent
REDIRECT = "rehearsal@example.org"


@dataclass
class Told:
    """What the invites that were sent to somebody of one group come to."""

    newest: dict[str, Mail] = field(default_factory=dict)  # that may have arrived, of each series
    ever: set[datetime] = field(default_factory=set)  # all starts that any of them showed
    # for good, at an address while the meetings were these, and nothing arrived since
    refused: list[tuple[Mail, str, list[Shown]]] = field(default_factory=list)

    @property
    def starts(self) -> frozenset[datetime]:
        """The meetings that were in the calendar, if the newest invites arrived."""
        asked = [expanded(mail.ics) for mail in self.newest.values() if mail.method == "REQUEST"]
        return frozenset(start for shown in asked for start, _, _ in shown)


class Ledger:
    """What was sent to the people of a history, in earnest or to a redirect, and whether it is what they need."""

    def __init__(self, history: History, redirect: str = "") -> None:
        self.history = history
        self.redirect = redirect
        self.mails: list[Mail] = []
        self.mailboxes: dict[str, Mailbox] = defaultdict(Mailbox)
        self.members: dict[Series, Told] = defaultdict(Told)
        # What was left behind at an address that was given up, or that refuses the cancellation.
        self.strays: set[tuple[Series, str]] = set()
        self._identities: dict[object, str] = {}
        self._sequences: dict[tuple[str, str], int] = {}
        self._addresses: dict[int, str] = {}
        self._before: dict[Series, frozenset[datetime]] = {}
        self._ever: dict[Series, frozenset[datetime]] = {}

    def begin(self) -> None:
        """A turn begins: what is known now is what a calendar may show of the past."""
        self._before = {series: told.starts for series, told in self.members.items()}
        self._ever = {series: frozenset(told.ever) for series, told in self.members.items()}
        for person in self.history.people:
            before = self._addresses.get(person.user_id, person.email)
            if before != person.email:
                self.strays |= {(series, before) for series in self.members if series[1] == person.user_id}
            self._addresses[person.user_id] = person.email

    def read(self, sent: Iterable[Mail]) -> None:
        """Take what was sent, in the order of arrival."""
        for mail in sent:
            self.mails.append(mail)
            if mail.step in (TAKEN, ARRIVED):
                self.mailboxes[mail.to].receive(mail)
            told = self.members[mail.series]
            newest = told.newest.get(mail.uid)
            is_former = mail.method == "CANCEL" and newest is not None and newest.sequence > mail.sequence
            if mail.step is REFUSED:
                if not is_former:  # the present address has a newer version already
                    told.refused.append((mail, self._own_address(mail.series), self.history.shown(mail.series[0])))
                if mail.method == "CANCEL":
                    self.strays.add((mail.series, mail.to))
            if mail.may_have_arrived:
                self._count(mail, told)

    def _count(self, mail: Mail, told: Told) -> None:
        newest = told.newest.get(mail.uid)
        refused = sum(one.uid == mail.uid and one.step is REFUSED for one in self.mails)
        assert newest or (mail.method == "REQUEST" and mail.sequence <= refused), self._story(mail.series)
        if not (self.redirect and mail.method == "CANCEL"):  # one mailbox for the present address and former ones
            assert mail.sequence >= self._sequences.get((mail.uid, mail.to), 0), self._story(mail.series)
            self._sequences[mail.uid, mail.to] = mail.sequence
        if newest is None or mail.sequence >= newest.sequence:
            told.newest[mail.uid] = mail
        if mail.method == "REQUEST":
            told.ever |= {start for start, _, _ in expanded(mail.ics)}
        self.strays.discard((mail.series, mail.to))
        if mail.method == "CANCEL" and (self.redirect or mail.to != self._own_address(mail.series)):
            # At an address that was given up: its words may follow the meetings meanwhile, and what was refused at the
            # present one stays so.
            return
        told.refused = [refused for refused in told.refused if refused[0].uid != mail.uid]
        for identity in ((mail.uid, mail.sequence), mail.message_id):
            same = self._identities.setdefault(identity, mail.ics) == mail.ics
            assert same, f"a retry is identical to the byte: {self._story(mail.series)}"

    def compare(self) -> None:
        """Each calendar shows the meetings to come, all of them and no other, and no past one at a false time."""
        everyone = {(stay.group_id, stay.user_id) for stay in self.history.members}
        for series in sorted(everyone | self.members.keys()):
            if self.history.person(series[1]).is_reachable:
                self._compare(series)

    def _compare(self, series: Series) -> None:
        told, wanted, in_vain = self.members[series], self._wanted(series), self._in_vain(series)
        by_uid = self.mailboxes[self._address(series)].shown(series)
        shown = [row for uid, rows in by_uid.items() if uid not in in_vain for row in rows]
        ahead = sorted(filter(self._is_ahead, shown))
        due = set(filter(self._is_ahead, wanted))
        if not due and not ahead:
            return  # all is over, on either side
        if not told.newest and not any(row[0] > self.history.now for row in due):
            return  # nobody is invited to nothing but a meeting that has begun
        if not wanted:
            assert (series, self._address(series)) in self.strays, f"still shown {ahead} {self._story(series)}"
            return
        asked = [mail for mails in in_vain.values() for mail in mails if mail.method == "REQUEST"]
        refused = {row for mail in asked for row in expanded(mail.ics)}
        assert len(set(ahead)) == len(ahead), f"shown twice {ahead} {self._story(series)}"
        assert due - refused <= set(ahead) <= due, f"{due - set(ahead)}, {set(ahead) - due} {self._story(series)}"
        # What is over may go from a calendar, but is never in it at a false time as long as its series goes on, nor for
        # who joined late.
        known = self._ever.get(series, frozenset())
        true = {row for row in self.history.shown(series[0]) if self._is_ahead(row) or row[0] in known}
        for rows in by_uid.values():
            if not in_vain and any(map(self._is_ahead, rows)):
                assert set(rows) <= true, self._story(series)

    def end(self) -> None:
        """Nothing was sent that a calendar must ignore, but repetitions and what cancels a series that never came."""
        for mailbox in self.mailboxes.values():
            for line in mailbox.ignored:
                assert self._is_harmless(line), line

    def _is_harmless(self, line: str) -> bool:
        method, uid, version, reason = line.replace(":", "", 1).split(" ", 3)
        if reason == "not newer than what is held":
            told = [mail for mail in self.mails if (mail.uid, f"seq{mail.sequence}") == (uid, version)]
            is_former = bool(self.redirect) and method == "CANCEL"
            return is_former or sum(mail.may_have_arrived for mail in told) > 1
        return method == "CANCEL" and reason == "unknown UID"

    def _is_ahead(self, row: Shown) -> bool:
        return row[0] + row[1] > self.history.now

    def _wanted(self, series: Series) -> list[Shown]:
        """The meetings that belong into a calendar: all that are not over, and of the past ones those that it held."""
        if not self.history.belongs(*series):
            return []
        known = self._before.get(series, frozenset())
        return [row for row in self.history.shown(series[0]) if self._is_ahead(row) or row[0] in known]

    def _in_vain(self, series: Series) -> dict[str, list[Mail]]:
        """What a provider refused for good just as it would be sent now, by UID."""
        found: dict[str, list[Mail]] = defaultdict(list)
        for mail, address, plan in self.members[series].refused:
            same = mail.method == "CANCEL" or plan == self.history.shown(series[0])
            if same and address == self._own_address(series):
                found[mail.uid].append(mail)
        return found

    def _address(self, series: Series) -> str:
        """Where invites go."""
        return self.redirect or self._own_address(series)

    def _own_address(self, series: Series) -> str:
        return self.history.person(series[1]).email

    def _story(self, series: Series) -> str:
        told = [
            (mail.uid, mail.method, mail.sequence, mail.to, mail.step) for mail in self.mails if mail.series == series
        ]
        return f"history {self.history.number}, {series}: {told}\n{self.history.told}"


class Batch:
    """Histories side by side on one platform, which have the clock in common, and whether mail is redirected."""

    def __init__(self, world: World, numbers: Iterable[int], batch: int) -> None:
        self.world = Lives.afresh(world).world
        self.dice = Random(f"{SEED}/batch {batch}")  # noqa: S311
        self.now = NOW
        self.tables = Tables(world.connection)
        cohort = world.platform.cohort()
        ids = count(1)
        self.histories = [History(number, SEED, ids, cohort, self.now) for number in numbers]
        self.ledgers = {
            redirect: [Ledger(history, redirect) for history in self.histories] for redirect in ("", REDIRECT)
        }
        self.seen = 0
        self.steps: list[Step] = []

    def live(self) -> None:
        """All turns, the first and the last without a fault."""
        for turn in range(TURNS + 1):
            gap = timedelta(minutes=self.dice.choice(GAPS) if turn else 20)
            redirect = self.dice.choice(["", "", REDIRECT])
            for history in self.histories:
                if 0 < turn < TURNS:
                    history.happen(turn)
                history.now += gap
            self.tables.write(row for history in self.histories for row in history.rows())
            self.now += gap
            for ledger in self.ledgers[redirect]:
                ledger.begin()
            self.turn(turn, redirect)
        for ledgers in self.ledgers.values():
            for ledger in ledgers:
                ledger.end()

    def turn(self, turn: int, redirect: str) -> None:
        """Sweeps until one has nothing to do. Of the first requests some meet faults; where none does, all is right.

        An invite to a group carries one series; others, if there must be any, follow it in the next sweeps.
        """
        sent = [self.sweep(redirect, [self.faults(turn, history) for history in self.histories])]
        while any(sent[-1]):
            assert len(sent) <= MOST_SWEEPS, f"no end: {[mail.uid for mails in sent[-1] for mail in mails]}"
            sent.append(self.sweep(redirect))
        for place, ledger in enumerate(self.ledgers[redirect]):
            for mails in sent:
                ledger.read(mails[place])
            if all(mail.step is TAKEN for mail in sent[0][place]):
                ledger.compare()

    def faults(self, turn: int, history: History) -> list[Step]:
        """What some of the requests for a history meet, by its own dice; for most turns nothing."""
        dice = Random(f"{SEED}/{history.number}/{turn}/faults")  # noqa: S311 - a reproducible history, no secret
        if turn in (0, TURNS) or dice.random() < 0.6:
            return []
        return [dice.choice(STEPS) for _ in range(dice.randint(1, 8))]

    def sweep(self, redirect: str, faults: Sequence[Sequence[Step]] | None = None) -> list[list[Mail]]:
        """One sweep at this moment; returns the invites that it tried to send, of each history."""
        places = {group_id: place for place, history in enumerate(self.histories) for group_id in history.known}

        def decide(request: Request) -> Step:
            mail = mail_of(request)
            place = places[mail.series[0]]
            chosen = faults[place] if faults else ()
            # Not by the order of arrival, which is another each time.
            sent = f"{self.histories[place].place_of(*mail.series)} {mail.sequence}"
            self.steps.append(chosen[crc32(sent.encode()) % len(chosen)] if chosen else TAKEN)
            return self.steps[-1]

        # To send a few mails, opening 64 connections takes longer than to use 4.
        redirected = {"NOTIFY_REDIRECT_EMAIL": redirect} if redirect else {}
        settings = self.world.settings(NOTIFY_EMAIL_CONCURRENCY="4", **redirected)
        self.world.sendgrid.script(decide)
        with left_open(self.world.connection) as connection:
            sweep.sweep(lambda: connection, settings, now=self.now, types=CALENDAR_TYPES)
        assert not self.world.sendgrid.invalid
        requests = self.world.sendgrid.requests
        found: list[list[Mail]] = [[] for _ in self.histories]
        for request, step in zip(requests[self.seen :], self.steps[self.seen :], strict=True):
            mail = mail_of(request, step)
            found[places[mail.series[0]]].append(mail)
        self.seen = len(requests)
        return found


@pytest.fixture(scope="module")
def world(server: Server, ready_template: str) -> Iterator[World]:
    """One database for all batches."""
    with stage(server, ready_template) as opened:
        opened.connection.execute("update notify.installation set installed_at = '2020-01-01'")
        yield opened


@pytest.mark.timeout(0)
@pytest.mark.parametrize("batch", [0, *(pytest.param(number, marks=pytest.mark.slow) for number in range(1, BATCHES))])
def test_every_calendar_shows_exactly_the_meetings_table(world: World, batch: int) -> None:
    numbers = range(batch * BATCH, (batch + 1) * BATCH)
    Batch(world, [int(ALONE)] if ALONE else numbers, batch).live()
