"""The command that reads what became of emails after the provider had taken them."""

from __future__ import annotations

from notify_cli import display
from notify_cli.cli.session import Json, session
from notify_cli.config import SENDGRID, Need
from notify_cli.errors import EXIT_OK, ConfigError


def reconcile(as_json: Json = False) -> int:
    """Read SendGrid's lists of bounces, invalid addresses, spam reports and unsubscribes.

    Who stands there gets no email until the entry is gone; what bounced is no longer delivered in the log.
    """
    from dataclasses import asdict

    from notify_cli import reconcile as reconciling

    settings = session.settings_for(Need.DATABASE)
    if SENDGRID not in (settings.email_url, settings.email_fallback_url) or not settings.sendgrid_api_key:
        raise ConfigError("SENDGRID_API_KEY is not set: only SendGrid keeps lists that can be read")
    with session.connect() as connection:
        done = reconciling.reconcile(connection, settings)
    counts = asdict(done)
    if as_json:
        display.as_json(counts)
    else:
        for name, count in counts.items():
            display.line(f"{name}: {count}")
    return EXIT_OK
