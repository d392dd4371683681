// RUN: qbias-opt %s --split-input-file --qbias-propagate-scales --qbias-materialize-bias --qbias-fuse-requant | FileCheck %s
// RUN: qbias-opt %s --split-input-file \
// RUN:   --qbias-check-rewrite="pipeline=func.func(qbias-propagate-scales,qbias-materialize-bias),qbias-fuse-requant,qbias-certify" \
// RUN:   | FileCheck %s
// RUN: qbias-opt %s --split-input-file --qbias-propagate-scales --qbias-materialize-bias --qbias-fuse-requant -o /dev/null \
// RUN:   --remark-format=emitRemark --remark-policy=all --remarks-filter=qbias-fuse-requant 2>&1 | FileCheck %s --check-prefix=REMARK

// REMARK: [Passed] segment | Category:qbias-fuse-requant | functions=1, op=int.conv2d, operands=1, quantized=yes, source_op=Conv, tensor=y

!x = !quant.uniform<i8:f32, 0.5:3>
!w = !quant.uniform<i8:f32:0, {0.25, 0.125}>
!y = !quant.uniform<i8:f32, 0.7:-5>

// The whole segment is one operation that carries its exact reference.
// CHECK: #layer = #qbias.layer<name = "conv", op = "Conv", tensor = "y">
// CHECK: #reference = #qbias.reference<operands = [5.000000e-01], weights = dense<[2.500000e-01, 1.250000e-01]> : tensor<2xf64>, bias = dense<[3.000000e-01, -0.699999988]> : tensor<2xf32>, steps = [#qbias.clamp<lo = 0.000000e+00 : f64, hi = 6.000000e+00 : f64>], result = !quant>
// CHECK-LABEL: func.func @convolution_bias_relu6(
// CHECK-SAME: %[[X:.*]]: tensor<1x5x5x2xi8> {{{.*}}qbias.type = !quant.uniform<i8:f32, 5.000000e-01:3>}) -> (tensor<1x2x4x2xi8> {qbias.type = !quant})
// CHECK-DAG: %[[B:.*]] = arith.constant dense<[2, -11]> : tensor<2xi32>
// CHECK-DAG: %[[W:.*]] = arith.constant dense<{{.*}}> : tensor<2x3x2x2xi8>
// CHECK: %[[Y:.*]] = qbias.int.conv2d %[[X]], %[[W]] bias %[[B]]
// CHECK-SAME: bias_case = #qbias<bias_case float>
// CHECK-SAME: dilations = array<i64: 1, 2>
// CHECK-SAME: input_zp = 3 : i64
// CHECK-SAME: pads = array<i64: 1, 0, 0, 1>
// CHECK-SAME: strides = array<i64: 2, 1>
// CHECK-NEXT: return %[[Y]]
func.func @convolution_bias_relu6(%q: tensor<1x5x5x2x!x>) -> tensor<1x2x4x2x!y> {
  %x = qbias.dequantize %q : tensor<1x5x5x2x!x> -> tensor<1x5x5x2xf32>
  %c = arith.constant dense<[[[[1, 2], [3, -4]], [[5, 6], [-7, 8]], [[1, 1], [2, 2]]],
                             [[[9, 8], [7, -6]], [[5, 4], [-3, 2]], [[1, -128], [127, 3]]]]> : tensor<2x3x2x2xi8>
  %wq = quant.scast %c : tensor<2x3x2x2xi8> to tensor<2x3x2x2x!w>
  %w = qbias.dequantize %wq : tensor<2x3x2x2x!w> -> tensor<2x3x2x2xf32>
  %b = arith.constant dense<[0.3, -0.7]> : tensor<2xf32>
  %0 = qbias.conv2d %x, %w bias %b {pads = array<i64: 1, 0, 0, 1>, strides = array<i64: 2, 1>,
      dilations = array<i64: 1, 2>, qbias.source = "Conv"}
      : (tensor<1x5x5x2xf32>, tensor<2x3x2x2xf32>, tensor<2xf32>) -> tensor<1x2x4x2xf32> loc("conv")
  %1 = qbias.clamp %0 lo 0.0 hi 6.0 : tensor<1x2x4x2xf32>
  %2 = qbias.quantize %1 : tensor<1x2x4x2xf32> -> tensor<1x2x4x2x!y> loc("y")
  return %2 : tensor<1x2x4x2x!y>
}

