// The real family on small numbers that can be followed by hand.
// RUN: qbias-opt %s --qbias-interpret -o /dev/null | FileCheck %s

// Ties go to the even neighbour before the zero point is added.
// CHECK: "function":"quantize_ties"
// CHECK-SAME: "outputs":[{"shape":[5],"values":[3,5,5,3,1]}]
func.func @quantize_ties() -> tensor<5x!quant.uniform<i8:f32, 1.0:3>> {
  %x = arith.constant dense<[0.5, 1.5, 2.5, -0.5, -1.5]> : tensor<5xf32>
  %q = qbias.quantize %x : tensor<5xf32> -> tensor<5x!quant.uniform<i8:f32, 1.0:3>>
  return %q : tensor<5x!quant.uniform<i8:f32, 1.0:3>>
}

// CHECK: "function":"quantize_saturates_to_the_storage_range"
// CHECK-SAME: "values":[127,-127,126]
func.func @quantize_saturates_to_the_storage_range() -> tensor<3x!quant.uniform<i8<-127:127>:f32, 0.5>> {
  %x = arith.constant dense<[100.0, -100.0, 63.0]> : tensor<3xf32>
  %q = qbias.quantize %x : tensor<3xf32> -> tensor<3x!quant.uniform<i8<-127:127>:f32, 0.5>>
  return %q : tensor<3x!quant.uniform<i8<-127:127>:f32, 0.5>>
}

// CHECK: "function":"quantize_per_axis"
// CHECK-SAME: "values":[3,5,3,7]
func.func @quantize_per_axis() -> tensor<2x2x!quant.uniform<i8:f32:0, {0.5:1, 0.25:-1}>> {
  %x = arith.constant dense<[[1.0, 2.0], [1.0, 2.0]]> : tensor<2x2xf32>
  %q = qbias.quantize %x : tensor<2x2xf32> -> tensor<2x2x!quant.uniform<i8:f32:0, {0.5:1, 0.25:-1}>>
  return %q : tensor<2x2x!quant.uniform<i8:f32:0, {0.5:1, 0.25:-1}>>
}

// The bits of an unsigned type travel in a signless constant: -56 is 200.
// CHECK: "function":"dequantize_unsigned"
// CHECK-SAME: "values":["36","-64"]
func.func @dequantize_unsigned() -> tensor<2xf32> {
  %c = arith.constant dense<[-56, 0]> : tensor<2xi8>
  %q = quant.scast %c : tensor<2xi8> to tensor<2x!quant.uniform<u8:f32, 0.5:128>>
  %x = qbias.dequantize %q : tensor<2x!quant.uniform<u8:f32, 0.5:128>> -> tensor<2xf32>
  return %x : tensor<2xf32>
}

// The exact value of the float 0.1, not the decimal number.
// CHECK: "function":"a_scale_is_the_exact_float"
// CHECK-SAME: "values":["13421773/134217728"]
func.func @a_scale_is_the_exact_float() -> tensor<1xf32> {
  %x = arith.constant dense<0.1> : tensor<1xf32>
  return %x : tensor<1xf32>
}

// Padding on top and right only.
// CHECK: "function":"conv2d_padding"
// CHECK-SAME: "values":["2100","200","4321","402"]
func.func @conv2d_padding() -> tensor<1x2x2x1xf32> {
  %x = arith.constant dense<[[[[1.0], [2.0]], [[3.0], [4.0]]]]> : tensor<1x2x2x1xf32>
  %w = arith.constant dense<[[[[1.0], [10.0]], [[100.0], [1000.0]]]]> : tensor<1x2x2x1xf32>
  %y = qbias.conv2d %x, %w {pads = array<i64: 1, 0, 0, 1>}
      : (tensor<1x2x2x1xf32>, tensor<1x2x2x1xf32>) -> tensor<1x2x2x1xf32>
  return %y : tensor<1x2x2x1xf32>
}

// CHECK: "function":"conv2d_stride_dilation_bias"
// CHECK-SAME: "values":["63/2","107/2"]
func.func @conv2d_stride_dilation_bias() -> tensor<1x1x2x1xf32> {
  %x = arith.constant dense<[[[[1.0], [2.0], [3.0], [4.0], [5.0]]]]> : tensor<1x1x5x1xf32>
  %w = arith.constant dense<[[[[1.0], [10.0]]]]> : tensor<1x1x2x1xf32>
  %b = arith.constant dense<0.5> : tensor<1xf32>
  %y = qbias.conv2d %x, %w bias %b {strides = array<i64: 1, 2>, dilations = array<i64: 1, 2>}
      : (tensor<1x1x5x1xf32>, tensor<1x1x2x1xf32>, tensor<1xf32>) -> tensor<1x1x2x1xf32>
  return %y : tensor<1x1x2x1xf32>
}

