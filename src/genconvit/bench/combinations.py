"""Combinations of a runtime and a precision that a benchmark measures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from genconvit.core.device import PRECISIONS, AnyDevice, Precision, resolve_precision
from genconvit.core.errors import ConfigError
from genconvit.runtimes.choice import RuntimeChoice


class Combination(NamedTuple):
    """A runtime, as ``DetectorConfig.runtime`` says it, and a precision."""

    runtime: RuntimeChoice | None
    precision: Precision


def combinations(
    runtimes: Sequence[RuntimeChoice | None], precisions: Sequence[Precision], device: AnyDevice
) -> tuple[list[Combination], list[str]]:
    """Give every runtime with every precision that it computes in, and a note for each pair that is left out.

    Args:
        runtimes: runtimes, at least one.
        precisions: precisions; none is fp32, and bf16 where the hardware computes in it.
        device: device that the networks run on.

    Raises:
        ConfigError: no runtime computes in any of the precisions.
    """
    notes = []
    if not precisions:
        precisions = PRECISIONS if resolve_precision("auto", device) == "bf16" else ("fp32",)
        if len(precisions) == 1:
            notes.append(
                "bf16 is left out: this hardware does not compute in it; --precision bf16 measures it all the same"
            )
    measured = []
    for pair in (Combination(runtime, precision) for runtime in runtimes for precision in precisions):
        if _computes(pair):
            measured.append(pair)
        else:
            notes.append(f"{pair.precision} in {pair.runtime} is left out: it does not compute in it")
    if not measured:
        raise ConfigError(
            f"runtime {' or '.join(map(str, runtimes))} does not compute in {' or '.join(precisions)}; PyTorch "
            "computes in fp32 and bf16, ONNX Runtime and OpenVINO in fp32 and int8; give another --runtime"
        )
    return measured, notes


def _computes(pair: Combination) -> bool:
    """Tell whether a runtime computes in a precision; one that is chosen by a rule follows the precision."""
    if pair.runtime in (None, "auto"):
        return True
    return pair.precision != ("int8" if pair.runtime == "torch" else "bf16")
