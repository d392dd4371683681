#!/usr/bin/env bash
# Builds the fuzzers with sanitizers (build/fuzz) and runs each on seeds a script makes.
#   scripts/fuzz.sh [SECONDS-EACH]     default 60; findings stay in build/fuzz/findings
#   scripts/fuzz.sh build              only builds them
# QBIAS_FUZZERS="Onnx Npy" chooses some of them.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-60}
folder=build/fuzz
mkdir -p $folder/findings
llvm=/usr/lib/llvm-22
if [ ! -f $folder/build.ninja ]; then
  cmake -G Ninja -S . -B $folder -DCMAKE_CXX_COMPILER=clang++-22 -DCMAKE_C_COMPILER=clang-22 \
    -DMLIR_DIR=$llvm/lib/cmake/mlir -DLLVM_EXTERNAL_LIT=$llvm/bin/lit -DQBIAS_FUZZERS=ON \
    -DCMAKE_EXE_LINKER_FLAGS="-B$llvm/bin -fuse-ld=lld" >$folder/cmake.log 2>&1 ||
    { tail -20 $folder/cmake.log; exit 1; }
fi
ninja -C $folder -j"${QBIAS_JOBS:-2}" OnnxFuzzer PyTorchFuzzer TfliteFuzzer NpyFuzzer >$folder/build.log 2>&1 ||
  { grep -m20 -A5 -E 'error|FAILED' $folder/build.log; exit 1; }
[ "$seconds" != build ] || exit 0
/usr/bin/python3 test/Fuzz/make_seeds.py $folder/seeds
# Debian's libMLIR and libprotobuf are not instrumented: their containers look broken, and
# memory that inlined allocators poison is never released to them.
export ASAN_OPTIONS=detect_container_overflow=0:allow_user_poisoning=0:allocator_may_return_null=0
export UBSAN_OPTIONS=print_stacktrace=1
status=0
for name in ${QBIAS_FUZZERS:-Onnx PyTorch Tflite Npy}; do
  mkdir -p $folder/corpus/$name $folder/seeds/$name
  inputs=($folder/corpus/$name $folder/seeds/$name)
  [ ! -d test/Fuzz/Crashes/$name ] || inputs+=(test/Fuzz/Crashes/$name)
  echo "== ${name}Fuzzer, $seconds s"
  $folder/bin/${name}Fuzzer -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 \
    -malloc_limit_mb=512 -max_len=65536 -print_final_stats=1 -use_value_profile=1 \
    -artifact_prefix=$folder/findings/$name- "${inputs[@]}" >$folder/$name.log 2>&1 || status=1
  grep -E '^(stat::|SUMMARY|Done)' $folder/$name.log || tail -5 $folder/$name.log
done
exit $status
