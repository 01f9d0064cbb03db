"""Email by SMTP: a real sweep against a server on loopback, and against smtplib one at a time, a connection each."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import timedelta

from bench import fill
from bench.figure import Figure
from bench.stage import LATENCY, Broken, Stage, environment, run, sweep
from notify_cli import db
from tests.support.fakes.smtp import FakeSmtp

_ONE_BY_ONE = """
import smtplib, sys, time
from email.message import EmailMessage
text, started = "You meet tomorrow.\\n" * 20, time.perf_counter()
for number in range(int(sys.argv[2])):
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "course@example.org", f"person{number}@example.org", "Reminder"
    mail.set_content(text)
    with smtplib.SMTP("127.0.0.1", int(sys.argv[1])) as server:
        server.send_message(mail)
print((time.perf_counter() - started) / int(sys.argv[2]))
"""


def measure(stage: Stage, *, quick: bool) -> Iterator[Figure]:
    """Throughput as a multiple of smtplib's, one after the other, alternating."""
    rounds, emails = (1, 500) if quick else (3, 2000)
    pairs = []
    for _ in range(rounds):
        with FakeSmtp(latency=LATENCY) as server:
            alone = float(run([sys.executable, "-c", _ONE_BY_ONE, str(server.port), "20"], environment("")).output)
        groups = emails // fill.MEMBERS
        with stage.database() as url, FakeSmtp(latency=LATENCY) as server:
            with db.connect(url) as connection:
                fill.crowd(connection, groups, channels=False)
                fill.meet(connection, groups, within=timedelta(minutes=50))
            done = sweep(environment(url, NOTIFY_EMAIL_URL=server.url), "--json")
        if done.json["by_method"]["email"] != emails:
            raise Broken(f"not every email went out: {done.output}")
        pairs.append((alone, done.json["seconds"] / emails))
    ratios = sorted(one / ours for one, ours in pairs)
    how = f"{1 / pairs[0][1]:.0f}/s in a sweep of {emails:,}, smtplib {1 / pairs[0][0]:.1f}/s; {LATENCY * 1000:.0f} ms"
    yield Figure("email over SMTP, sweep : smtplib", ratios[len(ratios) // 2], "x", 15.0, detail=how)
