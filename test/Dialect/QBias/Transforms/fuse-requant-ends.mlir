// What stands around the segments: results, constants, movement of data.
// RUN: qbias-opt %s --split-input-file --qbias-propagate-scales --qbias-materialize-bias --qbias-fuse-requant | FileCheck %s
// RUN: qbias-opt %s --split-input-file \
// RUN:   --qbias-check-rewrite="pipeline=func.func(qbias-propagate-scales,qbias-materialize-bias),qbias-fuse-requant,qbias-certify" \
// RUN:   | FileCheck %s

!a = !quant.uniform<i8:f32, 0.5:3>
!y = !quant.uniform<i8:f32, 12.0:-5>

// A right operand with leading dimensions is a tensor, also when it is constant.
// CHECK-LABEL: func.func @constant_batches_are_no_weights(
// CHECK: %[[C:.*]] = arith.constant dense<{{.*}}> : tensor<2x1x3xi8>
// CHECK: qbias.int.matmul %{{.*}}, %[[C]] {{{.*}}rhs_zp = 3 : i64}
func.func @constant_batches_are_no_weights(%q: tensor<2x2x3x!a>) -> tensor<2x2x1x!y> {
  %a = qbias.dequantize %q : tensor<2x2x3x!a> -> tensor<2x2x3xf32>
  %c = arith.constant dense<[[[1, 2, 3]], [[-4, 5, 60]]]> : tensor<2x1x3xi8>
  %r = quant.scast %c : tensor<2x1x3xi8> to tensor<2x1x3x!a>
  %b = qbias.dequantize %r : tensor<2x1x3x!a> -> tensor<2x1x3xf32>
  %0 = qbias.matmul %a, %b : (tensor<2x2x3xf32>, tensor<2x1x3xf32>) -> tensor<2x2x1xf32>
  %1 = qbias.quantize %0 : tensor<2x2x1xf32> -> tensor<2x2x1x!y>
  return %1 : tensor<2x2x1x!y>
}

// -----

!a = !quant.uniform<i8:f32, 0.5:3>
!b = !quant.uniform<i8:f32, 0.3:7>

// The operand that has the result's scale is not touched.
// CHECK-LABEL: func.func @concat_of_unequal_scales(
// CHECK-SAME: %[[A:.*]]: tensor<2xi8> {{{.*}}}, %[[B:.*]]: tensor<3xi8> {{{.*}}})
// CHECK: %[[RESCALED:.*]] = qbias.int.lookup %[[B]]
// CHECK: tensor.concat dim(0) %[[A]], %[[RESCALED]] : (tensor<2xi8>, tensor<3xi8>) -> tensor<5xi8>
func.func @concat_of_unequal_scales(%q: tensor<2x!a>, %r: tensor<3x!b>) -> tensor<5x!a> {
  %a = qbias.dequantize %q : tensor<2x!a> -> tensor<2xf32>
  %b = qbias.dequantize %r : tensor<3x!b> -> tensor<3xf32>
  %0 = tensor.concat dim(0) %a, %b : (tensor<2xf32>, tensor<3xf32>) -> tensor<5xf32>
  %1 = qbias.quantize %0 : tensor<5xf32> -> tensor<5x!a>
  return %1 : tensor<5x!a>
}

// -----

!x = !quant.uniform<i8:f32, 0.5:3>

