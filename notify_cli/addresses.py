"""Addresses: of email, whether one can exist and how it is written on the wire; of the web; of this machine itself.

RFC 5321 (4.1.2, 4.5.3.1) and RFC 6531 say what an address may be; those that need quotes, or a number as their domain,
are left out: no provider takes them.
"""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache
from urllib.parse import urlsplit

_LONGEST = 254  # octets of a whole address (RFC 5321, erratum 1690), 64 of the part before the @
_LONGEST_LOCAL = 64
_LABEL = re.compile(r"[^\W_](?:[\w-]{0,61}[^\W_])?")
_FORBIDDEN = re.compile(
    r"[\s<>()\[\]\",:;\\\x00-\x20\x7f-\xa0\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff]"
)
_WEB = re.compile(r"https?://[^\s<>\"'`\\{}|^\x00-\x20\x7f-\x9f]+", re.IGNORECASE)


@lru_cache(maxsize=256)  # asked where an email is made, and again where it is sent
def fault(address: str, *, public: bool = False) -> str | None:
    """Why no server can take an address, as the end of a sentence about it; None if one could.

    `public`: an address of public mail, which `course@localhost` is not. Ours must be one; a reader's need not be.
    """
    local, at, domain = address.rpartition("@")
    if not at or not local or "@" in local or _FORBIDDEN.search(address):
        return "is not an email address"
    if local.startswith(".") or local.endswith(".") or ".." in local:
        return "is not an email address: a dot stands at an end of the name, or beside another"
    if len(local.encode()) > _LONGEST_LOCAL or len(address.encode()) > _LONGEST:
        return "is too long for an email address"
    labels = domain.split(".")
    if public and len(labels) < 2:
        return "is not an address of public mail: its domain has no dot"
    if not all(_LABEL.fullmatch(label) for label in labels) or labels[-1].isdigit():
        return "is not an email address: its domain cannot exist"
    return None


def spellings(address: str) -> list[str]:
    """An address as it is on the wire, and where its domain is international, in the letters of its language too.

    Providers keep the first, a platform may keep either.
    """
    try:
        wire = on_the_wire(address)
        local, _, domain = wire.rpartition("@")
        if "xn--" not in domain.lower():
            return [wire]
        import idna  # few domains need it

        return [wire, f"{local}@{idna.decode(domain)}"]
    except (ValueError, UnicodeError):  # idna.IDNAError is one of the latter
        return [address]


def on_the_wire(address: str) -> str:
    """An address as servers know it: an international domain in ASCII (IDNA 2008). ValueError if there is no such."""
    local, _, domain = address.rpartition("@")
    if domain.isascii():
        return address
    import idna  # few domains need it

    try:
        return f"{local}@{idna.encode(domain, uts46=True).decode('ascii')}"
    except idna.IDNAError:
        raise ValueError("is not an email address: its domain cannot exist") from None


def is_web(text: str) -> bool:
    """Whether a text, as it is, is an http(s) address of some host: what may be a link in a message or an invite."""
    if not _WEB.fullmatch(text):
        return False
    try:
        return bool(urlsplit(text).hostname)
    except ValueError:  # such as an unclosed IPv6 bracket
        return False


def is_this_machine(host: str) -> bool:
    """Whether a host, by its name or its address, is this machine itself: what goes there crosses no network."""
    if host == "localhost" or host.endswith(".localhost"):  # RFC 6761, 6.3
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
