"""Tells what a machine is and what is installed on it; fails where it has no GPU that PyTorch can use."""

import importlib.metadata
import os
import platform

import torch

from benchmarks.gpu.outcome import tell
from benchmarks.gpu.setting import Setting, chosen
from genconvit.bench.bench_result import this_machine
from genconvit.registry import REGISTRIES

PACKAGES = ("torch", "torchvision", "triton", "timm", "numpy", "av", "pydantic", "facenet-pytorch", "accelerate")
LEFT_OUT = ("insightface", "opencv-python", "decord", "torchcodec")


def versions(names: tuple[str, ...]) -> dict[str, str | None]:
    """Each package's version, or None where it is not installed."""
    found: dict[str, str | None] = {}
    for name in names:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = None
    return found


def card(setting: Setting) -> dict[str, object]:
    """The GPU, as PyTorch sees it."""
    if setting.device == "cpu":
        return {"name": None}
    seen = torch.cuda.get_device_properties(0)
    return {
        "name": seen.name,
        "memory_gib": round(seen.total_memory / 2**30, 1),
        "multiprocessors": seen.multi_processor_count,
        "capability": f"{seen.major}.{seen.minor}",
        "cuda": torch.version.cuda,
        "cudnn": torch.backends.cudnn.version(),  # type: ignore[no-untyped-call]
    }


def main() -> None:
    """Tell of the card, the machine, the packages and the library's plugins."""
    setting = chosen()
    tell(card=card(setting))
    tell(machine={**this_machine(torch.device(setting.device)).model_dump(), "cores": os.cpu_count()})
    tell(packages=versions(PACKAGES), left_out=versions(LEFT_OUT), system=platform.platform())
    tell(plugins={registry.kind: [plugin.name for plugin in registry.plugins()] for registry in REGISTRIES})


if __name__ == "__main__":
    main()
