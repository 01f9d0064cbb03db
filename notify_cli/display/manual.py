"""What people see of a message sent by hand, and of jobs cancelled by hand."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from notify_cli import times
from notify_cli.display import as_json, errors, line, prose, shapes, words
from notify_cli.display.messages import called
from notify_cli.display.tables import Column, table
from notify_cli.model import Email

if TYPE_CHECKING:
    from notify_cli.delivery import Delivery, Job
    from notify_cli.log.history import Sent
    from notify_cli.manual import Result
    from notify_cli.manual.cancellation import Jobs
    from notify_cli.manual.plan import Plan
    from notify_cli.manual.standing import Replaced
    from notify_cli.model import Message

_OF_SEVERAL = {"has": "have", "was": "were", "is": "are"}


def results(
    found: Sequence[Result], names: Mapping[str, str], *, at: datetime | None = None, json_wanted: bool
) -> None:
    """What became, or would become, of each delivery. `names` are by recipient, `at` is the time it was stored for."""
    if json_wanted:
        as_json([shapes.result(result) for result in found])
        return
    columns: dict[str, str | Column] = {
        "name": Column("to", wraps=True),
        "method": Column("by", words=words.method),
        "status": Column("status", words=words.verdict, style=words.style),
        "error": Column("", wraps=True),
        "notification_key": Column("key", from_width=120, clips=True),
    }
    table(
        columns,
        [shapes.result(result) | {"name": called(names, result.delivery.recipient)} for result in found],
        empty="",
    )
    told = Counter(words.verdict(result.status) for result in found)
    ends = {"scheduled": f" for {times.in_full(at)}"} if at else {}
    if at or sys.stdout.isatty():  # in a pipe the rows say it, and what went well is silent
        prose(", ".join(f"{count} {status}{ends.get(status, '')}" for status, count in told.most_common()))
    if told["duplicate"]:
        errors(["who has got it does not get the same again: --force sends it all the same"])


def plan(planned: Plan, sample: tuple[Delivery, Message] | None) -> None:
    """What a message by hand comes to: what it says, when it goes out, to how many, how many get nothing and why."""
    lines = _sample(*sample) if sample else []
    day, _, in_utc = times.in_full(planned.at).rpartition(" (")
    lines += [f"When:    {f'{day} (your zone), {in_utc[:-1]}' if planned.stored else 'at once'}"]
    methods = Counter(delivery.method.way.label for delivery in planned.going)
    by = ", ".join(f"{count} by {label}" for label, count in methods.most_common())
    going = f"{_many(len(planned.going), 'message')} to {planned.recipients} of {_recipients(planned)}"
    lines += [f"To:      {going}{f' ({by})' if by else ''}"]
    reasons = Counter(entry.note or words.verdict(entry.status) for entry in planned.entries if entry.status)
    lines += [f"Not:     {count} {_plural(reason, count)}" for reason, count in reasons.most_common()]
    for text in lines:
        prose(text)
    replaced(planned.replaced)


def replaced(those: Replaced) -> None:
    """What becomes of messages that wait under the same job id."""
    if those.taken:
        prose(f"Replaces {_many(those.taken, 'message')} that waited under the same job id.")
    if those.left:
        prose(f"{_many(those.left, 'message')} of the former content wait on, for people who are not named here.")


def sample_sent(delivery: Delivery, email: Email, *, json_wanted: bool) -> None:
    """That one message went to whoever wants to look first."""
    if json_wanted:
        as_json([{"notification_key": None, "method": delivery.method.value, "status": "delivered", "error": None}])
        return
    prose(f"Sent to {email.to} only, as {delivery.recipient} would get it: {email.subject}")


def _sample(delivery: Delivery, message: Message) -> list[str]:
    """The message of one recipient, as its reader will see it."""
    who = f"a sample, by {delivery.method.way.label} to {delivery.recipient}"
    if isinstance(message, Email):
        return [f"Subject: {message.subject}", f"Text ({who}):", *_indented(message.text)]
    return [f"Text ({who}):", *_indented(message.content)]


def _indented(text: str) -> list[str]:
    return [f"    {text_line}" if text_line.strip() else "" for text_line in text.strip().splitlines()]


def _recipients(planned: Plan) -> str:
    return _many(len({entry.delivery.recipient for entry in planned.entries}), "recipient")


def _plural(reason: str, count: int) -> str:
    """`has no Discord account` of one, `have no Discord account` of several."""
    verb, blank, rest = reason.partition(" ")
    return f"{_OF_SEVERAL.get(verb, verb)}{blank}{rest}" if count > 1 else reason


def _many(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def jobs(found: Jobs, pattern: str, *, undo: bool, dry_run: bool, json_wanted: bool) -> None:
    """The jobs that a pattern cancelled or restored, with how many they reach."""
    rows = [shapes.job(job, len(set(found.reach.get(job, ())))) for job in found]
    if json_wanted:
        as_json(rows)
    elif rows:
        table({"job_id": Column("job", wraps=True), "occurrence": "occurrence", "people": "people"}, rows, empty="")
        done = "restored" if undo else "cancelled"
        back = f": notify cancel --undo {pattern!r} restores" if not undo and not dry_run else ""
        reach = f"{_many(found.messages, 'message')} to {_people(found.recipients)}"
        prose(f"{reach}, of {_count(found)}, {'would be ' if dry_run else ''}{done}{back}")


def cancelled_already(already: Sequence[Job], pattern: str) -> None:
    """That all that a pattern matches is cancelled."""
    prose(f"{_count(already)} cancelled already: notify cancel --undo {pattern!r} restores")


def sent_already(sent: Sent, pattern: str) -> None:
    """That all that a pattern matches was sent."""
    last = times.in_full(sent.last) if sent.last else ""
    prose(f"{pattern} was sent to {_people(sent.recipients)}, last on {last}: nothing is left to cancel")


def no_jobs(pattern: str, near: str, *, undo: bool) -> None:
    """That a pattern matched nothing; `near` is a job id that may have been meant."""
    hint = f"did you mean {near}?" if near else "notify upcoming --all lists what is to come"
    prose(f"No job that is {'cancelled' if undo else 'still to be sent'} matches {pattern!r}: {hint}")


def counted(found: Sequence[Delivery], *, dry_run: bool, json_wanted: bool) -> None:
    """The deliveries that a baseline counted, or would count, as done."""
    by_type = Counter(delivery.reminder_type for delivery in found)
    if json_wanted:
        as_json({"messages": len(found), "by_type": dict(sorted(by_type.items()))})
        return
    if not found:
        line("Nothing is due that could be counted as done")
        return
    done = "would count" if dry_run else "counted"
    types = ", ".join(f"{count} {name}" for name, count in by_type.most_common()[::-1])
    back = "" if dry_run else ": notify baseline --undo takes it back"
    line(f"{len(found)} message{'s' * (len(found) > 1)} {done} as done, none of them sent ({types}){back}")


def undone(count: int, *, json_wanted: bool) -> None:
    """How many messages the last baseline gave back."""
    if json_wanted:
        as_json({"messages": count})
    elif count:
        line(f"{count} message{'s are' if count > 1 else ' is'} due again, as far as still useful")
    else:
        line("There is no baseline to take back")


def _people(count: int) -> str:
    return "1 person" if count == 1 else f"{count} people"


def _count(found: Sequence[Job]) -> str:
    return f"{len(found)} job{'s' if len(found) > 1 else ''}"
