"""Who is at the other end of a connection, and who a proxy on this machine says it asks for."""

from __future__ import annotations

import ipaddress
import os

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

_PEER = "waferwatch.peer"
_PROXY_HEADERS = ("forwarded", "x-real-ip", "via")  # and every header that begins with x-forwarded-


class Peers:
    """Applies the headers of a trusted proxy to the request, and keeps the address that is really connected.

    Trusted are proxies on this machine, or those named by FORWARDED_ALLOW_IPS as for uvicorn.
    """

    def __init__(self, app: ASGIApp) -> None:
        trusted = os.environ.get("FORWARDED_ALLOW_IPS", "127.0.0.1,::1")
        self._proxied = ProxyHeadersMiddleware(app, trusted)  # type: ignore[arg-type]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        client = scope.get("client")
        scope[_PEER] = client[0] if client else None
        await self._proxied(scope, receive, send)  # type: ignore[arg-type]


def peer_of(request: HTTPConnection) -> str:
    """The address that is connected to this server: the proxy's own when there is one."""
    return request.scope.get(_PEER) or "unknown"


def client_of(request: HTTPConnection) -> str:
    """The address that asks. Behind a trusted proxy, the one that the proxy names, if that is an address."""
    host = "" if request.client is None else request.client.host
    return host if _address(host) is not None else peer_of(request)


def comes_from_elsewhere(request: HTTPConnection) -> bool:
    """Whether a request was passed on by a proxy, or comes from another machine."""
    if any(name in _PROXY_HEADERS or name.startswith("x-forwarded-") for name in request.headers):
        return True
    peer = _address(peer_of(request))
    return peer is not None and not is_local(peer)


def is_local(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Whether the address is this machine's own loopback, also when it is written as IPv6 (``::ffff:127.0.0.1``)."""
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
