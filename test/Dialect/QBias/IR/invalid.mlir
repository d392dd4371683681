// The real family: one failing case or more for every constraint, under its
// label of docs/Spec.md.
// RUN: qbias-opt %s --split-input-file --verify-diagnostics

// quantize_c1
func.func @f(%x: tensor<2x4xf32>) {
  // expected-error @+1 {{requires the same shape for all operands and results}}
  %0 = qbias.quantize %x : tensor<2x4xf32> -> tensor<4x2x!quant.uniform<i8:f32, 0.5>>
  return
}

// -----

// quantize_c2
func.func @f(%x: tensor<2xf32>) {
  // expected-error @+1 {{C2: expects a storage type of 4, 8 or 16 bits, or signed of 32, got i3}}
  %0 = qbias.quantize %x : tensor<2xf32> -> tensor<2x!quant.uniform<i3:f32, 0.5>>
  return
}

// -----

// quantize_c2_unsigned
func.func @f(%x: tensor<2xf32>) {
  // expected-error @+1 {{C2: expects a storage type of 4, 8 or 16 bits, or signed of 32, got u32}}
  %0 = qbias.quantize %x : tensor<2xf32> -> tensor<2x!quant.uniform<u32:f32, 0.5>>
  return
}

// -----

// The quant dialect rejects such a scale in text; the verifier's own check (C3)
// is for types that other tools build.
// quantize_c3
// expected-error @+1 {{scale 0.000000e+00 out of expressed type range}}
func.func private @f(tensor<2x!quant.uniform<i8:f32, 0.0>>)

// -----

// quantize_c4
func.func @f(%x: tensor<2xf32>) {
  // expected-error @+1 {{C4: expects a zero point in [-128, 127], got 128}}
  %0 = qbias.quantize %x : tensor<2xf32> -> tensor<2x!quant.uniform<i8:f32, 0.5:128>>
  return
}

// -----

// quantize_c4_narrow_storage
func.func @f(%x: tensor<2xf32>) {
  // expected-error @+1 {{C4: expects a zero point in [-127, 127], got -128}}
  %0 = qbias.quantize %x : tensor<2xf32> -> tensor<2x!quant.uniform<i8<-127:127>:f32:0, {0.5, 0.25:-128}>>
  return
}

// -----

// dequantize_c1
func.func @f(%q: tensor<2x!quant.uniform<i8:f32, 0.5>>) {
  // expected-error @+1 {{requires the same shape for all operands and results}}
  %0 = qbias.dequantize %q : tensor<2x!quant.uniform<i8:f32, 0.5>> -> tensor<3xf32>
  return
}

// -----

// dequantize_c2
func.func @f(%q: tensor<2x!quant.uniform<u2:f32, 0.5>>) {
  // expected-error @+1 {{C2: expects a storage type of 4, 8 or 16 bits, or signed of 32, got u2}}
  %0 = qbias.dequantize %q : tensor<2x!quant.uniform<u2:f32, 0.5>> -> tensor<2xf32>
  return
}

// -----

// dequantize_c3
// expected-error @+1 {{scale -5.000000e-01 out of expressed type range}}
func.func private @f(tensor<2x!quant.uniform<i8:f32, -0.5>>)

// -----

// dequantize_c4
func.func @f(%q: tensor<2x!quant.uniform<u8:f32, 0.5:-1>>) {
  // expected-error @+1 {{C4: expects a zero point in [0, 255], got -1}}
  %0 = qbias.dequantize %q : tensor<2x!quant.uniform<u8:f32, 0.5:-1>> -> tensor<2xf32>
  return
}

// -----

// type_axis_out_of_range
func.func @f(%x: tensor<2xf32>) {
  // expected-error @+1 {{must be statically shaped tensor of !quant.uniform, one scale in all or per entry of its axis}}
  %0 = qbias.quantize %x : tensor<2xf32> -> tensor<2x!quant.uniform<i8:f32:1, {0.5, 0.5}>>
  return
}

// -----

// type_axis_scales
func.func @f(%x: tensor<3xf32>) {
  // expected-error @+1 {{one scale in all or per entry of its axis}}
  %0 = qbias.quantize %x : tensor<3xf32> -> tensor<3x!quant.uniform<i8:f32:0, {0.5, 0.5}>>
  return
}

// -----

// type_sub_channel
func.func @f(%x: tensor<2xf32>) {
  // expected-error @+1 {{must be statically shaped tensor of !quant.uniform}}
  %0 = qbias.quantize %x : tensor<2xf32> -> tensor<2x!quant.uniform<i8:f32:{0:1}, {0.5, 0.5}>>
  return
}

