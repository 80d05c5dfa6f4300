"""Which configs files of the original's networks can fill."""

from __future__ import annotations

import pytest

from genconvit import ArchitectureConfig, WeightsError
from genconvit.models.original import OriginalConfig
from genconvit.models.reference_files import ReferenceFiles, reference_files, reference_networks, unpublished
from genconvit.models.timm import TimmConfig
from genconvit.models.v2 import V2Config


@pytest.mark.parametrize("config", [OriginalConfig(), V2Config(), V2Config(size="nano")], ids=repr)
def test_the_original_and_v2_read_them(config: OriginalConfig | V2Config) -> None:
    files: ReferenceFiles = config  # a type checker holds it too
    assert reference_files(config) is files
    assert reference_networks(config) == ("ed", "vae")
    assert unpublished(config) == config.unpublished


class PluginConfig(ArchitectureConfig):
    mode: str = "plugin"


@pytest.mark.parametrize("config", [PluginConfig(), TimmConfig()], ids=repr)
def test_any_other_says_what_it_takes(config: ArchitectureConfig) -> None:
    assert reference_networks(config) == ()
    assert unpublished(config) == "no weights are published for this architecture"
    with pytest.raises(WeightsError, match=r"does not read .* networks; give weights that were saved for it"):
        reference_files(config)


def test_a_plugin_inherits_nothing_of_them() -> None:
    members = {"networks", "unpublished", "reference_start"}
    assert members <= {name for name in dir(ReferenceFiles) if not name.startswith("_")}
    assert not members & set(dir(ArchitectureConfig))
