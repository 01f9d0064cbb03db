"""A SendGrid as strict as the real one: POST /v3/mail/send, GET /v3/scopes, its suppression lists and Email Logs.

`python -m tests.support.fakes.sendgrid --port 0 --latency 0.05 --record mails.jsonl` serves it from its own process.
"""

from __future__ import annotations

import base64
import binascii
import itertools
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.support.fakes.http import FakeServer, Reply, Request, options, random_faults

KEY = "SG.test-key"
SCOPES = ["mail.send", "sender_verification_eligible"]

_BODY = {
    "personalizations": list,
    "from": dict,
    "reply_to": dict,
    "subject": str,
    "content": list,
    "attachments": list,
    "headers": dict,
    "categories": list,
    "custom_args": dict,
    "mail_settings": dict,
    "tracking_settings": dict,
}
_TRACKING = {
    "click_tracking": {"enable", "enable_text"},
    "open_tracking": {"enable", "substitution_tag"},
    "subscription_tracking": {"enable", "text", "html", "substitution_tag"},
    "ganalytics": {"enable", "utm_source", "utm_medium", "utm_term", "utm_content", "utm_campaign"},
}
_RESERVED_HEADERS = {
    "x-sg-id", "x-sg-eid", "received", "dkim-signature", "content-type", "content-transfer-encoding",
    "to", "from", "subject", "reply-to", "cc", "bcc",
}  # fmt: skip
# What breaks a header, or turns its words round.
_BREAKS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e]")
_ADDRESS = re.compile(r"[^@\s<>,;:\"()]+@[^@\s<>,;:\"()]+\.[^@\s<>,;:\"()]+")

_LOG_QUERY = re.compile(r"""to_email = '((?:[^']|'')*)' AND sg_message_id_created_at >= TIMESTAMP "([^"]+)\"""")

Fault = tuple[str, str]  # message, field


