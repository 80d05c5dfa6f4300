"""What a run over many videos takes and costs on given machines, from the figures of ``genconvit bench``.

The bench is to be run on one core (``taskset --cpu-list 0 genconvit bench ... --json bench.json``), so that its seconds
are those of a core. With networks on the same cores, a video takes the sum of its stages; with networks elsewhere (a
GPU, other machines), the slower of both kinds of workers sets the pace.

Run it: python benchmarks/ray_cost.py bench.json --cores 16 --dollars 0.70
        python benchmarks/ray_cost.py bench.json --cores 64 --dollars 4.10 --gpus 1 --network-seconds 0.02
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

from genconvit.bench.bench_result import BenchResult

ENGINE_SHARE = 0.13
"""Share of the cores' time that hashing, results and the engine take, as ``ray_workers.py`` found it on two cores."""


@dataclass(frozen=True)
class Video:
    """What one video takes.

    Attributes:
        find: seconds of a core for decoding it and finding its faces.
        score: seconds of a worker that runs the networks.
    """

    find: float
    score: float


def video_of(result: BenchResult) -> Video:
    """The mean over the bench's clips, of its first setting of each stage."""
    stages = {row.stage: row for row in reversed(result.rows)}
    videos = stages["pipeline"].amount
    return Video((stages["decode"].seconds + stages["faces"].seconds) / videos, stages["networks"].seconds / videos)


def videos_an_hour(video: Video, cores: float, gpus: int) -> float:
    """Give the videos an hour that so many cores do, with the networks on the GPUs where there are any."""
    cores *= 1 - ENGINE_SHARE
    a_second = min(cores / video.find, gpus / video.score) if gpus else cores / (video.find + video.score)
    return a_second * 3600


def main() -> None:
    """Print what a video takes, the videos an hour and a dollar, and what a million take."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bench", type=Path, help="what genconvit bench --json wrote")
    parser.add_argument("--cores", type=float, required=True, help="cores of all machines")
    parser.add_argument("--gpus", type=int, default=0, help="GPUs that run the networks")
    parser.add_argument("--network-seconds", type=float, help="seconds of a GPU for a video, measured there")
    parser.add_argument("--dollars", type=float, required=True, help="dollars an hour for all machines")
    given = parser.parse_args()
    if bool(given.gpus) != bool(given.network_seconds):
        parser.error("--gpus and --network-seconds go together: the bench of a CPU says nothing of a GPU")
    video = video_of(BenchResult.model_validate_json(given.bench.read_text(encoding="utf-8")))
    video = Video(video.find, given.network_seconds or video.score)
    rate = videos_an_hour(video, given.cores, given.gpus)
    print(f"a video: {video.find:.2f} s of a core to find faces, {video.score:.2f} s in the networks")
    print(f"videos an hour: {rate:,.0f}; videos a dollar: {rate / given.dollars:,.0f}")
    print(f"a million: {1e6 / rate:,.1f} hours, {1e6 / rate * given.dollars:,.0f} dollars")


if __name__ == "__main__":
    main()