// -----

// type_dynamic
func.func @f(%x: tensor<?xf32>) {
  // expected-error @+1 {{operand #0 must be statically shaped tensor of f32}}
  %0 = qbias.clamp %x : tensor<?xf32>
  return
}

// -----

// type_empty_dimension
func.func @f(%x: tensor<2x0xf32>) {
  // expected-error @+1 {{operand #0 must be statically shaped tensor of f32}}
  %0 = qbias.clamp %x : tensor<2x0xf32>
  return
}

// -----

// type_too_many_elements
func.func @f(%x: tensor<4294967296x4294967296xf32>) {
  // expected-error @+1 {{operand #0 must be statically shaped tensor of f32}}
  %0 = qbias.clamp %x : tensor<4294967296x4294967296xf32>
  return
}

// -----

// type_encoding
func.func @f(%x: tensor<2xf32, "layout">) {
  // expected-error @+1 {{operand #0 must be statically shaped tensor of f32}}
  %0 = qbias.clamp %x : tensor<2xf32, "layout">
  return
}

// -----

// type_element
func.func @f(%x: tensor<2xf64>) {
  // expected-error @+1 {{operand #0 must be statically shaped tensor of f32}}
  %0 = qbias.clamp %x : tensor<2xf64>
  return
}

// -----

// conv2d_c1
func.func @f(%x: tensor<8x8x3xf32>, %w: tensor<4x3x3x3xf32>) {
  // expected-error @+1 {{C1: expects input, weight and result of rank 4, got 3, 4 and 4}}
  %0 = qbias.conv2d %x, %w : (tensor<8x8x3xf32>, tensor<4x3x3x3xf32>) -> tensor<1x6x6x4xf32>
  return
}

// -----

// conv2d_c1_rank_0
func.func @f(%x: tensor<f32>) {
  // expected-error @+1 {{C1: expects input, weight and result of rank 4, got 0, 0 and 0}}
  %0 = qbias.conv2d %x, %x bias %x : (tensor<f32>, tensor<f32>, tensor<f32>) -> tensor<f32>
  return
}

// -----

// conv2d_c2_count
func.func @f(%x: tensor<1x8x8x3xf32>, %w: tensor<4x3x3x3xf32>) {
  // expected-error @+1 {{C2: expects 2 kernel extents, 2 strides, 2 dilations and 4 pads, got 2, 0, 3 and 1}}
  %0 = qbias.conv2d %x, %w {strides = array<i64>, dilations = array<i64: 1, 1, 1>, pads = array<i64: 1>}
      : (tensor<1x8x8x3xf32>, tensor<4x3x3x3xf32>) -> tensor<1x6x6x4xf32>
  return
}

// -----

// conv2d_c2_stride
func.func @f(%x: tensor<1x8x8x3xf32>, %w: tensor<4x3x3x3xf32>) {
  // expected-error @+1 {{C2: expects positive kernel extents, strides and dilations and pads that are not negative, up to 16777216, and a kernel of at most 2147483648 positions, got [3, 3], [1, 0], [1, 1] and [0, 0, 0, 0]}}
  %0 = qbias.conv2d %x, %w {strides = array<i64: 1, 0>}
      : (tensor<1x8x8x3xf32>, tensor<4x3x3x3xf32>) -> tensor<1x6x6x4xf32>
  return
}

// -----

// conv2d_c2_dilation
func.func @f(%x: tensor<1x8x8x3xf32>, %w: tensor<4x3x3x3xf32>) {
  // expected-error @+1 {{C2: expects positive kernel extents}}
  %0 = qbias.conv2d %x, %w {dilations = array<i64: -9223372036854775808, 1>}
      : (tensor<1x8x8x3xf32>, tensor<4x3x3x3xf32>) -> tensor<1x6x6x4xf32>
  return
}

// -----

// conv2d_c2_pad
func.func @f(%x: tensor<1x8x8x3xf32>, %w: tensor<4x3x3x3xf32>) {
  // expected-error @+1 {{C2: expects positive kernel extents}}
  %0 = qbias.conv2d %x, %w {pads = array<i64: 9223372036854775807, 0, 9223372036854775807, 0>}
      : (tensor<1x8x8x3xf32>, tensor<4x3x3x3xf32>) -> tensor<1x6x6x4xf32>
  return
}

// -----

