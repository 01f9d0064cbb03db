"""The text of a setting as its value: each parser raises ValueError with the end of the sentence "VARIABLE ...".

None of them repeats the text: it may be a secret.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import time, timedelta
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from notify_cli import addresses

# What a URL may tell libpq (PostgreSQL's documentation, "Parameter Key Words"); other drivers know others.
_LIBPQ = frozenset({
    "host", "hostaddr", "port", "dbname", "user", "password", "passfile", "require_auth", "channel_binding",
    "connect_timeout", "client_encoding", "options", "application_name", "fallback_application_name", "keepalives",
    "keepalives_idle", "keepalives_interval", "keepalives_count", "tcp_user_timeout", "replication", "gssencmode",
    "sslmode", "requiressl", "sslnegotiation", "sslcompression", "sslcert", "sslkey", "sslkeylogfile", "sslpassword",
    "sslcertmode", "sslrootcert", "sslcrl", "sslcrldir", "sslsni", "requirepeer", "ssl_min_protocol_version",
    "ssl_max_protocol_version", "min_protocol_version", "max_protocol_version", "krbsrvname", "gsslib",
    "gssdelegation", "scram_client_key", "scram_server_key", "service", "servicefile", "target_session_attrs",
    "load_balance_hosts",
})  # fmt: skip
SENDGRID = "sendgrid:"  # as NOTIFY_EMAIL_URL
# What NOTIFY_UNSUBSCRIBE_URL can have filled in.
UNSUBSCRIBE_PLACEHOLDERS = ("user_id", "token")
# SQLAlchemy's asyncpg dialect says ssl= where libpq says sslmode=.
_SSL = "ssl"


def database_url(raw: str) -> str:
    """A PostgreSQL URL as libpq reads it, whatever driver it was written for; or a keyword string as it is."""
    scheme, separator, rest = raw.partition("://")
    if not separator:
        if "=" in raw:  # a libpq keyword string: "host=... dbname=..."
            return raw
        raise ValueError("is not a PostgreSQL URL: expected postgresql://user:password@host/database")
    if scheme.split("+")[0] not in ("postgresql", "postgres"):
        raise ValueError("is not a PostgreSQL URL: expected postgresql://user:password@host/database")
    rest = re.sub(r"([?&])ssl=(true|require)\b", r"\1sslmode=require", rest)
    rest = re.sub(r"([?&])ssl=", r"\1sslmode=", rest)
    location, _, query = rest.partition("?")
    options = [option for option in query.split("&") if option.partition("=")[0] in _LIBPQ]
    return f"postgresql://{location}" + (f"?{'&'.join(options)}" if options else "")


def foreign_parameters(raw: str) -> list[str]:
    """The names of the parameters that `database_url` drops: other drivers know them, libpq does not."""
    _, separator, query = raw.partition("?")
    names = [option.partition("=")[0] for option in query.split("&")] if separator and "://" in raw else []
    return [name for name in names if name and name not in _LIBPQ | {_SSL}]


def passwords(url: str) -> set[str]:
    """The password of a database URL in all its forms: as it is written, and as it is meant."""
    written = re.findall(r"^\w+://[^:@/]*:(.*)@", url) + re.findall(r"[?&]password=([^&]*)", url)
    keyword = re.findall(r"\bpassword\s*=\s*(?:'((?:[^'\\]|\\.)*)'|(\S+))", url) if "://" not in url else []
    return {form for word in written for form in (word, unquote(word))} | {word for pair in keyword for word in pair}


def http_url(raw: str) -> str:
    try:
        parts = urlsplit(raw)
        fits = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0 and not re.search(r"\s", raw)
    except ValueError:
        fits = False
    if not fits:
        raise ValueError("is not an http(s) URL")
    return raw.rstrip("/")


def provider_url(raw: str) -> str:
    """Where a provider is asked: by https, since a key goes with every request; by http on this machine alone."""
    url = http_url(raw)
    parts = urlsplit(url)
    if parts.scheme != "https" and not addresses.is_this_machine(parts.hostname or ""):
        raise ValueError("sends the key in clear: use https (http is for this machine only)")
    return url


def address(raw: str) -> str:
    if fault := addresses.fault(raw, public=True):
        raise ValueError(fault)
    return addresses.on_the_wire(raw)


def unsubscribe_url(raw: str) -> str:
    """A web address in which {user_id} and {token} stand for the reader's."""
    return _pattern(raw, UNSUBSCRIBE_PLACEHOLDERS)


def profile_url(raw: str) -> str:
    """A web address in which {frontend} stands for FRONTEND_URL."""
    return _pattern(raw, ("frontend",))


def course_url(raw: str) -> str:
    """A web address in which {course} stands for the slug of a course."""
    return _pattern(raw, ("frontend", "course"))


def lesson_url(raw: str) -> str:
    """A web address in which {lesson_id} stands for the id of a lesson, {course} for the slug of its course."""
    return _pattern(raw, ("frontend", "lesson_id", "course"))


