"""Compare V2 with and without its cross-attention: size, time and scores on made pictures, with random weights.

Run it: python examples/compare_attention.py
        To compare trained variants on videos: genconvit compare videos/ --variant v2 --variant v2:no-attention
"""

from time import perf_counter

import numpy as np
import numpy.typing as npt
import torch

from genconvit import Detector
from genconvit.nn.residual import ZeroGate

FACES = 8
noise = np.random.default_rng(0).integers(0, 256, (FACES, 16, 16, 3), np.uint8)
faces = noise.repeat(8, axis=1).repeat(8, axis=2)  # RGB uint8 [8, 128, 128, 3]: coarse noise, no faces


def scored(*, attention: bool, open_gates: bool) -> npt.NDArray[np.float64]:
    """Score the pictures by a V2 whose branches have the same random weights each time."""
    with Detector("v2", size="nano", weights="random", device="cpu", attention=attention) as detector:
        gates = [each for each in detector.model.modules() if isinstance(each, ZeroGate)]
        for gate in gates if open_gates else ():
            torch.nn.init.ones_(gate.weight)
        detector.score_faces(faces)  # the first batch is slower
        begun = perf_counter()
        scores = detector.score_faces(faces).fake_probability
        milliseconds = 1000 * (perf_counter() - begun) / FACES
        parameters = sum(each.numel() for each in detector.model.parameters())
    state = "open" if open_gates else "closed"
    name = "with" if attention else "without"
    print(f"{name} attention, gates {state}: {parameters:,} parameters, {milliseconds:.0f} ms a face")
    return np.asarray(scores, np.float64)


for open_gates in (False, True):
    apart = np.abs(scored(attention=True, open_gates=open_gates) - scored(attention=False, open_gates=open_gates)).max()
    print(f"  scores are at most {apart:.6f} apart")

print("V2's gates start closed, so attention changes nothing until it is trained.")
print("These weights are random: the numbers show that it runs, and are no verdict.")
