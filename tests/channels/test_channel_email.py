"""The email channel against a SendGrid on the loopback: every answer and every fault by real sockets."""

from __future__ import annotations

import base64
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest

from notify_cli.channels import Channel, open_channel
from notify_cli.channels.email import payload
from notify_cli.config import Settings
from notify_cli.errors import AccountError, ConfigError, RecipientError, TemporaryError, UnknownOutcomeError
from notify_cli.model import Email, Invite
from notify_cli.registry import Method
from tests.support.fakes.http import Close, Drip, Hang, Reply, Reset, Step, Truncated, tls_context
from tests.support.fakes.sendgrid import KEY, FakeSendGrid

ICS = "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nSUMMARY:Grüße\r\nEND:VCALENDAR\r\n"
KEYLIKE = "SG.abcdefghij.klmnopqrst"
ALICE = Email(
    key="meeting_1_reminder_24h/20260204T150000Z/email/user_1",
    to="alice@example.org",
    to_name="Alice",
    subject="Reminder: your meeting tomorrow",
    text="Hi Alice,\nsee you tomorrow.",
    html="<p>Hi Alice</p>",
    reminder_id=17,
    user_id=1,
)


@pytest.fixture
def fake() -> Iterator[FakeSendGrid]:
    with FakeSendGrid() as server:
        yield server


@pytest.fixture
def settings(fake: FakeSendGrid) -> Settings:
    return Settings(
        sendgrid_api_key=KEY,
        sendgrid_api_url=fake.url,
        from_email="course@school.example",
        from_name="The Course",
        reply_to="help@school.example",
        email_concurrency=16,
    )


@pytest.fixture
def channel(settings: Settings) -> Iterator[Channel]:
    opened = open_channel(Method.EMAIL, settings)
    yield opened
    opened.close()


def test_it_hands_an_email_to_sendgrid(fake: FakeSendGrid, channel: Channel) -> None:
    receipt = channel.send(ALICE)
    assert receipt.provider_message_id == "fake-1"
    assert fake.invalid == []
    (mail,) = fake.mails
    assert mail["personalizations"] == [
        {"to": [{"email": "alice@example.org", "name": "Alice"}], "custom_args": {"reminder_id": "17"}}
    ]
    assert mail["from"] == {"email": "course@school.example", "name": "The Course"}
    assert mail["reply_to"] == {"email": "help@school.example"}
    assert [part["type"] for part in mail["content"]] == ["text/plain", "text/html"]
    assert mail["headers"]["Message-ID"].endswith("@school.example>")
    assert mail["tracking_settings"]["click_tracking"] == {"enable": False, "enable_text": False}
    assert not any(setting["enable"] for setting in mail["tracking_settings"].values())


@pytest.mark.parametrize("method", ["REQUEST", "CANCEL"])
def test_it_sends_an_invite_as_calendar_part_and_attachment(fake: FakeSendGrid, channel: Channel, method: str) -> None:
    channel.send(replace(ALICE, invite=Invite(method, ICS)))
    (mail,) = fake.mails
    assert mail["content"][2] == {"type": f"text/calendar; method={method}", "value": ICS}
    (attachment,) = mail["attachments"]
    assert base64.b64decode(attachment["content"]) == ICS.encode()
    assert (attachment["type"], attachment["filename"]) == ("application/ics", "invite.ics")


def test_its_payload_is_what_the_official_client_builds(settings: Settings) -> None:
    helpers = pytest.importorskip("sendgrid.helpers.mail")
    mail: Any = helpers.Mail(
        from_email=helpers.From("course@school.example", "The Course"),
        to_emails=helpers.To("alice@example.org", "Alice"),
        subject=ALICE.subject,
    )
    mail.reply_to = helpers.ReplyTo("help@school.example")
    kinds = [("text/plain", ALICE.text), ("text/html", ALICE.html), ("text/calendar; method=REQUEST", ICS)]
    mail.content = [helpers.Content(kind, value) for kind, value in kinds]
    encoded = base64.b64encode(ICS.encode()).decode()
    mail.attachment = helpers.Attachment(encoded, "invite.ics", "application/ics", "attachment")
    mail.add_custom_arg(helpers.CustomArg("reminder_id", "17", p=0))
    tracking = helpers.TrackingSettings()
    tracking.click_tracking = helpers.ClickTracking(False, False)
    tracking.open_tracking = helpers.OpenTracking(False)
    tracking.subscription_tracking = helpers.SubscriptionTracking(False)
    tracking.ganalytics = helpers.Ganalytics(False)
    mail.tracking_settings = tracking
    ours = payload(replace(ALICE, invite=Invite("REQUEST", ICS)), settings)
    theirs = mail.get()
    theirs["headers"] = ours["headers"]
    assert ours == theirs


