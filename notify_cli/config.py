"""Settings from the environment and an optional env file: read once, validated together, secrets never shown."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import timedelta
from enum import Enum
from pathlib import Path
from typing import Any, NamedTuple, TypeVar
from urllib.parse import unquote, urlsplit

from notify_cli import envfile
from notify_cli.errors import ConfigError

T = TypeVar("T")

# With an outbox nothing leaves the machine, so a preview must not need the production settings.
OUTBOX_FRONTEND_URL = "https://example.org"
OUTBOX_FROM_EMAIL = "course@example.org"


class Need(Enum):
    """What a command cannot do without."""

    NOTHING = "nothing"
    DATABASE = "database"
    SENDING = "sending"


class Use(Enum):
    """What a setting can be indispensable for. Missing settings are told in the order of these."""

    DATABASE = "database"
    ANY_MESSAGE = "any message"
    EMAIL = "email"
    DISCORD = "discord"


class Setting(NamedTuple):
    """How a field of Settings is read, and what else holds for it.

    `variable` is its name in the environment and in an env file. `parse` turns the variable's text, which is stripped
    and not empty, into the value; it raises ValueError with the end of the sentence "VARIABLE ...", without the text
    itself, which may be a secret. `secret`: never shown. `needed_for`: what cannot be done without it. `with_outbox`:
    its default where NOTIFY_OUTBOX is set, None if the same as elsewhere. `in_demo`: demo commands take it from the
    environment too, since it only changes how things look or how fast they go.
    """

    variable: str
    parse: Callable[[str], Any]
    secret: bool = False
    needed_for: Use | None = None
    with_outbox: Any = None
    in_demo: bool = False


def setting(
    variable: str,
    parse: Callable[[str], T],
    default: T,
    *,
    secret: bool = False,
    needed_for: Use | None = None,
    with_outbox: T | None = None,
    in_demo: bool = False,
) -> T:
    """A field of Settings with its default, declared as a `Setting`; the repr leaves secrets out."""
    declared = Setting(variable, parse, secret, needed_for, with_outbox, in_demo)
    return field(default=default, repr=not secret, metadata={Setting: declared})


# The parsers stand before Settings because its fields name them.


# What a URL may tell SQLAlchemy's asyncpg dialect, mostly to get along with a pooler, and libpq does not know.
_ASYNCPG_ONLY = frozenset({
    "prepared_statement_cache_size", "statement_cache_size", "prepared_statement_name_func", "command_timeout",
    "max_cached_statement_lifetime", "max_cacheable_statement_size", "timeout", "async_fallback",
})  # fmt: skip


def _database_url(raw: str) -> str:
    scheme, separator, rest = raw.partition("://")
    if not separator:
        if "=" in raw:  # a libpq keyword string: "host=... dbname=..."
            return raw
        raise ValueError("is not a PostgreSQL URL: expected postgresql://user:password@host/database")
    if scheme.split("+")[0] not in ("postgresql", "postgres"):
        raise ValueError("is not a PostgreSQL URL: expected postgresql://user:password@host/database")
    # SQLAlchemy's asyncpg dialect says ssl= where libpq says sslmode=.
    rest = re.sub(r"([?&])ssl=(true|require)\b", r"\1sslmode=require", rest)
    rest = re.sub(r"([?&])ssl=", r"\1sslmode=", rest)
    location, _, query = rest.partition("?")
    options = [option for option in query.split("&") if option and option.partition("=")[0] not in _ASYNCPG_ONLY]
    return f"postgresql://{location}" + (f"?{'&'.join(options)}" if options else "")


def _passwords(url: str) -> set[str]:
    """The password of a database URL in all its forms: as it is written, and as it is meant."""
    written = re.findall(r"^\w+://[^:@/]*:(.*)@", url) + re.findall(r"[?&]password=([^&]*)", url)
    keyword = re.findall(r"\bpassword\s*=\s*(?:'((?:[^'\\]|\\.)*)'|(\S+))", url) if "://" not in url else []
    return {form for word in written for form in (word, unquote(word))} | {word for pair in keyword for word in pair}


def _http_url(raw: str) -> str:
    try:
        parts = urlsplit(raw)
        fits = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0 and not re.search(r"\s", raw)
    except ValueError:
        fits = False
    if not fits:
        raise ValueError("is not an http(s) URL")
    return raw.rstrip("/")


def _address(raw: str) -> str:
    if not re.fullmatch(r"[^@\s<>,;:\"]+@[^@\s<>,;:\"]+", raw):
        raise ValueError("is not an email address")
    return raw


def _token(raw: str) -> str:
    if not raw.isascii() or re.search(r"\s", raw):
        raise ValueError("contains a space or a character that no key has: copy it again")
    return raw


def _snowflake(raw: str) -> str:
    if not re.fullmatch(r"[0-9]{1,20}", raw):
        raise ValueError("is not a Discord id: expected digits only")
    return raw


def _existing(raw: str) -> Path:
    path = Path(raw)
    if not path.exists():
        raise ValueError(f"names {raw}, which does not exist")
    return path


def _names(raw: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name.strip() for name in raw.split(",") if name.strip()))


def _minutes(raw: str) -> timedelta:
    minutes = _number(raw)
    if not 1 <= minutes <= 24 * 60:
        raise ValueError("is out of range: expected minutes from 1 to 1440")
    return timedelta(minutes=minutes)


def _seconds(raw: str) -> float:
    seconds = _number(raw)
    if not 0 <= seconds <= 60:
        raise ValueError("is out of range: expected seconds from 0 to 60")
    return seconds


def _concurrency(raw: str) -> int:
    if not re.fullmatch(r"[0-9]{1,3}", raw) or not 1 <= int(raw) <= 256:
        raise ValueError("is not a whole number from 1 to 256")
    return int(raw)


def _number(raw: str) -> float:
    try:
        return float(raw)
    except ValueError:
        raise ValueError("is not a number") from None


@dataclass(frozen=True, slots=True)
class Settings:
    """Every setting of the tool. Durations are seconds unless the type says otherwise."""

    database_url: str = setting("DATABASE_URL", _database_url, "", secret=True, needed_for=Use.DATABASE)
    sendgrid_api_key: str = setting("SENDGRID_API_KEY", _token, "", secret=True, needed_for=Use.EMAIL)
    sendgrid_api_url: str = setting("SENDGRID_API_URL", _http_url, "https://api.sendgrid.com")
    from_email: str = setting("FROM_EMAIL", _address, "", needed_for=Use.EMAIL, with_outbox=OUTBOX_FROM_EMAIL)
    from_name: str = setting("FROM_NAME", str, "")
    reply_to: str = setting("REPLY_TO", _address, "")
    discord_bot_token: str = setting("DISCORD_BOT_TOKEN", _token, "", secret=True, needed_for=Use.DISCORD)
    discord_api_url: str = setting("DISCORD_API_URL", _http_url, "https://discord.com/api/v10")
    discord_server_id: str = setting("DISCORD_SERVER_ID", _snowflake, "")
    discord_invite_url: str = setting("DISCORD_INVITE_URL", _http_url, "")
    frontend_url: str = setting(
        "FRONTEND_URL", _http_url, "", needed_for=Use.ANY_MESSAGE, with_outbox=OUTBOX_FRONTEND_URL
    )
    messages: Path | None = setting("NOTIFY_MESSAGES", _existing, None, in_demo=True)
    courses: Path | None = setting("NOTIFY_COURSES", _existing, None)
    disabled: tuple[str, ...] = setting("NOTIFY_DISABLED", _names, (), in_demo=True)
    meeting_duration: timedelta = setting("NOTIFY_MEETING_MINUTES", _minutes, timedelta(minutes=60), in_demo=True)
    dm_interval: float = setting("NOTIFY_DM_INTERVAL", _seconds, 1.0, in_demo=True)
    email_concurrency: int = setting("NOTIFY_EMAIL_CONCURRENCY", _concurrency, 64, in_demo=True)
    outbox: Path | None = setting("NOTIFY_OUTBOX", Path, None)
    redirect_email: str = setting("NOTIFY_REDIRECT_EMAIL", _address, "", in_demo=True)
    redirect_discord: str = setting("NOTIFY_REDIRECT_DISCORD", _snowflake, "", in_demo=True)
    unsubscribe_url: str = setting("NOTIFY_UNSUBSCRIBE_URL", _http_url, "", in_demo=True)
    heartbeat_url: str = setting("NOTIFY_HEARTBEAT_URL", _http_url, "", secret=True)

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must never be printed, longest first so that a part is not replaced before the whole."""
        values = {getattr(self, name) for name, declared in DECLARED.items() if declared.secret}
        found = values.union(*map(_passwords, values))
        return tuple(sorted(filter(None, found), key=len, reverse=True))

    def require(self, need: Need) -> None:
        """Raise ConfigError with every setting that is missing for what is to be done."""
        if faults := self.missing(need):
            raise ConfigError(*faults)

    def missing(self, need: Need) -> list[str]:
        """A line for each setting that is missing for what is to be done."""
        return [_missing(declared, need) for declared in self._lacking(need)]

    def _lacking(self, need: Need) -> list[Setting]:
        uses: Iterable[Use] = ()
        if need is Need.DATABASE or (need is Need.SENDING and self.outbox is not None):
            uses = (Use.DATABASE,)
        elif need is Need.SENDING:
            uses = Use
        unset = [declared for name, declared in DECLARED.items() if not getattr(self, name)]
        return [declared for use in uses for declared in unset if declared.needed_for is use]


