"""The link by which a reader stops our emails: one address, in header, page and text, that nobody can make for others.

The token is the user's id and an HMAC-SHA256 of it under NOTIFY_SECRET, cut to 132 bits: `12.AbC...`. RFC 8058 (3.1)
wants such a link to be hard to guess, since whoever has it unsubscribes without a login.
"""

from __future__ import annotations

import re

from notify_cli.config import Settings

_PURPOSE = b"notify unsubscribe "  # the secret may sign other things one day
_TOKEN = re.compile(r"([1-9][0-9]{0,18})\.([A-Za-z0-9_-]{22})")


def link(settings: Settings, user_id: int | None) -> str:
    """This reader's link, empty if there is none.

    Under NOTIFY_REDIRECT_EMAIL there is none: whoever reads the rehearsal could unsubscribe the real person.
    """
    pattern = settings.unsubscribe_url
    if not pattern or settings.redirect_email or (user_id is None and "{" in pattern):
        return ""
    if "{token}" in pattern:
        pattern = pattern.replace("{token}", sign(user_id or 0, settings.secret))
    return pattern.replace("{user_id}", str(user_id))


def sign(user_id: int, secret: str) -> str:
    """The token of a user. ValueError without a secret."""
    return f"{user_id}.{_seal(str(user_id), secret)}"


def verify_unsubscribe(token: str, secret: str) -> int:
    """The id of the user whose token it is; ValueError for any other text, or made with another secret.

    For the platform's page behind NOTIFY_UNSUBSCRIBE_URL; docs/unsubscribe.md has the same for other languages.
    """
    import hmac

    match = _TOKEN.fullmatch(token)
    if match is None or not hmac.compare_digest(match[2], _seal(match[1], secret)):
        raise ValueError("this is not a token that we made")
    return int(match[1])


def _seal(user_id: str, secret: str) -> str:
    import base64
    import hmac

    if not secret:
        raise ValueError("a token needs a secret: set NOTIFY_SECRET")
    digest = hmac.digest(secret.encode(), _PURPOSE + user_id.encode(), "sha256")
    return base64.urlsafe_b64encode(digest).decode("ascii")[:22]
