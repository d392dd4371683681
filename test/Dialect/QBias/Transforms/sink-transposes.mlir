// RUN: qbias-opt %s --qbias-sink-transposes | FileCheck %s
// RUN: qbias-opt %s --qbias-check-rewrite="pipeline=func.func(qbias-sink-transposes)" | FileCheck %s

!q = !quant.uniform<i8:f32, 0.5:3>

// One transpose is left at each end.
// CHECK-LABEL: func.func @transposes_between_layers_cancel(
// CHECK-SAME: %[[X:.*]]: tensor<1x2x3x3xf32>, %[[W:.*]]: tensor<2x1x1x2xf32>)
// CHECK-NEXT: %[[NHWC:.*]] = qbias.transpose %[[X]] [0, 2, 3, 1]
// CHECK-NEXT: %[[A:.*]] = qbias.conv2d %[[NHWC]], %[[W]]
// CHECK-NEXT: %[[B:.*]] = qbias.clamp %[[A]]
// CHECK-NEXT: %[[C:.*]] = qbias.conv2d %[[B]], %[[W]]
// CHECK-NEXT: %[[NCHW:.*]] = qbias.transpose %[[C]] [0, 3, 1, 2]
// CHECK-NEXT: return %[[NCHW]]
func.func @transposes_between_layers_cancel(%x: tensor<1x2x3x3xf32>, %w: tensor<2x1x1x2xf32>) -> tensor<1x2x3x3xf32> {
  %0 = qbias.transpose %x [0, 2, 3, 1] : tensor<1x2x3x3xf32> -> tensor<1x3x3x2xf32>
  %1 = qbias.conv2d %0, %w : (tensor<1x3x3x2xf32>, tensor<2x1x1x2xf32>) -> tensor<1x3x3x2xf32>
  %2 = qbias.transpose %1 [0, 3, 1, 2] : tensor<1x3x3x2xf32> -> tensor<1x2x3x3xf32>
  %3 = qbias.clamp %2 lo 0.0 : tensor<1x2x3x3xf32>
  %4 = qbias.transpose %3 [0, 2, 3, 1] : tensor<1x2x3x3xf32> -> tensor<1x3x3x2xf32>
  %5 = qbias.conv2d %4, %w : (tensor<1x3x3x2xf32>, tensor<2x1x1x2xf32>) -> tensor<1x3x3x2xf32>
  %6 = qbias.transpose %5 [0, 3, 1, 2] : tensor<1x3x3x2xf32> -> tensor<1x2x3x3xf32>
  return %6 : tensor<1x2x3x3xf32>
}

// CHECK-LABEL: func.func @quantize_and_dequantize_let_it_pass(
// CHECK-SAME: %[[X:.*]]: tensor<1x3x3x2xf32>)
// CHECK-NEXT: %[[Q:.*]] = qbias.quantize %[[X]]
// CHECK-NEXT: %[[D:.*]] = qbias.dequantize %[[Q]]
// CHECK-NEXT: %[[T:.*]] = qbias.transpose %[[D]] [0, 3, 1, 2]
// CHECK-NEXT: return %[[T]]
func.func @quantize_and_dequantize_let_it_pass(%x: tensor<1x3x3x2xf32>) -> tensor<1x2x3x3xf32> {
  %0 = qbias.transpose %x [0, 3, 1, 2] : tensor<1x3x3x2xf32> -> tensor<1x2x3x3xf32>
  %1 = qbias.quantize %0 : tensor<1x2x3x3xf32> -> tensor<1x2x3x3x!q>
  %2 = qbias.dequantize %1 : tensor<1x2x3x3x!q> -> tensor<1x2x3x3xf32>
  return %2 : tensor<1x2x3x3xf32>
}

// CHECK-LABEL: func.func @other_operand_is_transposed_the_other_way(
// CHECK-SAME: %[[A:.*]]: tensor<1x3x3x2xf32>, %[[B:.*]]: tensor<1x2x3x3xf32>)
// CHECK-NEXT: %[[NHWC:.*]] = qbias.transpose %[[B]] [0, 2, 3, 1]
// CHECK-NEXT: %[[SUM:.*]] = qbias.add %[[A]], %[[NHWC]]
// CHECK-NEXT: %[[NCHW:.*]] = qbias.transpose %[[SUM]] [0, 3, 1, 2]
// CHECK-NEXT: return %[[NCHW]]
func.func @other_operand_is_transposed_the_other_way(%a: tensor<1x3x3x2xf32>, %b: tensor<1x2x3x3xf32>) -> tensor<1x2x3x3xf32> {
  %0 = qbias.transpose %a [0, 3, 1, 2] : tensor<1x3x3x2xf32> -> tensor<1x2x3x3xf32>
  %1 = qbias.add %0, %b : tensor<1x2x3x3xf32>, tensor<1x2x3x3xf32> -> tensor<1x2x3x3xf32>
  return %1 : tensor<1x2x3x3xf32>
}

