#!/usr/bin/env bash
# Everything that needs a GPU, on a machine that has one: builds the runtime (no LLVM
# needed), runs its conformance suite and the kernels' tests on the GPU, on the transport
# nccl where there are two or more, and under compute-sanitizer where that is, times the
# kernels, and writes the times to benchmarks/results/<gpu>.md. Needs nvcc 12.8 or later,
# CMake, GoogleTest, a C++20 compiler and Python 3; compares with PyTorch where Python has
# it.
#   gpu-check.sh ["MODEL.so AXIS=SIZE..." ...]
# also runs programs that were compiled elsewhere, by examples/host. Where there is
# MODEL.as-written.so, too, it must give the same bits:
#   commuter-compile examples/host/block.mlir --device cuda -o block.so
#   commuter-compile examples/host/block.mlir --device cuda -o block.as-written.so \
#     --pipeline none
#   scripts/gpu-check.sh "block.so dp=8"
#   COMMUTER_BUILD_DIR  the build directory (build-gpu)
#   COMMUTER_RESULTS    where the page goes (benchmarks/results)
set -euo pipefail
cd "$(dirname "$0")/.."
build=${COMMUTER_BUILD_DIR:-build-gpu}
results=${COMMUTER_RESULTS:-benchmarks/results}
smi=${NVIDIA_SMI:-nvidia-smi}

fail() {
  echo "gpu-check: error: $*" >&2
  exit 1
}
say() { printf '\n== %s\n' "$*"; }
# query FIELDS: of the first GPU, separated by ", ".
query() { "$smi" --id=0 --query-gpu="$1" --format=csv,noheader; }

command -v "$smi" >/dev/null ||
  fail "there is no $smi, and so no driver of a GPU: nothing was checked"
list=$("$smi" -L 2>&1) && grep -q '^GPU 0' <<<"$list" ||
  fail "$smi lists no GPU (${list:-it says nothing}): nothing was checked"
for tool in cmake python3; do
  command -v "$tool" >/dev/null || fail "$tool is missing"
done
command -v nvcc >/dev/null || [ -n "${CUDACXX:-}" ] || [ -x /usr/local/cuda/bin/nvcc ] ||
  fail "nvcc is missing: install CUDA 12.8 or later, or say CUDACXX=<nvcc>"
command -v nvcc >/dev/null || export CUDACXX=${CUDACXX:-/usr/local/cuda/bin/nvcc}

say "$list"
say "Building the runtime in $build"
cmake -S runtime -B "$build" -DCMAKE_BUILD_TYPE=Release -DCOMMUTER_CUDA=ON
cmake --build "$build" --parallel

say "The kernels, against references in f64 and the CPU's bits"
"$build/bin/commuter-cuda" --gtest_brief=1
say "The conformance suite: cuda x threads"
"$build/bin/commuter-cts" --device=cuda --gtest_brief=1
say "The conformance suite: cuda x nccl"
# One rank a GPU, in the sizes that the suite has. 77: there is no NCCL, which it says.
gpus=$(grep -c '^GPU ' <<<"$list")
[ "$gpus" -ge 2 ] || echo "not run: it takes two GPUs"
for ranks in 2 3 4 6 8; do
  [ "$ranks" -le "$gpus" ] || continue
  code=0
  runtime/cts/tcprun.sh "$ranks" "$build/bin/commuter-cts" --transport=nccl --device=cuda \
    --gtest_brief=1 || code=$?
  [ "$code" = 0 ] || [ "$code" = 77 ] || fail "cuda x nccl failed on $ranks GPUs"
done

if [ $# -gt 0 ]; then
  say "Compiled programs"
  cmake -S examples/host -B "$build/host" -DCMAKE_BUILD_TYPE=Release \
    -DCOMMUTER_RUNTIME_INCLUDE_DIR="$PWD/runtime/include" \
    -DCOMMUTER_RUNTIME_LIBRARY="$(cd "$build" && pwd)/lib/libCommuterRuntime.so"
  cmake --build "$build/host"
fi
for program in "$@"; do
  read -r model axes <<<"$program"
  as_written=${model%.so}.as-written.so
  "$build/host/host" "$model" $axes | tee "$build/results"
  [ -e "$as_written" ] || continue
  "$build/host/host" "$as_written" $axes | cmp - "$build/results" ||
    fail "$model and $as_written differ"
done

sanitizer=$(command -v compute-sanitizer || ls /usr/local/cuda/bin/compute-sanitizer 2>/dev/null || true)
if [ -n "$sanitizer" ]; then
  # What exercises each kernel once: the tools slow them down a hundredfold.
  for tool in memcheck racecheck synccheck; do
    say "compute-sanitizer: $tool"
    "$sanitizer" --tool "$tool" --error-exitcode 9 "$build/bin/commuter-cuda" --gtest_brief=1 \
      --gtest_filter='*EmptyAndNaN*:*SpecialRows*:*InvalidArguments*'
  done
  "$sanitizer" --tool memcheck --error-exitcode 9 "$build/bin/commuter-cts" --device=cuda \
    --gtest_brief=1 --gtest_filter='*Device*:*CollectiveTest*TwoTwoSwapped:*LoopNests*:*SeveralDimensions*'
else
  say "compute-sanitizer is not there: not run"
fi

say "Times"
lines=$build/gpu-check.jsonl
before=$(query clocks.sm,clocks.mem)
"$build/bin/commuter-cuda-bench" >"$lines"
after=$(query clocks.sm,clocks.mem)
if python3 -c 'import torch; assert torch.cuda.is_available()' 2>/dev/null; then
  python3 benchmarks/gpu-peers.py <"$lines" >"$lines.peers"
  mv "$lines.peers" "$lines"
else
  echo "Python has no PyTorch with CUDA: the page compares with copies only"
fi
name=$(query name)
page=$results/$(tr '[:upper:] ' '[:lower:]-' <<<"$name" | tr -cd 'a-z0-9-').md
mkdir -p "$results"
python3 benchmarks/gpu-report.py "$lines" \
  "date=$(date -u +%Y-%m-%d)" \
  "commit=$(git describe --always --dirty --abbrev=12 2>/dev/null || echo unknown)" \
  "driver=$(query driver_version)" \
  "clocks of SM and memory before=$before" "and after=$after" \
  "largest clocks=$(query clocks.max.sm,clocks.max.mem)" \
  "power limit=$(query power.limit)" >"$page.new"
mv "$page.new" "$page"
say "Everything passed. Times are in $page"