class FakeSendGrid(FakeServer):
    """`mails` holds the bodies it took, in order. `unverified` senders are refused with 403.

    `suppressed` are its lists, `logs` its Email Logs: what it took, to be changed by a test (`status`, `reason`).
    """

    def __init__(self, *, key: str = KEY, scopes: list[str] | None = None, **server: Any) -> None:
        super().__init__(**server)
        self.mails: list[dict[str, Any]] = []
        self.unverified: set[str] = set()
        self.suppressed: dict[str, list[dict[str, Any]]] = {}
        self.logs: list[dict[str, Any]] = []
        self._key = key
        self._scopes = SCOPES if scopes is None else scopes
        self._ids = itertools.count(1)

    def answer(self, request: Request) -> Reply:
        if request.headers.get("authorization") != f"Bearer {self._key}":
            return _errors(401, ("The provided authorization grant is invalid, expired, or revoked", ""))
        if request.path == "/v3/scopes" and request.method == "GET":
            return Reply(200, {"scopes": self._scopes})
        if request.path.startswith(("/v3/suppression/", "/v3/asm/suppressions/global/")):
            return self._suppression(request)
        if request.path.partition("/v3/logs")[0] == "":
            return self._logs(request)
        if request.path != "/v3/mail/send":
            return _errors(404, ("Resource not found", ""))
        if request.method != "POST":
            return _errors(405, ("method not allowed", ""))
        if "mail.send" not in self._scopes:
            return _errors(403, ("access forbidden", ""))
        return self._take(request)

    def describe(self, request: Request) -> dict[str, Any]:
        body = request.json
        if not isinstance(body, dict) or next(_faults(body), None):
            return {"invalid": True}
        personalization = body["personalizations"][0]
        arguments = {**body.get("custom_args", {}), **personalization.get("custom_args", {})}
        return {
            "to": personalization["to"][0]["email"],
            "message_id": body.get("headers", {}).get("Message-ID"),
            "reminder_id": arguments.get("reminder_id"),
        }

    def _take(self, request: Request) -> Reply:
        if request.headers.get("content-type", "").split(";")[0] != "application/json":
            self.refuse(request, "not JSON")
            return _errors(415, ("Content-Type should be application/json.", ""))
        body = request.json
        if not isinstance(body, dict):
            self.refuse(request, "Bad Request")
            return _errors(400, ("Bad Request", ""))
        if faults := list(_faults(body)):
            self.refuse(request, "; ".join(f"{field}: {message}" for message, field in faults))
            return _errors(400, *faults)
        if body["from"]["email"] in self.unverified:
            return _errors(403, ("The from address does not match a verified Sender Identity.", "from"))
        self.mails.append(body)
        message_id = f"fake-{next(self._ids)}"
        self._remember(body, message_id)
        return Reply(202, b"", {"X-Message-Id": message_id, "Server": "nginx"})

    def _remember(self, body: dict[str, Any], message_id: str) -> None:
        personalization = body["personalizations"][0]
        self.logs.append(
            {
                "sg_message_id": f"{message_id}.recvd-0",
                "to_email": personalization["to"][0]["email"],
                "from_email": body["from"]["email"],
                "subject": body["subject"],
                "status": "processed",
                "sg_message_id_created_at": datetime.now(UTC).isoformat(timespec="seconds"),
                "custom_args": personalization.get("custom_args", {}),
            }
        )

    def _logs(self, request: Request) -> Reply:
        """Those to an address since a time, without their arguments; or one with them."""
        if request.method == "GET":
            asked = unquote(request.path.removeprefix("/v3/logs/"))
            found = [one for one in self.logs if one["sg_message_id"] == asked]
            return Reply(200, found[0]) if found else _errors(404, ("not found", ""))
        query = _LOG_QUERY.fullmatch(request.json["query"])
        if query is None:
            return _errors(400, ("invalid query", "query"))
        to, since = query[1].replace("''", "'"), datetime.fromisoformat(query[2])
        found = [
            one
            for one in self.logs
            if one["to_email"] == to and datetime.fromisoformat(one["sg_message_id_created_at"]) >= since
        ]
        shown = [{name: value for name, value in one.items() if name != "custom_args"} for one in found]
        return Reply(200, {"messages": shown[: request.json["limit"]]})

    def _suppression(self, request: Request) -> Reply:
        """A list, a page of it, or one address of it."""
        parts = urlsplit(request.path)
        listed, _, address = parts.path.removeprefix("/v3/suppression/").partition("/")
        if parts.path.startswith("/v3/asm"):
            address = unquote(parts.path.rpartition("/")[2])
            found = any(entry["email"] == address for entry in self.suppressed.get("unsubscribes", []))
            return Reply(200, {"recipient_email": address} if found else {})
        entries = self.suppressed.get(listed, [])
        if address:
            return Reply(200, [entry for entry in entries if entry["email"] == unquote(address)])
        asked = {name: int(values[0]) for name, values in parse_qs(parts.query).items()}
        since = [entry for entry in entries if entry["created"] >= asked.get("start_time", 0)]
        return Reply(200, since[asked.get("offset", 0) :][: asked.get("limit", 500)])


def _errors(status: int, *faults: Fault) -> Reply:
    return Reply(
        status, {"errors": [{"message": text, "field": field or None, "help": None} for text, field in faults]}
    )


def _faults(body: dict[str, Any]) -> Iterator[Fault]:
    """What the reference forbids, in its own words where it has some."""
    for name, value in body.items():
        if name not in _BODY:
            yield f"Additional property {name} is not allowed", name
        elif not isinstance(value, _BODY[name]):
            yield "Invalid type.", name
    checks: tuple[Callable[[dict[str, Any]], Iterator[Fault]], ...] = (
        _sender_faults,
        _personalization_faults,
        _content_faults,
        _attachment_faults,
        _extra_faults,
    )
    for check in checks:
        try:
            yield from check(body)
        except (KeyError, TypeError, AttributeError, IndexError) as error:
            yield f"Bad Request: {error!r}", ""


def _sender_faults(body: dict[str, Any]) -> Iterator[Fault]:
    if not _ADDRESS.fullmatch(body["from"]["email"]) or not body["from"]["email"].isascii():
        yield "The from email does not contain a valid address.", "from.email"
    yield from _mailbox_faults(body["from"], "from")
    if "reply_to" in body:
        if not _ADDRESS.fullmatch(body["reply_to"]["email"]):
            yield "The reply_to email does not contain a valid address.", "reply_to.email"
        yield from _mailbox_faults(body["reply_to"], "reply_to")


