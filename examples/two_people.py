"""Two people in one source: each gets a track of their own, and a rule says whose faces make the score.

Run it: python examples/two_people.py two_people.png
        The picture shows the frames with a box around each face, in the colour of its track.
"""

import sys

import numpy as np
from PIL import Image, ImageDraw
from skimage import data

from genconvit import Detector

SIDE_PX = 320
COLOURS = ("orange", "deepskyblue", "lime", "magenta")

portrait = data.astronaut()  # type: ignore[no-untyped-call]  # Eileen Collins; NASA, public domain
empty = np.full((SIDE_PX, SIDE_PX, 3), 128, np.uint8)
frames = []
for shift in (0, 25, 50, 75):
    left = portrait[:SIDE_PX, shift : shift + SIDE_PX]
    right = portrait[:SIDE_PX, 150 - shift : 150 - shift + SIDE_PX][:, ::-1]
    frames.append(np.concatenate([left, empty if shift == 25 else right], axis=1))  # the second person is away once

with Detector("original", mode="ed", weights="random", face_detector="mtcnn", person="max") as detector:
    result = detector.predict(np.stack(frames))

pictures = [Image.fromarray(frame) for frame in frames]
for face in result.faces:
    draw, colour = ImageDraw.Draw(pictures[face.frame_index]), COLOURS[face.track % len(COLOURS)]
    draw.rectangle(face.box, outline=colour, width=3)
    text = f"track {face.track}: {face.fake_probability:.3f} (untrained)"
    below = ((face.box[0] + face.box[2]) / 2, face.box[3] + 4)
    draw.rectangle(draw.textbbox(below, text, anchor="ma", font_size=12), fill="black")
    draw.text(below, text, fill=colour, anchor="ma", font_size=12)

sheet = Image.new("RGB", (4 * SIDE_PX + 8, 2 * SIDE_PX + 8), "white")
for number, picture in enumerate(pictures):
    sheet.paste(picture, (number % 2 * (2 * SIDE_PX + 8), number // 2 * (SIDE_PX + 8)))
sheet.quantize(128).save(sys.argv[1], optimize=True)

for track in result.tracks:
    print(
        f"track {track.track}: {track.faces} faces, frames {track.first_frame_index} to {track.last_frame_index}, "
        f"fake probability {track.fake_probability:.3f}"
    )
print(f"the highest of them makes the score: {result.fake_probability:.3f}")
print("These weights are random: the numbers show that it runs, and are no verdict.")
