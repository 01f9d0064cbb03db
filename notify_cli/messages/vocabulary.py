"""What a message consists of and can say: parts, variables, and which of them each rule needs or provides."""

from __future__ import annotations

# What a section may hold besides `variables`.
PARTS = (
    "email_subject",
    "email_body",
    "email_html",
    "discord",
    "discord_channel",
    "calendar_title",
    "calendar_description",
)

_EMAIL = ("email_subject", "email_body")
_CALENDAR = ("calendar_title", "calendar_description")

# What each rule sends: the parts its section must have.
NEEDED_PARTS: dict[str, tuple[str, ...]] = {
    "welcome": (*_EMAIL, "discord"),
    "group_assigned": (*_EMAIL, "discord", *_CALENDAR),
    "meeting_reminder_24h": (*_EMAIL, "discord_channel"),
    "meeting_reminder_1h": (*_EMAIL, "discord_channel"),
    "lesson_nudge_3d": (*_EMAIL, "discord"),
    "lesson_nudge_1d": (*_EMAIL, "discord"),
    "trial_nudge": (*_EMAIL, "discord"),
    "calendar_update": (*_EMAIL, *_CALENDAR),
    "calendar_cancel": (*_EMAIL, *_CALENDAR),
}

# Both nudges share one section, unless a section has the rule's own name.
SHARED_SECTIONS = {"lesson_nudge_3d": "lesson_nudge", "lesson_nudge_1d": "lesson_nudge"}

PERSON = frozenset({"name", "email", "profile_url"})
GROUP = frozenset({"group_name", "member_names", "discord_channel_url", "course_name"})
APPOINTMENT = frozenset({"meeting_time", "meeting_date", "starts_in", "join_url"})
LESSONS = frozenset({"lesson_list", "lessons_remaining", "lesson_url"})
ALWAYS = frozenset({"discord_invite_url"})

# Every variable, and its greatest length on Discord in characters that the check of the file reckons with. Names are
# what platforms allow (Discord: 32, ours: 100), doubled because each character may need a backslash; a list is twelve
# lessons with titles of 60 characters, members are eight names of 32. A longer value is an error when it is sent.
WORST_LENGTH: dict[str, int] = {
    "name": 64,
    "email": 100,
    "profile_url": 100,
    "group_name": 200,
    "member_names": 8 * 66,
    "discord_channel_url": 75,
    "course_name": 200,
    "meeting_time": 18,
    "meeting_date": 18,
    "starts_in": 26,
    "join_url": 250,
    "lesson_list": 12 * 63,
    "lessons_remaining": 3,
    "lesson_url": 150,
    "discord_invite_url": 75,
}

KNOWN = frozenset(WORST_LENGTH)

_ALL = PERSON | GROUP | APPOINTMENT | LESSONS | ALWAYS

RULES: dict[str, frozenset[str]] = {
    "welcome": PERSON | ALWAYS | {"course_name", "lesson_url"},
    "group_assigned": _ALL,
    "meeting_reminder_24h": _ALL,
    "meeting_reminder_1h": _ALL,
    "lesson_nudge_3d": _ALL,
    "lesson_nudge_1d": _ALL,
    "trial_nudge": PERSON | LESSONS | ALWAYS,
    "calendar_update": PERSON | GROUP | APPOINTMENT | ALWAYS,
    "calendar_cancel": PERSON | GROUP | ALWAYS,
}

# The phrases of the file and the variables that they stand in for.
PHRASES: dict[str, frozenset[str]] = {
    "lesson_list_done": frozenset({"lesson_list"}),
    "lesson_list_unknown": frozenset({"lesson_list"}),
    "member_names_alone": frozenset({"member_names"}),
    "meeting_time_none": frozenset({"meeting_time", "meeting_date"}),
}
