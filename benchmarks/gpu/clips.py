"""Makes 1080p clips with a face in each, in a folder that holds as many as are asked for: some are the same file.

Run it: python -m benchmarks.gpu.clips FOLDER [--rehearse]
"""

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.gpu.outcome import tell
from benchmarks.gpu.setting import chosen
from genconvit.data.sample import PORTRAIT, write_clip

WIDTH, HEIGHT, RATE = 1920, 1080, 30


def clips(folder: Path) -> list[Path]:
    """The clips of a folder, in their order."""
    return sorted(folder.glob("*.mp4"), key=lambda path: int(path.stem))


def main() -> None:
    """Make them."""
    folder, setting = Path(sys.argv[1]), chosen()
    folder.mkdir(parents=True, exist_ok=True)
    for stale in clips(folder):
        stale.unlink()

    def write(number: int) -> None:
        frames = setting.clip_frames + number  # so that no two are equal
        write_clip(folder / f"{number}.mp4", frames=frames, rate=RATE, width=WIDTH, height=HEIGHT)

    with ThreadPoolExecutor() as pool:
        list(pool.map(write, range(setting.clips)))
    for number in range(setting.clips, setting.videos):
        (folder / f"{number}.mp4").symlink_to(f"{number % setting.clips}.mp4")
    tell(of=PORTRAIT, clips=setting.clips, frames=setting.clip_frames, width=WIDTH, height=HEIGHT, rate=RATE)


if __name__ == "__main__":
    main()
