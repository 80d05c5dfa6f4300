"""Options of the service: where it listens, what it takes, and how long it keeps it."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt, field_validator, model_validator

from genconvit.core.config import FrozenConfig
from genconvit.verdict.threshold import parse_threshold

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
"""Names by which a program on the same machine calls a service on loopback."""

Reports = Literal["pictures", "plain", "none"]


class ServeConfig(FrozenConfig):
    """Options of the service; those of its detector are a ``DetectorConfig``."""

    host: str = "127.0.0.1"
    """Address to listen on. One that is not loopback needs ``keys`` and ``origin``."""

    port: int = Field(default=8000, ge=0, le=65535)
    """Port to listen on; 0 takes a free one."""

    data: Path = Path("genconvit-serve")
    """Folder of the jobs and their files, which belongs to one service at a time."""

    keys: Path | None = None
    """File of keys that ``genconvit keys`` wrote; None asks for no key, on loopback alone."""

    origin: str | None = None
    """Origin under which browsers reach the service, such as ``https://check.example.org``; None is loopback alone."""

    root: Path | None = None
    """Folder whose files a client may name by their paths; None allows no paths."""

    thresholds: tuple[float | str, ...] = ()
    """Thresholds that a client may choose beside the detector's own."""

    most_upload_mb: PositiveInt = 512
    """MiB that an upload may have."""

    upload_seconds: PositiveFloat = 600.0
    """Seconds that a request may take to arrive."""

    silence_seconds: PositiveFloat = 30.0
    """Seconds for which a request that has not arrived whole may send nothing."""

    job_seconds: PositiveFloat = 1800.0
    """Seconds that the reading of one source may take, beside the limits of its decoder."""

    uploads_at_once: PositiveInt = 64
    """Requests with a job that may arrive at the same time."""

    queue: PositiveInt = 1000
    """Jobs that may wait."""

    queue_of_key: PositiveInt | None = None
    """Jobs of one key that may wait; None is as many as may wait at all."""

    keep_upload_hours: NonNegativeFloat = 0.0
    """Hours for which an upload is kept after its job has ended."""

    keep_result_hours: PositiveFloat = 24.0
    """Hours for which a result and its report are kept after its job has ended."""

    reports: Reports = "pictures"
    """Reports that are made: with pictures of the frames and faces, without, or none."""

    webhook_hosts: tuple[str, ...] = ()
    """Hosts that webhooks may go to, as ``host`` or ``host:port``. A private address has to be named with its port."""

    @field_validator("thresholds")
    @classmethod
    def _are_thresholds(cls, thresholds: tuple[float | str, ...]) -> tuple[float | str, ...]:
        for threshold in thresholds:
            parse_threshold(str(threshold))
        return thresholds

    @field_validator("origin")
    @classmethod
    def _is_an_origin(cls, origin: str | None) -> str | None:
        if origin is None:
            return None
        parts = urlsplit(origin)
        if parts.scheme not in ("http", "https") or not parts.hostname or origin != f"{parts.scheme}://{parts.netloc}":
            raise ValueError(f"an origin is a scheme and a host, as https://check.example.org; got {origin!r}")
        return origin.lower()

    @model_validator(mode="after")
    def _is_open_to_nobody_by_accident(self) -> ServeConfig:
        if not self.is_loopback and (self.keys is None or self.origin is None):
            raise ValueError(
                f"host {self.host!r} is reached from other machines, which takes keys (--auth FILE, see genconvit keys "
                "add) and an origin (--origin https://NAME); or leave host out"
            )
        return self

    @property
    def is_loopback(self) -> bool:
        """True where no other machine reaches the service."""
        if self.host in LOOPBACK_NAMES:
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def most_upload_bytes(self) -> int:
        """Bytes that an upload may have."""
        return self.most_upload_mb << 20