// conv2d_c2_negative_pad
func.func @f(%x: tensor<1x8x8x3xf32>, %w: tensor<4x3x3x3xf32>) {
  // expected-error @+1 {{C2: expects positive kernel extents}}
  %0 = qbias.conv2d %x, %w {pads = array<i64: 0, 0, -1, 0>}
      : (tensor<1x8x8x3xf32>, tensor<4x3x3x3xf32>) -> tensor<1x5x6x4xf32>
  return
}

// -----

// conv2d_c3
func.func @f(%x: tensor<1x8x8x3xf32>, %w: tensor<4x3x3x3xf32>) {
  // expected-error @+1 {{C3: expects 3 input and 4 output channels to be multiples of 2 groups and the weight to have 1 input channels, got 3}}
  %0 = qbias.conv2d %x, %w {groups = 2}
      : (tensor<1x8x8x3xf32>, tensor<4x3x3x3xf32>) -> tensor<1x6x6x4xf32>
  return
}

// -----

// conv2d_c3_no_groups
func.func @f(%x: tensor<1x8x8x3xf32>, %w: tensor<4x3x3x3xf32>) {
  // expected-error @+1 {{C3: expects 3 input and 4 output channels to be multiples of 0 groups}}
  %0 = qbias.conv2d %x, %w {groups = 0}
      : (tensor<1x8x8x3xf32>, tensor<4x3x3x3xf32>) -> tensor<1x6x6x4xf32>
  return
}

// -----

// conv2d_c3_negative_groups
func.func @f(%x: tensor<1x8x8x3xf32>, %w: tensor<4x3x3x3xf32>) {
  // expected-error @+1 {{C3: expects 3 input and 4 output channels to be multiples of -1 groups}}
  %0 = qbias.conv2d %x, %w {groups = -1}
      : (tensor<1x8x8x3xf32>, tensor<4x3x3x3xf32>) -> tensor<1x6x6x4xf32>
  return
}

// -----

// conv2d_c3_output_channels
func.func @f(%x: tensor<1x8x8x4xf32>, %w: tensor<3x3x3x2xf32>) {
  // expected-error @+1 {{C3: expects 4 input and 3 output channels to be multiples of 2 groups}}
  %0 = qbias.conv2d %x, %w {groups = 2}
      : (tensor<1x8x8x4xf32>, tensor<3x3x3x2xf32>) -> tensor<1x6x6x3xf32>
  return
}

// -----

// conv2d_c4
func.func @f(%x: tensor<1x8x8x3xf32>, %w: tensor<4x3x3x3xf32>, %b: tensor<1x4xf32>) {
  // expected-error @+1 {{C4: expects a bias of 4 elements, got 'tensor<1x4xf32>'}}
  %0 = qbias.conv2d %x, %w bias %b
      : (tensor<1x8x8x3xf32>, tensor<4x3x3x3xf32>, tensor<1x4xf32>) -> tensor<1x6x6x4xf32>
  return
}

// -----

// conv2d_c5
func.func @f(%x: tensor<1x8x8x3xf32>, %w: tensor<4x3x3x3xf32>) {
  // expected-error @+1 {{C5: expects a result of shape [1, 4, 8, 4], got [1, 4, 7, 4]}}
  %0 = qbias.conv2d %x, %w {strides = array<i64: 2, 1>, pads = array<i64: 1, 1, 0, 1>}
      : (tensor<1x8x8x3xf32>, tensor<4x3x3x3xf32>) -> tensor<1x4x7x4xf32>
  return
}

// -----

// conv2d_c5_window_does_not_fit
func.func @f(%x: tensor<1x8x8x3xf32>, %w: tensor<4x3x3x3xf32>) {
  // expected-error @+1 {{C5: expects 1 to 16777216 positions of the window, got 0 and 6}}
  %0 = qbias.conv2d %x, %w {dilations = array<i64: 4, 1>}
      : (tensor<1x8x8x3xf32>, tensor<4x3x3x3xf32>) -> tensor<1x6x6x4xf32>
  return
}

// -----

// conv2d_c5_too_many_windows
func.func @f(%x: tensor<1x8x8x3xf32>, %w: tensor<4x1x1x3xf32>) {
  // expected-error @+1 {{C5: expects 1 to 16777216 positions of the window, got 33554440 and 8}}
  %0 = qbias.conv2d %x, %w {pads = array<i64: 16777216, 0, 16777216, 0>}
      : (tensor<1x8x8x3xf32>, tensor<4x1x1x3xf32>) -> tensor<1x33554440x8x4xf32>
  return
}

// -----

