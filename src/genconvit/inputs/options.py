"""Options of files on other machines: what may be asked, for how long, how much is kept."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from pydantic import Field, NonNegativeInt, PositiveInt, field_validator

from genconvit.core.config import FrozenConfig


class RemoteOptions(FrozenConfig):
    """Limits of what is fetched from other machines."""

    allow_hosts: tuple[str, ...] = ()
    """Hosts, as addresses name them, that may have a private, loopback or link-local address, and may be asked by plain
    ``http://``; no other may."""

    cache: str | None = None
    """Folder of what was fetched; None is ``genconvit/remote`` in ``$XDG_CACHE_HOME``, or in ``~/.cache``."""

    cache_bytes: PositiveInt = 20_000_000_000
    """Most bytes that are kept there after a run; what was used longest ago goes first."""

    most_bytes: PositiveInt = 4_000_000_000
    """Most bytes of one file."""

    connect_seconds: float = Field(default=10.0, gt=0, le=600)
    """Longest wait for a connection."""

    read_seconds: float = Field(default=30.0, gt=0, le=600)
    """Longest wait for the next bytes."""

    total_seconds: float = Field(default=600.0, gt=0)
    """Longest time for one file, with every attempt and the waits between them."""

    retries: NonNegativeInt = Field(default=4, le=20)
    """Most attempts after the first."""

    backoff_seconds: float = Field(default=1.0, gt=0, le=60)
    """Wait before the second attempt, which doubles from one to the next; a server may ask for a longer one."""

    at_once: PositiveInt = Field(default=4, le=64)
    """Number of files that are fetched at the same time."""

    @field_validator("allow_hosts")
    @classmethod
    def _are_hosts(cls, hosts: tuple[str, ...]) -> tuple[str, ...]:
        for host in hosts:
            if not host or any(each in host for each in "/@ *"):
                raise ValueError(f"{host!r} is no host; give a name or an address alone, for example media.intern")
        return tuple(host.lower().strip("[]") for host in hosts)

    @property
    def cache_folder(self) -> Path:
        """Folder of what was fetched."""
        if self.cache is not None:
            return Path(self.cache)
        given = os.environ.get("XDG_CACHE_HOME")
        try:
            base = Path(given) if given else Path.home() / ".cache"
        except RuntimeError:  # there is no home
            base = Path(tempfile.gettempdir())
        return base / "genconvit" / "remote"
