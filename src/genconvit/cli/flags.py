"""The flags that commands share, with their help."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from genconvit.cli.output import Format

MODEL, FACES, VERDICT = "Model", "Frames and faces", "Verdict"
MACHINE, LIMITS, OUTPUT = "Machine", "Limits", "Output"
"""Titles under which help shows the flags."""


def _name(text: str, default: str, title: str) -> object:
    return typer.Option(help=text, metavar="NAME", show_default=default, rich_help_panel=title)


Paths = Annotated[list[str], typer.Argument(help="Files, folders or globs. A folder of frames is one source.")]
ArchFlag = Annotated[
    str | None, _name("original, v2, timm, or a plugin's; --help with it shows its flags.", "original", MODEL)
]
ModeFlag = Annotated[str | None, _name("ed, vae, genconvit; with --arch v2 also v2.", "genconvit, or v2", MODEL)]
AttentionFlag = Annotated[
    bool | None,
    typer.Option("--attention/--no-attention", help="V2: cross-attention between the branches.", rich_help_panel=MODEL),
]
ResidualFlag = Annotated[
    bool | None,
    typer.Option("--residual/--no-residual", help="V2: residuals around its new layers.", rich_help_panel=MODEL),
]
SizeFlag = Annotated[str | None, _name("nano (V2: ships with the library), tiny or large.", "tiny", MODEL)]
MODEL_FLAGS: dict[str, Any] = {
    "mode": ModeFlag,
    "attention": AttentionFlag,
    "residual": ResidualFlag,
    "size": SizeFlag,
}
"""Fields of the built-in architectures' configs whose flags help shows where no architecture is named."""

