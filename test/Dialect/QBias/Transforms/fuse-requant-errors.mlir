// RUN: qbias-opt %s --split-input-file --qbias-integerize --verify-diagnostics

!x = !quant.uniform<i8:f32, 0.5:3>
!w = !quant.uniform<i8:f32, 0.25>
!y = !quant.uniform<i8:f32, 0.7:-5>

// Both tensors are named, the operation between, and the tensor it ends in.
// expected-error @unknown {{the segment that ends in tensor 'y' has no integer form at 'sum' (qbias.add): expects two quantized operands, or a convolution or matrix product and a quantized operand}}
// expected-note @unknown {{quantize this tensor, 'left', computed by qbias.matmul}}
// expected-note @unknown {{quantize this tensor, 'right', computed by qbias.matmul}}
func.func @two_accumulators_meet(%q: tensor<1x2x!x>) -> tensor<1x1x!y> {
  %x = qbias.dequantize %q : tensor<1x2x!x> -> tensor<1x2xf32>
  %c = arith.constant dense<[[1, 2]]> : tensor<1x2xi8>
  %wq = quant.scast %c : tensor<1x2xi8> to tensor<1x2x!w>
  %w = qbias.dequantize %wq : tensor<1x2x!w> -> tensor<1x2xf32>
  %a = qbias.matmul %x, %w : (tensor<1x2xf32>, tensor<1x2xf32>) -> tensor<1x1xf32> loc("left")
  %v = qbias.clamp %x lo 0.0 : tensor<1x2xf32>
  %vq = qbias.quantize %v : tensor<1x2xf32> -> tensor<1x2x!x>
  %u = qbias.dequantize %vq : tensor<1x2x!x> -> tensor<1x2xf32>
  %b = qbias.matmul %u, %w : (tensor<1x2xf32>, tensor<1x2xf32>) -> tensor<1x1xf32> loc("right")
  %s = qbias.add %a, %b : tensor<1x1xf32>, tensor<1x1xf32> -> tensor<1x1xf32> loc("sum")
  %r = qbias.quantize %s : tensor<1x1xf32> -> tensor<1x1x!y> loc("y")
  return %r : tensor<1x1x!y>
}

// -----

!x = !quant.uniform<i8:f32, 0.5:3>
!w = !quant.uniform<i8:f32, 0.25>
!y = !quant.uniform<i8:f32, 0.7:-5>

func.func @function_after_a_sum_is_not_monotone(%q: tensor<1x2x!x>) -> tensor<1x1x!y> {
  %x = qbias.dequantize %q : tensor<1x2x!x> -> tensor<1x2xf32>
  %c = arith.constant dense<[[1, 2]]> : tensor<1x2xi8>
  %wq = quant.scast %c : tensor<1x2xi8> to tensor<1x2x!w>
  %w = qbias.dequantize %wq : tensor<1x2x!w> -> tensor<1x2xf32>
  // expected-error @below {{has no integer form at 'qbias.matmul' (qbias.matmul): expects a monotone function between a sum and its quantize; quantize the input of that function}}
  %a = qbias.matmul %x, %w : (tensor<1x2xf32>, tensor<1x2xf32>) -> tensor<1x1xf32>
  %b = qbias.unary hard_swish %a : tensor<1x1xf32>
  %r = qbias.quantize %b : tensor<1x1xf32> -> tensor<1x1x!y>
  return %r : tensor<1x1x!y>
}

// -----

!x = !quant.uniform<i8:f32, 0.5:3>
!w = !quant.uniform<i8:f32, 0.25>
!y = !quant.uniform<i8:f32, 0.7:-5>

