// RUN: qbias-opt %s --qbias-propagate-scales --verify-diagnostics | FileCheck %s
// RUN: qbias-opt %s --qbias-check-rewrite="pipeline=func.func(qbias-propagate-scales) seeds=8" 2>/dev/null | FileCheck %s

// CHECK-DAG: ![[Q:quant[0-9]*]] = !quant.uniform<i8:f32, 5.000000e-01:3>
// CHECK-DAG: ![[OTHER:quant[0-9]*]] = !quant.uniform<i8:f32, 2.500000e-01>
!q = !quant.uniform<i8:f32, 0.5:3>
!other = !quant.uniform<i8:f32, 0.25>

// CHECK-LABEL: func.func @dequantize_moves_down(
// CHECK-SAME: %[[X:.*]]: tensor<1x4x4x2x![[Q]]>)
// CHECK-NEXT: %[[POOL:.*]] = qbias.pool max %[[X]]
// CHECK-NEXT: %[[SLICE:.*]] = tensor.extract_slice %[[POOL]]
// CHECK-NEXT: %[[T:.*]] = qbias.transpose %[[SLICE]] [0, 3, 1, 2]
// CHECK-NEXT: %[[FLAT:.*]] = tensor.collapse_shape %[[T]]
// CHECK-NEXT: %[[D:.*]] = qbias.dequantize %[[FLAT]]
// CHECK-NEXT: qbias.add %[[D]], %[[D]]
func.func @dequantize_moves_down(%q: tensor<1x4x4x2x!q>) -> tensor<1x4xf32> {
  %0 = qbias.dequantize %q : tensor<1x4x4x2x!q> -> tensor<1x4x4x2xf32>
  %1 = qbias.pool max %0 {kernel = array<i64: 2, 2>, strides = array<i64: 2, 2>} : tensor<1x4x4x2xf32> -> tensor<1x2x2x2xf32>
  %2 = tensor.extract_slice %1[0, 1, 0, 0] [1, 1, 2, 2] [1, 1, 1, 1] : tensor<1x2x2x2xf32> to tensor<1x1x2x2xf32>
  %3 = qbias.transpose %2 [0, 3, 1, 2] : tensor<1x1x2x2xf32> -> tensor<1x2x1x2xf32>
  %4 = tensor.collapse_shape %3 [[0], [1, 2, 3]] : tensor<1x2x1x2xf32> into tensor<1x4xf32>
  %5 = qbias.add %4, %4 : tensor<1x4xf32>, tensor<1x4xf32> -> tensor<1x4xf32>
  return %5 : tensor<1x4xf32>
}

// Each operand of the concat is rounded by itself, to the type of the result.
// CHECK-LABEL: func.func @quantize_moves_up(
// CHECK-SAME: %[[A:.*]]: tensor<2xf32>, %[[B:.*]]: tensor<3xf32>)
// CHECK-DAG: %[[NA:.*]] = qbias.unary abs %[[A]]
// CHECK-DAG: %[[NB:.*]] = qbias.unary abs %[[B]]
// CHECK-DAG: %[[QA:.*]] = qbias.quantize %[[NA]]
// CHECK-DAG: %[[QB:.*]] = qbias.quantize %[[NB]]
// CHECK: %[[CONCAT:.*]] = tensor.concat dim(0) %[[QA]], %[[QB]]
// CHECK-NEXT: return %[[CONCAT]]
func.func @quantize_moves_up(%a: tensor<2xf32>, %b: tensor<3xf32>) -> tensor<5x!q> {
  %0 = qbias.unary abs %a : tensor<2xf32>
  %1 = qbias.unary abs %b : tensor<3xf32>
  %2 = tensor.concat dim(0) %0, %1 : (tensor<2xf32>, tensor<3xf32>) -> tensor<5xf32>
  %3 = qbias.quantize %2 : tensor<5xf32> -> tensor<5x!q>
  return %3 : tensor<5x!q>
}

// CHECK-LABEL: func.func @concat_of_unequal_scales_stays_real(
// CHECK-DAG: %[[A:.*]] = qbias.dequantize %{{.*}} : tensor<2x![[Q]]>
// CHECK-DAG: %[[B:.*]] = qbias.dequantize %{{.*}} : tensor<2x![[OTHER]]>
// CHECK: tensor.concat dim(0) %[[A]], %[[B]] : (tensor<2xf32>, tensor<2xf32>) -> tensor<4xf32>
func.func @concat_of_unequal_scales_stays_real(%a: tensor<2x!q>, %b: tensor<2x!other>) -> tensor<4xf32> {
  %0 = qbias.dequantize %a : tensor<2x!q> -> tensor<2xf32>
  %1 = qbias.dequantize %b : tensor<2x!other> -> tensor<2xf32>
  %2 = tensor.concat dim(0) %0, %1 : (tensor<2xf32>, tensor<2xf32>) -> tensor<4xf32>
  return %2 : tensor<4xf32>
}

