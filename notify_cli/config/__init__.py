"""Settings from the environment and an optional env file: read once, validated together, secrets never shown."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import timedelta
from enum import Enum
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from notify_cli.config import envfile, values
from notify_cli.config.values import SENDGRID as SENDGRID
from notify_cli.config.values import QuietHours
from notify_cli.errors import ConfigError, Line

T = TypeVar("T")

SHORTEST_SECRET = 4  # characters

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


@dataclass(frozen=True, slots=True)
class Settings:
    """Every setting of the tool. Durations are seconds unless the type says otherwise."""

    database_url: str = setting("DATABASE_URL", values.database_url, "", secret=True, needed_for=Use.DATABASE)
    sendgrid_api_key: str = setting("SENDGRID_API_KEY", values.token, "", secret=True, needed_for=Use.EMAIL)
    sendgrid_api_url: str = setting("SENDGRID_API_URL", values.provider_url, "https://api.sendgrid.com")
    from_email: str = setting("FROM_EMAIL", values.address, "", needed_for=Use.EMAIL, with_outbox=OUTBOX_FROM_EMAIL)
    from_name: str = setting("FROM_NAME", str, "")
    reply_to: str = setting("REPLY_TO", values.address, "")
    discord_bot_token: str = setting("DISCORD_BOT_TOKEN", values.token, "", secret=True, needed_for=Use.DISCORD)
    discord_api_url: str = setting("DISCORD_API_URL", values.provider_url, "https://discord.com/api/v10")
    discord_server_id: str = setting("DISCORD_SERVER_ID", values.snowflake, "")
    discord_invite_url: str = setting("DISCORD_INVITE_URL", values.http_url, "")
    frontend_url: str = setting(
        "FRONTEND_URL", values.http_url, "", needed_for=Use.ANY_MESSAGE, with_outbox=OUTBOX_FRONTEND_URL
    )
    # Where the platform has its pages: {frontend} is FRONTEND_URL, {course} a course's slug.
    url_profile: str = setting("NOTIFY_URL_PROFILE", values.profile_url, "{frontend}/profile", in_demo=True)
    url_lesson: str = setting("NOTIFY_URL_LESSON", values.lesson_url, "{frontend}/lessons/{lesson_id}", in_demo=True)
    url_course: str = setting("NOTIFY_URL_COURSE", values.course_url, "{frontend}/courses/{course}", in_demo=True)
    messages: Path | None = setting("NOTIFY_MESSAGES", values.existing, None, in_demo=True)
    courses: Path | None = setting("NOTIFY_COURSES", values.existing, None)
    disabled: tuple[str, ...] = setting("NOTIFY_DISABLED", values.names, (), in_demo=True)
    meeting_duration: timedelta = setting("NOTIFY_MEETING_MINUTES", values.minutes, timedelta(minutes=60), in_demo=True)
    quiet_hours: QuietHours | None = setting("NOTIFY_QUIET_HOURS", values.quiet_hours, None, in_demo=True)
    settle: timedelta = setting("NOTIFY_SETTLE_MINUTES", values.waiting, timedelta(minutes=5), in_demo=True)
    dm_interval: float = setting("NOTIFY_DM_INTERVAL", values.seconds, 1.0, in_demo=True)
    email_concurrency: int = setting("NOTIFY_EMAIL_CONCURRENCY", values.concurrency, 64, in_demo=True)
    outbox: Path | None = setting("NOTIFY_OUTBOX", Path, None)
    redirect_email: str = setting("NOTIFY_REDIRECT_EMAIL", values.address, "", in_demo=True)
    redirect_discord: str = setting("NOTIFY_REDIRECT_DISCORD", values.snowflake, "", in_demo=True)
    unsubscribe_url: str = setting("NOTIFY_UNSUBSCRIBE_URL", values.unsubscribe_url, "", in_demo=True)
    secret: str = setting("NOTIFY_SECRET", str, "", secret=True, in_demo=True)
    email_url: str = setting("NOTIFY_EMAIL_URL", values.email_url, SENDGRID, secret=True)
    email_fallback_url: str = setting("NOTIFY_EMAIL_FALLBACK_URL", values.email_url, "", secret=True)
    email_base: Path | None = setting("NOTIFY_EMAIL_BASE", values.existing, None, in_demo=True)
    logo_url: str = setting("NOTIFY_LOGO_URL", values.http_url, "", in_demo=True)
    footer: str = setting("NOTIFY_FOOTER", str, "", in_demo=True)
    heartbeat_url: str = setting("NOTIFY_HEARTBEAT_URL", values.http_url, "", secret=True)
    metrics_file: Path | None = setting("NOTIFY_METRICS_FILE", values.absolute, None)
    # `json`: a line per run on stdout; a path: appended there.
    log: str | Path | None = setting("NOTIFY_LOG", values.run_log, None)
    # Where each setting came from, by its variable: `environment` or the env file's path; and those of the env file
    # over which the environment won with another value.
    origins: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)
    overridden: tuple[str, ...] = field(default=(), repr=False, compare=False)
    # What was given and does nothing, a line each: names that look like settings, and are none; parameters of the
    # database's URL that only other drivers know.
    unknown: tuple[Line, ...] = field(default=(), repr=False, compare=False)
    foreign: tuple[Line, ...] = field(default=(), repr=False, compare=False)

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must never be printed, longest first so that a part is not replaced before the whole."""
        secret = {getattr(self, name) for name, declared in DECLARED.items() if declared.secret}
        found = secret.union(*map(values.passwords, secret)) - {SENDGRID}
        # Hidden wherever it stands, a password of a letter or two would be told by the words that it leaves holes in.
        return tuple(sorted((word for word in found if len(word) >= SHORTEST_SECRET), key=len, reverse=True))

    @property
    def rehearsal(self) -> bool:
        """Whether what is sent reaches nobody it is for: all of it goes into a folder, or to a redirect."""
        return bool(self.outbox or any(self.redirects.values()))

    def stops(self, channel: str) -> bool:
        """Whether a channel, by the registry's name, sends nothing: one without a redirect beside one that has it.

        Half a redirect must not let the other half reach the real people.
        """
        return self.outbox is None and self.rehearsal and not self.redirects.get(channel)

    @property
    def redirects(self) -> Mapping[str, str]:
        """Where all messages of a channel, by the registry's name, go instead; empty where they go to their readers."""
        return {"email": self.redirect_email, "discord": self.redirect_discord}

    def require(self, need: Need) -> None:
        """Raise ConfigError with every setting that is missing for what is to be done."""
        if faults := self.missing(need):
            raise ConfigError(*faults)

    def missing(self, need: Need) -> list[Line]:
        """A line for each setting that is missing for what is to be done."""
        return _missing(self._lacking(need))

    def _lacking(self, need: Need) -> list[Setting]:
        uses: Iterable[Use] = ()
        if need is Need.DATABASE or (need is Need.SENDING and self.outbox is not None):
            uses = (Use.DATABASE,)
        elif need is Need.SENDING:
            uses = Use
        unset = [declared for name, declared in DECLARED.items() if not getattr(self, name)]
        if SENDGRID not in (self.email_url, self.email_fallback_url):
            unset = [declared for declared in unset if declared.variable != "SENDGRID_API_KEY"]
        return [declared for use in uses for declared in unset if declared.needed_for is use]


