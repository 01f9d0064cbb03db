"""A Discord that opens DM channels and takes messages as strictly as the real one, with its nonces and rate limits.

`python -m tests.support.fakes.discord --port 0 --record messages.jsonl` serves it from a process of its own.
"""

from __future__ import annotations

import re
import time
import zlib
from dataclasses import dataclass
from typing import Any

from tests.support.fakes.http import FakeServer, Reply, Request, options, random_faults

TOKEN = "discord-test-token"
NONCE_WINDOW = 180.0

_MESSAGE_FIELDS = {
    "content", "nonce", "enforce_nonce", "allowed_mentions", "flags", "embeds", "tts", "message_reference",
    "components", "sticker_ids", "attachments", "poll",
}  # fmt: skip


@dataclass
class Window:
    """The state of one rate limit bucket."""

    used: int = 0
    ends: float = 0.0


class FakeDiscord(FakeServer):
    """`messages` holds the messages it took, with `recipient_id` for DMs; a repeated nonce adds none.

    `closed` are people whose DMs are closed (50007), `gone` are channels that no longer exist (10003).
    `message_limit` and `open_limit` are (requests, seconds) per bucket, or None for no limit and no such headers.
    """

    def __init__(
        self,
        *,
        token: str = TOKEN,
        message_limit: tuple[int, float] | None = None,
        open_limit: tuple[int, float] | None = None,
        **server: Any,
    ) -> None:
        super().__init__(**server)
        self.messages: list[dict[str, Any]] = []
        self.closed: set[str] = set()
        self.gone: set[str] = set()
        self.opened: dict[str, str] = {}
        self.message_limit = message_limit
        self.open_limit = open_limit
        self._token = token
        self._nonces: dict[str, tuple[float, dict[str, Any]]] = {}
        self._windows: dict[str, Window] = {}

    def answer(self, request: Request) -> Reply:
        path = re.sub(r"^/api/v10", "", request.path)
        if request.headers.get("authorization") != f"Bot {self._token}":
            return _error(401, 0, "401: Unauthorized")
        if not re.match(r"DiscordBot \(https?://\S+, \S+\)", request.headers.get("user-agent", "")):
            self.refuse(request, "no proper User-Agent")
            return _error(403, 40333, "internal network error")
        if request.method == "GET":
            return self._look_up(path)
        if request.headers.get("content-type") != "application/json" or not isinstance(request.json, dict):
            self.refuse(request, "not a JSON object")
            return _error(400, 50109, "The request body contains invalid JSON.")
        if path == "/users/@me/channels":
            limited, headers = self._count("open", self.open_limit)
            return limited or _with(self._open(request), headers)
        if match := re.fullmatch(r"/channels/(\d+)/messages", path):
            limited, headers = self._count(f"messages:{match[1]}", self.message_limit)
            return limited or _with(self._post(request, match[1]), headers)
        return _error(404, 0, "404: Not Found")

    def describe(self, request: Request) -> dict[str, Any]:
        body = request.json if isinstance(request.json, dict) else {}
        channel = re.search(r"/channels/(\d+)/", request.path)
        people = {opened: person for person, opened in self.opened.items()}
        return {
            "nonce": body.get("nonce"),
            "channel_id": channel[1] if channel else None,
            "recipient_id": body.get("recipient_id") or (people.get(channel[1]) if channel else None),
        }

    def dm_channel(self, person: str) -> str:
        """The id of this person's DM channel: always the same."""
        return self.opened.setdefault(person, str(8 * 10**17 + zlib.crc32(person.encode())))

    def _look_up(self, path: str) -> Reply:
        if path == "/users/@me":
            return Reply(200, {"id": "700000000000000001", "username": "notify", "bot": True})
        if match := re.fullmatch(r"/channels/(\d+)", path):
            gone = match[1] in self.gone
            return _error(404, 10003, "Unknown Channel") if gone else Reply(200, {"id": match[1], "type": 0})
        return _error(404, 0, "404: Not Found")

    def _open(self, request: Request) -> Reply:
        person = request.json.get("recipient_id")
        if set(request.json) != {"recipient_id"} or not re.fullmatch(r"\d{1,20}", str(person)):
            self.refuse(request, "recipient_id")
            return _form_error("recipient_id", "NUMBER_TYPE_COERCE", f'Value "{person}" is not snowflake.')
        recipients = [{"id": person, "username": "someone"}]
        return Reply(200, {"id": self.dm_channel(person), "type": 1, "recipients": recipients})

    def _post(self, request: Request, channel: str) -> Reply:
        body = request.json
        if fault := _message_fault(body):
            self.refuse(request, f"{fault[0]}: {fault[1]}")
            return _form_error(fault[0], "BASE_TYPE", fault[1])
        if not str(body.get("content") or "").strip():
            return _error(400, 50006, "Cannot send an empty message")
        if channel in self.gone:
            return _error(404, 10003, "Unknown Channel")
        person = next((person for person, opened in self.opened.items() if opened == channel), None)
        if person in self.closed:
            return _error(403, 50007, "Cannot send messages to this user")
        nonce = body.get("nonce")
        taken_at, message = self._nonces.get(nonce, (0.0, {})) if body.get("enforce_nonce") else (0.0, {})
        if request.at - taken_at > NONCE_WINDOW:
            message = {
                "id": str(9 * 10**17 + len(self.messages)),
                "channel_id": channel,
                "content": body["content"],
                "nonce": nonce,
            }
            self.messages.append({**message, "recipient_id": person})
            if nonce:
                self._nonces[nonce] = (request.at, message)
        return Reply(200, message)

    def _count(self, bucket: str, limit: tuple[int, float] | None) -> tuple[Reply | None, dict[str, str | None]]:
        if limit is None:
            return None, {}
        most, seconds = limit
        now = time.monotonic()
        window = self._windows.setdefault(bucket, Window())
        if now >= window.ends:
            window.used, window.ends = 0, now + seconds
        after = window.ends - now
        headers: dict[str, str | None] = {
            "X-RateLimit-Limit": str(most),
            "X-RateLimit-Remaining": str(max(most - window.used - 1, 0)),
            "X-RateLimit-Reset-After": f"{after:.3f}",
            "X-RateLimit-Bucket": f"{zlib.crc32(bucket.partition(':')[0].encode()):08x}",
            "Via": "1.1 google",
        }
        window.used += 1
        if window.used > most:
            told = {"message": "You are being rate limited.", "retry_after": round(after, 3), "global": False}
            return Reply(429, told, {**headers, "X-RateLimit-Scope": "user"}), headers
        return None, headers


