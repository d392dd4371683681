// RUN: qbias-opt %s --qbias-fold-scales | FileCheck %s

!x = tensor<1x2x2x3xf32>
!w = tensor<2x1x1x3x!quant.uniform<i8:f32:0, {0.5, 0.25}>>
!one = tensor<2x1x1x1x!quant.uniform<i8:f32:0, {3.0, 2.0}>>
!off = tensor<2x!quant.uniform<i32:f32:0, {0.125, 1.0}>>

// CHECK-DAG: ![[TURNED:.*]] = !quant.uniform<i8:f32:0, {1.500000e+00,5.000000e-01}>
// CHECK-DAG: ![[BIAS:.*]] = !quant.uniform<i32:f32:0, {3.125000e+00,8.000000e+00}>
// CHECK-DAG: ![[HALVED:.*]] = !quant.uniform<i8:f32:0, {2.500000e-01,1.250000e-01}>
// CHECK-DAG: ![[WIDE:.*]] = !quant.uniform<i16:f32:0, {1.000000e+00,5.000000e-01}>

// 3 * (w x + 1) + 1/8 and -2 * (w x - 4) + 0: scales take the magnitudes, integers the
// sign, the bias the rest.
// CHECK-LABEL: func.func @factor_and_offset_join_the_layer(
// CHECK-DAG: %[[W:.*]] = arith.constant dense<{{.*}}1, 2, -3{{.*}}4, 5, 127{{.*}}> : tensor<2x1x1x3xi8>
// CHECK-DAG: quant.scast %[[W]] : tensor<2x1x1x3xi8> to tensor<2x1x1x3x![[TURNED]]>
// CHECK-DAG: %[[B:.*]] = arith.constant dense<1> : tensor<2xi32>
// CHECK-DAG: quant.scast %[[B]] : tensor<2xi32> to tensor<2x![[BIAS]]>
// CHECK: %[[Y:.*]] = qbias.conv2d
// CHECK-NEXT: return %[[Y]]
func.func @factor_and_offset_join_the_layer(%x: !x) -> tensor<1x2x2x2xf32> {
  %wq = arith.constant dense<[[[[1, 2, -3]]], [[[-4, -5, -127]]]]> : tensor<2x1x1x3xi8>
  %ws = quant.scast %wq : tensor<2x1x1x3xi8> to !w
  %w = qbias.dequantize %ws : !w -> tensor<2x1x1x3xf32>
  %b = arith.constant dense<[1.0, -4.0]> : tensor<2xf32>
  %0 = qbias.conv2d %x, %w bias %b : (!x, tensor<2x1x1x3xf32>, tensor<2xf32>) -> tensor<1x2x2x2xf32>
  %fq = arith.constant dense<[[[[1]]], [[[-1]]]]> : tensor<2x1x1x1xi8>
  %fs = quant.scast %fq : tensor<2x1x1x1xi8> to !one
  %f = qbias.dequantize %fs : !one -> tensor<2x1x1x1xf32>
  %oq = arith.constant dense<[1, 0]> : tensor<2xi32>
  %os = quant.scast %oq : tensor<2xi32> to !off
  %o = qbias.dequantize %os : !off -> tensor<2xf32>
  %1 = qbias.conv2d %0, %f bias %o {groups = 2 : i64} : (tensor<1x2x2x2xf32>, tensor<2x1x1x1xf32>, tensor<2xf32>) -> tensor<1x2x2x2xf32>
  return %1 : tensor<1x2x2x2xf32>
}

// A factor of 0 leaves zeros; the sign of -128 needs 16 bits.
// CHECK-LABEL: func.func @zero_factor_and_lowest_weight(
// CHECK-DAG: %[[W:.*]] = arith.constant dense<{{.*}}0, 0, 0{{.*}}128, 5, 127{{.*}}> : tensor<2x1x1x3xi16>
// CHECK-DAG: quant.scast %[[W]] : tensor<2x1x1x3xi16> to tensor<2x1x1x3x![[WIDE]]>
// CHECK: %[[Y:.*]] = qbias.conv2d
// CHECK-NEXT: return %[[Y]]
func.func @zero_factor_and_lowest_weight(%x: !x) -> tensor<1x2x2x2xf32> {
  %wq = arith.constant dense<[[[[1, 2, -3]]], [[[-128, -5, -127]]]]> : tensor<2x1x1x3xi8>
  %ws = quant.scast %wq : tensor<2x1x1x3xi8> to !w
  %w = qbias.dequantize %ws : !w -> tensor<2x1x1x3xf32>
  %0 = qbias.conv2d %x, %w : (!x, tensor<2x1x1x3xf32>) -> tensor<1x2x2x2xf32>
  %fq = arith.constant dense<[[[[0]]], [[[-1]]]]> : tensor<2x1x1x1xi8>
  %fs = quant.scast %fq : tensor<2x1x1x1xi8> to !one
  %f = qbias.dequantize %fs : !one -> tensor<2x1x1x1xf32>
  %1 = qbias.conv2d %0, %f {groups = 2 : i64} : (tensor<1x2x2x2xf32>, tensor<2x1x1x1xf32>) -> tensor<1x2x2x2xf32>
  return %1 : tensor<1x2x2x2xf32>
}

