"""Show the making of self-blended fakes: a row a face, from the crop to the fake, and the mask between.

Run it: python examples/self_blended.py crops self_blended.png
        The folder is one that `genconvit extract` made. Crops without landmarks get an ellipse as a mask.
"""

import sys
from pathlib import Path

from genconvit.crops.folder import read_crops
from genconvit.train.preview import write_steps

FACES = 5
SIDE_PX = 96

root, picture = map(Path, sys.argv[1:])
reals = [record for record in read_crops(root).records if record.label == "REAL"]
chosen = reals[:: max(len(reals) // FACES, 1)][:FACES]
write_steps(root, chosen, picture, size=SIDE_PX)
print(f"{picture}: {len(chosen)} of {len(reals)} real faces")