// -----

!x = !quant.uniform<u8:f32, 0.5:128>
!w = !quant.uniform<i8:f32, 0.25>
!y = !quant.uniform<u8:f32, 0.7:120>

// Unsigned tensors stay unsigned.
// CHECK-LABEL: func.func @depthwise_of_unsigned(
// CHECK-SAME: %[[X:.*]]: tensor<1x3x3x2xui8>
// CHECK: qbias.int.conv2d %[[X]], %{{.*}} {{{.*}}groups = 2 : i64, input_zp = 128 : i64,
// CHECK-SAME: : (tensor<1x3x3x2xui8>, tensor<4x2x2x1xi8>) -> tensor<1x2x2x4xui8>
func.func @depthwise_of_unsigned(%q: tensor<1x3x3x2x!x>) -> tensor<1x2x2x4x!y> {
  %x = qbias.dequantize %q : tensor<1x3x3x2x!x> -> tensor<1x3x3x2xf32>
  %c = arith.constant dense<[[[[1], [2]], [[3], [4]]], [[[5], [6]], [[7], [8]]],
                             [[[-1], [-2]], [[3], [4]]], [[[5], [-6]], [[-7], [8]]]]> : tensor<4x2x2x1xi8>
  %wq = quant.scast %c : tensor<4x2x2x1xi8> to tensor<4x2x2x1x!w>
  %w = qbias.dequantize %wq : tensor<4x2x2x1x!w> -> tensor<4x2x2x1xf32>
  %0 = qbias.conv2d %x, %w {groups = 2} : (tensor<1x3x3x2xf32>, tensor<4x2x2x1xf32>) -> tensor<1x2x2x4xf32>
  %1 = qbias.quantize %0 : tensor<1x2x2x4xf32> -> tensor<1x2x2x4x!y>
  return %1 : tensor<1x2x2x4x!y>
}

// -----

!x = !quant.uniform<i8:f32, 0.5:3>
!w = !quant.uniform<i8:f32, 0.25>
!y = !quant.uniform<i8:f32, 0.7:-5>

// CHECK-LABEL: func.func @groups(
// CHECK: qbias.int.conv2d %{{.*}} {{{.*}}groups = 2 : i64,
// CHECK-SAME: : (tensor<1x1x1x4xi8>, tensor<4x1x1x2xi8>) -> tensor<1x1x1x4xi8>
func.func @groups(%q: tensor<1x1x1x4x!x>) -> tensor<1x1x1x4x!y> {
  %x = qbias.dequantize %q : tensor<1x1x1x4x!x> -> tensor<1x1x1x4xf32>
  %c = arith.constant dense<[[[[1, 2]]], [[[3, 4]]], [[[-5, 6]]], [[[7, -8]]]]> : tensor<4x1x1x2xi8>
  %wq = quant.scast %c : tensor<4x1x1x2xi8> to tensor<4x1x1x2x!w>
  %w = qbias.dequantize %wq : tensor<4x1x1x2x!w> -> tensor<4x1x1x2xf32>
  %0 = qbias.conv2d %x, %w {groups = 2} : (tensor<1x1x1x4xf32>, tensor<4x1x1x2xf32>) -> tensor<1x1x1x4xf32>
  %1 = qbias.quantize %0 : tensor<1x1x1x4xf32> -> tensor<1x1x1x4x!y>
  return %1 : tensor<1x1x1x4x!y>
}

// -----

!x = !quant.uniform<i8:f32, 0.5:3>
!y = !quant.uniform<i8:f32, 10.0:-5>

// 127 + 10 and -128 + 10, per channel with other zero points: nine bits.
// CHECK-LABEL: func.func @weight_zero_point_makes_wide_weights(
// CHECK: %[[W:.*]] = arith.constant dense<{{\[\[}}137, -118], [5, 2]]> : tensor<2x2xi16>
// CHECK: qbias.int.matmul %{{.*}}, %[[W]] {{.*}}rhs_zp = 0 : i64
func.func @weight_zero_point_makes_wide_weights(%q: tensor<1x2x!x>) -> tensor<1x2x!y> {
  %x = qbias.dequantize %q : tensor<1x2x!x> -> tensor<1x2xf32>
  %c = arith.constant dense<[[127, -128], [4, 1]]> : tensor<2x2xi8>
  %wq = quant.scast %c : tensor<2x2xi8> to tensor<2x2x!quant.uniform<i8:f32:0, {0.25:-10, 0.5:-1}>>
  %w = qbias.dequantize %wq : tensor<2x2x!quant.uniform<i8:f32:0, {0.25:-10, 0.5:-1}>> -> tensor<2x2xf32>
  %0 = qbias.matmul %x, %w : (tensor<1x2xf32>, tensor<2x2xf32>) -> tensor<1x2xf32>
  %1 = qbias.quantize %0 : tensor<1x2xf32> -> tensor<1x2x!y>
  return %1 : tensor<1x2x!y>
}

