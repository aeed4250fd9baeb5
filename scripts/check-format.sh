#!/usr/bin/env bash
# Fails if clang-format 22 would change a C++ or CUDA file; `--fix` changes them.
set -euo pipefail
cd "$(dirname "$0")/.."
mode=(--dry-run -Werror)
[ "${1:-}" = --fix ] && mode=(-i)
git ls-files -z --cached --others --exclude-standard '*.cpp' '*.h' '*.cu' |
  xargs -0 clang-format-22 --style=file "${mode[@]}"