def test_its_payload_does_not_make_up_what_is_not_there(settings: Settings) -> None:
    bare = replace(settings, from_name="", reply_to="")
    body = payload(replace(ALICE, to_name=";", text="", reminder_id=None), bare)
    assert body["personalizations"] == [{"to": [{"email": "alice@example.org"}]}]
    assert body["from"] == {"email": "course@school.example"}
    assert [part["type"] for part in body["content"]] == ["text/html"]
    assert not {"reply_to", "attachments", "custom_args", "categories"} & body.keys()


@pytest.mark.parametrize(
    ("refused", "taken"),
    [
        (replace(ALICE, text=f"{KEYLIKE} is it"), replace(ALICE, text=f"it is {KEYLIKE}")),
        (replace(ALICE, html=f"{KEYLIKE} is it"), replace(ALICE, html=f"<p>{KEYLIKE}")),
    ],
    ids=["text", "html"],
)
def test_what_begins_like_a_key_fails_for_this_recipient_alone(
    fake: FakeSendGrid, channel: Channel, refused: Email, taken: Email
) -> None:
    with pytest.raises(RecipientError, match="looks like a SendGrid key") as caught:
        channel.send(refused)
    assert KEYLIKE not in str(caught.value)
    assert fake.requests == []
    channel.send(taken)
    assert len(fake.mails) == 1


def test_it_learns_no_addresses(channel: Channel) -> None:
    channel.send(ALICE)
    assert channel.learned() == {}


def test_every_attempt_carries_the_same_message_id(fake: FakeSendGrid, channel: Channel) -> None:
    channel.send(ALICE)
    channel.send(ALICE)
    channel.send(replace(ALICE, key="another"))
    first, second, other = (mail["headers"]["Message-ID"] for mail in fake.mails)
    assert first == second != other


def test_it_promises_one_click_unsubscribe_only_over_https(settings: Settings) -> None:
    secure = payload(ALICE, replace(settings, unsubscribe_url="https://school.example/off/{user_id}"))["headers"]
    assert secure["List-Unsubscribe"] == "<https://school.example/off/1>"
    assert secure["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    plain = payload(ALICE, replace(settings, unsubscribe_url="http://school.example/off"))["headers"]
    assert plain["List-Unsubscribe"] == "<http://school.example/off>"
    assert "List-Unsubscribe-Post" not in plain
    nobody = replace(ALICE, user_id=None)
    headers = payload(nobody, replace(settings, unsubscribe_url="https://school.example/off/{user_id}"))["headers"]
    assert not {"List-Unsubscribe", "List-Unsubscribe-Post"} & headers.keys()


def test_names_and_subjects_from_users_cannot_break_the_request(fake: FakeSendGrid, channel: Channel) -> None:
    poisoned = "Alice; DROP,\r\nBcc: eve@example.org\x00\x1b[31m"
    channel.send(replace(ALICE, to_name=poisoned, subject=f"Hi {poisoned}"))
    assert fake.invalid == []
    (mail,) = fake.mails
    assert mail["personalizations"][0]["to"][0]["name"] == "Alice DROP Bcc: eve@example.org [31m"
    assert mail["subject"] == "Hi Alice; DROP, Bcc: eve@example.org [31m"


@pytest.mark.parametrize(
    "poisoned",
    [
        replace(ALICE, to=""),
        replace(ALICE, to="alice"),
        replace(ALICE, to="alice@example.org\r\nBcc: eve@example.org"),
        replace(ALICE, to="al\x00ice@example.org"),
        replace(ALICE, to="al\ud800ice@example.org"),
        replace(ALICE, to="alice@example.org, eve@example.org"),
        replace(ALICE, text="lone \udcff surrogate"),
        replace(ALICE, key="lone \udcff surrogate"),
        replace(ALICE, invite=Invite("REQUEST", "lone \udcff surrogate")),
    ],
)
def test_what_no_encoder_accepts_fails_for_this_recipient_alone(
    fake: FakeSendGrid, channel: Channel, poisoned: Email
) -> None:
    with pytest.raises(RecipientError) as caught:
        channel.send(poisoned)
    assert "alice" not in str(caught.value)
    assert fake.requests == []
    channel.send(ALICE)
    assert len(fake.mails) == 1


def test_it_reuses_a_connection_per_thread(fake: FakeSendGrid, channel: Channel) -> None:
    fake.latency = 0.005
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(channel.send, [replace(ALICE, key=str(number)) for number in range(80)]))
    assert len(fake.mails) == 80
    assert fake.connections <= 8