# The declarations by the name of the field, in the order of the fields.
DECLARED: Mapping[str, Setting] = {each.name: each.metadata[Setting] for each in fields(Settings)}


def load(environ: Mapping[str, str], env_file: Path | None = None, need: Need = Need.NOTHING) -> Settings:
    """Read the settings; the environment wins over the env file. An empty value is none.

    Raises ConfigError listing every fault at once: an unreadable env file, a bad number, URL or address, and what is
    missing of what the caller needs.
    """
    texts, faults = envfile.read(env_file) if env_file else ({}, [])
    texts |= {variable: text for variable, text in environ.items() if text.strip()}
    values: dict[str, Any] = {}
    wrong = set()
    for name, declared in DECLARED.items():
        if text := texts.get(declared.variable, "").strip():
            try:
                values[name] = declared.parse(text)
            except ValueError as error:
                faults.append(f"{declared.variable} {error}")
                wrong.add(declared)
    if "outbox" in values:
        values = {name: declared.with_outbox for name, declared in DECLARED.items() if declared.with_outbox} | values
    settings = Settings(**values)
    # What was given and is wrong is not missing too.
    faults += [_missing(declared, need) for declared in settings._lacking(need) if declared not in wrong]
    if faults:
        raise ConfigError(*faults)
    return settings


def from_environment(env_file: Path | None = None, need: Need = Need.NOTHING) -> Settings:
    """The settings of this process."""
    return load(os.environ, env_file, need)


def _missing(declared: Setting, need: Need) -> str:
    hint = "sending needs it (with NOTIFY_OUTBOX=DIR nothing leaves the machine)"
    if need is Need.DATABASE:
        hint = "give the platform's PostgreSQL URL (environment or --env-file)"
    return f"{declared.variable} is not set: {hint}"
