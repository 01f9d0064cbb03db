"""The shipped emails in a real browser: no wider than a phone, and without a barrier that axe-core can find."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bench.pictures import pages
from tests.support.browser import AXE, look
from tests.support.paths import ROOT

PHONE = 360  # CSS pixels


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the browser tells of every message, by its type."""
    found = look(pages(), tmp_path_factory.mktemp("browser"), [PHONE])
    if found is None:
        pytest.skip("there is no Chromium")
    return found[PHONE]


def test_no_message_is_wider_than_a_phone(shown: dict[str, Any]) -> None:
    assert {name: one["width"] for name, one in shown.items() if one["width"] > PHONE} == {}


def test_no_message_has_a_barrier(shown: dict[str, Any]) -> None:
    if not AXE.is_file():
        pytest.skip("there is no axe-core: npm install --no-save --prefix .tools axe-core")
    assert {name: one["faults"] for name, one in shown.items() if one["faults"]} == {}


def test_the_pictures_are_of_every_message_with_an_email() -> None:
    assert {"welcome", "meeting_reminder_1h", "calendar_cancel", "announcement"} <= pages().keys()
    assert {"welcome (de)", "calendar_cancel (de)"} <= pages().keys()
    assert Path(ROOT, "email_base.html").is_file()
