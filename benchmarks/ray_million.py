"""A simulation of a run over a million videos on Ray: measured times in place of decoding, face search and networks.

Everything else is the library's own code: the listing, the workers, their batches, crops and results, the count of
deaths, the parts, and the results in the order of the files. Videos are as long as uploads are (log-normal), and take
the time of one frame a second, up to ``--most-frames``, in two frames; a share of the files ends what reads it, some
the worker itself, and workers are lost on the way. Times are shortened (``--faster``), so that a few workers here stand
for as many times more: what is left is what the engine adds. Every file must have one result, the right one.

Run it: python -m benchmarks.ray_million [--rows 100000] [--json FILE] [--plot FILE]
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import psutil  # type: ignore[import-untyped]

from benchmarks.ray_simulated import NAME, SimulatedDecoder, SimulatedFaces, SimulatedNetwork
from genconvit.registry import ARCHITECTURES, FACE_DETECTORS, VIDEO_DECODERS
from genconvit.scale import ScaleOptions
from genconvit.scale.run import RayRun
from genconvit.settings import DetectorConfig

MEDIAN_SECONDS, SPREAD = 30.0, 1.2
"""Median of a video's length in seconds, and the standard deviation of its logarithm."""

FRAMES = 2
"""Frames of a simulated video; each takes its share of the time of those that a real one would have."""

SAMPLE_SECONDS = 5.0


class Assumptions(argparse.Namespace):
    """What is simulated, as the command line gives it."""

    rows: int
    finders: int
    networks: int
    find: float
    score: float
    most_frames: int
    faster: float
    poison: float
    ends_worker: float
    losses: int
    seed: int
    json: Path | None
    plot: Path | None


@dataclass
class Course:
    """A run over time.

    Attributes:
        seconds: seconds since the run began, at each sample.
        done: results that were there.
        driver_mb: memory of the program that leads the run, in MB.
        workers_mb: memory of all workers that is theirs alone, in MB.
        store_mb: shared memory that Ray's objects take, in MB.
        lost: seconds at which a worker was lost.
    """

    seconds: list[float] = field(default_factory=list)
    done: list[int] = field(default_factory=list)
    driver_mb: list[float] = field(default_factory=list)
    workers_mb: list[float] = field(default_factory=list)
    store_mb: list[float] = field(default_factory=list)
    lost: list[float] = field(default_factory=list)


def make_videos(folder: Path, given: Assumptions) -> tuple[list[str], set[str], float]:
    """Write the files; give their paths, those that break what reads them, and the mean number of frames."""
    folder.mkdir()
    chance = np.random.default_rng(given.seed)
    frames = np.clip(chance.lognormal(np.log(MEDIAN_SECONDS), SPREAD, given.rows), 1, given.most_frames).astype(int)
    broken, ends = chance.random((2, given.rows))
    paths, bad = [], set()
    for number in range(given.rows):
        breaks = None
        if broken[number] < given.poison:
            breaks = "worker" if ends[number] < given.ends_worker else "decoder"
        seconds = float(frames[number]) / FRAMES * given.find / given.faster
        told = {"frames": FRAMES, "seconds": seconds, "breaks": breaks}
        path = folder / f"{number:07d}.mp4"
        path.write_text(json.dumps(told), encoding="utf-8")
        paths.append(str(path))
        if breaks:
            bad.add(str(path))
    return paths, bad, float(frames.mean())


def workers() -> Iterator[psutil.Process]:
    """The workers of Ray on this machine that do a run's work."""
    for process in psutil.process_iter(["name", "cmdline"]):
        if (process.info["cmdline"] or [""])[0].startswith("ray::"):
            yield process


def lose_a_worker(chance: random.Random) -> None:
    """Kill a worker that finds faces, or one of the networks."""
    actors = [process for process in workers() if "MapWorker" in process.info["cmdline"][0]]
    os.kill(chance.choice(actors).pid, signal.SIGKILL)


def sample(course: Course, begun: float, done: int) -> None:
    """Add what is to be seen now."""
    alone = 0.0
    for process in workers():
        try:
            alone += process.memory_full_info().uss
        except psutil.Error:
            continue
    course.seconds.append(time.monotonic() - begun)
    course.done.append(done)
    course.driver_mb.append(psutil.Process().memory_info().rss / 1e6)
    course.workers_mb.append(alone / 1e6)
    course.store_mb.append(psutil.virtual_memory().shared / 1e6)


