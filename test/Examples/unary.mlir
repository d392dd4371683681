// Two functions of one operand between a dequantize and a quantize: one table
// of 256 entries, whatever the functions are.
// RUN: qbias-opt %s --verify-roundtrip | FileCheck %s --check-prefix=REAL
// RUN: qbias-opt %s --qbias-integerize | FileCheck %s

!in = !quant.uniform<i8:f32, 0.0625>
!out = !quant.uniform<u8:f32, 0.00390625>

// REAL-LABEL: func.func @sigmoid_of_leaky_relu
// REAL: qbias.unary leaky_relu %{{.*}} alpha 1.000000e-01 : tensor<1x8xf32>
// REAL: qbias.unary sigmoid %{{.*}} : tensor<1x8xf32>

// CHECK: steps = [#qbias.unary<function = leaky_relu, alpha = 1.000000e-01 : f64>, #qbias.unary<function = sigmoid>], result =
// CHECK-LABEL: func.func @sigmoid_of_leaky_relu
// CHECK: qbias.int.lookup %{{.*}} {{{.*}}} : tensor<1x8xi8> -> tensor<1x8xui8>
func.func @sigmoid_of_leaky_relu(%q: tensor<1x8x!in>) -> tensor<1x8x!out> {
  %x = qbias.dequantize %q : tensor<1x8x!in> -> tensor<1x8xf32>
  %a = qbias.unary leaky_relu %x alpha 0.1 : tensor<1x8xf32>
  %b = qbias.unary sigmoid %a : tensor<1x8xf32>
  %y = qbias.quantize %b : tensor<1x8xf32> -> tensor<1x8x!out> loc("y")
  return %y : tensor<1x8x!out>
}
