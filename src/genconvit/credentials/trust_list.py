"""Trust lists: certificates of the authorities whose signers a user trusts."""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path

from genconvit.core.errors import ConfigError
from genconvit.core.text import first_line
from genconvit.results.credentials import TrustList
from genconvit.video.names import source_name

MAX_BYTES = 1 << 22
_CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]{1,65536}?-----END CERTIFICATE-----")
_BEGIN = b"-----BEGIN CERTIFICATE-----"


@dataclass(frozen=True)
class TrustAnchors:
    """The certificates of a trust list.

    Attributes:
        certificates: each in PEM.
        info: description of the list for results.
    """

    certificates: tuple[str, ...]
    info: TrustList


def read_trust_list(path: str | os.PathLike[str]) -> TrustAnchors:
    """Read a file of certificates in PEM; what stands between them is passed over.

    Raises:
        ConfigError: it cannot be read, is too large, or holds no certificate or one that is none.
    """
    shown = source_name(path)
    try:
        with Path(path).open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"the trust list {shown!r} cannot be read ({first_line(error)}); give a file of certificates in PEM"
        ) from error
    if len(content) > MAX_BYTES:
        raise ConfigError(
            f"the trust list {shown!r} has more than {MAX_BYTES} bytes; give a file of certificates alone"
        )
    blocks = _CERTIFICATE.findall(content)
    if not blocks or content.count(_BEGIN) != len(blocks):
        raise ConfigError(
            f"the trust list {shown!r} holds no certificate in PEM, or a part of one; give a file with blocks from "
            "-----BEGIN CERTIFICATE----- to -----END CERTIFICATE-----"
        )
    found = tuple(dict.fromkeys(block.decode("ascii") for block in blocks))
    for number, certificate in enumerate(found, start=1):
        _check(certificate, f"certificate {number} of the trust list {shown!r}")
    sha256 = hashlib.sha256(content).hexdigest()
    name = Path(shown).name
    return TrustAnchors(found, TrustList(name=name, sha256=sha256, certificates=len(found)))


def _check(certificate: str, what: str) -> None:
    import ssl

    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=certificate)
    except (ssl.SSLError, ValueError) as error:
        raise ConfigError(f"{what} is none ({first_line(error)}); leave it out, or get the file anew") from error
