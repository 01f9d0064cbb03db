"""The connection: its deadline, and what it relies on of psycopg."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, ClassVar

import psycopg
import pytest
from psycopg import waiting
from psycopg.abc import PQGen

from notify_cli import db
from notify_cli.errors import DatabaseError
from tests.support.relay import relayed

# Every way in which the package asks the server something.
WAYS: dict[str, Callable[[db.Connection], object]] = {
    "rows": lambda connection: db.rows(connection, "select 1 as one"),
    "execute": lambda connection: db.execute(connection, "set local jit = off"),
    "the first of a stream": lambda connection: next(db.each(connection, "select 1 as one")),
    "the rest of a stream": lambda connection: list(db.each(connection, "select generate_series(1, 3000)")),
    "a transaction that is rolled back": lambda connection: _transaction(connection, rolled_back=True),
    "a transaction": lambda connection: _transaction(connection, rolled_back=False),
    "a savepoint": lambda connection: _savepoint(connection),
}


def _transaction(connection: db.Connection, *, rolled_back: bool) -> None:
    with db.errors(), connection.transaction(force_rollback=rolled_back):
        pass


def _savepoint(connection: db.Connection) -> None:
    with db.errors(), connection.transaction(), db.joined(connection) as inner:
        db.execute(inner, "select 1")


@pytest.fixture
def silenced(platform_db: str) -> Iterator[db.Connection]:
    """A connection whose time is up, to a server that has just gone silent."""
    with relayed(platform_db) as (url, relay):
        connection = db.with_deadline(partial(db.connect, url), time.monotonic())()
        assert db.rows(connection, "select 1 as one")[0].one == 1, "what is answered in time is not too late"
        relay.silent.set()
        yield connection
        connection.close()


@pytest.mark.parametrize("way", WAYS)
def test_nothing_waits_for_a_silent_server_beyond_the_deadline(silenced: db.Connection, way: str) -> None:
    began = time.monotonic()
    with pytest.raises(DatabaseError, match="no answer came in time"):
        WAYS[way](silenced)
    assert time.monotonic() - began < 5
    assert silenced.closed


@pytest.mark.parametrize("way", WAYS)
def test_connection_wait_is_the_one_place_where_psycopg_waits(
    platform_db: str, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    """Else a statement could hang beyond the deadline that `db.with_deadline` gives it: see db._Bounded."""
    inside: list[str] = []
    outside: list[str] = []
    within = False

    def waits(self: object, gen: object, *args: object, **options: object) -> object:
        nonlocal within
        within = True
        try:
            return own_wait(self, gen, *args, **options)
        finally:
            within = False

    def wait(*args: object, **options: object) -> object:
        (inside if within else outside).append(way)
        return real_wait(*args, **options)

    with db.connect(platform_db) as connection:
        own_wait: Callable[..., object] = type(connection).wait
        real_wait: Callable[..., object] = waiting.wait
        monkeypatch.setattr(type(connection), "wait", waits)
        for name in ("wait", "wait_selector", "wait_select", "wait_poll", "wait_epoll", "wait_c"):
            if getattr(waiting, name, None):
                monkeypatch.setattr(waiting, name, wait)
        WAYS[way](connection)
        monkeypatch.undo()
    assert inside
    assert outside == []


class _Watched(psycopg.Connection[Any]):
    """A connection that keeps what its generators are sent."""

    sent: ClassVar[list[int]] = []

    def wait(self, gen: PQGen[Any], *args: Any, **options: Any) -> Any:
        return super().wait(self._watched(gen), *args, **options)

    def _watched(self, gen: PQGen[Any]) -> PQGen[Any]:
        try:
            state = next(gen)
            while True:
                ready = yield state
                self.sent.append(ready)
                state = gen.send(ready)
        except StopIteration as done:
            return done.value


def test_a_wait_is_told_of_each_interval_without_an_answer(platform_db: str) -> None:
    """The generator is sent nothing ready, several times while a statement runs: there the deadline is looked at."""
    with _Watched.connect(platform_db) as connection:
        connection.execute("select pg_sleep(0.35)")
    assert _Watched.sent.count(0) >= 2
    assert any(_Watched.sent), "and of the answer"


@pytest.mark.parametrize(
    "statement",
    [
        "select 'bob is ill'::numeric",
        "select 'bob is ill'::timestamptz",
        "select '{bob is ill'::jsonb",
        "select 'bob is ill'::uuid",
        "select to_timestamp('bob is ill', 'YYYY')",
        "select now() at time zone 'bob is ill'",
        """do $$ begin raise exception 'this is what bob is ill of: "bob is ill"'; end $$""",
        "do $$ begin raise exception using errcode = 'check_violation', detail = 'bob is ill', message = 'no'; end $$",
    ],
)
def test_an_error_quotes_no_value_of_a_row(ready_db: str, statement: str) -> None:
    with db.connect(ready_db) as connection, pytest.raises(DatabaseError) as caught:
        db.execute(connection, statement)
    assert "bob is ill" not in str(caught.value)
    assert str(caught.value).startswith(("the database refused a statement: ", "the database cannot be used: "))


def test_an_error_still_names_what_is_ours(ready_db: str) -> None:
    with db.connect(ready_db) as connection:
        connection.execute("alter table reminders_log add constraint picky check (attempts < 100)")
        with pytest.raises(DatabaseError, match='violates check constraint "picky"'):
            db.execute(
                connection, "insert into reminders_log (message, reminder_type, attempts) values ('x', 'x', 200)"
            )
