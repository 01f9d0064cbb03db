"""`doctor` on email: who carries it, who may read the keys, and whether a reader's link can be guessed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from notify_cli import doctor
from notify_cli.check import Check
from tests.support.fakes.http import tls_context
from tests.support.fakes.smtp import PASSWORD, USER, FakeSmtp
from tests.support.terminal import Command
from tests.support.world import World


@pytest.fixture
def smtp() -> Iterator[FakeSmtp]:
    with FakeSmtp() as fake:
        yield fake


def checks(world: World, name: str, **environment: str) -> list[Check]:
    return [found for found in doctor.examine(world.settings(**environment)) if found.check.startswith(name)]


def test_an_smtp_server_is_greeted_and_sent_nothing(world: World, smtp: FakeSmtp) -> None:
    [found] = checks(world, "smtp", NOTIFY_EMAIL_URL=smtp.url, SENDGRID_API_KEY="")
    assert found == Check(f"smtp 127.0.0.1:{smtp.port}", True, "the server is there", None)
    assert (smtp.connections, smtp.raw) == (1, [])
    assert checks(world, "SendGrid", NOTIFY_EMAIL_URL=smtp.url) == [], "it does not carry our email"


def test_the_fallback_is_asked_beside_the_first(world: World, smtp: FakeSmtp) -> None:
    settings = {"NOTIFY_EMAIL_FALLBACK_URL": smtp.url}
    assert [found.ok for found in checks(world, "smtp", **settings)] == [True]
    assert checks(world, "SendGrid", **settings)


def test_a_server_that_is_not_there_is_a_fault(world: World) -> None:
    with FakeSmtp() as gone:
        url = gone.url
    [found] = checks(world, "smtp", NOTIFY_EMAIL_URL=url)
    assert not found.ok
    assert "cannot be reached" in found.detail
    assert found.fix


def test_tls_and_the_login_are_tried_and_what_is_wrong_is_a_fault(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context, certificate = tls_context(tmp_path)  # for the name localhost
    with FakeSmtp(tls=context, login=True) as server:
        plain = server.url.replace("127.0.0.1", "localhost")
        good = plain.replace("//", f"//{USER}:{PASSWORD.replace('/', '%2F').replace('@', '%40')}@")
        [unproven] = checks(world, "smtp", NOTIFY_EMAIL_URL=good)
        assert (unproven.ok, "cannot prove who it is" in unproven.detail) == (False, True)
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        [found] = checks(world, "smtp", NOTIFY_EMAIL_URL=good)
        assert (found.ok, found.detail) == (True, "the server is there and takes our login")
        [refused] = checks(world, "smtp", NOTIFY_EMAIL_URL=plain.replace("//", "//course:wrong-password@"))
        assert (refused.ok, "535" in refused.detail) == (False, True)
        assert "wrong-password" not in f"{refused}"
        assert server.raw == []


@pytest.mark.parametrize(
    ("mode", "told"), [(0o600, False), (0o400, False), (0o640, True), (0o604, True), (0o666, True)]
)
def test_an_env_file_that_others_may_read_or_write_is_a_fault(
    world: World, notify: Command, tmp_path: Path, mode: int, told: bool
) -> None:
    file = tmp_path / "notify.env"
    file.write_text("NOTIFY_FOOTER=Example Course\n", encoding="utf-8")
    file.chmod(mode)
    found = [line for line in notify(f"--env-file {file} doctor --json").json if line["check"] == "env file"]
    if not told:
        assert found == []
        return
    assert found == [
        {
            "check": "env file",
            "ok": False,
            "detail": f"{file} has our keys, and others on this host may read it or write to it",
            "fix": f"chmod 600 {file}",
        }
    ]


def test_a_link_that_can_be_guessed_is_remarked(world: World) -> None:
    guessed = {"NOTIFY_UNSUBSCRIBE_URL": "https://courses.example.org/u/{user_id}"}
    [found] = checks(world, "unsubscribe", **guessed)
    assert (found.ok, "use {token}" in (found.fix or "")) == (True, True)
    signed = {"NOTIFY_UNSUBSCRIBE_URL": "https://courses.example.org/u/{token}", "NOTIFY_SECRET": "s3cret"}
    assert checks(world, "unsubscribe", **signed) == []


def test_where_answers_to_invites_go_is_said_where_reply_to_is_another_address(world: World) -> None:
    assert checks(world, "invites") == []
    assert checks(world, "invites", REPLY_TO="Course@example.org") == []
    [found] = checks(world, "invites", FROM_EMAIL="no-reply@example.org", REPLY_TO="help@example.org")
    assert found.ok
    assert "answers to calendar invites go to no-reply@example.org" in found.detail
    assert "no-reply@example.org takes mail" in (found.fix or "")
