// qbias.int.conv2d: failing cases for shapes, types, arrays and ranges (C1 to C8),
// under their labels of docs/Spec.md; C9 to C12 are in int-segment-invalid.mlir.
// Cases about shapes use the accumulator form, which needs the fewest
// attributes.
// RUN: qbias-opt %s --split-input-file --verify-diagnostics

// int_conv2d_c1
func.func @f(%x: tensor<2x2x2xi8>, %w: tensor<2x1x1x2xi8>) {
  // expected-error @+1 {{C1: expects input, weight and result of rank 4, got 3, 4 and 4}}
  %0 = qbias.int.conv2d %x, %w
      {input_zp = 0,
       reference = #qbias.reference<operands = [1.0], weights = dense<1.0> : tensor<1xf64>>,
       requant = #qbias.requant<mode = exact, form = accumulator>}
      : (tensor<2x2x2xi8>, tensor<2x1x1x2xi8>) -> tensor<1x2x2x2xi32>
  return
}

// -----

// int_conv2d_c2
func.func @f(%x: tensor<1x2x2x2xi8>, %w: tensor<2x1x1x2xi8>) {
  // expected-error @+1 {{C2: expects positive kernel extents}}
  %0 = qbias.int.conv2d %x, %w
      {input_zp = 0, strides = array<i64: 0, 1>,
       reference = #qbias.reference<operands = [1.0], weights = dense<1.0> : tensor<1xf64>>,
       requant = #qbias.requant<mode = exact, form = accumulator>}
      : (tensor<1x2x2x2xi8>, tensor<2x1x1x2xi8>) -> tensor<1x2x2x2xi32>
  return
}

// -----

// int_conv2d_c2_count
func.func @f(%x: tensor<1x2x2x2xi8>, %w: tensor<2x1x1x2xi8>) {
  // expected-error @+1 {{C2: expects 2 kernel extents, 2 strides, 2 dilations and 4 pads, got 2, 2, 0 and 4}}
  %0 = qbias.int.conv2d %x, %w
      {input_zp = 0, dilations = array<i64>,
       reference = #qbias.reference<operands = [1.0], weights = dense<1.0> : tensor<1xf64>>,
       requant = #qbias.requant<mode = exact, form = accumulator>}
      : (tensor<1x2x2x2xi8>, tensor<2x1x1x2xi8>) -> tensor<1x2x2x2xi32>
  return
}

// -----

// int_conv2d_c3
func.func @f(%x: tensor<1x2x2x2xi8>, %w: tensor<2x1x1x2xi8>) {
  // expected-error @+1 {{C3: expects 2 input and 2 output channels to be multiples of 0 groups}}
  %0 = qbias.int.conv2d %x, %w
      {input_zp = 0, groups = 0,
       reference = #qbias.reference<operands = [1.0], weights = dense<1.0> : tensor<1xf64>>,
       requant = #qbias.requant<mode = exact, form = accumulator>}
      : (tensor<1x2x2x2xi8>, tensor<2x1x1x2xi8>) -> tensor<1x2x2x2xi32>
  return
}

// -----

// int_conv2d_c4
func.func @f(%x: tensor<1x2x2x2xi8>, %w: tensor<2x1x1x2xi8>, %b: tensor<3xi32>) {
  // expected-error @+1 {{C4: expects a bias of 2 elements, got 'tensor<3xi32>'}}
  %0 = qbias.int.conv2d %x, %w bias %b
      {input_zp = 0,
       reference = #qbias.reference<operands = [1.0], weights = dense<1.0> : tensor<1xf64>>,
       requant = #qbias.requant<mode = exact, form = accumulator>}
      : (tensor<1x2x2x2xi8>, tensor<2x1x1x2xi8>, tensor<3xi32>) -> tensor<1x2x2x2xi32>
  return
}

// -----

// int_conv2d_c5
func.func @f(%x: tensor<1x2x2x2xi8>, %w: tensor<2x1x1x2xi8>) {
  // expected-error @+1 {{C5: expects a result of shape [1, 2, 2, 2], got [1, 2, 3, 2]}}
  %0 = qbias.int.conv2d %x, %w
      {input_zp = 0,
       reference = #qbias.reference<operands = [1.0], weights = dense<1.0> : tensor<1xf64>>,
       requant = #qbias.requant<mode = exact, form = accumulator>}
      : (tensor<1x2x2x2xi8>, tensor<2x1x1x2xi8>) -> tensor<1x2x3x2xi32>
  return
}

// -----

// int_conv2d_c6
func.func @f(%x: tensor<1x2x2x2xi8>, %w: tensor<2x1x1x2xi8>) {
  // expected-error @+1 {{C6: expects a zero point in [-128, 127], got 128}}
  %0 = qbias.int.conv2d %x, %w
      {input_zp = 128,
       reference = #qbias.reference<operands = [1.0], weights = dense<1.0> : tensor<1xf64>>,
       requant = #qbias.requant<mode = exact, form = accumulator>}
      : (tensor<1x2x2x2xi8>, tensor<2x1x1x2xi8>) -> tensor<1x2x2x2xi32>
  return
}

// -----

// int_conv2d_c6_unsigned
func.func @f(%x: tensor<1x2x2x2xui8>, %w: tensor<2x1x1x2xi8>) {
  // expected-error @+1 {{C6: expects a zero point in [0, 255], got -1}}
  %0 = qbias.int.conv2d %x, %w
      {input_zp = -1,
       reference = #qbias.reference<operands = [1.0], weights = dense<1.0> : tensor<1xf64>>,
       requant = #qbias.requant<mode = exact, form = accumulator>}
      : (tensor<1x2x2x2xui8>, tensor<2x1x1x2xi8>) -> tensor<1x2x2x2xi32>
  return
}

// -----

// int_conv2d_c7
func.func @f(%x: tensor<1x2x2x2xi8>, %w: tensor<2x1x1x2xi8>) {
  // expected-error @+1 {{C7: expects 2 entries of multiplier, got 3}}
  %0 = qbias.int.conv2d %x, %w
      {input_zp = 0,
       reference = #qbias.reference<operands = [1.0], weights = dense<1.0> : tensor<1xf64>, result = !quant.uniform<i8:f32, 0.5>>,
       requant = #qbias.requant<mode = exact, form = affine, multiplier = dense<1> : tensor<3xi64>, shift = dense<1> : tensor<2xi64>,
                                rounding = dense<0> : tensor<2xi64>, lo = -128, hi = 127>}
      : (tensor<1x2x2x2xi8>, tensor<2x1x1x2xi8>) -> tensor<1x2x2x2xi8>
  return
}

// -----

// int_conv2d_c7_shift
func.func @f(%x: tensor<1x2x2x2xi8>, %w: tensor<2x1x1x2xi8>) {
  // expected-error @+1 {{C7: expects 2 entries of shift, got 1}}
  %0 = qbias.int.conv2d %x, %w
      {input_zp = 0,
       reference = #qbias.reference<operands = [1.0], weights = dense<1.0> : tensor<1xf64>, result = !quant.uniform<i8:f32, 0.5>>,
       requant = #qbias.requant<mode = exact, form = affine, multiplier = dense<1> : tensor<2xi64>, shift = dense<1> : tensor<1xi64>,
                                rounding = dense<0> : tensor<2xi64>, lo = -128, hi = 127>}
      : (tensor<1x2x2x2xi8>, tensor<2x1x1x2xi8>) -> tensor<1x2x2x2xi8>
  return
}

// -----

// int_conv2d_c7_rounding
func.func @f(%x: tensor<1x2x2x2xi8>, %w: tensor<2x1x1x2xi8>) {
  // expected-error @+1 {{C7: expects 2 entries of rounding, got 0}}
  %0 = qbias.int.conv2d %x, %w
      {input_zp = 0,
       reference = #qbias.reference<operands = [1.0], weights = dense<1.0> : tensor<1xf64>, result = !quant.uniform<i8:f32, 0.5>>,
       requant = #qbias.requant<mode = exact, form = affine, multiplier = dense<1> : tensor<2xi64>, shift = dense<1> : tensor<2xi64>,
                                rounding = dense<> : tensor<0xi64>, lo = -128, hi = 127>}
      : (tensor<1x2x2x2xi8>, tensor<2x1x1x2xi8>) -> tensor<1x2x2x2xi8>
  return
}

// -----

// int_conv2d_c7_addend_multiplier
func.func @f(%x: tensor<1x2x2x2xi8>, %w: tensor<2x1x1x2xi8>, %a: tensor<1x2x2x2xi8>) {
  // expected-error @+1 {{C7: expects 2 entries of addend multiplier, got 1}}
  %0 = qbias.int.conv2d %x, %w addend %a
      {input_zp = 0,
       reference = #qbias.reference<operands = [1.0], weights = dense<1.0> : tensor<1xf64>, result = !quant.uniform<i8:f32, 0.5>>,
       requant = #qbias.requant<mode = exact, form = affine, multiplier = dense<1> : tensor<2xi64>, shift = dense<1> : tensor<2xi64>,
                                rounding = dense<0> : tensor<2xi64>, lo = -128, hi = 127,
                                addend_multiplier = dense<1> : tensor<1xi64>>}
      : (tensor<1x2x2x2xi8>, tensor<2x1x1x2xi8>, tensor<1x2x2x2xi8>) -> tensor<1x2x2x2xi8>
  return
}

// -----

// int_conv2d_c7_missing
func.func @f(%x: tensor<1x2x2x2xi8>, %w: tensor<2x1x1x2xi8>) {
  // expected-error @+1 {{C7: expects integer multiplier, shift and rounding arrays}}
  %0 = qbias.int.conv2d %x, %w
      {input_zp = 0,
       reference = #qbias.reference<operands = [1.0], weights = dense<1.0> : tensor<1xf64>, result = !quant.uniform<i8:f32, 0.5>>,
       requant = #qbias.requant<mode = exact, form = affine>}
      : (tensor<1x2x2x2xi8>, tensor<2x1x1x2xi8>) -> tensor<1x2x2x2xi8>
  return
}

// -----

// int_conv2d_c7_float
func.func @f(%x: tensor<1x2x2x2xi8>, %w: tensor<2x1x1x2xi8>) {
  // expected-error @+1 {{C7: expects integer multiplier, shift and rounding arrays}}
  %0 = qbias.int.conv2d %x, %w
      {input_zp = 0,
       reference = #qbias.reference<operands = [1.0], weights = dense<1.0> : tensor<1xf64>, result = !quant.uniform<i8:f32, 0.5>>,
       requant = #qbias.requant<mode = exact, form = affine, multiplier = dense<1.0> : tensor<2xf64>, shift = dense<1> : tensor<2xi64>,
                                rounding = dense<0> : tensor<2xi64>, lo = -128, hi = 127>}
      : (tensor<1x2x2x2xi8>, tensor<2x1x1x2xi8>) -> tensor<1x2x2x2xi8>
  return
}

// -----

// int_conv2d_c7_vector
func.func @f(%x: tensor<1x2x2x2xi8>, %w: tensor<2x1x1x2xi8>) {
  // expected-error @+1 {{C7: expects integer multiplier, shift and rounding arrays}}
  %0 = qbias.int.conv2d %x, %w
      {input_zp = 0,
       reference = #qbias.reference<operands = [1.0], weights = dense<1.0> : tensor<1xf64>, result = !quant.uniform<i8:f32, 0.5>>,
       requant = #qbias.requant<mode = exact, form = affine, multiplier = dense<1> : vector<2xi64>, shift = dense<1> : tensor<2xi64>,
                                rounding = dense<0> : tensor<2xi64>, lo = -128, hi = 127>}
      : (tensor<1x2x2x2xi8>, tensor<2x1x1x2xi8>) -> tensor<1x2x2x2xi8>
  return
}

// -----

// int_conv2d_c7_lower_bound
func.func @f(%x: tensor<1x2x2x2xi8>, %w: tensor<2x1x1x2xi8>) {
  // expected-error @+1 {{C7: expects 2 entries of lower bound, got 1}}
  %0 = qbias.int.conv2d %x, %w
      {input_zp = 0,
       reference = #qbias.reference<operands = [1.0], weights = dense<1.0> : tensor<1xf64>>,
       requant = #qbias.requant<mode = exact, form = accumulator>,
       bounds = #qbias.bounds<min = dense<0> : tensor<1xi64>, max = dense<0> : tensor<2xi64>>}
      : (tensor<1x2x2x2xi8>, tensor<2x1x1x2xi8>) -> tensor<1x2x2x2xi32>
  return
}

// -----

// int_conv2d_c7_upper_bound
func.func @f(%x: tensor<1x2x2x2xi8>, %w: tensor<2x1x1x2xi8>) {
  // expected-error @+1 {{C7: expects 2 entries of upper bound, got 3}}
  %0 = qbias.int.conv2d %x, %w
      {input_zp = 0,
       reference = #qbias.reference<operands = [1.0], weights = dense<1.0> : tensor<1xf64>>,
       requant = #qbias.requant<mode = exact, form = accumulator>,
       bounds = #qbias.bounds<min = dense<0> : tensor<2xi64>, max = dense<0> : tensor<3xi64>>}
      : (tensor<1x2x2x2xi8>, tensor<2x1x1x2xi8>) -> tensor<1x2x2x2xi32>
  return
}

// -----

// int_conv2d_c7_bound_type
func.func @f(%x: tensor<1x2x2x2xi8>, %w: tensor<2x1x1x2xi8>) {
  // expected-error @+1 {{C7: expects integer bounds}}
  %0 = qbias.int.conv2d %x, %w
      {input_zp = 0,
       reference = #qbias.reference<operands = [1.0], weights = dense<1.0> : tensor<1xf64>>,
       requant = #qbias.requant<mode = exact, form = accumulator>,
       bounds = #qbias.bounds<min = dense<0.0> : tensor<2xf32>, max = dense<0> : tensor<2xi64>>}
      : (tensor<1x2x2x2xi8>, tensor<2x1x1x2xi8>) -> tensor<1x2x2x2xi32>
  return
}

// -----

// int_conv2d_c7_bound_order
func.func @f(%x: tensor<1x2x2x2xi8>, %w: tensor<2x1x1x2xi8>) {
  // expected-error @+1 {{C7: expects lower bounds up to the upper ones, got 1 and 0}}
  %0 = qbias.int.conv2d %x, %w
      {input_zp = 0,
       reference = #qbias.reference<operands = [1.0], weights = dense<1.0> : tensor<1xf64>>,
       requant = #qbias.requant<mode = exact, form = accumulator>,
       bounds = #qbias.bounds<min = dense<1> : tensor<2xi64>, max = dense<0> : tensor<2xi64>>}
      : (tensor<1x2x2x2xi8>, tensor<2x1x1x2xi8>) -> tensor<1x2x2x2xi32>
  return
}

// -----

// int_conv2d_c7_certificate
func.func @f(%x: tensor<1x2x2x2xi8>, %w: tensor<2x1x1x2xi8>) {
  // expected-error @+1 {{C7: expects a certificate of 2 channels, got 1 of 1}}
  %0 = qbias.int.conv2d %x, %w
      {input_zp = 0,
       reference = #qbias.reference<operands = [1.0], weights = dense<1.0> : tensor<1xf64>>,
       requant = #qbias.requant<mode = exact, form = accumulator>,
       certificate = #qbias.certificate<channels = 1, certified = 1>}
      : (tensor<1x2x2x2xi8>, tensor<2x1x1x2xi8>) -> tensor<1x2x2x2xi32>
  return
}

// -----

// int_conv2d_c7_certified
func.func @f(%x: tensor<1x2x2x2xi8>, %w: tensor<2x1x1x2xi8>) {
  // expected-error @+1 {{C7: expects a certificate of 2 channels, got 3 of 2}}
  %0 = qbias.int.conv2d %x, %w
      {input_zp = 0,
       reference = #qbias.reference<operands = [1.0], weights = dense<1.0> : tensor<1xf64>>,
       requant = #qbias.requant<mode = exact, form = accumulator>,
       certificate = #qbias.certificate<channels = 2, certified = 3>}
      : (tensor<1x2x2x2xi8>, tensor<2x1x1x2xi8>) -> tensor<1x2x2x2xi32>
  return
}

// -----

// int_conv2d_c7_interval
func.func @f(%x: tensor<1x2x2x2xi8>, %w: tensor<2x1x1x2xi8>) {
  // expected-error @+1 {{C7: expects 2 entries of least rounding, got 1}}
  %0 = qbias.int.conv2d %x, %w
      {input_zp = 0,
       reference = #qbias.reference<operands = [1.0], weights = dense<1.0> : tensor<1xf64>>,
       requant = #qbias.requant<mode = exact, form = accumulator>,
       certificate = #qbias.certificate<channels = 2, certified = 2, rounding_min = dense<0> : tensor<1xi64>>}
      : (tensor<1x2x2x2xi8>, tensor<2x1x1x2xi8>) -> tensor<1x2x2x2xi32>
  return
}

// -----

// int_conv2d_c7_channels
func.func @f(%x: tensor<1x2x2x2xi8>, %w: tensor<1048577x1x1x2xi8>) {
  // expected-error @+1 {{C7: expects at most 1048576 requantizations, got 1048577}}
  %0 = qbias.int.conv2d %x, %w
      {input_zp = 0,
       reference = #qbias.reference<operands = [1.0], weights = dense<1.0> : tensor<1xf64>>,
       requant = #qbias.requant<mode = exact, form = accumulator>}
      : (tensor<1x2x2x2xi8>, tensor<1048577x1x1x2xi8>) -> tensor<1x2x2x1048577xi32>
  return
}

// -----

// int_conv2d_c8
func.func @f(%x: tensor<1x2x2x2xi8>, %w: tensor<2x1x1x2xi8>) {
  // expected-error @+1 {{C8: expects a multiplier below 2^40 and positive, got 0}}
  %0 = qbias.int.conv2d %x, %w
      {input_zp = 0,
       reference = #qbias.reference<operands = [1.0], weights = dense<1.0> : tensor<1xf64>, result = !quant.uniform<i8:f32, 0.5>>,
       requant = #qbias.requant<mode = exact, form = affine, multiplier = dense<[1, 0]> : tensor<2xi64>, shift = dense<1> : tensor<2xi64>,
                                rounding = dense<0> : tensor<2xi64>, lo = -128, hi = 127>}
      : (tensor<1x2x2x2xi8>, tensor<2x1x1x2xi8>) -> tensor<1x2x2x2xi8>
  return
}

// -----

// int_conv2d_c8_large
func.func @f(%x: tensor<1x2x2x2xi8>, %w: tensor<2x1x1x2xi8>) {
  // expected-error @+1 {{C8: expects a multiplier below 2^40 and positive, got 1099511627776}}
  %0 = qbias.int.conv2d %x, %w
      {input_zp = 0,
       reference = #qbias.reference<operands = [1.0], weights = dense<1.0> : tensor<1xf64>, result = !quant.uniform<i8:f32, 0.5>>,
       requant = #qbias.requant<mode = exact, form = affine, multiplier = dense<1099511627776> : tensor<2xi64>, shift = dense<1> : tensor<2xi64>,
                                rounding = dense<0> : tensor<2xi64>, lo = -128, hi = 127>}
      : (tensor<1x2x2x2xi8>, tensor<2x1x1x2xi8>) -> tensor<1x2x2x2xi8>
  return
}

// -----

// int_conv2d_c8_shift
func.func @f(%x: tensor<1x2x2x2xi8>, %w: tensor<2x1x1x2xi8>) {
  // expected-error @+1 {{C8: expects a shift in [1, 62], got 0}}
  %0 = qbias.int.conv2d %x, %w
      {input_zp = 0,
       reference = #qbias.reference<operands = [1.0], weights = dense<1.0> : tensor<1xf64>, result = !quant.uniform<i8:f32, 0.5>>,
       requant = #qbias.requant<mode = exact, form = affine, multiplier = dense<1> : tensor<2xi64>, shift = dense<0> : tensor<2xi64>,
                                rounding = dense<0> : tensor<2xi64>, lo = -128, hi = 127>}
      : (tensor<1x2x2x2xi8>, tensor<2x1x1x2xi8>) -> tensor<1x2x2x2xi8>
  return
}

// -----

// int_conv2d_c8_large_shift
func.func @f(%x: tensor<1x2x2x2xi8>, %w: tensor<2x1x1x2xi8>) {
  // expected-error @+1 {{C8: expects a shift in [1, 62], got 63}}
  %0 = qbias.int.conv2d %x, %w
      {input_zp = 0,
       reference = #qbias.reference<operands = [1.0], weights = dense<1.0> : tensor<1xf64>, result = !quant.uniform<i8:f32, 0.5>>,
       requant = #qbias.requant<mode = exact, form = affine, multiplier = dense<1> : tensor<2xi64>, shift = dense<[1, 63]> : tensor<2xi64>,
                                rounding = dense<0> : tensor<2xi64>, lo = -128, hi = 127>}
      : (tensor<1x2x2x2xi8>, tensor<2x1x1x2xi8>) -> tensor<1x2x2x2xi8>
  return
}

// -----

// int_conv2d_type_weight
func.func @f(%x: tensor<1x2x2x2xi8>, %w: tensor<2x1x1x2xui8>) {
  // expected-error @+1 {{operand #1 must be statically shaped tensor of i8 or i16}}
  %0 = qbias.int.conv2d %x, %w
      {input_zp = 0,
       reference = #qbias.reference<operands = [1.0], weights = dense<1.0> : tensor<1xf64>>,
       requant = #qbias.requant<mode = exact, form = accumulator>}
      : (tensor<1x2x2x2xi8>, tensor<2x1x1x2xui8>) -> tensor<1x2x2x2xi32>
  return
}

// -----

// int_conv2d_type_input
func.func @f(%x: tensor<1x2x2x2xi64>, %w: tensor<2x1x1x2xi8>) {
  // expected-error @+1 {{operand #0 must be statically shaped tensor of i8, ui8, i16, ui16 or i32}}
  %0 = qbias.int.conv2d %x, %w
      {input_zp = 0,
       reference = #qbias.reference<operands = [1.0], weights = dense<1.0> : tensor<1xf64>>,
       requant = #qbias.requant<mode = exact, form = accumulator>}
      : (tensor<1x2x2x2xi64>, tensor<2x1x1x2xi8>) -> tensor<1x2x2x2xi32>
  return
}

// -----

// int_conv2d_type_bias
func.func @f(%x: tensor<1x2x2x2xi8>, %w: tensor<2x1x1x2xi8>, %b: tensor<2xi8>) {
  // expected-error @+1 {{operand #2 must be statically shaped tensor of i32 or i64}}
  %0 = qbias.int.conv2d %x, %w bias %b
      {input_zp = 0,
       reference = #qbias.reference<operands = [1.0], weights = dense<1.0> : tensor<1xf64>>,
       requant = #qbias.requant<mode = exact, form = accumulator>}
      : (tensor<1x2x2x2xi8>, tensor<2x1x1x2xi8>, tensor<2xi8>) -> tensor<1x2x2x2xi32>
  return
}

// -----

// int_conv2d_type_empty
func.func @f(%x: tensor<1x2x2x2xi8>, %w: tensor<0x1x1x2xi8>) {
  // expected-error @+1 {{operand #1 must be statically shaped tensor of i8 or i16}}
  %0 = qbias.int.conv2d %x, %w
      {input_zp = 0,
       reference = #qbias.reference<operands = [1.0], weights = dense<1.0> : tensor<1xf64>>,
       requant = #qbias.requant<mode = exact, form = accumulator>}
      : (tensor<1x2x2x2xi8>, tensor<0x1x1x2xi8>) -> tensor<1x2x2x0xi32>
  return
}

// -----

// int_conv2d_c8_low_missing
func.func @f(%x: tensor<1x2x2x2xi8>, %w: tensor<1x1x1x2xi8>) {
  // expected-error @+1 {{C8: expects low halves exactly for the form wide, got form wide}}
  %0 = qbias.int.conv2d %x, %w
      {input_zp = 0,
       reference = #qbias.reference<operands = [1.0], weights = dense<1.0> : tensor<1xf64>, result = !quant.uniform<i16:f32, 0.5>>,
       requant = #qbias.requant<mode = exact, form = wide, multiplier = dense<1> : tensor<1xi64>, shift = dense<8> : tensor<1xi64>,
                                rounding = dense<0> : tensor<1xi64>, lo = -128, hi = 127>}
      : (tensor<1x2x2x2xi8>, tensor<1x1x1x2xi8>) -> tensor<1x2x2x1xi16>
  return
}

// -----

// int_conv2d_c8_low_affine
func.func @f(%x: tensor<1x2x2x2xi8>, %w: tensor<1x1x1x2xi8>) {
  // expected-error @+1 {{C8: expects low halves exactly for the form wide, got form affine}}
  %0 = qbias.int.conv2d %x, %w
      {input_zp = 0,
       reference = #qbias.reference<operands = [1.0], weights = dense<1.0> : tensor<1xf64>, result = !quant.uniform<i16:f32, 0.5>>,
       requant = #qbias.requant<mode = exact, form = affine, multiplier = dense<1> : tensor<1xi64>, shift = dense<8> : tensor<1xi64>,
                                rounding = dense<0> : tensor<1xi64>, low = dense<[[8, 0, 0, 0, 0]]> : tensor<1x5xi64>, lo = -128, hi = 127>}
      : (tensor<1x2x2x2xi8>, tensor<1x1x1x2xi8>) -> tensor<1x2x2x1xi16>
  return
}

// -----

// int_conv2d_c7_low_rows
func.func @f(%x: tensor<1x2x2x2xi8>, %w: tensor<1x1x1x2xi8>) {
  // expected-error @+1 {{C7: expects 1 rows of 5 low halves, got}}
  %0 = qbias.int.conv2d %x, %w
      {input_zp = 0,
       reference = #qbias.reference<operands = [1.0], weights = dense<1.0> : tensor<1xf64>, result = !quant.uniform<i16:f32, 0.5>>,
       requant = #qbias.requant<mode = exact, form = wide, multiplier = dense<1> : tensor<1xi64>, shift = dense<8> : tensor<1xi64>,
                                rounding = dense<0> : tensor<1xi64>, low = dense<0> : tensor<1x4xi64>, lo = -128, hi = 127>}
      : (tensor<1x2x2x2xi8>, tensor<1x1x1x2xi8>) -> tensor<1x2x2x1xi16>
  return
}

// -----

// int_conv2d_c8_limb
func.func @f(%x: tensor<1x2x2x2xi8>, %w: tensor<1x1x1x2xi8>) {
  // expected-error @+1 {{C8: expects a limb in [1, 60], low halves below 2^limb and a tie below 2^shift, got 61, 0, 0, 0, 0}}
  %0 = qbias.int.conv2d %x, %w
      {input_zp = 0,
       reference = #qbias.reference<operands = [1.0], weights = dense<1.0> : tensor<1xf64>, result = !quant.uniform<i16:f32, 0.5>>,
       requant = #qbias.requant<mode = exact, form = wide, multiplier = dense<1> : tensor<1xi64>, shift = dense<8> : tensor<1xi64>,
                                rounding = dense<0> : tensor<1xi64>, low = dense<[[61, 0, 0, 0, 0]]> : tensor<1x5xi64>, lo = -128, hi = 127>}
      : (tensor<1x2x2x2xi8>, tensor<1x1x1x2xi8>) -> tensor<1x2x2x1xi16>
  return
}

// -----

// int_conv2d_c8_low_half
func.func @f(%x: tensor<1x2x2x2xi8>, %w: tensor<1x1x1x2xi8>) {
  // expected-error @+1 {{C8: expects a limb in [1, 60], low halves below 2^limb and a tie below 2^shift, got 8, 256, 0, 0, 0}}
  %0 = qbias.int.conv2d %x, %w
      {input_zp = 0,
       reference = #qbias.reference<operands = [1.0], weights = dense<1.0> : tensor<1xf64>, result = !quant.uniform<i16:f32, 0.5>>,
       requant = #qbias.requant<mode = exact, form = wide, multiplier = dense<1> : tensor<1xi64>, shift = dense<8> : tensor<1xi64>,
                                rounding = dense<0> : tensor<1xi64>, low = dense<[[8, 256, 0, 0, 0]]> : tensor<1x5xi64>, lo = -128, hi = 127>}
      : (tensor<1x2x2x2xi8>, tensor<1x1x1x2xi8>) -> tensor<1x2x2x1xi16>
  return
}

// -----

// int_conv2d_c8_tie
func.func @f(%x: tensor<1x2x2x2xi8>, %w: tensor<1x1x1x2xi8>) {
  // expected-error @+1 {{C8: expects a limb in [1, 60], low halves below 2^limb and a tie below 2^shift, got 8, 0, 0, 0, 256}}
  %0 = qbias.int.conv2d %x, %w
      {input_zp = 0,
       reference = #qbias.reference<operands = [1.0], weights = dense<1.0> : tensor<1xf64>, result = !quant.uniform<i16:f32, 0.5>>,
       requant = #qbias.requant<mode = exact, form = wide, multiplier = dense<1> : tensor<1xi64>, shift = dense<8> : tensor<1xi64>,
                                rounding = dense<0> : tensor<1xi64>, low = dense<[[8, 0, 0, 0, 256]]> : tensor<1x5xi64>, lo = -128, hi = 127>}
      : (tensor<1x2x2x2xi8>, tensor<1x1x1x2xi8>) -> tensor<1x2x2x1xi16>
  return
}
