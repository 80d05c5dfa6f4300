"""Compares a service's throughput of short clips with predict's over a folder of them, in turns.

Each round lets predict score the clips, and then a service of each kind of reports, whose clients fetch the report as
well. Gives the ratios of the seconds that passed, and of the seconds of CPU, the clients' included: other programs on
the machine move the latter less.

Run it: python benchmarks/serve_rate.py [--uploads 100] [--at-once 50] [--rounds 3] [--reports none plain pictures]
"""

import argparse
import json
import os
import shutil
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from genconvit import Client, Detector, DetectorConfig
from genconvit.data.sample import write_clip
from processes import children
from serving import Server, server

_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Taken:
    """Time that a piece of work took.

    Attributes:
        seconds: seconds that passed.
        cpu_seconds: seconds of CPU of all processes that took part.
    """

    seconds: float
    cpu_seconds: float


def cpu_seconds(*pids: int) -> float:
    """Seconds of CPU that processes and their workers used, those that have ended among them."""
    return sum(map(_own_seconds, {each for pid in pids for each in (pid, *children(pid))}))


def _own_seconds(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:
        return 0.0
    return sum(map(int, fields[11:15])) / _TICKS


def measured(work: Callable[[], object], *pids: int) -> Taken:
    """Do a piece of work, in which these processes take part."""
    before, begun = cpu_seconds(*pids), time.monotonic()
    work()
    return Taken(time.monotonic() - begun, cpu_seconds(*pids) - before)


def send(url: str, sources: list[Path], at_once: int, *, report: bool) -> None:
    """Send clips from clients that stay connected, and wait for all results."""
    own, closing = threading.local(), ExitStack()

    def one(source: Path) -> None:
        if not hasattr(own, "client"):
            own.client = closing.enter_context(Client(url, timeout_seconds=600))
        job = own.client.wait(own.client.submit(source))
        if job.state != "done":
            raise SystemExit(f"a clip is {job.state}: {job.error}")
        if report:
            own.client.report(job.id, seconds=3600)

    with closing, ThreadPoolExecutor(at_once) as pool:
        list(pool.map(one, sources))


def compare(folder: Path, kinds: list[str], uploads: int, at_once: int, rounds: int) -> dict[str, list[Taken]]:
    """Score the clips by predict and by each service, in turns; gives what each took, by name."""
    clip = folder / "clip.mp4"
    write_clip(clip, frames=12)
    sources = [Path(shutil.copy(clip, folder / f"{number}.mp4")) for number in range(uploads)]
    options = DetectorConfig.from_options(weights="embedded", frames=2, device="cpu", workers=2)
    taken: dict[str, list[Taken]] = {name: [] for name in ("predict", *kinds)}
    with ExitStack() as stack:
        services: dict[str, Server] = {
            kind: stack.enter_context(server(folder / kind, "--reports", kind)) for kind in kinds
        }
        detector = stack.enter_context(Detector(options))
        for each in services.values():  # what is loaded with the first source is no matter of throughput
            send(each.url, [clip] * 2, 2, report=False)
        list(detector.predict_many(iter([clip] * 2)))
        for _ in range(rounds):
            taken["predict"].append(measured(lambda: list(detector.predict_many(iter(sources))), os.getpid()))
            for kind, made in services.items():
                work = lambda made=made, kind=kind: send(made.url, sources, at_once, report=kind != "none")  # noqa: E731
                taken[kind].append(measured(work, os.getpid(), made.process.pid))
    return taken


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--uploads", type=int, default=100)
    parser.add_argument("--at-once", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--reports", nargs="+", choices=("pictures", "plain", "none"), default=["none", "plain"])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        taken = compare(Path(folder), options.reports, options.uploads, options.at_once, options.rounds)
    for name, rounds in taken.items():
        ratios = [
            {
                "seconds": round(each.seconds, 1),
                "ratio": round(each.seconds / predict.seconds, 2),
                "cpu_seconds": round(each.cpu_seconds, 1),
                "cpu_ratio": round(each.cpu_seconds / predict.cpu_seconds, 2),
            }
            for each, predict in zip(rounds, taken["predict"], strict=True)
        ]
        medians = {key: round(statistics.median(each[key] for each in ratios), 2) for key in ratios[0]}
        print(name, json.dumps({"medians": medians, "rounds": ratios}))
    print("load of the machine afterwards:", " ".join(f"{each:.1f}" for each in os.getloadavg()))


if __name__ == "__main__":
    main()