def _personalization_faults(body: dict[str, Any]) -> Iterator[Fault]:
    if not 1 <= len(body["personalizations"]) <= 1000:
        yield "The personalizations field is required and must have at least one personalization.", "personalizations"
    for number, personalization in enumerate(body["personalizations"]):
        where = f"personalizations.{number}"
        if not personalization["to"]:
            yield "The to array is required for all personalization objects", f"{where}.to"
        addresses = [mailbox["email"].lower() for mailbox in personalization["to"]]
        if len(set(addresses)) < len(addresses):
            yield "Each email address in the personalization block should be unique", where
        for mailbox in personalization["to"]:
            if not _ADDRESS.fullmatch(mailbox["email"]):
                yield f"Does not contain a valid address: {mailbox['email']}", f"{where}.to.0.email"
            if re.search("[;,]", mailbox.get("name", "")):
                yield "The name must not contain a ; or ,", f"{where}.to.0.name"
            yield from _mailbox_faults(mailbox, f"{where}.to")
        if unknown := set(personalization) - {"to", "cc", "bcc", "subject", "headers", "custom_args", "send_at"}:
            yield f"Additional property {min(unknown)} is not allowed", where


def _mailbox_faults(mailbox: dict[str, Any], where: str) -> Iterator[Fault]:
    if set(mailbox) - {"email", "name"} or not all(isinstance(value, str) for value in mailbox.values()):
        yield "Invalid mailbox.", where
    if any(_BREAKS.search(value) for value in mailbox.values()):
        yield "Control characters are not allowed.", where


def _content_faults(body: dict[str, Any]) -> Iterator[Fault]:
    if not body["subject"] or _BREAKS.search(body["subject"]):
        yield "The subject is required.", "subject"
    if not body["content"]:
        yield "The content parameter is required.", "content"
    types = []
    for number, part in enumerate(body["content"]):
        types.append(part["type"])
        if not part["value"] or not isinstance(part["value"], str) or set(part) != {"type", "value"}:
            yield "The content value must be a string at least one character in length.", f"content.{number}.value"
        # A ';' is forbidden; that a method is let through is a tolerance for invites.
        if re.search(r"[;\r\n]", re.sub(r"^text/calendar; method=(REQUEST|CANCEL)$", "", part["type"])):
            yield "The content type cannot contain ';', or CRLF", f"content.{number}.type"
    order = [{"text/plain": 0, "text/html": 1}.get(kind, 2) for kind in types]
    if order != sorted(order):
        yield "If present, text/plain and text/html must be first, in this order.", "content"


def _attachment_faults(body: dict[str, Any]) -> Iterator[Fault]:
    for number, attachment in enumerate(body.get("attachments", ())):
        where = f"attachments.{number}"
        try:
            empty = not base64.b64decode(attachment["content"], validate=True)
        except binascii.Error:
            empty = True
        if empty:
            yield "The attachment content must be base64 encoded.", f"{where}.content"
        if re.search(r"[;\r\n]", attachment.get("type", "")):
            yield "The attachment type cannot contain ';', or CRLF", f"{where}.type"
        if not attachment["filename"] or not attachment["filename"].isascii():
            yield "The filename must be plain ASCII.", f"{where}.filename"
        if attachment.get("disposition", "attachment") not in ("attachment", "inline"):
            yield "The disposition is invalid.", f"{where}.disposition"
        if unknown := set(attachment) - {"content", "type", "filename", "disposition", "content_id"}:
            yield f"Additional property {min(unknown)} is not allowed", where


def _extra_faults(body: dict[str, Any]) -> Iterator[Fault]:
    for name, value in body.get("headers", {}).items():
        if not isinstance(value, str) or not value.isascii() or not value.isprintable():
            yield "Header values must be ASCII strings.", f"headers.{name}"
        if name.lower() in _RESERVED_HEADERS:
            yield "The header is reserved.", f"headers.{name}"
    for part in (body, *body["personalizations"]):
        arguments = part.get("custom_args", {})
        if not all(isinstance(value, str) for value in arguments.values()) or len(str(arguments)) > 10_000:
            yield "Custom arguments must be strings of at most 10,000 bytes.", "custom_args"
    for name, setting in body.get("tracking_settings", {}).items():
        if name not in _TRACKING or set(setting) - _TRACKING[name] or not isinstance(setting["enable"], bool):
            yield "The tracking setting is invalid.", f"tracking_settings.{name}"


if __name__ == "__main__":
    parser = options(__doc__ or "")
    parser.add_argument("--key", default=KEY)
    arguments = parser.parse_args()
    server = FakeSendGrid(key=arguments.key, port=arguments.port, latency=arguments.latency, record=arguments.record)
    server.script(random_faults(arguments.faults, arguments.seed))
    server.serve_forever()