// matmul_c1
func.func @f(%a: tensor<2x3x4xf32>, %b: tensor<3x5x4xf32>) {
  // expected-error @+1 {{C1: expects lhs of rank 2 or more and rhs of rank 2 or with lhs's leading dimensions, got [2, 3, 4] and [3, 5, 4]}}
  %0 = qbias.matmul %a, %b : (tensor<2x3x4xf32>, tensor<3x5x4xf32>) -> tensor<2x3x5xf32>
  return
}

// -----

// matmul_c1_rank_0
func.func @f(%a: tensor<f32>) {
  // expected-error @+1 {{C1: expects lhs of rank 2 or more and rhs of rank 2 or with lhs's leading dimensions, got [] and []}}
  %0 = qbias.matmul %a, %a : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return
}

// -----

// matmul_c1_vector
func.func @f(%a: tensor<2x4xf32>, %b: tensor<4xf32>) {
  // expected-error @+1 {{C1: expects lhs of rank 2 or more}}
  %0 = qbias.matmul %a, %b : (tensor<2x4xf32>, tensor<4xf32>) -> tensor<2xf32>
  return
}

// -----

// matmul_c2
func.func @f(%a: tensor<2x4xf32>, %b: tensor<5x3xf32>) {
  // expected-error @+1 {{C2: expects equal last dimensions, got 4 and 3}}
  %0 = qbias.matmul %a, %b : (tensor<2x4xf32>, tensor<5x3xf32>) -> tensor<2x5xf32>
  return
}

// -----

// matmul_c3
func.func @f(%a: tensor<2x4xf32>, %b: tensor<5x4xf32>, %c: tensor<2xf32>) {
  // expected-error @+1 {{C3: expects a bias of 5 elements, got 'tensor<2xf32>'}}
  %0 = qbias.matmul %a, %b bias %c : (tensor<2x4xf32>, tensor<5x4xf32>, tensor<2xf32>) -> tensor<2x5xf32>
  return
}

// -----

// matmul_c4
func.func @f(%a: tensor<2x4xf32>, %b: tensor<5x4xf32>) {
  // expected-error @+1 {{C4: expects a result of shape [2, 5], got [5, 2]}}
  %0 = qbias.matmul %a, %b : (tensor<2x4xf32>, tensor<5x4xf32>) -> tensor<5x2xf32>
  return
}

// -----

// bias_c1
func.func @f() {
  // expected-error @+1 {{C1: expects one value per channel and one or 2 units and weight scales, got 1 values and 1 weight scales}}
  %0 = qbias.bias float dense<[12, -7]> : tensor<2xi32> value dense<0.76> : tensor<1xf32>
      scales 0.5, dense<0.125> : tensor<1xf64> : tensor<2xf32>
  return
}

// -----

// bias_c1_weight_scales
func.func @f() {
  // expected-error @+1 {{C1: expects one value per channel and one or 2 units and weight scales, got 2 values and 3 weight scales}}
  %0 = qbias.bias float dense<[12, -7]> : tensor<2xi32> value dense<0.76> : tensor<2xf32>
      scales 0.5, dense<0.125> : tensor<3xf64> : tensor<2xf32>
  return
}

// -----

// bias_c1_result
func.func @f() {
  // expected-error @+1 {{C1: expects one value per channel}}
  %0 = qbias.bias float dense<[12, -7]> : tensor<2xi32> value dense<0.76> : tensor<2xf32>
      scales 0.5, dense<0.125> : tensor<2xf64> : tensor<f32>
  return
}

// -----

// bias_c1_empty
func.func @f() {
  // expected-error @+1 {{result #0 must be statically shaped tensor of f32}}
  %0 = qbias.bias float dense<> : tensor<0xi32> value dense<> : tensor<0xf32>
      scales 0.5, dense<> : tensor<0xf64> : tensor<0xf32>
  return
}

// -----

// bias_c1_element
func.func @f() {
  // expected-error @+1 {{C1: expects i32 or i64 integers, got 'f32'}}
  %0 = qbias.bias float dense<1.0> : tensor<2xf32> value dense<1.0> : tensor<2xf32>
      scales 1.0, dense<1.0> : tensor<1xf64> : tensor<2xf32>
  return
}

// -----

// bias_c1_channels
func.func @f() {
  // expected-error @+1 {{C1: expects at most 1048576 channels, got 1073741824}}
  %0 = qbias.bias float dense<0> : tensor<1073741824xi32> value dense<0.0> : tensor<1073741824xf32>
      scales 1.0, dense<1.0> : tensor<1xf64> : tensor<1073741824xf32>
  return
}

// -----

