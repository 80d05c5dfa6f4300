"""A run over files on Ray, whose parts a later run goes on from."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, cast

from genconvit.core.errors import ConfigError
from genconvit.inputs.options import RemoteOptions
from genconvit.journal.lock import RunLock
from genconvit.journal.resuming import Resuming
from genconvit.journal.settings import Settings
from genconvit.journal.settings_file import refuse_changes, write_settings
from genconvit.journal.tally import Tally
from genconvit.results.result import VideoResult
from genconvit.scale.connect import connected
from genconvit.scale.dataset import run_stages
from genconvit.scale.listing import keys_in, write_listing, write_pending
from genconvit.scale.opened import Opened, opened_for
from genconvit.scale.options import ScaleOptions
from genconvit.scale.parts import Parts, Scored, write_part
from genconvit.settings import DetectorConfig
from genconvit.video.names import Source

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class RunFolder:
    """Folder of a run, which every machine of the cluster sees under the same path.

    Attributes:
        path: path of the folder.
    """

    path: Path

    @property
    def listing(self) -> Path:
        """Every source of the run, in its order."""
        return self.path / "sources.parquet"

    @property
    def pending(self) -> Path:
        """The sources that had no result when the run began or went on."""
        return self.path / "pending.parquet"

    @property
    def settings(self) -> Path:
        """The settings that the results were made with."""
        return self.path / "settings.json"

    @property
    def lock(self) -> Path:
        """The lock that keeps other runs away."""
        return self.path / "lock.json"

    @property
    def log(self) -> Path:
        """Words of Ray on its machines and its work meanwhile."""
        return self.path / "ray.log"

    def prepare(self, *, resume: bool) -> None:
        """Make the folder; results in it are gone on from, if that is asked for.

        Raises:
            ConfigError: there are results, and going on was not asked for.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        if not resume and self.settings.exists():
            raise ConfigError(
                f"{str(self.path)!r} holds the parts of a run; give --resume to go on with it, or delete the folder"
            )

    def keep_settings(self, now: Settings) -> None:
        """Keep the settings of a first run, or compare a later one's with them.

        Raises:
            ConfigError: settings that decide on results have changed.
            DatasetError: the file of settings cannot be read.
        """
        if self.settings.exists():
            refuse_changes(self.settings, now, self.path)
        else:
            write_settings(self.settings, now)


class RayRun:
    """A run, or what is left of one.

    Args:
        folder: folder of its parts.
        config: config of the detector.
        options: sizes and limits.
        resuming: way of going on with the parts that are there; None begins, and refuses a folder with parts.
        remote: limits of files on other machines.

    Attributes:
        folder: folder of its parts.
        tally: count of the results, kept up to date by ``scored``.
        total: number of sources, once ``scored`` has begun.
        kept: number of them that had a result before.
    """

    def __init__(
        self,
        folder: Path,
        config: DetectorConfig,
        options: ScaleOptions,
        *,
        resuming: Resuming | None,
        remote: RemoteOptions | None = None,
    ) -> None:
        self.folder = RunFolder(folder)
        self._config = config
        self._options = options
        self._resuming = resuming
        self._remote = remote
        self.tally = Tally()
        self.total = 0
        self.kept = 0

    def scored(self, sources: Iterable[Source]) -> Generator[Scored, None, None]:
        """Score the sources that have no result yet, and yield what came of each as soon as it is in a part.

        Raises:
            ConfigError: an option is not allowed, settings have changed, the cluster is too small, or another run is at
                work.
            WeightsError: the weights cannot be had, read, or do not fit.
            GenConViTError: the cluster cannot be reached.
        """
        folder, options = self.folder, self._options
        folder.prepare(resume=self._resuming is not None)
        with RunLock(folder.lock, folder.path), connected(options):
            opened = opened_for(self._config, options)
            resuming = self._resuming or Resuming()
            folder.keep_settings({"identity": resuming.identity, **opened.settings})
            self.total = write_listing(sources, folder.listing, resuming.identity)
            parts = Parts(folder.path)
            parts = parts.without_failures(keys_in(folder.listing)) if resuming.retry else parts
            pending = write_pending(folder.listing, parts, folder.pending)
            self.kept = self.total - pending
            for each in parts.scored(keys_in(folder.listing)):
                self.tally.add(each.status, each.reason)
            if pending:
                yield from self.tally.counted(self._scored(opened))

    def results(self) -> Iterator[VideoResult]:
        """The results of all sources that have one, in the order of the sources."""
        parts = Parts(self.folder.path)
        for text in parts.results(keys_in(self.folder.listing).tolist()):
            yield VideoResult.model_validate_json(text)

    def _scored(self, opened: Opened) -> Iterator[Scored]:
        import ray

        tasks = ray.data.read_parquet(str(self.folder.pending), num_cpus=0)
        scored = run_stages(tasks, self._config, opened, self._options, self._remote)
        write = partial(write_part, folder=str(self.folder.path.absolute()))
        written = scored.map_batches(
            write, batch_size=self._options.part_rows, batch_format="pyarrow", zero_copy_batch=True, num_cpus=0
        )
        for batch in written.iter_batches(batch_size=None, batch_format="pyarrow", prefetch_batches=0):
            yield from (Scored(**row) for row in cast("pa.Table", batch).to_pylist())
