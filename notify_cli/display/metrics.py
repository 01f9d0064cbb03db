"""Figures as text for Prometheus (its text-based format 0.0.4): names that stay as they are, see docs/operations.md."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from notify_cli.errors import ConfigError
from notify_cli.registry import Method

if TYPE_CHECKING:
    from notify_cli.audit.status import Status
    from notify_cli.sending.summary import Summary

Labels = Mapping[str, str]
Sample = tuple[Labels, float]


def of_status(status: Status) -> str:
    """What `status --prometheus` prints."""
    parts = [*_swept(status), *_overdue(status), *_last_day(status), *_waiting(status)]
    return "".join(f"{line}\n" for line in parts)


def _swept(status: Status) -> list[str]:
    return [
        *_gauge(
            "notify_last_sweep_timestamp_seconds",
            "When a host has swept last, in seconds of the epoch.",
            [({"host": host}, at.timestamp()) for host, at in status.hosts.items()],
        ),
    ]


def _overdue(status: Status) -> list[str]:
    return [
        *_gauge(
            "notify_overdue_deliveries",
            "Deliveries that are due for more than two minutes and not sent.",
            _by_method({method: one.count for method, one in status.overdue.items()}),
        ),
        *_gauge(
            "notify_oldest_overdue_seconds",
            "For how long the first of them has been due, 0 where none is.",
            _by_method(
                {
                    method: (status.now - one.oldest_due_at).total_seconds() if one.oldest_due_at else 0
                    for method, one in status.overdue.items()
                }
            ),
        ),
    ]


def _last_day(status: Status) -> list[str]:
    return [
        *_gauge(
            "notify_deliveries_last_day",
            "Deliveries of the last 24 hours by what became of them.",
            [
                ({"method": method.value, "status": name}, counts[method])
                for name, counts in (
                    ("delivered", status.delivered),
                    ("failed", status.failed),
                    ("expired", status.expired),
                )
                for method in Method
            ],
        ),
        *_gauge(
            "notify_due_to_sent_seconds",
            "Seconds from due to sent in the last 24 hours; share 1 is the longest.",
            [
                ({"share": name}, value)
                for name, value in (
                    ("0.5", status.latency.p50),
                    ("0.95", status.latency.p95),
                    ("1", status.latency.max),
                )
                if value is not None
            ],
        ),
    ]


def _waiting(status: Status) -> list[str]:
    return [
        *_gauge("notify_dm_backlog", "Direct messages that wait for their turn.", [({}, status.waiting_dms)]),
        *_gauge(
            "notify_dm_backlog_done_timestamp_seconds",
            "When the last of them has had its turn, in seconds of the epoch.",
            [({}, status.dms_done_at.timestamp())] if status.dms_done_at else [],
        ),
        *_gauge(
            "notify_suppressed_people",
            "People to whose address the email provider does not deliver any more.",
            [({}, status.suppressed)],
        ),
    ]


def of_sweep(done: Summary, at: datetime) -> str:
    """What a sweep writes into NOTIFY_METRICS_FILE."""
    counts = {name: getattr(done, name) for name in ("delivered", "failed", "retrying", "cancelled", "left")}
    parts = [
        *_gauge("notify_sweep_timestamp_seconds", "When this host ended its last sweep.", [({}, at.timestamp())]),
        *_gauge("notify_sweep_duration_seconds", "How long it took.", [({}, done.seconds)]),
        *_gauge("notify_sweep_exit_code", "Its exit code: 0 for a healthy sweep.", [({}, done.exit_code)]),
        *_gauge("notify_sweep_due", "Deliveries that were due.", [({}, done.due)]),
        *_gauge(
            "notify_sweep_deliveries",
            "What became of them.",
            [({"status": name}, count) for name, count in counts.items()],
        ),
        *_gauge(
            "notify_sweep_delivered",
            "Deliveries that arrived, by method.",
            [({"method": method}, count) for method, count in done.by_method.items()],
        ),
    ]
    return "".join(f"{line}\n" for line in parts)


def write(path: Path, done: Summary) -> None:
    """Put the figures of a sweep into the file, by renaming a whole one over it: nobody reads half of it.

    Raises ConfigError where that cannot be done.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_text(of_sweep(done, datetime.now(UTC)), encoding="utf-8")
        # the exporter is another user
        beside.chmod(0o644)
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise ConfigError(f"NOTIFY_METRICS_FILE: {path} cannot be written: {error.strerror}") from error


def _by_method(values: Mapping[Method, float]) -> list[Sample]:
    return [({"method": method.value}, value) for method, value in values.items()]


def _gauge(name: str, meaning: str, samples: Iterable[Sample]) -> Iterator[str]:
    yield f"# HELP {name} {meaning}"
    yield f"# TYPE {name} gauge"
    for labels, value in samples:
        inner = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels.items())
        yield f"{name}{{{inner}}} {value:.17g}" if inner else f"{name} {value:.17g}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
