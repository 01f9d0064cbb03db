"""The shipped emails as their readers' programs take them in: no defect, no point of a spam filter, no lump of HTML."""

from __future__ import annotations

import email
import re
import shutil
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from email import policy

import pytest

from bench.pictures import SETTINGS
from notify_cli import messages, preview
from notify_cli.channels import outbox
from notify_cli.model import Email
from notify_cli.preview import sample
from notify_cli.preview.target import SAMPLE

PRODUCTION = replace(SETTINGS, from_email="course@example.org")
LARGEST = 30_000  # bytes of HTML


def shipped() -> dict[str, Email]:
    catalog = messages.load(messages.packaged_path())
    made = {}
    for name in catalog.sections:
        tables = sample.tables(datetime.now(UTC), PRODUCTION, name)
        given = {"subject": "No meetings next week", "text": "Enjoy the break!\n\nWe meet again in two weeks."}
        own = given if name == "announcement" else None
        found = preview.make(catalog, name, tables, SAMPLE, PRODUCTION, given=own).email
        if found:
            made[name] = found
    return made


MAILS = shipped()


@pytest.mark.parametrize("name", MAILS)
def test_a_mail_program_finds_no_defect(name: str) -> None:
    raw = outbox.eml(MAILS[name], PRODUCTION, datetime.now(UTC))
    parsed = email.message_from_bytes(raw, policy=policy.default)
    assert [defect for part in parsed.walk() for defect in part.defects] == []
    assert all(len(line) <= 998 for line in raw.split(b"\r\n"))
    html = parsed.get_body(("html",))
    assert html is not None
    assert len(html.get_content().encode()) < LARGEST
    text = parsed.get_body(("plain",))
    assert text is not None
    assert text.get_content().replace("\r\n", "\n") == MAILS[name].text
    assert html.get_content().replace("\r\n", "\n") == MAILS[name].html


@pytest.fixture(scope="module")
def reports() -> dict[str, bytes]:
    """Each mail with SpamAssassin's report in it. All at once: its rules take seconds to read."""
    program = shutil.which("spamassassin")
    if program is None:
        pytest.skip("there is no SpamAssassin")
    now = datetime.now(UTC)
    raw = [outbox.eml(mail, PRODUCTION, now).replace(b"\r\n", b"\n") for mail in MAILS.values()]
    # -L: local tests only, nothing is asked in the network; -t: always with a report.
    box = b"".join(b"From - Thu Jan  1 00:00:00 2026\n" + one + b"\n" for one in raw)
    done = subprocess.run([program, "-L", "-t", "--mbox"], input=box, capture_output=True, timeout=500, check=False)
    found = re.split(rb"^From - .*\n", done.stdout, flags=re.MULTILINE)[1:]
    assert len(found) == len(MAILS), done.stderr[-500:]
    return dict(zip(MAILS, found, strict=True))


@pytest.mark.parametrize("name", MAILS)
def test_a_spam_filter_finds_nothing(reports: dict[str, bytes], name: str) -> None:
    found = re.search(rb"^X-Spam-Status: \w+, score=(-?[\d.]+)", reports[name], re.MULTILINE)
    assert found, reports[name][-500:]
    assert float(found[1]) <= 0, reports[name][-1500:].decode()
