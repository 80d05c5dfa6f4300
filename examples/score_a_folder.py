"""Score every video below a folder, keep a row each, and count the verdicts.

Run it: python examples/score_a_folder.py FOLDER scores.csv
        The network is the small V2 that ships with the library: no download, wrong often (docs/nano.md).
"""

import csv
import sys
from collections import Counter
from pathlib import Path

from genconvit import Detector
from genconvit.inputs.expand import expand_paths

folder, table = map(Path, sys.argv[1:])
found = expand_paths([folder])
for each in found.left_out:
    print(f"left out: {each.name} ({each.reason})")

verdicts: Counter[str] = Counter()
# isolate: whoever takes files from strangers decodes them in worker processes
with Detector(weights="embedded", isolate=True) as detector, table.open("w", newline="", encoding="utf-8") as file:
    writer = csv.writer(file)
    writer.writerow(["source", "status", "label", "fake_probability", "calibrated_probability", "reason"])
    for result in detector.predict_many(found.sources):
        # no face, unreadable and inconclusive have no label; none of them means REAL
        verdicts[result.label or result.status] += 1
        score, calibrated = result.fake_probability, result.calibrated_probability
        name = (
            result.source if result.source[:1] not in "=+-@" else f"'{result.source}"
        )  # no formula of a spreadsheet's
        writer.writerow([name, result.status, result.label, score, calibrated, result.reason])

print(", ".join(f"{count} {verdict}" for verdict, count in sorted(verdicts.items())))
print(f"{table}: a score is one network's opinion, see docs/reading_a_score.md")
