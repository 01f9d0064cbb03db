"""The heartbeat: tells a watchdog after every sweep that it ran, because silence is the one fault nobody reports."""

from __future__ import annotations

from urllib.parse import urlsplit

TIMEOUT = 3.0  # seconds: it comes on top of the run


def ping(url: str, healthy: bool, timeout: float = TIMEOUT) -> None:
    """GET `url` after a healthy sweep, `url`/fail after an unhealthy one; whatever goes wrong with it is harmless."""
    try:
        # Here, not above: a run without a heartbeat does not pay for loading it.
        from notify_cli.channels.http import Http

        parts = urlsplit(url)
        path = parts.path.rstrip("/") + ("" if healthy else "/fail")
        query = f"?{parts.query}" if parts.query else ""
        http = Http("the heartbeat", f"{parts.scheme}://{parts.netloc}")
        try:
            http.request("GET", (path or "/") + query, timeout=timeout)
        finally:
            http.close()
    except Exception:  # noqa: BLE001, S110 a watchdog must not be able to stop what it watches
        pass
