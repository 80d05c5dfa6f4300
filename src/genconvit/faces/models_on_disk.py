"""Places of insightface's detection models on this machine; nothing here downloads."""

from __future__ import annotations

from pathlib import Path

from genconvit.core.errors import ConfigError

PACKS = ("buffalo_l", "buffalo_m", "buffalo_s", "buffalo_sc", "antelopev2")
"""insightface's packs, in the order in which they are looked for."""

MODEL_ZOO_URL = "https://github.com/deepinsight/insightface/tree/master/model_zoo"

_HOW_TO_GET_ONE = (
    f"download a pack ({', '.join(PACKS)}; for non-commercial research only) from {MODEL_ZOO_URL} and "
    'unzip it to ~/.insightface/models/<pack>, or set face_detector="mtcnn", which needs no model'
)
_UNKNOWN_HOME = "~/.insightface/models (there is no home folder)"
_PREFERRED = ("det_10g", "scrfd_10g", "det_2.5g", "scrfd_2.5g", "det_500m", "scrfd_500m")


def models_folder() -> Path | None:
    """The folder of insightface's packs, existing or not; None where there is no home folder."""
    try:
        return Path("~/.insightface/models").expanduser()
    except RuntimeError:
        return None


def mtcnn_takes_no_model_message(model: str | Path) -> str:
    """Tell a user who gave MTCNN a model what to do."""
    return (
        f"the face detector 'mtcnn' carries its own weights and takes no model, got {str(model)!r}; leave "
        "the model out, or choose 'insightface', which runs it"
    )


def no_model_message() -> str:
    """Tell a user who asked for insightface what to do, where no model was given and none is on disk."""
    return (
        'face_detector="insightface" needs a detection model; none was given and no pack is in '
        f"{models_folder() or _UNKNOWN_HOME}; {_HOW_TO_GET_ONE}"
    )


def find_insightface_model(spec: str | Path | None) -> Path | None:
    """Find a detection model by what the user said.

    Args:
        spec: an ``.onnx`` file; a folder that holds one named ``det_*`` or ``scrfd*``; the name of a pack
            below ``~/.insightface/models``, such as ``"buffalo_l"``; or None for the first pack that is
            there. A text is a pack's name where it has no separator and does not end with ``.onnx``.

    Returns:
        The model's file, or None where the spec is None and no pack is there.

    Raises:
        ConfigError: what the spec names is not there or holds no detection model.
    """
    if spec is None:
        return _first_pack()
    if isinstance(spec, str) and _is_pack_name(spec):
        return _of_pack(spec)
    return _of_path(Path(spec))


def _is_pack_name(text: str) -> bool:
    return not (
        text in (".", "..") or text.startswith("~") or text.lower().endswith(".onnx") or set(text) & {"/", "\\"}
    )


def _of_pack(name: str) -> Path:
    folder = models_folder()
    found = _detection_model(folder / name) if folder is not None and name.strip() else None
    if found is None:
        here = name.strip() and _is(Path(name), "dir")
        hint = f"write './{name}' for the folder of that name here; " if here else ""
        raise ConfigError(
            f"no insightface pack {name!r} with a detection model (det_*.onnx or scrfd*.onnx) in "
            f"{folder or _UNKNOWN_HOME}; {hint}{_HOW_TO_GET_ONE}"
        )
    return found


def _of_path(path: Path) -> Path:
    try:
        path = path.expanduser()
    except RuntimeError as error:
        raise ConfigError(f"the insightface model {str(path)!r} cannot be looked up: {error}") from error
    if _is(path, "file"):
        if path.suffix.lower() != ".onnx":
            raise ConfigError(
                f"the insightface model {path} does not end with .onnx; give an ONNX face detector, "
                f"its folder, or a pack's name ({', '.join(PACKS)})"
            )
        return path
    if not _is(path, "dir"):
        raise ConfigError(f"the insightface model {path} does not exist; {_HOW_TO_GET_ONE}")
    found = _detection_model(path)
    if found is None:
        raise ConfigError(
            f"the folder {path} holds no detection model (det_*.onnx or scrfd*.onnx); give the .onnx file "
            f"itself if it has another name; {_HOW_TO_GET_ONE}"
        )
    return found


def _first_pack() -> Path | None:
    folder = models_folder()
    if folder is None or not _is(folder, "dir"):
        return None
    try:
        others = sorted(entry.name for entry in folder.iterdir() if entry.name not in PACKS)
    except OSError:
        others = []
    candidates = (_detection_model(folder / name) for name in (*PACKS, *others))
    return next((found for found in candidates if found is not None), None)


def _detection_model(folder: Path) -> Path | None:
    """The largest detection model in a folder, or in one of the same name inside it, as some packs unzip."""
    for place in (folder, folder / folder.name):
        try:
            files = [entry for entry in place.iterdir() if _is_detector(entry)]
        except (OSError, ValueError):
            continue
        if files:
            return min(files, key=_preference)
    return None


def _is_detector(path: Path) -> bool:
    name = path.name.lower()
    return name.endswith(".onnx") and name.startswith(("det_", "scrfd")) and _is(path, "file")


def _preference(path: Path) -> tuple[int, str]:
    name = path.name.lower()
    ranks = (rank for rank, prefix in enumerate(_PREFERRED) if name.startswith(prefix))
    return next(ranks, len(_PREFERRED)), path.name


def _is(path: Path, kind: str) -> bool:
    """Tell whether a path is a file or a folder; False too where the system refuses to say."""
    try:
        return path.is_file() if kind == "file" else path.is_dir()
    except (OSError, ValueError):
        return False