// Behind a matrix product, through a reshape that keeps the channels last.
// CHECK-LABEL: func.func @matrix_product(
// CHECK-DAG: %[[W:.*]] = arith.constant dense<{{.*}}1, 2, -3{{.*}}4, 5, 127{{.*}}> : tensor<2x3xi8>
// CHECK: %[[Y:.*]] = qbias.matmul %{{.*}} bias
// CHECK-NEXT: %[[R:.*]] = tensor.expand_shape %[[Y]]
// CHECK-NEXT: return %[[R]]
func.func @matrix_product(%x: tensor<4x3xf32>) -> tensor<4x1x1x2xf32> {
  %wq = arith.constant dense<[[1, 2, -3], [-4, -5, -127]]> : tensor<2x3xi8>
  %ws = quant.scast %wq : tensor<2x3xi8> to tensor<2x3x!quant.uniform<i8:f32:0, {0.5, 0.25}>>
  %w = qbias.dequantize %ws : tensor<2x3x!quant.uniform<i8:f32:0, {0.5, 0.25}>> -> tensor<2x3xf32>
  %0 = qbias.matmul %x, %w : (tensor<4x3xf32>, tensor<2x3xf32>) -> tensor<4x2xf32>
  %1 = tensor.expand_shape %0 [[0, 1, 2], [3]] output_shape [4, 1, 1, 2] : tensor<4x2xf32> into tensor<4x1x1x2xf32>
  %fq = arith.constant dense<[[[[1]]], [[[-1]]]]> : tensor<2x1x1x1xi8>
  %fs = quant.scast %fq : tensor<2x1x1x1xi8> to !one
  %f = qbias.dequantize %fs : !one -> tensor<2x1x1x1xf32>
  %2 = qbias.conv2d %1, %f {groups = 2 : i64} : (tensor<4x1x1x2xf32>, tensor<2x1x1x1xf32>) -> tensor<4x1x1x2xf32>
  return %2 : tensor<4x1x1x2xf32>
}

// Somebody else reads the layer; the tap moves.
// CHECK-LABEL: func.func @other_reader(
// CHECK-COUNT-2: qbias.conv2d
// CHECK-LABEL: func.func @stride(
// CHECK-COUNT-2: qbias.conv2d
// CHECK-LABEL: func.func @other_channels(
// CHECK: qbias.matmul
// CHECK: qbias.conv2d
func.func @other_reader(%x: !x) -> (tensor<1x2x2x2xf32>, tensor<1x2x2x2xf32>) {
  %wq = arith.constant dense<[[[[1, 2, -3]]], [[[-4, -5, -127]]]]> : tensor<2x1x1x3xi8>
  %ws = quant.scast %wq : tensor<2x1x1x3xi8> to !w
  %w = qbias.dequantize %ws : !w -> tensor<2x1x1x3xf32>
  %0 = qbias.conv2d %x, %w : (!x, tensor<2x1x1x3xf32>) -> tensor<1x2x2x2xf32>
  %f = arith.constant dense<[[[[1.0]]], [[[-1.0]]]]> : tensor<2x1x1x1xf32>
  %1 = qbias.conv2d %0, %f {groups = 2 : i64} : (tensor<1x2x2x2xf32>, tensor<2x1x1x1xf32>) -> tensor<1x2x2x2xf32>
  return %0, %1 : tensor<1x2x2x2xf32>, tensor<1x2x2x2xf32>
}
func.func @stride(%x: !x) -> tensor<1x1x1x2xf32> {
  %wq = arith.constant dense<[[[[1, 2, -3]]], [[[-4, -5, -127]]]]> : tensor<2x1x1x3xi8>
  %ws = quant.scast %wq : tensor<2x1x1x3xi8> to !w
  %w = qbias.dequantize %ws : !w -> tensor<2x1x1x3xf32>
  %0 = qbias.conv2d %x, %w : (!x, tensor<2x1x1x3xf32>) -> tensor<1x2x2x2xf32>
  %f = arith.constant dense<[[[[1.0]]], [[[-1.0]]]]> : tensor<2x1x1x1xf32>
  %1 = qbias.conv2d %0, %f {groups = 2 : i64, strides = array<i64: 2, 2>} : (tensor<1x2x2x2xf32>, tensor<2x1x1x1xf32>) -> tensor<1x1x1x2xf32>
  return %1 : tensor<1x1x1x2xf32>
}
func.func @other_channels(%x: tensor<2x3xf32>) -> tensor<1x2x2x1xf32> {
  %wq = arith.constant dense<[[1, 2, -3], [-4, -5, -127]]> : tensor<2x3xi8>
  %ws = quant.scast %wq : tensor<2x3xi8> to tensor<2x3x!quant.uniform<i8:f32:0, {0.5, 0.25}>>
  %w = qbias.dequantize %ws : tensor<2x3x!quant.uniform<i8:f32:0, {0.5, 0.25}>> -> tensor<2x3xf32>
  %0 = qbias.matmul %x, %w : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x2xf32>
  %1 = tensor.expand_shape %0 [[0, 1], [2, 3]] output_shape [1, 2, 2, 1] : tensor<2x2xf32> into tensor<1x2x2x1xf32>
  %f = arith.constant dense<3.0> : tensor<1x1x1x1xf32>
  %2 = qbias.conv2d %1, %f : (tensor<1x2x2x1xf32>, tensor<1x1x1x1xf32>) -> tensor<1x2x2x1xf32>
  return %2 : tensor<1x2x2x1xf32>
}

