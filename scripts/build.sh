#!/usr/bin/env bash
# Installs the packages that are missing and builds. Programs: build/bin.
set -euo pipefail
cd "$(dirname "$0")/.."
log=build/build.log
mkdir -p build

missing=()
for package in $(sed 's/#.*//' scripts/packages.txt); do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done
if [ ${#missing[@]} -gt 0 ]; then
  echo "installing ${#missing[@]} packages"
  sudo=""
  [ "$(id -u)" = 0 ] || sudo=sudo
  { $sudo apt-get update -q && DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -q \
      --no-install-recommends "${missing[@]}"; } >"$log" 2>&1 || { tail -20 "$log"; exit 1; }
fi

llvm=/usr/lib/llvm-22
if [ ! -f build/build.ninja ]; then
  cmake -G Ninja -S . -B build -DCMAKE_CXX_COMPILER=clang++-22 -DCMAKE_C_COMPILER=clang-22 \
    -DMLIR_DIR=$llvm/lib/cmake/mlir -DLLVM_EXTERNAL_LIT=$llvm/bin/lit \
    -DCMAKE_EXE_LINKER_FLAGS="-B$llvm/bin -fuse-ld=lld" >"$log" 2>&1 || { tail -20 "$log"; exit 1; }
fi
start=$(date +%s)
ninja -C build -j"${QBIAS_JOBS:-2}" "$@" >"$log" 2>&1 || { grep -m20 -A5 -E 'error|FAILED' "$log" || tail -20 "$log"; exit 1; }
echo "built in $(($(date +%s) - start)) s"
