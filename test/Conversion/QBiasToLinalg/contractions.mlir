// RUN: qbias-opt %s --split-input-file --qbias-integerize --convert-qbias-to-linalg | FileCheck %s

!x = !quant.uniform<u8:f32, 0.5:3>
!w = !quant.uniform<i8:f32, 0.25>
!y = !quant.uniform<i8:f32, 0.7:-5>

// Inside, x - 128 has zero point -125. Channel 0: 2 + 125 * (1 + 2 + 3 - 4),
// channel 1: -6 + 125 * (9 + 8 + 7 - 6); the padding is the zero point.
// CHECK-LABEL: func.func @dense_convolution_folds_the_zero_point(
// CHECK: %[[ZP:.*]] = arith.constant -125 : i8
// CHECK: %[[X:.*]] = tensor.pad %{{.*}} low[0, 0, 1, 0] high[0, 0, 0, 0] {
// CHECK: tensor.yield %[[ZP]] : i8
// CHECK: %[[B:.*]] = arith.constant dense<[252, 2244]> : tensor<2xi32>
// CHECK: %[[W:.*]] = arith.constant dense<{{\[\[\[\[}}1, 9], [2, 8]], {{\[\[}}3, 7], [-4, -6]]]]> : tensor<1x2x2x2xi8>
// CHECK: %[[INIT:.*]] = linalg.broadcast ins(%[[B]] : tensor<2xi32>) outs(%{{.*}} : tensor<1x2x3x2xi32>) dimensions = [0, 1, 2]
// CHECK: linalg.conv_2d_nhwc_hwcf {dilations = dense<1> : tensor<2xi64>, strides = dense<[2, 1]> : tensor<2xi64>}
// CHECK-SAME: ins(%[[X]], %[[W]] : tensor<1x3x4x2xi8>, tensor<1x2x2x2xi8>) outs(%[[INIT]] : tensor<1x2x3x2xi32>)
func.func @dense_convolution_folds_the_zero_point(%q: tensor<1x3x3x2x!x>) -> tensor<1x2x3x2x!y> {
  %x = qbias.dequantize %q : tensor<1x3x3x2x!x> -> tensor<1x3x3x2xf32>
  %c = arith.constant dense<[[[[1, 2], [3, -4]]], [[[9, 8], [7, -6]]]]> : tensor<2x1x2x2xi8>
  %wq = quant.scast %c : tensor<2x1x2x2xi8> to tensor<2x1x2x2x!w>
  %w = qbias.dequantize %wq : tensor<2x1x2x2x!w> -> tensor<2x1x2x2xf32>
  %b = arith.constant dense<[0.3, -0.7]> : tensor<2xf32>
  %0 = qbias.conv2d %x, %w bias %b {pads = array<i64: 0, 1, 0, 0>, strides = array<i64: 2, 1>}
      : (tensor<1x3x3x2xf32>, tensor<2x1x2x2xf32>, tensor<2xf32>) -> tensor<1x2x3x2xf32>
  %1 = qbias.quantize %0 : tensor<1x2x3x2xf32> -> tensor<1x2x3x2x!y>
  return %1 : tensor<1x2x3x2x!y>
}

// -----

!x = !quant.uniform<i8:f32, 0.5>
!y = !quant.uniform<i8:f32, 0.7:-5>

// Channel c * 2 + m is [c, m] inside.
// CHECK-LABEL: func.func @depthwise_convolution(
// CHECK: %[[W:.*]] = arith.constant dense<{{\[\[\[\[}}1, 2], [3, 4]]]]> : tensor<1x1x2x2xi8>
// CHECK: %[[ACC:.*]] = linalg.depthwise_conv_2d_nhwc_hwcm {{.*}} ins(%{{.*}}, %[[W]] : tensor<1x3x3x2xi8>, tensor<1x1x2x2xi8>) outs(%{{.*}} : tensor<1x3x3x2x2xi32>)
// CHECK: tensor.collapse_shape %[[ACC]] {{\[\[}}0], [1], [2], [3, 4]] : tensor<1x3x3x2x2xi32> into tensor<1x3x3x4xi32>
func.func @depthwise_convolution(%q: tensor<1x3x3x2x!x>) -> tensor<1x3x3x4x!y> {
  %x = qbias.dequantize %q : tensor<1x3x3x2x!x> -> tensor<1x3x3x2xf32>
  %c = arith.constant dense<[[[[1]]], [[[2]]], [[[3]]], [[[4]]]]> : tensor<4x1x1x1xi8>
  %wq = quant.scast %c : tensor<4x1x1x1xi8> to tensor<4x1x1x1x!x>
  %w = qbias.dequantize %wq : tensor<4x1x1x1x!x> -> tensor<4x1x1x1xf32>
  %0 = qbias.conv2d %x, %w {groups = 2} : (tensor<1x3x3x2xf32>, tensor<4x1x1x1xf32>) -> tensor<1x3x3x4xf32>
  %1 = qbias.quantize %0 : tensor<1x3x3x4xf32> -> tensor<1x3x3x4x!y>
  return %1 : tensor<1x3x3x4x!y>
}

