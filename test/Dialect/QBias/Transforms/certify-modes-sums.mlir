// Sums and means in the modes: the three rescales of a sum, the division of a pool, the divisor of a mean.
//
// RUN: qbias-opt %s --split-input-file --qbias-integerize=requant=tflite | FileCheck %s --check-prefixes=CHECK,TFLITE
// RUN: qbias-opt %s --split-input-file --qbias-integerize=requant=single | FileCheck %s --check-prefixes=CHECK,SINGLE
// RUN: qbias-opt %s --split-input-file --qbias-integerize=requant=shift | FileCheck %s --check-prefixes=CHECK,SHIFT
// RUN: qbias-opt %s --split-input-file --qbias-integerize=requant=float | FileCheck %s --check-prefixes=CHECK,FLOAT

!a = !quant.uniform<i8:f32, 0.5:3>
!b = !quant.uniform<i8:f32, 0.25:-1>
!y = !quant.uniform<i8:f32, 1.0>

// 2 * max = 1: multipliers 0.5 and 0.25, and 1 / (2^20 * s_y).
// CHECK: #qbias.requant<
// TFLITE-SAME: mode = tflite, form = rescaled_sum, multiplier = dense<1073741824> : tensor<3xi64>, shift = dense<[31, 32, 50]>
// SINGLE-SAME: mode = single, form = rescaled_sum, multiplier = dense<1073741824> : tensor<3xi64>, shift = dense<[31, 32, 50]>
// SHIFT-SAME: mode = shift, form = affine, multiplier = dense<2> : tensor<1xi64>, addend_multiplier = dense<1> : tensor<1xi64>,
// SHIFT-SAME: shift = dense<2> : tensor<1xi64>, rounding = dense<-3>
// FLOAT-SAME: mode = float, form = float, lo = -128
func.func @sum(%a: tensor<8x!a>, %b: tensor<8x!b>) -> tensor<8x!y> {
  %ar = qbias.dequantize %a : tensor<8x!a> -> tensor<8xf32>
  %br = qbias.dequantize %b : tensor<8x!b> -> tensor<8xf32>
  %s = qbias.add %ar, %br : tensor<8xf32>, tensor<8xf32> -> tensor<8xf32>
  %y = qbias.quantize %s : tensor<8xf32> -> tensor<8x!y>
  return %y : tensor<8x!y>
}

// -----

!x = !quant.uniform<i8:f32, 0.5:3>

// One scale: the sum is divided. Its reference needs a tie to even, so no channel equals it.
// CHECK: #qbias.requant<
// TFLITE-SAME: mode = tflite, form = divide, zero_point = 3, lo = -128, hi = 127>
// SINGLE-SAME: mode = single, form = affine, multiplier = dense<1073741824> : tensor<1xi64>, shift = dense<32>
// SHIFT-SAME: mode = shift, form = affine, multiplier = dense<1> : tensor<1xi64>, shift = dense<2>
// FLOAT-SAME: mode = float, form = float, zero_point = 3,
func.func @pool(%q: tensor<1x2x2x1x!x>) -> tensor<1x1x1x1x!x> {
  %x = qbias.dequantize %q : tensor<1x2x2x1x!x> -> tensor<1x2x2x1xf32>
  %m = qbias.pool avg %x {kernel = array<i64: 2, 2>} : tensor<1x2x2x1xf32> -> tensor<1x1x1x1xf32>
  %y = qbias.quantize %m : tensor<1x1x1x1xf32> -> tensor<1x1x1x1x!x>
  return %y : tensor<1x1x1x1x!x>
}
