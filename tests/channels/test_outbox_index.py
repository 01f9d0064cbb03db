"""The index of an outbox: what went there, the newest first, whatever else lies beside it."""

from __future__ import annotations

import os
from pathlib import Path

from notify_cli.channels import outbox_index
from notify_cli.channels.outbox import OutboxChannel
from notify_cli.config import Settings
from notify_cli.model import DiscordMessage, Email


def email(number: int, subject: str = "Hello") -> Email:
    return Email(f"key-{number}", "alice@example.org", "Alice", f"{subject} {number}", "text", "<p>text</p>")


def channel(folder: Path) -> OutboxChannel:
    return OutboxChannel(Settings(outbox=folder, from_email="course@example.org"))


def index(folder: Path) -> str:
    return (folder / "index.html").read_text(encoding="utf-8")


def test_it_lists_what_was_written_with_a_link_to_each(tmp_path: Path) -> None:
    opened = channel(tmp_path / "outbox")
    opened.send(email(1, "Grüße <b>& more</b>"))
    opened.send(DiscordMessage("post", "Meeting at **9**\nsecond line", channel_id="900000000000000001"))
    assert not (tmp_path / "outbox" / "index.html").exists()
    opened.close()
    page = index(tmp_path / "outbox")
    assert "2 messages" in page
    assert "Grüße &lt;b&gt;&amp; more&lt;/b&gt; 1</bdi>" in page
    assert "Alice &lt;alice@example.org&gt;" in page
    assert "channel post</td><td><bdi>900000000000000001" in page
    assert "Meeting at **9**</bdi>" in page
    assert "second line" not in page
    for path in (tmp_path / "outbox").glob("*.[ej]*"):
        assert f'href="{path.name}"' in page
    assert (tmp_path / "outbox" / "index.html").stat().st_mode & 0o777 == 0o600


def test_the_newest_come_first_and_of_many_the_older_are_counted(tmp_path: Path) -> None:
    for number in range(outbox_index.MOST + 2):
        path = tmp_path / f"{number}.eml"
        path.write_bytes(b"To: a@example.org\r\nSubject: Number %d.\r\n\r\nx" % number)
        os.utime(path, (1_700_000_000 + number, 1_700_000_000 + number))
    outbox_index.write(tmp_path)
    page = index(tmp_path)
    assert page.index(f"Number {outbox_index.MOST + 1}.") < page.index("Number 2.")
    assert "Number 1." not in page
    assert "2 older files are not listed." in page


def test_other_files_and_broken_ones_are_no_fault(tmp_path: Path) -> None:
    (tmp_path / "odd.json").write_text("[1, 2", encoding="utf-8")
    (tmp_path / "list.json").write_text("[]", encoding="utf-8")
    (tmp_path / "empty.eml").write_bytes(b"")
    (tmp_path / "notes.txt").write_text("not a message", encoding="utf-8")
    (tmp_path / "\x1b[2J.json").write_text("{}", encoding="utf-8")
    outbox_index.write(tmp_path)
    page = index(tmp_path)
    assert "4 messages" in page
    assert "odd.json" in page
    assert "notes.txt" not in page
    assert "\x1b" not in page
    assert 'href="%1B%5B2J.json"' in page


def test_an_index_of_somebody_else_stays(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("<h1>My homepage</h1>", encoding="utf-8")
    opened = channel(tmp_path)
    opened.send(email(1))
    opened.close()
    assert index(tmp_path) == "<h1>My homepage</h1>"


def test_nothing_written_is_no_index(tmp_path: Path) -> None:
    channel(tmp_path).close()
    assert list(tmp_path.iterdir()) == []
