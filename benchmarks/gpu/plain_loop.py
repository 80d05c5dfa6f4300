"""Scores videos one after the other in the manner of the reference's script, with what a GPU machine has at hand.

Of each video in turn: decode the chosen frames, search each one for faces on the CPU at full resolution, resize the
bare boxes, and put all faces of the video through both networks in fp32. The reference searches with dlib's HOG, which
takes 0.28 to 0.38 s for a 1080p frame; MTCNN takes its place here, for faces from 60 pixels: 0.10 to 0.19 s.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import torch
from facenet_pytorch import MTCNN
from PIL import Image

from genconvit.models.base import Architecture

SMALLEST_FACE_PX = 60
LEAST_CONFIDENCE = 0.9


@dataclass(frozen=True, eq=False)
class PlainLoop:
    """The loop over videos.

    Attributes:
        model: both networks in fp32, on their device.
        device: device that they are on.
        frames: number of frames that are looked at in each video.
    """

    model: Architecture
    device: torch.device
    frames: int

    def run(self, videos: Sequence[Path]) -> list[tuple[float | None, int]]:
        """Each video's fake probability, None without a face, and its number of faces."""
        search = MTCNN(keep_all=True, min_face_size=SMALLEST_FACE_PX, device="cpu")
        return [self._score(faces_of(frames_of(video, self.frames), search, self.model.input_size)) for video in videos]

    @torch.inference_mode()
    def _score(self, faces: list[npt.NDArray[np.uint8]]) -> tuple[float | None, int]:
        if not faces:
            return None, 0
        crops = self.model.preprocess(torch.from_numpy(np.stack(faces)).to(self.device))
        logits = torch.cat(list(self.model(crops).logits.values()))
        fake, real = logits.sigmoid().mean(dim=0).tolist()
        return (fake + 1 - real) / 2, len(faces)


def frames_of(video: Path, count: int) -> list[npt.NDArray[np.uint8]]:
    """Evenly spaced frames RGB uint8 [height, width, 3], each found from the key frame before it."""
    with av.open(str(video)) as container:
        stream = container.streams.video[0]
        rate, unit = stream.average_rate or Fraction(25), stream.time_base or Fraction(1, 25)
        times = [int(Fraction(int(index)) / rate / unit) for index in np.linspace(0, stream.frames - 1, count)]
        images = []
        for wanted in times:
            container.seek(wanted, stream=stream)
            frame = next((each for each in container.decode(stream) if (each.pts or 0) >= wanted), None)
            if frame is not None:
                images.append(np.asarray(frame.to_ndarray(format="rgb24"), dtype=np.uint8))
        return images


def faces_of(images: list[npt.NDArray[np.uint8]], search: MTCNN, size: int) -> list[npt.NDArray[np.uint8]]:
    """The faces of all frames, RGB uint8 [size, size, 3], at most as many as frames."""
    faces = []
    for image in images:
        boxes, confidences = search.detect(Image.fromarray(image))
        found = [] if boxes is None else zip(boxes, confidences, strict=True)
        for (left, top, right, bottom), confidence in found:
            if confidence >= LEAST_CONFIDENCE:
                face = Image.fromarray(image).crop((int(left), int(top), int(right), int(bottom)))
                faces.append(np.asarray(face.resize((size, size), Image.Resampling.BOX)))
    return faces[: len(images)]
