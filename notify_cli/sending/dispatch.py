"""Due deliveries, each handed to its channel; the channels work side by side. Loaded only when something is due."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from notify_cli import channels, db, messages
from notify_cli.channels import Channel
from notify_cli.delivery import Delivery
from notify_cli.errors import EXIT_CONFIG, NotifyError
from notify_cli.messages import page
from notify_cli.registry import Method
from notify_cli.sending import descriptors, recorder
from notify_cli.sending.channel_run import ChannelRun
from notify_cli.sending.run import DEFAULT_TIMEOUTS, Progress, Run, Timeouts
from notify_cli.sending.summary import Summary

if TYPE_CHECKING:
    from notify_cli.config import Settings
    from notify_cli.due import Policy
    from notify_cli.messages import Catalog
    from notify_cli.sending.lapse import Lapse

TO_TELL = 1.0  # seconds for a channel to say what it could not write by the end


def deliver(
    connect: Callable[[], db.Connection],
    settings: Settings,
    policy: Policy,
    deliveries: Sequence[Delivery],
    summary: Summary,
    *,
    deadline: float,
    now: datetime | None = None,
    stop: threading.Event | None = None,
    progress: Progress | None = None,
    timeouts: Timeouts = DEFAULT_TIMEOUTS,
    lapse: Lapse | None = None,
) -> None:
    """Send deliveries that are due, each channel's in a thread of its own, and add what became of them to `summary`.

    `deadline`, a time.monotonic(), is when nothing more is begun; `lapse` the time since the last sweep. Raises
    ConfigError when the messages file cannot be read.
    """
    catalog = messages.load(settings.messages)
    sound = _sound(catalog, _reachable(settings, deliveries, summary), summary)
    opened = channels.open_channels(settings, {delivery.method for delivery in sound})
    if any(delivery.method.way.form == "email" for delivery in sound):
        summary.blame(EXIT_CONFIG, *page.load(settings))
    run = Run(
        db.with_deadline(connect, deadline + timeouts.ending),
        settings,
        policy,
        catalog,
        policy.courses(),
        deadline,
        now,
        stop or threading.Event(),
        timeouts,
        progress.advance if progress else lambda count: None,
        lapse=lapse,
    )
    if progress:
        progress.start(len(deliveries))
    parts = _by_channel(sound, opened)
    ended, runs = _side_by_side(run, parts)
    # Also of a channel that hangs: reading its numbers from here does no harm.
    summary.unrecorded += sum(channel_run.unrecorded for channel_run in runs.values())
    if not ended:
        summary.blame_database("the database did not answer in time: what this run left open is free again soon")
    for channel, channel_run in runs.items():
        summary.add(channel_run.outcomes, dict.fromkeys(delivery.method for delivery in parts[channel]))
        if (given_up := channels.given_up(channel)) is not None:
            summary.blame(given_up.exit_code, *given_up.lines)
        channel.close()


def _side_by_side(run: Run, parts: Mapping[Channel, Sequence[Delivery]]) -> tuple[bool, dict[Channel, ChannelRun]]:
    """Run each channel in a thread of its own; whether all came to an end, and what they did."""
    recorder.load()
    senders = descriptors.share([channel.concurrency for channel in parts])
    runs = {
        channel: ChannelRun(run, channel, part, count)
        for (channel, part), count in zip(parts.items(), senders, strict=True)
    }
    threads = [threading.Thread(target=channel_run.deliver, daemon=True) for channel_run in runs.values()]
    for thread in threads:
        thread.start()
    return _ended(threads, run), runs


def _by_channel(deliveries: Sequence[Delivery], opened: Mapping[Method, Channel]) -> dict[Channel, list[Delivery]]:
    """The deliveries of each channel: methods that share a channel share its run, and with it its pace."""
    parts: dict[Channel, list[Delivery]] = {}
    for delivery in deliveries:
        parts.setdefault(opened[delivery.method], []).append(delivery)
    return parts


def _ended(threads: Sequence[threading.Thread], run: Run) -> bool:
    """Wait for the channels, but not for ever for one that hangs beyond all its own limits."""
    end, stopping = run.deadline + run.timeouts.ending + TO_TELL, False
    for thread in threads:
        while thread.is_alive() and time.monotonic() < end:
            thread.join(timeout=0.5)
            if run.stop.is_set() and not stopping:
                end, stopping = min(end, time.monotonic() + run.timeouts.ending), True
    return not any(thread.is_alive() for thread in threads)


def _reachable(settings: Settings, deliveries: Sequence[Delivery], summary: Summary) -> list[Delivery]:
    """The deliveries whose channel sends: half a redirect stops the other half, see Settings.stops."""
    going = [delivery for delivery in deliveries if not settings.stops(delivery.method.way.channel)]
    summary.stopped = len(deliveries) - len(going)
    summary.left += summary.stopped
    return going


def _of_translations(catalog: Catalog, reminder_type: str) -> list[str]:
    name = catalog.section(reminder_type).name
    return [
        str(fault) for made in catalog.translations.values() for fault in made.faults if fault.section in (name, "")
    ]


def _sound(catalog: Catalog, deliveries: Sequence[Delivery], summary: Summary) -> list[Delivery]:
    """The deliveries whose message can be rendered; a fault in one section of the file holds up only that section."""
    faulty: set[str] = set()
    for reminder_type in sorted({delivery.reminder_type for delivery in deliveries}):
        try:
            findings = messages.check_section(catalog, reminder_type)
            faults = [str(finding) for finding in findings if finding.severity == "error"]
            # Their readers get the main file's text meanwhile.
            summary.blame(EXIT_CONFIG, *_of_translations(catalog, reminder_type))
        except NotifyError as error:
            faults = error.lines
        if faults:
            faulty.add(reminder_type)
            summary.blame(EXIT_CONFIG, *faults)
    sound = [delivery for delivery in deliveries if delivery.reminder_type not in faulty]
    summary.left += len(deliveries) - len(sound)
    return sound
