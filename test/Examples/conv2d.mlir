// A convolution of one channel to two, with bias and ReLU, becomes one integer
// operation. The bias 0.76 is 6 units of s_x * s_w = 0.5 * 0.25 and 0.01 more;
// the rest goes into the rounding constant. ReLU is the lower bound -1, the
// output's zero point.
// RUN: qbias-opt %s --verify-roundtrip | FileCheck %s --check-prefix=REAL
// RUN: qbias-opt %s --qbias-integerize | FileCheck %s

!act = !quant.uniform<u8:f32, 0.5:3>
!weight = !quant.uniform<i8:f32:0, {0.25, 0.125}>
!out = !quant.uniform<i8:f32, 1.0:-1>

// REAL-LABEL: func.func @conv
// REAL: qbias.conv2d %{{.*}}, %{{.*}} bias %{{.*}} {pads = array<i64: 1, 1, 1, 1>, qbias.source = "Conv"} : (tensor<1x4x4x1xf32>, tensor<2x3x3x1xf32>, tensor<2xf32>) -> tensor<1x4x4x2xf32>

// CHECK-DAG: #qbias.certificate<channels = 2, certified = 2
// CHECK-DAG: #qbias.layer<name = "conv", op = "Conv", tensor = "y">
// CHECK-DAG: #qbias.requant<mode = exact, form = affine, {{.*}}lo = -1, hi = 127>
// CHECK-DAG: #qbias.reference<operands = [5.000000e-01], weights = dense<[2.500000e-01, 1.250000e-01]> : tensor<2xf64>, bias = dense<[7.600000e-01, -4.300000e-01]> : tensor<2xf32>, steps = [#qbias.clamp<lo = 0.000000e+00 : f64>], result =
// CHECK-LABEL: func.func @conv
// CHECK: arith.constant dense<[6, -7]> : tensor<2xi32>
// CHECK: qbias.int.conv2d %{{.*}}, %{{.*}} bias %{{.*}} {bias_case = #qbias<bias_case float>, {{.*}}input_zp = 3 : i64
// CHECK-SAME: (tensor<1x4x4x1xui8>, tensor<2x3x3x1xi8>, tensor<2xi32>) -> tensor<1x4x4x2xi8>
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
