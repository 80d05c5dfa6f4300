"""Write MTCNN's three networks, as facenet-pytorch ships them, as ONNX files for the search without PyTorch.

Run it: python -m recipes.mtcnn.export --into src/genconvit/faces/mtcnn_networks

Each takes pixels [n, height, width, 3] from 0 to 255, float32, and gives for each place or image the probability of a
face first, then the offsets of its box's corners, and the last one the places of five landmarks.
"""

import argparse
import logging
import warnings
from pathlib import Path
from typing import Any

import torch
from facenet_pytorch.models.mtcnn import ONet, PNet, RNet
from torch import Tensor, nn

NETWORKS: dict[str, tuple[type[nn.Module], tuple[int, int], tuple[str, ...]]] = {
    "pnet": (PNet, (30, 40), ("faces", "offsets")),
    "rnet": (RNet, (24, 24), ("faces", "offsets")),
    "onet": (ONet, (48, 48), ("faces", "offsets", "landmarks")),
}
"""For each file its network, the size of the images that it is traced with, and the names of its outputs."""

PIXELS = "pixels"


class FromPixels(nn.Module):
    """A network with its normalisation in front.

    Args:
        network: one of the three.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, pixels: Tensor) -> tuple[Tensor, ...]:
        """Give probabilities [n, ...], offsets [n, 4, ...] and, for the last network, landmarks [n, 10]."""
        offsets, *landmarks, faces = self.network((pixels.permute(0, 3, 1, 2) - 127.5) * 0.0078125)
        return faces[:, 1], offsets, *landmarks


def export(name: str, path: Path) -> None:
    """Write one of the three networks.

    Args:
        name: name of the network.
        path: path of the file to write.
    """
    network, (height, width), outputs = NETWORKS[name]
    dynamic: dict[int, Any] = {0: torch.export.Dim("images", min=1)}
    if name == "pnet":
        dynamic |= {1: torch.export.Dim("height", min=12), 2: torch.export.Dim("width", min=12)}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of PyTorch about its own exporter
        exported = torch.onnx.export(
            FromPixels(network()).eval(),
            (torch.zeros(2, height, width, 3),),
            dynamo=True,
            dynamic_shapes=(dynamic,),
            input_names=[PIXELS],
            output_names=list(outputs),
            verbose=False,
        )
    if exported is None:
        raise SystemExit(f"{name} cannot be exported")
    model = exported.model_proto
    for part in (model, model.graph, *model.graph.node, *model.graph.value_info):
        del part.metadata_props[:]
        part.doc_string = ""
    path.write_bytes(model.SerializeToString(deterministic=True))


def main() -> None:
    """Write all three."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--into", type=Path, required=True)
    folder: Path = parser.parse_args().into
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    for name in NETWORKS:
        export(name, folder / f"{name}.onnx")
        print(f"{folder / name}.onnx")


if __name__ == "__main__":
    main()
