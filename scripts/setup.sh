#!/usr/bin/env bash
# Installs what a fresh Debian 12 lacks for building and testing Commuter.
# Does nothing if everything is there. Needs root (or sudo) only to install.
set -euo pipefail

packages=(
  ca-certificates cmake g++ git libgtest-dev ninja-build python3
  libmlir-22-dev mlir-22-tools llvm-22-dev llvm-22-tools clang-format-22
  libopenmpi-dev openmpi-bin
)

missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null |
    grep -q 'install ok installed' || missing+=("$package")
done 2>/dev/null || true
[ ${#missing[@]} -eq 0 ] && exit 0

if ! command -v apt-get >/dev/null || ! grep -qs '^ID=debian' /etc/os-release; then
  cat >&2 <<MESSAGE
Commuter needs MLIR 22 with its dylib (libMLIR.so), LLVM 22's tools (FileCheck,
lit, mlir-tblgen), GoogleTest, CMake 3.20 or later, Ninja, Python 3 and a C++20
compiler; for the transport mpi also an MPI, such as Open MPI.
This script installs them on Debian 12 only. Elsewhere install LLVM and MLIR 22
built with -DLLVM_BUILD_LLVM_DYLIB=ON, and configure with
  cmake -S . -B build -G Ninja -DMLIR_DIR=<prefix>/lib/cmake/mlir
MESSAGE
  exit 1
fi

run() { if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi; }

# LLVM 22 comes from Debian's security suite, which a bare debootstrap lacks.
if ! grep -rqsE 'bookworm-security' /etc/apt/sources.list /etc/apt/sources.list.d; then
  mirror=$(grep -rhsoE 'https?://[^ ]+/debian/?( |$)' /etc/apt/sources.list \
             /etc/apt/sources.list.d | head -n 1 | sed 's|/debian/\{0,1\} *$||')
  echo "deb ${mirror:-http://deb.debian.org}/debian-security bookworm-security main" |
    run tee /etc/apt/sources.list.d/commuter-security.list >/dev/null
fi
export DEBIAN_FRONTEND=noninteractive
echo "Installing: ${missing[*]}"
run apt-get update -qq
run apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
