// A last layer without quantize: the program returns its int32 accumulator, and
// the function says what it means, real = acc * scale + offset per channel. The
// offset is what the int32 bias leaves over: 1.0 = 8 * 0.125 exactly, and
// -0.43 = -7 * 0.0625 + 0.0075 (0.0074999... because -0.43 is a float32).
// RUN: qbias-opt %s --verify-roundtrip | FileCheck %s --check-prefix=REAL
// RUN: qbias-opt %s --qbias-integerize | FileCheck %s

!act = !quant.uniform<i8:f32, 0.5:3>
!weight = !quant.uniform<i8:f32:0, {0.25, 0.125}>

// REAL-LABEL: func.func @classifier
// REAL: qbias.matmul %{{.*}}, %{{.*}} bias %{{.*}} : (tensor<1x3xf32>, tensor<2x3xf32>, tensor<2xf32>) -> tensor<1x2xf32>

// CHECK-DAG: #qbias.requant<mode = exact, form = accumulator>
// CHECK-LABEL: func.func @classifier
// CHECK-SAME: -> (tensor<1x2xi32> {qbias.axis = 1 : i64, qbias.offsets = array<f64: 0.000000e+00, 0.0074999{{[0-9]*}}>, qbias.real, qbias.scales = array<f64: 1.250000e-01, 6.250000e-02>})
// CHECK: arith.constant dense<[8, -7]> : tensor<2xi32>
// CHECK: qbias.int.matmul %{{.*}}, %{{.*}} bias %{{.*}} : (tensor<1x3xi8>, tensor<2x3xi8>, tensor<2xi32>) -> tensor<1x2xi32>
func.func @classifier(%q: tensor<1x3x!act>) -> tensor<1x2xf32> {
  %w = arith.constant dense<[[1, -2, 3], [4, 5, -6]]> : tensor<2x3xi8>
  %b = arith.constant dense<[1.0, -0.43]> : tensor<2xf32>
  %wq = quant.scast %w : tensor<2x3xi8> to tensor<2x3x!weight>
  %wr = qbias.dequantize %wq : tensor<2x3x!weight> -> tensor<2x3xf32>
  %x = qbias.dequantize %q : tensor<1x3x!act> -> tensor<1x3xf32>
  %y = qbias.matmul %x, %wr bias %b : (tensor<1x3xf32>, tensor<2x3xf32>, tensor<2xf32>) -> tensor<1x2xf32>
  return %y : tensor<1x2xf32>
}
