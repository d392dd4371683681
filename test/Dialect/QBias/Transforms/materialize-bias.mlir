// RUN: qbias-opt %s --qbias-materialize-bias 2>/dev/null | FileCheck %s
// RUN: qbias-opt %s --qbias-check-rewrite="pipeline=func.func(qbias-materialize-bias)" 2>/dev/null | FileCheck %s
// RUN: qbias-opt %s --qbias-materialize-bias -o /dev/null --mlir-disable-threading --remark-format=emitRemark \
// RUN:   --remarks-filter=qbias-materialize-bias --remark-policy=all 2>&1 | FileCheck %s --check-prefix=REMARK

// The accumulator's unit is 0.5 * 0.25 = 0.125.
!x = !quant.uniform<i8:f32, 0.5:3>
!w = !quant.uniform<i8:f32, 0.25>

// 0.3 / 0.125 = 2.4, -0.43 / 0.125 = -3.44.
// CHECK-LABEL: func.func @float_bias(
// CHECK: %[[B:.*]] = qbias.bias float dense<[2, -3]> : tensor<2xi32> value dense<[3.000000e-01, -4.300000e-01]> : tensor<2xf32> scales 5.000000e-01, dense<2.500000e-01> : tensor<1xf64>
// CHECK: qbias.matmul %{{.*}}, %{{.*}} bias %[[B]]
// REMARK: loc("float_bias"): [Analysis] bias | Category:qbias-materialize-bias | case=float, channels=2, dead_channels=0, int_max=2, int_min=-3, max_residue_in_units=0.44
func.func @float_bias(%q: tensor<1x2x!x>) -> tensor<1x2xf32> {
  %x = qbias.dequantize %q : tensor<1x2x!x> -> tensor<1x2xf32>
  %c = arith.constant dense<[[1, 2], [3, 4]]> : tensor<2x2xi8>
  %wq = quant.scast %c : tensor<2x2xi8> to tensor<2x2x!w>
  %w = qbias.dequantize %wq : tensor<2x2x!w> -> tensor<2x2xf32>
  %b = arith.constant dense<[0.3, -0.43]> : tensor<2xf32>
  %y = qbias.matmul %x, %w bias %b : (tensor<1x2xf32>, tensor<2x2xf32>, tensor<2xf32>) -> tensor<1x2xf32> loc("float_bias")
  return %y : tensor<1x2xf32>
}

// 2.5 and 3.5 units: the even neighbours.
// CHECK-LABEL: func.func @ties_go_to_even(
// CHECK: qbias.bias float dense<[2, 4]> : tensor<2xi32>
func.func @ties_go_to_even(%q: tensor<1x2x!x>) -> tensor<1x2xf32> {
  %x = qbias.dequantize %q : tensor<1x2x!x> -> tensor<1x2xf32>
  %c = arith.constant dense<[[1, 2], [3, 4]]> : tensor<2x2xi8>
  %wq = quant.scast %c : tensor<2x2xi8> to tensor<2x2x!w>
  %w = qbias.dequantize %wq : tensor<2x2x!w> -> tensor<2x2xf32>
  %b = arith.constant dense<[0.3125, 0.4375]> : tensor<2xf32>
  %y = qbias.matmul %x, %w bias %b : (tensor<1x2xf32>, tensor<2x2xf32>, tensor<2xf32>) -> tensor<1x2xf32>
  return %y : tensor<1x2xf32>
}