// -----

!x = !quant.uniform<i8:f32, 0.5>
!y = !quant.uniform<i8:f32, 0.7:-5>

// CHECK-LABEL: func.func @grouped_convolution(
// CHECK: %[[X:.*]] = tensor.expand_shape %{{.*}} {{\[\[}}0], [1], [2], [3, 4]] output_shape [1, 1, 1, 2, 2] : tensor<1x1x1x4xi8> into tensor<1x1x1x2x2xi8>
// CHECK: linalg.conv_2d_nhwgc_gfhwc {{.*}} ins(%[[X]], %{{.*}} : tensor<1x1x1x2x2xi8>, tensor<2x1x1x1x2xi8>)
func.func @grouped_convolution(%q: tensor<1x1x1x4x!x>) -> tensor<1x1x1x2x!y> {
  %x = qbias.dequantize %q : tensor<1x1x1x4x!x> -> tensor<1x1x1x4xf32>
  %c = arith.constant dense<[[[[1, 2]]], [[[3, 4]]]]> : tensor<2x1x1x2xi8>
  %wq = quant.scast %c : tensor<2x1x1x2xi8> to tensor<2x1x1x2x!x>
  %w = qbias.dequantize %wq : tensor<2x1x1x2x!x> -> tensor<2x1x1x2xf32>
  %0 = qbias.conv2d %x, %w {groups = 2} : (tensor<1x1x1x4xf32>, tensor<2x1x1x2xf32>) -> tensor<1x1x1x2xf32>
  %1 = qbias.quantize %0 : tensor<1x1x1x2xf32> -> tensor<1x1x1x2x!y>
  return %1 : tensor<1x1x1x2x!y>
}

// -----

!x = !quant.uniform<i8:f32, 0.5:3>
!y = !quant.uniform<i8:f32, 7.7:-5>

// Rows of all leading dimensions together; weights as [K, N].
// CHECK-LABEL: func.func @matrix_product_with_weights(
// CHECK: %[[W:.*]] = arith.constant dense<{{\[\[}}1, -4], [2, -5], [3, -6]]> : tensor<3x2xi8>
// CHECK: %[[X:.*]] = tensor.collapse_shape %{{.*}} {{\[\[}}0, 1], [2]] : tensor<2x2x3xi8> into tensor<4x3xi8>
// CHECK: %[[ACC:.*]] = linalg.matmul ins(%[[X]], %[[W]] : tensor<4x3xi8>, tensor<3x2xi8>) outs(%{{.*}} : tensor<4x2xi32>)
// CHECK: tensor.expand_shape %[[ACC]] {{\[\[}}0, 1], [2]] output_shape [2, 2, 2] : tensor<4x2xi32> into tensor<2x2x2xi32>
func.func @matrix_product_with_weights(%q: tensor<2x2x3x!x>) -> tensor<2x2x2x!y> {
  %x = qbias.dequantize %q : tensor<2x2x3x!x> -> tensor<2x2x3xf32>
  %c = arith.constant dense<[[1, 2, 3], [-4, -5, -6]]> : tensor<2x3xi8>
  %wq = quant.scast %c : tensor<2x3xi8> to tensor<2x3x!quant.uniform<i8:f32, 0.5>>
  %w = qbias.dequantize %wq : tensor<2x3x!quant.uniform<i8:f32, 0.5>> -> tensor<2x3xf32>
  %0 = qbias.matmul %x, %w : (tensor<2x2x3xf32>, tensor<2x3xf32>) -> tensor<2x2x2xf32>
  %1 = qbias.quantize %0 : tensor<2x2x2xf32> -> tensor<2x2x2x!y>
  return %1 : tensor<2x2x2x!y>
}

// -----

!a = !quant.uniform<u8:f32, 0.5:3>
!b = !quant.uniform<i8:f32, 0.3:7>
!y = !quant.uniform<i8:f32, 12.0:-5>