// CHECK: "function":"conv2d_groups"
// CHECK-SAME: "values":["21","4300"]
func.func @conv2d_groups() -> tensor<1x1x1x2xf32> {
  %x = arith.constant dense<[[[[1.0, 2.0, 3.0, 4.0]]]]> : tensor<1x1x1x4xf32>
  %w = arith.constant dense<[[[[1.0, 10.0]]], [[[100.0, 1000.0]]]]> : tensor<2x1x1x2xf32>
  %y = qbias.conv2d %x, %w {groups = 2}
      : (tensor<1x1x1x4xf32>, tensor<2x1x1x2xf32>) -> tensor<1x1x1x2xf32>
  return %y : tensor<1x1x1x2xf32>
}

// CHECK: "function":"conv2d_depthwise_with_multiplier"
// CHECK-SAME: "values":["3","30","500","5000"]
func.func @conv2d_depthwise_with_multiplier() -> tensor<1x1x1x4xf32> {
  %x = arith.constant dense<[[[[3.0, 5.0]]]]> : tensor<1x1x1x2xf32>
  %w = arith.constant dense<[[[[1.0]]], [[[10.0]]], [[[100.0]]], [[[1000.0]]]]> : tensor<4x1x1x1xf32>
  %y = qbias.conv2d %x, %w {groups = 2}
      : (tensor<1x1x1x2xf32>, tensor<4x1x1x1xf32>) -> tensor<1x1x1x4xf32>
  return %y : tensor<1x1x1x4xf32>
}

// CHECK: "function":"matmul_shares_the_right_operand"
// CHECK-SAME: "values":["21","2101","43","4301"]
func.func @matmul_shares_the_right_operand() -> tensor<2x1x2xf32> {
  %x = arith.constant dense<[[[1.0, 2.0]], [[3.0, 4.0]]]> : tensor<2x1x2xf32>
  %w = arith.constant dense<[[1.0, 10.0], [100.0, 1000.0]]> : tensor<2x2xf32>
  %b = arith.constant dense<[0.0, 1.0]> : tensor<2xf32>
  %y = qbias.matmul %x, %w bias %b
      : (tensor<2x1x2xf32>, tensor<2x2xf32>, tensor<2xf32>) -> tensor<2x1x2xf32>
  return %y : tensor<2x1x2xf32>
}

// CHECK: "function":"matmul_of_batches"
// CHECK-SAME: "values":["21","4300"]
func.func @matmul_of_batches() -> tensor<2x1x1xf32> {
  %x = arith.constant dense<[[[1.0, 2.0]], [[3.0, 4.0]]]> : tensor<2x1x2xf32>
  %w = arith.constant dense<[[[1.0, 10.0]], [[100.0, 1000.0]]]> : tensor<2x1x2xf32>
  %y = qbias.matmul %x, %w : (tensor<2x1x2xf32>, tensor<2x1x2xf32>) -> tensor<2x1x1xf32>
  return %y : tensor<2x1x1xf32>
}

// CHECK: "function":"bias_is_value_times_unit"
// CHECK-SAME: "values":["3","-1/2"]
func.func @bias_is_value_times_unit() -> tensor<2xf32> {
  %b = qbias.bias rescaled dense<[12, -2]> : tensor<2xi32> value dense<[6, -1]> : tensor<2xi32>
      unit dense<0.5> : tensor<1xf64> scales 1.0, dense<0.25> : tensor<1xf64> : tensor<2xf32>
  return %b : tensor<2xf32>
}

// CHECK: "function":"binary_broadcasts"
// CHECK-SAME: "values":["11","12","21","22"]
// CHECK-SAME: "values":["-9","-8","-19","-18"]
// CHECK-SAME: "values":["10","20","20","40"]
func.func @binary_broadcasts() -> (tensor<2x2xf32>, tensor<2x2xf32>, tensor<2x2xf32>) {
  %a = arith.constant dense<[[1.0, 2.0]]> : tensor<1x2xf32>
  %b = arith.constant dense<[[10.0], [20.0]]> : tensor<2x1xf32>
  %sum = qbias.add %a, %b : tensor<1x2xf32>, tensor<2x1xf32> -> tensor<2x2xf32>
  %difference = qbias.sub %a, %b : tensor<1x2xf32>, tensor<2x1xf32> -> tensor<2x2xf32>
  %product = qbias.mul %a, %b : tensor<1x2xf32>, tensor<2x1xf32> -> tensor<2x2xf32>
  return %sum, %difference, %product : tensor<2x2xf32>, tensor<2x2xf32>, tensor<2x2xf32>
}