// The grid is the channel's own: 0.125 and 0.0625.
// CHECK-LABEL: func.func @grid_is_per_channel(
// CHECK: qbias.bias float dense<[8, 16]> : tensor<2xi32>
func.func @grid_is_per_channel(%q: tensor<1x2x!x>) -> tensor<1x2xf32> {
  %x = qbias.dequantize %q : tensor<1x2x!x> -> tensor<1x2xf32>
  %c = arith.constant dense<[[1, 2], [3, 4]]> : tensor<2x2xi8>
  %wq = quant.scast %c : tensor<2x2xi8> to tensor<2x2x!quant.uniform<i8:f32:0, {0.25, 0.125}>>
  %w = qbias.dequantize %wq : tensor<2x2x!quant.uniform<i8:f32:0, {0.25, 0.125}>> -> tensor<2x2xf32>
  %b = arith.constant dense<1.0> : tensor<2xf32>
  %y = qbias.matmul %x, %w bias %b : (tensor<1x2xf32>, tensor<2x2xf32>, tensor<2xf32>) -> tensor<1x2xf32>
  return %y : tensor<1x2xf32>
}

// The file's integers stay as they are.
// CHECK-LABEL: func.func @on_grid_bias(
// CHECK: qbias.bias on_grid dense<[12, -7]> : tensor<2xi32> value dense<[12, -7]> : tensor<2xi32> unit dense<1.250000e-01> : tensor<1xf64>
// REMARK: loc("on_grid_bias"): {{.*}}case=on_grid, {{.*}}int_max=12, int_min=-7, max_residue_in_units=0.000000
func.func @on_grid_bias(%q: tensor<1x2x!x>) -> tensor<1x2xf32> {
  %x = qbias.dequantize %q : tensor<1x2x!x> -> tensor<1x2xf32>
  %c = arith.constant dense<[[1, 2], [3, 4]]> : tensor<2x2xi8>
  %wq = quant.scast %c : tensor<2x2xi8> to tensor<2x2x!w>
  %w = qbias.dequantize %wq : tensor<2x2x!w> -> tensor<2x2xf32>
  %bc = arith.constant dense<[12, -7]> : tensor<2xi32>
  %bq = quant.scast %bc : tensor<2xi32> to tensor<2x!quant.uniform<i32:f32, 0.125>>
  %b = qbias.dequantize %bq : tensor<2x!quant.uniform<i32:f32, 0.125>> -> tensor<2xf32>
  %y = qbias.matmul %x, %w bias %b : (tensor<1x2xf32>, tensor<2x2xf32>, tensor<2xf32>) -> tensor<1x2xf32> loc("on_grid_bias")
  return %y : tensor<1x2xf32>
}

// 12 * 0.1 / 0.125 = 9.6, (-7 - 1) * 0.1 / 0.125 = -6.4: never the file's integers.
// CHECK-LABEL: func.func @rescaled_bias(
// CHECK: qbias.bias rescaled dense<[10, -6]> : tensor<2xi32> value dense<[12, -8]> : tensor<2xi32> unit dense<1.000000e-01>
// REMARK: loc("rescaled_bias"): {{.*}}case=rescaled,
func.func @rescaled_bias(%q: tensor<1x2x!x>) -> tensor<1x2xf32> {
  %x = qbias.dequantize %q : tensor<1x2x!x> -> tensor<1x2xf32>
  %c = arith.constant dense<[[1, 2], [3, 4]]> : tensor<2x2xi8>
  %wq = quant.scast %c : tensor<2x2xi8> to tensor<2x2x!w>
  %w = qbias.dequantize %wq : tensor<2x2x!w> -> tensor<2x2xf32>
  %bc = arith.constant dense<[12, -7]> : tensor<2xi32>
  %bq = quant.scast %bc : tensor<2xi32> to tensor<2x!quant.uniform<i32:f32:0, {0.1, 0.1:1}>>
  %b = qbias.dequantize %bq : tensor<2x!quant.uniform<i32:f32:0, {0.1, 0.1:1}>> -> tensor<2xf32>
  %y = qbias.matmul %x, %w bias %b : (tensor<1x2xf32>, tensor<2x2xf32>, tensor<2xf32>) -> tensor<1x2xf32> loc("rescaled_bias")
  return %y : tensor<1x2xf32>
}

