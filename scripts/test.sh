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
# run_cts NAME BUILD [FILTER]: a runtime's conformance suite.
run_cts() {
  local out=$build/cts-$1.json
  rm -f "$out"
  ASAN_OPTIONS=allocator_may_return_null=1 TSAN_OPTIONS=allocator_may_return_null=1 \
    "$2/bin/commuter-cts" --gtest_brief=1 --gtest_output="json:$out" \
    ${3:+"--gtest_filter=$3"} || true
  results+=("$out")
}

# As it is, then with every module printed and parsed again on the way.
lit=$(sed -n 's/^LLVM_EXTERNAL_LIT:[A-Z]*=//p' "$build/CMakeCache.txt")
lit=${lit:-/usr/lib/llvm-22/bin/lit}
run_lit plain
COMMUTER_VERIFY_ROUNDTRIP=1 run_lit roundtrip

# The runtime, with the kernels of each instruction set; and built by itself.
run_cts default "$build"
for isa in portable avx2 avx512; do
  COMMUTER_ISA=$isa run_cts "$isa" "$build" '*Norm*:*Reduce*'
done
cmake -S runtime -B "$build/runtime-alone" -G Ninja \
  -DCOMMUTER_SANITIZE="$(sed -n 's/^COMMUTER_SANITIZE:[A-Z]*=//p' "$build/CMakeCache.txt")" \
  -DCMAKE_CXX_COMPILER_LAUNCHER="$(command -v ccache || true)" >/dev/null
ninja -C "$build/runtime-alone" >/dev/null
run_cts alone "$build/runtime-alone"

# The reference pages are current.
docs=0
ninja -C "$build" commuter-docs-check >/dev/null || docs=1

python3 scripts/count-tests.py "$docs" "${results[@]}"
