#!/usr/bin/env bash
# Configures and builds (the ninja targets given, or all) into build/, or into
# $COMMUTER_BUILD_DIR; with COMMUTER_PRESET=dev|release|asan|tsan into
# build-<preset>/. Uses ccache if it is there.
set -euo pipefail
cd "$(dirname "$0")/.."
arguments=(-G Ninja)
if [ -n "${COMMUTER_PRESET:-}" ]; then
  arguments=(--preset "$COMMUTER_PRESET")
fi
build=${COMMUTER_BUILD_DIR:-build${COMMUTER_PRESET:+-$COMMUTER_PRESET}}
if command -v ccache >/dev/null; then
  arguments+=(-DCMAKE_C_COMPILER_LAUNCHER=ccache -DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
fi
cmake -S . -B "$build" "${arguments[@]}"
ninja -C "$build" "$@"