// Two reductions without a quantize between them.
func.func @mean_of_a_convolution(%q: tensor<1x2x2x1x!x>) -> tensor<1x1x1x1x!y> {
  %x = qbias.dequantize %q : tensor<1x2x2x1x!x> -> tensor<1x2x2x1xf32>
  %c = arith.constant dense<2> : tensor<1x1x1x1xi8>
  %wq = quant.scast %c : tensor<1x1x1x1xi8> to tensor<1x1x1x1x!w>
  %w = qbias.dequantize %wq : tensor<1x1x1x1x!w> -> tensor<1x1x1x1xf32>
  // expected-note @below {{quantize this tensor, 'qbias.conv2d', computed by qbias.conv2d}}
  %a = qbias.conv2d %x, %w : (tensor<1x2x2x1xf32>, tensor<1x1x1x1xf32>) -> tensor<1x2x2x1xf32>
  // expected-error @below {{has no integer form at 'qbias.pool' (qbias.pool): expects a quantized input}}
  %b = qbias.pool avg %a {kernel = array<i64: 2, 2>} : tensor<1x2x2x1xf32> -> tensor<1x1x1x1xf32>
  %r = qbias.quantize %b : tensor<1x1x1x1xf32> -> tensor<1x1x1x1x!y>
  return %r : tensor<1x1x1x1x!y>
}

// -----

!x = !quant.uniform<i8:f32, 0.5:3>

func.func @scale_per_channel_on_an_activation(%q: tensor<2x!x>) -> tensor<2x!quant.uniform<i8:f32:0, {0.5, 0.25}>> {
  %x = qbias.dequantize %q : tensor<2x!x> -> tensor<2xf32>
  // expected-error @below {{expects a per-tensor scale on an activation, got 2 scales; quantize '' per tensor}}
  %r = qbias.quantize %x : tensor<2xf32> -> tensor<2x!quant.uniform<i8:f32:0, {0.5, 0.25}>>
  return %r : tensor<2x!quant.uniform<i8:f32:0, {0.5, 0.25}>>
}

// -----

!x = !quant.uniform<i8:f32, 0.5:3>
!y = !quant.uniform<i8:f32, 0.7:-5>

// expected-error @below {{float tensor 'image' has no single quantize, expected one before tensor}}
func.func @input_of_two_scales(%x: tensor<2xf32> {qbias.name = "image"}) -> (tensor<2x!x>, tensor<2x!y>) {
  %q = qbias.quantize %x : tensor<2xf32> -> tensor<2x!x>
  %r = qbias.quantize %x : tensor<2xf32> -> tensor<2x!y>
  return %q, %r : tensor<2x!x>, tensor<2x!y>
}

// -----

func.func @float_model(%x: tensor<1x2xf32>, %w: tensor<1x2xf32>) -> tensor<1x1xf32> {
  // expected-error @below {{model is not quantized: expects quantized inputs and weights, got 1 float layers, the first 'qbias.matmul'; quantize the model first}}
  %y = qbias.matmul %x, %w : (tensor<1x2xf32>, tensor<1x2xf32>) -> tensor<1x1xf32>
  return %y : tensor<1x1xf32>
}

// -----

!x = !quant.uniform<i8:f32, 0.5:3>

func.func @weights_are_computed(%q: tensor<1x1x1x1x!x>, %v: tensor<1x1x1x1x!x>) -> tensor<1x1x1x1x!x> {
  %x = qbias.dequantize %q : tensor<1x1x1x1x!x> -> tensor<1x1x1x1xf32>
  %w = qbias.dequantize %v : tensor<1x1x1x1x!x> -> tensor<1x1x1x1xf32>
  // expected-error @below {{has no integer form at 'qbias.conv2d' (qbias.conv2d): expects quantized operands, constant weights with one scale in all or for each output channel, and a constant bias}}
  %y = qbias.conv2d %x, %w : (tensor<1x1x1x1xf32>, tensor<1x1x1x1xf32>) -> tensor<1x1x1x1xf32>
  %r = qbias.quantize %y : tensor<1x1x1x1xf32> -> tensor<1x1x1x1x!x>
  return %r : tensor<1x1x1x1x!x>
}

// -----

!x = !quant.uniform<i8:f32, 0.5:3>
!w = !quant.uniform<i16:f32, 0.25:30000>

func.func @weights_beyond_16_bits(%q: tensor<1x1x!x>) -> tensor<1x1x!x> {
  %x = qbias.dequantize %q : tensor<1x1x!x> -> tensor<1x1xf32>
  %c = arith.constant dense<-30000> : tensor<1x1xi16>
  %wq = quant.scast %c : tensor<1x1xi16> to tensor<1x1x!w>
  %w = qbias.dequantize %wq : tensor<1x1x!w> -> tensor<1x1xf32>
  // expected-error @below {{expects weights that fit 16 bits after their zero point is subtracted}}
  %y = qbias.matmul %x, %w : (tensor<1x1xf32>, tensor<1x1xf32>) -> tensor<1x1xf32>
  %r = qbias.quantize %y : tensor<1x1xf32> -> tensor<1x1x!x>
  return %r : tensor<1x1x!x>
}

