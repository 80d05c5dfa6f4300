"""Addresses of files on other machines: what is one, and its name without what may be secret."""

from __future__ import annotations

import hashlib
import re
from urllib.parse import quote

LONGEST_ADDRESS = 8192

_ADDRESS = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*://")
_KEPT = "/:%?@!$&'()*+,;=~[]"
_HASH = re.compile(r"sha256=[0-9a-f]{16}")
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


def is_remote(given: str) -> bool:
    """Tell whether a source is an address, of whatever kind, and not a path.

    Examples:
        >>> is_remote("https://host/a.mp4"), is_remote("c:/a.mp4")
        (True, False)
    """
    return _ADDRESS.match(given) is not None


def address_name(given: str) -> str:
    """The address without user and fragment, and with a hash in place of its query, all of which may hold secrets.

    The hash is the first 16 digits of the SHA-256 of the query as it is given, so that two addresses that differ in
    their queries have two names. Parameters of a store's signature are no part of it: a file that was signed anew keeps
    its name, and where there are no others there is no hash. The name is ASCII, and its own name.

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
    name = ascii_address(f"{scheme.lower()}://{place.rpartition('@')[2]}/{path}"[:LONGEST_ADDRESS])
    kept = ascii_address("&".join(_unsigned(query.split("&"))))
    if _HASH.fullmatch(kept):
        return f"{name}?{kept}"
    return f"{name}?sha256={hashlib.sha256(kept.encode()).hexdigest()[:16]}" if kept else name


def _unsigned(parameters: list[str]) -> list[str]:
    """The parameters of a query that are no part of a store's signature."""
    names = {each.partition("=")[0].lower() for each in parameters}
    for proof, signing in _SIGNATURES:
        if proof <= names:
            parameters = [each for each in parameters if not signing.fullmatch(each.partition("=")[0].lower())]
    return parameters


def ascii_address(address: str) -> str:
    """The address with everything beyond ASCII escaped."""
    return quote(address, safe=_KEPT, errors="surrogateescape")