// 1.5 is an integer of the type, 0.2 is not.
// CHECK-LABEL: func.func @pad_on_the_grid_becomes_integer(
// CHECK: qbias.pad %{{.*}} low [1] high [0] value 1.500000e+00 : tensor<2x!{{.*}}> -> tensor<3x!{{.*}}>
func.func @pad_on_the_grid_becomes_integer(%q: tensor<2x!q>) -> tensor<3xf32> {
  %0 = qbias.dequantize %q : tensor<2x!q> -> tensor<2xf32>
  %1 = qbias.pad %0 low [1] high [0] value 1.5 : tensor<2xf32> -> tensor<3xf32>
  return %1 : tensor<3xf32>
}

// CHECK-LABEL: func.func @pad_off_the_grid_stays_real(
// CHECK: qbias.pad %{{.*}} low [1] high [0] value 2.000000e-01 : tensor<2xf32> -> tensor<3xf32>
func.func @pad_off_the_grid_stays_real(%q: tensor<2x!q>) -> tensor<3xf32> {
  %0 = qbias.dequantize %q : tensor<2x!q> -> tensor<2xf32>
  %1 = qbias.pad %0 low [1] high [0] value 0.2 : tensor<2xf32> -> tensor<3xf32>
  return %1 : tensor<3xf32>
}

// CHECK-LABEL: func.func @quantize_of_dequantize_of_one_type_disappears(
// CHECK-SAME: %[[X:.*]]: tensor<2x![[Q]]>)
// CHECK-NEXT: return %[[X]]
func.func @quantize_of_dequantize_of_one_type_disappears(%q: tensor<2x!q>) -> tensor<2x!q> {
  %0 = qbias.dequantize %q : tensor<2x!q> -> tensor<2xf32>
  %1 = qbias.quantize %0 : tensor<2xf32> -> tensor<2x!q>
  return %1 : tensor<2x!q>
}

// CHECK-LABEL: func.func @rescale_keeps_its_rounding(
// CHECK: qbias.dequantize
// CHECK: qbias.quantize
func.func @rescale_keeps_its_rounding(%q: tensor<2x!q>) -> tensor<2x!other> {
  %0 = qbias.dequantize %q : tensor<2x!q> -> tensor<2xf32>
  %1 = qbias.quantize %0 : tensor<2xf32> -> tensor<2x!other>
  return %1 : tensor<2x!other>
}

// min(max(Q(x), Q(0.3)), Q(20.2)) on both sides.
// CHECK-LABEL: func.func @clamp_between_quantizes_of_one_type_merges(
// CHECK-SAME: %[[X:.*]]: tensor<4xf32>)
// CHECK-NEXT: %[[Y:.*]] = qbias.unary abs %[[X]]
// CHECK-NEXT: %[[C:.*]] = qbias.clamp %[[Y]] lo 3.000000e-01 hi 2.020000e+01
// CHECK-NEXT: %[[INNER:.*]] = qbias.quantize %[[C]]
// CHECK-NEXT: return %[[INNER]]
func.func @clamp_between_quantizes_of_one_type_merges(%x: tensor<4xf32>) -> tensor<4x!q> {
  %0 = qbias.unary abs %x : tensor<4xf32>
  %1 = qbias.quantize %0 : tensor<4xf32> -> tensor<4x!q>
  %2 = qbias.dequantize %1 : tensor<4x!q> -> tensor<4xf32>
  %3 = qbias.clamp %2 lo 0.3 hi 20.2 : tensor<4xf32>
  %4 = qbias.quantize %3 : tensor<4xf32> -> tensor<4x!q>
  return %4 : tensor<4x!q>
}

