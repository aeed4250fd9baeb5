#!/usr/bin/env bash
# Configures and builds into build/ (or $COMMUTER_BUILD_DIR), with ccache if it is
# there.
set -euo pipefail
cd "$(dirname "$0")/.."
build=${COMMUTER_BUILD_DIR:-build}
launcher=()
if command -v ccache >/dev/null; then
  launcher=(-DCMAKE_C_COMPILER_LAUNCHER=ccache -DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
fi
cmake -S . -B "$build" -G Ninja "${launcher[@]}"
ninja -C "$build" "$@"
