"""Email by SendGrid: POST /v3/mail/send, one message, one recipient per request.

Nothing there is idempotent: a repeated request is a second email, which merges with the first only where the reader's
side knows the Message-ID or the invite's UID.
"""

from __future__ import annotations

import base64
import re
import time
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from sendgrid.helpers import mail

from notify_cli.channels import content, providers
from notify_cli.channels.http import TRY_LATER, Answer, clean, epoch, retry_after, seconds
from notify_cli.channels.ratelimits import RateLimits
from notify_cli.config import Settings
from notify_cli.errors import AccountError, DeliveryError, RecipientError, TemporaryError, UnknownOutcomeError
from notify_cli.messages import escape
from notify_cli.model import Email, Message, Receipt
from notify_cli.registry import Method

_ADVICE = {
    401: "check SENDGRID_API_KEY and the account's credits",
    402: "check the account's plan",
    403: "check the key's scopes and that FROM_EMAIL is a verified sender",
}
# The fields of a 400 that are about what we say of ourselves in every email, each with what to mend. The others are
# about the recipient (personalizations) or the message itself (subject, content, attachments).
_OURS = {
    "from": "check FROM_EMAIL and FROM_NAME",
    "reply_to": "check REPLY_TO",
    "reply_to_list": "check REPLY_TO",
    "headers": "check NOTIFY_UNSUBSCRIBE_URL and FROM_EMAIL",
    "tracking_settings": "check the account's settings",
    "mail_settings": "check the account's settings",
}
_ROUTE = "/v3/mail/send"


def open_channels(settings: Settings, methods: Iterable[Method]) -> dict[Method, EmailChannel]:
    """The registry's entry."""
    return dict.fromkeys(methods, EmailChannel(settings))


class EmailChannel:
    """An open SendGrid account."""

    def __init__(self, settings: Settings) -> None:
        self.concurrency = settings.email_concurrency
        self.interval = 0.0
        self._settings = settings
        self._http = providers.sendgrid(settings)
        self._limits = RateLimits()

    def prepare(self, message: Message, timeout: float = 10.0) -> Message:
        """Nothing comes before a send."""
        return message

    def send(self, message: Message, timeout: float = 10.0) -> Receipt:
        """Hand one email to SendGrid, see Channel.send. Only 202 means that it took it."""
        if not isinstance(message, Email):
            raise TypeError(f"not an email: {type(message).__name__}")
        self._limits.enter(_ROUTE, "")
        try:
            body = payload(message, self._settings)
            answer = self._http.request("POST", _ROUTE, body, timeout=timeout)
        except UnicodeEncodeError:
            raise RecipientError("the email contains characters that are not text") from None
        if answer.status == 202:
            return Receipt(
                provider_message_id=clean(answer.headers.get("x-message-id", ""), self._settings.secrets) or None
            )
        error = _refusal(answer, (message.to, *self._settings.secrets))
        if answer.status == 429 and isinstance(error, TemporaryError) and error.retry_after:
            # The limit is the account's: what follows would only be refused too.
            self._limits.block(_ROUTE, "", error.retry_after)
        raise error

    def learned(self) -> dict[str, str]:
        """Nothing is looked up."""
        return {}

    def close(self) -> None:
        """Close the connections."""
        self._http.close()


def payload(message: Email, settings: Settings) -> dict[str, Any]:
    """The body of POST /v3/mail/send (SendGrid's Mail Send reference), by SendGrid's own helpers.

    Raises RecipientError for a bad address and for text that looks like one of SendGrid's keys, UnicodeEncodeError
    for text that is none.
    """
    body = mail.Mail(subject=escape.header(message.subject))
    body.add_personalization(_personalization(message))
    for name, value in content.email_headers(message, settings).items():
        body.add_header(mail.Header(name, value))
    # The order of the parts is that of the reference: plain text, HTML, then the rest.
    for kind, text in (("text/plain", message.text), ("text/html", message.html)):
        if text:
            body.add_content(_part(kind, text))
    if message.invite:
        # The part makes the buttons, the attachment serves clients that ignore the part. No charset: it is refused.
        body.add_content(_part(f"text/calendar; method={message.invite.method}", message.invite.ics))
        ics = base64.b64encode(message.invite.ics.encode()).decode("ascii")
        body.add_attachment(mail.Attachment(ics, content.INVITE_NAME, "application/ics", "attachment"))
    whole: dict[str, Any] = _common(settings.from_email, settings.from_name, settings.reply_to) | body.get()
    return whole


