"""Score videos, images or folders of frames, and look at what each answer rests on.

Run it: python examples/predict_video.py CLIP [CLIP ...]
        python examples/predict_video.py --weights random CLIP    (no download, and no verdict)
"""

import argparse

from genconvit import Detector

parser = argparse.ArgumentParser(description="Are the faces in these videos real or manipulated?")
parser.add_argument("sources", nargs="+", help="videos, images or folders of frames")
parser.add_argument("--weights", default="published", help="published (a download of 3 GB, once), random, or a file")
options = parser.parse_args()

with Detector("original", weights=options.weights) as detector:
    # predict_many goes on after a source that cannot be read; detector.predict(source) raises SourceError instead.
    for result in detector.predict_many(options.sources):
        print(result)
        print("  status:", result.status)  # ok, no_face or unreadable
        print("  label:", result.label)  # FAKE or REAL; None without trained weights or without a face
        print("  fake probability:", result.fake_probability)
        for face in result.faces:
            left, top, right, bottom = (round(edge) for edge in face.box)
            print(
                f"  frame {face.frame_index}: face at {left}, {top} to {right}, {bottom}: {face.fake_probability:.3f}"
            )
        for note in result.notes:
            print("  note:", note)
        print(
            "  weights:", result.provenance.weights.origin, *(file.sha256 for file in result.provenance.weights.files)
        )
        print("  read by:", result.provenance.decoder, "- faces by:", result.provenance.face_detector.name)
