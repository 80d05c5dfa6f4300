"""Numbers of 64 bits that stand for longer things, in memory and in tables."""

from __future__ import annotations

import hashlib


def key64(*parts: bytes) -> int:
    """A number with sign that stands for some bytes, in their order and their parts.

    Examples:
        >>> -(2**63) <= key64(b"a", b"bc") < 2**63
        True
        >>> (
        ...     key64(b"a", b"bc") == key64(b"a", b"bc"),
        ...     key64(b"a", b"bc") == key64(b"ab", b"c"),
        ... )
        (True, False)
    """
    digest = hashlib.blake2b(digest_size=8)
    for part in parts:
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return int.from_bytes(digest.digest(), "big", signed=True)
