//===- peak.cpp - what the multipliers of this machine reach ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Dot steps on registers alone, in as many chains as hide their latency: the roof
// of every kernel. Items are multiplications. Built with -march=native.
//
//===----------------------------------------------------------------------===//

#include <benchmark/benchmark.h>

#include <immintrin.h>
#include <sys/syscall.h>
#include <unistd.h>

static constexpr int kChains = 12, kSteps = 1000;

/// `step` on kChains accumulators; `macs` multiplications in a step.
template <typename Vector, typename Step>
static void run(benchmark::State &state, Vector zero, int64_t macs, Step step) {
  Vector sums[kChains];
  for (Vector &sum : sums)
    sum = zero;
  for (auto _ : state)
    for (int i = 0; i < kSteps; ++i) {
#pragma unroll
      for (int chain = 0; chain < kChains; ++chain) {
        sums[chain] = step(sums[chain]);
        asm volatile("" : "+x"(sums[chain]));
      }
    }
  for (Vector &sum : sums)
    benchmark::DoNotOptimize(sum);
  state.SetItemsProcessed(state.iterations() * kSteps * kChains * macs);
}

#ifdef __AVX2__
static void pair16OnYmm(benchmark::State &state) {
  __m256i a = _mm256_set1_epi16(3), w = _mm256_set1_epi16(5);
  run(state, _mm256_setzero_si256(), 16, [&](__m256i sum) {
    asm volatile("" : "+x"(a)); // else the products are taken out of the loop
    return _mm256_add_epi32(sum, _mm256_madd_epi16(a, w));
  });
}
BENCHMARK(pair16OnYmm);

/// What is quick and not exact: sums of two products saturate at 16 bits.
static void saturating8OnYmm(benchmark::State &state) {
  __m256i a = _mm256_set1_epi8(3), w = _mm256_set1_epi8(5), ones = _mm256_set1_epi16(1);
  run(state, _mm256_setzero_si256(), 32, [&](__m256i sum) {
    asm volatile("" : "+x"(a));
    return _mm256_add_epi32(sum, _mm256_madd_epi16(_mm256_maddubs_epi16(a, w), ones));
  });
}
BENCHMARK(saturating8OnYmm);
#endif

#ifdef __AVX512VNNI__
static void pair16OnZmm(benchmark::State &state) {
  __m512i a = _mm512_set1_epi16(3), w = _mm512_set1_epi16(5);
  run(state, _mm512_setzero_si512(), 32,
      [&](__m512i sum) { return _mm512_dpwssd_epi32(sum, a, w); });
}
BENCHMARK(pair16OnZmm);

static void dot8OnZmm(benchmark::State &state) {
  __m512i a = _mm512_set1_epi8(3), w = _mm512_set1_epi8(5);
  run(state, _mm512_setzero_si512(), 64,
      [&](__m512i sum) { return _mm512_dpbusd_epi32(sum, a, w); });
}
BENCHMARK(dot8OnZmm);
#endif

#ifdef __AMX_INT8__
/// Four tiles of sums: 16 pixels, 16 channels, 64 inputs in a step.
static void tile8(benchmark::State &state) {
  constexpr long kRequestPermission = 0x1023, kTileData = 18; // of arch_prctl
  constexpr int64_t kMacs = 16 * 16 * 64, kTiles = 4;
  if (syscall(SYS_arch_prctl, kRequestPermission, kTileData))
    return state.SkipWithError("Linux refuses tile registers");
  alignas(64) unsigned char config[64] = {1};
  for (int tile = 0; tile < 8; ++tile) {
    config[16 + 2 * tile] = 64; // bytes of a row
    config[48 + tile] = 16;     // rows
  }
  _tile_loadconfig(config);
  _tile_zero(4);
  _tile_zero(5);
  for (auto _ : state)
    for (int i = 0; i < kSteps; ++i) {
      _tile_dpbssd(0, 4, 5);
      _tile_dpbssd(1, 4, 5);
      _tile_dpbssd(2, 4, 5);
      _tile_dpbssd(3, 4, 5);
    }
  _tile_release();
  state.SetItemsProcessed(state.iterations() * kSteps * kTiles * kMacs);
}
BENCHMARK(tile8);
#endif

BENCHMARK_MAIN();
