"""Random weights for a benchmark, as the file that users of a combination would open: converted, or exported."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from genconvit.assemble import assemble_runtime
from genconvit.bench.combinations import Combination
from genconvit.core.device import Precision
from genconvit.core.progress import shown
from genconvit.registry import ARCHITECTURES
from genconvit.runtimes.export import export_weights
from genconvit.runtimes.exported import FORMATS, SUFFIXES
from genconvit.runtimes.int8_options import Int8Options
from genconvit.settings import DetectorConfig
from genconvit.weights.convert import save_model
from genconvit.weights.library_file import StoredPrecision
from genconvit.weights.load import load_model


def with_weights(base: DetectorConfig, pair: Combination, folder: Path) -> DetectorConfig:
    """Give the config of a combination; weights that would be random are made, once, as a file in a folder.

    Raises:
        ConfigError: the network cannot be exported, or not in int8 within the bound.
    """
    runtime, precision = pair
    update: dict[str, Any] = {"runtime": runtime, "precision": precision}
    if precision != "int8":
        update |= {"int8_crops": None, "int8_max_change": None}
    config = base.model_copy(update=update)
    if base.weights not in (None, "random"):
        return config
    resolved = assemble_runtime(config.model_copy(update={"weights": "random"}))
    if resolved == "torch":
        return config.model_copy(update={"weights": str(_stored(base, precision, folder))})
    path = folder / f"{precision}{SUFFIXES[FORMATS[resolved]]}"
    if not path.exists():
        int8 = (config.int8 or Int8Options()) if precision == "int8" else None
        with shown(f"exporting {base.architecture} for {resolved} in {precision}, once"):
            export_weights(
                base.architecture,
                ARCHITECTURES.load(base.architecture),
                base.model,
                str(_stored(base, precision, folder)),
                path,
                file_format=FORMATS[resolved],
                int8=int8,
            )
    return config.model_copy(update={"weights": str(path), "int8_crops": None, "int8_max_change": None})


def _stored(base: DetectorConfig, precision: Precision, folder: Path) -> Path:
    """Give the path of a converted file of random weights, in fp32 for int8."""
    stored: StoredPrecision = "bf16" if precision == "bf16" else "fp32"
    path = folder / f"{stored}.safetensors"
    if not path.exists():
        loaded = load_model(base.architecture, ARCHITECTURES.load(base.architecture), base.model, "random")
        save_model(loaded, base.architecture, path, precision=stored)
    return path