// -----

!x = !quant.uniform<i8:f32, 0.5:3>
!y = !quant.uniform<i8:f32, 10.0:-5>

// u8 weights around 128 are i8 weights around 0.
// CHECK-LABEL: func.func @unsigned_weights_that_fit_are_narrow(
// CHECK: arith.constant dense<{{\[\[}}127, -128], [0, 1]]> : tensor<2x2xi8>
func.func @unsigned_weights_that_fit_are_narrow(%q: tensor<1x2x!x>) -> tensor<1x2x!y> {
  %x = qbias.dequantize %q : tensor<1x2x!x> -> tensor<1x2xf32>
  %c = arith.constant dense<[[-1, 0], [-128, -127]]> : tensor<2x2xi8>
  %wq = quant.scast %c : tensor<2x2xi8> to tensor<2x2x!quant.uniform<u8:f32, 0.25:128>>
  %w = qbias.dequantize %wq : tensor<2x2x!quant.uniform<u8:f32, 0.25:128>> -> tensor<2x2xf32>
  %0 = qbias.matmul %x, %w : (tensor<1x2xf32>, tensor<2x2xf32>) -> tensor<1x2xf32>
  %1 = qbias.quantize %0 : tensor<1x2xf32> -> tensor<1x2x!y>
  return %1 : tensor<1x2x!y>
}

// -----

!x = !quant.uniform<i8:f32, 0.5:3>
!w = !quant.uniform<i8:f32, 0.25>
!s = !quant.uniform<i8:f32, 0.3:7>
!y = !quant.uniform<i8:f32, 0.7:-5>

// No quantize between the convolution and the sum: one rounding for both.
// CHECK: #reference = #qbias.reference<operands = [5.000000e-01, 3.000000e-01],
// CHECK-LABEL: func.func @convolution_plus_skip(
// CHECK-SAME: %[[X:.*]]: tensor<1x2x2x1xi8> {{{.*}}}, %[[S:.*]]: tensor<1x2x2x1xi8> {{{.*}}})
// CHECK: qbias.int.conv2d %[[X]], %{{.*}} addend %[[S]] {addend_zp = 7 : i64,
func.func @convolution_plus_skip(%q: tensor<1x2x2x1x!x>, %r: tensor<1x2x2x1x!s>) -> tensor<1x2x2x1x!y> {
  %x = qbias.dequantize %q : tensor<1x2x2x1x!x> -> tensor<1x2x2x1xf32>
  %s = qbias.dequantize %r : tensor<1x2x2x1x!s> -> tensor<1x2x2x1xf32>
  %c = arith.constant dense<3> : tensor<1x1x1x1xi8>
  %wq = quant.scast %c : tensor<1x1x1x1xi8> to tensor<1x1x1x1x!w>
  %w = qbias.dequantize %wq : tensor<1x1x1x1x!w> -> tensor<1x1x1x1xf32>
  %0 = qbias.conv2d %x, %w : (tensor<1x2x2x1xf32>, tensor<1x1x1x1xf32>) -> tensor<1x2x2x1xf32>
  %1 = qbias.add %0, %s : tensor<1x2x2x1xf32>, tensor<1x2x2x1xf32> -> tensor<1x2x2x1xf32>
  %2 = qbias.clamp %1 lo 0.0 : tensor<1x2x2x1xf32>
  %3 = qbias.quantize %2 : tensor<1x2x2x1xf32> -> tensor<1x2x2x1x!y>
  return %3 : tensor<1x2x2x1x!y>
}

// -----

!x = !quant.uniform<i8:f32, 0.5:3>
!w = !quant.uniform<i8:f32, 0.25>
!s = !quant.uniform<i8:f32, 0.3:7>
!y = !quant.uniform<i8:f32, 0.7:-5>