def _with(reply: Reply, headers: dict[str, str | None]) -> Reply:
    return Reply(reply.status, reply.body, {**headers, **reply.headers})


def _error(status: int, code: int, message: str) -> Reply:
    return Reply(status, {"message": message, "code": code})


def _form_error(field: str, code: str, message: str) -> Reply:
    errors = {field: {"_errors": [{"code": code, "message": message}]}}
    return Reply(400, {"message": "Invalid Form Body", "code": 50035, "errors": errors})


def _message_fault(body: dict[str, Any]) -> tuple[str, str] | None:
    if unknown := set(body) - _MESSAGE_FIELDS:
        return min(unknown), "is not a field"
    if not isinstance(body.get("content"), str):
        return "content", "must be a string"
    if len(body["content"]) > 2000:
        return "content", "Must be 2000 or fewer in length."
    nonce = body.get("nonce")
    if nonce is not None and not (isinstance(nonce, int) or (isinstance(nonce, str) and len(nonce) <= 25)):
        return "nonce", "Must be 25 or fewer in length."
    if not isinstance(body.get("enforce_nonce", False), bool):
        return "enforce_nonce", "must be a boolean"
    mentions = body.get("allowed_mentions", {})
    if not isinstance(mentions, dict) or set(mentions) - {"parse", "roles", "users", "replied_user"}:
        return "allowed_mentions", "is malformed"
    if set(mentions.get("parse", ())) - {"roles", "users", "everyone"}:
        return "allowed_mentions.parse", "is malformed"
    return None


if __name__ == "__main__":
    parser = options(__doc__ or "")
    parser.add_argument("--token", default=TOKEN)
    arguments = parser.parse_args()
    server = FakeDiscord(token=arguments.token, port=arguments.port, latency=arguments.latency, record=arguments.record)
    server.script(random_faults(arguments.faults, arguments.seed))
    server.serve_forever()