// CHECK-LABEL: func.func @clamp_of_integers_used_elsewhere_stays(
// CHECK: %[[INNER:.*]] = qbias.quantize
// CHECK: %[[R:.*]] = qbias.quantize
// CHECK: return %[[R]], %[[INNER]]
func.func @clamp_of_integers_used_elsewhere_stays(%x: tensor<4xf32>) -> (tensor<4x!q>, tensor<4x!q>) {
  %0 = qbias.unary abs %x : tensor<4xf32>
  %1 = qbias.quantize %0 : tensor<4xf32> -> tensor<4x!q>
  %2 = qbias.dequantize %1 : tensor<4x!q> -> tensor<4xf32>
  %3 = qbias.clamp %2 lo 0.0 : tensor<4xf32>
  %4 = qbias.quantize %3 : tensor<4xf32> -> tensor<4x!q>
  return %4, %1 : tensor<4x!q>, tensor<4x!q>
}

// The clamp meets the sum, so that both become one operation.
// CHECK-LABEL: func.func @clamp_moves_up_to_the_arithmetic(
// CHECK: %[[SUM:.*]] = qbias.add
// CHECK-NEXT: %[[C:.*]] = qbias.clamp %[[SUM]]
// CHECK-NEXT: %[[INNER:.*]] = qbias.quantize %[[C]]
// CHECK-NEXT: %[[T:.*]] = qbias.transpose %[[INNER]]
// CHECK-NEXT: %[[M:.*]] = qbias.pool max %[[T]]
// CHECK-NEXT: return %[[M]]
func.func @clamp_moves_up_to_the_arithmetic(%a: tensor<1x2x2x3x!q>) -> tensor<1x1x2x2x!other> {
  %0 = qbias.dequantize %a : tensor<1x2x2x3x!q> -> tensor<1x2x2x3xf32>
  %1 = qbias.add %0, %0 : tensor<1x2x2x3xf32>, tensor<1x2x2x3xf32> -> tensor<1x2x2x3xf32>
  %2 = qbias.transpose %1 [0, 3, 1, 2] : tensor<1x2x2x3xf32> -> tensor<1x3x2x2xf32>
  %3 = qbias.pool max %2 {kernel = array<i64: 3, 1>} : tensor<1x3x2x2xf32> -> tensor<1x1x2x2xf32>
  %4 = qbias.clamp %3 lo 0.0 : tensor<1x1x2x2xf32>
  %5 = qbias.quantize %4 : tensor<1x1x2x2xf32> -> tensor<1x1x2x2x!other>
  return %5 : tensor<1x1x2x2x!other>
}

// |x| is not monotone: the largest |x| is not the |largest x|.
// CHECK-LABEL: func.func @function_stays_below_a_maximum(
// CHECK: qbias.dequantize
// CHECK-NEXT: qbias.add
// CHECK-NEXT: qbias.pool max
// CHECK-NEXT: qbias.unary abs
func.func @function_stays_below_a_maximum(%a: tensor<1x2x1x1x!q>) -> tensor<1x1x1x1x!other> {
  %0 = qbias.dequantize %a : tensor<1x2x1x1x!q> -> tensor<1x2x1x1xf32>
  %1 = qbias.add %0, %0 : tensor<1x2x1x1xf32>, tensor<1x2x1x1xf32> -> tensor<1x2x1x1xf32>
  %2 = qbias.pool max %1 {kernel = array<i64: 2, 1>} : tensor<1x2x1x1xf32> -> tensor<1x1x1x1xf32>
  %3 = qbias.unary abs %2 : tensor<1x1x1x1xf32>
  %4 = qbias.quantize %3 : tensor<1x1x1x1xf32> -> tensor<1x1x1x1x!other>
  return %4 : tensor<1x1x1x1x!other>
}

// A sum behind a reshape meets its matrix product.
// CHECK-LABEL: func.func @sum_moves_above_a_reshape(
// CHECK-SAME: %[[X:.*]]: tensor<1x2xf32>, %[[W:.*]]: tensor<4x2xf32>, %[[S:.*]]: tensor<2x2xf32>)
// CHECK: %[[Y:.*]] = qbias.matmul
// CHECK: %[[FLAT:.*]] = tensor.collapse_shape %{{.*}} : tensor<1x2x2xf32> into tensor<1x4xf32>
// CHECK-NEXT: %[[SUM:.*]] = qbias.add %[[Y]], %[[FLAT]]
// CHECK-NEXT: tensor.expand_shape %[[SUM]]
func.func @sum_moves_above_a_reshape(%x: tensor<1x2xf32>, %w: tensor<4x2xf32>, %s: tensor<2x2xf32>) -> tensor<1x2x2xf32> {
  %0 = qbias.matmul %x, %w : (tensor<1x2xf32>, tensor<4x2xf32>) -> tensor<1x4xf32>
  %1 = tensor.expand_shape %0 [[0], [1, 2]] output_shape [1, 2, 2] : tensor<1x4xf32> into tensor<1x2x2xf32>
  %2 = tensor.expand_shape %s [[0, 1], [2]] output_shape [1, 2, 2] : tensor<2x2xf32> into tensor<1x2x2xf32>
  %3 = qbias.add %1, %2 : tensor<1x2x2xf32>, tensor<1x2x2xf32> -> tensor<1x2x2xf32>
  return %3 : tensor<1x2x2xf32>
}

