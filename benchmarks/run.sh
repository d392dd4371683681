#!/usr/bin/env bash
# Measures qbias beside ONNX Runtime, XNNPACK and oneDNN on the same files and inputs, and
# checks every output against the exact reference.
#
#   benchmarks/run.sh DATA-DIR [--rounds R] [--runs N]
#
# DATA-DIR holds bench/*.onnx and digits/*.onnx. Writes benchmarks/results.json, and the table and
# the picture of docs/Performance.md from it.
set -euo pipefail
cd "$(dirname "$0")/.."
[ $# -ge 1 ] || { sed -n '2,9p' benchmarks/run.sh; exit 2; }
packages="libxnnpack-dev libdnnl-dev libpthreadpool-dev libcpuinfo-dev libbenchmark-dev g++"
command -v npm >/dev/null || packages="$packages nodejs npm"
missing=()
for package in $packages; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done
if [ ${#missing[@]} -gt 0 ]; then
  sudo=""
  [ "$(id -u)" = 0 ] || sudo=sudo
  $sudo apt-get install -y -q --no-install-recommends "${missing[@]}" >/dev/null
fi
scripts/build.sh >/dev/null
build=build/benchmarks
mkdir -p $build
[ -d $build/node_modules/onnxruntime-node ] ||
  npm install --prefix $build --ignore-scripts --silent onnxruntime-node@1.23.2
g++ -O2 -std=c++17 benchmarks/peers.cpp -o $build/peers -ldnnl -lXNNPACK -lpthreadpool -lcpuinfo -lpthread
clang++-22 -O2 -std=c++17 -march=native benchmarks/peak.cpp -o $build/peak -lbenchmark -lpthread
cp benchmarks/ort.js $build/
/usr/bin/python3 benchmarks/run.py "$@"