// CHECK-LABEL: func.func @movement_of_integers(
// CHECK: %[[P:.*]] = qbias.int.pad %{{.*}} low [0, 1, 0, 0] high [0, 0, 1, 0] value 5
// CHECK: %[[M:.*]] = qbias.int.max_pool %[[P]] {kernel = array<i64: 2, 2>}
// CHECK: qbias.transpose %[[M]] [0, 3, 1, 2] : tensor<1x3x3x2xi8> -> tensor<1x2x3x3xi8>
func.func @movement_of_integers(%q: tensor<1x3x3x2x!x>) -> tensor<1x2x3x3x!x> {
  %0 = qbias.pad %q low [0, 1, 0, 0] high [0, 0, 1, 0] value 1.0 : tensor<1x3x3x2x!x> -> tensor<1x4x4x2x!x>
  %1 = qbias.pool max %0 {kernel = array<i64: 2, 2>} : tensor<1x4x4x2x!x> -> tensor<1x3x3x2x!x>
  %2 = qbias.transpose %1 [0, 3, 1, 2] : tensor<1x3x3x2x!x> -> tensor<1x2x3x3x!x>
  return %2 : tensor<1x2x3x3x!x>
}

// -----

!x = !quant.uniform<i8:f32, 0.5:3>
!w = !quant.uniform<i8:f32:0, {0.25, 0.125}>

// The channels are dimension 1 of what is returned.
// CHECK-LABEL: func.func @accumulator_is_the_result(
// CHECK-SAME: -> (tensor<1x2x3x1xi32> {qbias.axis = 1 : i64, qbias.offsets = array<f64: {{.*}}>, qbias.real, qbias.scales = array<f64: 1.250000e-01, 6.250000e-02>, qbias.tail = [#qbias.unary<function = sigmoid>]})
// CHECK: qbias.int.conv2d {{.*}} -> tensor<1x3x1x2xi32>
func.func @accumulator_is_the_result(%q: tensor<1x3x1x1x!x>) -> tensor<1x2x3x1xf32> {
  %x = qbias.dequantize %q : tensor<1x3x1x1x!x> -> tensor<1x3x1x1xf32>
  %c = arith.constant dense<[[[[3]]], [[[4]]]]> : tensor<2x1x1x1xi8>
  %wq = quant.scast %c : tensor<2x1x1x1xi8> to tensor<2x1x1x1x!w>
  %w = qbias.dequantize %wq : tensor<2x1x1x1x!w> -> tensor<2x1x1x1xf32>
  %b = arith.constant dense<[0.3, -0.7]> : tensor<2xf32>
  %0 = qbias.conv2d %x, %w bias %b : (tensor<1x3x1x1xf32>, tensor<2x1x1x1xf32>, tensor<2xf32>) -> tensor<1x3x1x2xf32>
  %1 = qbias.transpose %0 [0, 3, 1, 2] : tensor<1x3x1x2xf32> -> tensor<1x2x3x1xf32>
  %2 = qbias.unary sigmoid %1 : tensor<1x2x3x1xf32>
  return %2 : tensor<1x2x3x1xf32>
}

// -----

!x = !quant.uniform<i16:f32, 0.5>

// Three products of 16 bits leave 32 bits.
// CHECK-LABEL: func.func @wide_accumulator(
// CHECK: qbias.int.matmul {{.*}} -> tensor<1x1xi64>
func.func @wide_accumulator(%q: tensor<1x3x!x>) -> tensor<1x1xf32> {
  %x = qbias.dequantize %q : tensor<1x3x!x> -> tensor<1x3xf32>
  %c = arith.constant dense<32767> : tensor<1x3xi16>
  %wq = quant.scast %c : tensor<1x3xi16> to tensor<1x3x!x>
  %w = qbias.dequantize %wq : tensor<1x3x!x> -> tensor<1x3xf32>
  %0 = qbias.matmul %x, %w : (tensor<1x3xf32>, tensor<1x3xf32>) -> tensor<1x1xf32>
  return %0 : tensor<1x1xf32>
}

// -----

!x = !quant.uniform<u8:f32, 0.5:3>
!y = !quant.uniform<i8:f32, 0.7:-5>