// No constant to fold into: both zero points are subtracted element by element.
// CHECK-LABEL: func.func @matrix_product_of_activations(
// CHECK: linalg.generic {{.*}}iterator_types = ["parallel", "parallel", "parallel", "reduction"]
// CHECK: ^bb0(%[[A:.*]]: i8, %[[B:.*]]: i8, %[[ACC:.*]]: i32):
// CHECK-DAG: %[[WA:.*]] = arith.extsi %[[A]] : i8 to i32
// CHECK-DAG: %[[ZA:.*]] = arith.constant -125 : i32
// CHECK-DAG: %[[CA:.*]] = arith.subi %[[WA]], %[[ZA]]
// CHECK-DAG: %[[WB:.*]] = arith.extsi %[[B]] : i8 to i32
// CHECK-DAG: %[[ZB:.*]] = arith.constant 7 : i32
// CHECK-DAG: %[[CB:.*]] = arith.subi %[[WB]], %[[ZB]]
// CHECK: %[[P:.*]] = arith.muli %[[CA]], %[[CB]]
// CHECK: arith.addi %[[ACC]], %[[P]]
func.func @matrix_product_of_activations(%q: tensor<2x2x3x!a>, %r: tensor<2x4x3x!b>) -> tensor<2x2x4x!y> {
  %a = qbias.dequantize %q : tensor<2x2x3x!a> -> tensor<2x2x3xf32>
  %b = qbias.dequantize %r : tensor<2x4x3x!b> -> tensor<2x4x3xf32>
  %0 = qbias.matmul %a, %b : (tensor<2x2x3xf32>, tensor<2x4x3xf32>) -> tensor<2x2x4xf32>
  %1 = qbias.quantize %0 : tensor<2x2x4xf32> -> tensor<2x2x4x!y>
  return %1 : tensor<2x2x4x!y>
}

// -----

!x = !quant.uniform<i16:f32, 0.5>
!w = !quant.uniform<i16:f32, 0.5>

// The bounds ask for 64 bits.
// CHECK-LABEL: func.func @wide_accumulator(
// CHECK: linalg.matmul ins(%{{.*}}, %{{.*}} : tensor<1x3xi16>, tensor<3x1xi16>) outs(%{{.*}} : tensor<1x1xi64>)
func.func @wide_accumulator(%q: tensor<1x3x!x>) -> tensor<1x1xf32> {
  %x = qbias.dequantize %q : tensor<1x3x!x> -> tensor<1x3xf32>
  %c = arith.constant dense<32767> : tensor<1x3xi16>
  %wq = quant.scast %c : tensor<1x3xi16> to tensor<1x3x!w>
  %w = qbias.dequantize %wq : tensor<1x3x!w> -> tensor<1x3xf32>
  %0 = qbias.matmul %x, %w : (tensor<1x3xf32>, tensor<1x3xf32>) -> tensor<1x1xf32>
  return %0 : tensor<1x1xf32>
}

// -----

!x = !quant.uniform<i16:f32, 0.5>

// The result has 64 bits because of its type, the accumulator 32 because of its
// bounds (at most 3 * 200 * 32767): it is widened, not wrapped.
// CHECK-LABEL: func.func @narrow_accumulator_of_a_wide_result(
// CHECK: %[[ACC:.*]] = linalg.matmul {{.*}} outs(%{{.*}} : tensor<1x1xi32>)
// CHECK: linalg.generic {{.*}} ins(%[[ACC]] : tensor<1x1xi32>) outs(%{{.*}} : tensor<1x1xi64>)
// CHECK-NEXT: ^bb0(%[[A:.*]]: i32, %{{.*}}: i64):
// CHECK-NEXT: %[[WIDE:.*]] = arith.extsi %[[A]] : i32 to i64
// CHECK-NEXT: linalg.yield %[[WIDE]]
func.func @narrow_accumulator_of_a_wide_result(%q: tensor<1x3x!x>) -> tensor<1x1xf32> {
  %v = qbias.dequantize %q : tensor<1x3x!x> -> tensor<1x3xf32>
  %l = qbias.clamp %v lo 0.0 hi 100.0 : tensor<1x3xf32>
  %lq = qbias.quantize %l : tensor<1x3xf32> -> tensor<1x3x!x>
  %x = qbias.dequantize %lq : tensor<1x3x!x> -> tensor<1x3xf32>
  %c = arith.constant dense<32767> : tensor<1x3xi16>
  %wq = quant.scast %c : tensor<1x3xi16> to tensor<1x3x!x>
  %w = qbias.dequantize %wq : tensor<1x3x!x> -> tensor<1x3xf32>
  %0 = qbias.matmul %x, %w : (tensor<1x3xf32>, tensor<1x3xf32>) -> tensor<1x1xf32>
  return %0 : tensor<1x1xf32>
}
