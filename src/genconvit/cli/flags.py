"""The flags that commands share, with their help."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from genconvit.cli.output import Format


def _name(text: str, default: str) -> Any:  # noqa: ANN401 - typer's own type is private
    return typer.Option(help=text, metavar="NAME", show_default=default)


Paths = Annotated[list[str], typer.Argument(help="Files, folders or globs. A folder of frames is one source.")]
ArchFlag = Annotated[str | None, _name("original, v2, or a plugin's.", "original")]
ModeFlag = Annotated[str | None, _name("ed, vae, genconvit; with --arch v2 also v2.", "genconvit, or v2")]
AttentionFlag = Annotated[
    bool | None, typer.Option("--attention/--no-attention", help="V2: cross-attention between the branches.")
]
ResidualFlag = Annotated[
    bool | None, typer.Option("--residual/--no-residual", help="V2: residuals around its new layers.")
]
SizeFlag = Annotated[str | None, _name("nano (V2: ships with the library), tiny or large.", "tiny")]
WeightsFlag = Annotated[
    list[str] | None, _name("published, embedded, random, FILE, a hub id; or twice: ed=FILE, vae=FILE.", "published")
]
FramesFlag = Annotated[
    str | None,
    typer.Option(
        help="What to look at: N evenly spaced frames, all, keyframes (the cheapest), or fps=X.",
        metavar="N|all|keyframes|fps=X",
        show_default="15",
    ),
]
SquarePixelsFlag = Annotated[
    bool | None,
    typer.Option(
        "--square-pixels/--no-square-pixels",
        help="Stretch frames whose pixels are not square before faces are searched; the reference does not.",
        show_default=False,
    ),
]
PersonFlag = Annotated[
    str | None,
    typer.Option(
        help="How people make a video's score: pool all faces, or take the max, the mean or the largest person.",
        metavar="pool|max|mean|largest",
        show_default="pool",
    ),
]
RuleFlag = Annotated[
    str | None,
    typer.Option(
        help="Which faces of a person count: mean (all), median, topK (as top5), or confident.",
        metavar="RULE",
        show_default="mean",
    ),
]
DecisionFlag = Annotated[
    str | None,
    typer.Option(
        help="FAKE is what has a score above this number; or fpr=0.01, for at most one of a hundred real videos of "
        "--calibration.",
        metavar="NUMBER|fpr=X",
        show_default="0.5",
    ),
]
CalibrationFlag = Annotated[
    str | None,
    typer.Option(
        help="Make probabilities of scores, by a file of genconvit calibrate; or none.",
        metavar="FILE|none",
        show_default="the embedded weights' own",
    ),
]
InconclusiveFlag = Annotated[
    str | None,
    typer.Option(
        help="From the first to the second of these scores a video gets no label; or none.",
        metavar="LOW,HIGH|none",
        show_default="the embedded weights' own",
    ),
]
DeviceFlag = Annotated[str | None, _name("auto, cpu, cuda, cuda:N or mps.", "auto")]
PrecisionFlag = Annotated[str | None, _name("auto (bf16 where the hardware computes in it), fp32 or bf16.", "auto")]
CompileFlag = Annotated[
    bool | None, typer.Option("--compile/--no-compile", help="Run the networks through torch.compile.")
]
BatchFlag = Annotated[
    int | None, typer.Option(help="The most faces in the networks at once.", metavar="N", show_default="by the device")
]
IsolateFlag = Annotated[
    bool | None,
    typer.Option(
        "--isolate/--no-isolate",
        help="Decode in worker processes, so that a broken file harms no other. By default for folders and many files.",
        show_default=False,
    ),
]
WorkersFlag = Annotated[int | None, typer.Option(help="Worker processes.", metavar="N", show_default="by the cores")]
TimeLimitFlag = Annotated[
    float | None, typer.Option(help="How long a file may keep a worker busy.", metavar="SECONDS", show_default="120")
]
MemoryLimitFlag = Annotated[
    int | None, typer.Option(help="How much memory a file may take in a worker.", metavar="MB", show_default="2048")
]
FaceDetectorFlag = Annotated[str | None, _name("auto, insightface, mtcnn, or a plugin's.", "auto")]
FaceModelFlag = Annotated[
    str | None,
    typer.Option(
        help="For insightface: an ONNX file, a folder, or a pack on disk such as buffalo_l. Its pretrained packs are "
        "for non-commercial research only.",
        metavar="FILE",
    ),
]
DecoderFlag = Annotated[str | None, _name("auto, pyav, decord, torchcodec, or a plugin's.", "auto")]
ExtraFlag = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="Any other option, such as latent=mean or max_faces=5."),
]
ConfigFlag = Annotated[
    Path | None, typer.Option(help="A detector's config as JSON; flags override it.", metavar="FILE")
]
FormatFlag = Annotated[
    Format | None, typer.Option(help="How results are written.", show_default="by the suffix of --output, or table")
]
OutputFlag = Annotated[Path | None, typer.Option(help="Where results are written instead of stdout.", metavar="FILE")]
