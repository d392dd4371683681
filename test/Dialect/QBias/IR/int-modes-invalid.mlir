// Modes and their forms (docs/Spec.md, C13 of int.conv2d). Each case is named after its
// constraint.
//
// RUN: qbias-opt %s --split-input-file --verify-diagnostics

// int_conv2d_c13
func.func @f(%x: tensor<1x2x2x2xi8>, %w: tensor<2x1x1x2xi8>) {
  // expected-error @+1 {{C13: expects a form of mode single that the operation has, got half_even}}
  %0 = qbias.int.conv2d %x, %w
      {input_zp = 0,
       reference = #qbias.reference<operands = [1.0], weights = dense<1.0> : tensor<1xf64>, result = !quant.uniform<i8:f32, 0.5>>,
       requant = #qbias.requant<mode = single, form = half_even, multiplier = dense<1> : tensor<2xi64>, shift = dense<1> : tensor<2xi64>, rounding = dense<0> : tensor<2xi64>, lo = -128, hi = 127>}
      : (tensor<1x2x2x2xi8>, tensor<2x1x1x2xi8>) -> tensor<1x2x2x2xi8>
  return
}

// -----

// int_conv2d_c13_operation
func.func @f(%x: tensor<1x2x2x2xi8>, %w: tensor<2x1x1x2xi8>) {
  // expected-error @+1 {{C13: expects a form of mode tflite that the operation has, got divide}}
  %0 = qbias.int.conv2d %x, %w
      {input_zp = 0,
       reference = #qbias.reference<operands = [1.0], weights = dense<1.0> : tensor<1xf64>, result = !quant.uniform<i8:f32, 0.5>>,
       requant = #qbias.requant<mode = tflite, form = divide, lo = -128, hi = 127>}
      : (tensor<1x2x2x2xi8>, tensor<2x1x1x2xi8>) -> tensor<1x2x2x2xi8>
  return
}

// -----

// int_conv2d_c13_multiplier
func.func @f(%x: tensor<1x2x2x2xi8>, %w: tensor<2x1x1x2xi8>) {
  // expected-error @+1 {{C13: expects multipliers in [0, 2^31) and shifts in [1, 62], got 2147483648 and 31}}
  %0 = qbias.int.conv2d %x, %w
      {input_zp = 0,
       reference = #qbias.reference<operands = [1.0], weights = dense<1.0> : tensor<1xf64>, result = !quant.uniform<i8:f32, 0.5>>,
       requant = #qbias.requant<mode = tflite, form = double_round, multiplier = dense<2147483648> : tensor<2xi64>, shift = dense<31> : tensor<2xi64>, lo = -128, hi = 127>}
      : (tensor<1x2x2x2xi8>, tensor<2x1x1x2xi8>) -> tensor<1x2x2x2xi8>
  return
}

// -----

// int_conv2d_c13_shift
func.func @f(%x: tensor<1x2x2x2xi8>, %w: tensor<2x1x1x2xi8>) {
  // expected-error @+1 {{C13: expects multipliers in [0, 2^31) and shifts in [1, 62], got 1 and 63}}
  %0 = qbias.int.conv2d %x, %w
      {input_zp = 0,
       reference = #qbias.reference<operands = [1.0], weights = dense<1.0> : tensor<1xf64>, result = !quant.uniform<i8:f32, 0.5>>,
       requant = #qbias.requant<mode = tflite, form = double_round, multiplier = dense<1> : tensor<2xi64>, shift = dense<63> : tensor<2xi64>, lo = -128, hi = 127>}
      : (tensor<1x2x2x2xi8>, tensor<2x1x1x2xi8>) -> tensor<1x2x2x2xi8>
  return
}

// -----

// int_conv2d_c13_rounding
func.func @f(%x: tensor<1x2x2x2xi8>, %w: tensor<2x1x1x2xi8>) {
  // expected-error @+1 {{C13: expects 2 integer multipliers and shifts and no other arrays for form double_round}}
  %0 = qbias.int.conv2d %x, %w
      {input_zp = 0,
       reference = #qbias.reference<operands = [1.0], weights = dense<1.0> : tensor<1xf64>, result = !quant.uniform<i8:f32, 0.5>>,
       requant = #qbias.requant<mode = tflite, form = double_round, multiplier = dense<1> : tensor<2xi64>, shift = dense<31> : tensor<2xi64>, rounding = dense<0> : tensor<2xi64>, lo = -128, hi = 127>}
      : (tensor<1x2x2x2xi8>, tensor<2x1x1x2xi8>) -> tensor<1x2x2x2xi8>
  return
}

// -----

// int_conv2d_c13_float
func.func @f(%x: tensor<1x2x2x2xi8>, %w: tensor<2x1x1x2xi8>) {
  // expected-error @+1 {{C13: expects float32 values for form float: 2 multipliers and 0 roundings, and no other arrays}}
  %0 = qbias.int.conv2d %x, %w
      {input_zp = 0,
       reference = #qbias.reference<operands = [1.0], weights = dense<1.0> : tensor<1xf64>, result = !quant.uniform<i8:f32, 0.5>>,
       requant = #qbias.requant<mode = float, form = float, multiplier = dense<0.1> : tensor<2xf64>, lo = -128, hi = 127>}
      : (tensor<1x2x2x2xi8>, tensor<2x1x1x2xi8>) -> tensor<1x2x2x2xi8>
  return
}

// -----

// int_conv2d_c13_float_bias
func.func @f(%x: tensor<1x2x2x2xi8>, %w: tensor<2x1x1x2xi8>) {
  // expected-error @+1 {{C13: expects float32 values for form float_bias: 2 multipliers and 2 roundings, and no other arrays}}
  %0 = qbias.int.conv2d %x, %w
      {input_zp = 0,
       reference = #qbias.reference<operands = [1.0], weights = dense<1.0> : tensor<1xf64>, result = !quant.uniform<i8:f32, 0.5>>,
       requant = #qbias.requant<mode = float, form = float_bias, multiplier = dense<0.5> : tensor<2xf64>, lo = -128, hi = 127>}
      : (tensor<1x2x2x2xi8>, tensor<2x1x1x2xi8>) -> tensor<1x2x2x2xi8>
  return
}

// -----

// int_conv2d_c13_certified
func.func @f(%x: tensor<1x2x2x2xi8>, %w: tensor<2x1x1x2xi8>) {
  // expected-error @+1 {{C13: expects a form of mode float that the operation has, got affine}}
  %0 = qbias.int.conv2d %x, %w
      {input_zp = 0,
       reference = #qbias.reference<operands = [1.0], weights = dense<1.0> : tensor<1xf64>, result = !quant.uniform<i8:f32, 0.5>>,
       requant = #qbias.requant<mode = float, form = affine, multiplier = dense<1> : tensor<2xi64>, shift = dense<1> : tensor<2xi64>, rounding = dense<0> : tensor<2xi64>, lo = -128, hi = 127>, certificate = #qbias.certificate<channels = 2, certified = 0>}
      : (tensor<1x2x2x2xi8>, tensor<2x1x1x2xi8>) -> tensor<1x2x2x2xi8>
  return
}

// -----

// int_add_c4_rescales
func.func @f(%x: tensor<2xi8>) {
  // expected-error @+1 {{C4: expects 3 integer multipliers and shifts and no other arrays for form rescaled_sum}}
  %0 = qbias.int.add %x, %x
      {lhs_zp = 0, rhs_zp = 0, reference = #qbias.reference<operands = [1.0, 1.0], result = !quant.uniform<i8:f32, 0.5>>,
       requant = #qbias.requant<mode = tflite, form = rescaled_sum, multiplier = dense<1> : tensor<1xi64>,
                                shift = dense<31> : tensor<1xi64>, lo = -128, hi = 127>}
      : (tensor<2xi8>, tensor<2xi8>) -> tensor<2xi8>
  return
}

// -----

// int_avg_pool_c6_divide
func.func @f(%x: tensor<1x2x2x1xi8>) {
  // expected-error @+1 {{C6: expects no arrays for form divide}}
  %0 = qbias.int.avg_pool %x
      {input_zp = 0, kernel = array<i64: 2, 2>, divisors = array<i64: 4>,
       reference = #qbias.reference<operands = [1.0], result = !quant.uniform<i8:f32, 1.0>>,
       requant = #qbias.requant<mode = tflite, form = divide, shift = dense<31> : tensor<1xi64>, lo = -128, hi = 127>}
      : tensor<1x2x2x1xi8> -> tensor<1x1x1x1xi8>
  return
}

// -----

// int_mul_c4_expression
func.func @f(%x: tensor<2xi8>) {
  // expected-error @+1 {{C4: expects float32 values for form float: 0 multipliers and 0 roundings, and no other arrays}}
  %0 = qbias.int.mul %x, %x
      {lhs_zp = 0, rhs_zp = 0, reference = #qbias.reference<operands = [1.0, 1.0], result = !quant.uniform<i8:f32, 0.5>>,
       requant = #qbias.requant<mode = float, form = float, multiplier = dense<1.0> : tensor<1xf64>, lo = -128, hi = 127>}
      : (tensor<2xi8>, tensor<2xi8>) -> tensor<2xi8>
  return
}
