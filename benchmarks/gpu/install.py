"""Makes this checkout and the wheels it needs importable, on a machine that reaches no registry.

Run it: python -m benchmarks.gpu.install SITE [WHEELS]

SITE is a folder for PYTHONPATH, WHEELS one that gpu_wheels.sh has filled. The checkout itself is not built: Python
finds its modules in src, and here it gets the metadata that tell of its plugins.
"""

import subprocess
import sys
from pathlib import Path

import tomllib

from benchmarks.gpu.outcome import tell
from genconvit.core.version import __version__

ROOT = Path(__file__).resolve().parents[2]


def install(wheels: Path, site: Path) -> None:
    """Unpack wheels, and nothing that they ask for besides."""
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-index", "--no-deps"]
    options = ["--no-compile", "--no-cache-dir", "--upgrade", "--target", str(site)]
    subprocess.run([*pip, *options, *map(str, sorted(wheels.glob("*.whl")))], check=True)  # noqa: S603


def write_metadata(project: Path, site: Path) -> None:
    """Write what an installed genconvit says of itself, from its pyproject.toml."""
    described = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    groups = {"console_scripts": described["scripts"], **described["entry-points"]}
    lines = [
        line
        for group, entries in groups.items()
        for line in (f"[{group}]", *(f"{name} = {value}" for name, value in entries.items()))
    ]
    info = site / f"{described['name']}-{__version__}.dist-info"
    info.mkdir(parents=True, exist_ok=True)
    (info / "entry_points.txt").write_text("\n".join([*lines, ""]), encoding="utf-8")
    head = f"Metadata-Version: 2.1\nName: {described['name']}\nVersion: {__version__}\n"
    (info / "METADATA").write_text(head, encoding="utf-8")


def main() -> None:
    """Install, and tell which wheels there were."""
    site, *wheels = map(Path, sys.argv[1:])
    for folder in wheels:
        install(folder, site)
        tell(wheels=sorted(path.name for path in folder.glob("*.whl")))
    write_metadata(ROOT, site)


if __name__ == "__main__":
    main()