// -----

!x = !quant.uniform<i8:f32, 0.5:3>

func.func @output_of_32_bits(%q: tensor<1x!x>) -> tensor<1x!quant.uniform<i32:f32, 0.5>> {
  %x = qbias.dequantize %q : tensor<1x!x> -> tensor<1xf32>
  // expected-error @below {{expects a quantize to int32 that leaves the accumulator as it is, got one of scale 5.000000e-01 and zero point 0}}
  %r = qbias.quantize %x : tensor<1xf32> -> tensor<1x!quant.uniform<i32:f32, 0.5>>
  return %r : tensor<1x!quant.uniform<i32:f32, 0.5>>
}

// -----

!x = !quant.uniform<i8:f32, 0.5:3>

func.func @result_is_a_constant(%q: tensor<1x!x>) -> tensor<1x!x> {
  %c = arith.constant dense<1> : tensor<1xi8>
  %r = quant.scast %c : tensor<1xi8> to tensor<1x!x>
  // expected-error @below {{result is a quantized constant; expects a computed tensor}}
  return %r : tensor<1x!x>
}

// -----

!x = !quant.uniform<i8:f32, 0.5:3>
!w = !quant.uniform<i8:f32:0, {0.25, 0.5}>

// Rows and channels become one dimension; their scales differ.
func.func @accumulator_loses_its_channels(%q: tensor<3x1x!x>) -> tensor<6xf32> {
  %x = qbias.dequantize %q : tensor<3x1x!x> -> tensor<3x1xf32>
  %c = arith.constant dense<1> : tensor<2x1xi8>
  %wq = quant.scast %c : tensor<2x1xi8> to tensor<2x1x!w>
  %w = qbias.dequantize %wq : tensor<2x1x!w> -> tensor<2x1xf32>
  %y = qbias.matmul %x, %w : (tensor<3x1xf32>, tensor<2x1xf32>) -> tensor<3x2xf32>
  // expected-error @below {{channels of the output are no dimension of their own any more; quantize the output of this layer}}
  %r = tensor.collapse_shape %y [[0, 1]] : tensor<3x2xf32> into tensor<6xf32>
  return %r : tensor<6xf32>
}

// -----

!x = !quant.uniform<i8:f32, 0.5:3>
!w = !quant.uniform<i8:f32:0, {0.25, 0.5}>

func.func @accumulator_loses_a_channel(%q: tensor<3x1x!x>) -> tensor<3x1xf32> {
  %x = qbias.dequantize %q : tensor<3x1x!x> -> tensor<3x1xf32>
  %c = arith.constant dense<1> : tensor<2x1xi8>
  %wq = quant.scast %c : tensor<2x1xi8> to tensor<2x1x!w>
  %w = qbias.dequantize %wq : tensor<2x1x!w> -> tensor<2x1xf32>
  %y = qbias.matmul %x, %w : (tensor<3x1xf32>, tensor<2x1xf32>) -> tensor<3x2xf32>
  // expected-error @below {{channels of the output are no dimension of their own any more; quantize the output of this layer}}
  %r = tensor.extract_slice %y[0, 1] [3, 1] [1, 1] : tensor<3x2xf32> to tensor<3x1xf32>
  return %r : tensor<3x1xf32>
}

// -----

!x = !quant.uniform<i8:f32, 0.5:3>
!w = !quant.uniform<i8:f32, 0.25>

func.func @accumulator_is_padded(%q: tensor<3x1x!x>) -> (tensor<4x1xf32> {qbias.name = "scores"}) {
  %x = qbias.dequantize %q : tensor<3x1x!x> -> tensor<3x1xf32>
  %c = arith.constant dense<1> : tensor<1x1xi8>
  %wq = quant.scast %c : tensor<1x1xi8> to tensor<1x1x!w>
  %w = qbias.dequantize %wq : tensor<1x1x!w> -> tensor<1x1xf32>
  %y = qbias.matmul %x, %w : (tensor<3x1xf32>, tensor<1x1xf32>) -> tensor<3x1xf32>
  // expected-error @below {{expects a quantize before it, got the accumulator of result 'scores'}}
  %r = qbias.pad %y low [0, 0] high [1, 0] value 0.0 : tensor<3x1xf32> -> tensor<4x1xf32>
  return %r : tensor<4x1xf32>
}

