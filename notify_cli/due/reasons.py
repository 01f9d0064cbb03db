"""Why a message that somebody is about to send does not reach its reader, as it is said of them."""

from __future__ import annotations

from notify_cli.delivery import Verdict
from notify_cli.registry import Way


def of_reader(verdict: Verdict, way: Way) -> str | None:
    """`has switched emails off`, to stand behind a name; None for a verdict that is not about the reader's address."""
    return {
        "opted_out": f"has switched {way.switched_off} off",
        "no_address": f"has no {way.lacks}",
        "suppressed": "has an address that the provider does not deliver to any more",
    }.get(verdict)