@pytest.mark.parametrize("status", [400, 404, 405, 413, 415, 422])
def test_a_refusal_with_a_reason_is_final_for_the_recipient(fake: FakeSendGrid, channel: Channel, status: int) -> None:
    body = {
        "errors": [{"message": "Does not contain a valid address.", "field": "personalizations.0.to", "help": None}]
    }
    fake.script([Reply(status, body)])
    with pytest.raises(RecipientError, match=rf"{status}.*valid address\. \(personalizations\.0\.to\)"):
        channel.send(ALICE)


@pytest.mark.parametrize("status", [401, 402, 403])
def test_a_refusal_of_our_account_stops_the_channel(fake: FakeSendGrid, channel: Channel, status: int) -> None:
    fake.script([Reply(status, {"errors": [{"message": "Maximum credits exceeded", "field": None}]})])
    with pytest.raises(AccountError, match=rf"SendGrid .*\({status}\): Maximum credits exceeded"):
        channel.send(ALICE)


def test_a_wrong_key_is_an_account_failure(settings: Settings) -> None:
    channel = open_channel(Method.EMAIL, replace(settings, sendgrid_api_key="SG.wrong-key"))
    with pytest.raises(AccountError, match=r"401.*SENDGRID_API_KEY") as caught:
        channel.send(ALICE)
    assert "wrong-key" not in str(caught.value)
    channel.close()


def test_errors_repeat_neither_the_key_nor_an_address(fake: FakeSendGrid, channel: Channel) -> None:
    words = f"alice@example.org and eve@example.com were refused, key {KEY}\r\n\x00\ud800"
    fake.script([Reply(400, {"errors": [{"message": words, "field": "to"}]})])
    with pytest.raises(RecipientError) as caught:
        channel.send(ALICE)
    text = str(caught.value)
    assert "were refused" in text
    assert "@" not in text
    assert KEY not in text
    assert text.isprintable()


@pytest.mark.parametrize("malformed", [{"errors": "no"}, {"errors": [None, {"field": 1}]}, [], {}, "{", b"\xff\xfe"])
def test_a_malformed_refusal_is_still_a_refusal(fake: FakeSendGrid, channel: Channel, malformed: Any) -> None:
    fake.script([Reply(400, malformed)])
    with pytest.raises(RecipientError, match="400"):
        channel.send(ALICE)


@pytest.mark.parametrize("status", [404, 405])
def test_a_404_of_another_server_does_not_fail_the_recipient(fake: FakeSendGrid, channel: Channel, status: int) -> None:
    fake.script([Reply(status, "<html>Not Found</html>")])
    with pytest.raises(TemporaryError, match="SENDGRID_API_URL") as caught:
        channel.send(ALICE)
    assert caught.value.provider_down


