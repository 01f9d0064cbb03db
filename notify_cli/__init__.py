"""notify: sends a course platform's people what they need in time, by email and Discord."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from notify_cli.api import cancel_reminders, schedule_reminder, send_notification, verify_unsubscribe

__version__ = "1.0.0"
__all__ = ["__version__", "cancel_reminders", "schedule_reminder", "send_notification", "verify_unsubscribe"]


if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        """The API, loaded when it is first asked for: the command line, run every minute, never pays for it."""
        if name in __all__:
            from notify_cli import api

            return getattr(api, name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
