"""Three examples with which the help of a command ends."""

from __future__ import annotations

EXAMPLES: dict[str, tuple[str, str, str]] = {
    "predict": (
        "genconvit predict clip.mp4 --weights embedded",
        "genconvit predict uploads/ --weights embedded --frames keyframes --output results.jsonl",
        "genconvit predict clip.mp4 --arch v2 --weights trained.safetensors --calibration valid.json",
    ),
    "annotate": (
        "genconvit annotate clip.mp4 --weights embedded --output annotated.mp4",
        "genconvit annotate clip.mp4 --weights embedded --frames all --output annotated.mp4",
        "genconvit annotate clip.mp4 --weights embedded --overlays boxes,people --output annotated.mkv",
    ),
    "report": (
        "genconvit report clip.mp4 --weights embedded --output report.html",
        "genconvit report uploads/ --weights embedded --credentials --output reports/",
        "genconvit report results.jsonl --output reports/",
    ),
    "evaluate": (
        "genconvit evaluate clips/ --dataset folder --weights embedded",
        "genconvit evaluate --results results.jsonl --labels labels.csv --by method",
        "genconvit evaluate --results results.jsonl --labels labels.csv --format json",
    ),
    "compare": (
        "genconvit compare clips/ --dataset folder --variant original --variant v2",
        "genconvit compare clips/ --variant v2 --variant v2:no-attention --size nano --no-plots",
        "genconvit compare --results one.json --results two.json",
    ),
    "calibrate": (
        "genconvit calibrate --results valid.jsonl --labels labels.csv --output valid.json",
        "genconvit calibrate --results valid.jsonl --labels labels.csv --method sigmoid --balance --output valid.json",
        "genconvit predict clip.mp4 --calibration valid.json --threshold fpr=0.01",
    ),
    "robustness": (
        "genconvit robustness clip.mp4 --weights embedded",
        "genconvit robustness clips/ --dataset folder --weights embedded --plot robustness.png",
        "genconvit robustness clips/ --weights embedded --output robustness.json",
    ),
    "train": (
        "genconvit train --data crops/ --arch timm --set backbone=convnext_atto --out runs/baseline",
        "genconvit train --data crops/ --arch v2 --size nano --init embedded --pairs --out runs/v2",
        "genconvit train --resume --out runs/v2",
    ),
    "export": (
        "genconvit export --weights embedded -o nano.onnx",
        "genconvit export --arch v2 --weights trained.safetensors --format openvino -o trained.xml",
        "genconvit export --arch original --mode ed --weights published --set latent=mean -o ed.onnx",
    ),
    "extract": (
        "genconvit extract folder clips/ --out crops/",
        "genconvit extract dfdc dfdc/ --out crops/ --format jpeg --frames 5",
        "genconvit extract csv labels.csv --out crops/ --fractions 0.8,0.1,0.1",
    ),
    "credentials": (
        "genconvit credentials clip.mp4",
        "genconvit credentials photo.jpg clip.mp4 --trust-list trusted.pem",
        "genconvit credentials clip.mp4 --json",
    ),
    "plugins": (
        "genconvit plugins",
        "genconvit plugins --check",
        "genconvit plugins --check --run",
    ),
    "serve": (
        "genconvit serve --weights embedded",
        "genconvit serve --weights embedded --root clips/ --threshold-choice 0.7",
        "genconvit serve --weights embedded --host 0.0.0.0 --auth keys.json --origin https://check.example.org",
    ),
    "submit": (
        "genconvit submit clip.mp4 --to http://localhost:8000",
        "genconvit submit one.mp4 two.mp4 --to http://localhost:8000 --output results.jsonl",
        "genconvit submit clip.mp4 --to https://check.example.org --key-file key.txt --report report.html",
    ),
    "demo": (
        "genconvit demo",
        "genconvit demo --keep demo.mp4",
        "genconvit predict demo.mp4 --weights embedded",
    ),
    "doctor": (
        "genconvit doctor",
        "genconvit weights download",
        "genconvit plugins --check --run",
    ),
    "bench": (
        "genconvit bench",
        "genconvit bench clip.mp4 --arch v2 --weights embedded",
        "genconvit bench --precision fp32 --precision bf16 --json bench.json",
    ),
    "schema": (
        "genconvit schema result",
        "genconvit schema config",
        "genconvit schema train",
    ),
}
"""Examples of each command, from the usual to the particular."""
