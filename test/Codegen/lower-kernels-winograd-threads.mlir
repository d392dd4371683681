// RUN: qbias-opt %s --qbias-lower-kernels="cpu=x86-64-v4" | FileCheck %s --check-prefix=ONE
// RUN: qbias-opt %s --qbias-lower-kernels="cpu=x86-64-v4 threads=2" | FileCheck %s --check-prefix=TWO

#same = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>

// Many weights, a few tiles: threads share the channels, 16 vectors in blocks of 2. Each
// transforms the whole image.
// ONE-LABEL: func.func @many_weights(
// ONE: {qbias.units = 1 : i64}
// TWO-LABEL: func.func @many_weights(
// TWO: {qbias.units = 8 : i64}
func.func @many_weights(%x: tensor<1x16x16x256xi8>) -> tensor<1x14x14x256xi32> {
  %w = arith.constant dense<1> : tensor<3x3x256x256xi8>
  %zero = arith.constant 0 : i32
  %e = tensor.empty() : tensor<1x14x14x256xi32>
  %init = linalg.fill ins(%zero : i32) outs(%e : tensor<1x14x14x256xi32>) -> tensor<1x14x14x256xi32>
  %acc = linalg.conv_2d_nhwc_hwcf {qbias.plan = "winograd4"} ins(%x, %w : tensor<1x16x16x256xi8>, tensor<3x3x256x256xi8>) outs(%init : tensor<1x14x14x256xi32>) -> tensor<1x14x14x256xi32>
  %y = linalg.generic {indexing_maps = [#same, #same], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%acc : tensor<1x14x14x256xi32>) outs(%e : tensor<1x14x14x256xi32>) {
  ^bb0(%a: i32, %out: i32):
    linalg.yield %a : i32
  } -> tensor<1x14x14x256xi32>
  return %y : tensor<1x14x14x256xi32>
}