// A scale that differs from 0.125 by one unit of float32 is the grid.
// CHECK-LABEL: func.func @scales_are_compared_relatively(
// CHECK: qbias.bias on_grid dense<[12, -7]> : tensor<2xi32>
func.func @scales_are_compared_relatively(%q: tensor<1x2x!x>) -> tensor<1x2xf32> {
  %x = qbias.dequantize %q : tensor<1x2x!x> -> tensor<1x2xf32>
  %c = arith.constant dense<[[1, 2], [3, 4]]> : tensor<2x2xi8>
  %wq = quant.scast %c : tensor<2x2xi8> to tensor<2x2x!w>
  %w = qbias.dequantize %wq : tensor<2x2x!w> -> tensor<2x2xf32>
  %bc = arith.constant dense<[12, -7]> : tensor<2xi32>
  %bq = quant.scast %bc : tensor<2xi32> to tensor<2x!quant.uniform<i32:f32, 0.12500000745>>
  %b = qbias.dequantize %bq : tensor<2x!quant.uniform<i32:f32, 0.12500000745>> -> tensor<2xf32>
  %y = qbias.matmul %x, %w bias %b : (tensor<1x2xf32>, tensor<2x2xf32>, tensor<2xf32>) -> tensor<1x2xf32>
  return %y : tensor<1x2xf32>
}

// Products reach 131 * 127 = 16637 below and 124 * 127 = 15748 above.
// 2^31 - 1 - 15748 and -2^31 + 16637 are what is left for the bias.
// CHECK-LABEL: func.func @overflowing_bias(
// CHECK: qbias.bias overflow dense<[2147467899, -2147467011]> : tensor<2xi32> value dense<[9.99999995E+11, -9.99999995E+11]>
// REMARK: loc("overflowing_bias"): {{.*}}case=overflow,
// REMARK: warning: loc("overflowing_bias"): bias of 2 of 2 channels leaves the range its accumulator has room for; the part beyond moves into the rounding constant, exactly
func.func @overflowing_bias(%q: tensor<1x1x!x>) -> tensor<1x2xf32> {
  %x = qbias.dequantize %q : tensor<1x1x!x> -> tensor<1x1xf32>
  %c = arith.constant dense<[[127], [127]]> : tensor<2x1xi8>
  %wq = quant.scast %c : tensor<2x1xi8> to tensor<2x1x!w>
  %w = qbias.dequantize %wq : tensor<2x1x!w> -> tensor<2x1xf32>
  %b = arith.constant dense<[1.0e12, -1.0e12]> : tensor<2xf32>
  %y = qbias.matmul %x, %w bias %b : (tensor<1x1xf32>, tensor<2x1xf32>, tensor<2xf32>) -> tensor<1x2xf32> loc("overflowing_bias")
  return %y : tensor<1x2xf32>
}

// 16-bit inputs: the products alone leave 32 bits, so the bias has 64.
// CHECK-LABEL: func.func @wide_accumulator_has_a_wide_bias(
// CHECK: qbias.bias float dense<40000000000> : tensor<1xi64>
func.func @wide_accumulator_has_a_wide_bias(%q: tensor<1x3x!quant.uniform<i16:f32, 0.5>>) -> tensor<1x1xf32> {
  %x = qbias.dequantize %q : tensor<1x3x!quant.uniform<i16:f32, 0.5>> -> tensor<1x3xf32>
  %c = arith.constant dense<[[32767, 32767, 32767]]> : tensor<1x3xi16>
  %wq = quant.scast %c : tensor<1x3xi16> to tensor<1x3x!quant.uniform<i16:f32, 0.5>>
  %w = qbias.dequantize %wq : tensor<1x3x!quant.uniform<i16:f32, 0.5>> -> tensor<1x3xf32>
  %b = arith.constant dense<1.0e10> : tensor<1xf32>
  %y = qbias.matmul %x, %w bias %b : (tensor<1x3xf32>, tensor<1x3xf32>, tensor<1xf32>) -> tensor<1x1xf32>
  return %y : tensor<1x1xf32>
}