def _pattern(raw: str, names: Sequence[str]) -> str:
    """A web address in which these names stand in braces, and nothing else does."""
    for match in re.finditer(r"\{([^{}]*)\}?|\}", raw):
        if match.group() not in (f"{{{name}}}" for name in names):
            from difflib import get_close_matches  # only ever needed beside a mistake

            near = get_close_matches(match[1] or "", names, n=1)
            known = " and ".join(f"{{{name}}}" for name in names)
            hint = f"did you mean {{{near[0]}}}?" if near else f"{known} can stand in it"
            raise ValueError(f"has a {match.group()} that nothing is filled in for: {hint}")
    # The path may end with a slash that the platform wants.
    http_url(re.sub(r"[{}]", "", raw.replace("{frontend}", "https://frontend")))
    return raw


def email_url(raw: str) -> str:
    """Who carries our email: `sendgrid:`, or an SMTP server as smtp://user:password@host:587 or smtps://."""
    if raw.rstrip(":/") == "sendgrid":
        return SENDGRID
    try:
        parts = urlsplit(raw)
        fits = parts.scheme in ("smtp", "smtps") and parts.hostname and parts.port != 0 and not re.search(r"\s", raw)
        bare = parts.path in ("", "/") and not parts.query and not parts.fragment
    except ValueError:
        fits = bare = False
    if not fits or not bare:
        raise ValueError("is none of sendgrid:, smtp://user:password@host:587 and smtps://user:password@host")
    if (parts.username is None) != (parts.password is None):
        raise ValueError("has a user without a password, or the other way round")
    return raw.rstrip("/")


def token(raw: str) -> str:
    if not raw.isascii() or re.search(r"\s", raw):
        raise ValueError("contains a space or a character that no key has: copy it again")
    return raw


def snowflake(raw: str) -> str:
    if not re.fullmatch(r"[0-9]{1,20}", raw):
        raise ValueError("is not a Discord id: expected digits only")
    return raw


def existing(raw: str) -> Path:
    path = Path(raw)
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError, ValueError):  # a NUL is in no path
        raise ValueError(f"names {raw}, which does not exist") from None
    except OSError as error:  # such as a folder that the job's account may not enter
        raise ValueError(f"names {raw}, which cannot be read: {error.strerror}") from None
    return path


def absolute(raw: str) -> Path:
    """A file by its whole path: cron's working directory is nobody's choice."""
    path = Path(raw)
    if not path.is_absolute():
        raise ValueError("is not an absolute path")
    return path


def run_log(raw: str) -> str | Path:
    """`json`, or the absolute path of a file."""
    if raw == "json":
        return raw
    if not Path(raw).is_absolute():
        raise ValueError("is neither json nor an absolute path")
    return Path(raw)


def names(raw: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name.strip() for name in raw.split(",") if name.strip()))


def minutes(raw: str) -> timedelta:
    minutes = number(raw)
    if not 1 <= minutes <= 24 * 60:
        raise ValueError("is out of range: expected minutes from 1 to 1440")
    return timedelta(minutes=minutes)


def waiting(raw: str) -> timedelta:
    minutes = number(raw)
    if not 0 <= minutes <= 24 * 60:
        raise ValueError("is out of range: expected minutes from 0 to 1440")
    return timedelta(minutes=minutes)


class QuietHours(NamedTuple):
    """From when to when, by the clock of each reader; `begins` may be later than `ends`, over midnight."""

    begins: time
    ends: time

    @property
    def length(self) -> timedelta:
        """How long they are on a day without a change of clocks."""
        begins, ends = (timedelta(hours=at.hour, minutes=at.minute) for at in self)
        return (ends - begins) % timedelta(days=1)

    @property
    def earliest(self) -> timedelta:
        """How long before its time a message can go out: half an hour before they begin, and an hour for the clocks."""
        return self.length + timedelta(minutes=30 + 60)


def quiet_hours(raw: str) -> QuietHours:
    """`22:00-07:00`, at most 20 hours."""
    if not re.fullmatch(r"\s*([01]?\d|2[0-3]):[0-5]\d\s*-\s*([01]?\d|2[0-3]):[0-5]\d\s*", raw, re.ASCII):
        raise ValueError("is no span of hours: expected one like 22:00-07:00")
    begins, ends = (time.fromisoformat(part.strip().zfill(5)) for part in raw.split("-"))
    hours = QuietHours(begins, ends)
    if not timedelta(0) < hours.length <= timedelta(hours=20):
        raise ValueError("is out of range: expected at most 20 hours, and an end that is not the beginning")
    return hours


def seconds(raw: str) -> float:
    seconds = number(raw)
    if not 0 <= seconds <= 60:
        raise ValueError("is out of range: expected seconds from 0 to 60")
    return seconds


def concurrency(raw: str) -> int:
    if not re.fullmatch(r"[0-9]{1,3}", raw) or not 1 <= int(raw) <= 256:
        raise ValueError("is not a whole number from 1 to 256")
    return int(raw)


def number(raw: str) -> float:
    try:
        return float(raw)
    except ValueError:
        raise ValueError("is not a number") from None