// A constant that repeats over rows and columns does so in both layouts.
// CHECK-LABEL: func.func @broadcast_constant_is_transposed_at_compile_time(
// CHECK-SAME: %[[X:.*]]: tensor<1x3x3x2xf32>)
// CHECK-NEXT: %[[C:.*]] = arith.constant dense<{{\[\[\[\[}}1.000000e+00, 2.000000e+00]]]]> : tensor<1x1x1x2xf32>
// CHECK-NEXT: qbias.mul %[[X]], %[[C]] : tensor<1x3x3x2xf32>, tensor<1x1x1x2xf32> -> tensor<1x3x3x2xf32>
func.func @broadcast_constant_is_transposed_at_compile_time(%x: tensor<1x3x3x2xf32>) -> tensor<1x2x3x3xf32> {
  %c = arith.constant dense<[[[[1.0]], [[2.0]]]]> : tensor<1x2x1x1xf32>
  %0 = qbias.transpose %x [0, 3, 1, 2] : tensor<1x3x3x2xf32> -> tensor<1x2x3x3xf32>
  %1 = qbias.mul %0, %c : tensor<1x2x3x3xf32>, tensor<1x2x1x1xf32> -> tensor<1x2x3x3xf32>
  return %1 : tensor<1x2x3x3xf32>
}

// CHECK-LABEL: func.func @pad_permutes_its_amounts(
// CHECK: qbias.pad %{{.*}} low [0, 3, 4, 2] high [0, 7, 8, 6] value 1.000000e+00 : tensor<1x3x3x2xf32> -> tensor<1x13x15x10xf32>
func.func @pad_permutes_its_amounts(%x: tensor<1x3x3x2xf32>) -> tensor<1x10x13x15xf32> {
  %0 = qbias.transpose %x [0, 3, 1, 2] : tensor<1x3x3x2xf32> -> tensor<1x2x3x3xf32>
  %1 = qbias.pad %0 low [0, 2, 3, 4] high [0, 6, 7, 8] value 1.0 : tensor<1x2x3x3xf32> -> tensor<1x10x13x15xf32>
  return %1 : tensor<1x10x13x15xf32>
}

// CHECK-LABEL: func.func @concat_of_channels_stays_one_of_channels(
// CHECK: tensor.concat dim(3) %{{.*}}, %{{.*}} : (tensor<1x3x3x2xf32>, tensor<1x3x3x4xf32>) -> tensor<1x3x3x6xf32>
func.func @concat_of_channels_stays_one_of_channels(%a: tensor<1x3x3x2xf32>, %b: tensor<1x3x3x4xf32>) -> tensor<1x6x3x3xf32> {
  %0 = qbias.transpose %a [0, 3, 1, 2] : tensor<1x3x3x2xf32> -> tensor<1x2x3x3xf32>
  %1 = qbias.transpose %b [0, 3, 1, 2] : tensor<1x3x3x4xf32> -> tensor<1x4x3x3xf32>
  %2 = tensor.concat dim(1) %0, %1 : (tensor<1x2x3x3xf32>, tensor<1x4x3x3xf32>) -> tensor<1x6x3x3xf32>
  return %2 : tensor<1x6x3x3xf32>
}

// The quantized axis follows: 1 becomes 0.
// CHECK-LABEL: func.func @quantized_weights_are_transposed_at_compile_time(
// CHECK-NEXT: %[[C:.*]] = arith.constant dense<{{\[\[}}1, 3, 5], [2, 4, 6]]> : tensor<2x3xi8>
// CHECK-NEXT: %[[Q:.*]] = quant.scast %[[C]] : tensor<2x3xi8> to tensor<2x3x[[TYPE:.*]]>
// CHECK-NEXT: %[[D:.*]] = qbias.dequantize %[[Q]] : tensor<2x3x[[TYPE]]> -> tensor<2x3xf32>
// CHECK-NEXT: return %[[D]]
func.func @quantized_weights_are_transposed_at_compile_time() -> tensor<2x3xf32> {
  %c = arith.constant dense<[[1, 2], [3, 4], [5, 6]]> : tensor<3x2xi8>
  %q = quant.scast %c : tensor<3x2xi8> to tensor<3x2x!quant.uniform<i8:f32:1, {0.5, 0.25:1}>>
  %d = qbias.dequantize %q : tensor<3x2x!quant.uniform<i8:f32:1, {0.5, 0.25:1}>> -> tensor<3x2xf32>
  %t = qbias.transpose %d [1, 0] : tensor<3x2xf32> -> tensor<2x3xf32>
  return %t : tensor<2x3xf32>
}

