"""Whether the reader of a preview would really get the message, and why not."""

from __future__ import annotations

from collections.abc import Sequence

from notify_cli import db, due
from notify_cli.delivery import Delivery
from notify_cli.due import reasons


def by_their_wish(connection: db.Connection, policy: due.Policy, deliveries: Sequence[Delivery], name: str) -> str:
    """`would not be sent: Carol has switched emails off`, empty where every one of these would reach the reader.

    Raises DatabaseError.
    """
    verdicts = due.judge(connection, deliveries, policy)
    told: dict[str, None] = {}
    others = []
    for delivery, verdict in zip(deliveries, verdicts, strict=True):
        reason = reasons.of_reader(verdict, delivery.method.way)
        if reason:
            told[reason] = None
        else:
            others.append(delivery.method.way.label)
    if not told:
        return ""
    rest = f" (by {' and '.join(others)} it would be)" if others else ""
    return f"would not be sent: {name} {' and '.join(told)}{rest}"
