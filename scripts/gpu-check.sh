#!/usr/bin/env bash
# Everything that needs a GPU, on a machine that has one: builds the runtime (no LLVM
# needed), runs the kernels' tests, times the kernels, and writes the times to
# benchmarks/results/<gpu>.md; then runs the conformance suite, NCCL where that is (on the
# transport nccl where there are two GPUs or more), PyTorch's times where Python has that,
# and compute-sanitizer where that is. A step that fails, or takes too long, keeps no other
# from running: the page and the last lines say which did, and the exit status is 1.
# Needs nvcc 12.8 or later, CMake, GoogleTest, a C++20 compiler and Python 3, and no network.
#   gpu-check.sh ["MODEL.so AXIS=SIZE..." ...]
# also runs programs that were compiled elsewhere, by examples/host. Where there is
# MODEL.as-written.so, too, it must give the same bits:
#   commuter-compile examples/host/block.mlir --device cuda --target-cpu x86-64-v3 \
#     -o block.so
#   commuter-compile examples/host/block.mlir --device cuda --target-cpu x86-64-v3 \
#     -o block.as-written.so --pipeline none
#   scripts/gpu-check.sh "block.so dp=8"
#   COMMUTER_BUILD_DIR  the build directory (build-gpu)
#   COMMUTER_RESULTS    where the page goes (benchmarks/results)
#   COMMUTER_COMMIT     what the page says of it, where there is no .git
#   COMMUTER_SECONDS    no step starts, or goes on, after that many (3600)
#   GTEST_SOURCE        GoogleTest's sources, where it is not installed: of Debian's
#                       package googletest, /usr/src/googletest
set -euo pipefail
cd "$(dirname "$0")/.."
build=${COMMUTER_BUILD_DIR:-build-gpu}
results=${COMMUTER_RESULTS:-benchmarks/results}
smi=${NVIDIA_SMI:-nvidia-smi}
budget=${COMMUTER_SECONDS:-3600}

fail() {
  echo "gpu-check: error: $*" >&2
  exit 1
}
say() { printf '\n== %s (at %d s)\n' "$*" "$SECONDS"; }
# query FIELDS: of the first GPU, separated by ", ".
query() { "$smi" --id=0 --query-gpu="$1" --format=csv,noheader 2>/dev/null || echo unknown; }

passed=() failed=()
# step NAME SECONDS COMMAND...: one check, which may take that many.
step() {
  local name=$1 limit=$2 code=0
  shift 2
  say "$name"
  ((limit < budget - SECONDS)) || limit=$((budget - SECONDS))
  if ((limit <= 0)); then
    failed+=("$name (not run: the time was up)")
    return 1
  fi
  timeout --kill-after=5 "$limit" "$@" || code=$?
  case $code in
  0) passed+=("$name") && return ;;
  124 | 137) failed+=("$name (not done within $limit s)") ;;
  *) failed+=("$name (exit status $code)") ;;
  esac
  echo "gpu-check: ${failed[-1]}" >&2
  return 1
}
# list ITEMS...: with semicolons between them, or "none".
list() {
  local text=
  for item; do text+="${text:+; }$item"; done
  echo "${text:-none}"
}

command -v "$smi" >/dev/null ||
  fail "there is no $smi, and so no driver of a GPU: nothing was checked"
gpus=$("$smi" -L 2>&1) && grep -q '^GPU 0' <<<"$gpus" ||
  fail "$smi lists no GPU (${gpus:-it says nothing}): nothing was checked"
for tool in cmake python3 c++; do
  command -v "$tool" >/dev/null || fail "$tool is missing"
done
command -v nvcc >/dev/null || [ -n "${CUDACXX:-}" ] || [ -x /usr/local/cuda/bin/nvcc ] ||
  fail "nvcc is missing: install CUDA 12.8 or later, or say CUDACXX=<nvcc>"
command -v nvcc >/dev/null || export CUDACXX=${CUDACXX:-/usr/local/cuda/bin/nvcc}
[ -n "${GTEST_SOURCE:-${GTest_ROOT:-}}" ] ||
  c++ -E -x c++ - <<<'#include <gtest/gtest.h>' >/dev/null 2>&1 ||
  fail "GoogleTest is missing: install it, or say GTEST_SOURCE=<its sources>"

say "$gpus"
say "Building the runtime in $build"
mkdir -p "$build"
[ -e "$build/CMakeCache.txt" ] || ! command -v ninja >/dev/null || export CMAKE_GENERATOR=Ninja
if [ -n "${GTEST_SOURCE:-}" ]; then
  cmake -S "$GTEST_SOURCE" -B "$build/gtest-build" -DCMAKE_BUILD_TYPE=Release \
    -DBUILD_GMOCK=OFF -DCMAKE_INSTALL_LIBDIR=lib -DCMAKE_INSTALL_PREFIX="$build/gtest"
  cmake --build "$build/gtest-build" --parallel "$(nproc)"
  cmake --install "$build/gtest-build" --prefix "$build/gtest"
  GTest_ROOT=$(cd "$build/gtest" && pwd)
  export GTest_ROOT
fi
# For the GPUs that are here alone: each generation takes its time.
chips=$("$smi" --query-gpu=compute_cap --format=csv,noheader | sort -u | tr -d '. ')
grep -qvE '^[0-9]+$' <<<"$chips" ||
  architectures=-DCMAKE_CUDA_ARCHITECTURES=$(sed 's/$/-real/' <<<"$chips" | paste -sd ';')
# Warnings of compilers that the sources have not met are no reason to stop.
cmake -S runtime -B "$build" -DCMAKE_BUILD_TYPE=Release -DCOMMUTER_CUDA=ON \
  -DCOMMUTER_MPI=OFF -DCOMMUTER_CUDA_WARNINGS_ARE_ERRORS=OFF ${architectures:+"$architectures"}
cmake --build "$build" --parallel "$(nproc)" --target CommuterDeviceCuda commuter-cts \
  commuter-cuda commuter-cuda-bench commuter-nccl-test

name=$(query name)
page=$results/$(tr '[:upper:] ' '[:lower:]-' <<<"$name" | tr -cd 'a-z0-9-').md
lines=$build/gpu-check.jsonl
# write_page: of the times, and the checks so far.
write_page() {
  mkdir -p "$results"
  python3 benchmarks/gpu-report.py "$lines" \
    "date=$(date -u +%Y-%m-%d)" \
    "commit=${COMMUTER_COMMIT:-$(git describe --always --dirty --abbrev=12 2>/dev/null || echo unknown)}" \
    "checks that passed=$(list ${passed[@]+"${passed[@]}"})" \
    "and that did not=$(list ${failed[@]+"${failed[@]}"})" \
    "driver=$(query driver_version)" \
    "clocks of SM and memory before=$before" "and after=$after" \
    "largest clocks=$(query clocks.max.sm,clocks.max.mem)" \
    "power limit=$(query power.limit)" >"$page.new"
  mv "$page.new" "$page"
}

step "the kernels, against references in f64 and the CPU's bits" 180 \
  "$build/bin/commuter-cuda" --gtest_brief=1 || true
before=$(query clocks.sm,clocks.mem)
has_times=false
if step "the kernels' times" 120 bash -c '"$1" >"$2"' - "$build/bin/commuter-cuda-bench" \
  "$lines"; then
  has_times=true
  after=$(query clocks.sm,clocks.mem)
  write_page # more comes, or is lost
fi
step "the conformance suite, cuda x threads" 240 \
  "$build/bin/commuter-cts" --device=cuda --gtest_brief=1 || true