// Weights of a one-dimensional convolution: the unit dimension is added at
// compile time, behind the axis.
// CHECK-LABEL: func.func @reshaped_weights_fold(
// CHECK-NEXT: %[[C:.*]] = arith.constant dense<{{.*}}> : tensor<2x1x3x1xi8>
// CHECK-NEXT: %[[Q:.*]] = quant.scast %[[C]]
// CHECK-NEXT: %[[D:.*]] = qbias.dequantize %[[Q]]
// CHECK-NEXT: return %[[D]]
func.func @reshaped_weights_fold() -> tensor<2x1x3x1xf32> {
  %c = arith.constant dense<[[[1], [2], [3]], [[4], [5], [6]]]> : tensor<2x3x1xi8>
  %q = quant.scast %c : tensor<2x3x1xi8> to tensor<2x3x1x!quant.uniform<i8:f32:0, {0.5, 0.25:1}>>
  %d = qbias.dequantize %q : tensor<2x3x1x!quant.uniform<i8:f32:0, {0.5, 0.25:1}>> -> tensor<2x3x1xf32>
  %e = tensor.expand_shape %d [[0], [1, 2], [3]] output_shape [2, 1, 3, 1] : tensor<2x3x1xf32> into tensor<2x1x3x1xf32>
  return %e : tensor<2x1x3x1xf32>
}

// Global pooling leaves one row and one column: nothing moves any more.
// CHECK-LABEL: func.func @transpose_of_unit_dimensions_is_a_reshape(
// CHECK-NOT: qbias.transpose
// CHECK: tensor.expand_shape %{{.*}} output_shape [1, 4, 1, 1]
func.func @transpose_of_unit_dimensions_is_a_reshape(%x: tensor<1x1x1x4xf32>) -> tensor<1x4x1x1xf32> {
  %0 = qbias.transpose %x [0, 3, 1, 2] : tensor<1x1x1x4xf32> -> tensor<1x4x1x1xf32>
  return %0 : tensor<1x4x1x1xf32>
}

// The clamp is needed in both layouts: computing it twice is worse.
// CHECK-LABEL: func.func @arithmetic_with_other_users_stays(
// CHECK-SAME: %[[X:.*]]: tensor<1x2x3x3xf32>)
// CHECK-NEXT: %[[C:.*]] = qbias.clamp %[[X]]
// CHECK-NEXT: %[[T:.*]] = qbias.transpose %[[C]] [0, 2, 3, 1]
// CHECK-NEXT: return %[[T]], %[[C]]
func.func @arithmetic_with_other_users_stays(%x: tensor<1x2x3x3xf32>) -> (tensor<1x3x3x2xf32>, tensor<1x2x3x3xf32>) {
  %0 = qbias.clamp %x lo 0.0 : tensor<1x2x3x3xf32>
  %1 = qbias.transpose %0 [0, 2, 3, 1] : tensor<1x2x3x3xf32> -> tensor<1x3x3x2xf32>
  return %1, %0 : tensor<1x3x3x2xf32>, tensor<1x2x3x3xf32>
}

// A model's own transposes may be those of the layouts, and to NCHW twice is to NHWC: nothing turns in circles.
// CHECK-LABEL: func.func @two_transposes_to_nchw_come_to_an_end(
// CHECK-SAME: %[[A:.*]]: tensor<1x3x3x3xf32>, %[[W:.*]]: tensor<3x1x1x3xf32>)
// CHECK-NEXT: %[[NCHW:.*]] = qbias.transpose %[[A]] [0, 3, 1, 2]
// CHECK-NEXT: %[[CONV:.*]] = qbias.conv2d %[[NCHW]], %[[W]]
// CHECK-NEXT: %[[LEFT:.*]] = qbias.transpose %[[CONV]] [0, 3, 1, 2]
// CHECK-NEXT: %[[RIGHT:.*]] = qbias.transpose %[[A]] [0, 2, 3, 1]
// CHECK-NEXT: qbias.add %[[LEFT]], %[[RIGHT]]
func.func @two_transposes_to_nchw_come_to_an_end(%a: tensor<1x3x3x3xf32>, %w: tensor<3x1x1x3xf32>) -> tensor<1x3x3x3xf32> {
  %0 = qbias.transpose %a [0, 3, 1, 2] : tensor<1x3x3x3xf32> -> tensor<1x3x3x3xf32>
  %1 = qbias.transpose %0 [0, 3, 1, 2] : tensor<1x3x3x3xf32> -> tensor<1x3x3x3xf32>
  %2 = qbias.transpose %1 [0, 2, 3, 1] : tensor<1x3x3x3xf32> -> tensor<1x3x3x3xf32>
  %3 = qbias.conv2d %2, %w : (tensor<1x3x3x3xf32>, tensor<3x1x1x3xf32>) -> tensor<1x3x3x3xf32>
  %4 = qbias.transpose %3 [0, 3, 1, 2] : tensor<1x3x3x3xf32> -> tensor<1x3x3x3xf32>
  %5 = qbias.add %4, %1 : tensor<1x3x3x3xf32>, tensor<1x3x3x3xf32> -> tensor<1x3x3x3xf32>
  return %5 : tensor<1x3x3x3xf32>
}