// -----

!x = !quant.uniform<i8:f32, 0.5:3>

func.func @mean_of_several_divisors_without_quantize(%q: tensor<1x2x2x1x!x>) -> tensor<1x3x3x1xf32> {
  %x = qbias.dequantize %q : tensor<1x2x2x1x!x> -> tensor<1x2x2x1xf32>
  // expected-error @below {{expects a quantize after a mean that does not count padding}}
  %y = qbias.pool avg %x {kernel = array<i64: 2, 2>, pads = array<i64: 1, 1, 1, 1>} : tensor<1x2x2x1xf32> -> tensor<1x3x3x1xf32>
  return %y : tensor<1x3x3x1xf32>
}

// -----

!x = !quant.uniform<i8:f32, 0.5:3>

func.func @sum_without_quantize(%q: tensor<1x!x>, %r: tensor<1x!x>) -> tensor<1xf32> {
  %a = qbias.dequantize %q : tensor<1x!x> -> tensor<1xf32>
  %b = qbias.dequantize %r : tensor<1x!x> -> tensor<1xf32>
  // expected-error @below {{expects a quantize after a sum of two tensors}}
  %y = qbias.add %a, %b : tensor<1xf32>, tensor<1xf32> -> tensor<1xf32>
  return %y : tensor<1xf32>
}

// -----

!x = !quant.uniform<i8:f32, 0.5:3>

// An infinity is no real number: it is not quantized at compile time either.
func.func @constant_is_infinite(%q: tensor<1x!x>) -> tensor<1x!x> {
  // expected-error @below {{has no integer form at 'arith.constant' (arith.constant)}}
  %c = arith.constant dense<0x7F800000> : tensor<1xf32>
  %r = qbias.quantize %c : tensor<1xf32> -> tensor<1x!x>
  return %r : tensor<1x!x>
}

// -----

!x = !quant.uniform<i8:f32, 0.5:3>
!w = !quant.uniform<i8:f32, 0.25>

// 256 channels of 33,333 levels have too many thresholds.
func.func @function_before_16_bits(%q: tensor<1x1x!x>) -> tensor<1x256x!quant.uniform<i16:f32, 0.00003>> {
  %x = qbias.dequantize %q : tensor<1x1x!x> -> tensor<1x1xf32>
  %c = arith.constant dense<1> : tensor<256x1xi8>
  %wq = quant.scast %c : tensor<256x1xi8> to tensor<256x1x!w>
  %w = qbias.dequantize %wq : tensor<256x1x!w> -> tensor<256x1xf32>
  %0 = qbias.matmul %x, %w : (tensor<1x1xf32>, tensor<256x1xf32>) -> tensor<1x256xf32>
  %1 = qbias.unary sigmoid %0 : tensor<1x256xf32>
  // expected-error @below {{expects a linear function before a quantize to more than 8 bits; quantize the input of that function}}
  %2 = qbias.quantize %1 : tensor<1x256xf32> -> tensor<1x256x!quant.uniform<i16:f32, 0.00003>>
  return %2 : tensor<1x256x!quant.uniform<i16:f32, 0.00003>>
}

// -----

func.func @largest_of_reals(%q: tensor<2x4x!quant.uniform<i8:f32, 0.5>>) -> tensor<2xi32> {
  %x = qbias.dequantize %q : tensor<2x4x!quant.uniform<i8:f32, 0.5>> -> tensor<2x4xf32>
  %y = qbias.unary tanh %x : tensor<2x4xf32> loc("scores")
  // expected-error @+1 {{expects a quantized tensor, got the real numbers of 'scores'; quantize it}}
  %z = qbias.arg_max %y dim 1 : tensor<2x4xf32> -> tensor<2xi32>
  return %z : tensor<2xi32>
}
