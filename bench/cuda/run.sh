#!/usr/bin/env bash
# Everything that requires an NVIDIA GPU, in one call: bench/cuda/run.sh [tests] [bench] [sanitize] [train]
#
# tests: the seed's cases and random models on the GPU; bench: all precisions compared with PyTorch and the products alone; sanitize:
# compute-sanitizer over a short run; train: mnist3x2000 to 98 %. Default: all. The output also goes to $OUT
# (runs/cuda). MNIST is found by $RFFC_DATA; PyTorch by $PYTHON (python3).
set -uo pipefail
cd "$(dirname "$0")/../.."
OUT=${OUT:-runs/cuda}
mkdir -p "$OUT"
PARTS=("$@")
[ ${#PARTS[@]} -eq 0 ] && PARTS=(tests bench sanitize train)
FAILED=0

part() {
  local name=$1
  shift
  echo "== $name"
  if "$@" 2>&1 | tee "$OUT/$name.log"; then
    echo "== $name: passed"
  else
    echo "== $name: FAILED"
    FAILED=1
  fi
}

sanitize() {
  local sanitizer=${SANITIZER:-compute-sanitizer} tool
  if ! command -v "$sanitizer" >/dev/null; then
    echo "$sanitizer not found: it comes with the CUDA toolkit"
    return 1
  fi
  for tool in memcheck racecheck synccheck; do
    rm -rf "$OUT/sanitized-$tool"
    "$sanitizer" --tool "$tool" --error-exitcode 9 node dist/cli/main.js run models/quickstart.rff --backend cuda \
      --epochs 1 --limit 1000 --quiet --out "$OUT/sanitized-$tool" || return 1
  done
}

npm run build || exit 1
nvidia-smi --query-gpu=name,driver_version,memory.total,clocks.max.sm --format=csv,noheader | tee "$OUT/gpu.txt"
node dist/cli/main.js backends | tee "$OUT/backends.txt"
for name in "${PARTS[@]}"; do
  case $name in
    tests) part tests npx vitest run test/cuda.test.ts runtime/cuda ;;
    bench)
      part expert "${PYTHON:-python3}" bench/cuda/expert.py --check
      part bench node dist/bench/cuda/report.js
      ;;
    sanitize) part sanitize sanitize ;;
    train)
      rm -rf "$OUT/trained"
      part train node dist/bench/cuda/train.js mnist3x2000 0.98 --out "$OUT/trained"
      ;;
    *)
      echo "unknown part $name: expected tests, bench, sanitize or train"
      exit 2
      ;;
  esac
done
exit $FAILED