def test_429_waits_for_the_reset_by_the_providers_own_clock(fake: FakeSendGrid, channel: Channel) -> None:
    theirs = time.time() - 7_200  # their clock, or ours, is two hours off
    headers = {"X-RateLimit-Reset": str(int(theirs) + 40), "Date": formatdate(int(theirs), usegmt=True)}
    fake.script([Reply(429, {"errors": [{"message": "too many requests"}]}, {**headers})])
    with pytest.raises(TemporaryError, match="too many requests") as caught:
        channel.send(ALICE)
    assert caught.value.retry_after == 40
    assert not caught.value.provider_down


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({}, None),
        ({"Retry-After": "7"}, 7),
        ({"Retry-After": "0"}, 1),
        ({"Retry-After": "-5"}, 1),
        ({"Retry-After": "1e99"}, 3600),
        ({"Retry-After": "nan"}, None),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": formatdate(1_000_030, usegmt=True), "Date": formatdate(1_000_000, usegmt=True)}, 30),
        ({"X-RateLimit-Reset": "30"}, 30),
        ({"X-RateLimit-Reset": "1000"}, 1000),
        ({"X-RateLimit-Reset": "1"}, 1),
        ({"X-RateLimit-Reset": "99999999999999999999"}, 3600),
    ],
)
def test_429_without_a_body_is_temporary(
    fake: FakeSendGrid, channel: Channel, headers: dict[str, str | None], wait: float | None
) -> None:
    fake.script([Reply(429, b"", headers)])
    with pytest.raises(TemporaryError) as caught:
        channel.send(ALICE)
    assert caught.value.retry_after == wait


@pytest.mark.parametrize("status", [500, 502, 503, 504, 599])
def test_5xx_is_an_outage(fake: FakeSendGrid, channel: Channel, status: int) -> None:
    fake.script([Reply(status, {"errors": [{"message": "internal error"}]})])
    with pytest.raises(TemporaryError, match="internal error") as caught:
        channel.send(ALICE)
    assert caught.value.provider_down


def test_502_with_a_page_of_html_is_an_outage(fake: FakeSendGrid, channel: Channel) -> None:
    fake.script([Reply(502, "<html><h1>Bad Gateway</h1>" + "x" * 500_000, {"Content-Type": "text/html"})])
    with pytest.raises(TemporaryError) as caught:
        channel.send(ALICE)
    assert str(caught.value) == "SendGrid answered 502"
    assert caught.value.provider_down


def test_an_outage_may_say_how_long(fake: FakeSendGrid, channel: Channel) -> None:
    fake.script([Reply(503, b"", {"Retry-After": "120"})])
    with pytest.raises(TemporaryError) as caught:
        channel.send(ALICE)
    assert caught.value.retry_after == 120


def test_302_is_not_followed(fake: FakeSendGrid, channel: Channel) -> None:
    fake.script([Reply(302, b"", {"Location": f"{fake.url}/v3/mail/send"})])
    with pytest.raises(TemporaryError, match="302") as caught:
        channel.send(ALICE)
    assert caught.value.provider_down
    assert len(fake.requests) == 1


def test_a_redirect_to_what_is_no_address_is_as_any_other(fake: FakeSendGrid, channel: Channel) -> None:
    fake.script([Reply(302, b"", {"Location": "http://nowhere:port"})])
    with pytest.raises(TemporaryError, match="302") as caught:
        channel.send(ALICE)
    assert caught.value.provider_down


def test_it_keeps_no_cookies(fake: FakeSendGrid, channel: Channel) -> None:
    fake.script([Reply(202, b"", {"Set-Cookie": "session=1; Path=/"})])
    channel.send(ALICE)
    channel.send(ALICE)
    assert "cookie" not in fake.requests[1].headers


def test_an_answer_encoded_against_our_will_is_not_decoded(fake: FakeSendGrid, channel: Channel) -> None:
    fake.script([Reply(202, b"not gzip", {"Content-Encoding": "gzip"})])
    channel.send(ALICE)
    assert "accept-encoding" not in fake.requests[0].headers


@pytest.mark.parametrize("status", [200, 201, 204])
def test_200_where_202_is_due_is_unknown(fake: FakeSendGrid, channel: Channel, status: int) -> None:
    fake.script([Reply(status)])
    with pytest.raises(UnknownOutcomeError, match="where 202 is due"):
        channel.send(ALICE)


@pytest.mark.parametrize("processed", [False, True])
def test_a_hang_is_unknown_after_the_timeout(fake: FakeSendGrid, channel: Channel, processed: bool) -> None:
    fake.script([Hang(processed=processed)])
    started = time.monotonic()
    with pytest.raises(UnknownOutcomeError, match=r"did not answer within 0\.2 s"):
        channel.send(ALICE, timeout=0.2)
    assert time.monotonic() - started < 1
    assert len(fake.mails) == processed


