// A correct rewrite passes, and its output is the module after it.
// RUN: qbias-opt %s --split-input-file --qbias-check-rewrite="pipeline=qbias-integerize seeds=8" | FileCheck %s
// RUN: qbias-opt %s --split-input-file --qbias-check-rewrite="pipeline=func.func(qbias-propagate-scales,qbias-materialize-bias),qbias-fuse-requant,qbias-certify" | FileCheck %s

!x = !quant.uniform<i8:f32, 0.5:3>
!y = !quant.uniform<i8:f32, 0.7:-5>

// Float ends become integers of a quantized type.
// CHECK-LABEL: func.func @float_ends(
// CHECK-SAME: tensor<1x4xi8> {{{.*}}qbias.type = !quant.uniform<i8:f32, 5.000000e-01:3>}
// CHECK: qbias.int.lookup
func.func @float_ends(%x: tensor<1x4xf32>) -> tensor<1x4xf32> {
  %q = qbias.quantize %x : tensor<1x4xf32> -> tensor<1x4x!x>
  %d = qbias.dequantize %q : tensor<1x4x!x> -> tensor<1x4xf32>
  %y = qbias.unary sigmoid %d : tensor<1x4xf32>
  %yq = qbias.quantize %y : tensor<1x4xf32> -> tensor<1x4x!y>
  %yd = qbias.dequantize %yq : tensor<1x4x!y> -> tensor<1x4xf32>
  return %yd : tensor<1x4xf32>
}

// -----

// An accumulator reads as acc * unit + offset, per channel, then its tail.
// CHECK-LABEL: func.func @accumulator_end(
// CHECK-SAME: tensor<1x2xi32> {qbias.axis = 1 : i64, qbias.offsets = array<f64: {{[^>]*}}>
// CHECK-SAME: qbias.tail = [#qbias.clamp<lo = 0.000000e+00 : f64>]
func.func @accumulator_end(%x: tensor<1x4x!quant.uniform<i8:f32, 0.5:3>>) -> tensor<1x2xf32> {
  %d = qbias.dequantize %x : tensor<1x4x!quant.uniform<i8:f32, 0.5:3>> -> tensor<1x4xf32>
  %c = arith.constant dense<[[1, 2, 3, 4], [5, -6, 7, -8]]> : tensor<2x4xi8>
  %wq = quant.scast %c : tensor<2x4xi8> to tensor<2x4x!quant.uniform<i8:f32:0, {0.1, 0.2}>>
  %w = qbias.dequantize %wq : tensor<2x4x!quant.uniform<i8:f32:0, {0.1, 0.2}>> -> tensor<2x4xf32>
  %b = arith.constant dense<[0.3, -0.7]> : tensor<2xf32>
  %y = qbias.matmul %d, %w bias %b : (tensor<1x4xf32>, tensor<2x4xf32>, tensor<2xf32>) -> tensor<1x2xf32>
  %r = qbias.clamp %y lo 0.0 : tensor<1x2xf32>
  return %r : tensor<1x2xf32>
}
