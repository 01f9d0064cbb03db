"""The Discord channels against a Discord on the loopback: codes, rate limits and faults by real sockets."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from notify_cli import __version__
from notify_cli.channels import Channel, open_channel, open_channels
from notify_cli.channels.ratelimits import RateLimits
from notify_cli.config import Settings
from notify_cli.errors import AccountError, DeliveryError, RecipientError, TemporaryError, UnknownOutcomeError
from notify_cli.model import DiscordMessage, fingerprint
from notify_cli.registry import Method
from tests.support.fakes.discord import TOKEN, FakeDiscord
from tests.support.fakes.http import Close, Drip, Hang, Reply, Request, Reset, Step, Truncated

ALICE = DiscordMessage(key="user_1_welcome/-/discord_dm/user_1", content="Welcome alice!", discord_id="111")
BOB = DiscordMessage(key="user_2_welcome/-/discord_dm/user_2", content="Welcome bob!", discord_id="222")
POST = DiscordMessage(
    key="meeting_1_reminder_1h/20260204T150000Z/discord_channel/group_7", content="Soon!", channel_id="777"
)
PAGE = Reply(429, "<html>error code: 1015</html>", {"Content-Type": "text/html"})


@pytest.fixture
def fake() -> Iterator[FakeDiscord]:
    with FakeDiscord() as server:
        yield server


@pytest.fixture
def settings(fake: FakeDiscord) -> Settings:
    return Settings(
        discord_bot_token=TOKEN,
        discord_api_url=f"{fake.url}/api/v10",
        frontend_url="https://school.example",
        dm_interval=0.5,
    )


@pytest.fixture
def opened(settings: Settings) -> Iterator[dict[Method, Channel]]:
    channels = open_channels(settings, [Method.DISCORD_DM, Method.DISCORD_CHANNEL])
    yield channels
    for channel in channels.values():
        channel.close()


@pytest.fixture
def dms(opened: dict[Method, Channel]) -> Channel:
    return opened[Method.DISCORD_DM]


@pytest.fixture
def posts(opened: dict[Method, Channel]) -> Channel:
    return opened[Method.DISCORD_CHANNEL]


def test_it_opens_a_dm_channel_and_posts_there(fake: FakeDiscord, dms: Channel) -> None:
    receipt = dms.send(ALICE)
    assert fake.invalid == []
    (message,) = fake.messages
    assert (message["recipient_id"], message["content"]) == ("111", "Welcome alice!")
    assert (receipt.provider_message_id, receipt.dm_channel_id) == (message["id"], fake.dm_channel("111"))
    opening, posting = fake.requests
    assert (opening.method, opening.path, opening.json) == (
        "POST",
        "/api/v10/users/@me/channels",
        {"recipient_id": "111"},
    )
    assert posting.json == {
        "content": "Welcome alice!",
        "nonce": fingerprint(ALICE.key),
        "enforce_nonce": True,
        "allowed_mentions": {"parse": []},
    }
    assert posting.headers["user-agent"] == f"DiscordBot (https://school.example, {__version__})"
    assert posting.headers["authorization"] == f"Bot {TOKEN}"


def test_a_remembered_dm_channel_is_not_opened_again(fake: FakeDiscord, dms: Channel) -> None:
    receipt = dms.send(replace(ALICE, channel_id=fake.dm_channel("111")))
    assert receipt.dm_channel_id == fake.dm_channel("111")
    assert [request.path for request in fake.requests] == [f"/api/v10/channels/{receipt.dm_channel_id}/messages"]


@pytest.mark.parametrize("code", [10003, 50001])
def test_a_remembered_dm_channel_that_is_gone_is_opened_anew(fake: FakeDiscord, dms: Channel, code: int) -> None:
    fake.script([Reply(404, {"message": "Unknown Channel", "code": code})])
    receipt = dms.send(replace(ALICE, channel_id="999"))
    assert receipt.dm_channel_id == fake.dm_channel("111")
    assert len(fake.messages) == 1


def test_a_dm_channel_is_opened_anew_once_only(fake: FakeDiscord, dms: Channel) -> None:
    fake.gone = {"999", fake.dm_channel("111")}
    with pytest.raises(RecipientError, match="10003"):
        dms.send(replace(ALICE, channel_id="999"))
    assert len(fake.requests) == 3


def test_it_learns_the_dm_channels_that_it_opened_and_tells_them_once(fake: FakeDiscord, dms: Channel) -> None:
    assert dms.learned() == {}
    dms.send(ALICE)
    dms.prepare(BOB)
    assert dms.learned() == {"111": fake.dm_channel("111"), "222": fake.dm_channel("222")}
    assert dms.learned() == {}


def test_it_learns_nothing_from_a_dm_channel_that_it_was_given(fake: FakeDiscord, dms: Channel) -> None:
    dms.send(replace(ALICE, channel_id=fake.dm_channel("111")))
    assert dms.learned() == {}


def test_it_learns_what_stands_in_for_a_dm_channel_that_is_gone(fake: FakeDiscord, dms: Channel) -> None:
    fake.gone = {"999"}
    dms.send(replace(ALICE, channel_id="999"))
    assert dms.learned() == {"111": fake.dm_channel("111")}


def test_it_learns_a_dm_channel_even_if_the_message_is_refused(fake: FakeDiscord, dms: Channel) -> None:
    fake.closed = {"111"}
    with pytest.raises(RecipientError):
        dms.send(ALICE)
    assert dms.learned() == {"111": fake.dm_channel("111")}


def test_those_who_ask_at_once_are_together_told_every_dm_channel_once(fake: FakeDiscord, dms: Channel) -> None:
    people = [replace(ALICE, key=str(number), discord_id=str(number)) for number in range(1, 41)]

    def open_and_ask(person: DiscordMessage) -> dict[str, str]:
        dms.prepare(person)
        return dms.learned()

    with ThreadPoolExecutor(8) as pool:
        told = [pair for answer in pool.map(open_and_ask, people) for pair in answer.items()]
    assert sorted(told) == sorted((str(number), fake.dm_channel(str(number))) for number in range(1, 41))


def test_a_group_post_teaches_nothing(posts: Channel) -> None:
    posts.send(POST)
    assert posts.learned() == {}


def test_a_group_post_goes_straight_to_its_channel(fake: FakeDiscord, posts: Channel) -> None:
    receipt = posts.send(POST)
    assert receipt.dm_channel_id is None
    assert [request.path for request in fake.requests] == ["/api/v10/channels/777/messages"]
    assert fake.invalid == []


def test_only_dms_are_paced_unless_posts_are_redirected(settings: Settings) -> None:
    dms, posts = (open_channel(method, settings) for method in (Method.DISCORD_DM, Method.DISCORD_CHANNEL))
    assert (dms.concurrency, dms.interval, posts.concurrency, posts.interval) == (1, 0.5, 8, 0.0)
    redirected = open_channel(Method.DISCORD_CHANNEL, replace(settings, redirect_discord="42"))
    assert (redirected.concurrency, redirected.interval) == (1, 0.5)


def test_a_repetition_with_the_same_nonce_is_one_message(fake: FakeDiscord, dms: Channel) -> None:
    assert dms.send(ALICE) == dms.send(ALICE)
    assert len(fake.messages) == 1


def test_a_repetition_whose_message_was_deleted_meanwhile_counts_as_sent(fake: FakeDiscord, posts: Channel) -> None:
    fake.script([Reply(404, {"message": "Unknown Message", "code": 10008})])
    assert posts.send(POST).provider_message_id is None


@pytest.mark.parametrize(
    "poisoned",
    [
        replace(POST, content="x" * 2001),
        replace(POST, content=" \n"),
        replace(POST, content="lone \ud800 surrogate"),
        replace(POST, key="lone \ud800 surrogate"),
        replace(POST, channel_id="7/../../users/@me"),
        replace(POST, channel_id=None),
        replace(ALICE, discord_id="alice#1234"),
        replace(ALICE, discord_id=""),
        replace(ALICE, discord_id="\uff11\uff12"),
    ],
)
def test_what_discord_never_takes_fails_for_this_recipient_alone(
    fake: FakeDiscord, dms: Channel, poisoned: DiscordMessage
) -> None:
    with pytest.raises(RecipientError):
        dms.send(poisoned)
    assert fake.requests == []
    dms.send(ALICE)


def test_two_thousand_characters_are_not_too_many(fake: FakeDiscord, posts: Channel) -> None:
    posts.send(replace(POST, content="x" * 2000))
    assert len(fake.messages) == 1


RECIPIENT_CODES = [50007, 50278, 10013, 50033, 20009, 10003, 50008, 50024, 50006, 50035, 50109, 40005]


@pytest.mark.parametrize("code", [*RECIPIENT_CODES, 200000, 240000, 0, 987654])
@pytest.mark.parametrize("status", [400, 403, 404])
def test_codes_about_one_recipient_channel_or_payload_are_final(
    fake: FakeDiscord, posts: Channel, code: int, status: int
) -> None:
    fake.script([Reply(status, {"message": "Cannot do this", "code": code})])
    with pytest.raises(RecipientError, match=f"Discord answered {status}.*Cannot do this"):
        posts.send(POST)


@pytest.mark.parametrize(("status", "code"), [(401, 0), (401, 40001), (403, 50014), (403, 40333), (403, 20026)])
def test_codes_about_our_bot_stop_the_channel(fake: FakeDiscord, posts: Channel, status: int, code: int) -> None:
    fake.script([Reply(status, {"message": "Not with this bot", "code": code})])
    with pytest.raises(AccountError, match=r"Discord .*Not with this bot"):
        posts.send(POST)


@pytest.mark.parametrize("code", [20026, 40003])
def test_a_quarantine_while_opening_dms_stops_the_channel(fake: FakeDiscord, dms: Channel, code: int) -> None:
    fake.script([Reply(400, {"message": "You are opening direct messages too fast", "code": code})])
    with pytest.raises(AccountError, match=str(code)):
        dms.send(ALICE)
    assert fake.messages == []


@pytest.mark.parametrize("code", [130000, 20016, 20028, 20029, 40004, 40006, 40062])
def test_codes_that_pass_are_temporary(fake: FakeDiscord, posts: Channel, code: int) -> None:
    fake.script([Reply(400, {"message": "Later", "code": code, "retry_after": 12.5})])
    with pytest.raises(TemporaryError, match="Later") as caught:
        posts.send(POST)
    assert caught.value.retry_after == 12.5
    assert not caught.value.provider_down


def test_closed_dms_are_final_for_this_recipient_alone(fake: FakeDiscord, dms: Channel) -> None:
    fake.closed = {"111"}
    with pytest.raises(RecipientError, match=r"50007.*Cannot send messages to this user"):
        dms.send(ALICE)
    dms.send(BOB)
    assert [message["recipient_id"] for message in fake.messages] == ["222"]


def test_a_refusal_names_the_field(fake: FakeDiscord, posts: Channel) -> None:
    nested = {"embeds": {"0": {"title": {"_errors": [{"code": "X", "message": "Must be shorter."}]}}}}
    fake.script([Reply(400, {"message": "Invalid Form Body", "code": 50035, "errors": nested})])
    with pytest.raises(RecipientError, match=r"Invalid Form Body embeds\.0\.title: Must be shorter\."):
        posts.send(POST)


def test_errors_repeat_neither_the_token_nor_an_address(fake: FakeDiscord, posts: Channel) -> None:
    fake.script([Reply(400, {"message": f"no {TOKEN} of alice@example.org \x00", "code": 50035})])
    with pytest.raises(RecipientError) as caught:
        posts.send(POST)
    assert TOKEN not in str(caught.value)
    assert "@" not in str(caught.value)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    "malformed", [{"code": "x"}, {"code": 1, "errors": []}, {"message": None}, {"errors": {"a": 1}}]
)
def test_a_malformed_refusal_is_still_a_refusal(fake: FakeDiscord, posts: Channel, malformed: Any) -> None:
    fake.script([Reply(400, malformed)])
    with pytest.raises(RecipientError, match="400"):
        posts.send(POST)


def test_429_waits_as_long_as_its_body_says(fake: FakeDiscord, posts: Channel) -> None:
    told = {"message": "You are being rate limited.", "retry_after": 64.57, "global": False}
    fake.script([Reply(429, told, {"Via": "1.1 google", "X-RateLimit-Reset-After": "1", "Retry-After": "65"})])
    with pytest.raises(TemporaryError, match="rate limited") as caught:
        posts.send(POST)
    assert caught.value.retry_after == 64.57
    with pytest.raises(TemporaryError) as caught:
        posts.send(POST)
    assert 60 < (caught.value.retry_after or 0) < 64.57
    assert len(fake.requests) == 1  # the second was not sent
    posts.send(replace(POST, channel_id="778"))
    assert len(fake.messages) == 1  # another channel is another bucket


@pytest.mark.parametrize("as_header", [True, False])
def test_a_global_429_blocks_everything_of_this_token(
    fake: FakeDiscord, dms: Channel, posts: Channel, as_header: bool
) -> None:
    told = {"message": "You are being rate limited.", "retry_after": 30.0, "global": not as_header}
    fake.script([Reply(429, told, {"X-RateLimit-Scope": "global" if as_header else None})])
    for channel, message in ((posts, POST), (dms, ALICE), (posts, replace(POST, channel_id="778"))):
        with pytest.raises(TemporaryError) as caught:
            channel.send(message)
        assert 29 < (caught.value.retry_after or 0) <= 30
    assert len(fake.requests) == 1


@pytest.mark.parametrize(("headers", "wait"), [({}, 5.0), ({"Retry-After": "9"}, 9.0)])
def test_429_without_a_body_waits_with_everything(
    fake: FakeDiscord, dms: Channel, posts: Channel, headers: dict[str, str | None], wait: float
) -> None:
    fake.script([Reply(429, b"", headers)])
    with pytest.raises(TemporaryError) as caught:
        posts.send(POST)
    assert caught.value.retry_after == wait
    with pytest.raises(TemporaryError):
        dms.send(ALICE)
    assert len(fake.requests) == 1


def test_a_cloudflare_ban_stops_the_channel(fake: FakeDiscord, posts: Channel) -> None:
    fake.script([PAGE])
    with pytest.raises(AccountError, match="Cloudflare"):
        posts.send(POST)


def test_a_cloudflare_block_stops_the_channel(fake: FakeDiscord, posts: Channel) -> None:
    fake.script([Reply(403, "<html>Sorry, you have been blocked</html>")])
    with pytest.raises(AccountError, match="403"):
        posts.send(POST)


def test_a_used_up_bucket_is_not_asked_again(fake: FakeDiscord, posts: Channel) -> None:
    fake.message_limit = (2, 60.0)
    posts.send(POST)
    posts.send(replace(POST, key="second"))
    with pytest.raises(TemporaryError) as caught:
        posts.send(replace(POST, key="third"))
    assert 55 < (caught.value.retry_after or 0) <= 60
    assert not caught.value.provider_down
    assert len(fake.requests) == 2
    posts.send(replace(POST, channel_id="778"))


def test_threads_together_do_not_overrun_a_known_bucket(fake: FakeDiscord, posts: Channel) -> None:
    fake.message_limit = (4, 60.0)
    posts.send(POST)
    fake.latency = 0.02

    def attempt(number: int) -> bool:
        try:
            posts.send(replace(POST, key=str(number)))
        except TemporaryError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(attempt, range(8))) == 3
    assert len(fake.requests) == 4


def test_a_limit_on_opening_dms_does_not_hold_up_known_ones(fake: FakeDiscord, dms: Channel) -> None:
    fake.open_limit = (1, 60.0)
    dms.send(ALICE)
    with pytest.raises(TemporaryError):
        dms.send(BOB)
    dms.send(replace(BOB, channel_id=fake.dm_channel("222")))
    assert [message["recipient_id"] for message in fake.messages] == ["111", "222"]


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_bucket_opens_again_when_its_time_is_up() -> None:
    clock = Clock()
    limits = RateLimits(clock)
    limits.learn("route", "1", {"x-ratelimit-remaining": "0", "x-ratelimit-reset-after": "2.5"})
    with pytest.raises(TemporaryError) as caught:
        limits.enter("route", "1")
    assert caught.value.retry_after == 2.5
    clock.now += 2.5
    limits.enter("route", "1")


def test_routes_of_one_bucket_are_blocked_together() -> None:
    limits = RateLimits(Clock())
    shared = {"x-ratelimit-bucket": "abc", "x-ratelimit-remaining": "1", "x-ratelimit-reset-after": "5"}
    limits.learn("route a", "1", shared)
    limits.learn("route b", "1", {**shared, "x-ratelimit-remaining": "0"})
    with pytest.raises(TemporaryError):
        limits.enter("route a", "1")
    limits.enter("route a", "2")


@pytest.mark.parametrize("headers", [{}, {"x-ratelimit-remaining": "x", "x-ratelimit-reset-after": "y"}])
def test_headers_that_say_nothing_limit_nothing(headers: dict[str, str]) -> None:
    limits = RateLimits(Clock())
    limits.learn("route", "1", headers)
    limits.enter("route", "1")


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_5xx_is_an_outage(fake: FakeDiscord, posts: Channel, status: int) -> None:
    fake.script([Reply(status, "<html>Bad Gateway</html>")])
    with pytest.raises(TemporaryError, match=str(status)) as caught:
        posts.send(POST)
    assert caught.value.provider_down


def test_302_is_not_followed(fake: FakeDiscord, posts: Channel) -> None:
    fake.script([Reply(302, b"", {"Location": fake.url})])
    with pytest.raises(TemporaryError, match="302") as caught:
        posts.send(POST)
    assert caught.value.provider_down
    assert len(fake.requests) == 1


def test_a_404_of_another_server_does_not_fail_the_recipient(fake: FakeDiscord, posts: Channel) -> None:
    fake.script([Reply(404, "<html>Not Found</html>")])
    with pytest.raises(TemporaryError, match="DISCORD_API_URL") as caught:
        posts.send(POST)
    assert caught.value.provider_down


@pytest.mark.parametrize(
    "step", [Reply(200, "<html>Log in to this wifi</html>"), Reply(200), Reply(204), Reply(202, {"id": "1"})]
)
def test_a_success_that_is_not_the_message_is_unknown(fake: FakeDiscord, posts: Channel, step: Step) -> None:
    fake.script([step])
    with pytest.raises(UnknownOutcomeError):
        posts.send(POST)


@pytest.mark.parametrize("step", [Truncated(), Drip("body")])
def test_a_message_whose_answer_is_truncated_is_sent(fake: FakeDiscord, posts: Channel, step: Step) -> None:
    fake.script([step])
    posts.send(POST, timeout=0.2)
    assert len(fake.messages) == 1


UNKNOWN: list[Step] = [
    Hang(),
    Hang(processed=True),
    Drip("head"),
    Reset(),
    Reset(processed=True),
    Close(),
    Close(processed=True),
    Truncated(Reply(403, {"message": "no", "code": 50007})),
]


@pytest.mark.parametrize("step", UNKNOWN, ids=repr)
def test_a_hang_reset_or_truncated_refusal_is_unknown(fake: FakeDiscord, posts: Channel, step: Step) -> None:
    fake.script([step])
    started = time.monotonic()
    with pytest.raises(UnknownOutcomeError):
        posts.send(POST, timeout=0.2)
    assert time.monotonic() - started < 1
    posts.send(POST)
    assert len(fake.messages) == 1


@pytest.mark.parametrize(
    "step", [*UNKNOWN, Truncated(), Drip("body"), Reply(200), Reply(200, {"id": "../1"})], ids=repr
)
def test_no_fault_while_opening_a_dm_leaves_a_doubt(fake: FakeDiscord, dms: Channel, step: Step) -> None:
    fake.script([step])
    with pytest.raises(TemporaryError) as caught:
        dms.send(ALICE, timeout=0.2)
    assert caught.value.provider_down
    assert fake.messages == []


def test_opening_and_posting_share_one_timeout(fake: FakeDiscord, dms: Channel) -> None:
    fake.latency = 0.15
    started = time.monotonic()
    with pytest.raises(DeliveryError):
        dms.send(ALICE, timeout=0.2)
    assert time.monotonic() - started < 0.29


def test_no_connection_means_certainly_not_sent(settings: Settings) -> None:
    with FakeDiscord() as gone:
        url = gone.url
    channel = open_channel(Method.DISCORD_CHANNEL, replace(settings, discord_api_url=url))
    with pytest.raises(TemporaryError, match="cannot be reached") as caught:
        channel.send(POST)
    assert caught.value.provider_down
    channel.close()


def test_a_fault_decided_per_request_meets_only_that_one(fake: FakeDiscord, dms: Channel) -> None:
    def decide(request: Request) -> Step:
        return Reply(500) if request.json.get("recipient_id") == "111" else None

    fake.script(decide)
    with pytest.raises(TemporaryError):
        dms.send(ALICE)
    dms.send(BOB)
    assert [message["recipient_id"] for message in fake.messages] == ["222"]