// CHECK-LABEL: func.func @constant_operand_becomes_integers(
// CHECK: %[[C:.*]] = arith.constant dense<[7, 200]> : tensor<2xui8>
// CHECK: qbias.int.add %{{.*}}, %[[C]]
func.func @constant_operand_becomes_integers(%q: tensor<2x!x>) -> tensor<2x!y> {
  %x = qbias.dequantize %q : tensor<2x!x> -> tensor<2xf32>
  %c = arith.constant dense<[7, -56]> : tensor<2xi8>
  %r = quant.scast %c : tensor<2xi8> to tensor<2x!x>
  %d = qbias.dequantize %r : tensor<2x!x> -> tensor<2xf32>
  %0 = qbias.add %x, %d : tensor<2xf32>, tensor<2xf32> -> tensor<2xf32>
  %1 = qbias.quantize %0 : tensor<2xf32> -> tensor<2x!y>
  return %1 : tensor<2x!y>
}

// -----

!x = !quant.uniform<i8:f32, 0.5:3>
!z = !quant.uniform<i8:f32, 0.25:-3>
!y = !quant.uniform<i8:f32, 0.7:-5>

// Integers quantized with one scale and read with another.
// CHECK: #reference = #qbias.reference<operands = [2.500000e-01],
// CHECK-LABEL: func.func @same_bits_under_another_type(
// CHECK-SAME: %[[X:.*]]: tensor<2xi8>
// CHECK-NEXT: %[[Y:.*]] = qbias.int.lookup %[[X]] {{{.*}}input_zp = -3 : i64
// CHECK-NEXT: return %[[Y]]
func.func @same_bits_under_another_type(%q: tensor<2x!x>) -> tensor<2x!y> {
  %i = quant.scast %q : tensor<2x!x> to tensor<2xi8>
  %r = quant.scast %i : tensor<2xi8> to tensor<2x!z>
  %x = qbias.dequantize %r : tensor<2x!z> -> tensor<2xf32>
  %0 = qbias.quantize %x : tensor<2xf32> -> tensor<2x!y>
  return %0 : tensor<2x!y>
}

// -----

!x = !quant.uniform<i8:f32, 0.5:3>
!w = !quant.uniform<i8:f32:0, {0.25, 0.125}>

// Steps on both sides of the movement are applied outside, in their order.
// CHECK-LABEL: func.func @steps_around_movement_are_the_tail(
// CHECK-SAME: -> (tensor<2x2xi32> {qbias.axis = 0 : i64, {{.*}}qbias.tail = [#qbias.clamp<lo = 0.000000e+00 : f64>, #qbias.unary<function = tanh>]})
// CHECK: %[[ACC:.*]] = qbias.int.matmul
// CHECK-NEXT: %[[T:.*]] = qbias.transpose %[[ACC]] [1, 0]
// CHECK-NEXT: tensor.extract_slice %[[T]][0, 1] [2, 2] [1, 2] : tensor<2x4xi32> to tensor<2x2xi32>
func.func @steps_around_movement_are_the_tail(%q: tensor<4x1x!x>) -> tensor<2x2xf32> {
  %x = qbias.dequantize %q : tensor<4x1x!x> -> tensor<4x1xf32>
  %c = arith.constant dense<[[3], [-4]]> : tensor<2x1xi8>
  %wq = quant.scast %c : tensor<2x1xi8> to tensor<2x1x!w>
  %w = qbias.dequantize %wq : tensor<2x1x!w> -> tensor<2x1xf32>
  %0 = qbias.matmul %x, %w : (tensor<4x1xf32>, tensor<2x1xf32>) -> tensor<4x2xf32>
  %1 = qbias.clamp %0 lo 0.0 : tensor<4x2xf32>
  %2 = qbias.transpose %1 [1, 0] : tensor<4x2xf32> -> tensor<2x4xf32>
  %3 = tensor.extract_slice %2[0, 1] [2, 2] [1, 2] : tensor<2x4xf32> to tensor<2x2xf32>
  %4 = qbias.unary tanh %3 : tensor<2x2xf32>
  return %4 : tensor<2x2xf32>
}
