//===- peers.cpp - XNNPACK and oneDNN on single convolutions ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   peers xnnpack|onednn H W C K R STRIDE PAD RUNS INPUT.bin WEIGHT.bin OUTPUT.bin
//
// INPUT: H * W * C integers, int8 (xnnpack) or uint8 (onednn); WEIGHT: K * R * R * C
// int8, output channels first. OUTPUT: what one run computes: int8 of
// qs8_qc8w (xnnpack, scale of every channel 2^-10), int32 sums (onednn). Prints
// milliseconds of processor time as JSON.
//
//===----------------------------------------------------------------------===//

#include <dnnl.hpp>
#include <xnnpack.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>
#include <vector>

namespace {

struct Layer {
  size_t rows, columns, inputs, outputs, kernel, stride, pad;
  size_t outRows() const { return (rows + 2 * pad - kernel) / stride + 1; }
  size_t outColumns() const { return (columns + 2 * pad - kernel) / stride + 1; }
};

double now() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return time.tv_sec * 1e3 + time.tv_nsec / 1e6;
}

template <typename F>
void measure(int runs, F run) {
  std::vector<double> times;
  run();
  for (int i = 0; i < runs; ++i) {
    double start = now();
    run();
    times.push_back(now() - start);
  }
  std::sort(times.begin(), times.end());
  std::printf("{\"cpu_min_ms\": %.6f, \"cpu_median_ms\": %.6f}\n", times.front(),
              times[times.size() / 2]);
}

std::vector<int8_t> readFile(const char *path, size_t bytes) {
  std::vector<int8_t> data(bytes);
  FILE *file = std::fopen(path, "rb");
  if (!file || std::fread(data.data(), 1, bytes, file) != bytes) {
    std::fprintf(stderr, "%s: expected %zu bytes\n", path, bytes);
    std::exit(1);
  }
  std::fclose(file);
  return data;
}

void writeFile(const char *path, const void *data, size_t bytes) {
  FILE *file = std::fopen(path, "wb");
  if (!file || std::fwrite(data, 1, bytes, file) != bytes)
    std::exit(1);
  std::fclose(file);
}

void runOneDnn(const Layer &l, int runs, const std::vector<int8_t> &input,
               const std::vector<int8_t> &weight, const char *output) {
  using namespace dnnl;
  using Dims = memory::dims;
  engine cpu(engine::kind::cpu, 0);
  stream queue(cpu);
  auto dim = [](size_t v) { return memory::dim(v); };
  Dims x = {1, dim(l.inputs), dim(l.rows), dim(l.columns)};
  Dims w = {dim(l.outputs), dim(l.inputs), dim(l.kernel), dim(l.kernel)};
  Dims y = {1, dim(l.outputs), dim(l.outRows()), dim(l.outColumns())};
  Dims stride(2, dim(l.stride)), pad(2, dim(l.pad));
  using Type = memory::data_type;
  using Tag = memory::format_tag;
  memory::desc xd(x, Type::u8, Tag::nhwc), wd(w, Type::s8, Tag::any),
      yd(y, Type::s32, Tag::nhwc);
  convolution_forward::desc desc(prop_kind::forward_inference,
                                 algorithm::convolution_direct, xd, wd, yd, stride, pad,
                                 pad);
  convolution_forward::primitive_desc primitive(desc, cpu);
  memory source(xd, cpu, const_cast<int8_t *>(input.data()));
  memory plain({w, Type::s8, Tag::ohwi}, cpu, const_cast<int8_t *>(weight.data()));
  memory packed(primitive.weights_desc(), cpu);
  reorder(plain, packed).execute(queue, plain, packed);
  memory result(yd, cpu);
  convolution_forward conv(primitive);
  measure(runs, [&] {
    conv.execute(
        queue,
        {{DNNL_ARG_SRC, source}, {DNNL_ARG_WEIGHTS, packed}, {DNNL_ARG_DST, result}});
    queue.wait();
  });
  writeFile(output, result.get_data_handle(), yd.get_size());
}

void runXnnpack(const Layer &l, int runs, const std::vector<int8_t> &input,
                const std::vector<int8_t> &weight, const char *output) {
  xnn_initialize(nullptr);
  constexpr float kScale = 1.0f / 1024;
  std::vector<float> scales(l.outputs, kScale);
  std::vector<int32_t> bias(l.outputs, 0);
  xnn_operator_t op = nullptr;
  xnn_status status = xnn_create_convolution2d_nhwc_qc8(
      l.pad, l.pad, l.pad, l.pad, l.kernel, l.kernel, l.stride, l.stride, 1, 1, 1,
      l.inputs, l.outputs, l.inputs, l.outputs, /*input_zero_point=*/0,
      /*input_scale=*/1.0f, scales.data(), weight.data(), bias.data(),
      /*output_zero_point=*/0, /*output_scale=*/1.0f, -128, 127, 0, &op);
  std::vector<int8_t> padded(input);
  padded.resize(input.size() + XNN_EXTRA_BYTES);
  std::vector<int8_t> result(l.outRows() * l.outColumns() * l.outputs);
  if (status == xnn_status_success)
    status = xnn_setup_convolution2d_nhwc_qc8(op, 1, l.rows, l.columns, padded.data(),
                                              result.data(), nullptr);
  if (status != xnn_status_success) {
    std::fprintf(stderr, "xnnpack: status %d\n", int(status));
    std::exit(1);
  }
  measure(runs, [&] { xnn_run_operator(op, nullptr); });
  writeFile(output, result.data(), result.size());
  xnn_delete_operator(op);
}

} // namespace

int main(int argc, char **argv) {
  if (argc != 13) {
    std::fprintf(stderr, "usage: peers xnnpack|onednn H W C K R STRIDE PAD RUNS INPUT "
                         "WEIGHT OUTPUT\n");
    return 2;
  }
  size_t numbers[8];
  for (int i = 0; i < 8; ++i)
    numbers[i] = std::strtoul(argv[2 + i], nullptr, 10);
  Layer layer{numbers[0], numbers[1], numbers[2], numbers[3],
              numbers[4], numbers[5], numbers[6]};
  auto input = readFile(argv[10], layer.rows * layer.columns * layer.inputs);
  auto weight =
      readFile(argv[11], layer.outputs * layer.kernel * layer.kernel * layer.inputs);
  bool isXnnpack = std::string(argv[1]) == "xnnpack";
  (isXnnpack ? runXnnpack : runOneDnn)(layer, int(numbers[7]), input, weight, argv[12]);
  return 0;
}
