"""Options of a run over many machines."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, PositiveInt

from genconvit.core.config import FrozenConfig

Engine = Literal["local", "ray"]

CPUS_FOR_READING = 1
"""CPUs that Ray's own tasks need beside the workers; without one a run would wait forever."""


class ScaleOptions(FrozenConfig):
    """Sizes and limits of a run on Ray."""

    address: str | None = None
    """Address of a Ray cluster; None is the one of the environment variable ``RAY_ADDRESS``, or else this machine."""

    finders: PositiveInt | None = None
    """Workers that decode videos and find faces, of one CPU each; None is one for each CPU that the networks and
    reading leave, at least 1."""

    networks: PositiveInt = 1
    """Workers that run the networks; each loads the weights once."""

    network_cpus: float = Field(default=1.0, ge=0, le=1024)
    """CPUs that Ray counts for each worker of the networks; 0 lets it share those of others."""

    network_gpus: float = Field(default=0.0, ge=0, le=8)
    """GPUs that Ray gives to each worker of the networks; a fraction shares one."""

    threads: PositiveInt = 1
    """Threads in which each worker computes. A score is the same, to the bit, as that of the local engine with as many
    (``OMP_NUM_THREADS``)."""

    sources_at_once: PositiveInt = 8
    """Sources that a worker takes at a time; it decodes the next ones while it searches one."""

    part_rows: PositiveInt = 200
    """Results in a part; a run that is interrupted does at most so many again for each worker that writes."""

    video_limit_seconds: float = Field(default=1800.0, gt=0, le=7 * 86_400)
    """Seconds for which one source may keep a worker busy, its search for faces included. Where it is still busy after
    twice that time, the worker is ended."""

    crops_limit_mb: PositiveInt = 512
    """MiB that the faces of one source may take on their way to the networks."""

    deaths: PositiveInt = 2
    """Workers that may die at one source before it is given up."""
