from __future__ import annotations

import pytest

from genconvit.bench import combinations as module
from genconvit.bench.combinations import Combination, combinations
from genconvit.core.device import Device
from genconvit.core.errors import ConfigError

CPU = Device("cpu")


def test_each_runtime_is_measured_in_what_it_computes_in() -> None:
    found, notes = combinations(["torch", "openvino"], ["fp32", "bf16", "int8"], CPU)
    assert found == [("torch", "fp32"), ("torch", "bf16"), ("openvino", "fp32"), ("openvino", "int8")]
    assert notes == [
        "int8 in torch is left out: it does not compute in it",
        "bf16 in openvino is left out: it does not compute in it",
    ]


@pytest.mark.parametrize("runtime", [None, "auto"])
def test_a_runtime_that_a_rule_chooses_follows_the_precision(runtime: None) -> None:
    assert combinations([runtime], ["bf16", "int8"], CPU) == (
        [Combination(runtime, "bf16"), Combination(runtime, "int8")],
        [],
    )


@pytest.mark.parametrize(("has_bf16", "precisions"), [(True, ["fp32", "bf16"]), (False, ["fp32"])])
def test_bf16_is_measured_where_the_hardware_computes_in_it(
    monkeypatch: pytest.MonkeyPatch, has_bf16: bool, precisions: list[str]
) -> None:
    monkeypatch.setattr(module, "resolve_precision", lambda *_: "bf16" if has_bf16 else "fp32")
    found, notes = combinations([None], [], CPU)
    assert [pair.precision for pair in found] == precisions
    assert bool(notes) is not has_bf16


def test_nothing_to_measure_is_an_error() -> None:
    with pytest.raises(ConfigError, match="runtime torch does not compute in int8; PyTorch computes in fp32 and bf16"):
        combinations(["torch"], ["int8"], CPU)
