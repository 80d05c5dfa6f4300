#!/usr/bin/env bash
# Gathers the wheels that a bare machine with a GPU lacks; README.md beside it says what is left out, and why.
# Usage: benchmarks/gpu_wheels.sh [FOLDER [PYTHON_VERSION [PLATFORM...]]]
set -euo pipefail
cd "$(dirname "$0")/.."

folder=${1:-gpu-wheels} version=${2:-3.12}
platforms=("${@:3}")
[ ${#platforms[@]} -gt 0 ] || platforms=(manylinux_2_28_x86_64 manylinux_2_27_x86_64 manylinux_2_17_x86_64 manylinux2014_x86_64 manylinux1_x86_64)
most_mib=60

pip=("${PYTHON:-python3}" -m pip download --quiet --disable-pip-version-check --only-binary=:all: --dest "$folder")
pip+=(--python-version "$version" --implementation cp "${platforms[@]/#/--platform=}")
need() {  # NAME: what pyproject.toml asks for
    grep -oE "\"$1[^a-z-][^\";]*" pyproject.toml | head -1 | tr -d '"'
}

rm -f "$folder"/*.whl
"${pip[@]}" "$(need av)" "$(need pydantic)"
"${pip[@]}" --no-deps "$(need facenet-pytorch)"  # the rest of its needs is PyTorch's, and there

bytes=$(cat "$folder"/*.whl | wc -c)
ls -l "$folder"
echo "$((bytes / 1048576)) MiB of wheels in $folder, for Python $version"
echo "left out: insightface and opencv-python (MTCNN finds faces), decord and torchcodec (PyAV decodes)"
if [ "$bytes" -gt $((most_mib * 1048576)) ]; then
    echo "that is more than $most_mib MiB; an older av may be smaller" >&2
    exit 1
fi
