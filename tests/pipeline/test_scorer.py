from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from genconvit.core.device import BATCH_SIZES
from genconvit.core.errors import ConfigError
from genconvit.models.base import ModelOutput
from genconvit.pipeline.torch_network import graph_size
from stages import scorer


def faces(count: int) -> Tensor:
    return torch.arange(count, dtype=torch.uint8).view(-1, 1, 1, 1).expand(count, 4, 4, 3)


def test_the_batch_follows_the_device_unless_it_is_given() -> None:
    assert scorer()[0].batch_size == BATCH_SIZES["cpu"]
    made, model = scorer(batch_size=4)
    made.score(faces(10))
    assert model.batches == [4, 4, 2]


def test_a_batch_that_does_not_fit_is_halved_for_good_and_said() -> None:
    made, model = scorer(batch_size=16)
    model.fits = 5
    scores = made.score(faces(10))
    assert scores.logits["one"][:, 0].tolist() == list(range(10))
    assert model.batches == [4, 4, 2]
    assert made.batch_size == 4
    assert made.notes == (
        "cpu ran out of memory with 16 faces at once; 8 were taken",
        "cpu ran out of memory with 8 faces at once; 4 were taken",
    )
    made.score(faces(4))
    assert len(made.notes) == 2


def test_a_single_face_that_does_not_fit_is_an_error() -> None:
    made, model = scorer(batch_size=2)
    model.fits = 0
    with pytest.raises(ConfigError, match="cpu has no memory for a single face; free some, or use device='cpu'"):
        made.score(faces(3))


def test_cuda_graphs_are_for_cuda() -> None:
    with pytest.raises(ConfigError, match="cuda_graphs needs a CUDA device, got cpu"):
        scorer(cuda_graphs=True)


def test_a_full_batch_decides_over_what_is_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "compile", lambda model, **_: model)
    made, model = scorer(compile=True, batch_size=4)
    for count in (2, 5, 1):
        assert made.score(faces(count)).logits["one"][:, 0].tolist() == list(range(count))
    assert model.batches == [4, 2, 4, 1, 1]


@pytest.mark.parametrize(
    ("count", "batch_size", "size"),
    [(15, 128, 16), (16, 128, 16), (17, 128, 32), (128, 128, 128), (1, 100, 13), (3, 5, 3), (4, 5, 5), (1, 1, 1)],
)
def test_batches_for_graphs_have_few_sizes(count: int, batch_size: int, size: int) -> None:
    assert graph_size(count, batch_size) == size
    assert len({graph_size(each, batch_size) for each in range(1, batch_size + 1)}) <= 4


def test_no_faces_have_no_scores() -> None:
    assert len(scorer()[0].score(np.zeros((0, 4, 4, 3), np.uint8))) == 0


def test_a_network_that_cannot_be_compiled_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    from torch._inductor.exc import InductorError

    def broken(*_: object, **__: object) -> Callable[[Tensor], ModelOutput]:
        def run(_: Tensor) -> ModelOutput:
            raise InductorError(RuntimeError("no working C++ compiler"), None)

        return run

    monkeypatch.setattr(torch, "compile", broken)
    made, _ = scorer(compile=True)
    with pytest.raises(
        ConfigError, match=r"cannot compile the networks here \(.*no working C\+\+ compiler.*leave out compile"
    ):
        made.score(faces(2))


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
        RuntimeError("cuDNN error: CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED"),
        RuntimeError("Triton Error [CUDA]: out of memory"),
    ],
    ids=["torch", "cuBLAS", "cuDNN", "Triton"],
)
def test_memory_may_run_out_in_each_librarys_own_words(error: RuntimeError) -> None:
    made, model = scorer(batch_size=8)

    def fail_once() -> None:
        model.before = list
        raise error

    model.before = fail_once
    assert len(made.score(faces(8))) == 8
    assert made.batch_size == 4


def test_another_error_of_the_network_comes_out() -> None:
    made, model = scorer(batch_size=8)

    def fail() -> None:
        raise RuntimeError("CUDA error: an illegal memory access was encountered")

    model.before = fail
    with pytest.raises(RuntimeError, match="illegal memory access"):
        made.score(faces(8))
    assert made.batch_size == 8
