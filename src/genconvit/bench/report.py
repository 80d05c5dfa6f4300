"""What a benchmark found; JSON both ways."""

from __future__ import annotations

import platform
from pathlib import Path

import torch
from pydantic import NonNegativeFloat, PositiveFloat

from genconvit.core.config import FrozenConfig
from genconvit.core.version import __version__


class Machine(FrozenConfig):
    """Where it was measured.

    Attributes:
        cpu: its name.
        threads: that PyTorch uses.
        gpu: its name; None where the networks ran on the CPU.
    """

    cpu: str
    threads: int
    gpu: str | None
    python: str
    torch: str
    genconvit: str


class Row(FrozenConfig):
    """One stage alone, all of them together, or the making of examples for a training.

    Attributes:
        stage: ``decode``, ``faces``, ``networks`` or ``pipeline``; ``augment`` or ``self-blend``.
        setting: precision, face detector or decoder; for examples their size.
        amount: how many units a run went through.
        unit: frames, faces, videos or pairs.
        seconds: the median over the runs.
        floor: what the stage is compared with, measured in turn with it; None where there is nothing.
        ratio: the median over the runs of the stage's time over the floor's.
    """

    stage: str
    setting: str
    amount: int
    unit: str
    seconds: NonNegativeFloat
    floor: str | None = None
    ratio: PositiveFloat | None = None

    @property
    def per_second(self) -> float:
        """Units a second."""
        return self.amount / self.seconds if self.seconds else 0.0


class FreshRun(FrozenConfig):
    """A process of its own, from its start to the last result.

    Attributes:
        precision: of the networks and of the weights file.
        face_detector: which one ran.
        import_seconds: to import the library and the architecture, with PyTorch, torchvision and timm.
        open_seconds: to open a detector from a converted weights file.
        predict_seconds: for all the clips.
        videos: how many clips.
        faces: how many faces were scored.
        opening_peak_mb: most memory until the detector was open.
        peak_mb: most memory until the end, without the workers.
        worker_peak_mb: most memory of a worker; 0 where there was none.
    """

    precision: str
    face_detector: str
    import_seconds: float
    open_seconds: float
    predict_seconds: float
    videos: int
    faces: int
    opening_peak_mb: float
    peak_mb: float
    worker_peak_mb: float


class Report(FrozenConfig):
    """Everything that a benchmark found.

    Attributes:
        clips: what the clips were.
        notes: what was left out, and why.
    """

    machine: Machine
    clips: str
    frames: str
    repeats: int
    rows: tuple[Row, ...]
    fresh_runs: tuple[FreshRun, ...]
    notes: tuple[str, ...] = ()


def this_machine(device: torch.device) -> Machine:
    """What is measured on."""
    return Machine(
        cpu=_cpu_name(),
        threads=torch.get_num_threads(),
        gpu=torch.cuda.get_device_name(device) if device.type == "cuda" else None,
        python=platform.python_version(),
        torch=torch.__version__,
        genconvit=__version__,
    )


def _cpu_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
