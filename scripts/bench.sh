#!/usr/bin/env bash
# Takes every figure of benchmarks/results anew, on this machine, and the plot of
# docs/boundary.svg: half an hour in which the machine should do nothing else.
# `bench.sh NAME...` takes some: norms, norms-torch, collectives, boundary,
# compile-time. What a script needs and does not find, it says.
set -euo pipefail
cd "$(dirname "$0")/.."
build=$PWD/${COMMUTER_BUILD_DIR:-build}
results=benchmarks/results

# take NAME COMMAND...: NAME.md is what the command prints, if it succeeds.
take() {
  local name=$1
  shift
  "$@" >"$results/$name.md.new" || { rm -f "$results/$name.md.new"; return 1; }
  mv "$results/$name.md.new" "$results/$name.md"
}

scripts/build.sh
[ $# -gt 0 ] || set -- norms norms-torch collectives boundary compile-time
for name in "$@"; do
  case $name in
  norms)
    ninja -C "$build" commuter-bench-norms
    take "norms-$(python3 benchmarks/machine.py)" benchmarks/norms.py "$build"
    ;;
  norms-torch) take norms-torch benchmarks/norms-torch.py "$build" ;;
  collectives)
    ninja -C "$build" commuter-bench-collectives
    take collectives benchmarks/collectives.py "$build"
    ;;
  boundary) take boundary benchmarks/boundary.py "$build" --plot docs/boundary.svg ;;
  compile-time) take compile-time benchmarks/compile-time.py "$build" --large --repetitions 5 ;;
  *)
    echo "bench.sh: there is no benchmark '$name'" >&2
    exit 2
    ;;
  esac
done