// Weights kept as float are quantized at compile time: ties to even, per axis.
// CHECK-LABEL: func.func @quantize_of_a_constant_folds(
// CHECK: %[[C:.*]] = arith.constant dense<{{\[\[}}2, 2], [5, -127]]> : tensor<2x2xi8>
// CHECK: %[[CAST:.*]] = quant.scast %[[C]]
// CHECK: return %[[CAST]]
func.func @quantize_of_a_constant_folds() -> tensor<2x2x!quant.uniform<i8<-127:127>:f32:0, {1.0, 0.5:1}>> {
  %c = arith.constant dense<[[1.5, 2.5], [2.0, -100.0]]> : tensor<2x2xf32>
  %q = qbias.quantize %c : tensor<2x2xf32> -> tensor<2x2x!quant.uniform<i8<-127:127>:f32:0, {1.0, 0.5:1}>>
  return %q : tensor<2x2x!quant.uniform<i8<-127:127>:f32:0, {1.0, 0.5:1}>>
}

// CHECK-LABEL: func.func @float_ends_become_quantized(
// CHECK-SAME: %[[X:.*]]: tensor<2x![[Q]]> {qbias.real{{.*}}}) -> (tensor<2x![[OTHER]]> {qbias.real})
// CHECK-NEXT: %[[D:.*]] = qbias.dequantize %[[X]]
// CHECK-NEXT: %[[S:.*]] = qbias.unary sigmoid %[[D]]
// CHECK-NEXT: %[[Y:.*]] = qbias.quantize %[[S]]
// CHECK-NEXT: return %[[Y]]
func.func @float_ends_become_quantized(%x: tensor<2xf32>) -> tensor<2xf32> {
  %0 = qbias.quantize %x : tensor<2xf32> -> tensor<2x!q>
  %1 = qbias.dequantize %0 : tensor<2x!q> -> tensor<2xf32>
  %2 = qbias.unary sigmoid %1 : tensor<2xf32>
  %3 = qbias.quantize %2 : tensor<2xf32> -> tensor<2x!other>
  %4 = qbias.dequantize %3 : tensor<2x!other> -> tensor<2xf32>
  return %4 : tensor<2xf32>
}

// CHECK-LABEL: func.func @argument_of_two_scales_stays_float(
// CHECK-SAME: %[[X:.*]]: tensor<2xf32>)
// CHECK-DAG: qbias.quantize %[[X]] : tensor<2xf32> -> tensor<2x![[Q]]>
// CHECK-DAG: qbias.quantize %[[X]] : tensor<2xf32> -> tensor<2x![[OTHER]]>
func.func @argument_of_two_scales_stays_float(%x: tensor<2xf32>) -> (tensor<2x!q>, tensor<2x!other>) {
  %0 = qbias.quantize %x : tensor<2xf32> -> tensor<2x!q>
  %1 = qbias.quantize %x : tensor<2xf32> -> tensor<2x!other>
  return %0, %1 : tensor<2x!q>, tensor<2x!other>
}

// The roundings of the file stay where they are.
// CHECK-LABEL: func.func @nothing_moves_across_a_sum(
// CHECK-COUNT-2: qbias.dequantize
// CHECK-NEXT: qbias.add
// CHECK-NEXT: qbias.quantize
func.func @nothing_moves_across_a_sum(%a: tensor<2x!q>, %b: tensor<2x!q>) -> tensor<2x!q> {
  %0 = qbias.dequantize %a : tensor<2x!q> -> tensor<2xf32>
  %1 = qbias.dequantize %b : tensor<2x!q> -> tensor<2xf32>
  %2 = qbias.add %0, %1 : tensor<2xf32>, tensor<2xf32> -> tensor<2xf32>
  %3 = qbias.quantize %2 : tensor<2xf32> -> tensor<2x!q>
  return %3 : tensor<2x!q>
}

