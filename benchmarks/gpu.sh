#!/usr/bin/env bash
# Shows what this library does on a GPU, part after part, in at most eight minutes; README.md beside it says more.
# Usage: benchmarks/gpu.sh [--wheels FOLDER] [--out FOLDER] [--rehearse]
set -u

usage="usage: benchmarks/gpu.sh [--wheels FOLDER] [--out FOLDER] [--rehearse]"
out=gpu-outcome wheels=() rehearse=() patience=1
while [ $# -gt 0 ]; do
    case $1,$# in
        --rehearse,*) rehearse=(--rehearse) patience=200 ;;
        --out,1 | --wheels,1) echo "$1 needs a folder; $usage" >&2; exit 2 ;;
        --out,*) out=$2; shift ;;
        --wheels,*) wheels=("$(realpath -e "$2")") || exit 2; shift ;;
        *) echo "$1 is no option; $usage" >&2; exit 2 ;;
    esac
    shift
done

out=$(realpath -m "$out")
work=${XDG_CACHE_HOME:-${HOME:-$PWD}/.cache}/genconvit-gpu
python=${PYTHON:-python3}
cd "$(dirname "$0")/.." || exit
mkdir -p "$out" "$work" || exit
rm -f "$out"/{outcomes.jsonl,log.txt,bench.json}

export PYTHONPATH=$PWD/src:$work/site${PYTHONPATH:+:$PYTHONPATH} PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
export TORCHINDUCTOR_CACHE_DIR=$work/inductor TRITON_CACHE_DIR=$work/triton HF_HUB_OFFLINE=1
export GENCONVIT_OUTCOMES=$out/outcomes.jsonl GENCONVIT_GPU=1
bench=(--device cuda --precision bf16 --repeats 5)
if [ ${#rehearse[@]} -gt 0 ]; then  # the CPU takes the GPU's place, small networks the large ones', and nothing is compiled
    export GENCONVIT_GPU=rehearse TORCHDYNAMO_DISABLE=1
    bench=(--device cpu --precision fp32 --repeats 1 --frames 2 --set size=nano)
fi

failed=0 running=
trap 'kill $running 2> /dev/null; exit 130' INT TERM
part() {  # NAME SECONDS COMMAND...: runs a part within its time, and writes down how it ended
    local name=$1 limit=$2 start=$SECONDS status
    shift 2
    export GENCONVIT_PART=$name
    echo "== $name: at most $limit s" | tee -a "$out/log.txt"
    timeout --kill-after=1 "$((limit * patience))" "$@" >> "$out/log.txt" 2>&1 &
    running=$!
    wait "$running"
    status=$?
    "$python" -m benchmarks.gpu.outcome "$status" "$((SECONDS - start))"
    [ "$status" -eq 0 ] || { failed=1; tail -n 20 "$out/log.txt"; }
}

part install 15 "$python" -m benchmarks.gpu.install "$work/site" "${wheels[@]}"
part versions 20 "$python" -m benchmarks.gpu.versions "${rehearse[@]}"
part clips 25 "$python" -m benchmarks.gpu.clips "$work/clips" "${rehearse[@]}"
part tests 105 "$python" -m benchmarks.gpu.checks
part bench 55 "$python" -m genconvit bench "$work"/clips/[01].mp4 "${bench[@]}" --weights random --face-detector mtcnn \
    --no-examples --json "$out/bench.json"
part networks 130 "$python" -m benchmarks.gpu.networks "${rehearse[@]}"
part videos 50 "$python" -m benchmarks.gpu.videos "$work/clips" "${rehearse[@]}"
part profile 25 "$python" -m benchmarks.gpu.profile "$work/clips" "${rehearse[@]}"
part memory 25 "$python" -m benchmarks.gpu.memory "${rehearse[@]}"
part training 25 "$python" -m benchmarks.gpu.training "${rehearse[@]}"
exit $failed