// One constant, two inputs of different scale: two biases.
// CHECK-LABEL: func.func @shared_bias(
// CHECK-DAG: %[[A:.*]] = qbias.bias shared dense<8> : tensor<1xi32> value dense<1.000000e+00> : tensor<1xf32> scales 5.000000e-01,
// CHECK-DAG: %[[B:.*]] = qbias.bias shared dense<4> : tensor<1xi32> value dense<1.000000e+00> : tensor<1xf32> scales 1.000000e+00,
// CHECK-DAG: qbias.matmul %{{.*}}, %{{.*}} bias %[[A]]
// CHECK-DAG: qbias.matmul %{{.*}}, %{{.*}} bias %[[B]]
// REMARK: loc("shared_bias"): {{.*}}case=shared,
func.func @shared_bias(%q: tensor<1x2x!x>, %r: tensor<1x2x!quant.uniform<i8:f32, 1.0>>) -> (tensor<1x1xf32>, tensor<1x1xf32>) {
  %x = qbias.dequantize %q : tensor<1x2x!x> -> tensor<1x2xf32>
  %z = qbias.dequantize %r : tensor<1x2x!quant.uniform<i8:f32, 1.0>> -> tensor<1x2xf32>
  %c = arith.constant dense<[[1, 2]]> : tensor<1x2xi8>
  %wq = quant.scast %c : tensor<1x2xi8> to tensor<1x2x!w>
  %w = qbias.dequantize %wq : tensor<1x2x!w> -> tensor<1x2xf32>
  %b = arith.constant dense<1.0> : tensor<1xf32>
  %y = qbias.matmul %x, %w bias %b : (tensor<1x2xf32>, tensor<1x2xf32>, tensor<1xf32>) -> tensor<1x1xf32> loc("shared_bias")
  %v = qbias.matmul %z, %w bias %b : (tensor<1x2xf32>, tensor<1x2xf32>, tensor<1xf32>) -> tensor<1x1xf32>
  return %y, %v : tensor<1x1xf32>, tensor<1x1xf32>
}

// CHECK-LABEL: func.func @absent_bias(
// CHECK-NOT: qbias.bias
// CHECK: return
// REMARK: loc("absent_bias"): [Analysis] bias | Category:qbias-materialize-bias | case=absent, dead_channels=0
func.func @absent_bias(%q: tensor<1x2x!x>) -> tensor<1x1xf32> {
  %x = qbias.dequantize %q : tensor<1x2x!x> -> tensor<1x2xf32>
  %c = arith.constant dense<[[1, 2]]> : tensor<1x2xi8>
  %wq = quant.scast %c : tensor<1x2xi8> to tensor<1x2x!w>
  %w = qbias.dequantize %wq : tensor<1x2x!w> -> tensor<1x2xf32>
  %y = qbias.matmul %x, %w : (tensor<1x2xf32>, tensor<1x2xf32>) -> tensor<1x1xf32> loc("absent_bias")
  return %y : tensor<1x1xf32>
}

// Channel 1 has no weights: its output is its bias.
// CHECK-LABEL: func.func @dead_channel(
// CHECK: qbias.bias dead_channel dense<[2, 4]> : tensor<2xi32>
// REMARK: loc("dead_channel"): {{.*}}case=dead_channel, channels=2, dead_channels=1,
func.func @dead_channel(%q: tensor<1x2x!x>) -> tensor<1x2xf32> {
  %x = qbias.dequantize %q : tensor<1x2x!x> -> tensor<1x2xf32>
  %c = arith.constant dense<[[1, 2], [0, 0]]> : tensor<2x2xi8>
  %wq = quant.scast %c : tensor<2x2xi8> to tensor<2x2x!w>
  %w = qbias.dequantize %wq : tensor<2x2x!w> -> tensor<2x2xf32>
  %b = arith.constant dense<[0.25, 0.5]> : tensor<2xf32>
  %y = qbias.matmul %x, %w bias %b : (tensor<1x2xf32>, tensor<2x2xf32>, tensor<2xf32>) -> tensor<1x2xf32> loc("dead_channel")
  return %y : tensor<1x2xf32>
}

