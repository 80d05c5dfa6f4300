"""Addresses of files on other machines, taken apart: which kinds are read, and which are not."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from genconvit.core.addresses import LONGEST_ADDRESS, address_name, ascii_address
from genconvit.core.errors import SourceAccessError, UnsupportedSourceError

SCHEMES = ("https", "s3", "gs")
"""Kinds of addresses that are read; ``http`` is one for hosts that were named."""

_IPV6 = re.compile(r"(?<=//)\[[0-9a-fA-F:.]+\]")
_BUCKET = re.compile(r"[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]")
_SUFFIX = re.compile(r"\.[a-z0-9-]{1,8}")


@dataclass(frozen=True)
class Address:
    """An address that was taken apart and found allowed.

    Attributes:
        scheme: kind of the address, lower case.
        host: host, lower case; of an object store the bucket.
        target: address to ask for, query included; secret.
        name: address as ``address_name`` writes it, for people and results.
    """

    scheme: str
    host: str
    target: str
    name: str

    @property
    def suffix(self) -> str:
        """Suffix of the last part of its path, lower case; empty where it has none that is plain."""
        suffix = os.path.splitext(urlsplit(self.name).path)[1].lower()  # noqa: PTH122 - no path of this machine
        return suffix if _SUFFIX.fullmatch(suffix) else ""


def parse_address(given: str, plain_hosts: frozenset[str] = frozenset()) -> Address:
    """Take an address apart.

    Args:
        given: the address.
        plain_hosts: hosts that may be asked without encryption, by ``http://``.

    Raises:
        SourceError: it is of a kind that is not read, is a chain, or names a user; its text is in no message.
    """
    name = address_name(given)
    if "::" in _IPV6.sub("", given):
        raise UnsupportedSourceError(name, "addresses are not chained by '::'; give the address of the file itself")
    parts = _split(given)
    if parts is None or len(given) > LONGEST_ADDRESS or any(each < " " or each == "\x7f" for each in given):
        raise SourceAccessError(name, "not an address; check its host and port, and that it is on one line")
    scheme, host = parts.scheme.lower(), (parts.hostname or "").lower()
    if parts.username is not None or parts.password is not None:
        raise UnsupportedSourceError(name, "it names a user; give a signed address, or make the file public")
    if scheme == "http" and host not in plain_hosts:
        raise UnsupportedSourceError(
            name, f"http:// is not encrypted; give https://, or allow it with --allow-host {host}"
        )
    if scheme not in (*SCHEMES, "http"):
        raise UnsupportedSourceError(name, f"addresses of {scheme}:// are not read; allowed are {', '.join(SCHEMES)}")
    if not host:
        raise SourceAccessError(name, "the address names no host")
    if scheme in ("http", "https"):
        return Address(scheme, host, ascii_address(given.partition("#")[0]), name)
    if not (_BUCKET.fullmatch(parts.netloc) and parts.path.strip("/")):
        raise SourceAccessError(name, f"not {scheme}://BUCKET/KEY with a bucket's lower-case name")
    if parts.query or parts.fragment:
        raise UnsupportedSourceError(
            name, "the key holds a '?' or a '#', which are not read; give a signed https:// address"
        )
    return Address(scheme, host, given, name)


def _split(given: str) -> SplitResult | None:
    try:
        parts = urlsplit(given)
        _ = parts.hostname, parts.port
    except ValueError:
        return None
    return parts
