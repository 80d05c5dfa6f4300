"""Calls that tell a client's own service of the end of a job: to allowed hosts, at checked addresses, signed."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import socket
import ssl
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import urlsplit

import httpx

from genconvit.core.errors import ConfigError
from genconvit.core.ip import is_public, is_translated
from genconvit.core.text import first_line
from genconvit.serve.problems import Problem

SIGNATURE = "Genconvit-Signature"
DELIVERY = "Genconvit-Delivery"
_STEP_SECONDS = 10.0
_MOST_SECONDS = 20.0
"""Seconds that a call may take altogether, however its receiver spreads its answer."""

_PORTS = {"http": 80, "https": 443}

Resolve = Callable[[str, int], Sequence[str]]
"""Gives the addresses of a host, for a port."""


class DeliveryError(Exception):
    """A webhook was not delivered; says why."""


@dataclass(frozen=True)
class Target:
    """A place that a webhook goes to.

    Attributes:
        scheme: ``http`` or ``https``.
        host: name or address of the host.
        port: port.
        path: path and query.
    """

    scheme: str
    host: str
    port: int
    path: str

    @property
    def host_header(self) -> str:
        """Value of the Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"


class Webhooks:
    """Places that webhooks may go to.

    Args:
        hosts: allowed hosts, each as ``host`` (at the usual ports) or ``host:port``.
        resolve: gives the addresses of a host.

    Raises:
        ConfigError: one of them is no host.
    """

    def __init__(self, hosts: Sequence[str], resolve: Resolve | None = None) -> None:
        self._named = {_host_and_port(host) for host in hosts}
        self._resolve = resolve or _addresses

    def target(self, url: str) -> Target:
        """The place of an address that a client gives.

        Raises:
            Problem: it is none, or its host is not allowed.
        """
        try:
            parts = urlsplit(url)
            port = parts.port or _PORTS.get(parts.scheme, 0)
        except ValueError:
            parts, port = urlsplit(""), 0
        host = (parts.hostname or "").lower()
        allowed = (host, port) in self._named or ((host, None) in self._named and port in _PORTS.values())
        if not port or not allowed or parts.username is not None or parts.fragment or not url.isascii():
            raise Problem(
                422, "config", f"webhooks may not go to {url[:200]!r}; the operator allows {self._allowed} (webhook)"
            )
        if parts.scheme == "http" and (host, port) not in self._named:
            raise Problem(
                422, "config", f"a webhook goes by https, got {url[:200]!r}; http takes a host named with its port"
            )
        query = f"?{parts.query}" if parts.query else ""
        return Target(parts.scheme, host, port, f"{parts.path or '/'}{query}")

    def address(self, target: Target) -> str:
        """Resolve a place to the one address that is connected to.

        Raises:
            DeliveryError: it does not resolve, or to a private address that was not named with its port.
        """
        try:
            found = self._resolve(target.host, target.port)
        except OSError as error:
            raise DeliveryError(f"{target.host} does not resolve ({first_line(error)})") from error
        for each in found:
            is_open = is_public(each) and not is_translated(each)
            if not (is_open or (each, target.port) in self._named):
                raise DeliveryError(f"{target.host} resolves to {each}, a private address that was not named")
        if not found:
            raise DeliveryError(f"{target.host} does not resolve")
        return found[0]

    def send(
        self, url: str, body: bytes, *, delivery: str, secret: str, client: httpx.AsyncClient | None = None
    ) -> None:
        """Tell a place, once, in seconds that are bounded. Runs an event loop of its own.

        Args:
            url: address that a client gave.
            body: JSON that it is told.
            delivery: id, which stays the same where it is told again.
            secret: secret of the signature.
            client: client to send it by; None makes one.

        Raises:
            DeliveryError: it did not arrive, or was not answered by a status from 200 to 299.
        """
        try:
            target = self.target(url)
        except Problem as problem:
            raise DeliveryError(problem.detail) from None
        address = self.address(target)
        literal = f"[{address}]" if ":" in address else address
        now = str(int(time.time()))
        headers = {
            "Host": target.host_header,
            "Content-Type": "application/json",
            "User-Agent": "genconvit",
            DELIVERY: delivery,
            SIGNATURE: f"t={now},v1={sign(secret, now, body)}",
        }
        made = client or httpx.AsyncClient(
            trust_env=False, follow_redirects=False, timeout=_STEP_SECONDS, verify=self._tls
        )
        request = made.build_request(
            "POST",
            f"{target.scheme}://{literal}:{target.port}{target.path}",
            content=body,
            headers=headers,
            extensions={"sni_hostname": target.host},
        )
        try:
            status = asyncio.run(_status(made, request))
        except (TimeoutError, asyncio.TimeoutError):
            raise DeliveryError(f"{target.host} did not answer within {_MOST_SECONDS:g} s") from None
        except httpx.HTTPError as error:
            raise DeliveryError(f"{target.host} was not reached ({first_line(error)})") from error
        if not 200 <= status < 300:
            raise DeliveryError(f"{target.host} answered {status}")

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        """Certificates that are trusted, which take long to read."""
        return httpx.create_ssl_context(trust_env=False)

    @property
    def _allowed(self) -> str:
        names = [host if port is None else f"{host}:{port}" for host, port in sorted(self._named, key=str)]
        return ", ".join(names) or "none"


def sign(secret: str, seconds: str, body: bytes) -> str:
    """The signature of a call: HMAC-SHA-256 over the time, a full stop and the body, in hexadecimal.

    Args:
        secret: secret of the client's key.
        seconds: time in seconds since 1970, as the header says it.
        body: body of the request.
    """
    return hmac.new(secret.encode(), seconds.encode() + b"." + body, hashlib.sha256).hexdigest()


async def _status(client: httpx.AsyncClient, request: httpx.Request) -> int:
    """Send a request, and give the status of its answer, whose body is left."""

    async def send() -> int:
        async with client:
            response = await client.send(request, stream=True)
            await response.aclose()
            return response.status_code

    return await asyncio.wait_for(send(), _MOST_SECONDS)


def _host_and_port(text: str) -> tuple[str, int | None]:
    try:
        parts = urlsplit(f"//{text}")
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if not parts.hostname or parts.path or parts.query or parts.username is not None:
        raise ConfigError(f"--webhook-host {text!r} is no host; give NAME, or ADDRESS:PORT for a private one")
    return parts.hostname.lower(), port


def _addresses(host: str, port: int) -> list[str]:
    return [str(each[4][0]) for each in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
