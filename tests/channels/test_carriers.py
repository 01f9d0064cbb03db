"""The contract of a carrier of email: the same for SendGrid, SMTP and the outbox; and what is SMTP's alone."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from notify_cli.channels import Channel, open_channel, outbox
from notify_cli.config import Settings
from notify_cli.errors import (
    AccountError,
    DeliveryError,
    RecipientError,
    TemporaryError,
    UnknownOutcomeError,
)
from notify_cli.model import Email, Invite
from notify_cli.registry import Method
from tests.support.fakes.http import Close, Reply, Step, tls_context
from tests.support.fakes.sendgrid import KEY, FakeSendGrid
from tests.support.fakes.smtp import PASSWORD, USER, FakeSmtp
from tests.support.shell import Shell

BASE = Settings(from_email="course@example.org", from_name="Course", sendgrid_api_key=KEY)
ALICE = Email(
    key="user_1_welcome/-/email/user_1",
    to="alice@example.org",
    to_name="Alice",
    subject="Grüße 👩‍💻",
    text="Hi.\n.a line with a dot\n",
    html="<p>Hi.</p>",
    reminder_id=7,
    user_id=1,
    invite=Invite("REQUEST", "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nEND:VCALENDAR\r\n"),
)


# Makes the carrier's server fail in one of the four ways, or no more.
Fails = Callable[[type[DeliveryError] | None], None]
Opens = Callable[[str], Channel]


@pytest.fixture(params=["sendgrid", "smtp"])
def carrier(request: pytest.FixtureRequest) -> Iterator[tuple[Channel, Fails, list[object]]]:
    """A channel, how to make its server fail, and what that server received."""
    if request.param == "sendgrid":
        with FakeSendGrid() as sendgrid:
            steps: dict[type[DeliveryError], list[Step]] = {
                RecipientError: [Reply(400, {"errors": [{"message": "bad recipient"}]})],
                TemporaryError: [Reply(503)],
                AccountError: [Reply(401, {"errors": [{"message": "Maximum credits exceeded"}]})],
                UnknownOutcomeError: [Close(processed=True)],
            }

            def refuse(kind: type[DeliveryError] | None) -> None:
                sendgrid.script(steps[kind] if kind else [])

            channel = open_channel(Method.EMAIL, replace(BASE, sendgrid_api_url=sendgrid.url))
            yield channel, refuse, sendgrid.mails  # type: ignore[misc]
            channel.close()
        return
    with FakeSmtp() as smtp:
        replies = {
            RecipientError: {"RCPT": "550 5.1.1 no such user"},
            TemporaryError: {"RCPT": "451 4.7.1 try again later"},
            AccountError: {"MAIL": "530 5.7.0 authentication required"},
            UnknownOutcomeError: {"DATA": "abort"},
        }

        def answer(kind: type[DeliveryError] | None) -> None:
            smtp.replies = replies[kind] if kind else {}

        channel = open_channel(Method.EMAIL, replace(BASE, email_url=smtp.url))
        yield channel, answer, smtp.raw  # type: ignore[misc]
        channel.close()


KINDS = [RecipientError, TemporaryError, AccountError, UnknownOutcomeError]


def test_a_carrier_delivers_and_says_under_which_id(carrier: tuple[Channel, Fails, list[object]]) -> None:
    channel, _, received = carrier
    assert channel.send(ALICE).provider_message_id
    assert len(received) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_a_carrier_tells_the_four_failures_apart_and_works_on(
    carrier: tuple[Channel, Fails, list[object]], kind: type[DeliveryError]
) -> None:
    channel, fail, received = carrier
    fail(kind)
    with pytest.raises(DeliveryError) as caught:
        channel.send(ALICE)
    assert type(caught.value) is kind
    assert "alice@example.org" not in str(caught.value)
    assert len(received) == (kind is UnknownOutcomeError)
    fail(None)
    before = len(received)
    channel.send(ALICE)
    assert len(received) == before + 1


@pytest.mark.parametrize("to", [".dot@example.org", "a@b@example.org", "a\r\nb@example.org"])
def test_no_carrier_tries_an_address_that_cannot_exist(
    carrier: tuple[Channel, Fails, list[object]], to: str, open_smtp: Opens
) -> None:
    channel, _, received = carrier
    with pytest.raises(RecipientError):
        channel.send(replace(ALICE, to=to))
    assert received == []


# SMTP


@pytest.fixture
def smtp() -> Iterator[FakeSmtp]:
    with FakeSmtp() as running:
        yield running


@pytest.fixture
def open_smtp() -> Iterator[Callable[[str], Channel]]:
    opened: list[Channel] = []

    def open_it(url: str) -> Channel:
        opened.append(open_channel(Method.EMAIL, replace(BASE, email_url=url)))
        return opened[-1]

    yield open_it
    for channel in opened:
        channel.close()


def test_smtp_carries_byte_for_byte_what_the_outbox_shows(smtp: FakeSmtp, tmp_path: Path, open_smtp: Opens) -> None:
    open_smtp(smtp.url).send(ALICE)
    [mail] = smtp.mails
    shown = outbox.eml(ALICE, BASE)
    sent = b"\r\n".join(line for line in smtp.raw[0].split(b"\r\n") if not line.startswith(b"Date: "))
    boundaries = [part.get_boundary() for part in mail.walk() if part.get_boundary()]
    for number, boundary in enumerate(boundaries):
        sent = sent.replace(str(boundary).encode(), b"%d" % number)
    import email

    for number, boundary in enumerate(
        part.get_boundary() for part in email.message_from_bytes(shown).walk() if part.get_boundary()
    ):
        shown = shown.replace(str(boundary).encode(), b"%d" % number)
    assert sent.rstrip() == shown.rstrip()
    assert mail["Date"]
    text = mail.get_body(("plain",))
    assert text is not None
    assert text.get_content().replace("\r\n", "\n") == ALICE.text


def test_a_connection_is_kept(smtp: FakeSmtp, open_smtp: Opens) -> None:
    channel = open_smtp(smtp.url)
    for _ in range(3):
        channel.send(ALICE)
    assert smtp.connections == 1
    channel.close()


@pytest.mark.parametrize(
    ("where", "answer", "kind"),
    [
        ("RCPT", "550 5.1.1 no such user", RecipientError),
        ("RCPT", "552 5.2.2 mailbox full, quota exceeded", RecipientError),
        ("RCPT", "554 5.7.1 Relay access denied", AccountError),
        ("RCPT", "450 4.2.1 busy", TemporaryError),
        ("RCPT", "421 4.3.0 going down", TemporaryError),
        ("MAIL", "553 5.1.8 sender rejected", AccountError),
        ("MAIL", "451 4.3.0 later", TemporaryError),
        ("DATA", "554 5.6.0 spam", RecipientError),
        ("DATA", "550 5.4.5 Daily user sending quota exceeded", AccountError),
        ("DATA", "451 4.7.0 greylisted", TemporaryError),
        ("DATA", "999 what", UnknownOutcomeError),
    ],
)
def test_an_answer_says_what_becomes_of_the_email(
    smtp: FakeSmtp, where: str, answer: str, kind: type[DeliveryError], open_smtp: Opens
) -> None:
    smtp.replies = {where: answer}
    with pytest.raises(DeliveryError, match=answer[:3]) as caught:
        open_smtp(smtp.url).send(ALICE)
    assert type(caught.value) is kind


def test_a_server_that_hangs_behind_the_message_leaves_the_outcome_unknown(smtp: FakeSmtp, open_smtp: Opens) -> None:
    smtp.replies = {"DATA": "hang"}
    with pytest.raises(UnknownOutcomeError, match="did not answer within"):
        open_smtp(smtp.url).send(ALICE, timeout=0.5)


def test_a_server_that_is_not_there_is_an_outage(open_smtp: Opens) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        channel = open_smtp(f"smtp://127.0.0.1:{taken.getsockname()[1]}")
        with pytest.raises(TemporaryError, match="cannot be reached") as caught:
            channel.send(ALICE)
    assert caught.value.provider_down


def test_tls_is_verified_and_the_login_goes_only_through_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, open_smtp: Opens
) -> None:
    context, certificate = tls_context(tmp_path)  # for the name localhost
    login = f"{USER}:{PASSWORD.replace('@', '%40').replace('/', '%2F')}"
    with FakeSmtp(tls=context, login=True) as server:
        plain = server.url.replace("127.0.0.1", "localhost")
        url = plain.replace("//", f"//{login}@")
        with pytest.raises(AccountError, match="cannot prove who it is"):
            open_smtp(url).send(ALICE)
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        open_smtp(url).send(ALICE)
        assert len(server.mails) == 1
        with pytest.raises(AccountError, match="535") as caught:
            open_smtp(url.replace(login, f"{USER}:wrong-password")).send(ALICE)
        assert "wrong-password" not in str(caught.value)
        with pytest.raises(AccountError):
            open_smtp(plain).send(ALICE)
        assert len(server.mails) == 1


def test_without_tls_nothing_leaves_this_machine(
    smtp: FakeSmtp, monkeypatch: pytest.MonkeyPatch, open_smtp: Opens
) -> None:
    real = socket.getaddrinfo

    def here(host: str, port: int, *more: object, **others: object) -> object:
        return real("127.0.0.1" if host == "mail.example" else host, port, *more, **others)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", here)
    with pytest.raises(AccountError, match="offers no TLS"):
        open_smtp(f"smtp://mail.example:{smtp.port}").send(ALICE)
    assert smtp.mails == []


def test_an_address_beyond_ascii_needs_a_server_that_takes_it(smtp: FakeSmtp, open_smtp: Opens) -> None:
    open_smtp(smtp.url).send(replace(ALICE, to="ålice@example.org"))
    assert smtp.recipients == ["ålice@example.org"]


# The fallback


def test_when_the_first_refuses_our_account_the_second_delivers_in_the_same_run(shell: Shell, smtp: FakeSmtp) -> None:
    world = shell.world
    group = world.platform.group("Otters", members=world.platform.people("alice", "bob", "carol", "dave"))
    world.meeting_in(group, hours=0.9)
    world.sendgrid.script(lambda _: Reply(401, {"errors": [{"message": "Maximum credits exceeded"}]}))
    done = shell("sweep-due", "--json", NOTIFY_EMAIL_FALLBACK_URL=smtp.url)
    assert done.code == 69
    assert "Maximum credits exceeded" in done.err
    assert "email goes on by smtp 127.0.0.1" in done.err
    assert sorted(smtp.recipients) == [f"{name}@example.org" for name in ("alice", "bob", "carol", "dave")]
    emails = [row for row in world.log() if row["method"] == "email"]
    assert {row["status"] for row in emails} == {"delivered"}
    carriers = world.connection.execute(
        "select distinct context ->> 'carrier' from reminders_log where delivery_method = 'email'"
    ).fetchall()
    assert [row[0] for row in carriers] == [f"smtp 127.0.0.1:{smtp.port}"]


def test_without_a_refusal_the_second_is_not_asked(shell: Shell, smtp: FakeSmtp) -> None:
    alice = shell.world.platform.person("alice", discord_id=None)
    shell.world.platform.enrolment(alice, at=shell.world.now)
    shell.world.sendgrid.script([Reply(503)])
    assert shell("sweep-due", NOTIFY_EMAIL_FALLBACK_URL=smtp.url).code == 69
    assert smtp.connections == 0


def test_smtp_needs_no_key_of_sendgrids(shell: Shell, smtp: FakeSmtp) -> None:
    alice = shell.world.platform.person("alice", discord_id=None)
    shell.world.platform.enrolment(alice, at=shell.world.now)
    assert shell("sweep-due", NOTIFY_EMAIL_URL=smtp.url, SENDGRID_API_KEY="").code == 0
    assert smtp.recipients == ["alice@example.org"]
