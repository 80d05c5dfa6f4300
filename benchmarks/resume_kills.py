"""Runs with ``--resume`` that are killed at random points, gone on with, and held against one that was left alone.

Clips are made, and scored once without an interruption. Then the same command runs with another file of results, and
is killed (SIGKILL; the process alone, or with its workers) after a random time or the moment a result is written, over
and over until it ends by itself; then the next file begins. After every kill the whole lines that are there must be the
first ones of the uninterrupted file, to the byte; the next run must do none of these sources again; and a file that is
finished must be the uninterrupted one, to the byte.

Run it: python benchmarks/resume_kills.py [--kills 50] [--clips 12] [--seed 0]
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from genconvit.data.sample import write_clip

PREDICT = ("-m", "genconvit", "predict", "--weights", "embedded", "--face-detector", "mtcnn", "--device", "cpu")
OPTIONS = ("--frames", "2", "--workers", "2", "--resume", "--log", "json")
POLL_SECONDS = 0.0002


@dataclass
class Outcome:
    """What was found.

    Attributes:
        kills: number of runs that were killed.
        files: number of files that were finished, each equal to the uninterrupted one.
        finished_at_kill: number of results that were there at each kill.
        found: number of kills that left each kind of thing: half a line, an entry without its line.
        seconds: seconds that the uninterrupted run took.
    """

    kills: int = 0
    files: int = 0
    finished_at_kill: list[int] = field(default_factory=list)
    found: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0


def make_clips(folder: Path, count: int) -> None:
    """Make short clips, among them one without a face and one that is no video."""
    folder.mkdir()
    for number in range(count - 2):
        write_clip(folder / f"{number:03d}.mp4", frames=6 + number % 5, width=128, height=128)
    flat = np.full((64, 64, 3), 96, np.uint8)
    write_clip(folder / "no_face.mp4", image=flat, frames=6, width=64, height=64)
    (folder / "no_video.mp4").write_bytes(b"nothing")


def start(clips: Path, results: Path) -> subprocess.Popen[str]:
    """Start a run in a group of processes of its own; its events come through a pipe."""
    command = [sys.executable, *PREDICT, str(clips), *OPTIONS, "--output", str(results)]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)  # noqa: S603 - our own


def size_of(path: Path) -> int:
    """The size of a file; 0 where it is not there."""
    return path.stat().st_size if path.exists() else 0


def entries_of(results: Path) -> Path:
    """The file of entries beside a file of results; an entry is written right before its line."""
    return results.with_name(results.name + ".run") / "done.jsonl"


def finished(results: Path) -> list[bytes]:
    """The whole lines of a file, each with its line break."""
    lines = results.read_bytes().splitlines(keepends=True) if results.exists() else []
    return [line for line in lines if line.endswith(b"\n")]


def kill_somewhere(running: subprocess.Popen[str], results: Path, chance: random.Random, seconds: float) -> None:
    """Kill a run after a random time, or right after a write; do nothing where it ends before."""
    entries = entries_of(results)
    before, at_a_write = size_of(entries), chance.random() < 0.5
    deadline = time.monotonic() + chance.uniform(0, seconds)
    while running.poll() is None:
        if size_of(entries) > before if at_a_write else time.monotonic() > deadline:
            break
        time.sleep(POLL_SECONDS)
    if at_a_write:
        time.sleep(chance.choice((0, chance.uniform(0, 0.005), chance.uniform(0, 0.5))))
    if running.poll() is None:
        kill = os.killpg if chance.random() < 0.5 else os.kill
        kill(running.pid, signal.SIGKILL)


def sources_done(events: str) -> Iterator[str]:
    """The sources that a run says it did, from its events; a kill may have cut the last one short."""
    for line in events.splitlines():
        if line.startswith('{"event": "result"') and line.endswith("}"):
            yield json.loads(line)["source"]


def note_what_is_left(results: Path, outcome: Outcome) -> None:
    """Count what the kill has left half."""
    entries = entries_of(results)
    there = results.read_bytes() if results.exists() else b""
    outcome.found["half a line"] += bool(there) and not there.endswith(b"\n")
    outcome.found["an entry without its line"] += entries.exists() and len(finished(entries)) > len(finished(results))
    outcome.finished_at_kill.append(len(finished(results)))


def one_file(clips: Path, results: Path, whole: bytes, most: int, chance: random.Random, outcome: Outcome) -> None:
    """Kill runs with one file until one of them ends by itself, at most so many times; then let it end."""
    killed = 0
    while True:
        before = finished(results)
        if not whole.startswith(b"".join(before)):
            raise SystemExit(f"{results}: what is there after {killed} kills is not what the uninterrupted run wrote")
        running = start(clips, results)
        if killed < most:
            kill_somewhere(running, results, chance, outcome.seconds)
        events = running.communicate()[1]
        again = {json.loads(line)["source"] for line in before} & set(sources_done(events))
        if again:
            raise SystemExit(f"{results}: finished sources were done again: {sorted(again)}")
        if running.returncode != -signal.SIGKILL:
            break
        killed += 1
        outcome.kills += 1
        note_what_is_left(results, outcome)
    if running.returncode != 3 or results.read_bytes() != whole:  # one clip is unreadable
        raise SystemExit(f"{results}: exit status {running.returncode}, or another file than uninterrupted\n{events}")
    outcome.files += 1


def kill_runs(folder: Path, kills: int, clips: int, seed: int) -> Outcome:
    """Make clips, score them without an interruption, and then with so many kills."""
    make_clips(folder / "clips", clips)
    begun = time.monotonic()
    alone = start(folder / "clips", folder / "alone.jsonl")
    said = alone.communicate()[1]
    if alone.returncode != 3:  # one clip is unreadable
        raise SystemExit(f"the uninterrupted run ended with {alone.returncode}\n{said}")
    outcome, chance = Outcome(seconds=time.monotonic() - begun), random.Random(seed)  # noqa: S311 - no secret
    whole = (folder / "alone.jsonl").read_bytes()
    while outcome.kills < kills:
        results = folder / f"killed-{outcome.files}.jsonl"
        one_file(folder / "clips", results, whole, kills - outcome.kills, chance, outcome)
    return outcome


def main() -> None:
    """Kill runs, and print what was found; an exit status of 0 says that nothing was lost or done twice."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--clips", type=int, default=12)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="genconvit-kills-") as folder:
        outcome = kill_runs(Path(folder), given.kills, given.clips, given.seed)
    print(f"uninterrupted: {given.clips} sources in {outcome.seconds:.1f} s")
    print(f"kills: {outcome.kills}, over {outcome.files} files, each equal to the uninterrupted one to the byte")
    print(f"results that were there at a kill: {sorted(outcome.finished_at_kill)}")
    print(f"left by kills: {dict(outcome.found)}; finished sources that were done again: 0")


if __name__ == "__main__":
    main()