// bias_c2
func.func @f() {
  // expected-error @+1 {{C2: expects integer part -6.880000e+00 rounded to the nearest, got -6 in channel 1}}
  %0 = qbias.bias float dense<[12, -6]> : tensor<2xi32> value dense<[0.76, -0.43]> : tensor<2xf64>
      scales 0.5, dense<0.125> : tensor<1xf64> : tensor<2xf32>
  return
}

// -----

// bias_c3_value
func.func @f() {
  // expected-error @+1 {{C3: expects constant finite values and positive finite scales}}
  %0 = qbias.bias float dense<[12, -7]> : tensor<2xi32> value dense<[0x7F800000, -0.43]> : tensor<2xf32>
      scales 0.5, dense<0.125> : tensor<1xf64> : tensor<2xf32>
  return
}

// -----

// bias_c3_wide_float
func.func @f() {
  // expected-error @+1 {{C3: expects constant finite values and positive finite scales}}
  %0 = qbias.bias float dense<0> : tensor<2xi32> value dense<0.0> : tensor<2xf80>
      scales 0.5, dense<0.125> : tensor<1xf128> : tensor<2xf32>
  return
}

// -----

// bias_c3_not_numbers
func.func @f() {
  // expected-error @+1 {{C3: expects constant finite values and positive finite scales}}
  %0 = qbias.bias float dense<0> : tensor<2xi32> value dense<["a", "b"]> : tensor<2x!quant.any<i8>>
      scales 0.5, dense<0.125> : tensor<1xf64> : tensor<2xf32>
  return
}

// -----

// bias_c3_sparse
func.func @f() {
  // expected-error @+1 {{C3: expects constant finite values and positive finite scales}}
  %0 = qbias.bias float sparse<[[0]], [1]> : tensor<2xi32> value dense<0.0> : tensor<2xf32>
      scales 0.5, dense<0.125> : tensor<1xf64> : tensor<2xf32>
  return
}

// -----

// bias_c3_resource_without_data
func.func @f() {
  // expected-error @+1 {{C3: expects constant finite values and positive finite scales}}
  %0 = qbias.bias float dense<0> : tensor<2xi32> value dense_resource<nowhere> : tensor<2xf32>
      scales 0.5, dense<0.125> : tensor<1xf64> : tensor<2xf32>
  return
}

// -----

// bias_c3_input_scale
func.func @f() {
  // expected-error @+1 {{C3: expects constant finite values and positive finite scales}}
  %0 = qbias.bias float dense<[12, -7]> : tensor<2xi32> value dense<[0.76, -0.43]> : tensor<2xf32>
      scales 0x7FF0000000000000, dense<0.125> : tensor<1xf64> : tensor<2xf32>
  return
}

// -----

// bias_c3_weight_scale
func.func @f() {
  // expected-error @+1 {{C3: expects positive weight scales and units, got -1.250000e-01 and 1.000000e+00 in channel 1}}
  %0 = qbias.bias float dense<[12, 7]> : tensor<2xi32> value dense<[12, 0]> : tensor<2xi32>
      unit dense<[0.0625, 1.0]> : tensor<2xf64> scales 0.5, dense<[0.125, -0.125]> : tensor<2xf64> : tensor<2xf32>
  return
}

// -----

// bias_c3_unit
func.func @f() {
  // expected-error @+1 {{C3: expects positive weight scales and units, got 1.250000e-01 and 0.000000e+00 in channel 0}}
  %0 = qbias.bias on_grid dense<[12, -7]> : tensor<2xi32> value dense<[12, -7]> : tensor<2xi32>
      unit dense<0.0> : tensor<1xf64> scales 0.5, dense<0.125> : tensor<1xf64> : tensor<2xf32>
  return
}

// -----

// add_c1
func.func @f(%a: tensor<2x4xf32>, %b: tensor<4xf32>) {
  // expected-error @+1 {{C1: expects operands and result of equal rank, got 2, 1 and 2}}
  %0 = qbias.add %a, %b : tensor<2x4xf32>, tensor<4xf32> -> tensor<2x4xf32>
  return
}

// -----

// add_c2
func.func @f(%a: tensor<2x4xf32>, %b: tensor<2x3xf32>) {
  // expected-error @+1 {{C2: expects dimensions that are equal or 1 and the larger of both in the result, got 4, 3 and 4}}
  %0 = qbias.add %a, %b : tensor<2x4xf32>, tensor<2x3xf32> -> tensor<2x4xf32>
  return
}

// -----

// add_c2_result
func.func @f(%a: tensor<2x1xf32>) {
  // expected-error @+1 {{C2: expects dimensions that are equal or 1 and the larger of both in the result, got 1, 1 and 4}}
  %0 = qbias.add %a, %a : tensor<2x1xf32>, tensor<2x1xf32> -> tensor<2x4xf32>
  return
}

