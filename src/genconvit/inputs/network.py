"""Connections to public addresses alone: the address that was checked is the one that is connected to."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable

import httpcore

from genconvit.inputs.deadline import Deadline

Ip = ipaddress.IPv4Address | ipaddress.IPv6Address

_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class ForbiddenAddressError(Exception):
    """A host has an address that may not be connected to."""


class GuardedBackend(httpcore.NetworkBackend):
    """Connects by TCP to hosts whose addresses are all public.

    A name is resolved once; each of its addresses is checked, and connections go to these addresses, so that a name
    that changes its answer gains nothing.

    Args:
        allowed: hosts, lower case, whose addresses are not checked.
        deadline: end of every connection.
    """

    def __init__(self, allowed: frozenset[str], deadline: Deadline) -> None:
        self._allowed = allowed
        self._deadline = deadline
        self._backend = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first address that answers.

        Raises:
            ForbiddenAddressError: one of the addresses is not public, and the host is not allowed.
            httpcore.ConnectError: the name has no address, or none answers.
        """
        error: Exception = httpcore.ConnectError(f"{host} has no address")
        for address in self._addresses(host, port):
            try:
                wait = min(timeout or self._deadline.left, self._deadline.left)
                stream = self._backend.connect_tcp(address, port, max(wait, 0.001), local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as failed:
                error = failed
                continue
            self._deadline.watch(stream.get_extra_info("socket"))
            return stream
        raise error

    def _addresses(self, host: str, port: int) -> list[str]:
        try:
            found = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            reason = (isinstance(error, OSError) and error.strerror) or error
            raise httpcore.ConnectError(f"{host} has no address ({reason})") from error
        addresses = list(dict.fromkeys(str(place[0]) for *_, place in found))
        if host.lower().strip("[]") not in self._allowed:
            for each in addresses:
                if not is_public(each):
                    raise ForbiddenAddressError(f"{host} has the address {each}, which is not public")
        return addresses


def is_public(address: str) -> bool:
    """Tell whether an IP address is one of the internet, and none of a network or machine of its own.

    Examples:
        >>> is_public("8.8.8.8"), is_public("127.0.0.1")
        (True, False)
        >>> is_public("::ffff:10.0.0.1"), is_public("169.254.169.254")
        (False, False)
    """
    return all(each.is_global and not each.is_multicast for each in _with_embedded(ipaddress.ip_address(address)))


def _with_embedded(address: Ip) -> list[Ip]:
    """An address, and the IPv4 addresses that it stands for."""
    if isinstance(address, ipaddress.IPv4Address):
        return [address]
    if address.ipv4_mapped:
        return [address.ipv4_mapped]
    inner: list[Ip] = [each for each in (address.sixtofour, *(address.teredo or ())) if each]
    if address in _NAT64:
        return [ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)]
    return [address, *inner]
