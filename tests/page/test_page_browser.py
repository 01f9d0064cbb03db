"""The page and the outbox's index in a real browser: on a phone and a desktop, light and dark."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path

import pytest

from notify_cli import db
from notify_cli.channels import outbox_index
from notify_cli.config import Settings
from notify_cli.page import gather, html
from tests.support.browser import look
from tests.support.world import World, with_outbox


@pytest.fixture
def pages(world: World, tmp_path: Path) -> dict[str, str]:
    """Both, with something in every part of them, and long words; without the policy, so that axe-core can run."""
    settings: Settings = with_outbox(world.settings(), tmp_path / "outbox")
    alice, bob = world.platform.people("Alice", "B" * 90)
    group = world.platform.group("Otters" * 15, members=[alice, bob])
    for week in range(3):
        world.meeting_in(group, hours=23 + week * 7 * 24)
    world.platform.enrolment(alice, at=world.now, course=world.platform.course("Logic"))
    world.sweep(settings)
    row = world.platform.log_row(
        job_id="user_1_hello",
        notification_key="user_1_hello/-/email/user_1~rehearsal",
        delivery_status="failed",
        delivery_error="the mailbox" + "-does-not-exist" * 20,
        due_at=world.now,
    )
    world.platform.row("reminder_recipients_log", reminder_id=row, user_id=alice)
    connect = partial(db.connect, world.url)
    outbox_index.write(tmp_path / "outbox")
    found = {
        "all": html(gather(settings, connect)),
        "alice": html(gather(settings, connect, user_id=alice)),
        "redacted": html(gather(settings, connect, user_id=bob, redact=True)),
        "outbox": (tmp_path / "outbox" / outbox_index.NAME).read_text(encoding="utf-8"),
    }
    return {name: re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page) for name, page in found.items()}


WIDTHS = (320, 375, 1280)


@pytest.mark.parametrize(
    ("widths", "dark"),
    [
        pytest.param((320, 1280), False, id="light"),
        pytest.param(WIDTHS, False, id="light, all widths", marks=pytest.mark.slow),
        pytest.param(WIDTHS, True, id="dark", marks=pytest.mark.slow),
    ],
)
def test_it_fits_and_has_no_barrier(pages: dict[str, str], tmp_path: Path, widths: tuple[int, ...], dark: bool) -> None:
    seen = look(pages, tmp_path, widths, dark=dark)
    if seen is None:
        pytest.skip("there is no Chromium")
    for width, found in seen.items():
        assert {name: one["width"] for name, one in found.items() if one["width"] > width} == {}
        assert {name: one["faults"] for name, one in found.items() if one["faults"]} == {}
