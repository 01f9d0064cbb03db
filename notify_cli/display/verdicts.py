"""How an explanation looks: the rules of no meeting first, then meeting by meeting, those that are alike together."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

from notify_cli import display, times
from notify_cli.display import shapes, words
from notify_cli.display.tables import Column, grouped, tab_separated

if TYPE_CHECKING:
    from notify_cli.explain import Entry, Explanation

Block = list["Entry"]


def show(found: Explanation, *, json_wanted: bool) -> None:
    """JSON when asked for, blocks of verdicts on a terminal, tab-separated lines in a pipe."""
    rows = [shapes.verdict(entry) for entry in found.entries]
    if json_wanted:
        display.as_json(rows)
    elif not sys.stdout.isatty():
        tab_separated(["rule", "meeting_id", "verdict", "due_at", "reason"], rows)
    else:
        columns: dict[str, str | Column] = {
            "rule": "",
            "verdict": Column("", words=words.verdict, style=words.style),
            "reason": Column("", wraps=True),
        }
        blocks = [list(block) for _, block in groupby(found.entries, key=lambda entry: entry.meeting_id)]
        alike = [list(group) for _, group in groupby(blocks, key=_kind)]
        grouped(columns, [(_title(group, found), [shapes.verdict(entry) for entry in group[0]]) for group in alike])


def _kind(block: Block) -> tuple[Any, ...]:
    """Blocks of one kind say the same, dates apart."""
    told = ((entry.rule, entry.verdict, "" if entry.is_routine else entry.reason) for entry in block)
    return (block[0].group_id, block[0].meeting_id is None, *told)


def _title(blocks: Sequence[Block], found: Explanation) -> str:
    subject, first, last = found.subject, blocks[0][0], blocks[-1][0]
    if first.meeting_id is None:
        groups = [stay.group_name for stay in subject.stays.values() if stay.active]
        return f"{subject.name} (user_{subject.user_id})" + (f", member of {', '.join(groups)}" if groups else "")
    group = subject.meeting.group_name if subject.meeting else subject.group_name(first.group_id)
    start = times.local(first.starts_at, subject.now) if first.starts_at else "an unknown date"
    if len(blocks) == 1:
        return f"Meeting {first.meeting_id} of {group} on {start}"
    ids = [str(block[0].meeting_id) for block in blocks]
    end = times.day(last.starts_at, subject.now) if last.starts_at else "an unknown date"
    told = f"Meetings {', '.join(ids[:-1])} and {ids[-1]} of {group}, {start} to {end}"
    is_dated = any(
        entry.reason != other.reason for block in blocks[1:] for entry, other in zip(block, blocks[0], strict=True)
    )
    return f"{told} (times of the first)" if is_dated else told