# The declarations by the name of the field, in the order of the fields.
DECLARED: Mapping[str, Setting] = {
    each.name: each.metadata[Setting] for each in fields(Settings) if Setting in each.metadata
}

VARIABLES = frozenset(declared.variable for declared in DECLARED.values())

USUAL_ENV_FILE = Path("/etc/notify/notify.env")  # of a host, where no other is named
ENVIRONMENT = "environment"  # where a setting came from, unless it is a file's path

_PREFIX = "NOTIFY_"
_NOT_OURS = frozenset({"NOTIFY_SOCKET", "NOTIFY_ENV_FILE"})  # systemd's, and that of the command line itself


def load(environ: Mapping[str, str], env_file: Path | None = None, need: Need = Need.NOTHING) -> Settings:
    """Read the settings; the environment wins over the env file. An empty value is none.

    Without NOTIFY_MESSAGES a messages.yaml beside the env file is the messages file.

    Raises ConfigError listing every fault at once: an unreadable env file, a name in it that is nearly one of ours, a
    bad number, URL or address, and what is missing of what the caller needs.
    """
    in_file, faults = envfile.read(env_file) if env_file else ({}, [])
    given = {variable: text for variable, text in environ.items() if text.strip()}
    misspelt, unknown = _unknown(in_file, given, env_file)
    texts = in_file | given
    origins = {
        variable: ENVIRONMENT if variable in given else str(env_file) for variable in sorted(texts.keys() & VARIABLES)
    }
    parsed: dict[str, Any] = {}
    wrong = set()
    for name, declared in DECLARED.items():
        if text := texts.get(declared.variable, "").strip():
            try:
                parsed[name] = declared.parse(text)
            except ValueError as error:
                faults.append(
                    Line(f"{declared.variable} {error}", mend=f"correct it in {place(origins[declared.variable])}")
                )
                wrong.add(declared)
    if env_file and "messages" not in parsed and (beside := env_file.parent / "messages.yaml").is_file():
        parsed["messages"] = beside
    if "outbox" in parsed:
        parsed = {name: declared.with_outbox for name, declared in DECLARED.items() if declared.with_outbox} | parsed
    foreign = [
        Line(f"DATABASE_URL: {name} is no parameter of PostgreSQL's, it is ignored", mend="leave it out for notify")
        for name in _foreign(texts)
    ]
    overridden = [
        name for name in origins if name in given and in_file.get(name, given[name]).strip() != given[name].strip()
    ]
    settings = Settings(
        **parsed, origins=origins, overridden=tuple(overridden), unknown=tuple(unknown), foreign=tuple(foreign)
    )
    if "{token}" in settings.unsubscribe_url and not settings.secret:
        faults.append(
            Line.of("NOTIFY_SECRET is not set", "the {token} in NOTIFY_UNSUBSCRIBE_URL is signed with it: set it")
        )
    # What was given and is wrong is not missing too.
    faults += misspelt
    faults += _missing([declared for declared in settings._lacking(need) if declared not in wrong])
    if faults:
        raise ConfigError(*faults)
    return settings


