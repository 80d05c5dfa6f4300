"""A detector that one worker opens before a run begins, so that what cannot work is refused at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from genconvit.assemble import assemble, assemble_runtime
from genconvit.core.cut import Cut
from genconvit.core.errors import GenConViTError
from genconvit.journal.settings import Settings, deciding_settings
from genconvit.portable import PortableConfig
from genconvit.runtimes.choice import Runtime
from genconvit.scale.options import ScaleOptions
from genconvit.settings import DetectorConfig


@dataclass(frozen=True)
class Opened:
    """A detector, as far as a run needs it.

    Attributes:
        cut: way of cutting faces for the networks.
        runtime: runtime of the networks, which face detectors that can run in several follow.
        settings: everything that decides on a result beside its source.
    """

    cut: Cut
    runtime: Runtime
    settings: Settings


def opened_for(config: DetectorConfig, options: ScaleOptions) -> Opened:
    """Open a detector in a worker like those of the networks, and close it again.

    Raises:
        ConfigError: an option has a value that is not allowed there.
        PluginError: a plugin is unknown, broken, or claimed twice.
        WeightsError: the weights cannot be had, read, or do not fit.
    """
    import ray

    task = ray.remote(max_calls=1, **network_needs(options))(_open)
    try:
        opened: Opened = ray.get(task.remote(PortableConfig.of(config)))
    except ray.exceptions.RayTaskError as error:
        if isinstance(error.cause, GenConViTError):
            raise error.cause from None
        raise
    return opened


def network_needs(options: ScaleOptions) -> dict[str, Any]:
    """Give what Ray reserves for a worker of the networks, as options of a task or an actor."""
    return {"num_cpus": options.network_cpus, "num_gpus": options.network_gpus, "runtime_env": environment(options)}


def environment(options: ScaleOptions) -> dict[str, Any]:
    """Environment of every worker."""
    return {"env_vars": {"OMP_NUM_THREADS": str(options.threads)}}


def _open(portable: PortableConfig) -> Opened:
    config = portable.open()
    parts = assemble(config)
    try:
        settings = deciding_settings(config, parts.provenance, parts.rule.decision, parts.scorer.batch_size)
        return Opened(parts.finder.cuts[0], assemble_runtime(config), settings)
    finally:
        parts.close()