// CHECK: #reference = #qbias.reference<operands = [5.000000e-01, -3.000000e-01],
// CHECK-LABEL: func.func @product_minus_skip(
// CHECK: qbias.int.matmul %{{.*}}, %{{.*}} addend %{{.*}} {{{.*}}addend_zp = 7 : i64,
func.func @product_minus_skip(%q: tensor<1x2x!x>, %r: tensor<1x1x!s>) -> tensor<1x1x!y> {
  %x = qbias.dequantize %q : tensor<1x2x!x> -> tensor<1x2xf32>
  %s = qbias.dequantize %r : tensor<1x1x!s> -> tensor<1x1xf32>
  %c = arith.constant dense<[[3, -5]]> : tensor<1x2xi8>
  %wq = quant.scast %c : tensor<1x2xi8> to tensor<1x2x!w>
  %w = qbias.dequantize %wq : tensor<1x2x!w> -> tensor<1x2xf32>
  %0 = qbias.matmul %x, %w : (tensor<1x2xf32>, tensor<1x2xf32>) -> tensor<1x1xf32>
  %1 = qbias.sub %0, %s : tensor<1x1xf32>, tensor<1x1xf32> -> tensor<1x1xf32>
  %2 = qbias.quantize %1 : tensor<1x1xf32> -> tensor<1x1x!y>
  return %2 : tensor<1x1x!y>
}

// -----

!a = !quant.uniform<i8:f32, 0.5:3>
!b = !quant.uniform<u8:f32, 0.3:7>
!y = !quant.uniform<i8:f32, 0.7:-5>

// A difference has a negative scale.
// CHECK: #reference = #qbias.reference<operands = [5.000000e-01, -3.000000e-01], result = !quant>
// CHECK-LABEL: func.func @difference_broadcasts(
// CHECK: qbias.int.add %{{.*}}, %{{.*}} {{{.*}}lhs_zp = 3 : i64, {{.*}}rhs_zp = 7 : i64} : (tensor<2x3xi8>, tensor<1x3xui8>) -> tensor<2x3xi8>
func.func @difference_broadcasts(%q: tensor<2x3x!a>, %r: tensor<1x3x!b>) -> tensor<2x3x!y> {
  %a = qbias.dequantize %q : tensor<2x3x!a> -> tensor<2x3xf32>
  %b = qbias.dequantize %r : tensor<1x3x!b> -> tensor<1x3xf32>
  %0 = qbias.sub %a, %b : tensor<2x3xf32>, tensor<1x3xf32> -> tensor<2x3xf32>
  %1 = qbias.quantize %0 : tensor<2x3xf32> -> tensor<2x3x!y>
  return %1 : tensor<2x3x!y>
}

// -----

!a = !quant.uniform<i8:f32, 0.5:3>
!b = !quant.uniform<u8:f32, 0.3:7>
!y = !quant.uniform<i8:f32, 0.7:-5>

// CHECK-LABEL: func.func @product_of_two_tensors(
// CHECK: qbias.int.mul %{{.*}}, %{{.*}} {{{.*}}lhs_zp = 3 : i64, {{.*}}rhs_zp = 7 : i64} : (tensor<3xi8>, tensor<3xui8>) -> tensor<3xi8>
func.func @product_of_two_tensors(%q: tensor<3x!a>, %r: tensor<3x!b>) -> tensor<3x!y> {
  %a = qbias.dequantize %q : tensor<3x!a> -> tensor<3xf32>
  %b = qbias.dequantize %r : tensor<3x!b> -> tensor<3xf32>
  %0 = qbias.mul %a, %b : tensor<3xf32>, tensor<3xf32> -> tensor<3xf32>
  %1 = qbias.quantize %0 : tensor<3xf32> -> tensor<3x!y>
  return %1 : tensor<3x!y>
}

// -----

!a = !quant.uniform<i8:f32, 0.5:3>
!b = !quant.uniform<i8:f32, 0.3:7>
!y = !quant.uniform<i8:f32, 12.0:-5>