@lru_cache(maxsize=8)  # to build it for each email would cost a quarter of the whole payload
def _common(sender: str, name: str, reply_to: str) -> dict[str, Any]:
    """What is the same in every email of this sender, see payload."""
    body = mail.Mail()
    body.from_email = _mailbox(mail.From(), sender, name)
    if reply_to:
        body.reply_to = _mailbox(mail.ReplyTo(), reply_to)
    # Every link as it was written: with tracking on, even those in plain text are rewritten.
    body.tracking_settings = mail.TrackingSettings(
        click_tracking=mail.ClickTracking(enable=False, enable_text=False),
        open_tracking=mail.OpenTracking(enable=False),
        subscription_tracking=mail.SubscriptionTracking(enable=False),
        ganalytics=mail.Ganalytics(enable=False),
    )
    common: dict[str, Any] = body.get()
    return common


def _personalization(message: Email) -> mail.Personalization:
    personalization = mail.Personalization()
    # The reference forbids these two characters in a recipient's name.
    name = escape.header(re.sub("[;,]", " ", message.to_name))
    personalization.add_to(_mailbox(mail.To(), content.email_address(message), name))
    if message.reminder_id is not None:
        personalization.add_custom_arg(mail.CustomArg("reminder_id", str(message.reminder_id)))
    return personalization


def _mailbox(entry: mail.Email, address: str, name: str = "") -> mail.Email:
    """Fill in an address. Not by the constructor: where no name is given, it searches the address for one, slowly."""
    entry.email = address
    if name:
        entry.name = name
    return entry


def _part(kind: str, text: str) -> mail.Content:
    try:
        return mail.Content(kind, text)
    except mail.ApiKeyIncludedException:
        raise RecipientError("the email begins with what looks like a SendGrid key, so it is not sent") from None


def _refusal(answer: Answer, hidden: tuple[str, ...]) -> DeliveryError:
    status, words = answer.status, _words(answer, hidden)
    text = f"SendGrid answered {status}" + (f": {words}" if words else "")
    if status in _ADVICE:
        return AccountError(f"SendGrid refuses our account ({status}): {words or 'no reason given'}; {_ADVICE[status]}")
    if status == 429:
        reset = _reset(answer)
        wait = retry_after(answer) if reset is None else reset
        return TemporaryError(text, retry_after=None if wait is None else max(wait, 1.0))
    if status in (404, 405) and not words:
        # Its own refusals come with a reason, so this is another server: a wrong address must not fail everyone.
        return TemporaryError(f"{text}, without a reason: check SENDGRID_API_URL", provider_down=True)
    if status in TRY_LATER or 300 <= status < 400 or status >= 500:
        return TemporaryError(text, retry_after=retry_after(answer), provider_down=True)
    if status == 400 and (ours := _our_fields(answer)):
        # Refused for what we say of ourselves in every email: no recipient is to blame.
        advice = "; ".join(dict.fromkeys(_OURS[field] for field in ours))
        return AccountError(f"SendGrid refuses what every email says of us ({status}): {words}; {advice}")
    if 400 <= status < 500:
        return RecipientError(text)
    return UnknownOutcomeError(f"{text}, where 202 is due")


def _our_fields(answer: Answer) -> list[str]:
    """The fields that a 400 is about, as far as they are our own."""
    named = [str(error.get("field") or "") for error in _errors(answer)]
    fields = [re.split(r"[.\[]", field, maxsplit=1)[0] for field in named]
    return [field for field in fields if field in _OURS]


def _errors(answer: Answer) -> list[dict[str, Any]]:
    data = answer.json()
    errors = data.get("errors") if isinstance(data, dict) else None
    return [error for error in errors if isinstance(error, dict)] if isinstance(errors, list) else []


def _words(answer: Answer, hidden: tuple[str, ...]) -> str:
    """SendGrid's reasons, `{"errors": [{"message", "field"}]}`; nothing of a page of HTML."""
    reasons = []
    for error in _errors(answer):
        if error.get("message"):
            field = f" ({error['field']})" if error.get("field") else ""
            reasons.append(f"{error['message']}{field}")
    return clean("; ".join(reasons), hidden)


def _reset(answer: Answer) -> float | None:
    """X-RateLimit-Reset in seconds from now. It is an epoch of the provider's clock, which may differ from ours."""
    reset = seconds(answer.headers.get("x-ratelimit-reset"), most=1e12)
    if reset is None or reset < 1e9:  # seconds, not an epoch
        return seconds(reset)
    return seconds(reset - (epoch(answer.headers.get("date")) or time.time()))
