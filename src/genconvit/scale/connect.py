"""Connection to a Ray cluster, whose usage reports are off."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from genconvit.core.cores import usable_cores
from genconvit.core.errors import ConfigError, GenConViTError
from genconvit.core.optional import require
from genconvit.scale.options import CPUS_FOR_READING, ScaleOptions


@contextmanager
def connected(options: ScaleOptions) -> Iterator[None]:
    """Be connected to Ray in the block; a connection that is there already is used and kept.

    Raises:
        ConfigError: Ray is not installed.
        GenConViTError: the cluster cannot be reached.
    """
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    require("ray.data", package="Ray", extra="ray", purpose="--engine ray")
    import ray

    if ray.is_initialized():
        if options.address not in (None, "auto"):
            raise ConfigError(f"this program is connected to Ray already; leave out the address {options.address!r}")
        yield
        return
    address = options.address or os.environ.get("RAY_ADDRESS")
    here: dict[str, Any] = {"num_cpus": usable_cores() + CPUS_FOR_READING, "include_dashboard": False}
    try:
        ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR, **({} if address else here))
    except (ConnectionError, ValueError, RuntimeError) as error:
        raise GenConViTError(f"no Ray cluster at {address!r} ({error}); start one with ray start") from error
    try:
        yield
    finally:
        ray.shutdown()
