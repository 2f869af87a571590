"""Where webhooks may go: a server that posts to any address would reach what only it can reach (SSRF)."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Sequence

from waferwatch.errors import InputError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
PUBLIC, PRIVATE = "public", "private"
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")  # RFC 6052
_PRIVATE = tuple(ipaddress.ip_network(one) for one in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"))


class AddressRefusedError(InputError):
    """The address is none that the settings allow."""


class AllowedAddresses:
    """The addresses that WAFERWATCH_WEBHOOK_ADDRESSES names: networks, addresses, host names, ``private``, ``public``.

    Args:
        setting: separated by commas; empty: public addresses alone.

    Raises:
        InputError: for what is none of these.
    """

    def __init__(self, setting: str) -> None:
        wanted = [one.strip().lower() for one in setting.split(",") if one.strip()] or [PUBLIC]
        self._public = PUBLIC in wanted
        self._networks: list[Network] = list(_PRIVATE) if PRIVATE in wanted else []
        self._names = set()
        for one in wanted:
            network = _network(one)
            if network is not None:
                self._networks.append(network)
            elif one not in (PUBLIC, PRIVATE):
                self._names.add(_checked_name(one))

    def find(self, host: str, port: int) -> str:
        """An address of a host that may be asked. The connection has to go to this one, not to the name again.

        Raises:
            AddressRefusedError: it has none.
            OSError: the name is not known.
        """
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        addresses = list(dict.fromkeys(str(one[4][0]) for one in found))
        for one in addresses:
            if host.lower() in self._names or self._holds(ipaddress.ip_address(one.partition("%")[0])):
                return one
        raise _refused(host, addresses)

    def _holds(self, address: Address) -> bool:
        inner = _inner(address)
        return (self._public and inner.is_global and not inner.is_multicast) or any(
            inner in one for one in self._networks if one.version == inner.version
        )


def _inner(address: Address) -> Address:
    """The address that a connection ends at: an IPv6 one may stand for an IPv4 one, which a gateway turns it into."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour or address


def _network(text: str) -> Network | None:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


def _checked_name(text: str) -> str:
    if not text.isascii() or any(one in text for one in "/:@ *"):
        raise InputError(
            "WAFERWATCH_WEBHOOK_ADDRESSES contains {part}, which is not an address, a network or a host name.",
            hint="Write it like: 10.20.0.0/16, mes.fab.example, public",
            field="webhook_addresses",
            part=text[:60],
        )
    return text


def _refused(host: str, addresses: Sequence[str]) -> AddressRefusedError:
    return AddressRefusedError(
        "Webhooks may not be sent to {host} ({addresses}).",
        hint="The person who runs the server can allow it by WAFERWATCH_WEBHOOK_ADDRESSES.",
        field="target",
        host=host,
        addresses=", ".join(addresses[:3]),
    )
