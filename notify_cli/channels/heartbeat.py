"""The heartbeat: tells a watchdog after every sweep that it ran, because silence is the one fault nobody reports."""

from __future__ import annotations

from contextlib import suppress

TIMEOUT = 3.0  # seconds: it comes on top of the run


def ping(url: str, healthy: bool, timeout: float = TIMEOUT) -> None:
    """GET `url` after a healthy sweep, `url`/fail after an unhealthy one; whatever goes wrong with it is harmless.

    `timeout` is in seconds, for the whole exchange. A query in the URL stays behind the path.
    """
    # A watchdog must not be able to stop what it watches: a failure to load what it takes must be harmless too.
    with suppress(Exception):
        answer(url, healthy, timeout)


def answer(url: str, healthy: bool, timeout: float = TIMEOUT) -> int:
    """The same, and the HTTP status of the answer. Raises DeliveryError where none comes."""
    import httpx

    from notify_cli.channels.http import Http

    address = httpx.URL(url)
    path, mark, query = address.raw_path.decode().partition("?")
    path = path.rstrip("/") + ("" if healthy else "/fail")
    http = Http("the heartbeat", str(address.copy_with(raw_path=b"/")))
    try:
        return http.request("GET", (path or "/") + mark + query, timeout=timeout).status
    finally:
        http.close()
