// What each mode derives. s_x = 0.5, s_w = 0.25 and 0.125, s_y = 1: M = 2^-3 and 2^-4.
//
// RUN: qbias-opt %s --split-input-file --qbias-integerize=requant=single | FileCheck %s --check-prefixes=CHECK,SINGLE
// RUN: qbias-opt %s --split-input-file --qbias-integerize=requant=tflite | FileCheck %s --check-prefixes=CHECK,TFLITE
// RUN: qbias-opt %s --split-input-file --qbias-integerize=requant=float | FileCheck %s --check-prefixes=CHECK,FLOAT
// RUN: qbias-opt %s --split-input-file --qbias-integerize=requant=shift | FileCheck %s --check-prefixes=CHECK,SHIFT
// RUN: qbias-opt %s --split-input-file --qbias-integerize="requant=single requant-layer=conv=tflite" \
// RUN:   | FileCheck %s --check-prefix=LAYER
// RUN: qbias-opt %s --split-input-file --qbias-integerize=bias=float | FileCheck %s --check-prefix=FLOATBIAS
// RUN: qbias-opt %s --split-input-file --qbias-integerize=bias=int8 | FileCheck %s --check-prefix=INT8
// RUN: qbias-opt %s --split-input-file --qbias-integerize=requant=tflite | qbias-opt --split-input-file \
// RUN:   --qbias-certify=verify-only

!act = !quant.uniform<u8:f32, 0.5:3>
!weight = !quant.uniform<i8:f32:0, {0.25, 0.125}>
!out = !quant.uniform<i8:f32, 1.0:-1>

// CHECK: #qbias.requant<
// SINGLE-SAME: mode = single, form = affine, multiplier = dense<1073741824> : tensor<2xi64>,
// SINGLE-SAME: shift = dense<[33, 34]> : tensor<2xi64>, rounding = dense<[-4294967296, -8589934592]> : tensor<2xi64>,
// TFLITE-SAME: mode = tflite, form = double_round, multiplier = dense<1073741824> : tensor<2xi64>,
// TFLITE-SAME: shift = dense<[33, 34]> : tensor<2xi64>, zero_point = -1,
// FLOAT-SAME: mode = float, form = float, multiplier = dense<[1.250000e-01, 6.250000e-02]> : tensor<2xf64>, zero_point = -1,
// SHIFT-SAME: mode = shift, form = affine, multiplier = dense<1> : tensor<2xi64>,
// SHIFT-SAME: shift = dense<[3, 4]> : tensor<2xi64>, rounding = dense<[-4, -8]> : tensor<2xi64>,
// CHECK-SAME: lo = -1, hi = 127>
// LAYER: #qbias.requant<mode = tflite, form = double_round
// The bias 0.76 / 0.125 rounds to 6; float keeps it as it is; of 8 bits it is 127 units of 0.76 / 127.
// CHECK: arith.constant dense<[6, -7]> : tensor<2xi32>
// FLOATBIAS: mode = float, form = float_bias, multiplier = dense<[1.250000e-01, 6.250000e-02]> : tensor<2xf64>,
// FLOATBIAS-SAME: rounding = dense<[0.75999999046325684, -0.43000000715255737]>
// FLOATBIAS: arith.constant dense<0> : tensor<2xi32>
// INT8: mode = single, form = affine
// INT8: arith.constant dense<[6, -7]> : tensor<2xi32>
func.func @conv(%q: tensor<1x4x4x1x!act>) -> tensor<1x4x4x2x!out> {
  %w = arith.constant dense<[[[[1], [2], [3]], [[4], [5], [6]], [[7], [8], [9]]],
                             [[[-1], [0], [1]], [[-2], [0], [2]], [[-1], [0], [1]]]]> : tensor<2x3x3x1xi8>
  %b = arith.constant dense<[0.76, -0.43]> : tensor<2xf32>
  %wq = quant.scast %w : tensor<2x3x3x1xi8> to tensor<2x3x3x1x!weight>
  %wr = qbias.dequantize %wq : tensor<2x3x3x1x!weight> -> tensor<2x3x3x1xf32>
  %x = qbias.dequantize %q : tensor<1x4x4x1x!act> -> tensor<1x4x4x1xf32>
  %acc = qbias.conv2d %x, %wr bias %b {pads = array<i64: 1, 1, 1, 1>, qbias.source = "Conv"}
      : (tensor<1x4x4x1xf32>, tensor<2x3x3x1xf32>, tensor<2xf32>) -> tensor<1x4x4x2xf32> loc("conv")
  %relu = qbias.clamp %acc lo 0.0 : tensor<1x4x4x2xf32>
  %y = qbias.quantize %relu : tensor<1x4x4x2xf32> -> tensor<1x4x4x2x!out> loc("y")
  return %y : tensor<1x4x4x2x!out>
}
