"""A page to look at: why a video got its score, with heat maps, how much that is worth, and how to contest it.

Run it: python examples/report.py clip.mp4 report.html
        It scores with the small network that ships with the library. Open the page in any browser, offline as well.
"""

import sys
from pathlib import Path

from genconvit import Detector

clip, page = sys.argv[1:3]

with Detector(weights="embedded") as detector:
    result = detector.predict(clip)
    html = result.to_html(detector=detector)  # heat maps need the weights that scored the faces

Path(page).write_text(html, encoding="utf-8")
print(f"{page}: {result.headline}, {len(result.faces)} faces, {len(html) / 1e6:.1f} MB")