@pytest.mark.parametrize(
    ("length", "error"), [(30_000_000, TemporaryError), (10, UnknownOutcomeError)], ids=["half written", "written"]
)
def test_only_a_request_that_was_written_whole_leaves_a_doubt(
    settings: Settings, length: int, error: type[Exception]
) -> None:
    # Connections are taken by the system, but nobody reads from them: it keeps some megabytes and then no more.
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        channel = open_channel(
            Method.EMAIL, replace(settings, sendgrid_api_url=f"http://127.0.0.1:{deaf.getsockname()[1]}")
        )
        with pytest.raises(error, match=r"within 0\.3 s"):
            channel.send(replace(ALICE, text="x" * length), timeout=0.3)
        channel.close()


@pytest.mark.parametrize("where", ["head", "body"])
def test_a_server_that_drips_bytes_cannot_hold_a_send(fake: FakeSendGrid, channel: Channel, where: str) -> None:
    fake.script([Drip(where, reply=Reply(500))])
    started = time.monotonic()
    with pytest.raises(UnknownOutcomeError):
        channel.send(ALICE, timeout=0.2)
    assert time.monotonic() - started < 1


def test_a_202_is_believed_even_if_its_body_drips(fake: FakeSendGrid, channel: Channel) -> None:
    fake.script([Drip("body")])
    assert channel.send(ALICE, timeout=0.2).provider_message_id == "fake-1"


@pytest.mark.parametrize("fault", [Reset(), Close()])
def test_a_reset_before_the_request_was_processed_is_unknown(
    fake: FakeSendGrid, channel: Channel, fault: Reset | Close
) -> None:
    fake.script([fault])
    with pytest.raises(UnknownOutcomeError, match="broke the connection off"):
        channel.send(ALICE)
    assert fake.mails == []


@pytest.mark.parametrize("fault", [Reset(processed=True), Close(processed=True)])
def test_a_reset_after_the_request_was_processed_is_unknown(
    fake: FakeSendGrid, channel: Channel, fault: Reset | Close
) -> None:
    fake.script([fault])
    with pytest.raises(UnknownOutcomeError, match="broke the connection off"):
        channel.send(ALICE)
    assert len(fake.mails) == 1
    channel.send(ALICE)
    assert fake.mails[0]["headers"]["Message-ID"] == fake.mails[1]["headers"]["Message-ID"]


def test_a_truncated_body_after_a_202_is_sent(fake: FakeSendGrid, channel: Channel) -> None:
    fake.script([Truncated()])
    assert channel.send(ALICE).provider_message_id == "fake-1"


def test_a_truncated_refusal_is_unknown(fake: FakeSendGrid, channel: Channel) -> None:
    fake.script([Truncated(Reply(400, {"errors": [{"message": "no"}]}))])
    with pytest.raises(UnknownOutcomeError, match="400"):
        channel.send(ALICE)


def test_an_answer_that_is_not_http_is_unknown(fake: FakeSendGrid, channel: Channel) -> None:
    fake.script([Reply(202, b"", {"Bad\r\n\r\n": "x", "Content-Length": "x"})])
    with pytest.raises(UnknownOutcomeError):
        channel.send(ALICE)


def test_a_connection_closed_while_idle_is_opened_again(fake: FakeSendGrid, channel: Channel) -> None:
    channel.send(ALICE)
    fake.drop_connections()
    channel.send(replace(ALICE, key="another"))
    assert len(fake.mails) == 2
    assert fake.connections == 2


def test_the_channel_works_on_after_every_fault(fake: FakeSendGrid, channel: Channel) -> None:
    fake.script([Reset(), Truncated(Reply(500)), Reply(502, "x" * 200_000), Hang(), Close()])
    for _ in range(5):
        with pytest.raises((TemporaryError, UnknownOutcomeError)):
            channel.send(ALICE, timeout=0.1)
    channel.send(ALICE)
    assert len(fake.mails) == 1


