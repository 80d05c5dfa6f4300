"""Each stage of the pipeline alone, over what the stage before it made of the clips, and all of them together."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from genconvit.assemble import Parts
from genconvit.bench.bench_result import StageTiming
from genconvit.bench.floor import backbone_calls, config_of
from genconvit.bench.timing import Times, time_in_turn
from genconvit.core.ahead import Ahead
from genconvit.core.errors import ConfigError
from genconvit.core.types import AnyImage, Frame
from genconvit.pipeline.outcome import Cropped, Outcome, SourceScores
from genconvit.pipeline.run import Pipeline, SourceQueue, start_readings
from genconvit.video.readers import Reader, Reading
from genconvit.video.reading import Event


class Stages:
    """The stages that a detector's parts make, over some clips.

    Args:
        parts: parts of the detector.
        clips: the videos.
        setting: name of the rows' setting.

    Raises:
        SourceError: a clip cannot be read.
        ConfigError: no face is found in them.
    """

    def __init__(self, parts: Parts, clips: Sequence[Path], setting: str) -> None:
        self._parts = parts
        self._clips = clips
        self._setting = setting
        self._reader = parts.readers.for_many(iter(clips))
        self._readings = [_Recorded(_events(self._reader, clip)) for clip in clips]
        self._frames = sum(reading.frame_count for reading in self._readings)
        self._faces = self._find()
        if not any(self._faces):
            raise ConfigError("no face was found in the clips, so there is nothing to measure; give others")

    def rows(self, repeats: int) -> list[StageTiming]:
        """Measure every stage, the whole, and their floors."""
        faces = [len(found) for found in self._faces]
        bare = backbone_calls(self._parts.scorer, config_of(self._parts.provenance), faces)
        floors = {"bare": bare} if bare else {}
        stages = {"decode": self._decode, "drop": self._drop, "faces": self._find, "networks": self._score}
        times = time_in_turn({**stages, "pipeline": self._run, **floors}, repeats)
        slowest = max(("decode", "faces", "networks"), key=times.seconds)
        return [
            self._row(times, "decode", self._frames, "frames", ("decoding in this process and dropping", "drop")),
            self._row(times, "faces", self._frames, "frames"),
            self._row(times, "networks", sum(faces), "faces", (self._bare_name(), "bare") if bare else None),
            self._row(times, "pipeline", len(self._clips), "videos", (f"its slowest stage alone ({slowest})", slowest)),
        ]

    def _bare_name(self) -> str:
        runs_in_torch = self._parts.provenance.runtime == "torch"
        return "bare backbone calls" if runs_in_torch else "bare backbone calls in torch, fp32"

    def _row(
        self, times: Times, stage: str, amount: int, unit: str, floor: tuple[str, str] | None = None
    ) -> StageTiming:
        return StageTiming(
            stage=stage,
            setting=self._setting,
            amount=amount,
            unit=unit,
            seconds=times.seconds(stage),
            floor=floor[0] if floor else None,
            ratio=times.ratio(stage, floor[1]) if floor else None,
        )

    def _decode(self) -> None:
        room = max(self._reader.at_once - 1, 1)
        with Ahead(start_readings(self._reader, self._clips), "start", room=room) as started:
            for _, reading in started:
                if reading is not None:
                    with reading:
                        _exhaust(reading)

    def _drop(self) -> None:
        for clip in self._clips:
            _exhaust(_events(self._parts.readers.for_one(clip), clip))

    def _find(self) -> list[list[Cropped]]:
        """The faces of each clip."""
        return [list(self._parts.finder.find(reading, Outcome("clip"))) for reading in self._readings]

    def _score(self) -> None:
        for faces in self._faces:
            queue = SourceQueue(self._parts.scorer, SourceScores("bench", len(faces)))
            for face in faces:
                queue.add(face)
            queue.finish()

    def _run(self) -> None:
        _exhaust(Pipeline(self._parts.finder, self._parts.scorer).run(self._reader, self._clips))


class _Recorded(Reading):
    """A reading whose events are in memory and can be had again and again."""

    def __init__(self, events: Iterable[Event]) -> None:
        self._events = [
            replace(event, image=_kept(event.image)) if isinstance(event, Frame) else event for event in events
        ]
        images = [event.image for event in self._events if isinstance(event, Frame)]
        self.frame_count = len(images)

    def __iter__(self) -> Iterator[Event]:
        return iter(self._events)

    def close(self) -> None:
        """Nothing is held but memory."""


def _events(reader: Reader, clip: Path) -> Iterator[Event]:
    with reader.start(clip) as reading:
        yield from reading


def _kept(image: AnyImage) -> AnyImage:
    return image if isinstance(image, torch.Tensor) else np.array(image)


def _exhaust(items: Iterable[object]) -> None:
    deque(items, maxlen=0)
