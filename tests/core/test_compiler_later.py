"""torchvision and timm without the compiler, and the compiler afterwards. A fresh interpreter imports them."""

from __future__ import annotations

import subprocess
import sys
from types import ModuleType
from typing import Any

import pytest
import torch

from genconvit.core.compiler_later import compiler_later

UTILS = "torch._dynamo.utils"

AFTERWARDS = """
import sys
import torch
disable = torch.compiler.disable
import genconvit.nn.timm_network
import timm, torchvision
print([name for name in ("torch._dynamo", "torch._dynamo.utils", "sympy") if name in sys.modules])
print(torch.compiler.disable is disable)

from timm.layers import disable_compiler
traced = []
@disable_compiler
def not_compiled(x):
    traced.append(torch.compiler.is_compiling())
    return x + 1
compiled = torch.compile(lambda x: not_compiled(x * 2) * 3, backend="eager")
print(compiled(torch.ones(2)).tolist(), traced)

roi_align = sys.modules["torchvision.ops.roi_align"]
import torch._dynamo.utils
print(roi_align.is_compile_supported("cpu") == torch._dynamo.utils.is_compile_supported("cpu"))
print(torch._dynamo.utils.__file__.endswith("utils.py"), torch._dynamo.utils is sys.modules["torch._dynamo.utils"])
square = torchvision.ops.roi_align(torch.ones(1, 1, 8, 8), torch.tensor([[0.0, 0.0, 0.0, 4.0, 4.0]]), 2)
print(square.flatten().tolist())

features = timm.create_model("test_convnext", features_only=True)
print(len(features(torch.zeros(1, 3, 64, 64))))
nodes = timm.layers.create_feature_extractor(timm.create_model("test_resnet").eval(), ["layer1"])
print(*nodes(torch.zeros(1, 3, 64, 64)))
"""

EXPECTED = """\
[]
True
[9.0, 9.0] [False]
True
True True
[1.0, 1.0, 1.0, 1.0]
4
layer1
"""


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_compiler_is_loaded_when_it_is_used_and_all_of_it_works() -> None:
    assert run(AFTERWARDS) == EXPECTED


def test_what_asks_for_more_of_the_compiler_inside_loads_it() -> None:
    code = """
import sys
from genconvit.core.compiler_later import compiler_later
with compiler_later():
    from torch._dynamo.utils import counters
    import torch._dynamo.utils
print(counters is torch._dynamo.utils.counters, torch._dynamo.utils.__file__ is not None)
"""
    assert run(code) == "True True\n"


def test_nothing_is_done_where_the_compiler_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    utils, disable = ModuleType(UTILS), torch.compiler.disable
    monkeypatch.setitem(sys.modules, "torch._dynamo", ModuleType("torch._dynamo"))
    monkeypatch.setitem(sys.modules, UTILS, utils)
    with compiler_later():
        assert sys.modules[UTILS] is utils
        assert torch.compiler.disable is disable
    assert sys.modules[UTILS] is utils


@pytest.fixture
def not_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process in which nobody has loaded the compiler."""
    monkeypatch.delitem(sys.modules, "torch._dynamo", raising=False)
    monkeypatch.delitem(sys.modules, UTILS, raising=False)


@pytest.mark.usefixtures("not_loaded")
def test_stand_ins_are_gone_after_an_import_that_fails() -> None:
    disable = torch.compiler.disable

    def fail() -> None:
        assert UTILS in sys.modules
        assert torch.compiler.disable is not disable
        raise ImportError("broken")

    with pytest.raises(ImportError, match="broken"), compiler_later():
        fail()
    assert UTILS not in sys.modules
    assert torch.compiler.disable is disable


@pytest.mark.usefixtures("not_loaded")
def test_what_cannot_wait_goes_to_the_compiler_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    monkeypatch.setattr("genconvit.core.compiler_later._disable", lambda each=None, *_, **__: asked.append(each))
    with compiler_later():
        disable: Any = torch.compiler.disable
        disable(lambda: None)
        assert asked == []
        disable(torch.nn.Linear)
        disable()
        monkeypatch.delattr(torch._compile, "_disable_dynamo")
        disable(run)
    assert asked == [torch.nn.Linear, None, run]
