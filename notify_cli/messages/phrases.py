"""The phrases of a messages file: editable words where there is rightly nothing to say, and below every email."""

from __future__ import annotations

# Below every email: why somebody gets it, by what the message is about, and how to change that.
FOOTER = ("why_user", "why_group", "why_trial", "why_other", "unsubscribe")
# Each with the variables that it stands in for.
PHRASES: dict[str, frozenset[str]] = {
    "lesson_list_done": frozenset({"lesson_list"}),
    "lesson_list_unknown": frozenset({"lesson_list"}),
    "member_names_alone": frozenset({"member_names"}),
    "group_name_unknown": frozenset({"group_name"}),
    "name_unknown": frozenset({"name"}),
    "meeting_time_none": frozenset({"meeting_time", "meeting_date"}),
    **dict.fromkeys(FOOTER, frozenset()),
}