// CHECK: #reference = #qbias.reference<operands = [5.000000e-01, 3.000000e-01], result = !quant>
// CHECK-LABEL: func.func @matrix_product_of_two_activations(
// CHECK: qbias.int.matmul %{{.*}}, %{{.*}} {{{.*}}lhs_zp = 3 : i64, {{.*}}rhs_zp = 7 : i64} : (tensor<2x2x3xi8>, tensor<2x4x3xi8>) -> tensor<2x2x4xi8>
func.func @matrix_product_of_two_activations(%q: tensor<2x2x3x!a>, %r: tensor<2x4x3x!b>) -> tensor<2x2x4x!y> {
  %a = qbias.dequantize %q : tensor<2x2x3x!a> -> tensor<2x2x3xf32>
  %b = qbias.dequantize %r : tensor<2x4x3x!b> -> tensor<2x4x3xf32>
  %0 = qbias.matmul %a, %b : (tensor<2x2x3xf32>, tensor<2x4x3xf32>) -> tensor<2x2x4xf32>
  %1 = qbias.quantize %0 : tensor<2x2x4xf32> -> tensor<2x2x4x!y>
  return %1 : tensor<2x2x4x!y>
}

// -----

!x = !quant.uniform<u8:f32, 0.5:3>
!y = !quant.uniform<i8:f32, 0.1:-5>

// 2 * gelu(x) - 1: any function of one operand is one table.
// CHECK: steps = [#qbias.unary<function = gelu>, #qbias.linear<factor = 2.000000e+00 : f64, offset = 0.000000e+00 : f64>, #qbias.linear<factor = 1.000000e+00 : f64, offset = -1.000000e+00 : f64>]
// CHECK-LABEL: func.func @elementwise_chain_is_a_table(
// CHECK-SAME: %[[X:.*]]: tensor<300xui8>
// CHECK-NEXT: %[[Y:.*]] = qbias.int.lookup %[[X]] {{{.*}}table = dense_resource<{{.*}}> : tensor<256xi32>}
// CHECK-NEXT: return %[[Y]]
func.func @elementwise_chain_is_a_table(%q: tensor<300x!x>) -> tensor<300x!y> {
  %x = qbias.dequantize %q : tensor<300x!x> -> tensor<300xf32>
  %0 = qbias.unary gelu %x : tensor<300xf32>
  %two = arith.constant dense<2.0> : tensor<1xf32>
  %1 = qbias.mul %0, %two : tensor<300xf32>, tensor<1xf32> -> tensor<300xf32>
  %one = arith.constant dense<1.0> : tensor<300xf32>
  %2 = qbias.sub %1, %one : tensor<300xf32>, tensor<300xf32> -> tensor<300xf32>
  %3 = qbias.quantize %2 : tensor<300xf32> -> tensor<300x!y>
  return %3 : tensor<300x!y>
}

// -----

!x = !quant.uniform<i16:f32, 0.5>
!y = !quant.uniform<i8:f32, 7.0:-5>

// CHECK-LABEL: func.func @rescale_of_16_bits_is_a_requantization(
// CHECK: qbias.int.requantize %{{.*}} {{{.*}}input_zp = 0 : i64, {{.*}}} : tensor<30xi16> -> tensor<30xi8>
func.func @rescale_of_16_bits_is_a_requantization(%q: tensor<30x!x>) -> tensor<30x!y> {
  %x = qbias.dequantize %q : tensor<30x!x> -> tensor<30xf32>
  %1 = qbias.quantize %x : tensor<30xf32> -> tensor<30x!y>
  return %1 : tensor<30x!y>
}

// -----

!x = !quant.uniform<u16:f32, 0.001:30000>
!y = !quant.uniform<u8:f32, 0.13:7>

// CHECK-LABEL: func.func @function_of_16_bits_is_a_table(
// CHECK: qbias.int.lookup %{{.*}} {{{.*}}table = dense_resource<{{.*}}> : tensor<65536xi32>} : tensor<30xui16> -> tensor<30xui8>
func.func @function_of_16_bits_is_a_table(%q: tensor<30x!x>) -> tensor<30x!y> {
  %x = qbias.dequantize %q : tensor<30x!x> -> tensor<30xf32>
  %0 = qbias.unary hard_swish %x : tensor<30xf32>
  %1 = qbias.quantize %0 : tensor<30xf32> -> tensor<30x!y>
  return %1 : tensor<30x!y>
}

// -----

!x = !quant.uniform<i8:f32, 0.5:3>

