"""A platform in motion: a database as of now, both fake providers, and the settings that lead to them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from notify_cli import config, db
from notify_cli.config import Settings
from notify_cli.log import history
from notify_cli.sending import sweep
from notify_cli.sending.run import Timeouts
from notify_cli.sending.summary import Summary
from tests.support import pool
from tests.support.fakes.discord import TOKEN, FakeDiscord
from tests.support.fakes.sendgrid import KEY, FakeSendGrid
from tests.support.paths import MESSAGES
from tests.support.platform import Platform

SERVER_ID = "800000000000000001"


@dataclass
class World:
    """What a sweep works on. `platform.now` is the present, to the second; `timeouts` are those of its sweeps."""

    url: str
    connection: db.Connection
    sendgrid: FakeSendGrid
    discord: FakeDiscord
    timeouts: Timeouts = field(default_factory=Timeouts)
    platform: Platform = field(init=False)

    def __post_init__(self) -> None:
        self.platform = Platform(self.connection, datetime.now(UTC).replace(microsecond=0))

    @property
    def now(self) -> datetime:
        """The present that `platform` was made with."""
        return self.platform.now

    def environment(self, **more: str) -> dict[str, str]:
        """The environment of a run that sends to the fakes, its DMs without a pace."""
        return {
            "DATABASE_URL": self.url,
            "FRONTEND_URL": "https://courses.example.org",
            "SENDGRID_API_KEY": KEY,
            "SENDGRID_API_URL": self.sendgrid.url,
            "FROM_EMAIL": "course@example.org",
            "FROM_NAME": "Example Course",
            "DISCORD_BOT_TOKEN": TOKEN,
            "DISCORD_API_URL": f"{self.discord.url}/api/v10",
            "DISCORD_SERVER_ID": SERVER_ID,
            "NOTIFY_MESSAGES": str(MESSAGES),
            "NOTIFY_DM_INTERVAL": "0",
            "NOTIFY_SETTLE_MINUTES": "0",
            **more,
        }

    def settings(self, **more: str) -> Settings:
        """The same as Settings."""
        return config.load(self.environment(**more))

    def sweep(self, settings: Settings | None = None, **options: Any) -> Summary:
        """One sweep, in this process."""
        return sweep.sweep(
            partial(pool.connect, self.url), settings or self.settings(), timeouts=self.timeouts, **options
        )

    def log(self) -> list[dict[str, Any]]:
        """The log, oldest first."""
        return history.entries(self.connection)

    def statuses(self) -> dict[str, str]:
        """The status of each delivery, by its key."""
        return {row["notification_key"]: row["status"] for row in self.log()}

    def forget_waiting(self) -> None:
        """Let all leases and retry times run out, as if minutes had passed."""
        self.connection.execute("update reminders_log set claimed_until = now(), retry_at = now()")

    def inboxes(self) -> list[str]:
        """To whom mail went, in order of arrival."""
        return [mail["personalizations"][0]["to"][0]["email"] for mail in self.sendgrid.mails]

    def meeting_in(self, group: int, *, hours: float) -> int:
        """A meeting of the group so many hours from now."""
        return self.platform.meeting(group, self.now + timedelta(hours=hours))


def with_outbox(settings: Settings, folder: Path) -> Settings:
    """The same settings, nothing leaving the machine."""
    return replace(settings, outbox=folder)
