// Maximum and mean of windows. The maximum commutes with quantize and moves to
// the integers as it is; the mean of 3x3 windows with one padded row divides by
// 6 or by 9, one requantization each. A sum of 6 integers can be half of a
// multiple of 6, a tie that no multiplier of 1/6 hits: thresholds decide it.
// RUN: qbias-opt %s --verify-roundtrip | FileCheck %s --check-prefix=REAL
// RUN: qbias-opt %s --qbias-integerize | FileCheck %s

!act = !quant.uniform<i8:f32, 0.5:3>

// REAL-LABEL: func.func @pools
// REAL: qbias.pool max %{{.*}} {kernel = array<i64: 2, 2>, strides = array<i64: 2, 2>} : tensor<1x8x8x4xf32> -> tensor<1x4x4x4xf32>
// REAL: qbias.pool avg %{{.*}} {kernel = array<i64: 3, 3>, pads = array<i64: 1, 0, 0, 0>} : tensor<1x4x4x4xf32> -> tensor<1x3x2x4xf32>

// CHECK-DAG: #qbias.certificate<channels = 2, certified = 2>
// CHECK-DAG: #qbias.requant<mode = exact, form = threshold, thresholds = {{.*}} : tensor<2x255xi64>, lo = -128, hi = 127>
// CHECK-LABEL: func.func @pools
// CHECK: qbias.int.max_pool %{{.*}} {kernel = array<i64: 2, 2>, strides = array<i64: 2, 2>} : tensor<1x8x8x4xi8> -> tensor<1x4x4x4xi8>
// CHECK: qbias.int.avg_pool %{{.*}} {{{.*}}divisors = array<i64: 6, 9>, {{.*}}} : tensor<1x4x4x4xi8> -> tensor<1x3x2x4xi8>
func.func @pools(%q: tensor<1x8x8x4x!act>) -> tensor<1x3x2x4x!act> {
  %x = qbias.dequantize %q : tensor<1x8x8x4x!act> -> tensor<1x8x8x4xf32>
  %max = qbias.pool max %x {kernel = array<i64: 2, 2>, strides = array<i64: 2, 2>}
      : tensor<1x8x8x4xf32> -> tensor<1x4x4x4xf32>
  %mean = qbias.pool avg %max {kernel = array<i64: 3, 3>, pads = array<i64: 1, 0, 0, 0>}
      : tensor<1x4x4x4xf32> -> tensor<1x3x2x4xf32>
  %y = qbias.quantize %mean : tensor<1x3x2x4xf32> -> tensor<1x3x2x4x!act> loc("y")
  return %y : tensor<1x3x2x4x!act>
}
