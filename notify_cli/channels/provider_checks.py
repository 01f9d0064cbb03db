"""What the providers say of our accounts when they are asked; nothing is sent.

SendGrid: GET /v3/scopes, /v3/verified_senders, /v3/whitelabel/domains, /v3/user/credits. Discord: GET /users/@me and
/guilds/{id}. SMTP: a connection with TLS and the login.
"""

from __future__ import annotations

from typing import Any

from notify_cli.channels import providers
from notify_cli.channels.http import Answer, Http, clean
from notify_cli.channels.providers import DISCORD, SENDGRID
from notify_cli.check import Check, fault, fine, remark
from notify_cli.config import Settings
from notify_cli.errors import AccountError, DeliveryError

_FEW_CREDITS = 0.1  # of all that the plan has
_UNKNOWN_GUILD = 10004
_MISSING_ACCESS = 50001


def sendgrid(settings: Settings, timeout: float = 10.0) -> list[Check]:
    """Whether the key is good, may send mail, FROM_EMAIL may be the sender, and credits are left."""
    http = providers.sendgrid(settings)
    try:
        key = _key(http.request("GET", "/v3/scopes", timeout=timeout), settings)
        if not key.ok:
            return [key]
        return [
            key,
            _sender(http, settings, timeout),
            _credits(http.request("GET", "/v3/user/credits", timeout=timeout)),
        ]
    except DeliveryError as error:
        return [fault(SENDGRID, str(error), "check SENDGRID_API_URL and this host's way to the internet")]
    finally:
        http.close()


def smtp(url: str, settings: Settings, timeout: float = 10.0) -> list[Check]:
    """Whether an SMTP server is there, proves who it is and takes our login; no email is sent."""
    from notify_cli.channels.carriers import name
    from notify_cli.channels.smtp import SmtpChannel

    server = SmtpChannel(url, settings)
    try:
        server.greet(timeout)
    except AccountError as error:
        return [fault(name(url), str(error), "correct its user, password, host or port in the settings")]
    except DeliveryError as error:
        return [fault(name(url), str(error), "check its host and port, and this host's way there")]
    finally:
        server.close()
    return [fine(name(url), "the server is there" + (" and takes our login" if "@" in url else ""))]


def discord(settings: Settings, timeout: float = 10.0) -> list[Check]:
    """Whether the bot's token is good, and the bot is in the server."""
    http = providers.discord(settings)
    try:
        bot = _bot(http.request("GET", "/users/@me", timeout=timeout), settings)
        return [bot, _server(http, settings, timeout)] if bot.ok else [bot]
    except DeliveryError as error:
        return [fault(DISCORD, str(error), "check DISCORD_API_URL and this host's way to the internet")]
    finally:
        http.close()


def _key(answer: Answer, settings: Settings) -> Check:
    scopes = _field(answer, "scopes")
    if answer.status == 401:
        return fault(SENDGRID, _refused("the key is refused", answer, settings), "set SENDGRID_API_KEY to a valid key")
    if answer.status != 200 or not isinstance(scopes, list):
        said = _refused("the key cannot be checked", answer, settings)
        return fault(SENDGRID, said, "check SENDGRID_API_URL and the account")
    if "mail.send" not in scopes:
        return fault(SENDGRID, "the key may not send mail", "give the key the scope mail.send, or make one that has it")
    return fine(SENDGRID, "the key is good and may send mail")


def _sender(http: Http, settings: Settings, timeout: float) -> Check:
    """A sender is good by its own address or by its domain; a key that may only send is not allowed to look."""
    name, address = f"{SENDGRID} sender", settings.from_email.lower()
    by_itself = "see that FROM_EMAIL is a verified sender, or of an authenticated domain, in SendGrid's settings"
    senders = http.request("GET", "/v3/verified_senders", timeout=timeout)
    known = _entries(_field(senders, "results"))
    if any(one.get("verified") is True and str(one.get("from_email")).lower() == address for one in known):
        return fine(name, f"{settings.from_email} is a verified sender")
    domains = http.request("GET", "/v3/whitelabel/domains?limit=500", timeout=timeout)
    if any(_covers(one, address) for one in _entries(domains.json())):
        return fine(name, f"the domain of {settings.from_email} is authenticated")
    if senders.status == domains.status == 200:
        return fault(name, f"{settings.from_email} is not a verified sender", by_itself)
    return remark(name, "the key may not look up the verified senders", by_itself)


def _credits(answer: Answer) -> Check:
    """How many emails the plan still has; without credits SendGrid answers 401 to each one."""
    name, left = f"{SENDGRID} credits", _field(answer, "remain")
    total, next_reset = _field(answer, "total"), clean(str(_field(answer, "next_reset") or "an unknown day"))
    if answer.status != 200 or not isinstance(left, int):
        return remark(name, "the key may not look up the credits", "see in SendGrid's settings that credits are left")
    overage = _field(answer, "overage")
    if left <= 0 and not overage:
        return fault(name, f"no credits are left of {total} until {next_reset}", "buy credits, or a larger plan")
    if isinstance(total, int) and left < total * _FEW_CREDITS:
        told = f"{left} credits are left of {total} until {next_reset}"
        return remark(name, told, "see that they suffice, or take a larger plan")
    return fine(name, f"{left} of {total} are left until {next_reset}")


def _covers(domain: dict[str, Any], address: str) -> bool:
    name = str(domain.get("domain")).lower()
    host = address.rpartition("@")[2]
    return domain.get("valid") is True and (host == name or host.endswith(f".{name}"))


def _bot(answer: Answer, settings: Settings) -> Check:
    if answer.status == 401:
        said = _refused("the token is refused", answer, settings)
        return fault(DISCORD, said, "set DISCORD_BOT_TOKEN to the bot's token")
    if answer.status != 200:
        said = _refused("the token cannot be checked", answer, settings)
        return fault(DISCORD, said, "check DISCORD_API_URL, or try again later")
    return fine(DISCORD, f"the token is good, the bot is called {clean(str(_field(answer, 'username') or '?'))}")


def _server(http: Http, settings: Settings, timeout: float) -> Check:
    name, server = f"{DISCORD} server", settings.discord_server_id
    if not server:
        return remark(name, "DISCORD_SERVER_ID is not set", "set it, so that messages can link to the server")
    answer = http.request("GET", f"/guilds/{server}", timeout=timeout)
    if answer.status == 200:
        return fine(name, f"the bot is in {clean(str(_field(answer, 'name') or server))}")
    if _field(answer, "code") in (_UNKNOWN_GUILD, _MISSING_ACCESS):
        return fault(name, f"the bot is not in the server {server}", "invite the bot, or mend DISCORD_SERVER_ID")
    said = _refused(f"the server {server} cannot be looked up", answer, settings)
    return remark(name, said, "see that the bot is a member of the server")


def _refused(what: str, answer: Answer, settings: Settings) -> str:
    data = answer.json()
    errors = _entries(data.get("errors")) if isinstance(data, dict) else []
    message = errors[0].get("message") if errors else _field(answer, "message")
    words = clean(str(message or ""), settings.secrets)
    return f"{what} ({answer.status}{': ' if words else ''}{words})"


def _field(answer: Answer, name: str) -> Any:
    data = answer.json()
    return data.get(name) if isinstance(data, dict) else None


def _entries(value: Any) -> list[dict[str, Any]]:
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []
