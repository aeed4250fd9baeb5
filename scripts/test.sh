#!/usr/bin/env bash
# Installs what is missing, builds, and runs every test. The last line is
# `N passed, N failed, N skipped`, from the suites' own counts. COMMUTER_PRESET
# and COMMUTER_BUILD_DIR are those of build.sh: COMMUTER_PRESET=asan runs all of
# it under the sanitizers.
set -euo pipefail
cd "$(dirname "$0")/.."
build=$PWD/${COMMUTER_BUILD_DIR:-build${COMMUTER_PRESET:+-$COMMUTER_PRESET}}

scripts/setup.sh
scripts/build.sh

results=()

# run_lit NAME: the lit suite.
run_lit() {
  local out=$build/lit-$1.json
  rm -f "$out"
  "$lit" -sv -o "$out" "$build/test" || true
  results+=("$out")
}
# run_gtest NAME PROGRAM [FILTER]: a GoogleTest program of the runtime.
run_gtest() {
  local out=$build/gtest-$1.json
  rm -f "$out"
  ASAN_OPTIONS=allocator_may_return_null=1 TSAN_OPTIONS=allocator_may_return_null=1 \
    "$2" --gtest_brief=1 --gtest_output="json:$out" \
    ${3:+"--gtest_filter=$3"} || true
  results+=("$out")
}

# run_cts_job TRANSPORT NAME RANKS [FILTER]: the conformance suite, as a job of RANKS
# processes. Rank 0 reports; where another one fails without it, there must be no
# report.
run_cts_job() {
  local out=$build/cts-$1-$2.json lenient=
  rm -f "$out"
  # What MPI leaks, and the order of its own locks, is not looked at.
  [ "$1" != mpi ] || lenient=1
  ASAN_OPTIONS=allocator_may_return_null=1${lenient:+:detect_leaks=0} \
    TSAN_OPTIONS=allocator_may_return_null=1${lenient:+:detect_deadlocks=0} \
    COMMUTER_MPIRUN_SECONDS=120 COMMUTER_TCPRUN_SECONDS=120 \
    "runtime/cts/$1run.sh" "$3" \
    "$build/bin/commuter-cts" "--transport=$1" --gtest_brief=1 \
    --gtest_output="json:$out" ${4:+"--gtest_filter=$4"} ||
    grep -qs '"failures": \[' "$out" || rm -f "$out"
  results+=("$out")
}
# run_nccl_job NAME RANKS [FILTER]: likewise, on the double of NCCL.
run_nccl_job() {
  local out=$build/cts-nccl-$1.json
  rm -f "$out"
  ASAN_OPTIONS=allocator_may_return_null=1 COMMUTER_TCPRUN_SECONDS=200 \
    COMMUTER_NCCL_LIBRARY=$build/lib/libCommuterNcclDouble.so \
    runtime/cts/tcprun.sh "$2" "$build/bin/commuter-cts" --transport=nccl \
    --device=cuda-emulated --gtest_brief=1 --gtest_output="json:$out" \
    ${3:+"--gtest_filter=$3"} ||
    grep -qs '"failures": \[' "$out" || rm -f "$out"
  results+=("$out")
}
# report NAME CODE OUTPUT: one test, as lit would report it.
report() {
  local out=$build/report-$1.json
  printf '{"tests": [{"name": "%s", "code": "%s", "output": "%s"}]}' "$1" "$2" "$3" >"$out"
  results+=("$out")
}
# skip NAME WHY
skip() { report "$1" SKIPPED "$2"; }

# As it is, then with every module printed and parsed again on the way.
lit=$(sed -n 's/^LLVM_EXTERNAL_LIT:[A-Z]*=//p' "$build/CMakeCache.txt")
lit=${lit:-/usr/lib/llvm-22/bin/lit}
run_lit plain
COMMUTER_VERIFY_ROUNDTRIP=1 run_lit roundtrip

# The runtime, with the kernels of each instruction set; and built by itself.
run_gtest default "$build/bin/commuter-cts"
for isa in portable avx2 avx512; do
  COMMUTER_ISA=$isa run_gtest "$isa" "$build/bin/commuter-cts" '*Norm*:*Reduce*:*Contract*'
done
COMMUTER_THREADS=3 COMMUTER_CACHE_BYTES=1 run_gtest streaming \
  "$build/bin/commuter-cts" '*Norm*:*Quantize*'
cmake -S runtime -B "$build/runtime-alone" -G Ninja \
  -DCOMMUTER_SANITIZE="$(sed -n 's/^COMMUTER_SANITIZE:[A-Z]*=//p' "$build/CMakeCache.txt")" \
  -DCMAKE_CXX_COMPILER_LAUNCHER="$(command -v ccache || true)" >/dev/null
ninja -C "$build/runtime-alone" >/dev/null
run_gtest alone "$build/runtime-alone/bin/commuter-cts"
run_gtest port "$build/bin/commuter-port-test"
run_gtest job "$build/bin/commuter-job-test"
run_gtest messenger "$build/bin/commuter-messenger-test"
run_gtest pool "$build/bin/commuter-pool-test"

# The suite with as many processes as its worlds have ranks: on the transport tcp,
# and with messages in parts, as they are beyond a frame's size; then on mpi, and
# with messages in parts, as they are beyond 1 GiB.
for ranks in 1 2 3 4 6 8; do
  run_cts_job tcp "$ranks" "$ranks"
done
COMMUTER_TCP_FRAME_BYTES=61 run_cts_job tcp parts 4 '*Gather*:*Reduce*:*AllToAll*'
if [ ! -e "$build/lib/libCommuterTransportMpi.so" ]; then
  skip commuter-cts-mpi "MPI was not found when this was configured"
elif ! command -v mpirun >/dev/null; then
  skip commuter-cts-mpi "there is no mpirun"
else
  for ranks in 1 2 3 4 6 8; do
    run_cts_job mpi "$ranks" "$ranks"
  done
  COMMUTER_MPI_MAX_BYTES=61 run_cts_job mpi parts 4 '*Gather*:*Reduce*:*AllToAll*'
fi

# On transport nccl with its double, between emulated GPUs; a library of the real one
# is only looked at, unless there are GPUs.
run_gtest nccl "$build/bin/commuter-nccl-test"
if [ -e "$build/lib/libCommuterNcclDouble.so" ]; then
  for ranks in 1 2 3 4 8; do
    run_nccl_job "$ranks" "$ranks"
  done
  # Order and NaN are NCCL's own then.
  COMMUTER_NCCL_REDUCTIONS=library run_nccl_job reductions 4 \
    '*Reduce*:*Gather*-*InGroupOrder*:*SpecialValues*'
  # A segment that a GPU which failed may still use is left behind: a leak.
  COMMUTER_NCCL_REGISTER=4096 run_nccl_job registered 4 '-*AFaultIsEveryRanks*'
else
  skip commuter-cts-nccl "its emulation of GPUs is unknown to the thread sanitizer"
fi

# run_cts_device DEVICE [FILTER]: the conformance suite on a GPU or its emulation.
run_cts_device() {
  local out=$build/cts-$1.json code=0 said=$build/cts-$1.txt
  rm -f "$out"
  ASAN_OPTIONS=allocator_may_return_null=1 "$build/bin/commuter-cts" "--device=$1" \
    --gtest_brief=1 --gtest_output="json:$out" ${2:+"--gtest_filter=$2"} >"$said" || code=$?
  if [ "$code" = 77 ]; then
    skip "commuter-cts-$1" "$(sed -n 's/^commuter-cts: skipped: //p' "$said" | tr -d '"\\')"
    return
  fi
  cat "$said"
  results+=("$out")
}

# The device for GPUs, on an emulation and on a GPU if there is one; then its kernels
# by themselves, and what they take of a GPU's registers.
filter=
[ "${COMMUTER_PRESET:-}" = asan ] && filter='*Device*:*Object*:*Fault*:*CollectiveTest*FourTwoBoth:*NormTest.EmptyAndNaN*'
run_cts_device cuda-emulated $filter
run_cts_device cuda
if [ -e "$build/bin/commuter-cuda-emulated" ]; then
  # The address sanitizer makes fibers ten times slower: some of them will do.
  filter=
  [ "${COMMUTER_PRESET:-}" = asan ] && filter='Emulation*:*AgainstReference*:*EmptyAndNaN*:*InvalidArguments*:*SpecialRows*'
  run_gtest cuda-emulated "$build/bin/commuter-cuda-emulated" $filter
else
  skip commuter-cuda-emulated "its fibers are unknown to the thread sanitizer"
fi
if [ -e "$build/bin/commuter-cuda" ]; then
  run_gtest cuda "$build/bin/commuter-cuda"
  code=0
  python3 scripts/cuda-resources.py --check "$build" || code=$?
  case $code in
  0) report cuda-resources PASS "" ;;
  77) skip cuda-resources "runtime/cuda/resources.md is of another nvcc" ;;
  *) report cuda-resources FAIL "" ;;
  esac
else
  skip commuter-cuda "nvcc was not found when this was configured, or this is for a sanitizer"
fi

# The reference pages are current.
docs=0
ninja -C "$build" commuter-docs-check >/dev/null || docs=1

python3 scripts/count-tests.py "$docs" "${results[@]}"
