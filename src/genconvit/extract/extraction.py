"""The extraction itself: each video that is missing is read, its faces are found, cut out and written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from genconvit.assemble import Finding, assemble_finding
from genconvit.core.ahead import Ahead
from genconvit.core.errors import ConfigError, DatasetError, GenConViTError
from genconvit.core.left_out import LeftOut
from genconvit.core.progress import ShowProgress, no_progress
from genconvit.core.types import FaceCrop, on_host
from genconvit.crops.manifest import CSV_NAME, PARQUET_NAME, write_manifest
from genconvit.crops.record import SPLITS, CropRecord, Split
from genconvit.data.base import LabelledSource, Listing
from genconvit.extract.crop_files import SUFFIXES, CropFiles, records_of
from genconvit.extract.journal import JOURNAL_NAME, Journal, KeptFace, VideoEntry
from genconvit.extract.options import ExtractOptions, file_state, options_checksum
from genconvit.extract.split import SplitPlan, assign_splits
from genconvit.extract.summary import ExtractSummary, count_parts, lopsided
from genconvit.faces.align import turned_back
from genconvit.pipeline.outcome import Cropped, Outcome, SourceScores
from genconvit.pipeline.run import find_faces
from genconvit.pipeline.tracks import Sighting, link_faces
from genconvit.settings import DetectorConfig, refuse_credentials

_CROPS_AHEAD = 32


def extract(
    listing: Listing,
    config: DetectorConfig,
    folder: Path,
    options: ExtractOptions | None = None,
    progress: ShowProgress = no_progress,
) -> ExtractSummary:
    """Write the faces of labelled videos as crops into ``{train,valid,test}/{fake,real}/``, with a manifest.

    A video is done once: a second run does only what is missing, what has changed on the disk, and everything where
    options have changed that decide on the crops. Several data sets may go into one folder.

    Args:
        listing: the videos; those without a label are left out.
        config: options of the detector that looks at them; nothing in it that is of networks and scores matters, and
            none is loaded.
        folder: folder that the crops go to; made where it is not there.
        options: options by which they are kept.
        progress: shows progress.

    Raises:
        ConfigError: an option has a value that is not allowed here; the folder cannot be written, holds other crops, or
            another run is at work there.
        PluginError: a plugin is unknown, broken, or claimed twice.
        DatasetError: no video has a label, or the journal of an earlier run is damaged.
        GenConViTError: the disk is full, or fails; what was finished is kept.
    """
    if all(source.label is None for source in listing.sources):
        raise DatasetError(f"none of {len(listing.sources)} sources has a label; crops are kept by class: label them")
    refuse_credentials(config, "an extraction of faces")
    _prepare(folder)
    finding = assemble_finding(config)
    try:
        with Journal(folder) as journal, CropFiles(folder) as files:
            run = _Extraction(listing, config, options or ExtractOptions(), finding, journal, files)
            run.extract(progress)
            return run.finish(folder)
    except OSError as error:
        raise GenConViTError(
            f"crops cannot be written to {str(folder)!r}: {error.strerror or error}; what was finished is kept: make "
            "room, and the same command goes on"
        ) from error
    finally:
        finding.readers.close()


def _prepare(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        names = {path.name for path in folder.iterdir()}
    except (OSError, ValueError) as error:
        reason = (isinstance(error, OSError) and error.strerror) or error
        raise ConfigError(f"{str(folder)!r} cannot be written: {reason}; choose another folder (--out)") from error
    others = sorted(names & {*SPLITS, CSV_NAME, PARQUET_NAME})
    if others and JOURNAL_NAME not in names:
        raise ConfigError(
            f"{str(folder)!r} holds {others[0]!r} and no {JOURNAL_NAME}, so its crops are not of `genconvit extract`; "
            "choose another folder (--out)"
        )


@dataclass(frozen=True)
class _Records:
    """Rows of the manifest, made anew from what the journal holds at each iteration."""

    entries: Sequence[VideoEntry]

    def __iter__(self) -> Iterator[CropRecord]:
        return chain.from_iterable(map(records_of, self.entries))


class _Todo(NamedTuple):
    source: LabelledSource
    entry: VideoEntry


class _Extraction:
    """One run in one folder."""

    def __init__(
        self,
        listing: Listing,
        config: DetectorConfig,
        options: ExtractOptions,
        finding: Finding,
        journal: Journal,
        files: CropFiles,
    ) -> None:
        self._listing = listing
        self._config = config
        self._options = options
        self._finding = finding
        self._journal = journal
        self._files = files
        self._sources = [source for source in listing.sources if source.label is not None]
        self._moved = 0
        self._checksum = options_checksum(finding, config, options)
        self._plan_name = f"{listing.split} {options.plan}"
        self._plan = self._make_plan()
        entries = [self._blank(source) for source in self._sources]
        pairs = zip(self._sources, entries, strict=True)
        self._todo = [_Todo(source, entry) for source, entry in pairs if not self._is_done(entry)]

    def extract(self, progress: ShowProgress) -> None:
        """Do what is missing; an interruption costs the video that is under way."""
        if not self._todo:
            return
        paths = [each.source.path for each in self._todo]
        reader = self._finding.readers.for_many(iter(paths))  # no list: a single one that is left is isolated as well
        finder = self._finding.finder([self._options.cut(self._finding)], self._config)
        with Ahead(find_faces(finder, reader, paths), "faces", room=_CROPS_AHEAD) as found:
            for _ in progress(self._written(found), len(paths), "extracting faces"):
                pass

    def finish(self, folder: Path) -> ExtractSummary:
        """Write the manifest of everything in the folder."""
        every = sorted(
            self._journal.entries.values(), key=lambda each: (SPLITS.index(each.split), each.label, each.key)
        )
        manifests = write_manifest(folder, _Records(every))
        parts = count_parts(every)
        entries = [self._journal.entries[self._listing.dataset, source.name] for source in self._sources]
        return ExtractSummary(
            parts=parts,
            done=len(self._todo),
            kept=len(entries) - len(self._todo),
            moved=self._moved,
            no_face=tuple(entry.name for entry in entries if entry.status == "no_face"),
            unreadable=tuple(
                LeftOut(name=entry.name, reason=entry.reason or "no reason given")
                for entry in entries
                if entry.status == "unreadable"
            ),
            unlabelled=len(self._listing.sources) - len(self._sources),
            notes=(*self._listing.notes, *self._plan.notes, *lopsided(parts), *self._notes(entries, manifests)),
            manifests=tuple(map(str, manifests)),
        )

    def _make_plan(self) -> SplitPlan:
        earlier: dict[str, Split] = {
            entry.name: entry.split
            for entry in self._journal.entries.values()
            if entry.dataset == self._listing.dataset and entry.plan == self._plan_name
        }
        options = self._options
        return assign_splits(self._sources, options.fractions, options.seed, earlier, fill=self._listing.split == "all")

    def _blank(self, source: LabelledSource) -> VideoEntry:
        """Describe a video before it is opened."""
        assert source.label is not None  # noqa: S101 - the others were left out
        return VideoEntry(
            dataset=self._listing.dataset,
            name=source.name,
            label=source.label,
            split=self._plan.split_of[source.name],
            plan=self._plan_name,
            file=file_state(source.path),
            options=self._checksum,
            suffix=SUFFIXES[self._options.image_format],
            status="no_face",
            groups=source.groups,
            original=source.original,
        )

    def _is_done(self, wanted: VideoEntry) -> bool:
        """Tell whether an earlier run did this video; what has changed beside its crops is made good here."""
        entry = self._journal.entries.get(wanted.key)
        if entry is None or (entry.label, entry.file, entry.options) != (wanted.label, wanted.file, wanted.options):
            return False
        if (self._options.retry and entry.status != "done") or not self._files.has_all(entry):
            return False
        names = ("split", "plan", "groups", "original")
        changed = entry.model_copy(update={name: getattr(wanted, name) for name in names})
        if changed.split != entry.split:
            self._files.move(entry, changed)
            self._moved += 1
        if changed != entry:
            self._journal.add(changed)
        return True

    def _written(self, found: Iterable[Cropped | Outcome]) -> Iterator[Outcome]:
        """Each video's outcome, once its crops are on the disk and the journal says so."""
        todo = iter(self._todo)
        video = None
        for item in found:
            if video is None:
                entry = next(todo).entry
                self._files.clear(*entry.key)
                video = _Video(entry, self._files)
            if isinstance(item, Cropped):
                video.add(item)
                continue
            entry = video.finished(item)
            self._files.keep_only(entry)
            self._journal.add(entry)
            video = None
            yield item

    def _notes(self, entries: Sequence[VideoEntry], manifests: Sequence[Path]) -> Iterator[str]:
        if self._finding.readers.note:
            yield self._finding.readers.note
        noted = [entry for entry in entries if entry.notes]
        if noted:
            first = f"{noted[0].name!r}: {noted[0].notes[0]}"
            yield f"videos with notes, which {JOURNAL_NAME} holds: {len(noted)}; the first is {first}"
        if len(manifests) == 1:
            yield f"pyarrow is not installed, so there is no {PARQUET_NAME}; pip install 'genconvit[train]'"