def from_environment(env_file: Path | None = None, need: Need = Need.NOTHING) -> Settings:
    """The settings of this process."""
    return load(os.environ, env_file, need)


def place(origin: str) -> str:
    """Where a setting came from, as it stands in a sentence."""
    return f"the {origin}" if origin == ENVIRONMENT else origin


def _unknown(
    in_file: Mapping[str, str], given: Mapping[str, str], env_file: Path | None
) -> tuple[list[Line], list[Line]]:
    """Names that look like settings of ours and are none: those of the env file that were surely misspelt, all others.

    A safety setting that is misspelt, such as a redirect, must not be passed over; the environment is not ours alone.
    """
    misspelt: list[Line] = []
    others: list[Line] = []
    for where, texts in ((str(env_file), in_file), (ENVIRONMENT, given)):
        for variable in sorted(texts.keys() - VARIABLES - _NOT_OURS):
            if not variable.startswith(_PREFIX):
                continue
            near = _nearest(variable)
            told = f"{where}: {variable} is not a setting"
            told = Line.of(told, f"did you mean {near}?") if near else Line(told, mend=f"take it out of {place(where)}")
            (misspelt if near and texts is in_file else others).append(told)
    return misspelt, others


def _nearest(variable: str) -> str:
    """The setting whose name is most like this one, if any is; what all names begin with does not count."""
    from difflib import get_close_matches  # only ever needed beside a mistake

    known = {name.removeprefix(_PREFIX): name for name in VARIABLES if name.startswith(_PREFIX)}
    near = get_close_matches(variable.removeprefix(_PREFIX), known, n=1, cutoff=0.7)
    return known[near[0]] if near else ""


def _foreign(texts: Mapping[str, str]) -> list[str]:
    return values.foreign_parameters(texts.get("DATABASE_URL", ""))


def _missing(lacking: Iterable[Setting]) -> list[Line]:
    """A line for each; how to do without is said once, of the first that can be done without."""
    lines: list[Line] = []
    without = " (NOTIFY_OUTBOX=DIR does without: nothing leaves the machine)"
    for declared in lacking:
        hint = "give the platform's PostgreSQL URL (environment or --env-file); notify demo brings its own"
        if declared.needed_for is not Use.DATABASE:
            hint, without = f"sending needs it{without}", ""
        lines.append(Line.of(f"{declared.variable} is not set", hint))
    return lines