def follow(run: RayRun, paths: list[str], given: Assumptions) -> Course:
    """Run to the end, lose workers on the way, and look at it again and again."""
    course, chance = Course(), random.Random(given.seed)  # noqa: S311 - no secret
    losses = [given.rows * (each + 1) // (given.losses + 1) for each in range(given.losses)]
    begun = latest = time.monotonic()
    for done, _ in enumerate(run.scored(iter(paths)), 1):
        if losses and done >= losses[0]:
            losses.pop(0)
            lose_a_worker(chance)
            course.lost.append(time.monotonic() - begun)
        if time.monotonic() - latest > SAMPLE_SECONDS:
            latest = time.monotonic()
            sample(course, begun, done)
    sample(course, begun, done)
    return course


def check(run: RayRun, paths: list[str], bad: set[str]) -> float:
    """Make sure that every file has its result, in its order; give the seconds that this took."""
    begun = time.monotonic()
    seen = 0
    for result, path in zip(run.results(), paths, strict=True):
        seen += 1
        if result.source != path or (result.status == "unreadable") != (path in bad):
            raise SystemExit(f"{path}: got the result {result.source}, {result.status}, {result.reason}")
    if seen != len(paths) or run.tally.done != len(paths):
        raise SystemExit(f"{len(paths)} files, {seen} results, {run.tally.done} counted")
    return time.monotonic() - begun


def simulate(folder: Path, given: Assumptions) -> dict[str, object]:
    """Simulate, and give the figures."""
    import ray

    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    os.environ["PYTHONPATH"] = os.pathsep.join(sys.path)  # workers import the simulated parts
    ARCHITECTURES.register(NAME, SimulatedNetwork)
    FACE_DETECTORS.register(NAME, SimulatedFaces)
    VIDEO_DECODERS.register(NAME, SimulatedDecoder)
    paths, bad, frames = make_videos(folder / "videos", given)
    find, score = (frames * each / given.faster for each in (given.find, given.score))
    config = DetectorConfig.from_options(
        NAME, weights="random", face_detector=NAME, decoder=NAME, isolate=False, frames="all", device="cpu",
        model={"seconds": score / FRAMES},
    )  # fmt: skip
    options = ScaleOptions(finders=given.finders, networks=given.networks, network_cpus=0, deaths=2)
    ray.init(num_cpus=given.finders + 1, include_dashboard=False, log_to_driver=False)
    run = RayRun(folder / "parts", config, options, resuming=None)
    course = follow(run, paths, given)
    joined = check(run, paths, bad)
    seconds = course.seconds[-1]
    ideal = given.rows * max(find / given.finders, score / given.networks)
    given_up = sum(count for reason, count in run.tally.by_reason.items() if "given up" in reason)
    return {
        "rows": given.rows, "poison": len(bad), "given_up": given_up, "lost": len(course.lost),
        "seconds": seconds, "ideal_seconds": ideal, "ratio": seconds / ideal,
        "rows_a_second": given.rows / seconds, "join_seconds": joined,
        "stands_for_finders": given.finders * given.faster,
        "hours_for_a_million": 1e6 / (given.rows / seconds) / 3600,
        "assumptions": {name: value for name, value in vars(given).items() if name not in ("json", "plot")},
        "course": asdict(course),
    }  # fmt: skip


def plot(figures: dict[str, object], path: Path) -> None:
    """Draw results and memory over time."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    course = Course(**figures["course"])  # type: ignore[arg-type]
    minutes = np.array(course.seconds) / 60
    drawing, (above, below) = plt.subplots(2, 1, figsize=(7, 5), sharex=True, layout="constrained")
    above.plot(minutes, np.array(course.done) / 1000)
    for number, lost in enumerate(course.lost):
        above.axvline(lost / 60, color="0.6", linestyle=":", label=None if number else "a worker is lost")
    above.set(ylabel="thousand results", ylim=(0, None))
    above.legend(frameon=False)
    for name, values in (
        ("all workers", course.workers_mb),
        ("driver", course.driver_mb),
        ("objects", course.store_mb),
    ):
        below.plot(minutes, np.array(values) / 1000, label=name)
    below.set(xlabel="minutes", ylabel="memory in GB", ylim=(0, None))
    below.legend(frameon=False)
    drawing.savefig(path, dpi=120)


def main() -> None:
    """Simulate, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--finders", type=int, default=12)
    parser.add_argument("--networks", type=int, default=2)
    parser.add_argument("--find", type=float, default=0.06, help="seconds of a core for decoding and searching a frame")
    parser.add_argument("--score", type=float, default=0.03, help="seconds of a network for a face")
    parser.add_argument("--most-frames", type=int, default=30)
    parser.add_argument("--faster", type=float, default=10.0, help="how many times shorter the times are made")
    parser.add_argument("--poison", type=float, default=0.001, help="share of the files that break what reads them")
    parser.add_argument("--ends-worker", type=float, default=0.1, help="share of these that end the worker itself")
    parser.add_argument("--losses", type=int, default=4, help="workers that are lost on the way")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--plot", type=Path)
    given = parser.parse_args(namespace=Assumptions())
    with tempfile.TemporaryDirectory(prefix="genconvit-million-") as folder:
        figures = simulate(Path(folder), given)
    if given.json:
        given.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    if given.plot:
        plot(figures, given.plot)
    print(json.dumps({name: value for name, value in figures.items() if name != "course"}, indent=1))


if __name__ == "__main__":
    main()
