from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.gpu.trace import Event, busy_microseconds, copies, kind_of, milliseconds_by_kind, read_trace


def complete(category: str, name: str, start: float, duration: float, **arguments: Any) -> dict[str, Any]:
    return {"ph": "X", "cat": category, "name": name, "ts": start, "dur": duration, "args": arguments}


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    """Write what the profiler does, in short: work on a GPU, a call that started it, and a mark."""
    events = [
        complete("kernel", "sm90_xmma_fprop_implicit_gemm_bf16", 100, 50),
        complete("kernel", "void at::native::vectorized_elementwise_kernel<4, GeluFunctor>", 140, 30),
        complete("gpu_memcpy", "Memcpy HtoD (Pageable -> Device)", 300, 20, bytes=6_000_000),
        complete("gpu_memcpy", "Memcpy DtoH (Device -> Pageable)", 330, 5, bytes=1000),
        complete("gpu_memcpy", "Memcpy HtoD (Pageable -> Device)", 340, 10, bytes=2_000_000),
        complete("cuda_runtime", "cudaLaunchKernel", 90, 500),
        {"ph": "i", "cat": "kernel", "name": "a mark", "ts": 5},
    ]
    path = tmp_path / "trace.json"
    path.write_text(json.dumps({"traceEvents": events}), encoding="utf-8")
    return path


def test_only_complete_events_of_the_device_are_read(trace: Path) -> None:
    events = read_trace(trace, ["kernel", "gpu_memcpy"])
    assert [event.duration for event in events] == [50, 30, 20, 5, 10]
    assert busy_microseconds(events) == 70 + 20 + 5 + 10


def test_copies_are_summed_by_way(trace: Path) -> None:
    found = copies(read_trace(trace, ["gpu_memcpy"]))
    assert found == {
        "HtoD": {"times": 2, "megabytes": 8.0, "milliseconds": pytest.approx(0.03)},
        "DtoH": {"times": 1, "megabytes": 0.001, "milliseconds": pytest.approx(0.005)},
    }


def test_time_is_summed_by_kind_and_the_longest_comes_first(trace: Path) -> None:
    found = milliseconds_by_kind(read_trace(trace, ["kernel"]))
    assert list(found) == ["convolution", "elementwise"]
    assert found == pytest.approx({"convolution": 0.05, "elementwise": 0.03})


def test_work_at_the_same_time_counts_once() -> None:
    spans = [(0, 10), (2, 3), (5, 10), (20, 1), (20, 1)]
    assert busy_microseconds(Event("kernel", "any", start, duration) for start, duration in spans) == 16
    assert busy_microseconds([]) == 0


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("nvjet_hsh_128x256_64x4_1x2_h_bz_coopA_TNT", "matrix product"),
        ("void cutlass::Kernel2<cutlass_80_tensorop_bf16_s16816gemm_relu_bf16>", "matrix product"),
        ("void cudnn::ops::nchwToNhwcKernel<__nv_bfloat16>", "convolution"),
        ("void at::native::conv_depthwise2d_forward_kernel<7>", "convolution"),
        ("void at::native::(anonymous namespace)::vectorized_layer_norm_kernel<c10::BFloat16>", "normalisation"),
        ("void vision::ops::nms_kernel_impl<float>", "non-maximum suppression"),
        ("triton_poi_fused_add_gelu_0", "compiled"),
        ("triton_per_fused_native_layer_norm_convolution_3", "compiled"),
        ("void at::native::adaptive_average_pool<float>", "resizing"),
        ("something_new", "other"),
    ],
)
def test_kernels_are_told_by_their_names(name: str, kind: str) -> None:
    assert kind_of(name) == kind
