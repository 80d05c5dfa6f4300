"""Memory that a long video takes, against ten seconds of the same.

The video is made by looping a clip, without encoding it anew. Each length runs in a process of its own: decoding (in
workers) and the search for faces are real, and a small network stands in for GenConViT's, whose memory does not depend
on a video's length. Memory is that of the process and its workers together, looked at twice a second.

Run it: python benchmarks/long_video.py [CLIP] [--seconds 3600] [--frames fps=2] [--json FILE] [--plot FILE]
"""

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import av
from pydantic import BaseModel

from genconvit.bench.fresh import children

SHORT_SECONDS = 10


class Curve(BaseModel):
    """Memory over the time of one run.

    Attributes:
        video_seconds: length of the video in seconds.
        faces: number of faces that were found.
        frames: number of frames that were searched.
        seconds: seconds from the first frame's decoding on, at which each value was taken.
        megabytes: memory of the process and its workers, in MB.
    """

    video_seconds: float
    faces: int
    frames: int
    seconds: list[float]
    megabytes: list[float]

    @property
    def peak(self) -> float:
        """The most, in MB."""
        return max(self.megabytes)


def loop(clip: Path, path: Path, seconds: float) -> Path:
    """Repeat a clip's packets, which may not refer to those before a key frame, until they last so long."""
    with av.open(str(path), "w") as made:
        stream = None
        shown = shift = 0.0
        while shown < seconds:
            with av.open(str(clip)) as given:
                source = given.streams.video[0]
                stream = stream or made.add_stream_from_template(source)
                unit = float(source.time_base or 1)
                for packet in given.demux(source):
                    if packet.pts is None or packet.dts is None or shift + packet.pts * unit >= seconds:
                        continue
                    shown = max(shown, shift + (packet.pts + (packet.duration or 0)) * unit)
                    packet.pts, packet.dts = packet.pts + round(shift / unit), packet.dts + round(shift / unit)
                    packet.stream = stream
                    made.mux(packet)
            if shown <= shift:
                break
            shift = shown
    return path


def measure(video: Path, frames: str, face_detector: str, face_model: str | None) -> Curve:
    """Score a video in this process and watch its memory."""
    from torch import Tensor, nn

    from genconvit import Architecture, ArchitectureConfig, Detector, InputSpec, ModelOutput, register_architecture

    class Stub(Architecture):
        config_class = ArchitectureConfig

        def __init__(self, config: ArchitectureConfig) -> None:
            super().__init__(config)
            self.config = config
            self.input_spec = InputSpec(size=224)
            self.judge = nn.Linear(3, 2)

        def forward(self, faces: Tensor) -> ModelOutput:
            return ModelOutput(logits={"stub": self.judge(faces.mean(dim=(2, 3)))})

    register_architecture("stub", Stub)
    options: dict[str, Any] = {"face_detector": face_detector, "face_model": face_model, "time_limit_seconds": 86400.0}
    chosen: dict[str, Any] = {"mode": "stub", "weights": "random", "device": "cpu", "frames": frames, "isolate": True}
    with Detector("stub", **chosen, **options) as detector, Watch() as watch:
        result = detector.predict(video)
    with av.open(str(video)) as opened:
        seconds = (opened.duration or 0) / av.time_base
    searched = len(result.provenance.frame_indices)
    return Curve(
        video_seconds=seconds,
        faces=len(result.faces),
        frames=searched,
        seconds=watch.seconds,
        megabytes=watch.megabytes,
    )


class Watch:
    """Looks at the memory of this process and its children twice a second."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self.megabytes: list[float] = []
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> "Watch":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        start = time.monotonic()
        while True:
            self.seconds.append(round(time.monotonic() - start, 2))
            self.megabytes.append(round(sum(resident_mb(each) for each in ["self", *children()]), 1))
            if self._stopped.wait(0.5):
                return


def resident_mb(process: str) -> float:
    """A process's own pages, without those that it only maps from files; shared ones count where they are used."""
    try:
        status = Path("/proc", process, "status").read_text(encoding="utf-8")
    except OSError:
        return 0.0
    kinds = ("RssAnon:", "RssShmem:")
    return sum(int(line.split()[1]) for line in status.splitlines() if line.startswith(kinds)) * 1024 / 1e6


def in_a_new_process(video: Path, options: argparse.Namespace) -> Curve:
    """Measure a video in a process of its own."""
    command = [sys.executable, __file__, str(video), "--measure", "--frames", options.frames]
    command += ["--face-detector", options.face_detector]
    command += ["--face-model", options.face_model] if options.face_model else []
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)  # noqa: S603
    return Curve.model_validate_json(done.stdout)


def plot(curves: dict[str, Curve], path: Path) -> None:
    """Draw memory over the share of each run that has passed."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 4), layout="constrained")
    axes = figure.subplots()
    for name, curve in curves.items():
        minutes = [seconds / 60 for seconds in curve.seconds]
        label = f"{name}: {curve.frames} frames, peak {curve.peak:.0f} MB"
        axes.plot(minutes, curve.megabytes, label=label, linewidth=2 if len(minutes) < 100 else 1)
    axes.axhline(curves["short"].peak + 300, color="grey", linestyle="--", label="300 MB above the short video's peak")
    axes.set(xlabel="minutes of computing", ylabel="memory in MB, workers included", ylim=(0, None))
    axes.legend(loc="lower right")
    figure.savefig(path, dpi=110)


def main() -> None:
    """Measure both lengths and print their peaks."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clip", type=Path, nargs="?", help="left out: one is made")
    parser.add_argument("--seconds", type=float, default=3600)
    parser.add_argument("--frames", default="fps=2")
    parser.add_argument("--face-detector", default="mtcnn")
    parser.add_argument("--face-model")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--plot", type=Path)
    parser.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        curve = measure(options.clip, options.frames, options.face_detector, options.face_model)
        print(curve.model_dump_json())
        return
    with tempfile.TemporaryDirectory() as folder:
        clip = options.clip or made_clip(Path(folder, "clip.mp4"))
        lengths = {"short": SHORT_SECONDS, "long": options.seconds}
        curves = {
            name: in_a_new_process(loop(clip, Path(folder, f"{name}{clip.suffix}"), seconds), options)
            for name, seconds in lengths.items()
        }
    for name, curve in curves.items():
        print(f"{name}: {curve.video_seconds:.0f} s, {curve.frames} frames, {curve.faces} faces", end=", ")
        print(f"peak {curve.peak:.0f} MB")
    print(f"difference of the peaks: {curves['long'].peak - curves['short'].peak:.0f} MB")
    if options.json:
        content = {name: curve.model_dump() | {"peak": curve.peak} for name, curve in curves.items()}
        options.json.write_text(json.dumps(content), encoding="utf-8")
    if options.plot:
        plot(curves, options.plot)


def made_clip(path: Path) -> Path:
    """A small clip with a face in it, of ten frames a second."""
    from genconvit.data.sample import write_clip

    write_clip(path, frames=20, rate=10, width=192, height=144)
    return path


if __name__ == "__main__":
    main()
