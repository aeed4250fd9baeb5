#!/usr/bin/env bash
# Installs what is missing, builds, and shows what Commuter does to a program:
# before, after, the remark, and both versions executed and compared. Shows
# DeepSeek-V3's data-parallel attention, or the FILE given, or with --all each
# program in examples/.
set -euo pipefail
cd "$(dirname "$0")/.."
build=${COMMUTER_BUILD_DIR:-build${COMMUTER_PRESET:+-$COMMUTER_PRESET}}
examples=(examples/deepseek_v3_dp_attention.mlir)
if [ "${1:-}" = --all ]; then
  examples=(examples/*.mlir)
elif [ $# -gt 0 ]; then
  examples=("$@")
fi

scripts/setup.sh
log=$(mktemp)
trap 'rm -f "$log"' EXIT
echo "Building ..."
scripts/build.sh commuter-opt commuter-run >"$log" 2>&1 || { cat "$log"; exit 1; }

if [ -t 1 ]; then bold=$'\033[1m' plain=$'\033[0m'; else bold= plain=; fi
title() { printf '\n%s== %s%s\n' "$bold" "$1" "$plain"; }
# The operations alone, without the types that make lines long.
body() { grep -E '^ +(%|return)' | sed -E 's/ : .*->/ : ->/; s/^ +/  /'; }

for example in "${examples[@]}"; do
  title "$example, as written"
  "$build/bin/commuter-opt" "$example" | body
  title "after dist-commute-norms"
  "$build/bin/commuter-opt" "$example" --commuter-optimize \
    --remark-format=emitRemark --remarks-filter=dist 2>"$log" | body
  title "what became of the norm"
  sed -nE 's/.*remark: (\[[A-Za-z]+\]) dist-commute-norms \| Category:dist \| (Function=[^|]*\| )?/  \1 /p' "$log"
  title "both versions, run"
  "$build/bin/commuter-run" "$example" --compare
done
