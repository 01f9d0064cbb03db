"""The phrases of a messages file: editable words where there is rightly nothing to say, and below every email."""

from __future__ import annotations

from notify_cli.messages import occasions

# Below every email: why somebody gets it, by what the message is about; how to change that; and that times are in UTC.
FOOTER = ("why_user", "why_group", "why_trial", "why_other", "unsubscribe", "zone_unknown")
# Each with the variables that it stands in for.
PHRASES: dict[str, frozenset[str]] = {
    "lesson_list_done": frozenset({"lesson_list"}),
    "lesson_list_unknown": frozenset({"lesson_list"}),
    "member_names_alone": frozenset({"member_names"}),
    "group_name_unknown": frozenset({"group_name"}),
    "name_unknown": frozenset({"name"}),
    "meeting_time_none": frozenset({"meeting_time", "meeting_date"}),
    **dict.fromkeys(("day_today", "day_tomorrow", "day_yesterday", "day_on"), frozenset({"day"})),
    **dict.fromkeys(("your_next_meeting", "your_meeting"), frozenset({"your_meeting"})),
    **dict.fromkeys(("invite_by_email", "invite_not_by_email"), frozenset({"invite_note"})),
    **dict.fromkeys([f"change_{kind}" for kind in occasions.CHANGES], frozenset({"changes"})),
    **dict.fromkeys(("change_more", "changes_first", "changes_address", "changes_none"), frozenset({"changes"})),
    **dict.fromkeys([f"reason_{cause}" for cause in occasions.REASONS], frozenset({"reason"})),
    "late": frozenset(),
    **dict.fromkeys(FOOTER, frozenset()),
}