def test_no_connection_means_certainly_not_sent(settings: Settings) -> None:
    with FakeSendGrid() as gone:
        url = gone.url
    channel = open_channel(Method.EMAIL, replace(settings, sendgrid_api_url=url))
    with pytest.raises(TemporaryError, match="cannot be reached") as caught:
        channel.send(ALICE)
    assert caught.value.provider_down
    channel.close()


@pytest.mark.parametrize("host", ["a" * 64 + ".invalid", "a..invalid"])
def test_a_name_that_does_not_resolve_means_certainly_not_sent(settings: Settings, host: str) -> None:
    channel = open_channel(Method.EMAIL, replace(settings, sendgrid_api_url=f"http://{host}"))
    with pytest.raises(TemporaryError, match="cannot be reached") as caught:
        channel.send(ALICE)
    assert caught.value.provider_down
    channel.close()


def test_a_dead_name_server_cannot_hold_a_send(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    answered = threading.Event()
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: answered.wait(10) and [])
    channel = open_channel(Method.EMAIL, settings)
    with pytest.raises(TemporaryError, match=r"cannot be reached: not within 0\.1 s"):
        channel.send(ALICE, timeout=0.1)
    answered.set()
    channel.close()


def test_it_tries_every_address_of_a_name(
    fake: FakeSendGrid, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = socket.getaddrinfo

    def look_up(host: str, *rest: Any, **options: Any) -> list[Any]:
        addresses = ["127.0.0.2", "127.0.0.1"] if host == "mail.test" else [host]  # nothing listens at the first
        return [entry for address in addresses for entry in real(address, *rest, **options)]

    monkeypatch.setattr("socket.getaddrinfo", look_up)
    channel = open_channel(Method.EMAIL, replace(settings, sendgrid_api_url=fake.url.replace("127.0.0.1", "mail.test")))
    channel.send(ALICE)
    channel.close()
    assert len(fake.mails) == 1


def test_a_name_beyond_ascii_is_looked_up_as_idna_has_it(
    fake: FakeSendGrid, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, asked = socket.getaddrinfo, []

    def look_up(host: str, *rest: Any, **options: Any) -> list[Any]:
        asked.append(host)
        return list(real("127.0.0.1", *rest, **options))

    monkeypatch.setattr("socket.getaddrinfo", look_up)
    url = fake.url.replace("127.0.0.1", "bücher.test")
    channel = open_channel(Method.EMAIL, replace(settings, sendgrid_api_url=url))
    channel.send(ALICE)
    channel.close()
    assert "xn--bcher-kva.test" in asked
    assert fake.requests[0].headers["host"] == f"xn--bcher-kva.test:{url.rpartition(':')[2]}"


@pytest.mark.parametrize("host", ["☕\N{ZERO WIDTH JOINER}.test", "127.0.0.1:port"])
def test_an_address_that_is_none_is_a_configuration_fault(settings: Settings, host: str) -> None:
    with pytest.raises(ConfigError, match="the address of SendGrid"):
        open_channel(Method.EMAIL, replace(settings, sendgrid_api_url=f"http://{host}"))


def test_a_user_in_the_address_does_not_take_the_place_of_the_key(fake: FakeSendGrid, settings: Settings) -> None:
    url = fake.url.replace("//", "//user:password@")
    channel = open_channel(Method.EMAIL, replace(settings, sendgrid_api_url=url))
    channel.send(ALICE)
    channel.close()
    assert fake.requests[0].headers["authorization"] == f"Bearer {KEY}"


def test_a_key_that_no_header_may_hold_is_an_account_failure(fake: FakeSendGrid, settings: Settings) -> None:
    channel = open_channel(Method.EMAIL, replace(settings, sendgrid_api_key="SG.\x00secret"))
    with pytest.raises(AccountError, match="SendGrid: the key") as caught:
        channel.send(ALICE)
    assert "secret" not in str(caught.value)
    assert fake.requests == []
    channel.close()


def test_it_trusts_no_stranger_over_tls(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("cryptography")
    context, certificate = tls_context(tmp_path)
    with FakeSendGrid(tls=context) as secure:
        there = replace(settings, sendgrid_api_url=secure.url)
        stranger = open_channel(Method.EMAIL, there)
        with pytest.raises(TemporaryError, match=r"(?i)certificate") as caught:
            stranger.send(ALICE)
        assert caught.value.provider_down
        stranger.close()
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        known = open_channel(Method.EMAIL, there)
        known.send(ALICE)
        known.send(ALICE)
        known.close()
        assert len(secure.mails) == 2


def test_it_goes_through_the_proxy_of_the_environment(
    fake: FakeSendGrid, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", fake.url.replace("//", "//user:secret@"))
    monkeypatch.setenv("http_proxy", fake.url.replace("//", "//user:secret@"))
    monkeypatch.setenv("NO_PROXY", "")
    monkeypatch.setenv("no_proxy", "")
    fake.script([Reply(202)])
    channel = open_channel(Method.EMAIL, replace(settings, sendgrid_api_url="http://mail.invalid"))
    channel.send(ALICE)
    channel.close()
    (request,) = fake.requests
    assert request.path == "http://mail.invalid/v3/mail/send"
    assert request.headers["proxy-authorization"].startswith("Basic ")


@pytest.mark.parametrize("step", [Reply(407), Reply(502), Hang(), Reset()], ids=repr)
def test_a_proxy_that_fails_means_certainly_not_sent(
    fake: FakeSendGrid, settings: Settings, monkeypatch: pytest.MonkeyPatch, step: Step
) -> None:
    monkeypatch.setenv("https_proxy", fake.url)
    monkeypatch.setenv("no_proxy", "")
    fake.script([step])
    channel = open_channel(Method.EMAIL, replace(settings, sendgrid_api_url="https://mail.invalid"))
    with pytest.raises(TemporaryError, match="cannot be reached") as caught:
        channel.send(ALICE, timeout=0.2)
    assert caught.value.provider_down
    channel.close()
    assert [request.method for request in fake.requests] == ["CONNECT"]


def test_a_proxy_that_cannot_be_reached_is_not_told_as_the_providers_fault(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("https_proxy", "http://user:secret@127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "")
    channel = open_channel(Method.EMAIL, replace(settings, sendgrid_api_url="https://mail.invalid"))
    with pytest.raises(
        TemporaryError, match=r"^SendGrid cannot be reached through the proxy 127\.0\.0\.1:9: "
    ) as caught:
        channel.send(ALICE, timeout=2)
    channel.close()
    assert "secret" not in str(caught.value)


def test_a_tunnel_that_leads_nowhere_is_not_used_again(
    fake: FakeSendGrid, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("https_proxy", fake.url)
    monkeypatch.setenv("no_proxy", "")
    fake.script(lambda request: Reply(200, b"", {"Content-Length": None}))  # open, and then silent
    channel = open_channel(Method.EMAIL, replace(settings, sendgrid_api_url="https://mail.invalid"))
    for _ in range(2):
        with pytest.raises(TemporaryError, match=r"not within 0\.2 s"):
            channel.send(ALICE, timeout=0.2)
    channel.close()
    assert [request.method for request in fake.requests] == ["CONNECT", "CONNECT"]


@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:9", "http://[::1", "ftp://user:secret@127.0.0.1:9", "http://"])
def test_a_proxy_that_cannot_be_one_is_named_without_its_password(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, proxy: str
) -> None:
    monkeypatch.setenv("http_proxy", proxy)
    monkeypatch.setenv("no_proxy", "")
    with pytest.raises(ConfigError, match="proxy") as caught:
        open_channel(Method.EMAIL, replace(settings, sendgrid_api_url="http://mail.invalid"))
    assert "secret" not in str(caught.value)


def test_a_proxy_of_another_kind_is_a_configuration_fault(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "socks5://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "")
    with pytest.raises(ConfigError, match="proxy"):
        open_channel(Method.EMAIL, replace(settings, sendgrid_api_url="http://mail.invalid"))


def test_no_proxy_stands_between_us_and_this_machine(
    fake: FakeSendGrid, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    channel = open_channel(Method.EMAIL, settings)
    channel.send(ALICE)
    channel.close()
    assert len(fake.mails) == 1


def test_a_key_in_the_providers_answer_is_not_kept(fake: FakeSendGrid, channel: Channel) -> None:
    fake.script([Reply(202, b"", {"X-Message-Id": KEY})])
    assert channel.send(ALICE).provider_message_id == "***"
