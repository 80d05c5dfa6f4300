"""Connections to public addresses alone: the address that was checked is the one that is connected to."""

from __future__ import annotations

import socket
from collections.abc import Iterable

import httpcore

from genconvit.core.ip import is_public
from genconvit.inputs.deadline import Deadline


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
