"""The outbox: files that a mail client opens and a person finds, and never half of one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest

from notify_cli.channels import Channel, open_channel, open_channels
from notify_cli.channels.content import email_headers
from notify_cli.channels.outbox import OutboxChannel, eml
from notify_cli.config import Settings
from notify_cli.errors import ConfigError, RecipientError, TemporaryError
from notify_cli.model import DiscordMessage, Email, Invite, fingerprint
from notify_cli.registry import Method
from tests.support.paths import ROOT

ICS = (
    "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nSUMMARY:Grüße\r\n" + f"DESCRIPTION:{'x' * 60}\r\n y\r\n" + "END:VCALENDAR\r\n"
)
ALICE = Email(
    key="group_7_assigned/20260201T120000Z/email/user_1",
    to="alice@example.org",
    to_name="Alice Müller, PhD",
    subject="You've been assigned: Die Grünen 🎉 " + "long " * 30,
    text="Hi Alice,\nsee you on Wednesday — 16:00.\n",
    html="<p>Hi Alice,<br>see you</p>",
    reminder_id=17,
    invite=Invite("REQUEST", ICS),
    user_id=1,
)
DM = DiscordMessage(key="user_1_welcome/-/discord_dm/user_1", content="Hi @everyone ü", discord_id="111", reminder_id=3)
POST = DiscordMessage(
    key="meeting_1_reminder_1h/20260204T150000Z/discord_channel/group_7", content="Soon", channel_id="7"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "outbox"


@pytest.fixture
def settings(folder: Path) -> Settings:
    return Settings(
        outbox=folder,
        from_email="course@school.example",
        from_name="The Course (Grüße)",
        reply_to="help@school.example",
        unsubscribe_url="https://school.example/off/{user_id}",
    )


@pytest.fixture
def channel(settings: Settings) -> Channel:
    return OutboxChannel(settings, clock=lambda: datetime(2026, 2, 4, 15, tzinfo=UTC))


def read(path: Path) -> EmailMessage:
    return message_from_bytes(path.read_bytes(), policy=policy.default)


def test_it_learns_no_addresses(channel: Channel) -> None:
    assert channel.learned() == {}


def test_an_email_becomes_a_whole_eml_file(folder: Path, settings: Settings, channel: Channel) -> None:
    receipt = channel.send(ALICE)
    (path,) = folder.iterdir()
    assert receipt.provider_message_id == path.name
    mail = read(path)
    assert mail["From"] == '"The Course (Grüße)" <course@school.example>'
    assert mail["To"] == '"Alice Müller, PhD" <alice@example.org>'
    assert mail["Subject"] == ALICE.subject.strip()
    assert mail["Reply-To"] == "help@school.example"
    assert mail["Date"].datetime == datetime(2026, 2, 4, 15, tzinfo=UTC)
    for name, value in email_headers(ALICE, settings).items():
        assert mail[name] == value
    assert mail.defects == []
    assert b"\r\r\n" not in path.read_bytes()


def test_its_parts_are_those_of_the_sent_email(folder: Path, channel: Channel) -> None:
    channel.send(ALICE)
    mail = read(next(folder.iterdir()))
    assert [part.get_content_type() for part in mail.walk()] == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "text/calendar",
        "application/ics",
    ]
    text, html, calendar, attached = [part for part in mail.walk() if not part.is_multipart()]
    assert text.get_content().replace("\r\n", "\n") == ALICE.text
    assert html.get_content().strip() == ALICE.html
    assert calendar.get_payload(decode=True) == ICS.encode()
    assert (calendar.get_param("method"), calendar.get_param("charset")) == ("REQUEST", "utf-8")
    assert attached.get_payload(decode=True) == ICS.encode()
    assert attached.get_filename() == "invite.ics"


def test_an_email_without_an_invite_has_none_of_its_parts(settings: Settings) -> None:
    mail = message_from_bytes(eml(replace(ALICE, invite=None), settings), policy=policy.default)
    assert mail.get_content_type() == "multipart/alternative"
    plain = message_from_bytes(eml(replace(ALICE, invite=None, html=""), settings), policy=policy.default)
    assert plain.get_content_type() == "text/plain"


def test_a_discord_message_becomes_the_request_it_would_be(folder: Path, channel: Channel) -> None:
    channel.send(DM)
    channel.send(POST)
    post, dm = (json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.iterdir()))
    assert dm == {
        "notification_key": DM.key,
        "method": "discord_dm",
        "recipient_id": "111",
        "reminder_id": 3,
        "body": {
            "content": DM.content,
            "nonce": fingerprint(DM.key),
            "enforce_nonce": True,
            "allowed_mentions": {"parse": []},
        },
    }
    assert (post["method"], post["channel_id"]) == ("discord_channel", "7")


def test_a_retry_replaces_its_file(folder: Path, channel: Channel) -> None:
    channel.send(ALICE)
    before = sorted(folder.iterdir())
    channel.send(ALICE)
    assert sorted(folder.iterdir()) == before


@pytest.mark.parametrize(
    "key", ["../../etc/passwd", "/", "", ".", "a\x00b", "ü" * 400, "a\nb", "C:\\x", "-rf", "x" * 900]
)
def test_no_key_leads_out_of_the_folder(folder: Path, channel: Channel, key: str) -> None:
    channel.send(replace(DM, key=key))
    (path,) = folder.iterdir()
    assert path.name.endswith(f"{fingerprint(key)}.json")
    assert len(path.name) < 200
    assert not path.name.startswith(".")


def test_keys_that_read_the_same_are_kept_apart(folder: Path, channel: Channel) -> None:
    channel.send(replace(DM, key="a/b"))
    channel.send(replace(DM, key="a-b"))
    assert len(list(folder.iterdir())) == 2


@pytest.mark.parametrize(
    "poisoned",
    [
        replace(ALICE, to="alice"),
        replace(ALICE, to="alice@example.org\r\nBcc: eve@example.org"),
        replace(ALICE, to="alice@"),
        replace(ALICE, to="a..b.@example.org\x00"),
        replace(ALICE, to='"alice@example.org'),
        replace(ALICE, to_name="lone \ud800 surrogate", text="lone \ud800 surrogate"),
        replace(ALICE, key="lone \ud800 surrogate"),
        replace(ALICE, invite=Invite("REQUEST", "lone \ud800 surrogate")),
        replace(DM, content="x" * 2001),
        replace(DM, content="lone \ud800 surrogate"),
        replace(DM, discord_id="../111"),
        replace(POST, channel_id=None),
    ],
)
def test_what_no_provider_would_take_fails_here_too(
    folder: Path, channel: Channel, poisoned: Email | DiscordMessage
) -> None:
    with pytest.raises(RecipientError) as caught:
        channel.send(poisoned)
    assert "alice" not in str(caught.value)
    assert list(folder.iterdir()) == []


def test_a_name_with_line_breaks_adds_no_header(folder: Path, channel: Channel) -> None:
    channel.send(replace(ALICE, to_name="Alice\r\nBcc: eve@example.org", subject="Hi\nX-Evil: 1\x00"))
    mail = read(next(folder.iterdir()))
    assert mail["Bcc"] is None
    assert mail["X-Evil"] is None
    assert mail["Subject"] == "Hi X-Evil: 1"


@pytest.mark.parametrize("to", ["älice@example.org", "alice@grün.example"])
def test_an_international_address_is_written(folder: Path, channel: Channel, to: str) -> None:
    channel.send(replace(ALICE, to=to))
    assert to.encode() in next(folder.iterdir()).read_bytes()


def test_every_method_goes_to_the_outbox(settings: Settings) -> None:
    opened = open_channels(settings, Method)
    assert set(opened) == set(Method)
    assert {(type(channel), channel.interval) for channel in opened.values()} == {(OutboxChannel, 0.0)}


def test_many_threads_may_write_at_once(folder: Path, channel: Channel) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(channel.send, [replace(ALICE, key=f"{number % 20}") for number in range(100)]))
    assert len(list(folder.iterdir())) == 20
    assert all(path.suffix == ".eml" for path in folder.iterdir())


def test_a_folder_that_is_none_is_a_configuration_fault(tmp_path: Path, settings: Settings) -> None:
    occupied = tmp_path / "occupied"
    occupied.write_text("a file")
    with pytest.raises(ConfigError, match="NOTIFY_OUTBOX"):
        open_channel(Method.EMAIL, replace(settings, outbox=occupied))


def test_a_disk_that_fails_is_temporary(folder: Path, settings: Settings) -> None:
    channel = open_channel(Method.EMAIL, settings)
    folder.rmdir()
    folder.write_text("in the way")
    with pytest.raises(TemporaryError, match="outbox") as caught:
        channel.send(ALICE)
    assert caught.value.provider_down


def test_a_folder_that_was_removed_meanwhile_is_made_again(folder: Path, channel: Channel) -> None:
    folder.rmdir()
    channel.send(DM)
    assert len(list(folder.iterdir())) == 1


def test_nothing_is_loaded_that_is_not_used(folder: Path) -> None:
    script = f"""
import sys
from pathlib import Path
from notify_cli import channels
from notify_cli.config import Settings
from notify_cli.registry import Method
assert not {{"httpcore", "ssl", "notify_cli.channels.email"}} & set(sys.modules)
channels.open_channels(Settings(outbox=Path({str(folder)!r})), Method)
assert not {{"httpcore", "httpx", "sendgrid", "ssl"}} & set(sys.modules), sorted(sys.modules)
"""
    subprocess.run([sys.executable, "-c", script], check=True, cwd=ROOT)


def test_the_folder_and_its_files_are_for_this_account_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        folder = tmp_path / "new" / "out"
        channel = OutboxChannel(replace(Settings(), outbox=folder, from_email="course@example.org"))
        channel.send(Email("k", "alice@example.org", "Alice", "s", "t", "h"))
    finally:
        os.umask(before)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert [path.stat().st_mode & 0o777 for path in folder.iterdir()] == [0o600]
