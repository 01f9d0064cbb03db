"""Email: a real sweep, from the due rows to the recorded outcomes, against the provider's SDK sending one by one."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from bench import fill
from bench.figure import Figure
from bench.stage import LATENCY, Broken, Run, Stage, environment, provider, run, sweep
from notify_cli import db

_SDK = """
import sys, time
from sendgrid import SendGridAPIClient
from sendgrid.helpers.mail import Mail
client = SendGridAPIClient("SG.test-key", host=sys.argv[1])
text, started = "You meet tomorrow.\\n" * 20, time.perf_counter()
for number in range(int(sys.argv[2])):
    mail = Mail("course@example.org", f"person{number}@example.org", "Reminder", text, "<p>" + text + "</p>")
    assert client.send(mail).status_code == 202
print((time.perf_counter() - started) / int(sys.argv[2]))
"""


def measure(stage: Stage, *, quick: bool) -> Iterator[Figure]:
    """Throughput as a multiple of the SDK's, over HTTP and TLS, alternating; CPU per 1,000 emails."""
    rounds, emails = (1, 1000) if quick else (3, 3000)
    for scheme, target in (("HTTP", 30.0), ("TLS", 35.0)):
        with tempfile.TemporaryDirectory() as folder:
            tls = Path(folder) if scheme == "TLS" else None
            pairs = [(_one_by_one(tls, 40), _sweep(stage, tls, emails)) for _ in range(rounds)]
        ratios = sorted(seconds * emails / done.json["seconds"] for seconds, done in pairs)
        rates = sorted(emails / done.json["seconds"] for _, done in pairs)
        cpu = sorted(done.cpu / emails * 1000 for _, done in pairs)
        middle = rounds // 2
        sdk = sorted(1 / seconds for seconds, _ in pairs)[middle]
        how = f"{rates[middle]:.0f}/s in a sweep of {emails:,}, SDK {sdk:.1f}/s; latency {LATENCY * 1000:.0f} ms"
        yield Figure(f"email over {scheme}, sweep : SDK", ratios[middle], "x", target, detail=how)
        yield Figure(f"email over {scheme}, CPU per 1,000", cpu[middle], "s", detail="user + system, whole process")


def _one_by_one(tls: Path | None, emails: int) -> float:
    """Seconds per email."""
    with provider("sendgrid", tls=tls) as url:
        return float(run([sys.executable, "-c", _SDK, url, str(emails)], environment("", tls=tls)).output)


def _sweep(stage: Stage, tls: Path | None, emails: int) -> Run:
    groups = emails // fill.MEMBERS
    with stage.database() as url, provider("sendgrid", tls=tls) as mail:
        with db.connect(url) as connection:
            fill.crowd(connection, groups, channels=False)
            fill.meet(connection, groups, within=timedelta(minutes=50))
        done = sweep(environment(url, mail=mail, tls=tls), "--json")
    if done.json["by_method"]["email"] != emails:
        raise Broken(f"not every email went out: {done.output}")
    return done
