"""Importing does no work. Each test runs a fresh interpreter, for this one has imported everything."""

from __future__ import annotations

import subprocess
import sys

import pytest

import genconvit

HEAVY = ("torch", "numpy", "pydantic", "timm", "av", "decord", "insightface", "onnxruntime", "facenet_pytorch", "PIL")

UNUSED = (
    "accelerate",
    "matplotlib",
    "onnx",
    "openvino",
    "pandas",
    "pyarrow",
    "skimage",
    "sklearn",
    "sympy",
    "torch._dynamo",
    "torch._inductor",
    "torch.utils.tensorboard",
)
"""Modules that nothing on the way from a file to a score needs."""


def run(code: str) -> str:
    """Give what a fresh interpreter prints."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize("module", ["genconvit", "genconvit.cli", "genconvit.core.errors", "genconvit.core.version"])
def test_a_light_import_loads_nothing_heavy(module: str) -> None:
    assert run(f"import sys, {module}; print(*sorted({set(HEAVY)} & sys.modules.keys()))") == ""


def test_opening_and_scoring_load_nothing_that_they_do_not_use() -> None:
    code = f"""
import sys
import numpy as np
from genconvit import Detector
from genconvit.weights.load import input_spec_of
input_spec_of("original", {{}}), input_spec_of("v2", {{}})
with Detector("v2", weights="embedded", face_detector="mtcnn", device="cpu") as detector:
    detector.predict(np.zeros((1, 64, 64, 3), np.uint8))
    detector.score_faces(np.zeros((1, 128, 128, 3), np.uint8))
    print("torch" in sys.modules, *sorted({set(UNUSED)} & sys.modules.keys()))
"""
    assert run(code) == "True"


def test_importing_the_package_loads_its_version_only() -> None:
    code = "import sys, genconvit; print(*sorted(name for name in sys.modules if name.startswith('genconvit')))"
    assert run(code) == "genconvit genconvit.core genconvit.core.version"


def test_importing_the_package_opens_no_file_but_modules() -> None:
    code = """
import sys
opened = []
sys.addaudithook(lambda event, arguments: opened.append(str(arguments[0])) if event == "open" else None)
import genconvit
print(*(path for path in opened if not path.endswith((".py", ".pyc")) and ".pyc." not in path))
print(sum(path.endswith((".py", ".pyc")) for path in opened) > 0)
"""
    assert run(code) == "True"


def test_importing_everything_changes_nothing_for_others() -> None:
    code = """
import logging, os, signal, sys, threading
import torch

def state():
    return {
        "environment": dict(os.environ),
        "directory": os.getcwd(),
        "logging": (logging.root.level, list(logging.root.handlers), logging.root.manager.disable),
        "signals": [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)],
        "threads": threading.active_count(),
        "dtype": torch.get_default_dtype(),
        "torch threads": torch.get_num_threads(),
        "gradients": torch.is_grad_enabled(),
        "seed": torch.random.initial_seed(),
        "random": torch.random.get_rng_state().tolist(),
        "cudnn": (torch.backends.cudnn.benchmark, torch.backends.cudnn.deterministic),
        "tf32": torch.get_float32_matmul_precision(),
        "cuda": torch.cuda.is_initialized(),
    }

import timm  # brings torchvision and others, whose effects are not ours
before = state()
import genconvit
for name in genconvit.__all__:
    getattr(genconvit, name)
import genconvit.models.original, genconvit.models.v2
after = state()
print(*(what for what in before if before[what] != after[what]))
print("genconvit.detector" in sys.modules)
"""
    assert run(code) == "True"


def test_no_plugin_is_imported_before_it_is_asked_for() -> None:
    code = """
import sys
import genconvit
from genconvit.registry import REGISTRIES
genconvit.Detector, genconvit.Architecture, genconvit.register_architecture
values = [plugin.value.partition(":")[0] for registry in REGISTRIES for plugin in registry.plugins()]
print(len(values) >= 6, *sorted(set(values) & sys.modules.keys()))
"""
    assert run(code) == "True"


@pytest.mark.parametrize("name", genconvit.__all__)
def test_every_public_name_resolves(name: str) -> None:
    value = getattr(genconvit, name)
    assert name == "__version__" or value.__name__ == name


def test_public_names_are_listed_once_and_sorted() -> None:
    assert set(genconvit.__all__) <= set(dir(genconvit))
    assert sorted(set(genconvit.__all__)) == genconvit.__all__


def test_a_star_import_brings_the_public_names() -> None:
    assert run("from genconvit import *; print(Detector.__name__, ConfigError.__name__)") == "Detector ConfigError"


def test_an_unknown_attribute_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match=r"module 'genconvit' has no attribute 'Detectr'"):
        genconvit.Detectr  # noqa: B018
    with pytest.raises(ImportError, match="Detectr"):
        exec("from genconvit import Detectr")  # noqa: S102 - a type checker would refuse it


def test_torch_and_torchvision_fit_each_other() -> None:
    code = "import torch, torchvision.ops; print(*torchvision.ops.nms(torch.ones(1, 4), torch.ones(1), 0.5).tolist())"
    assert run(code) == "0"