// -----

// sub_c1
func.func @f(%a: tensor<f32>, %b: tensor<1xf32>) {
  // expected-error @+1 {{C1: expects operands and result of equal rank, got 0, 1 and 1}}
  %0 = qbias.sub %a, %b : tensor<f32>, tensor<1xf32> -> tensor<1xf32>
  return
}

// -----

// sub_c2
func.func @f(%a: tensor<2xf32>, %b: tensor<3xf32>) {
  // expected-error @+1 {{C2: expects dimensions that are equal or 1}}
  %0 = qbias.sub %a, %b : tensor<2xf32>, tensor<3xf32> -> tensor<3xf32>
  return
}

// -----

// mul_c1
func.func @f(%a: tensor<1xf32>) {
  // expected-error @+1 {{C1: expects operands and result of equal rank, got 1, 1 and 0}}
  %0 = qbias.mul %a, %a : tensor<1xf32>, tensor<1xf32> -> tensor<f32>
  return
}

// -----

// mul_c2
func.func @f(%a: tensor<3xf32>, %b: tensor<1xf32>) {
  // expected-error @+1 {{C2: expects dimensions that are equal or 1}}
  %0 = qbias.mul %a, %b : tensor<3xf32>, tensor<1xf32> -> tensor<1xf32>
  return
}

// -----

// clamp_c1
func.func @f(%x: tensor<2xf32>) {
  // expected-error @+1 {{C1: expects finite bounds}}
  %0 = qbias.clamp %x lo 0x7FF8000000000000 : tensor<2xf32>
  return
}

// -----

// clamp_c1_infinity
func.func @f(%x: tensor<2xf32>) {
  // expected-error @+1 {{C1: expects finite bounds}}
  %0 = qbias.clamp %x hi 0x7FF0000000000000 : tensor<2xf32>
  return
}

// -----

// clamp_c2
func.func @f(%x: tensor<2xf32>) {
  // expected-error @+1 {{C2: expects lo to be at most hi, got 1.000000e+00 and 5.000000e-01}}
  %0 = qbias.clamp %x lo 1.0 hi 0.5 : tensor<2xf32>
  return
}

// -----

// unary_c1
func.func @f(%x: tensor<2xf32>) {
  // expected-error @+1 {{C1: leaky_relu expects alpha and no beta}}
  %0 = qbias.unary leaky_relu %x : tensor<2xf32>
  return
}

// -----

// unary_c1_beta
func.func @f(%x: tensor<2xf32>) {
  // expected-error @+1 {{C1: hard_sigmoid expects alpha and beta}}
  %0 = qbias.unary hard_sigmoid %x alpha 0.2 : tensor<2xf32>
  return
}

// -----

// unary_c1_none
func.func @f(%x: tensor<2xf32>) {
  // expected-error @+1 {{C1: sigmoid expects no alpha and no beta}}
  %0 = qbias.unary sigmoid %x alpha 0.2 : tensor<2xf32>
  return
}

// -----

// unary_c1_finite
func.func @f(%x: tensor<2xf32>) {
  // expected-error @+1 {{C1: expects finite f64 alpha and beta}}
  %0 = qbias.unary elu %x alpha 0x7FF8000000000000 : tensor<2xf32>
  return
}

// -----

// pool_c1
func.func @f(%x: tensor<8x8x4xf32>) {
  // expected-error @+1 {{C1: expects tensors of rank 4, got 3 and 3}}
  %0 = qbias.pool max %x {kernel = array<i64: 2, 2>} : tensor<8x8x4xf32> -> tensor<7x7x4xf32>
  return
}

// -----

// pool_c1_count
func.func @f(%x: tensor<1x8x8x4xf32>) {
  // expected-error @+1 {{C1: expects 2 kernel extents, 2 strides, 2 dilations and 4 pads, got 0, 2, 2 and 4}}
  %0 = qbias.pool max %x {kernel = array<i64>} : tensor<1x8x8x4xf32> -> tensor<1x7x7x4xf32>
  return
}

// -----

// pool_c1_kernel
func.func @f(%x: tensor<1x8x8x4xf32>) {
  // expected-error @+1 {{C1: expects positive kernel extents}}
  %0 = qbias.pool max %x {kernel = array<i64: 0, 2>} : tensor<1x8x8x4xf32> -> tensor<1x8x7x4xf32>
  return
}

// -----

