#!/usr/bin/env bash
# Takes the figures of benchmarks/results anew, on this machine: one script for
# each file. run.sh [BUILD]
set -euo pipefail
cd "$(dirname "$0")/.."
build=${1:-build}
scripts/build.sh commuter-bench-norms commuter-bench-collectives
benchmarks/norms.py "$build"
benchmarks/norms-torch.py "$build"
benchmarks/collectives/run.py "$build" >benchmarks/results/collectives.md