WeightsFlag = Annotated[
    list[str] | None,
    _name("published, embedded, random, FILE, a hub id, an export; or twice: ed=FILE, vae=FILE.", "published", MODEL),
]
FramesFlag = Annotated[
    str | None,
    typer.Option(
        help="What to look at: N evenly spaced frames, all, keyframes (the cheapest), or fps=X.",
        metavar="N|all|keyframes|fps=X",
        show_default="15",
        rich_help_panel=FACES,
    ),
]
SquarePixelsFlag = Annotated[
    bool | None,
    typer.Option(
        "--square-pixels/--no-square-pixels",
        help="Stretch frames whose pixels are not square before faces are searched; the reference does not.",
        show_default=False,
        rich_help_panel=FACES,
    ),
]
PersonFlag = Annotated[
    str | None,
    typer.Option(
        help="How people make a video's score: pool all faces, or take the max, the mean or the largest person.",
        metavar="pool|max|mean|largest",
        show_default="pool",
        rich_help_panel=VERDICT,
    ),
]
RuleFlag = Annotated[
    str | None,
    typer.Option(
        help="Which faces of a person count: mean (all), median, topK (as top5), or confident.",
        metavar="RULE",
        show_default="mean",
        rich_help_panel=VERDICT,
    ),
]
DecisionFlag = Annotated[
    str | None,
    typer.Option(
        help="FAKE is what has a score above this number; or fpr=0.01, for at most one of a hundred real videos of "
        "--calibration.",
        metavar="NUMBER|fpr=X",
        show_default="0.5",
        rich_help_panel=VERDICT,
    ),
]
CalibrationFlag = Annotated[
    str | None,
    typer.Option(
        help="Make probabilities of scores, by a file of genconvit calibrate; or none.",
        metavar="FILE|none",
        show_default="the embedded weights' own",
        rich_help_panel=VERDICT,
    ),
]
InconclusiveFlag = Annotated[
    str | None,
    typer.Option(
        help="From the first to the second of these scores a video gets no label; or none.",
        metavar="LOW,HIGH|none",
        show_default="the embedded weights' own",
        rich_help_panel=VERDICT,
    ),
]
DeviceFlag = Annotated[
    str | None, _name("auto, cpu, cuda, cuda:N, mps, or xpu (an Intel GPU, by OpenVINO).", "auto", MACHINE)
]
PrecisionFlag = Annotated[
    str | None, _name("auto (bf16 where the hardware computes in it), fp32, bf16 or int8.", "auto", MACHINE)
]
Int8CropsFlag = Annotated[
    str | None,
    typer.Option(
        help="Folder of face crops that int8 is fitted to and measured by.",
        metavar="DIR",
        show_default="a portrait's",
        rich_help_panel=MACHINE,
    ),
]
Int8MaxChangeFlag = Annotated[
    float | None,
    typer.Option(
        help="Largest change of a fake probability by int8.", metavar="X", show_default="0.05", rich_help_panel=MACHINE
    ),
]
RuntimeFlag = Annotated[
    str | None,
    _name("torch, onnxruntime, openvino, or auto (by a rule); by default an exported file's own.", "torch", MACHINE),
]
CompileFlag = Annotated[
    bool | None,
    typer.Option("--compile/--no-compile", help="Run the networks through torch.compile.", rich_help_panel=MACHINE),
]
BatchFlag = Annotated[
    int | None,
    typer.Option(
        help="The most faces in the networks at once.",
        metavar="N",
        show_default="by the device",
        rich_help_panel=MACHINE,
    ),
]
IsolateFlag = Annotated[
    bool | None,
    typer.Option(
        "--isolate/--no-isolate",
        help="Decode in worker processes, so that a broken file harms no other. By default for folders and many files.",
        show_default=False,
        rich_help_panel=LIMITS,
    ),
]
WorkersFlag = Annotated[
    int | None, typer.Option(help="Worker processes.", metavar="N", show_default="by the cores", rich_help_panel=LIMITS)
]
TimeLimitFlag = Annotated[
    float | None,
    typer.Option(
        help="How long a file may keep a worker busy.", metavar="SECONDS", show_default="120", rich_help_panel=LIMITS
    ),
]
MemoryLimitFlag = Annotated[
    int | None,
    typer.Option(
        help="How much memory a file may take in a worker.", metavar="MB", show_default="2048", rich_help_panel=LIMITS
    ),
]
FaceDetectorFlag = Annotated[str | None, _name("auto, insightface, mtcnn, or a plugin's.", "auto", FACES)]
FaceModelFlag = Annotated[
    str | None,
    typer.Option(
        help="For insightface: an ONNX file, a folder, or a pack on disk such as buffalo_l. Its pretrained packs are "
        "for non-commercial research only.",
        metavar="FILE",
        rich_help_panel=FACES,
    ),
]
DecoderFlag = Annotated[str | None, _name("auto, pyav, decord, torchcodec, or a plugin's.", "auto", FACES)]
ExtraFlag = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=VALUE",
        help="Any other option, such as max_faces=5 or latent=mean.",
        rich_help_panel=MODEL,
    ),
]
ConfigFlag = Annotated[
    Path | None,
    typer.Option(help="A detector's config as JSON; flags override it.", metavar="FILE", rich_help_panel=MODEL),
]
CredentialsFlag = Annotated[
    bool | None,
    typer.Option(
        "--credentials/--no-credentials",
        help="Read the Content Credentials (C2PA) of each file too; takes the extra c2pa, and changes no score.",
        show_default=False,
        rich_help_panel=OUTPUT,
    ),
]
TrustListFlag = Annotated[
    str | None,
    typer.Option(
        help="Certificates of authorities, in PEM, whose signers of Content Credentials are trusted.",
        metavar="FILE",
        rich_help_panel=OUTPUT,
    ),
]
FormatFlag = Annotated[
    Format | None,
    typer.Option(
        help="How results are written.", show_default="by the suffix of --output, or table", rich_help_panel=OUTPUT
    ),
]
OutputFlag = Annotated[
    Path | None,
    typer.Option(
        "--output", "-o", help="Where results are written instead of stdout.", metavar="FILE", rich_help_panel=OUTPUT
    ),
]