// Corners, edges, the middle: 4, 6 and 9 positions.
// CHECK-LABEL: func.func @mean_that_does_not_count_padding(
// CHECK: qbias.int.avg_pool %{{.*}} {{{.*}}divisors = array<i64: 4, 6, 9>
func.func @mean_that_does_not_count_padding(%q: tensor<1x3x3x2x!x>) -> tensor<1x3x3x2x!x> {
  %x = qbias.dequantize %q : tensor<1x3x3x2x!x> -> tensor<1x3x3x2xf32>
  %0 = qbias.pool avg %x {kernel = array<i64: 3, 3>, pads = array<i64: 1, 1, 1, 1>} : tensor<1x3x3x2xf32> -> tensor<1x3x3x2xf32>
  %1 = qbias.quantize %0 : tensor<1x3x3x2xf32> -> tensor<1x3x3x2x!x>
  return %1 : tensor<1x3x3x2x!x>
}

// -----

!x = !quant.uniform<i8:f32, 0.5:3>

// CHECK-LABEL: func.func @mean_that_counts_padding(
// CHECK: qbias.int.avg_pool %{{.*}} {{{.*}}count_include_pad, divisors = array<i64: 9>
func.func @mean_that_counts_padding(%q: tensor<1x3x3x2x!x>) -> tensor<1x3x3x2x!x> {
  %x = qbias.dequantize %q : tensor<1x3x3x2x!x> -> tensor<1x3x3x2xf32>
  %0 = qbias.pool avg %x {count_include_pad, kernel = array<i64: 3, 3>, pads = array<i64: 1, 1, 1, 1>} : tensor<1x3x3x2xf32> -> tensor<1x3x3x2xf32>
  %1 = qbias.quantize %0 : tensor<1x3x3x2xf32> -> tensor<1x3x3x2x!x>
  return %1 : tensor<1x3x3x2x!x>
}

// -----

!x = !quant.uniform<i8:f32, 0.0625:3>
!y = !quant.uniform<i8:f32, 0.03125:-5>

// x * sigmoid(x) - tanh(x): two functions of one tensor are one table.
// CHECK: steps = [#qbias.combine<kind = sub, lhs = [#qbias.combine<kind = mul, lhs = [], rhs = [#qbias.unary<function = sigmoid>]>], rhs = [#qbias.unary<function = tanh>]>]
// CHECK-LABEL: func.func @functions_of_one_tensor_are_a_table(
// CHECK: qbias.int.lookup %{{.*}} : tensor<300xi8> -> tensor<300xi8>
func.func @functions_of_one_tensor_are_a_table(%q: tensor<300x!x>) -> tensor<300x!y> {
  %x = qbias.dequantize %q : tensor<300x!x> -> tensor<300xf32>
  %s = qbias.unary sigmoid %x : tensor<300xf32>
  %m = qbias.mul %x, %s : tensor<300xf32>, tensor<300xf32> -> tensor<300xf32>
  %t = qbias.unary tanh %x : tensor<300xf32>
  %d = qbias.sub %m, %t : tensor<300xf32>, tensor<300xf32> -> tensor<300xf32>
  %r = qbias.quantize %d : tensor<300xf32> -> tensor<300x!y>
  return %r : tensor<300x!y>
}

// -----

!x = !quant.uniform<u8:f32, 1.0:3>
!w = !quant.uniform<i8:f32, 1.0>
!acc = !quant.uniform<i32:f32, 1.0>

// A quantize to int32 that rounds nothing is the accumulator (ConvInteger).
// CHECK-LABEL: func.func @integers_of_a_product(
// CHECK: [[Y:%.*]] = qbias.int.matmul {{.*}} -> tensor<1x2xi32>
// CHECK: return [[Y]]
func.func @integers_of_a_product(%q: tensor<1x2x!x>) -> tensor<1x2x!acc> {
  %x = qbias.dequantize %q : tensor<1x2x!x> -> tensor<1x2xf32>
  %c = arith.constant dense<[[3, -4], [5, 6]]> : tensor<2x2xi8>
  %wq = quant.scast %c : tensor<2x2xi8> to tensor<2x2x!w>
  %w = qbias.dequantize %wq : tensor<2x2x!w> -> tensor<2x2xf32>
  %y = qbias.matmul %x, %w : (tensor<1x2xf32>, tensor<2x2xf32>) -> tensor<1x2xf32>
  %r = qbias.quantize %y : tensor<1x2xf32> -> tensor<1x2x!acc>
  return %r : tensor<1x2x!acc>
}
