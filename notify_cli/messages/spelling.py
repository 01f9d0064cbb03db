"""What somebody meant whose word is nearly right."""

from __future__ import annotations

from collections.abc import Collection


def nearest(wrong: str, right: Collection[str]) -> str:
    """The nearest of the right names; empty where none is near."""
    from difflib import get_close_matches  # only ever needed beside a fault

    near = get_close_matches(wrong.lower(), sorted(right), n=1, cutoff=0.6)
    return near[0] if near else ""


def suggestion(wrong: str, right: Collection[str]) -> str:
    """` (did you mean x?)` for the nearest of the right names, or nothing."""
    near = nearest(wrong, right)
    return f" (did you mean {near}?)" if near else ""
