"""A storm over a course: real sweeps that are killed, raced and cut off from their database, and what came of it.

Every run carries a mark of its own in its requests, so that the providers' records tell which run sent what.
"""

from __future__ import annotations

import random
import re
import signal
import subprocess
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

from notify_cli import db, due
from notify_cli.delivery import Delivery
from notify_cli.model import fingerprint
from notify_cli.sending import sweep
from tests.support import process
from tests.support.fakes.http import Request
from tests.support.world import World

LATENCY = 0.02  # seconds a provider takes to answer: long enough to be killed meanwhile
LAST = "run999999"
IN_TIME = 3.0  # seconds within which a run that lives has recorded an outcome, on a busy machine too


@dataclass
class Run:
    """One sweep. It is killed as its request number `kill_at` arrives, or `kill_after` seconds after its start."""

    mark: str
    process: subprocess.Popen[str]
    kill_at: int | None = None
    requests: int = 0
    killed_at: float | None = None

    def kill(self) -> None:
        """As an out-of-memory killer or a power cut does."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.killed_at = self.killed_at or time.time()


@dataclass(frozen=True)
class Accepted:
    """A message that a provider took: when, from which run, and the fingerprint of its notification key."""

    at: float
    mark: str
    identity: str


@dataclass
class Storm:
    """Sweeps over `world`. `url` is the database as they reach it, `on_request` is told of every request."""

    world: World
    seed: int
    url: str | None = None
    settings: dict[str, str] = field(default_factory=dict)
    on_request: Callable[[int], None] = lambda count: None
    runs: dict[str, Run] = field(default_factory=dict)
    requests: int = 0
    expected: dict[str, Delivery] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)  # noqa: S311 - a storm, no secret
        for provider in (self.world.sendgrid, self.world.discord):
            provider.latency = LATENCY
            provider.script(self._note)

    def populate(self, people: int) -> None:
        """Groups of five that meet tomorrow; every eighth person is new and gets a welcome by email and DM."""
        platform = self.world.platform
        everyone = platform.people(*(f"member{number}" for number in range(people)))
        for number in range(0, people, 5):
            group = platform.group(f"Group {number}", members=everyone[number : number + 5])
            self.world.meeting_in(group, hours=23)
        for person in everyone[::8]:
            platform.enrolment(person, at=self.world.now - timedelta(hours=1))
        found = due.find(self.world.connection, due.Window(), due.Policy())
        self.expected = {fingerprint(c.delivery.notification_key): c.delivery for c in found}

    def start(self, *, kill_at: int | None = None, kill_after: float | None = None) -> Run:
        """One more sweep."""
        mark = f"run{len(self.runs)}"
        environment = self.world.environment(
            REPLY_TO=f"{mark}@example.org",
            FRONTEND_URL=f"https://courses.example.org/{mark}",
            NOTIFY_EMAIL_CONCURRENCY="6",
            **({"DATABASE_URL": self.url} if self.url else {}),
            **self.settings,
        )
        started = process.start(environment, "sweep-due", "--json")
        run = self.runs[mark] = Run(mark, started, kill_at)
        if kill_after is not None:
            timer = threading.Timer(kill_after, run.kill)
            timer.daemon = True
            timer.start()
        return run

    def finish(self, *runs: Run) -> list[subprocess.CompletedProcess[str]]:
        """Wait for these runs; then nobody holds a lease any more, as if minutes had passed."""
        done = [process.finish(run.process) for run in runs]
        self.world.forget_waiting()
        return done

    def until_quiet(self) -> None:
        """Sweep until nothing is due."""
        connect = partial(db.connect, self.url or self.world.url)
        settings = self.world.settings(
            REPLY_TO=f"{LAST}@example.org", FRONTEND_URL=f"https://courses.example.org/{LAST}", **self.settings
        )
        for _ in range(5):
            summary = sweep.sweep(connect, settings)
            assert summary.exit_code == 0, summary.faults
            if summary.due == 0:
                return
            self.world.forget_waiting()
        raise AssertionError("something stays due for ever")

    def accepted(self) -> list[Accepted]:
        """What the providers took, a Discord message that they merged counted as often as it was sent."""
        found = [
            Accepted(request.at, _mark(request), request.json["headers"]["Message-ID"][1:25])
            for request in self.world.sendgrid.requests
        ]
        posts = (request for request in self.world.discord.requests if request.path.endswith("/messages"))
        return found + [Accepted(request.at, _mark(request), request.json["nonce"]) for request in posts]

    def verify(self) -> int:
        """Hold what arrived against what was due; returns how many messages went out more than once."""
        world, story = self.world, f"(seed {self.seed})"
        assert not world.sendgrid.invalid
        assert not world.discord.invalid
        copies: dict[str, list[Accepted]] = defaultdict(list)
        for one in sorted(self.accepted(), key=lambda one: one.at):
            copies[one.identity].append(one)
        assert set(copies) == set(self.expected), f"everyone got every message, and nothing else {story}"
        rows = {row["notification_key"]: row for row in world.log()}
        assert {row["status"] for row in rows.values()} == {"delivered"}, story
        assert len(rows) == len(self.expected)
        assert len(world.discord.messages) == len({message["nonce"] for message in world.discord.messages})
        for identity, sent in copies.items():
            row = rows[self.expected[identity].notification_key]
            assert row["attempts"] >= len(sent), f"no request without a claim {story}"
            for one in sent[:-1]:
                killed_at = self.runs[one.mark].killed_at if one.mark in self.runs else None
                assert killed_at is not None, f"{row['notification_key']} was sent again after {one.mark} {story}"
                assert killed_at - one.at < IN_TIME, f"{one.mark} had the time to record it {story}"
        return sum(len(sent) > 1 for sent in copies.values())

    def _note(self, request: Request) -> None:
        run = self.runs.get(_mark(request))
        self.requests += 1
        if run is not None:
            run.requests += 1
            if run.requests == run.kill_at:
                run.kill()
        self.on_request(self.requests)


def _mark(request: Request) -> str:
    found = re.search(r"run\d+", request.headers.get("user-agent", ""))
    return found[0] if found else str(request.json["reply_to"]["email"]).partition("@")[0]
