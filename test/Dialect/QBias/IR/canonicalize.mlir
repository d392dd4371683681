// Folds: quantize of a dequantize of the same type, and chains of transposes.
// RUN: qbias-opt %s --canonicalize | FileCheck %s

!q = !quant.uniform<i8:f32, 0.5:3>
!other = !quant.uniform<i8:f32, 0.5:4>
!axis0 = !quant.uniform<i8:f32:0, {0.25, 0.125}>
!axis1 = !quant.uniform<i8:f32:1, {0.25, 0.125}>

// CHECK-LABEL: func.func @quantize_of_dequantize_of_one_type_is_the_operand
// CHECK-SAME: (%[[Q:.*]]: tensor<2x4x!quant{{.*}}>)
func.func @quantize_of_dequantize_of_one_type_is_the_operand(%q: tensor<2x4x!q>) -> tensor<2x4x!q> {
  // CHECK-NEXT: return %[[Q]]
  %0 = qbias.dequantize %q : tensor<2x4x!q> -> tensor<2x4xf32>
  %1 = qbias.quantize %0 : tensor<2x4xf32> -> tensor<2x4x!q>
  return %1 : tensor<2x4x!q>
}

// CHECK-LABEL: func.func @per_axis_folds_too
// CHECK-SAME: (%[[Q:.*]]: tensor<2x4x!per_axis{{.*}}>)
func.func @per_axis_folds_too(%q: tensor<2x4x!axis0>) -> tensor<2x4x!axis0> {
  // CHECK-NEXT: return %[[Q]]
  %0 = qbias.dequantize %q : tensor<2x4x!axis0> -> tensor<2x4xf32>
  %1 = qbias.quantize %0 : tensor<2x4xf32> -> tensor<2x4x!axis0>
  return %1 : tensor<2x4x!axis0>
}

// The zero points differ: integers change, and saturate.
// CHECK-LABEL: func.func @quantize_to_another_type_stays
func.func @quantize_to_another_type_stays(%q: tensor<2x4x!q>) -> tensor<2x4x!other> {
  // CHECK: qbias.dequantize
  // CHECK: qbias.quantize
  %0 = qbias.dequantize %q : tensor<2x4x!q> -> tensor<2x4xf32>
  %1 = qbias.quantize %0 : tensor<2x4xf32> -> tensor<2x4x!other>
  return %1 : tensor<2x4x!other>
}

// The other order rounds.
// CHECK-LABEL: func.func @dequantize_of_quantize_stays
func.func @dequantize_of_quantize_stays(%x: tensor<2x4xf32>) -> tensor<2x4xf32> {
  // CHECK: qbias.quantize
  // CHECK: qbias.dequantize
  %0 = qbias.quantize %x : tensor<2x4xf32> -> tensor<2x4x!q>
  %1 = qbias.dequantize %0 : tensor<2x4x!q> -> tensor<2x4xf32>
  return %1 : tensor<2x4xf32>
}

// CHECK-LABEL: func.func @transpose_by_nothing_is_the_operand
// CHECK-SAME: (%[[X:.*]]: tensor<2x3x4xf32>)
func.func @transpose_by_nothing_is_the_operand(%x: tensor<2x3x4xf32>) -> tensor<2x3x4xf32> {
  // CHECK-NEXT: return %[[X]]
  %0 = qbias.transpose %x [0, 1, 2] : tensor<2x3x4xf32> -> tensor<2x3x4xf32>
  return %0 : tensor<2x3x4xf32>
}

// CHECK-LABEL: func.func @inverse_transposes_cancel
// CHECK-SAME: (%[[X:.*]]: tensor<1x3x8x4xf32>)
func.func @inverse_transposes_cancel(%x: tensor<1x3x8x4xf32>) -> tensor<1x3x8x4xf32> {
  // CHECK-NEXT: return %[[X]]
  %0 = qbias.transpose %x [0, 2, 3, 1] : tensor<1x3x8x4xf32> -> tensor<1x8x4x3xf32>
  %1 = qbias.transpose %0 [0, 3, 1, 2] : tensor<1x8x4x3xf32> -> tensor<1x3x8x4xf32>
  return %1 : tensor<1x3x8x4xf32>
}

// Result dimension i of the pair is operand dimension p1[p2[i]].
// CHECK-LABEL: func.func @transposes_compose
// CHECK-SAME: (%[[X:.*]]: tensor<2x3x4xui8>)
func.func @transposes_compose(%x: tensor<2x3x4xui8>) -> tensor<3x2x4xui8> {
  // CHECK-NEXT: %[[Y:.*]] = qbias.transpose %[[X]] [1, 0, 2] : tensor<2x3x4xui8> -> tensor<3x2x4xui8>
  // CHECK-NEXT: return %[[Y]]
  %0 = qbias.transpose %x [1, 2, 0] : tensor<2x3x4xui8> -> tensor<3x4x2xui8>
  %1 = qbias.transpose %0 [0, 2, 1] : tensor<3x4x2xui8> -> tensor<3x2x4xui8>
  return %1 : tensor<3x2x4xui8>
}

// CHECK-LABEL: func.func @the_axis_follows_both_transposes
// CHECK-SAME: (%[[X:.*]]: tensor<2x3x!per_axis{{[0-9]*}}>)
func.func @the_axis_follows_both_transposes(%x: tensor<2x3x!axis0>) -> tensor<2x3x!axis0> {
  // CHECK-NEXT: return %[[X]]
  %0 = qbias.transpose %x [1, 0] : tensor<2x3x!axis0> -> tensor<3x2x!axis1>
  %1 = qbias.transpose %0 [1, 0] : tensor<3x2x!axis1> -> tensor<2x3x!axis0>
  return %1 : tensor<2x3x!axis0>
}

// An operation without users disappears; it has no side effects.
// CHECK-LABEL: func.func @unused_operations_disappear
func.func @unused_operations_disappear(%x: tensor<1x4xf32>) {
  // CHECK-NEXT: return
  %0 = qbias.unary exp %x : tensor<1x4xf32>
  %1 = qbias.quantize %0 : tensor<1x4xf32> -> tensor<1x4x!q>
  return
}

// A graph region, here the module itself, may hold cycles: folding ends, and
// what nothing uses disappears.
// CHECK-LABEL: func.func private @cycles_below
// CHECK-NOT: qbias.
func.func private @cycles_below()
%0 = qbias.transpose %0 [1, 0] : tensor<2x2xf32> -> tensor<2x2xf32>
%1 = qbias.transpose %2 [1, 0] : tensor<2x2xf32> -> tensor<2x2xf32>
%2 = qbias.transpose %1 [1, 0] : tensor<2x2xf32> -> tensor<2x2xf32>
%3 = qbias.transpose %4 [1, 0] : tensor<2x2xf32> -> tensor<2x2xf32>
%4 = qbias.transpose %5 [0, 1] : tensor<2x2xf32> -> tensor<2x2xf32>
%5 = qbias.transpose %3 [1, 0] : tensor<2x2xf32> -> tensor<2x2xf32>
%6 = qbias.quantize %7 : tensor<2xf32> -> tensor<2x!q>
%7 = qbias.dequantize %6 : tensor<2x!q> -> tensor<2xf32>
