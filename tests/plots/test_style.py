from __future__ import annotations

import sys
from pathlib import Path

import pytest
from PIL import Image

from genconvit.core.errors import ConfigError
from genconvit.plots.style import check_picture, new_figure, save


def test_a_figure_is_saved_as_its_suffix_says_and_leaves_nothing_beside(tmp_path: Path) -> None:
    figure, panels = new_figure(2, title="a title with $5", note="a note")
    assert len(panels) == 2
    save(figure, tmp_path / "a.png")
    save(figure, tmp_path / "a.svg")
    with Image.open(tmp_path / "a.png") as image:
        assert image.format == "PNG"
    assert "<svg" in (tmp_path / "a.svg").read_text()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.png", "a.svg"]


def test_the_same_figure_has_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a.svg", "b.svg"):
        figure, (panel,) = new_figure(title="it")
        panel.plot([0, 1], [1, 0])
        save(figure, tmp_path / name)
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()


def test_another_suffix_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"ends in \.png, \.svg, \.pdf; got 'plot\.gif'"):
        check_picture(Path("plot.gif"))


def test_a_folder_that_is_not_there_is_an_error_with_a_way_on(tmp_path: Path) -> None:
    figure, _ = new_figure()
    with pytest.raises(ConfigError, match="cannot be written: No such file or directory; choose another path"):
        save(figure, tmp_path / "nowhere" / "a.png")


def test_without_matplotlib_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ConfigError, match=r"a plot needs matplotlib .*pip install 'genconvit\[plots\]'"):
        check_picture(Path("plot.png"))


def test_pyplot_is_not_touched(tmp_path: Path) -> None:
    loaded = "matplotlib.pyplot" in sys.modules
    figure, _ = new_figure()
    save(figure, tmp_path / "a.png")
    assert ("matplotlib.pyplot" in sys.modules) == loaded
