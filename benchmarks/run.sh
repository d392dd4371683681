#!/usr/bin/env bash
# Measures qbias beside ONNX Runtime, XNNPACK, oneDNN and MLIR's own lowering on the same files and
# inputs, once held to AVX2 and once with the whole processor, and checks every output against the
# exact reference.
#
#   benchmarks/run.sh DATA-DIR [--rounds R] [--networks PART-OF-NAME] [--layers PART-OF-NAME]
#     [--output FILE] [--docs DIR]
#
# DATA-DIR holds bench/*.onnx, digits/*.onnx and conformance/tflite/*/model_int8.tflite. Writes
# benchmarks/results.json, and the tables and the picture of docs/Performance.md from it.
set -euo pipefail
start=$PWD
cd "$(dirname "$0")/.."
[ $# -ge 1 ] || { sed -n '2,10p' benchmarks/run.sh; exit 2; }
packages="libxnnpack-dev libdnnl-dev libpthreadpool-dev libcpuinfo-dev libbenchmark-dev g++ mlir-22-tools"
command -v npm >/dev/null || packages="$packages nodejs npm"
missing=()
for package in $packages; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done
if [ ${#missing[@]} -gt 0 ]; then
  sudo=""
  [ "$(id -u)" = 0 ] || sudo=sudo
  $sudo apt-get update -q >/dev/null
  $sudo apt-get install -y -q --no-install-recommends "${missing[@]}" >/dev/null
fi
scripts/build.sh >/dev/null
build=build/benchmarks
native=node_modules/onnxruntime-node/bin/napi-v6/linux/x64/libonnxruntime.so.1
mkdir -p $build/avx2
[ -d $build/node_modules/onnxruntime-node ] ||
  npm install --prefix $build --ignore-scripts --silent onnxruntime-node@1.23.2
g++ -O2 -std=c++17 benchmarks/peers.cpp -o $build/peers -ldnnl -lXNNPACK -lpthreadpool -lcpuinfo -lpthread
clang++-22 -O2 -std=c++17 -march=native benchmarks/peak.cpp -o $build/peak -lbenchmark -lpthread
clang++-22 -O2 -std=c++17 benchmarks/kernels.cpp -o $build/kernels -lbenchmark -lpthread -ldl
cp benchmarks/ort.js $build/
# ONNX Runtime once more, as it is on a processor that has AVX2 and not AVX-512; XNNPACK asks libcpuinfo.
clang-22 -O2 -shared -fPIC benchmarks/hold_avx2.c -o $build/avx2/hold_avx2.so
cp benchmarks/ort.js $build/avx2/
/usr/bin/python3 benchmarks/hold_avx2.py "$(g++ -print-file-name=libcpuinfo.so.0)" $build/avx2/libcpuinfo.so.0
if [ ! -d $build/avx2/node_modules ]; then
  rm -rf $build/copy
  mkdir $build/copy
  cp -r $build/node_modules $build/copy/
  /usr/bin/python3 benchmarks/hold_avx2.py $build/$native $build/copy/$native
  mv $build/copy/node_modules $build/avx2/
fi
data=$1; shift
case $data in /*) ;; *) data=$start/$data ;; esac
/usr/bin/python3 benchmarks/run.py "$data" "$@"