// CHECK-LABEL: func.func @unused_argument_keeps_its_place(
// CHECK-SAME: %{{.*}}: tensor<2x!{{[^,]*}}> {{{.*}}qbias.unused}, 
// expected-warning @below {{input 'spare' is not used by the program}}
func.func @unused_argument_keeps_its_place(%x: tensor<2xf32> {qbias.name = "spare"}, %q: tensor<2x!q>) -> tensor<2x!q> {
  return %q : tensor<2x!q>
}

// A sum behind a transpose of the model meets its convolution.
// CHECK-LABEL: func.func @sum_moves_above_a_transpose(
// CHECK-SAME: %[[X:.*]]: tensor<1x2x3x1xf32>, %[[W:.*]]: tensor<4x1x1x1xf32>, %[[S:.*]]: tensor<4x1x2x3xf32>)
// CHECK: %[[CONV:.*]] = qbias.conv2d %[[X]], %[[W]]
// CHECK: %[[BACK:.*]] = qbias.transpose %[[S]] [1, 2, 3, 0]
// CHECK: %[[SUM:.*]] = qbias.sub %[[BACK]], %[[CONV]]
// CHECK: %[[T:.*]] = qbias.transpose %[[SUM]] [3, 0, 1, 2]
// CHECK: return %[[T]]
func.func @sum_moves_above_a_transpose(%x: tensor<1x2x3x1xf32>, %w: tensor<4x1x1x1xf32>, %s: tensor<4x1x2x3xf32>) -> tensor<4x1x2x3xf32> {
  %0 = qbias.conv2d %x, %w : (tensor<1x2x3x1xf32>, tensor<4x1x1x1xf32>) -> tensor<1x2x3x4xf32>
  %1 = qbias.transpose %0 [3, 0, 1, 2] : tensor<1x2x3x4xf32> -> tensor<4x1x2x3xf32>
  %2 = qbias.sub %s, %1 : tensor<4x1x2x3xf32>, tensor<4x1x2x3xf32> -> tensor<4x1x2x3xf32>
  return %2 : tensor<4x1x2x3xf32>
}

// Of two sums in different orders none can move above the other.
// CHECK-LABEL: func.func @two_transposed_sums_stay(
// CHECK: qbias.transpose
// CHECK: qbias.transpose
// CHECK: %[[SUM:.*]] = qbias.add
// CHECK-NEXT: return %[[SUM]]
func.func @two_transposed_sums_stay(%x: tensor<1x2x2x1xf32>, %w: tensor<1x1x1x1xf32>) -> tensor<1x2x1x2xf32> {
  %0 = qbias.conv2d %x, %w : (tensor<1x2x2x1xf32>, tensor<1x1x1x1xf32>) -> tensor<1x2x2x1xf32>
  %1 = qbias.transpose %0 [0, 1, 3, 2] : tensor<1x2x2x1xf32> -> tensor<1x2x1x2xf32>
  %2 = qbias.transpose %0 [0, 2, 3, 1] : tensor<1x2x2x1xf32> -> tensor<1x2x1x2xf32>
  %3 = qbias.add %1, %2 : tensor<1x2x1x2xf32>, tensor<1x2x1x2xf32> -> tensor<1x2x1x2xf32>
  return %3 : tensor<1x2x1x2xf32>
}

// A sum over a dimension is a mean times its extent, behind a reshape.
// CHECK-LABEL: func.func @number_moves_above_a_reshape(
// CHECK: [[M:%.*]] = qbias.mul %{{.*}}, %{{.*}} : tensor<1x1x3x1xf32>, tensor<1x1x1x1xf32> -> tensor<1x1x3x1xf32>
// CHECK: tensor.collapse_shape [[M]]
func.func @number_moves_above_a_reshape(%x: tensor<1x2x3x1xf32>) -> tensor<1x3xf32> {
  %c = arith.constant dense<2.0> : tensor<1x1xf32>
  %0 = qbias.pool avg %x {kernel = array<i64: 2, 1>} : tensor<1x2x3x1xf32> -> tensor<1x1x3x1xf32>
  %1 = tensor.collapse_shape %0 [[0, 1], [2, 3]] : tensor<1x1x3x1xf32> into tensor<1x3xf32>
  %2 = qbias.mul %1, %c : tensor<1x3xf32>, tensor<1x1xf32> -> tensor<1x3xf32>
  return %2 : tensor<1x3xf32>
}