build_host() {
  cmake -S examples/host -B "$build/host" -DCMAKE_BUILD_TYPE=Release \
    -DCOMMUTER_RUNTIME_INCLUDE_DIR="$PWD/runtime/include" \
    -DCOMMUTER_RUNTIME_LIBRARY="$(cd "$build" && pwd)/lib/libCommuterRuntime.so" &&
    cmake --build "$build/host"
}
if [ $# -gt 0 ]; then
  say "Building the host of compiled programs"
  build_host || failed+=("building the host of compiled programs")
fi
for program in "$@"; do
  read -r model axes <<<"$program"
  as_written=${model%.so}.as-written.so
  step "$program" 60 bash -c 'set -o pipefail; "${@:2}" | tee "$1"' - "$build/results" \
    "$build/host/host" "$model" $axes || continue
  [ -e "$as_written" ] || continue
  step "$program, against $as_written" 60 bash -c 'set -o pipefail; "${@:2}" | cmp - "$1"' - \
    "$build/results" "$build/host/host" "$as_written" $axes || true
done

# NCCL comes with PyTorch, too.
nccl=${COMMUTER_NCCL_LIBRARY:-$(ldconfig -p 2>/dev/null | sed -n 's/.*=> \(.*libnccl\.so\.2\)$/\1/p')}
if [ -z "$nccl" ]; then
  nccl=$(python3 -c 'import nvidia.nccl; print(*nvidia.nccl.__path__)' 2>/dev/null || true)
  nccl=${nccl:+$nccl/lib/libnccl.so.2}
fi
if [ -n "$nccl" ]; then
  export COMMUTER_NCCL_LIBRARY=${nccl%%$'\n'*}
  step "NCCL, by one rank" 120 "$build/bin/commuter-nccl-test" --gtest_brief=1 \
    --gtest_filter='NcclOneRankTest.Gpu' || true
  # One rank a GPU, in the sizes that the suite has.
  count=$(grep -c '^GPU ' <<<"$gpus")
  [ "$count" -ge 2 ] || say "the conformance suite, cuda x nccl: not run, it takes two GPUs"
  for ranks in 2 3 4 6 8; do
    [ "$ranks" -le "$count" ] || continue
    step "the conformance suite, cuda x nccl on $ranks GPUs" 300 \
      runtime/cts/tcprun.sh "$ranks" "$build/bin/commuter-cts" --transport=nccl \
      --device=cuda --gtest_brief=1 || true
  done
else
  say "NCCL is not there: not run"
fi

if ! $has_times; then
  :
elif python3 -c 'import torch; assert torch.cuda.is_available()' 2>/dev/null; then
  # What it has not come to stays without.
  step "PyTorch's times" 240 bash -c 'python3 benchmarks/gpu-peers.py 120 <"$1" >"$1.peers"' \
    - "$lines" && mv "$lines.peers" "$lines" || true
else
  say "Python has no PyTorch with CUDA: the page compares with copies only"
fi

sanitizer=$(command -v compute-sanitizer || ls /usr/local/cuda/bin/compute-sanitizer 2>/dev/null || true)
if [ -n "$sanitizer" ]; then
  # What exercises each kernel once: the tools slow them down a hundredfold. Errors of
  # CUDA's functions are the tests' to judge: some are provoked.
  for tool in "memcheck --report-api-errors no" racecheck synccheck; do
    step "compute-sanitizer ${tool%% *}, the kernels" 100 "$sanitizer" --tool $tool \
      --error-exitcode 9 "$build/bin/commuter-cuda" --gtest_brief=1 \
      --gtest_filter='*EmptyAndNaN*:*SpecialRows*:*InvalidArguments*' || true
  done
  step "compute-sanitizer memcheck, the conformance suite" 100 "$sanitizer" --tool memcheck \
    --report-api-errors no --error-exitcode 9 "$build/bin/commuter-cts" --device=cuda \
    --gtest_brief=1 \
    --gtest_filter='*DeviceTest*:*CollectiveTest*TwoTwoSwapped:*LoopNests*:*SeveralDimensions*-*OfMany*' ||
    true
else
  say "compute-sanitizer is not there: not run"
fi

if $has_times; then
  write_page
  say "Times are in $page"
fi
say "Passed: $(list ${passed[@]+"${passed[@]}"})"
[ ${#failed[@]} = 0 ] || fail "did not pass: $(list "${failed[@]}")"
say "Everything passed"
