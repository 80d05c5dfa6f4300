"""One clip, however often it lies there: as a video, as its frames, as the faces in them, as masks."""

from __future__ import annotations

import posixpath
from collections import defaultdict
from collections.abc import Iterator, Mapping

from genconvit.video.suffixes import IMAGE_SUFFIXES, VIDEO_SUFFIXES

VIDEO, FRAMES, FACES, OTHER = range(4)
"""Kinds of copies of a clip; the first one that is there stands for the clip."""

FOLDERS = {
    **dict.fromkeys(("video", "videos"), VIDEO),
    **dict.fromkeys(("frame", "frames", "image", "images"), FRAMES),
    **dict.fromkeys(("face", "faces", "crop", "crops"), FACES),
    **dict.fromkeys(("landmark", "landmarks", "mask", "masks"), OTHER),
}
"""Folders, lower case, that say what kind of copy lies below and are no part of a clip's name."""


def clip_name(name: str) -> str:
    """Give the name of a clip in its data set, whichever copy of it a path names.

    Args:
        name: a path with ``/``, below the data set's root.

    Examples:
        >>> (
        ...     clip_name("youtube/c23/videos/071.mp4"),
        ...     clip_name("youtube/c23/images/071"),
        ... )
        ('youtube/c23/071', 'youtube/c23/071')
        >>> clip_name("real/clip.2/frames"), clip_name("real/clip.2.mp4")
        ('real/clip.2', 'real/clip.2')
    """
    *folders, last = [part for part in name.split("/") if part.lower() not in FOLDERS] or [""]
    stem, suffix = posixpath.splitext(last)
    return "/".join([*folders, stem if suffix.lower() in VIDEO_SUFFIXES | IMAGE_SUFFIXES else last])


def copies(sources: Mapping[str, bool]) -> dict[str, str]:
    """Find the sources that are copies of clips that lie there in a better form, and the source used for each.

    A folder of images is a copy of a clip of the same name, and so is one below a folder of that name: the faces of
    each person. A video goes before frames, these before faces. Two videos of one name, with different suffixes, are
    two clips.

    Args:
        sources: names below one root, with ``/``, and whether each is a folder of images.
    """
    clips: dict[str, list[str]] = defaultdict(list)
    kinds = {name: _kind(name, is_folder=is_folder) for name, is_folder in sources.items()}
    for name in sorted(sources, key=kinds.__getitem__):
        clips[clip_name(name)].append(name)
    videos = {clip: names[0] for clip, names in clips.items() if kinds[names[0]] == VIDEO}
    used = {}
    for clip, names in clips.items():
        best = _video_above(clip, videos) or names[0]
        used.update({name: best for name in names if kinds[name] != VIDEO and name != best})
    return {name: used[name] for name in sources if name in used}


def may_be_copy(name: str, *, is_folder: bool) -> bool:
    """Tell whether a source could be a copy of another, as frames, faces and masks could, and no video by itself."""
    return _kind(name, is_folder=is_folder) != VIDEO


def clip_and_above(name: str) -> Iterator[str]:
    """The name of a source's clip, and those of the folders that it lies in: a video of any may stand for it."""
    clip = clip_name(name)
    while clip:
        yield clip
        clip = posixpath.dirname(clip)


def copies_note(used: Mapping[str, str]) -> str:
    """Sum up what ``copies`` found, at least one."""
    first = next(iter(used))
    return f"a clip in several copies counts once: {len(used)} left out, the first {first!r}; {used[first]!r} is used"


def _video_above(clip: str, videos: Mapping[str, str]) -> str | None:
    """The video of a clip's own name, or of a folder's that it lies in."""
    while clip:
        if clip in videos:
            return videos[clip]
        clip = posixpath.dirname(clip)
    return None


def _kind(name: str, *, is_folder: bool) -> int:
    """Tell the kind of copy that a source is, by the folders on its way and by what it is itself."""
    own = FRAMES if is_folder else FACES if posixpath.splitext(name)[1].lower() in IMAGE_SUFFIXES else VIDEO
    return max([own, *(FOLDERS[part] for part in name.lower().split("/") if part in FOLDERS)])
