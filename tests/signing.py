"""Files with Content Credentials, signed here by signers of authorities that the tests make up."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np
from c2pa import Builder, C2paSignerInfo, Context, Settings, Signer
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from PIL import Image

from support import grey_frames, make_video

GENERATED = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
CREATED = {
    "action": "c2pa.created",
    "digitalSourceType": GENERATED,
    "softwareAgent": {"name": "Dream Machine", "version": "3"},
    "when": "2026-01-02T03:04:05Z",
}
EDITED = {"action": "c2pa.edited"}
MIMES = {
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".webp": "image/webp",
    ".mp4": "video/mp4",
    ".avi": "video/avi",
}


@dataclass(frozen=True)
class Credential:
    """A certificate's key, and its chain in PEM, its own certificate first."""

    key: ec.EllipticCurvePrivateKey
    chain: str


class Authority:
    """Someone who issues certificates.

    Attributes:
        pem: certificate of its own, which a trust list may hold.
    """

    def __init__(self, name: str) -> None:
        self._key, self._name = ec.generate_private_key(ec.SECP256R1()), _name(name, None)
        usage = _usage(key_cert_sign=True, crl_sign=True)
        builder = _certificate(self._name, self._name, self._key, timedelta(days=300))
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        self.pem = _pem(builder.add_extension(usage, critical=True).sign(self._key, hashes.SHA256()))

    def signer(self, name: str, organisation: str | None = None) -> Credential:
        """A signer with a certificate of this authority."""
        key = ec.generate_private_key(ec.SECP256R1())
        builder = _certificate(_name(name, organisation), self._name, key, timedelta(days=30))
        own = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        for extension, critical in (
            (x509.BasicConstraints(ca=False, path_length=None), True),
            (_usage(digital_signature=True), True),
            (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), False),
            (own, False),
        ):
            builder = builder.add_extension(extension, critical=critical)
        return Credential(key, _pem(builder.sign(self._key, hashes.SHA256())) + self.pem)


def make_file(path: Path) -> Path:
    """Write a small picture or video without credentials, by the suffix."""
    if path.suffix in (".jpg", ".png", ".webp"):
        Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)).save(path)
        return path
    return make_video(path, grey_frames(10))


def sign(
    path: Path,
    signer: Credential,
    *,
    tool: str = "Camera App",
    title: str | None = None,
    actions: Sequence[Mapping[str, Any]] = (CREATED, EDITED),
    ingredients: Mapping[str, Path] | None = None,
    thumbnail: bytes | None = None,
    remote_url: str | None = None,
    embedded: bool = True,
) -> Path:
    """Sign a file in place.

    Args:
        path: path of the file.
        signer: signer of the claim.
        tool: name of the tool that claims.
        title: title of the file.
        actions: claimed actions.
        ingredients: files that went into this one, by their titles.
        thumbnail: bytes that are taken for a thumbnail, to make credentials large.
        remote_url: address that the file names for its credentials.
        embedded: put the credentials into the file.
    """
    manifest: dict[str, Any] = {
        "claim_generator_info": [{"name": tool, "version": "1.2"}],
        "assertions": [{"label": "c2pa.actions", "data": {"actions": list(actions)}}],
        **({"title": title} if title else {}),
        **({"thumbnail": {"format": "image/jpeg", "identifier": "thumbnail.jpg"}} if thumbnail else {}),
    }
    settings = {
        "verify": {"verify_after_sign": False, "remote_manifest_fetch": False},
        "builder": {"thumbnail": {"enabled": False}},
    }
    with Context(Settings.from_dict(settings)) as context, Builder(manifest, context) as builder:
        if thumbnail:
            builder.add_resource("thumbnail.jpg", io.BytesIO(thumbnail))
        for name, file in (ingredients or {}).items():
            about = {"title": name, "relationship": "componentOf"}
            builder.add_ingredient(about, MIMES[file.suffix], io.BytesIO(file.read_bytes()))
        if remote_url:
            builder.set_remote_url(remote_url)
        if not embedded:
            builder.set_no_embed()
        signed = io.BytesIO()
        with Signer.from_info(C2paSignerInfo(b"es256", signer.chain.encode(), _key(signer.key), None)) as signs:
            builder.sign(signs, MIMES[path.suffix], io.BytesIO(path.read_bytes()), signed)
    path.write_bytes(signed.getvalue())
    return path


def _name(name: str, organisation: str | None) -> x509.Name:
    given = {NameOID.ORGANIZATION_NAME: organisation, NameOID.COMMON_NAME: name}
    return x509.Name([x509.NameAttribute(oid, text) for oid, text in given.items() if text])


def _certificate(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, valid_for: timedelta
) -> x509.CertificateBuilder:
    now = datetime.now(timezone.utc)
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(now - timedelta(days=10)).not_valid_after(now + valid_for)
    return builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)


def _usage(**given: bool) -> x509.KeyUsage:
    names = (
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    )
    return x509.KeyUsage(**{name: given.get(name, False) for name in names})


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _key(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
