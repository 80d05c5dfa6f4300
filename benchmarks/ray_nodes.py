"""A run on two local Ray nodes of which one is killed in the middle, held against the local engine.

Clips are made and scored by the local engine on one thread. Then two Ray nodes are started on this machine, the second
with the workers that find faces and, with ``--networks``, the one that runs the networks; as soon as two parts are
there, every process of the second node is killed (SIGKILL). With ``--replace`` a third node takes its place. The run
must end by itself, say nothing but its events, and its file must be the local one, to the byte.

Run it: python -m benchmarks.ray_nodes [--clips 60] [--networks] [--replace]
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.resume_kills import PREDICT, make_clips

RAY = (
    "--engine",
    "ray",
    "--ray",
    "part_rows=4",
    "--ray",
    "sources_at_once=2",
    "--ray",
    "finders=2",
    "--ray",
    "deaths=3",
)
ONE_THREAD = {"OMP_NUM_THREADS": "1"}
POLL_SECONDS = 0.05


def predict(clips: Path, output: Path, *further: str) -> subprocess.Popen[str]:
    """Start ``genconvit predict`` on four frames of each clip."""
    command = [sys.executable, *PREDICT, str(clips), "--frames", "4", "--output", str(output), *further]
    environment = {**os.environ, **ONE_THREAD}
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)  # noqa: S603 - our own


def parts_of(output: Path) -> int:
    """The number of parts that are there."""
    return len(list(output.with_name(output.name + ".parts").glob("part-*.parquet")))


def run_and_kill(clips: Path, output: Path, *, networks: bool, replace: bool) -> tuple[int, int, str, str]:
    """Start two nodes and a run, and kill the second node.

    Returns:
        The number of parts that were there at the kill, the exit status, and what the run printed to stdout and stderr.
    """
    from ray.cluster_utils import Cluster

    cluster: Any = Cluster(initialize_head=True, head_node_args={"num_cpus": 1 if networks else 3})
    second = cluster.add_node(num_cpus=3)
    cluster.wait_for_nodes()
    try:
        running = predict(clips, output, *RAY, "--address", cluster.address, "--log", "json")
        while parts_of(output) < 2 and running.poll() is None:
            time.sleep(POLL_SECONDS)
        at_kill = parts_of(output)
        cluster.remove_node(second, allow_graceful=False)
        if replace:
            cluster.add_node(num_cpus=3)
        shown, said = running.communicate(timeout=900)
        return at_kill, running.returncode, shown, said
    finally:
        cluster.shutdown()


def main() -> None:
    """Kill a node, and print what came of the run; an exit status of 0 says that nothing was lost or other."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=int, default=60)
    parser.add_argument("--networks", action="store_true", help="let the networks run on the node that is killed")
    parser.add_argument("--replace", action="store_true", help="let a third node take its place")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="genconvit-nodes-") as name:
        folder = Path(name)
        make_clips(folder / "clips", given.clips)
        alone = predict(folder / "clips", folder / "alone.jsonl")
        alone.communicate()
        begun = time.monotonic()
        output = folder / "ray.jsonl"
        kill = run_and_kill(folder / "clips", output, networks=given.networks, replace=given.replace)
        at_kill, status, shown, said = kill
        seconds = time.monotonic() - begun
        same = output.exists() and output.read_bytes() == (folder / "alone.jsonl").read_bytes()
    print(f"parts at the kill: {at_kill}; exit status {status} (local {alone.returncode}); {seconds:.0f} s")
    print(f"the file is the local engine's, to the byte: {same}")
    if not same or status != alone.returncode:
        raise SystemExit(said)
    events = [json.loads(line)["event"] for line in said.splitlines()]
    if shown or "result" not in events:
        raise SystemExit(f"the run printed something else than its events: {shown!r}")


if __name__ == "__main__":
    main()