// CHECK-LABEL: func.func @added_constant_becomes_the_bias(
// CHECK: %[[B:.*]] = qbias.bias float dense<[2, 4]> : tensor<2xi32>
// CHECK: %[[Y:.*]] = qbias.conv2d %{{.*}}, %{{.*}} bias %[[B]]
// CHECK-NEXT: return %[[Y]]
func.func @added_constant_becomes_the_bias(%q: tensor<1x2x2x1x!x>) -> tensor<1x2x2x2xf32> {
  %x = qbias.dequantize %q : tensor<1x2x2x1x!x> -> tensor<1x2x2x1xf32>
  %c = arith.constant dense<1> : tensor<2x1x1x1xi8>
  %wq = quant.scast %c : tensor<2x1x1x1xi8> to tensor<2x1x1x1x!w>
  %w = qbias.dequantize %wq : tensor<2x1x1x1x!w> -> tensor<2x1x1x1xf32>
  %y = qbias.conv2d %x, %w : (tensor<1x2x2x1xf32>, tensor<2x1x1x1xf32>) -> tensor<1x2x2x2xf32>
  %b = arith.constant dense<[[[[0.25, 0.5]]]]> : tensor<1x1x1x2xf32>
  %s = qbias.add %y, %b : tensor<1x2x2x2xf32>, tensor<1x1x1x2xf32> -> tensor<1x2x2x2xf32>
  return %s : tensor<1x2x2x2xf32>
}

// One number per column is no bias of the channels.
// CHECK-LABEL: func.func @constant_of_another_dimension_stays(
// CHECK: qbias.conv2d %{{.*}}, %{{.*}} :
// CHECK: qbias.add
func.func @constant_of_another_dimension_stays(%q: tensor<1x2x2x1x!x>) -> tensor<1x2x2x2xf32> {
  %x = qbias.dequantize %q : tensor<1x2x2x1x!x> -> tensor<1x2x2x1xf32>
  %c = arith.constant dense<1> : tensor<2x1x1x1xi8>
  %wq = quant.scast %c : tensor<2x1x1x1xi8> to tensor<2x1x1x1x!w>
  %w = qbias.dequantize %wq : tensor<2x1x1x1x!w> -> tensor<2x1x1x1xf32>
  %y = qbias.conv2d %x, %w : (tensor<1x2x2x1xf32>, tensor<2x1x1x1xf32>) -> tensor<1x2x2x2xf32>
  %b = arith.constant dense<[[[[0.25], [0.5]]]]> : tensor<1x1x2x1xf32>
  %s = qbias.add %y, %b : tensor<1x2x2x2xf32>, tensor<1x1x2x1xf32> -> tensor<1x2x2x2xf32>
  return %s : tensor<1x2x2x2xf32>
}

// CHECK-LABEL: func.func @float_layer_is_left_alone(
// CHECK-SAME: %{{.*}}: tensor<1x2xf32>, %{{.*}}: tensor<1x2xf32>, %[[B:.*]]: tensor<1xf32>)
// CHECK: qbias.matmul %{{.*}}, %{{.*}} bias %[[B]]
func.func @float_layer_is_left_alone(%x: tensor<1x2xf32>, %w: tensor<1x2xf32>, %b: tensor<1xf32>) -> tensor<1x1xf32> {
  %y = qbias.matmul %x, %w bias %b : (tensor<1x2xf32>, tensor<1x2xf32>, tensor<1xf32>) -> tensor<1x1xf32>
  return %y : tensor<1x1xf32>
}
