// A maximum of unsigned integers; padded positions are ignored.
// RUN: qbias-opt %s --verify-roundtrip | FileCheck %s
// RUN: qbias-opt %s --qbias-to-linalg-pipeline | FileCheck %s --check-prefix=LINALG

!act = !quant.uniform<u8:f32, 0.5:3>

// LINALG-LABEL: func.func @max
// LINALG: linalg.pooling_nhwc_max

// CHECK-LABEL: func.func @max
// CHECK: qbias.int.max_pool %{{.*}} {kernel = array<i64: 3, 3>, pads = array<i64: 1, 1, 1, 1>, strides = array<i64: 2, 2>} : tensor<1x8x8x4xui8> -> tensor<1x4x4x4xui8>
func.func @max(%x: tensor<1x8x8x4xui8> {qbias.type = !act}) -> (tensor<1x4x4x4xui8> {qbias.type = !act}) {
  %y = qbias.int.max_pool %x {kernel = array<i64: 3, 3>, strides = array<i64: 2, 2>, pads = array<i64: 1, 1, 1, 1>}
      : tensor<1x8x8x4xui8> -> tensor<1x4x4x4xui8>
  return %y : tensor<1x4x4x4xui8>
}
