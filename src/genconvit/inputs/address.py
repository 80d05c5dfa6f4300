"""Addresses of files on other machines: which kinds there are, and their names without what may be secret."""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass
from urllib.parse import SplitResult, quote, urlsplit

from genconvit.core.errors import SourceAccessError, UnsupportedSourceError

SCHEMES = ("https", "s3", "gs")
"""Kinds of addresses that are read; ``http`` is one for hosts that were named."""

LONGEST_ADDRESS = 8192

_ADDRESS = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*://")
_IPV6 = re.compile(r"(?<=//)\[[0-9a-fA-F:.]+\]")
_BUCKET = re.compile(r"[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]")
_KEPT = "/:%?@!$&'()*+,;=~[]"
_AZURE = "sig sv ss srt sr sp spr se st si sip sdd saoid suoid scid skoid sktid skt ske sks skv"
_SIGNATURES: tuple[tuple[frozenset[str], re.Pattern[str]], ...] = (
    (frozenset({"x-amz-signature"}), re.compile(r"x-amz-.*")),
    (frozenset({"x-goog-signature"}), re.compile(r"x-goog-.*")),
    (frozenset({"awsaccesskeyid", "signature"}), re.compile(r"awsaccesskeyid|signature|expires|x-amz-security-token")),
    (frozenset({"googleaccessid", "signature"}), re.compile(r"googleaccessid|signature|expires")),
    (frozenset({"key-pair-id", "signature"}), re.compile(r"key-pair-id|signature|expires|policy")),
    (frozenset({"sig", "sv"}), re.compile(_AZURE.replace(" ", "|"))),
)
"""Parameters that tell the signature of a store (S3, Google, the older ones of both, CloudFront, Azure), and those that
belong to it, lower case."""

_SUFFIX = re.compile(r"\.[a-z0-9-]{1,8}")


def is_remote(given: str) -> bool:
    """Tell whether a source is an address, of whatever kind, and not a path.

    Examples:
        >>> is_remote("https://host/a.mp4"), is_remote("c:/a.mp4")
        (True, False)
    """
    return _ADDRESS.match(given) is not None


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
        return Address(scheme, host, _ascii(given.partition("#")[0]), name)
    if not (_BUCKET.fullmatch(parts.netloc) and parts.path.strip("/")):
        raise SourceAccessError(name, f"not {scheme}://BUCKET/KEY with a bucket's lower-case name")
    if parts.query or parts.fragment:
        raise UnsupportedSourceError(
            name, "the key holds a '?' or a '#', which are not read; give a signed https:// address"
        )
    return Address(scheme, host, given, name)


def address_name(given: str) -> str:
    """The address without user and fragment, and with a hash in place of its query, all of which may hold secrets.

    The hash is the first 16 digits of the SHA-256 of the query as it is given, so that two addresses that differ in
    their queries have two names. Parameters of a store's signature are no part of it: a file that was signed anew keeps
    its name, and where there are no others there is no hash. The name is ASCII.

    Examples:
        >>> address_name("https://me:pw@host/a b.mp4?id=1#x")
        'https://host/a%20b.mp4?sha256=d9fc91d45c096b5e'
        >>> address_name("https://host/a?X-Amz-Signature=12&X-Amz-Date=3")
        'https://host/a'
    """
    scheme, _, rest = given.partition("://")
    whole, _, _ = rest.partition("#")
    location, _, query = whole.partition("?")
    place, _, path = location.partition("/")
    name = _ascii(f"{scheme.lower()}://{place.rpartition('@')[2]}/{path}"[:LONGEST_ADDRESS])
    kept = _ascii("&".join(_unsigned(query.split("&"))))
    return f"{name}?sha256={hashlib.sha256(kept.encode()).hexdigest()[:16]}" if kept else name


def _unsigned(parameters: list[str]) -> list[str]:
    """The parameters of a query that are no part of a store's signature."""
    names = {each.partition("=")[0].lower() for each in parameters}
    for proof, signing in _SIGNATURES:
        if proof <= names:
            parameters = [each for each in parameters if not signing.fullmatch(each.partition("=")[0].lower())]
    return parameters


def _ascii(address: str) -> str:
    return quote(address, safe=_KEPT, errors="surrogateescape")


def _split(given: str) -> SplitResult | None:
    try:
        parts = urlsplit(given)
        _ = parts.hostname, parts.port
    except ValueError:
        return None
    return parts