// A branch of a sum, 1/2 * (w x + 1): the number joins the scales.
// CHECK-LABEL: func.func @number_joins_a_summand(
// CHECK-NOT: qbias.mul
// CHECK: quant.scast %{{.*}} : tensor<2x1x1x3xi8> to tensor<2x1x1x3x![[HALVED]]>
// CHECK: %[[Y:.*]] = qbias.conv2d
// CHECK-NOT: qbias.mul
// CHECK: qbias.add %{{.*}}, %[[Y]]
func.func @number_joins_a_summand(%x: !x, %s: tensor<1x2x2x2xf32>) -> tensor<1x2x2x2xf32> {
  %wq = arith.constant dense<[[[[1, 2, -3]]], [[[-4, -5, -127]]]]> : tensor<2x1x1x3xi8>
  %ws = quant.scast %wq : tensor<2x1x1x3xi8> to !w
  %w = qbias.dequantize %ws : !w -> tensor<2x1x1x3xf32>
  %b = arith.constant dense<[1.0, -4.0]> : tensor<2xf32>
  %c = arith.constant dense<0.5> : tensor<1x1x1x1xf32>
  %0 = qbias.conv2d %x, %w bias %b : (!x, tensor<2x1x1x3xf32>, tensor<2xf32>) -> tensor<1x2x2x2xf32>
  %1 = qbias.mul %0, %c : tensor<1x2x2x2xf32>, tensor<1x1x1x1xf32> -> tensor<1x2x2x2xf32>
  %2 = qbias.add %s, %1 : tensor<1x2x2x2xf32>, tensor<1x2x2x2xf32> -> tensor<1x2x2x2xf32>
  return %2 : tensor<1x2x2x2xf32>
}

// Behind nothing else it stays: a step of its own is exact whatever the number.
// CHECK-LABEL: func.func @number_without_a_sum_stays(
// CHECK: qbias.mul
func.func @number_without_a_sum_stays(%x: !x) -> tensor<1x2x2x2xf32> {
  %wq = arith.constant dense<[[[[1, 2, -3]]], [[[-4, -5, -127]]]]> : tensor<2x1x1x3xi8>
  %ws = quant.scast %wq : tensor<2x1x1x3xi8> to !w
  %w = qbias.dequantize %ws : !w -> tensor<2x1x1x3xf32>
  %c = arith.constant dense<0.5> : tensor<1x1x1x1xf32>
  %0 = qbias.conv2d %x, %w : (!x, tensor<2x1x1x3xf32>) -> tensor<1x2x2x2xf32>
  %1 = qbias.mul %0, %c : tensor<1x2x2x2xf32>, tensor<1x1x1x1xf32> -> tensor<1x2x2x2xf32>
  return %1 : tensor<1x2x2x2xf32>
}

// s - w x = s + (-w) x.
// CHECK-LABEL: func.func @subtracted_layer_turns_its_signs(
// CHECK: %[[W:.*]] = arith.constant dense<{{.*}}-1, -2, 3{{.*}}4, 5, 127{{.*}}> : tensor<2x1x1x3xi8>
// CHECK: %[[Y:.*]] = qbias.conv2d
// CHECK: qbias.add %{{.*}}, %[[Y]]
func.func @subtracted_layer_turns_its_signs(%x: !x, %s: tensor<1x2x2x2xf32>) -> tensor<1x2x2x2xf32> {
  %wq = arith.constant dense<[[[[1, 2, -3]]], [[[-4, -5, -127]]]]> : tensor<2x1x1x3xi8>
  %ws = quant.scast %wq : tensor<2x1x1x3xi8> to !w
  %w = qbias.dequantize %ws : !w -> tensor<2x1x1x3xf32>
  %0 = qbias.conv2d %x, %w : (!x, tensor<2x1x1x3xf32>) -> tensor<1x2x2x2xf32>
  %1 = qbias.sub %s, %0 : tensor<1x2x2x2xf32>, tensor<1x2x2x2xf32> -> tensor<1x2x2x2xf32>
  return %1 : tensor<1x2x2x2xf32>
}
