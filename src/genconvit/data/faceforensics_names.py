"""Meaning of the folders and file names of FaceForensics++, and of those of the reference's list."""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass

from genconvit.results.result import Label

TOPS: dict[str, Label] = {"original_sequences": "REAL", "manipulated_sequences": "FAKE"}
ORIGINALS = ("youtube", "actors")
METHODS = ("Deepfakes", "Face2Face", "FaceSwap", "FaceShifter", "NeuralTextures", "DeepFakeDetection")
SPLIT_KINDS = frozenset({"youtube", *METHODS} - {"DeepFakeDetection"})
"""Kinds of clips that the official splits list."""
COMPRESSIONS = ("raw", "c23", "c40")
UNKNOWN = "unknown"

_KINDS = {name.lower(): name for name in (*ORIGINALS, *METHODS)}
_PEOPLE = re.compile(r"(\d{3})(?:_(\d{3}))?$|(\d\d)(?:_(\d\d))?__")
"""The beginning of an official name: numbers of YouTube videos have three digits, those of actors two."""
_NAME = re.compile(
    r"(?P<stem>\w+?)_?(?P<before>c23|c40|raw)?_(?P<kind>[a-z0-9]+)(_(?P<after>c23|c40|raw))?",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Clip:
    """A video of the data set."""

    kind: str
    """Method, ``youtube`` or ``actors``."""

    compression: str | None
    """``raw``, ``c23`` or ``c40``; None where it is not known."""

    stem: str
    """Official name without suffix, for example ``071_054``."""

    label: Label
    """Label of the half of the data set that it lies in."""

    @property
    def groups(self) -> dict[str, str]:
        """Groups, as in ``LabelledSource``."""
        return {"source" if self.label == "REAL" else "method": self.kind, "compression": self.compression or UNKNOWN}

    @property
    def identities(self) -> tuple[str, ...]:
        """The YouTube videos or the actors that its official name names: the target, and a fake's source.

        Examples:
            >>> Clip("Deepfakes", "c23", "071_054", "FAKE").identities
            ('youtube/071', 'youtube/054')
            >>> Clip(
            ...     "DeepFakeDetection",
            ...     "c23",
            ...     "01_02__kitchen_pan__YVGY8LOK",
            ...     "FAKE",
            ... ).identities
            ('actors/01', 'actors/02')
        """
        match = _PEOPLE.match(self.stem)
        if not match:
            return ()
        whose = "youtube" if match[1] else "actors"
        return tuple(f"{whose}/{number}" for number in match.groups() if number)

    @property
    def original(self) -> Clip | None:
        """The video whose face was replaced, in the same compression; None where the name does not tell.

        Examples:
            >>> Clip("Deepfakes", "c23", "071_054", "FAKE").original
            Clip(kind='youtube', compression='c23', stem='071', label='REAL')
            >>> Clip(
            ...     "DeepFakeDetection",
            ...     "c23",
            ...     "01_02__kitchen_pan__YVGY8LOK",
            ...     "FAKE",
            ... ).original
            Clip(kind='actors', compression='c23', stem='01__kitchen_pan', label='REAL')
        """
        match = _PEOPLE.match(self.stem)
        if self.label == "REAL" or not match:
            return None
        if match[2]:
            return Clip("youtube", self.compression, match[1], "REAL")
        scene, _, experiment = self.stem[match.end() :].rpartition("__")
        return Clip("actors", self.compression, f"{match[3]}__{scene}", "REAL") if match[4] and experiment else None

    def at(self, compression: str) -> Clip:
        """Give the same video in another compression."""
        return dataclasses.replace(self, compression=compression)


def clip_of(name: str) -> Clip | str:
    """The clip that lies at a place below the root, or why there is none.

    Folders go before the name; the first known folder counts.

    Examples:
        >>> clip_of("manipulated_sequences/Deepfakes/c23/videos/071_054.mp4")
        Clip(kind='Deepfakes', compression='c23', stem='071_054', label='FAKE')
        >>> clip_of("manipulated_sequences/all/950_836c40_Deepfakes.mp4")
        Clip(kind='Deepfakes', compression='c40', stem='950_836', label='FAKE')
        >>> clip_of("manipulated_sequences/Deepfakes/masks/videos/071_054.mp4")
        'a mask, not a face'
    """
    top, *folders = name.split("/")[:-1] or [""]
    if top not in TOPS:
        return f"below neither {' nor '.join(TOPS)}"
    if "masks" in folders:
        return "a mask, not a face"
    label = TOPS[top]
    stem, kind, compression = _read_name(name.rpartition("/")[2])
    kind = next((_KINDS[folder.lower()] for folder in folders if folder.lower() in _KINDS), kind) or UNKNOWN
    if kind != UNKNOWN and (kind in ORIGINALS) != (label == "REAL"):
        return f"{kind}, below {top}"
    compression = next((folder for folder in folders if folder in COMPRESSIONS), compression)
    return Clip(kind, compression, stem, label)


def clip_of_listed(name: str) -> Clip:
    """The clip that a name of the reference's list means.

    Examples:
        >>> clip_of_listed("01__kitchen_pan_actors_c23.mp4")
        Clip(kind='actors', compression='c23', stem='01__kitchen_pan', label='REAL')
        >>> clip_of_listed("950_836_face2Face.mp4")
        Clip(kind='Face2Face', compression=None, stem='950_836', label='FAKE')
    """
    stem, kind, compression = _read_name(name)
    return Clip(kind or UNKNOWN, compression, stem, "REAL" if kind in ORIGINALS else "FAKE")


def _read_name(name: str) -> tuple[str, str | None, str | None]:
    """Stem, kind and compression that a file's name tells, as the reference's names do."""
    bare = name.rpartition(".")[0] or name
    match = _NAME.fullmatch(bare)
    if not match or match["kind"].lower() not in _KINDS:
        return bare, None, None
    compression = match["before"] or match["after"]
    return match["stem"], _KINDS[match["kind"].lower()], compression.lower() if compression else None