// CHECK: "function":"clamp"
// CHECK-SAME: "values":["0","5","6"]
// CHECK-SAME: "values":["-1","5","6"]
func.func @clamp() -> (tensor<3xf32>, tensor<3xf32>) {
  %x = arith.constant dense<[-1.0, 5.0, 7.0]> : tensor<3xf32>
  %both = qbias.clamp %x lo 0.0 hi 6.0 : tensor<3xf32>
  %one = qbias.clamp %x hi 6.0 : tensor<3xf32>
  return %both, %one : tensor<3xf32>, tensor<3xf32>
}

// CHECK: "function":"rational_functions"
// CHECK-SAME: "values":["0","1/4","1"]
// CHECK-SAME: "values":["0","-1/3","4"]
// CHECK-SAME: "values":["-1","-1/4","4"]
// CHECK-SAME: "values":["4","1","4"]
// CHECK-SAME: "values":["16","1","16"]
// CHECK-SAME: "values":["0","0","2"]
func.func @rational_functions() -> (tensor<3xf32>, tensor<3xf32>, tensor<3xf32>,
                                    tensor<3xf32>, tensor<3xf32>, tensor<3xf32>) {
  %x = arith.constant dense<[-4.0, -1.0, 4.0]> : tensor<3xf32>
  %0 = qbias.unary hard_sigmoid %x alpha 0.25 beta 0.5 : tensor<3xf32>
  %1 = qbias.unary hard_swish %x : tensor<3xf32>
  %2 = qbias.unary leaky_relu %x alpha 0.25 : tensor<3xf32>
  %3 = qbias.unary abs %x : tensor<3xf32>
  %4 = qbias.unary square %x : tensor<3xf32>
  %5 = qbias.unary sqrt %x : tensor<3xf32>
  return %0, %1, %2, %3, %4, %5 : tensor<3xf32>, tensor<3xf32>, tensor<3xf32>,
                                  tensor<3xf32>, tensor<3xf32>, tensor<3xf32>
}

!fine = !quant.uniform<i32:f32, 3.7252902984619141e-09> // 2^-28

// At 1: sigmoid, tanh, gelu, gelu_tanh, silu, exp, sqrt(2); elu at -1 with 1/2.
// CHECK: "function":"transcendental_functions"
// CHECK-SAME: "values":[196242043]
// CHECK-SAME: "values":[204438875]
// CHECK-SAME: "values":[225846761]
// CHECK-SAME: "values":[225805756]
// CHECK-SAME: "values":[196242043]
// CHECK-SAME: "values":[729683222]
// CHECK-SAME: "values":[379625062]
// CHECK-SAME: "values":[-84841785]
func.func @transcendental_functions() -> (tensor<1x!fine>, tensor<1x!fine>, tensor<1x!fine>,
    tensor<1x!fine>, tensor<1x!fine>, tensor<1x!fine>, tensor<1x!fine>, tensor<1x!fine>) {
  %one = arith.constant dense<1.0> : tensor<1xf32>
  %two = arith.constant dense<2.0> : tensor<1xf32>
  %minus = arith.constant dense<-1.0> : tensor<1xf32>
  %0 = qbias.unary sigmoid %one : tensor<1xf32>
  %1 = qbias.unary tanh %one : tensor<1xf32>
  %2 = qbias.unary gelu %one : tensor<1xf32>
  %3 = qbias.unary gelu_tanh %one : tensor<1xf32>
  %4 = qbias.unary silu %one : tensor<1xf32>
  %5 = qbias.unary exp %one : tensor<1xf32>
  %6 = qbias.unary sqrt %two : tensor<1xf32>
  %7 = qbias.unary elu %minus alpha 0.5 : tensor<1xf32>
  %q0 = qbias.quantize %0 : tensor<1xf32> -> tensor<1x!fine>
  %q1 = qbias.quantize %1 : tensor<1xf32> -> tensor<1x!fine>
  %q2 = qbias.quantize %2 : tensor<1xf32> -> tensor<1x!fine>
  %q3 = qbias.quantize %3 : tensor<1xf32> -> tensor<1x!fine>
  %q4 = qbias.quantize %4 : tensor<1xf32> -> tensor<1x!fine>
  %q5 = qbias.quantize %5 : tensor<1xf32> -> tensor<1x!fine>
  %q6 = qbias.quantize %6 : tensor<1xf32> -> tensor<1x!fine>
  %q7 = qbias.quantize %7 : tensor<1xf32> -> tensor<1x!fine>
  return %q0, %q1, %q2, %q3, %q4, %q5, %q6, %q7 : tensor<1x!fine>, tensor<1x!fine>,
      tensor<1x!fine>, tensor<1x!fine>, tensor<1x!fine>, tensor<1x!fine>, tensor<1x!fine>, tensor<1x!fine>
}

