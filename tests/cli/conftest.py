from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from genconvit import Detector, DetectorConfig, VideoResult
from genconvit.cli import main
from genconvit.core.addresses import address_name
from genconvit.video.names import Source, source_name
from inputs.remote_server import Served, Site, site
from stubs import grey_clip

QUICK = ("--weights", "random", "--mode", "ed", "--frames", "2", "--device", "cpu", "--face-detector", "mtcnn")
"""Flags of a run that is over soon and downloads nothing."""


@dataclass(frozen=True)
class Run:
    """End of a command, and what it printed."""

    status: int
    out: str
    err: str


@pytest.fixture
def clips(tmp_path: Path) -> Path:
    """A folder of two fakes and two reals that a network for grey tells apart."""
    for name, brightness in (("fake/a", 200), ("fake/b", 180), ("real/c", 50), ("real/d", 70)):
        grey_clip(tmp_path / "clips" / f"{name}.mp4", brightness)
    return tmp_path / "clips"


@pytest.fixture
def web() -> Iterator[Site]:
    """A web server of the test's own."""
    with site() as made:
        yield made


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Run]:
    """Run the program in this process."""

    def call(*arguments: object) -> Run:
        monkeypatch.setattr("sys.argv", ["genconvit", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        captured = capsys.readouterr()
        return Run(int(ended.value.code or 0), captured.out, captured.err)

    return call


@dataclass
class FakeDetector:
    """Stands in for the detector's class: gives every source the same answer and builds no network.

    Attributes:
        template: the answer.
        fails_to_open: error that its construction raises.
        fails_on: errors that sources raise, by their files' names.
        configs: configs that it was built from.
        settings: everything that decides on its answers.
    """

    template: VideoResult
    fails_to_open: BaseException | None = None
    fails_on: dict[str, BaseException] = field(default_factory=dict)
    configs: list[DetectorConfig] = field(default_factory=list)
    settings: dict[str, Any] = field(default_factory=dict)

    def __call__(self, config: DetectorConfig) -> FakeDetector:
        self.configs.append(config)
        if self.fails_to_open:
            raise self.fails_to_open
        return self

    def __enter__(self) -> FakeDetector:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def predict_many(self, sources: Iterable[Source]) -> Generator[VideoResult, None, None]:
        for source in sources:
            error = self.fails_on.get(Path(source_name(source)).name)
            if error:
                raise error
            yield self.template.model_copy(update={"source": source_name(source)})


@pytest.fixture(scope="session")
def answered(detector: Detector, portrait_clip: Path) -> VideoResult:
    """A result with three faces, of random weights."""
    return detector.predict(portrait_clip)


@pytest.fixture
def fake(answered: VideoResult, monkeypatch: pytest.MonkeyPatch) -> FakeDetector:
    """The command's detector, replaced."""
    detector: Any = FakeDetector(answered)
    monkeypatch.setattr("genconvit.detector.Detector", detector)
    made: FakeDetector = detector
    return made


@pytest.fixture
def elsewhere(web: Site) -> Callable[[Path], tuple[str, str]]:
    """Serve a file, and give an address that holds a secret, and its name in results."""

    def serve(file: Path) -> tuple[str, str]:
        path = f"/{file.name}"
        web.answers[path] = [Served(file.read_bytes(), headers={"ETag": f'"{len(web.answers)}"'})]
        address = web.url(f"{path}?token=secret")
        return address, address_name(address)

    return serve


@pytest.fixture
def remote(tmp_path: Path) -> tuple[object, ...]:
    """The flags by which a command fetches from this machine."""
    return ("--allow-host", "127.0.0.1", "--remote-cache", tmp_path / "cache")