// pool_c1_kernel_positions
func.func @f(%x: tensor<1x8x8x4xf32>) {
  // expected-error @+1 {{C1: expects positive kernel extents, strides and dilations and pads that are not negative, up to 16777216, and a kernel of at most 2147483648 positions}}
  %0 = qbias.pool avg %x {kernel = array<i64: 16777216, 16777216>, count_include_pad,
                          pads = array<i64: 16777215, 16777215, 0, 0>}
      : tensor<1x8x8x4xf32> -> tensor<1x8x8x4xf32>
  return
}

// -----

// pool_c2
func.func @f(%x: tensor<1x8x8x4xf32>) {
  // expected-error @+1 {{C2: expects every window to hold a position of the input, got an empty one along dimension 2}}
  %0 = qbias.pool avg %x {kernel = array<i64: 2, 2>, pads = array<i64: 1, 0, 0, 2>}
      : tensor<1x8x8x4xf32> -> tensor<1x8x9x4xf32>
  return
}

// -----

// pool_c2_dilation_jumps_over
func.func @f(%x: tensor<1x1x1x4xf32>) {
  // expected-error @+1 {{C2: expects every window to hold a position of the input, got an empty one along dimension 1}}
  %0 = qbias.pool max %x {kernel = array<i64: 2, 1>, dilations = array<i64: 2, 1>, pads = array<i64: 1, 0, 1, 0>}
      : tensor<1x1x1x4xf32> -> tensor<1x1x1x4xf32>
  return
}

// -----

// pool_c2_sizes
func.func @f(%x: tensor<1x300x300x1xf32>) {
  // expected-error @+1 {{C2: expects windows of at most 65536 different sizes, got 90000}}
  %0 = qbias.pool avg %x {kernel = array<i64: 300, 300>, pads = array<i64: 299, 299, 0, 0>}
      : tensor<1x300x300x1xf32> -> tensor<1x300x300x1xf32>
  return
}

// -----

// pool_c3
func.func @f(%x: tensor<1x8x8x4xf32>) {
  // expected-error @+1 {{C3: expects a result of shape [1, 7, 7, 4], got [1, 7, 7, 5]}}
  %0 = qbias.pool max %x {kernel = array<i64: 2, 2>} : tensor<1x8x8x4xf32> -> tensor<1x7x7x5xf32>
  return
}

// -----

// pool_c3_window_does_not_fit
func.func @f(%x: tensor<1x8x8x4xf32>) {
  // expected-error @+1 {{C3: expects 1 to 16777216 positions of the window, got 0 and 8}}
  %0 = qbias.pool max %x {kernel = array<i64: 9, 1>} : tensor<1x8x8x4xf32> -> tensor<1x1x8x4xf32>
  return
}

// -----

// pool_c4
func.func @f(%q: tensor<1x8x8x4x!quant.uniform<i8:f32, 0.5>>) {
  // expected-error @+1 {{C4: expects one element type, real for avg}}
  %0 = qbias.pool avg %q {kernel = array<i64: 1, 1>}
      : tensor<1x8x8x4x!quant.uniform<i8:f32, 0.5>> -> tensor<1x8x8x4x!quant.uniform<i8:f32, 0.5>>
  return
}

// -----

// pool_c4_two_types
func.func @f(%q: tensor<1x8x8x4x!quant.uniform<i8:f32, 0.5>>) {
  // expected-error @+1 {{C4: expects one element type, real for avg}}
  %0 = qbias.pool max %q {kernel = array<i64: 1, 1>}
      : tensor<1x8x8x4x!quant.uniform<i8:f32, 0.5>> -> tensor<1x8x8x4x!quant.uniform<i8:f32, 0.25>>
  return
}

// -----

// pool_type
func.func @f(%x: tensor<1x8x8x4xindex>) {
  // expected-error @+1 {{must be statically shaped tensor of f32 or !quant.uniform}}
  %0 = qbias.pool max %x {kernel = array<i64: 1, 1>} : tensor<1x8x8x4xindex> -> tensor<1x8x8x4xindex>
  return
}

// -----

// pad_c1
func.func @f(%x: tensor<2x3xf32>) {
  // expected-error @+1 {{C1: expects 2 low, high and interior pads from 0 to 16777216, got [0], [0, 1] and [0, 0]}}
  %0 = qbias.pad %x low [0] high [0, 1] value 0.0 : tensor<2x3xf32> -> tensor<2x4xf32>
  return
}

// -----

