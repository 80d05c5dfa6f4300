from __future__ import annotations

import importlib.metadata
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol
from unittest.mock import Mock

import pytest
from torch import Tensor

import genconvit
from genconvit import Architecture, ArchitectureConfig, ModelOutput, PluginError, register_architecture
from genconvit.registry import ARCHITECTURES, FACE_DETECTORS, REGISTRIES, VIDEO_DECODERS, PluginInfo, Registry

GOOD = """
from genconvit import Architecture, ArchitectureConfig


class Good(Architecture):
    config_class = ArchitectureConfig

    def __init__(self, config):
        super().__init__(config)

    def forward(self, faces):
        raise NotImplementedError
"""


class Install(Protocol):
    def __call__(
        self, name: str, entries: str | bytes = "", *, group: str = ..., metadata: str | None = None, **modules: str
    ) -> Path: ...


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Puts a distribution on the path: what pip would leave of it, and its modules."""
    made: list[str] = []

    def install(
        name: str,
        entries: str | bytes = "",
        *,
        group: str = "genconvit.architectures",
        metadata: str | None = None,
        **modules: str,
    ) -> Path:
        site = tmp_path / f"site{len(list(tmp_path.iterdir()))}"
        info = site / f"{name}-1.0.dist-info"
        info.mkdir(parents=True)
        text = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n" if metadata is None else metadata
        (info / "METADATA").write_text(text)
        raw = entries if isinstance(entries, bytes) else entries.encode()
        (info / "entry_points.txt").write_bytes(f"[{group}]\n".encode() + raw)
        for module, source in modules.items():
            (site / f"{module}.py").write_text(source)
            made.append(module)
        monkeypatch.syspath_prepend(site)
        return site

    yield install
    for module in made:
        sys.modules.pop(module, None)


@pytest.fixture
def register() -> Iterator[Callable[[str, type[Architecture]], None]]:
    """register_architecture, undone after the test."""
    names: list[str] = []

    def register(name: str, cls: type[Architecture]) -> None:
        names.append(name)
        register_architecture(name, cls)

    yield register
    for name in names:
        ARCHITECTURES.unregister(name)


class First(Architecture):
    config_class = ArchitectureConfig

    def __init__(self, config: ArchitectureConfig) -> None:
        super().__init__(config)

    def forward(self, faces: object) -> ModelOutput:
        raise NotImplementedError


class Second(First):
    pass


def names(registry: Registry[Any]) -> list[str]:
    return [plugin.name for plugin in registry.plugins()]


def test_the_built_ins_are_entry_points_of_this_distribution() -> None:
    owned = {
        registry.group: {plugin.name for plugin in registry.plugins() if plugin.distribution == "genconvit"}
        for registry in REGISTRIES
    }
    assert owned == {
        "genconvit.architectures": {"original", "timm", "v2"},
        "genconvit.face_detectors": {"insightface", "mtcnn"},
        "genconvit.video_decoders": {"decord", "pyav", "torchcodec"},
        "genconvit.datasets": {"celeb-df", "csv", "dfdc", "faceforensics", "folder", "timit"},
    }


@pytest.mark.parametrize(
    ("registry", "name"), [(registry, name) for registry in REGISTRIES for name in registry.names()]
)
def test_every_built_in_can_be_imported(registry: Registry[Any], name: str) -> None:
    assert getattr(registry.load(name), "name", name) == name


def test_a_plugin_is_listed_with_its_owner_and_imported_by_name(install: Install) -> None:
    install("acme", "good = acme_good:Good", acme_good=GOOD)
    assert PluginInfo("good", "genconvit.architectures", "acme_good:Good", "acme", "1.0") in ARCHITECTURES.plugins()
    cls = ARCHITECTURES.load("good")
    assert cls.__module__ == "acme_good"
    assert issubclass(cls, Architecture)


def test_metadata_is_read_once_for_all_groups(install: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    install("anew", "anew = anew:Good")  # so that the path is none that was read before
    distributions = Mock(wraps=importlib.metadata.distributions)
    monkeypatch.setattr(importlib.metadata, "distributions", distributions)
    assert all(registry.names() for registry in REGISTRIES)
    distributions.assert_called_once()


def test_a_plugin_is_found_in_its_own_group_only(install: Install) -> None:
    install("acme", "shared = acme:Thing", group="genconvit.video_decoders")
    assert "shared" in VIDEO_DECODERS.names()
    assert "shared" not in ARCHITECTURES.names()
    assert "shared" not in FACE_DETECTORS.names()


def test_listing_imports_nothing(install: Install) -> None:
    install("acme", "good = acme_good:Good\nbroken = acme_broken:B", acme_good=GOOD, acme_broken="raise OSError")
    assert {"good", "broken", "original"} <= set(ARCHITECTURES.names())
    assert not {"acme_good", "acme_broken"} & sys.modules.keys()


@pytest.mark.parametrize(
    ("source", "cause"),
    [
        ("import no_such_library", ModuleNotFoundError),
        ("raise RuntimeError('no licence')", RuntimeError),
        ("def broken(:", SyntaxError),
        ("", AttributeError),
        ("raise SystemExit('no licence')", SystemExit),
    ],
)
def test_a_broken_plugin_keeps_its_cause_and_harms_nobody_else(
    install: Install, source: str, cause: type[BaseException]
) -> None:
    install("acme", "broken = acme_broken:Broken\ngood = acme_good:Good", acme_broken=source, acme_good=GOOD)
    assert ARCHITECTURES.load("good").__name__ == "Good"
    message = rf"'broken' of acme 1.0 \(acme_broken:Broken\) cannot be imported: {cause.__name__}"
    with pytest.raises(PluginError, match=message) as raised:
        ARCHITECTURES.load("broken")
    assert isinstance(raised.value.__cause__, cause)
    assert ARCHITECTURES.load("original").__name__ == "Original"


@pytest.mark.parametrize("source", ["Wrong = 3", "class Wrong: pass", "def Wrong(): pass"])
def test_a_plugin_of_the_wrong_kind_is_refused(install: Install, source: str) -> None:
    install("acme", "wrong = acme_wrong:Wrong", acme_wrong=source)
    with pytest.raises(PluginError, match=r"'wrong' is .*not a subclass of genconvit\.models\.base\.Architecture"):
        ARCHITECTURES.load("wrong")


def test_a_name_of_two_distributions_is_an_error_that_names_both(install: Install) -> None:
    install("acme", "good = acme_good:Good", acme_good=GOOD)
    install("bmce", "good = bmce_good:Good", bmce_good=GOOD)
    with pytest.raises(PluginError, match=r"acme \(acme_good:Good\) and bmce \(bmce_good:Good\); uninstall one"):
        ARCHITECTURES.load("good")
    assert not {"acme_good", "bmce_good"} & sys.modules.keys()


def test_a_built_in_name_cannot_be_taken_over(install: Install) -> None:
    install("acme", "original = acme_good:Good", acme_good=GOOD)
    with pytest.raises(PluginError, match=r"acme .* and genconvit "):
        ARCHITECTURES.load("original")


def test_a_distribution_that_is_on_the_path_twice_counts_once(install: Install) -> None:
    install("acme", "good = acme_old:Good", acme_old=GOOD)
    install("acme", "good = acme_new:Good", acme_new=GOOD)
    assert ARCHITECTURES.load("good").__module__ == "acme_new"


def test_an_unknown_name_lists_the_known_and_the_nearest() -> None:
    with pytest.raises(PluginError, match=r"unknown architecture 'orignal' \(did you mean 'original'\?\); known are"):
        ARCHITECTURES.load("orignal")
    with pytest.raises(PluginError, match=r"unknown video decoder 'x'; known are: decord, pyav"):
        VIDEO_DECODERS.load("x")


@pytest.mark.parametrize(
    "entries",
    ["no equals sign", b"good = acme_good:Good\n\xff\xfe = b:c", "=", "[unclosed", "x = "],
)
def test_damaged_entry_points_harm_nobody_else(install: Install, entries: str | bytes) -> None:
    install("damaged", entries)
    install("acme", "good = acme_good:Good", acme_good=GOOD)
    assert {"good", "original"} <= set(ARCHITECTURES.names())
    assert ARCHITECTURES.load("good").__name__ == "Good"


@pytest.mark.parametrize("metadata", ["", "Metadata-Version: 2.1\n", "Name: \nVersion: \n"])
def test_a_distribution_without_a_name_can_be_listed(install: Install, metadata: str) -> None:
    install("nameless", "good = nameless_good:Good", metadata=metadata, nameless_good=GOOD)
    install("acme", "good = acme_good:Good", acme_good=GOOD)
    (nameless,) = (plugin for plugin in ARCHITECTURES.plugins() if plugin.value == "nameless_good:Good")
    assert nameless.distribution
    assert nameless.version
    with pytest.raises(PluginError, match="is provided by"):
        ARCHITECTURES.load("good")


@pytest.mark.parametrize(
    ("name", "value"),
    [("es\x1b[31mcape", "a:b"), ("bell\x07", "a:b"), ("ü", "ü:ü"), ("a b", "a b:c d"), ("x", "a:b [extra]")],
)
def test_hostile_names_are_listed_and_refused(install: Install, name: str, value: str) -> None:
    install("hostile", f"{name} = {value}", metadata="Name: ho\x1b[31mst\nVersion: 1\n  .2\n")
    assert name in names(ARCHITECTURES)
    with pytest.raises(PluginError, match="cannot be imported"):
        ARCHITECTURES.load(name)
    with pytest.raises(PluginError, match="unknown"):
        ARCHITECTURES.load("bad\nname\x1b[0m")


def test_a_class_can_be_registered_for_this_process(register: Callable[[str, type[Architecture]], None]) -> None:
    register("mine", First)
    assert ARCHITECTURES.load("mine") is First
    assert "mine" in genconvit.registry.ARCHITECTURES.names()
    (info,) = (plugin for plugin in ARCHITECTURES.plugins() if plugin.name == "mine")
    assert (info.distribution, info.value) == ("(this process)", f"{__name__}:First")


def test_a_class_of_a_notebooks_cell_can_be_registered(register: Callable[[str, type[Architecture]], None]) -> None:
    class Local(First):
        """Nothing can import it."""

    register("mine", Local)
    assert ARCHITECTURES.load("mine") is Local


def test_registering_again_replaces(register: Callable[[str, type[Architecture]], None]) -> None:
    register("mine", First)
    register("mine", Second)
    assert ARCHITECTURES.load("mine") is Second
    assert names(ARCHITECTURES).count("mine") == 1


def test_an_installed_name_cannot_be_registered(
    register: Callable[[str, type[Architecture]], None], install: Install
) -> None:
    install("acme", "good = acme_good:Good", acme_good=GOOD, metadata="Name: acme\n")
    with pytest.raises(PluginError, match=r"'original' is already provided by genconvit .*under another name"):
        register("original", First)
    with pytest.raises(PluginError, match="'good' is already provided by acme"):
        register("good", First)
    assert ARCHITECTURES.load("original").__name__ == "Original"


@pytest.mark.parametrize("wrong", [int, ArchitectureConfig, "genconvit:Architecture", None])
def test_a_class_of_the_wrong_kind_cannot_be_registered(wrong: type[Architecture]) -> None:
    with pytest.raises(PluginError, match="not a subclass"):
        register_architecture("mine", wrong)
    assert "mine" not in ARCHITECTURES.names()


def test_unregistering_forgets(register: Callable[[str, type[Architecture]], None]) -> None:
    register("mine", First)
    ARCHITECTURES.unregister("mine")
    ARCHITECTURES.unregister("mine")
    with pytest.raises(PluginError, match="unknown"):
        ARCHITECTURES.load("mine")


def test_a_class_that_lacks_a_part_of_the_contract_is_refused() -> None:
    class NoConfig(Architecture):
        def __init__(self, config: ArchitectureConfig) -> None:
            super().__init__(config)

        def forward(self, faces: Tensor) -> ModelOutput:
            return ModelOutput({"main": faces})

    class NoForward(Architecture):
        config_class = ArchitectureConfig

        def __init__(self, config: ArchitectureConfig) -> None:
            super().__init__(config)

    for cls, lacking in ((NoConfig, "config_class"), (NoForward, "forward")):
        with pytest.raises(PluginError, match=rf"does not define {lacking}"):
            register_architecture("incomplete", cls)