// CHECK: "function":"mean_divides_by_positions_inside"
// CHECK-SAME: "values":["1","3/2","2","5/2"]
// CHECK-SAME: "values":["1/4","3/4","1","5/2"]
func.func @mean_divides_by_positions_inside() -> (tensor<1x2x2x1xf32>, tensor<1x2x2x1xf32>) {
  %x = arith.constant dense<[[[[1.0], [2.0]], [[3.0], [4.0]]]]> : tensor<1x2x2x1xf32>
  %inside = qbias.pool avg %x {kernel = array<i64: 2, 2>, pads = array<i64: 1, 1, 0, 0>}
      : tensor<1x2x2x1xf32> -> tensor<1x2x2x1xf32>
  %all = qbias.pool avg %x {kernel = array<i64: 2, 2>, pads = array<i64: 1, 1, 0, 0>, count_include_pad}
      : tensor<1x2x2x1xf32> -> tensor<1x2x2x1xf32>
  return %inside, %all : tensor<1x2x2x1xf32>, tensor<1x2x2x1xf32>
}

// CHECK: "function":"maximum_ignores_padding"
// CHECK-SAME: "values":["-4","-3","-2","-1"]
func.func @maximum_ignores_padding() -> tensor<1x2x2x1xf32> {
  %x = arith.constant dense<[[[[-4.0], [-3.0]], [[-2.0], [-1.0]]]]> : tensor<1x2x2x1xf32>
  %y = qbias.pool max %x {kernel = array<i64: 2, 2>, pads = array<i64: 1, 1, 0, 0>}
      : tensor<1x2x2x1xf32> -> tensor<1x2x2x1xf32>
  return %y : tensor<1x2x2x1xf32>
}

// The value 1.0 is the integer 5 of this type.
// CHECK: "function":"pad_quantizes_its_value"
// CHECK-SAME: "values":[5,7,8,5,5]
func.func @pad_quantizes_its_value() -> tensor<5x!quant.uniform<i8:f32, 0.5:3>> {
  %c = arith.constant dense<[7, 8]> : tensor<2xi8>
  %q = quant.scast %c : tensor<2xi8> to tensor<2x!quant.uniform<i8:f32, 0.5:3>>
  %y = qbias.pad %q low [1] high [2] value 1.0
      : tensor<2x!quant.uniform<i8:f32, 0.5:3>> -> tensor<5x!quant.uniform<i8:f32, 0.5:3>>
  return %y : tensor<5x!quant.uniform<i8:f32, 0.5:3>>
}

// CHECK: "function":"movement"
// CHECK-SAME: "shape":[2,1,3],"values":["1","2","3","4","5","6"]
// CHECK-SAME: "shape":[3,2],"values":["1","4","2","5","3","6"]
// CHECK-SAME: "shape":[2,2],"values":["1","3","4","6"]
// CHECK-SAME: "shape":[2,5],"values":["1","2","3","1","3","4","5","6","4","6"]
// CHECK-SAME: "shape":[6],"values":["1","2","3","4","5","6"]
func.func @movement() -> (tensor<2x1x3xf32>, tensor<3x2xf32>, tensor<2x2xf32>, tensor<2x5xf32>, tensor<6xf32>) {
  %x = arith.constant dense<[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]> : tensor<2x3xf32>
  %0 = tensor.expand_shape %x [[0, 1], [2]] output_shape [2, 1, 3] : tensor<2x3xf32> into tensor<2x1x3xf32>
  %1 = qbias.transpose %x [1, 0] : tensor<2x3xf32> -> tensor<3x2xf32>
  %2 = tensor.extract_slice %x[0, 0] [2, 2] [1, 2] : tensor<2x3xf32> to tensor<2x2xf32>
  %3 = tensor.concat dim(1) %x, %2 : (tensor<2x3xf32>, tensor<2x2xf32>) -> tensor<2x5xf32>
  %4 = tensor.collapse_shape %x [[0, 1]] : tensor<2x3xf32> into tensor<6xf32>
  return %0, %1, %2, %3, %4 : tensor<2x1x3xf32>, tensor<3x2xf32>, tensor<2x2xf32>, tensor<2x5xf32>, tensor<6xf32>
}
