"""Settings from the environment and an optional env file: read once, validated together, secrets never shown."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum
from pathlib import Path
from typing import TypeVar
from urllib.parse import unquote, urlsplit

from notify_cli.errors import ConfigError

T = TypeVar("T")

SENDGRID_API_URL = "https://api.sendgrid.com"
DISCORD_API_URL = "https://discord.com/api/v10"

# With an outbox nothing leaves the machine, so a preview must not need the production settings.
OUTBOX_FRONTEND_URL = "https://example.org"
OUTBOX_FROM_EMAIL = "course@example.org"


class Need(Enum):
    """What a command cannot do without."""

    NOTHING = "nothing"
    DATABASE = "database"
    SENDING = "sending"


@dataclass(frozen=True, slots=True)
class Settings:
    """Every setting of the tool. Durations are seconds unless the type says otherwise."""

    database_url: str = field(default="", repr=False)
    sendgrid_api_key: str = field(default="", repr=False)
    sendgrid_api_url: str = SENDGRID_API_URL
    from_email: str = ""
    from_name: str = ""
    reply_to: str = ""
    discord_bot_token: str = field(default="", repr=False)
    discord_api_url: str = DISCORD_API_URL
    discord_server_id: str = ""
    discord_invite_url: str = ""
    frontend_url: str = ""
    messages: Path | None = None
    courses: Path | None = None
    disabled: tuple[str, ...] = ()
    meeting_duration: timedelta = timedelta(minutes=60)
    dm_interval: float = 1.0
    email_concurrency: int = 64
    outbox: Path | None = None
    redirect_email: str = ""
    redirect_discord: str = ""
    unsubscribe_url: str = ""
    heartbeat_url: str = field(default="", repr=False)

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must never be printed, longest first so that a part is not replaced before the whole."""
        found = {self.sendgrid_api_key, self.discord_bot_token, self.database_url, self.heartbeat_url}
        return tuple(sorted((s for s in found | _passwords(self.database_url) if s), key=len, reverse=True))

    def require(self, need: Need) -> None:
        """Raise ConfigError with every setting that is missing for what is to be done."""
        if faults := self.missing(need):
            raise ConfigError(*faults)

    def missing(self, need: Need) -> list[str]:
        """A line for each setting that is missing for what is to be done."""
        if need is Need.NOTHING or (need is Need.DATABASE and self.database_url):
            return []
        if need is Need.DATABASE:
            return ["DATABASE_URL is not set: give the platform's PostgreSQL URL (environment or --env-file)"]
        needed = {"DATABASE_URL": self.database_url}
        if self.outbox is None:
            needed |= {
                "FRONTEND_URL": self.frontend_url,
                "SENDGRID_API_KEY": self.sendgrid_api_key,
                "FROM_EMAIL": self.from_email,
                "DISCORD_BOT_TOKEN": self.discord_bot_token,
            }
        hint = "sending needs it (with NOTIFY_OUTBOX=DIR nothing leaves the machine)"
        return [f"{name} is not set: {hint}" for name, value in needed.items() if not value]


def load(environ: Mapping[str, str], env_file: Path | None = None, need: Need = Need.NOTHING) -> Settings:
    """Read the settings; the environment wins over the env file.

    Raises ConfigError listing every fault at once: an unreadable env file, a bad number, URL or address, and what is
    missing of what the caller needs.
    """
    faults: list[str] = []
    values = _read_env_file(env_file, faults) if env_file else {}
    values.update({name: value for name, value in environ.items() if value.strip()})

    def read(name: str, parse: Callable[[str], T], default: T) -> T:
        raw = values.get(name, "").strip()
        if not raw:
            return default
        try:
            return parse(raw)
        except ValueError as error:
            faults.append(f"{name} {error}")
            return default

    outbox = read("NOTIFY_OUTBOX", Path, None)
    settings = Settings(
        database_url=read("DATABASE_URL", _database_url, ""),
        sendgrid_api_key=read("SENDGRID_API_KEY", _token, ""),
        sendgrid_api_url=read("SENDGRID_API_URL", _http_url, SENDGRID_API_URL),
        from_email=read("FROM_EMAIL", _address, OUTBOX_FROM_EMAIL if outbox else ""),
        from_name=read("FROM_NAME", str, ""),
        reply_to=read("REPLY_TO", _address, ""),
        discord_bot_token=read("DISCORD_BOT_TOKEN", _token, ""),
        discord_api_url=read("DISCORD_API_URL", _http_url, DISCORD_API_URL),
        discord_server_id=read("DISCORD_SERVER_ID", _snowflake, ""),
        discord_invite_url=read("DISCORD_INVITE_URL", _http_url, ""),
        frontend_url=read("FRONTEND_URL", _http_url, OUTBOX_FRONTEND_URL if outbox else ""),
        messages=read("NOTIFY_MESSAGES", _existing, None),
        courses=read("NOTIFY_COURSES", _existing, None),
        disabled=read("NOTIFY_DISABLED", _names, ()),
        meeting_duration=read("NOTIFY_MEETING_MINUTES", _minutes, timedelta(minutes=60)),
        dm_interval=read("NOTIFY_DM_INTERVAL", _seconds, 1.0),
        email_concurrency=read("NOTIFY_EMAIL_CONCURRENCY", _concurrency, 64),
        outbox=outbox,
        redirect_email=read("NOTIFY_REDIRECT_EMAIL", _address, ""),
        redirect_discord=read("NOTIFY_REDIRECT_DISCORD", _snowflake, ""),
        unsubscribe_url=read("NOTIFY_UNSUBSCRIBE_URL", _http_url, ""),
        heartbeat_url=read("NOTIFY_HEARTBEAT_URL", _http_url, ""),
    )
    # What was given and is wrong is not missing too.
    faults += [line for line in settings.missing(need) if not values.get(line.split(maxsplit=1)[0], "").strip()]
    if faults:
        raise ConfigError(*faults)
    return settings


def from_environment(env_file: Path | None = None, need: Need = Need.NOTHING) -> Settings:
    """The settings of this process."""
    return load(os.environ, env_file, need)


def _read_env_file(path: Path, faults: list[str]) -> dict[str, str]:
    """`NAME=value` lines, `#` comments, optional `export` and quotes: what systemd and docker read too.

    Lines that are none of these are added to `faults`. Raises ConfigError if the file cannot be read.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise ConfigError(f"--env-file {path}: {reason}") from error
    values: dict[str, str] = {}
    for number, line in enumerate(lines, start=1):
        text = line.strip().removeprefix("export ").strip()
        if not text or text.startswith("#"):
            continue
        match = re.fullmatch(r"([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*)", text)
        if match is None:
            faults.append(f"{path}:{number}: expected NAME=value")
            continue
        name, value = match.groups()
        quoted = re.fullmatch(r"""(["'])(.*?)\1(\s+#.*)?""", value)
        values[name] = quoted.group(2) if quoted else re.split(r"\s#", value, maxsplit=1)[0].rstrip()
    return values


# Parsers raise ValueError with the end of the sentence "NAME ...". None repeats the value: it may be a secret.


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
