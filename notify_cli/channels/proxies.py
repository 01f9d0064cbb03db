"""Which proxy stands between us and a server: the one that the environment names."""

from __future__ import annotations

from urllib.request import getproxies, proxy_bypass

import httpx

from notify_cli.addresses import is_this_machine
from notify_cli.errors import ConfigError


def proxy_for(url: httpx.URL) -> httpx.Proxy | None:
    """The proxy for requests to `url` by HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY, or None.

    None towards this machine itself, whatever the environment says. Raises ConfigError for a proxy that is not
    http(s), without repeating its address, which may hold a password.
    """
    if is_this_machine(url.host):
        return None
    named = getproxies()
    address = named.get(url.scheme) or named.get("all")
    if not address or proxy_bypass(url.host):
        return None
    try:
        proxy = httpx.Proxy(address if "://" in address else f"http://{address}")
    except (ValueError, httpx.InvalidURL):
        proxy = None
    if proxy is None or proxy.url.scheme not in ("http", "https") or not proxy.url.host:
        raise ConfigError("the proxy in the environment is not an http(s) proxy, the only kind supported")
    return proxy
