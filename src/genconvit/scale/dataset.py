"""The stages of a run as operations on a Ray Dataset."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from genconvit.core.errors import ConfigError
from genconvit.core.keys import key64
from genconvit.inputs.options import RemoteOptions
from genconvit.portable import PortableConfig
from genconvit.scale.attempts import Counter, SharedAttempts
from genconvit.scale.find import FindFaces
from genconvit.scale.opened import Opened, environment, network_needs, opened_for
from genconvit.scale.options import CPUS_FOR_READING, ScaleOptions
from genconvit.scale.score import ScoreFaces
from genconvit.scale.tasks import Columns, column_of
from genconvit.settings import DetectorConfig
from genconvit.video.names import source_name

if TYPE_CHECKING:
    from ray.data import Dataset

RESULTS = ("source", "status", "fake_probability", "result")
"""Columns that ``score`` adds."""


def score(
    dataset: Dataset,
    config: DetectorConfig,
    options: ScaleOptions | None = None,
    *,
    path: str | None = None,
    content: str | None = None,
    keep: Sequence[str] = (),
) -> Dataset:
    """Score the videos of a Ray Dataset; Ray must be connected.

    Args:
        dataset: rows with a column of paths, or one of bytes.
        config: config of the detector.
        options: sizes and limits of the run; None is the default.
        path: column of paths as text, which every machine of the cluster can read.
        content: column of whole files as bytes; with ``path`` beside it, that one is only a name.
        keep: further columns that the results shall have.

    Returns:
        A lazy Dataset with the columns to keep, and ``source`` (text), ``status`` (text), ``fake_probability``
        (float64, null where there is none) and ``result`` (a ``VideoResult`` as JSON), a row for each of the given
        ones, in no order.

    Raises:
        ConfigError: no column is named, one of them is not there or has the name of one that is added, or the cluster
            is too small.
        WeightsError: the weights cannot be had, read, or do not fit.
    """
    if path is None and content is None:
        raise ConfigError("score needs a column of videos, got none; give path='NAME' or content='NAME'")
    wanted = [name for name in (path, content, *keep) if name is not None]
    there = dataset.columns() or []
    if missing := sorted(set(wanted) - set(there)):
        raise ConfigError(f"no such columns: {', '.join(missing)}; the Dataset has {', '.join(there)}")
    if clash := sorted(set(keep) & set(RESULTS)):
        raise ConfigError(f"columns to keep have the names of results: {', '.join(clash)}; rename them in the Dataset")
    tasks = dataset.map_batches(partial(_tasks, path=path, content=content, keep=tuple(keep)), batch_size=64)
    options = options or ScaleOptions()
    scored = run_stages(tasks, config, opened_for(config, options), options)
    return scored.map_batches(partial(_results, keep=tuple(keep)))


def run_stages(
    tasks: Dataset, config: DetectorConfig, opened: Opened, options: ScaleOptions, remote: RemoteOptions | None = None
) -> Dataset:
    """Lead sources through the workers that find faces, and those that score them.

    Args:
        tasks: rows for ``tasks_of``.
        config: config of the detector.
        opened: the detector, as a worker opened it.
        options: sizes and limits of the run.
        remote: limits of files on other machines.

    Raises:
        ConfigError: the cluster is too small.
    """
    import ray

    resources: dict[str, float] = ray.cluster_resources()  # type: ignore[no-untyped-call] # Ray's own
    finders = _finders(options, int(resources.get("CPU", 0)))
    portable = PortableConfig.of(config)
    counter = _counter()
    found = tasks.repartition(target_num_rows_per_block=options.sources_at_once).map_batches(
        FindFaces,
        fn_constructor_args=(portable, opened, options, partial(SharedAttempts, counter, "find"), remote),
        compute=ray.data.ActorPoolStrategy(size=finders),
        batch_size=options.sources_at_once,
        num_cpus=1,
        runtime_env=environment(options),
    )
    return found.map_batches(
        ScoreFaces,
        fn_constructor_args=(portable, options, partial(SharedAttempts, counter, "score")),
        compute=ray.data.ActorPoolStrategy(size=options.networks),
        batch_size=options.sources_at_once,
        **network_needs(options),
    )


def _finders(options: ScaleOptions, cpus: int) -> int:
    left = cpus - options.networks * options.network_cpus - CPUS_FOR_READING
    finders = options.finders or max(1, int(left))
    if finders > left:
        raise ConfigError(
            f"{finders} workers for faces, {options.networks} for the networks with {options.network_cpus:g} CPUs each "
            f"and {CPUS_FOR_READING} for reading are more than the cluster's {cpus} CPUs; lower finders, networks or "
            "network_cpus (0 is allowed)"
        )
    return finders


def _counter() -> Any:  # noqa: ANN401 - Ray's handle of an actor
    """Start the counter of workers that die on this machine, so that it is not lost with another one."""
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
    actor: Any = ray.remote(num_cpus=0)(Counter)
    return actor.options(scheduling_strategy=here).remote()


def _tasks(rows: Columns, *, path: str | None, content: str | None, keep: tuple[str, ...]) -> Columns:
    """Rows for ``tasks_of``; a source's key is a hash of it, since the rows of a Dataset have no number."""
    given = [list(map(_as_bytes, rows[name])) for name in (path, content) if name is not None]
    keys = [key64(*each) for each in zip(*given, strict=True)]
    tasks: Columns = {
        "key": keys,
        "path": given[0] if path else [b""] * len(keys),
        "name": [source_name(os.fsdecode(each)) for each in given[0]]
        if path
        else [f"sha256:{hashlib.sha256(each).hexdigest()}" for each in given[0]],
    }
    if content:
        tasks["content"] = column_of(given[-1])
    if keep:
        tasks["kept"] = [{name: rows[name][row] for name in keep} for row in range(len(keys))]
    return tasks


def _as_bytes(value: object) -> bytes:
    return value if isinstance(value, bytes) else os.fsencode(str(value))


def _results(rows: Columns, *, keep: tuple[str, ...]) -> Columns:
    """Rows as ``score`` gives them."""
    return {
        **{name: [cells[name] for cells in rows["kept"]] for name in keep},
        **{name: rows[name] for name in RESULTS},
    }