class _Video:
    """A video that is under way."""

    def __init__(self, entry: VideoEntry, files: CropFiles) -> None:
        self._entry = entry
        self._files = files
        self._scores: SourceScores | None = None
        self._begin(None)

    def add(self, item: Cropped) -> None:
        """Write a crop."""
        if item.scores is not self._scores:
            self._begin(item.scores)
        crop = item.crop
        face = _kept(crop, self._of_frame[crop.frame_index])
        self._of_frame[crop.frame_index] += 1
        self._faces.append(face)
        self._sightings.append(Sighting(crop.frame_index, crop.pts_seconds, crop.face.box))
        self._files.write(self._entry, face, on_host(crop.image))

    def finished(self, outcome: Outcome) -> VideoEntry:
        """Give the entry of the video, after all of its crops are written."""
        self._files.settle()
        if outcome.scores is None:
            reason = outcome.error.reason if outcome.error else None
            return self._entry.model_copy(update={"status": "unreadable", "reason": reason})
        if outcome.scores is not self._scores:
            self._begin(outcome.scores)
        tracks = link_faces(self._sightings, outcome.scores.frame_indices)
        faces = (face.model_copy(update={"track": track}) for face, track in zip(self._faces, tracks, strict=True))
        update = {
            "status": "done" if self._faces else "no_face",
            "faces": tuple(faces),
            "notes": tuple(outcome.scores.notes),
        }
        return self._entry.model_copy(update=update)

    def _begin(self, scores: SourceScores | None) -> None:
        """Begin, or once more where a decoder started over: what it gave before does not count."""
        self._files.settle()
        self._scores = scores
        self._faces: list[KeptFace] = []
        self._sightings: list[Sighting] = []
        self._of_frame: Counter[int] = Counter()


def _kept(crop: FaceCrop, number: int) -> KeptFace:
    left, top, right, _ = crop.square
    scale = len(crop.image) / (right - left)
    points = turned_back(crop.face.landmarks, crop.square, crop.angle)
    return KeptFace(
        frame_index=crop.frame_index,
        number=number,
        track=0,
        box=crop.face.box,
        square=crop.square,
        confidence=crop.face.confidence,
        landmarks=tuple((round((x - left) * scale, 2), round((y - top) * scale, 2)) for x, y in points),
    )
