"""A third party's architecture: installed with pip, found by its name, scored, saved and loaded like a built-in."""

from __future__ import annotations

import importlib
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
import torch
from torch import nn

from contracts import failures, in_two_parts
from genconvit import (
    Architecture,
    ArchitectureConfig,
    ConfigError,
    Detector,
    InputSpec,
    ModelOutput,
    WeightsError,
    register_architecture,
)
from genconvit.core.version import __version__
from genconvit.registry import ARCHITECTURES
from genconvit.testing import contract_checks
from genconvit.weights.library_file import FileHeader, write

PLUGIN = Path(__file__).with_name("plugin")
DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "plugins.md"

SCORE_AND_PREDICT = """
import json
import numpy as np
from skimage import data
from genconvit import Detector
from genconvit.registry import ARCHITECTURES

with Detector("siamese", weights="random", device="cpu", face_detector="mtcnn") as detector:
    scores = detector.score_faces(np.zeros((2, 96, 96, 3), np.uint8))
    result = detector.predict(np.stack([data.astronaut()] * 2))
print(json.dumps({
    "plugins": [[plugin.name, plugin.distribution] for plugin in ARCHITECTURES.plugins()],
    "shape": list(scores.logits["siamese"].shape),
    "result": result.model_dump(mode="json"),
}))
"""


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of a throw-away environment that sees this one's packages, with the plugin installed by pip."""
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "env"], check=True)
    python = folder / "env" / "bin" / "python"
    (site,) = (folder / "env" / "lib").glob("python*/site-packages")
    outer = [path for path in sys.path if path.endswith("-packages")]
    (site / "outer.pth").write_text("".join(f"import site; site.addsitedir({path!r})\n" for path in outer))
    source = shutil.copytree(PLUGIN, folder / "plugin")
    pip = [sys.executable, "-m", "pip", "--isolated", "--python", str(python), "install"]
    offline = ["--no-deps", "--no-build-isolation", "--no-index", "--disable-pip-version-check"]
    done = subprocess.run([*pip, *offline, str(source)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return python


@pytest.fixture
def siamese(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Architecture]]:
    """The plugin's class, registered for this process."""
    monkeypatch.syspath_prepend(PLUGIN / "src")
    cls: type[Architecture] = importlib.import_module("genconvit_plugin_example").Siamese
    register_architecture("siamese", cls)
    yield cls
    ARCHITECTURES.unregister("siamese")
    del sys.modules["genconvit_plugin_example"]


def faces(size: int = 96) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.random.default_rng(0).integers(0, 256, (3, size, size, 3), np.uint8)


def save(path: Path, detector: Detector, *, trained: bool = True) -> None:
    header = FileHeader(
        library_version=__version__,
        architecture=detector.config.architecture,
        config=detector.model.config.model_dump(mode="json"),
        trained=trained,
    )
    write(path, detector.model.state_dict(), header, "fp32")


@pytest.mark.slow
def test_pip_installs_it_and_a_detector_predicts_with_it(environment: Path, tmp_path: Path) -> None:
    done = subprocess.run([environment, "-c", SCORE_AND_PREDICT], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert ["siamese", "genconvit-plugin-example"] in answer["plugins"]
    assert answer["shape"] == [2, 2]
    result = answer["result"]
    assert result["status"] == "ok"
    assert result["label"] is None, "random weights give no verdict"
    assert 0 < result["fake_probability"] < 1
    assert [face["frame_index"] for face in result["faces"]] == [0, 1]
    assert list(result["faces"][0]["branches"]) == ["siamese"]
    assert result["provenance"]["architecture"] == "siamese"
    assert result["provenance"]["weights"]["origin"] == "random"


def test_it_is_not_in_this_environment() -> None:
    assert "siamese" not in ARCHITECTURES.names()


@in_two_parts
@pytest.mark.usefixtures("siamese")
def test_it_keeps_to_the_contract(exported: bool) -> None:
    assert failures("siamese", exported=exported) == {}


@pytest.mark.usefixtures("siamese")
def test_its_weights_are_saved_and_loaded_like_a_built_ins(tmp_path: Path) -> None:
    with Detector("siamese", weights="random", device="cpu", fusion_dim=32) as detector:
        with torch.no_grad():
            detector.model.get_parameter("branch.head.logits.bias").copy_(torch.tensor([0.25, -0.5]))
        save(tmp_path / "siamese.safetensors", detector)
        expected = detector.score_faces(faces()).logits["siamese"]
    with Detector("siamese", weights=tmp_path / "siamese.safetensors", device="cpu") as again:
        torch.testing.assert_close(again.score_faces(faces()).logits["siamese"], expected, rtol=0, atol=0)
        assert again.model.config.model_dump()["fusion_dim"] == 32, "the file's own config builds the model"
        assert again.weights.origin == "file"
        assert again.weights.trained
    with Detector("siamese", weights="random", device="cpu", fusion_dim=32) as fresh:
        assert not np.array_equal(fresh.score_faces(faces()).logits["siamese"], expected)


@pytest.mark.usefixtures("siamese")
def test_its_options_are_checked_like_a_built_ins() -> None:
    with pytest.raises(ConfigError, match=r"unknown option 'fusion_dmi' \(did you mean 'fusion_dim'\?\)"):
        Detector("siamese", weights="random", device="cpu", fusion_dmi=3)  # type: ignore[call-arg] # it has no such field
    with pytest.raises(ConfigError, match=r"architecture 'siamese': fusion_dim=0: "):
        Detector("siamese", weights="random", device="cpu", fusion_dim=0)
    with pytest.raises(ConfigError, match="image_size must be a multiple of 32; got 97"):
        Detector("siamese", weights="random", device="cpu", model={"branch": {"image_size": 97}})


@pytest.mark.usefixtures("siamese")
def test_a_nested_option_decides_the_size_of_its_faces() -> None:
    branch = {"image_size": 64, "autoencoder": {"channels": [8]}, "backbone": {"name": "convnext_atto"}}
    options: dict[str, Any] = {"branch": branch}
    with Detector("siamese", weights="random", device="cpu", **options) as detector:
        assert len(detector.score_faces(faces(64))) == 3
        with pytest.raises(ConfigError, match=r"uint8 \[N, 64, 64, 3\]"):
            detector.score_faces(faces(96), resize=False)


@pytest.mark.usefixtures("siamese")
def test_it_has_no_published_weights_and_takes_no_others(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="'siamese' has no default weights"):
        Detector("siamese", device="cpu")
    with pytest.raises(WeightsError, match="no weights are published for this architecture"):
        Detector("siamese", weights="published", device="cpu")
    with Detector("siamese", weights="random", device="cpu") as detector:
        save(tmp_path / "siamese.safetensors", detector)
    with pytest.raises(WeightsError, match="holds architecture 'siamese', not 'original'"):
        Detector("original", weights=tmp_path / "siamese.safetensors", device="cpu")


@pytest.mark.usefixtures("siamese")
def test_its_untrained_weights_stay_untrained_in_a_file(tmp_path: Path) -> None:
    with Detector("siamese", weights="random", device="cpu") as detector:
        save(tmp_path / "siamese.safetensors", detector, trained=False)
    with Detector("siamese", weights=tmp_path / "siamese.safetensors", device="cpu") as again:
        assert not again.weights.trained


@pytest.mark.usefixtures("siamese")
def test_a_score_depends_neither_on_the_batch_nor_on_the_run() -> None:
    with Detector("siamese", weights="random", device="cpu") as detector:
        together = detector.score_faces(faces()).logits["siamese"]
        alone = np.concatenate([detector.score_faces(face[None]).logits["siamese"] for face in faces()])
    torch.testing.assert_close(together, alone, rtol=1e-4, atol=1e-5)
    assert not np.allclose(together[0], together[1], atol=1e-7), "different faces have different scores"


@pytest.fixture
def documented(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The package of docs/plugins.md, written out and put on the path with its entry points."""
    text = DOCUMENT.read_text(encoding="utf-8")
    (toml,) = re.findall(r"```toml\n(.*?)```", text, flags=re.DOTALL)
    contract, mirror, save_it, whole, npy = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    package = tmp_path / "my_package"
    package.mkdir()
    modules = {"mirror": mirror + save_it, "whole": whole, "npy": npy, "test_contract": contract}
    for name, source in {"__init__": "", **modules}.items():
        (package / f"{name}.py").write_text(source, encoding="utf-8")
    info = tmp_path / "my_package-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Name: my-package\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(toml.replace("project.entry-points.", "").replace('"', ""))
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    for name in [name for name in sys.modules if name.partition(".")[0] == "my_package"]:
        del sys.modules[name]


def test_the_documented_plugins_work_together(documented: Path) -> None:
    clip = documented / "clip.npy"
    np.save(clip, faces(120))
    file = documented / "mirror.safetensors"
    choices: dict[str, Any] = {"face_detector": "whole", "decoder": "npy", "device": "cpu"}
    with Detector("mirror", weights="random", model={"hidden_dim": 16}, **choices) as detector:
        untrained = detector.predict(clip)
        importlib.import_module("my_package.mirror").save(detector.model, "mirror", file)
    with Detector("mirror", weights=file, **choices) as detector:
        result = detector.predict(clip)
    assert untrained.label is None
    assert result.label in ("FAKE", "REAL")
    assert result.fake_probability == untrained.fake_probability
    assert [face.box for face in result.faces] == [(0, 0, 120, 120)] * 3
    assert (result.provenance.decoder, result.provenance.face_detector.name) == ("npy", "whole")
    assert result.provenance.config["hidden_dim"] == 16


def test_the_documented_decoder_reports_what_it_cannot_read(documented: Path) -> None:
    clip = documented / "clip.npy"
    clip.write_bytes(b"no array")
    choices: dict[str, Any] = {"face_detector": "whole", "decoder": "npy", "device": "cpu"}
    with Detector("mirror", weights="random", **choices) as detector:
        (result,) = detector.predict_many([clip])
    assert result.status == "unreadable"
    assert "not an array that numpy saved" in (result.reason or "")
    assert result.fake_probability is None


@in_two_parts
def test_the_documented_plugins_keep_to_the_contract(documented: Path, exported: bool) -> None:
    assert (documented / "my_package").is_dir()
    for name in ("mirror",) if exported else ("mirror", "whole", "npy"):
        assert failures(name, exported=exported, may_skip=name == "npy") == {}  # it reads no video
    importlib.import_module("my_package.test_contract").test_the_contract(contract_checks("mirror")[0])


class ScaledConfig(ArchitectureConfig):
    mode: Literal["scaled"] = "scaled"


class ScaledLinear(nn.Linear):
    """Owns parameters that a file holds, and a buffer that none does."""

    def __init__(self, width: int, scale: float) -> None:
        super().__init__(width, 2)
        self.register_buffer("scale", torch.tensor(scale), persistent=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return super().forward(x) * self.get_buffer("scale")


class Scaled(Architecture):
    config_class = ScaledConfig

    def __init__(self, config: ScaledConfig) -> None:
        super().__init__(config)
        self.config = config
        self.input_spec = InputSpec(size=8)
        self.head = ScaledLinear(3 * 8 * 8, 2.0)

    def forward(self, images: torch.Tensor) -> ModelOutput:
        return ModelOutput(logits={"scaled": self.head(images.flatten(1))})


def test_loaded_weights_survive_beside_a_buffer_that_no_file_holds(tmp_path: Path) -> None:
    register_architecture("scaled", Scaled)
    try:
        with Detector("scaled", weights="random", device="cpu") as detector:
            nn.init.constant_(detector.model.get_parameter("head.bias"), 0.25)
            save(tmp_path / "scaled.safetensors", detector)
            expected = detector.score_faces(faces(8)).logits["scaled"]
        with Detector("scaled", weights=tmp_path / "scaled.safetensors", device="cpu") as again:
            torch.testing.assert_close(again.score_faces(faces(8)).logits["scaled"], expected, rtol=0, atol=0)
    finally:
        ARCHITECTURES.unregister("scaled")
