"""What a check of the installation says: one line, and how to mend what is wrong."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Check:
    """The outcome of one check. Where it is `ok` and has a `fix` all the same, it is a remark: worth knowing."""

    check: str
    ok: bool
    detail: str
    fix: str | None = None


def fine(check: str, detail: str) -> Check:
    """All is well."""
    return Check(check, ok=True, detail=detail)


def remark(check: str, detail: str, fix: str) -> Check:
    """Worth knowing, and perhaps as intended."""
    return Check(check, ok=True, detail=detail, fix=fix)


def fault(check: str, detail: str, fix: str) -> Check:
    """Something is wrong."""
    return Check(check, ok=False, detail=detail, fix=fix)
