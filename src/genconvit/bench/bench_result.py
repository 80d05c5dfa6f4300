"""Result of a benchmark; JSON both ways."""

from __future__ import annotations

import platform

import torch
from pydantic import NonNegativeFloat, PositiveFloat

from genconvit.core.config import FrozenConfig
from genconvit.core.device import AnyDevice
from genconvit.core.processor import processor_name
from genconvit.core.version import __version__


class Machine(FrozenConfig):
    """The machine and the versions of a measurement."""

    cpu: str
    """Name of the processor."""

    threads: int
    """Number of threads that PyTorch uses."""

    gpu: str | None
    """Name of the GPU; None where the networks ran on the CPU."""

    python: str
    """Version of Python."""

    torch: str
    """Version of PyTorch."""

    genconvit: str
    """Version of genconvit."""


class StageTiming(FrozenConfig):
    """One stage alone, all of them together, or the making of examples for a training."""

    stage: str
    """Stage: ``decode``, ``faces``, ``networks`` or ``pipeline``; ``augment`` or ``self-blend``."""

    setting: str
    """Precision, face detector or decoder; for examples their size."""

    amount: int
    """Number of units that a run went through."""

    unit: str
    """Unit: frames, faces, videos or pairs."""

    seconds: NonNegativeFloat
    """Median over the runs, in seconds."""

    floor: str | None = None
    """Name of what the stage is compared with, measured in turn with it; None where there is nothing."""

    ratio: PositiveFloat | None = None
    """Median over the runs of the stage's time over the floor's; None without a floor."""

    @property
    def per_second(self) -> float:
        """Units a second."""
        return self.amount / self.seconds if self.seconds else 0.0


class FreshRun(FrozenConfig):
    """A process of its own, from its start to the last result."""

    precision: str
    """Precision of the networks and of the weights file."""

    runtime: str = "torch"
    """Library that ran the networks."""

    face_detector: str
    """Registered name of the face detector that ran."""

    import_seconds: float
    """Seconds to import the library, and where PyTorch runs the networks the architecture with PyTorch, torchvision
    and timm."""

    open_seconds: float
    """Seconds to open a detector from a weights file, converted or exported before."""

    predict_seconds: float
    """Seconds to predict all the clips."""

    videos: int
    """Number of clips."""

    faces: int
    """Number of faces that were scored."""

    opening_peak_mb: float
    """Most memory until the detector was open, in MB."""

    peak_mb: float
    """Most memory until the end, without the workers, in MB."""

    worker_peak_mb: float
    """Most memory of a worker, in MB; 0 where there was none."""


class BenchResult(FrozenConfig):
    """Everything that a benchmark found."""

    machine: Machine
    """The machine and the versions of the measurement."""

    clips: str
    """The clips, in a few words."""

    frames: str
    """Frames that were looked at in each clip, as ``PipelineOptions.frames`` says it."""

    repeats: int
    """Number of runs whose median is taken."""

    rows: tuple[StageTiming, ...]
    """The stages, a row each."""

    fresh_runs: tuple[FreshRun, ...]
    """Runs of a process of its own, a row each."""

    notes: tuple[str, ...] = ()
    """Stages that were left out, and why."""


def this_machine(device: AnyDevice) -> Machine:
    """Describe the machine that is measured on."""
    return Machine(
        cpu=processor_name(),
        threads=torch.get_num_threads(),
        gpu=torch.cuda.get_device_name(device) if device.type == "cuda" else None,
        python=platform.python_version(),
        torch=torch.__version__,
        genconvit=__version__,
    )