// pad_c1_negative
func.func @f(%x: tensor<2x3xf32>) {
  // expected-error @+1 {{C1: expects 2 low, high and interior pads from 0 to 16777216, got [0, -1], [0, 1] and [0, 0]}}
  %0 = qbias.pad %x low [0, -1] high [0, 1] value 0.0 : tensor<2x3xf32> -> tensor<2x3xf32>
  return
}

// -----

// pad_c1_huge
func.func @f(%x: tensor<2x3xf32>) {
  // expected-error @+1 {{C1: expects 2 low, high and interior pads from 0 to 16777216}}
  %0 = qbias.pad %x low [0, 9223372036854775807] high [0, 9223372036854775807] value 0.0
      : tensor<2x3xf32> -> tensor<2x1xf32>
  return
}

// -----

// pad_c2
func.func @f(%x: tensor<2x3xf32>) {
  // expected-error @+1 {{C2: expects a result of type 'tensor<2x5xf32>', got 'tensor<2x4xf32>'}}
  %0 = qbias.pad %x low [0, 1] high [0, 1] value 0.0 : tensor<2x3xf32> -> tensor<2x4xf32>
  return
}

// -----

// pad_c2_element
func.func @f(%x: tensor<2xf32>) {
  // expected-error @+1 {{C2: expects a result of type 'tensor<3xf32>', got}}
  %0 = qbias.pad %x low [0] high [1] value 0.0 : tensor<2xf32> -> tensor<3x!quant.uniform<i8:f32, 0.5>>
  return
}

// -----

// pad_c3
func.func @f(%x: tensor<2x3xf32>) {
  // expected-error @+1 {{C3: expects a finite value}}
  %0 = qbias.pad %x low [0, 1] high [0, 1] value 0x7FF0000000000000 : tensor<2x3xf32> -> tensor<2x5xf32>
  return
}

// -----

// pad_c4
func.func @f(%q: tensor<2x3x!quant.uniform<i8:f32:0, {0.5, 0.25}>>) {
  // expected-error @+1 {{C4: expects one scale for the tensor, got 2 along dimension 0}}
  %0 = qbias.pad %q low [0, 1] high [0, 1] value 0.0
      : tensor<2x3x!quant.uniform<i8:f32:0, {0.5, 0.25}>> -> tensor<2x5x!quant.uniform<i8:f32:0, {0.5, 0.25}>>
  return
}

// -----

// transpose_c1
func.func @f(%x: tensor<2x3xf32>) {
  // expected-error @+1 {{C1: expects a permutation of 2 dimensions, got [0, 0]}}
  %0 = qbias.transpose %x [0, 0] : tensor<2x3xf32> -> tensor<2x2xf32>
  return
}

// -----

// transpose_c1_empty
func.func @f(%x: tensor<2x3xf32>) {
  // expected-error @+1 {{C1: expects a permutation of 2 dimensions, got []}}
  %0 = qbias.transpose %x [] : tensor<2x3xf32> -> tensor<2x3xf32>
  return
}

// -----

// transpose_c1_huge
func.func @f(%x: tensor<2x3xf32>) {
  // expected-error @+1 {{C1: expects a permutation of 2 dimensions, got [0, 4611686018427387904]}}
  %0 = qbias.transpose %x [0, 4611686018427387904] : tensor<2x3xf32> -> tensor<2x3xf32>
  return
}

// -----

// transpose_c2
func.func @f(%x: tensor<2x3xf32>) {
  // expected-error @+1 {{C2: expects a result of shape [3, 2], got [2, 3]}}
  %0 = qbias.transpose %x [1, 0] : tensor<2x3xf32> -> tensor<2x3xf32>
  return
}

// -----

// transpose_c2_element
func.func @f(%x: tensor<2x2x!quant.uniform<i8:f32:0, {0.5, 0.25}>>) {
  // expected-error @+1 {{C2: expects result elements '!quant.uniform<i8:f32:1, {5.000000e-01,2.500000e-01}>'}}
  %0 = qbias.transpose %x [1, 0] : tensor<2x2x!quant.uniform<i8:f32:0, {0.5, 0.25}>>
      -> tensor<2x2x!quant.uniform<i8:f32:0, {0.5, 0.25}>>
  return
}

// -----

// transpose_type
func.func @f(%x: tensor<2x2x!quant.uniform<i8:f32:7, {0.5, 0.25}>>) {
  // expected-error @+1 {{operand #0 must be statically shaped tensor}}
  %0 = qbias.transpose %x [1, 0] : tensor<2x2x!quant.uniform<i8:f32:7, {0.5, 0.25}>>
      -> tensor<2x2x!quant.uniform<i8:f32:7, {0.5, 0.25}>>
  return
}
