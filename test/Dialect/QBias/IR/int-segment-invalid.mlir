// What every segment of the integer family has in common, on qbias.int.conv2d:
// failing cases for output, addend, thresholds and reference (C9 to C12), under
// their labels of docs/Spec.md.
// RUN: qbias-opt %s --split-input-file --verify-diagnostics

// int_conv2d_c9
func.func @f(%x: tensor<1x2x2x2xi8>, %w: tensor<2x1x1x2xi8>) {
  // expected-error @+1 {{C9: expects lo <= hi in [-128, 127], got 1 and 0}}
  %0 = qbias.int.conv2d %x, %w
      {input_zp = 0,
       reference = #qbias.reference<operands = [1.0], weights = dense<1.0> : tensor<1xf64>, result = !quant.uniform<i8:f32, 0.5>>,
       requant = #qbias.requant<mode = exact, form = affine, multiplier = dense<1> : tensor<2xi64>, shift = dense<1> : tensor<2xi64>,
                                rounding = dense<0> : tensor<2xi64>, lo = 1, hi = 0>}
      : (tensor<1x2x2x2xi8>, tensor<2x1x1x2xi8>) -> tensor<1x2x2x2xi8>
  return
}

// -----

// int_conv2d_c9_range
func.func @f(%x: tensor<1x2x2x2xi8>, %w: tensor<2x1x1x2xi8>) {
  // expected-error @+1 {{C9: expects lo <= hi in [-128, 127], got -129 and 127}}
  %0 = qbias.int.conv2d %x, %w
      {input_zp = 0,
       reference = #qbias.reference<operands = [1.0], weights = dense<1.0> : tensor<1xf64>, result = !quant.uniform<i8:f32, 0.5>>,
       requant = #qbias.requant<mode = exact, form = affine, multiplier = dense<1> : tensor<2xi64>, shift = dense<1> : tensor<2xi64>,
                                rounding = dense<0> : tensor<2xi64>, lo = -129, hi = 127>}
      : (tensor<1x2x2x2xi8>, tensor<2x1x1x2xi8>) -> tensor<1x2x2x2xi8>
  return
}

// -----

// int_conv2d_c9_result
func.func @f(%x: tensor<1x2x2x2xi8>, %w: tensor<2x1x1x2xi8>) {
  // expected-error @+1 {{C9: expects a result of the reference's type}}
  %0 = qbias.int.conv2d %x, %w
      {input_zp = 0,
       reference = #qbias.reference<operands = [1.0], weights = dense<1.0> : tensor<1xf64>, result = !quant.uniform<i8:f32, 0.5>>,
       requant = #qbias.requant<mode = exact, form = affine, multiplier = dense<1> : tensor<2xi64>, shift = dense<1> : tensor<2xi64>,
                                rounding = dense<0> : tensor<2xi64>, lo = -128, hi = 127>}
      : (tensor<1x2x2x2xi8>, tensor<2x1x1x2xi8>) -> tensor<1x2x2x2xui8>
  return
}

// -----

// int_conv2d_c9_per_axis
func.func @f(%x: tensor<1x2x2x2xi8>, %w: tensor<2x1x1x2xi8>) {
  // expected-error @+1 {{C9: expects a result of the reference's type}}
  %0 = qbias.int.conv2d %x, %w
      {input_zp = 0,
       reference = #qbias.reference<operands = [1.0], weights = dense<1.0> : tensor<1xf64>, result = !quant.uniform<i8:f32:3, {0.5, 0.5}>>,
       requant = #qbias.requant<mode = exact, form = affine, multiplier = dense<1> : tensor<2xi64>, shift = dense<1> : tensor<2xi64>,
                                rounding = dense<0> : tensor<2xi64>, lo = -128, hi = 127>}
      : (tensor<1x2x2x2xi8>, tensor<2x1x1x2xi8>) -> tensor<1x2x2x2xi8>
  return
}

// -----

// int_conv2d_c9_no_quantized_type
func.func @f(%x: tensor<1x2x2x2xi8>, %w: tensor<2x1x1x2xi8>) {
  // expected-error @+1 {{C9: expects a result of the reference's type i8, got 'i8'}}
  %0 = qbias.int.conv2d %x, %w
      {input_zp = 0,
       reference = #qbias.reference<operands = [1.0], weights = dense<1.0> : tensor<1xf64>, result = i8>,
       requant = #qbias.requant<mode = exact, form = affine, multiplier = dense<1> : tensor<2xi64>, shift = dense<1> : tensor<2xi64>,
                                rounding = dense<0> : tensor<2xi64>, lo = -128, hi = 127>}
      : (tensor<1x2x2x2xi8>, tensor<2x1x1x2xi8>) -> tensor<1x2x2x2xi8>
  return
}

// -----

// int_conv2d_c9_fault
func.func @f(%x: tensor<1x2x2x2xi8>, %w: tensor<2x1x1x2xi8>) {
  // expected-error @+1 {{C9: result of the reference expects a zero point in [-128, 127], got 300}}
  %0 = qbias.int.conv2d %x, %w
      {input_zp = 0,
       reference = #qbias.reference<operands = [1.0], weights = dense<1.0> : tensor<1xf64>, result = !quant.uniform<i8:f32, 0.5:300>>,
       requant = #qbias.requant<mode = exact, form = affine, multiplier = dense<1> : tensor<2xi64>, shift = dense<1> : tensor<2xi64>,
                                rounding = dense<0> : tensor<2xi64>, lo = -128, hi = 127>}
      : (tensor<1x2x2x2xi8>, tensor<2x1x1x2xi8>) -> tensor<1x2x2x2xi8>
  return
}

// -----

// int_conv2d_c9_accumulator
func.func @f(%x: tensor<1x2x2x2xi8>, %w: tensor<2x1x1x2xi8>) {
  // expected-error @+1 {{C9: expects an i32 or i64 accumulator, got 'i8'}}
  %0 = qbias.int.conv2d %x, %w
      {input_zp = 0,
       reference = #qbias.reference<operands = [1.0], weights = dense<1.0> : tensor<1xf64>>,
       requant = #qbias.requant<mode = exact, form = accumulator>}
      : (tensor<1x2x2x2xi8>, tensor<2x1x1x2xi8>) -> tensor<1x2x2x2xi8>
  return
}

// -----

// int_conv2d_c9_accumulator_type
func.func @f(%x: tensor<1x2x2x2xi8>, %w: tensor<2x1x1x2xi8>) {
  // expected-error @+1 {{C9: expects an output type in the reference exactly when the form is not accumulator}}
  %0 = qbias.int.conv2d %x, %w
      {input_zp = 0,
       reference = #qbias.reference<operands = [1.0], weights = dense<1.0> : tensor<1xf64>, result = !quant.uniform<i8:f32, 0.5>>,
       requant = #qbias.requant<mode = exact, form = accumulator>}
      : (tensor<1x2x2x2xi8>, tensor<2x1x1x2xi8>) -> tensor<1x2x2x2xi32>
  return
}

// -----

// int_conv2d_c9_no_type
func.func @f(%x: tensor<1x2x2x2xi8>, %w: tensor<2x1x1x2xi8>) {
  // expected-error @+1 {{C9: expects an output type in the reference exactly when the form is not accumulator}}
  %0 = qbias.int.conv2d %x, %w
      {input_zp = 0,
       reference = #qbias.reference<operands = [1.0], weights = dense<1.0> : tensor<1xf64>>,
       requant = #qbias.requant<mode = exact, form = affine, multiplier = dense<1> : tensor<2xi64>, shift = dense<1> : tensor<2xi64>,
                                rounding = dense<0> : tensor<2xi64>, lo = -128, hi = 127>}
      : (tensor<1x2x2x2xi8>, tensor<2x1x1x2xi8>) -> tensor<1x2x2x2xi8>
  return
}

// -----

// int_conv2d_c9_half_even
func.func @f(%x: tensor<1x2x2x2xi8>, %w: tensor<2x1x1x2xi8>) {
  // expected-error @+1 {{C9: expects a zero point in [-128, 127], got 128}}
  %0 = qbias.int.conv2d %x, %w
      {input_zp = 0,
       reference = #qbias.reference<operands = [1.0], weights = dense<1.0> : tensor<1xf64>, result = !quant.uniform<i8:f32, 0.5>>,
       requant = #qbias.requant<mode = exact, form = half_even, multiplier = dense<1> : tensor<2xi64>, shift = dense<1> : tensor<2xi64>,
                                rounding = dense<0> : tensor<2xi64>, zero_point = 128, lo = -128, hi = 127>}
      : (tensor<1x2x2x2xi8>, tensor<2x1x1x2xi8>) -> tensor<1x2x2x2xi8>
  return
}

// -----

// int_conv2d_c10
func.func @f(%x: tensor<1x2x2x2xi8>, %w: tensor<2x1x1x2xi8>, %a: tensor<1x1x2x2xi8>) {
  // expected-error @+1 {{C10: expects an addend of the result's shape, got 'tensor<1x1x2x2xi8>'}}
  %0 = qbias.int.conv2d %x, %w addend %a
      {input_zp = 0,
       reference = #qbias.reference<operands = [1.0, 1.0], weights = dense<1.0> : tensor<1xf64>, result = !quant.uniform<i8:f32, 0.5>>,
       requant = #qbias.requant<mode = exact, form = affine, multiplier = dense<1> : tensor<2xi64>, shift = dense<1> : tensor<2xi64>,
                                rounding = dense<0> : tensor<2xi64>, lo = -128, hi = 127,
                                addend_multiplier = dense<1> : tensor<2xi64>>}
      : (tensor<1x2x2x2xi8>, tensor<2x1x1x2xi8>, tensor<1x1x2x2xi8>) -> tensor<1x2x2x2xi8>
  return
}

// -----

// int_conv2d_c10_no_addend
func.func @f(%x: tensor<1x2x2x2xi8>, %w: tensor<2x1x1x2xi8>) {
  // expected-error @+1 {{C10: expects addend multipliers and an affine or half_even form exactly when there is an addend}}
  %0 = qbias.int.conv2d %x, %w
      {input_zp = 0,
       reference = #qbias.reference<operands = [1.0], weights = dense<1.0> : tensor<1xf64>, result = !quant.uniform<i8:f32, 0.5>>,
       requant = #qbias.requant<mode = exact, form = affine, multiplier = dense<1> : tensor<2xi64>, shift = dense<1> : tensor<2xi64>,
                                rounding = dense<0> : tensor<2xi64>, lo = -128, hi = 127,
                                addend_multiplier = dense<1> : tensor<2xi64>>}
      : (tensor<1x2x2x2xi8>, tensor<2x1x1x2xi8>) -> tensor<1x2x2x2xi8>
  return
}

// -----

// int_conv2d_c10_no_multiplier
func.func @f(%x: tensor<1x2x2x2xi8>, %w: tensor<2x1x1x2xi8>, %a: tensor<1x2x2x2xi8>) {
  // expected-error @+1 {{C10: expects addend multipliers and an affine or half_even form exactly when there is an addend}}
  %0 = qbias.int.conv2d %x, %w addend %a
      {input_zp = 0,
       reference = #qbias.reference<operands = [1.0, 1.0], weights = dense<1.0> : tensor<1xf64>, result = !quant.uniform<i8:f32, 0.5>>,
       requant = #qbias.requant<mode = exact, form = affine, multiplier = dense<1> : tensor<2xi64>, shift = dense<1> : tensor<2xi64>,
                                rounding = dense<0> : tensor<2xi64>, lo = -128, hi = 127>}
      : (tensor<1x2x2x2xi8>, tensor<2x1x1x2xi8>, tensor<1x2x2x2xi8>) -> tensor<1x2x2x2xi8>
  return
}

// -----

// int_conv2d_c10_form
func.func @f(%x: tensor<1x2x2x2xi8>, %w: tensor<2x1x1x2xi8>, %a: tensor<1x2x2x2xi8>) {
  // expected-error @+1 {{C10: expects addend multipliers and an affine or half_even form exactly when there is an addend}}
  %0 = qbias.int.conv2d %x, %w addend %a
      {input_zp = 0,
       reference = #qbias.reference<operands = [1.0, 1.0], weights = dense<1.0> : tensor<1xf64>, result = !quant.uniform<i8:f32, 0.5>>,
       requant = #qbias.requant<mode = exact, form = threshold, lo = 0, hi = 1,
                                addend_multiplier = dense<1> : tensor<2xi64>,
                                thresholds = dense<1> : tensor<2x1xi64>>}
      : (tensor<1x2x2x2xi8>, tensor<2x1x1x2xi8>, tensor<1x2x2x2xi8>) -> tensor<1x2x2x2xi8>
  return
}

// -----

// int_conv2d_c10_zero_point
func.func @f(%x: tensor<1x2x2x2xi8>, %w: tensor<2x1x1x2xi8>, %a: tensor<1x2x2x2xi8>) {
  // expected-error @+1 {{C10: expects a zero point in [-128, 127], got -129}}
  %0 = qbias.int.conv2d %x, %w addend %a
      {input_zp = 0, addend_zp = -129,
       reference = #qbias.reference<operands = [1.0, 1.0], weights = dense<1.0> : tensor<1xf64>, result = !quant.uniform<i8:f32, 0.5>>,
       requant = #qbias.requant<mode = exact, form = affine, multiplier = dense<1> : tensor<2xi64>, shift = dense<1> : tensor<2xi64>,
                                rounding = dense<0> : tensor<2xi64>, lo = -128, hi = 127,
                                addend_multiplier = dense<1> : tensor<2xi64>>}
      : (tensor<1x2x2x2xi8>, tensor<2x1x1x2xi8>, tensor<1x2x2x2xi8>) -> tensor<1x2x2x2xi8>
  return
}

// -----

// int_conv2d_c11
func.func @f(%x: tensor<1x2x2x2xi8>, %w: tensor<2x1x1x2xi8>) {
  // expected-error @+1 {{C11: expects thresholds exactly for the forms threshold and table, got form threshold}}
  %0 = qbias.int.conv2d %x, %w
      {input_zp = 0,
       reference = #qbias.reference<operands = [1.0], weights = dense<1.0> : tensor<1xf64>, result = !quant.uniform<i8:f32, 0.5>>,
       requant = #qbias.requant<mode = exact, form = threshold, lo = 0, hi = 1>}
      : (tensor<1x2x2x2xi8>, tensor<2x1x1x2xi8>) -> tensor<1x2x2x2xi8>
  return
}

// -----

// int_conv2d_c11_affine
func.func @f(%x: tensor<1x2x2x2xi8>, %w: tensor<2x1x1x2xi8>) {
  // expected-error @+1 {{C11: expects thresholds exactly for the forms threshold and table, got form affine}}
  %0 = qbias.int.conv2d %x, %w
      {input_zp = 0,
       reference = #qbias.reference<operands = [1.0], weights = dense<1.0> : tensor<1xf64>, result = !quant.uniform<i8:f32, 0.5>>,
       requant = #qbias.requant<mode = exact, form = affine, multiplier = dense<1> : tensor<2xi64>, shift = dense<1> : tensor<2xi64>,
                                rounding = dense<0> : tensor<2xi64>, lo = -128, hi = 127,
                                thresholds = dense<0> : tensor<2x255xi64>>}
      : (tensor<1x2x2x2xi8>, tensor<2x1x1x2xi8>) -> tensor<1x2x2x2xi8>
  return
}

// -----

// int_conv2d_c11_shape
func.func @f(%x: tensor<1x2x2x2xi8>, %w: tensor<2x1x1x2xi8>) {
  // expected-error @+1 {{C11: expects i64 thresholds of shape [2, 3], got 'tensor<2x2xi64>'}}
  %0 = qbias.int.conv2d %x, %w
      {input_zp = 0,
       reference = #qbias.reference<operands = [1.0], weights = dense<1.0> : tensor<1xf64>, result = !quant.uniform<i8:f32, 0.5>>,
       requant = #qbias.requant<mode = exact, form = threshold, lo = 0, hi = 3, thresholds = dense<1> : tensor<2x2xi64>>}
      : (tensor<1x2x2x2xi8>, tensor<2x1x1x2xi8>) -> tensor<1x2x2x2xi8>
  return
}

// -----

// int_conv2d_c11_type
func.func @f(%x: tensor<1x2x2x2xi8>, %w: tensor<2x1x1x2xi8>) {
  // expected-error @+1 {{C11: expects i64 thresholds of shape [2, 3], got 'tensor<2x3xi32>'}}
  %0 = qbias.int.conv2d %x, %w
      {input_zp = 0,
       reference = #qbias.reference<operands = [1.0], weights = dense<1.0> : tensor<1xf64>, result = !quant.uniform<i8:f32, 0.5>>,
       requant = #qbias.requant<mode = exact, form = threshold, lo = 0, hi = 3, thresholds = dense<1> : tensor<2x3xi32>>}
      : (tensor<1x2x2x2xi8>, tensor<2x1x1x2xi8>) -> tensor<1x2x2x2xi8>
  return
}

// -----

// int_conv2d_c11_empty
func.func @f(%x: tensor<1x2x2x2xi8>, %w: tensor<2x1x1x2xi8>) {
  // expected-error @+1 {{C11: expects lo < hi, got 3 and 3}}
  %0 = qbias.int.conv2d %x, %w
      {input_zp = 0,
       reference = #qbias.reference<operands = [1.0], weights = dense<1.0> : tensor<1xf64>, result = !quant.uniform<i8:f32, 0.5>>,
       requant = #qbias.requant<mode = exact, form = threshold, lo = 3, hi = 3, thresholds = dense<> : tensor<2x0xi64>>}
      : (tensor<1x2x2x2xi8>, tensor<2x1x1x2xi8>) -> tensor<1x2x2x2xi8>
  return
}

// -----

// int_conv2d_c11_table
func.func @f(%x: tensor<1x2x2x2xi8>, %w: tensor<2x1x1x2xi8>) {
  // expected-error @+1 {{C11: expects a table only for one channel with bounds of at most 65536 values}}
  %0 = qbias.int.conv2d %x, %w
      {input_zp = 0,
       reference = #qbias.reference<operands = [1.0], weights = dense<1.0> : tensor<1xf64>, result = !quant.uniform<i8:f32, 0.5>>,
       requant = #qbias.requant<mode = exact, form = table, lo = 0, hi = 3, thresholds = dense<1> : tensor<2xi64>>}
      : (tensor<1x2x2x2xi8>, tensor<2x1x1x2xi8>) -> tensor<1x2x2x2xi8>
  return
}

// -----

// int_conv2d_c12
func.func @f(%x: tensor<1x2x2x2xi8>, %w: tensor<2x1x1x2xi8>) {
  // expected-error @+1 {{C12: expects 1 operand scales in the reference, got 0}}
  %0 = qbias.int.conv2d %x, %w
      {input_zp = 0,
       reference = #qbias.reference<operands = [], weights = dense<1.0> : tensor<1xf64>>,
       requant = #qbias.requant<mode = exact, form = accumulator>}
      : (tensor<1x2x2x2xi8>, tensor<2x1x1x2xi8>) -> tensor<1x2x2x2xi32>
  return
}

// -----

// int_conv2d_c12_zero
func.func @f(%x: tensor<1x2x2x2xi8>, %w: tensor<2x1x1x2xi8>) {
  // expected-error @+1 {{C12: expects finite operand scales that are not 0 and positive, got 0.000000e+00}}
  %0 = qbias.int.conv2d %x, %w
      {input_zp = 0,
       reference = #qbias.reference<operands = [0.0], weights = dense<1.0> : tensor<1xf64>>,
       requant = #qbias.requant<mode = exact, form = accumulator>}
      : (tensor<1x2x2x2xi8>, tensor<2x1x1x2xi8>) -> tensor<1x2x2x2xi32>
  return
}

// -----

// int_conv2d_c12_negative
func.func @f(%x: tensor<1x2x2x2xi8>, %w: tensor<2x1x1x2xi8>) {
  // expected-error @+1 {{C12: expects finite operand scales that are not 0 and positive, got -1.000000e+00}}
  %0 = qbias.int.conv2d %x, %w
      {input_zp = 0,
       reference = #qbias.reference<operands = [-1.0], weights = dense<1.0> : tensor<1xf64>>,
       requant = #qbias.requant<mode = exact, form = accumulator>}
      : (tensor<1x2x2x2xi8>, tensor<2x1x1x2xi8>) -> tensor<1x2x2x2xi32>
  return
}

// -----

// int_conv2d_c12_addend
func.func @f(%x: tensor<1x2x2x2xi8>, %w: tensor<2x1x1x2xi8>, %a: tensor<1x2x2x2xi8>) {
  // expected-error @+1 {{C12: expects finite operand scales that are not 0, got INF}}
  %0 = qbias.int.conv2d %x, %w addend %a
      {input_zp = 0,
       reference = #qbias.reference<operands = [1.0, 0x7FF0000000000000], weights = dense<1.0> : tensor<1xf64>, result = !quant.uniform<i8:f32, 0.5>>,
       requant = #qbias.requant<mode = exact, form = affine, multiplier = dense<1> : tensor<2xi64>, shift = dense<1> : tensor<2xi64>,
                                rounding = dense<0> : tensor<2xi64>, lo = -128, hi = 127,
                                addend_multiplier = dense<1> : tensor<2xi64>>}
      : (tensor<1x2x2x2xi8>, tensor<2x1x1x2xi8>, tensor<1x2x2x2xi8>) -> tensor<1x2x2x2xi8>
  return
}

// -----

// int_conv2d_c12_no_weights
func.func @f(%x: tensor<1x2x2x2xi8>, %w: tensor<2x1x1x2xi8>) {
  // expected-error @+1 {{C12: expects weight scales exactly for constant weights, a bias only with them, and a bias unit only with a bias}}
  %0 = qbias.int.conv2d %x, %w
      {input_zp = 0,
       reference = #qbias.reference<operands = [1.0]>,
       requant = #qbias.requant<mode = exact, form = accumulator>}
      : (tensor<1x2x2x2xi8>, tensor<2x1x1x2xi8>) -> tensor<1x2x2x2xi32>
  return
}

// -----

// int_conv2d_c12_weights
func.func @f(%x: tensor<1x2x2x2xi8>, %w: tensor<2x1x1x2xi8>) {
  // expected-error @+1 {{C12: expects one or 2 positive finite weight scales, got dense<1.000000e+00> : tensor<3xf64>}}
  %0 = qbias.int.conv2d %x, %w
      {input_zp = 0,
       reference = #qbias.reference<operands = [1.0], weights = dense<1.0> : tensor<3xf64>>,
       requant = #qbias.requant<mode = exact, form = accumulator>}
      : (tensor<1x2x2x2xi8>, tensor<2x1x1x2xi8>) -> tensor<1x2x2x2xi32>
  return
}

// -----

// int_conv2d_c12_weight_value
func.func @f(%x: tensor<1x2x2x2xi8>, %w: tensor<2x1x1x2xi8>) {
  // expected-error @+1 {{C12: expects one or 2 positive finite weight scales}}
  %0 = qbias.int.conv2d %x, %w
      {input_zp = 0,
       reference = #qbias.reference<operands = [1.0], weights = dense<[1.0, 0.0]> : tensor<2xf64>>,
       requant = #qbias.requant<mode = exact, form = accumulator>}
      : (tensor<1x2x2x2xi8>, tensor<2x1x1x2xi8>) -> tensor<1x2x2x2xi32>
  return
}

// -----

// int_conv2d_c12_weight_type
func.func @f(%x: tensor<1x2x2x2xi8>, %w: tensor<2x1x1x2xi8>) {
  // expected-error @+1 {{C12: expects one or 2 positive finite weight scales}}
  %0 = qbias.int.conv2d %x, %w
      {input_zp = 0,
       reference = #qbias.reference<operands = [1.0], weights = dense<1> : tensor<2xi8>>,
       requant = #qbias.requant<mode = exact, form = accumulator>}
      : (tensor<1x2x2x2xi8>, tensor<2x1x1x2xi8>) -> tensor<1x2x2x2xi32>
  return
}

// -----

// int_conv2d_c12_bias
func.func @f(%x: tensor<1x2x2x2xi8>, %w: tensor<2x1x1x2xi8>) {
  // expected-error @+1 {{C12: expects one or 2 finite biases, with one unit or one for each, got 3 biases}}
  %0 = qbias.int.conv2d %x, %w
      {input_zp = 0,
       reference = #qbias.reference<operands = [1.0], weights = dense<1.0> : tensor<1xf64>, bias = dense<1.0> : tensor<3xf32>>,
       requant = #qbias.requant<mode = exact, form = accumulator>}
      : (tensor<1x2x2x2xi8>, tensor<2x1x1x2xi8>) -> tensor<1x2x2x2xi32>
  return
}

// -----

// int_conv2d_c12_bias_value
func.func @f(%x: tensor<1x2x2x2xi8>, %w: tensor<2x1x1x2xi8>) {
  // expected-error @+1 {{C12: expects one or 2 finite biases, with one unit or one for each, got 2 biases}}
  %0 = qbias.int.conv2d %x, %w
      {input_zp = 0,
       reference = #qbias.reference<operands = [1.0], weights = dense<1.0> : tensor<1xf64>, bias = dense<0x7F800000> : tensor<2xf32>>,
       requant = #qbias.requant<mode = exact, form = accumulator>}
      : (tensor<1x2x2x2xi8>, tensor<2x1x1x2xi8>) -> tensor<1x2x2x2xi32>
  return
}

// -----

// int_conv2d_c12_bias_unit
func.func @f(%x: tensor<1x2x2x2xi8>, %w: tensor<2x1x1x2xi8>) {
  // expected-error @+1 {{C12: expects one or 2 finite biases, with one unit or one for each, got 2 biases}}
  %0 = qbias.int.conv2d %x, %w
      {input_zp = 0,
       reference = #qbias.reference<operands = [1.0], weights = dense<1.0> : tensor<1xf64>, bias = dense<1> : tensor<2xi32>,
                                    bias_unit = dense<1.0> : tensor<3xf64>>,
       requant = #qbias.requant<mode = exact, form = accumulator>}
      : (tensor<1x2x2x2xi8>, tensor<2x1x1x2xi8>) -> tensor<1x2x2x2xi32>
  return
}

// -----

// int_conv2d_c12_unit_alone
func.func @f(%x: tensor<1x2x2x2xi8>, %w: tensor<2x1x1x2xi8>) {
  // expected-error @+1 {{C12: expects weight scales exactly for constant weights, a bias only with them, and a bias unit only with a bias}}
  %0 = qbias.int.conv2d %x, %w
      {input_zp = 0,
       reference = #qbias.reference<operands = [1.0], weights = dense<1.0> : tensor<1xf64>, bias_unit = dense<1.0> : tensor<1xf64>>,
       requant = #qbias.requant<mode = exact, form = accumulator>}
      : (tensor<1x2x2x2xi8>, tensor<2x1x1x2xi8>) -> tensor<1x2x2x2xi32>
  return
}

// -----

// int_conv2d_c12_step
func.func @f(%x: tensor<1x2x2x2xi8>, %w: tensor<2x1x1x2xi8>) {
  // expected-error @+1 {{C12: expects clamp, unary, linear, combine and quantized type steps, got 7 : i64}}
  %0 = qbias.int.conv2d %x, %w
      {input_zp = 0,
       reference = #qbias.reference<operands = [1.0], weights = dense<1.0> : tensor<1xf64>, result = !quant.uniform<i8:f32, 0.5>,
                                    steps = [7]>,
       requant = #qbias.requant<mode = exact, form = affine, multiplier = dense<1> : tensor<2xi64>, shift = dense<1> : tensor<2xi64>,
                                rounding = dense<0> : tensor<2xi64>, lo = -128, hi = 127>}
      : (tensor<1x2x2x2xi8>, tensor<2x1x1x2xi8>) -> tensor<1x2x2x2xi8>
  return
}

// -----

// int_conv2d_c12_clamp
func.func @f(%x: tensor<1x2x2x2xi8>, %w: tensor<2x1x1x2xi8>) {
  // expected-error @+1 {{C12: expects finite f64 bounds of a clamp, got}}
  %0 = qbias.int.conv2d %x, %w
      {input_zp = 0,
       reference = #qbias.reference<operands = [1.0], weights = dense<1.0> : tensor<1xf64>, result = !quant.uniform<i8:f32, 0.5>,
                                    steps = [#qbias.clamp<lo = 0x7FF8000000000000 : f64>]>,
       requant = #qbias.requant<mode = exact, form = affine, multiplier = dense<1> : tensor<2xi64>, shift = dense<1> : tensor<2xi64>,
                                rounding = dense<0> : tensor<2xi64>, lo = -128, hi = 127>}
      : (tensor<1x2x2x2xi8>, tensor<2x1x1x2xi8>) -> tensor<1x2x2x2xi8>
  return
}

// -----

// int_conv2d_c12_clamp_order
func.func @f(%x: tensor<1x2x2x2xi8>, %w: tensor<2x1x1x2xi8>) {
  // expected-error @+1 {{C12: expects lo of a clamp to be at most hi, got}}
  %0 = qbias.int.conv2d %x, %w
      {input_zp = 0,
       reference = #qbias.reference<operands = [1.0], weights = dense<1.0> : tensor<1xf64>, result = !quant.uniform<i8:f32, 0.5>,
                                    steps = [#qbias.clamp<lo = 1.0 : f64, hi = 0.0 : f64>]>,
       requant = #qbias.requant<mode = exact, form = affine, multiplier = dense<1> : tensor<2xi64>, shift = dense<1> : tensor<2xi64>,
                                rounding = dense<0> : tensor<2xi64>, lo = -128, hi = 127>}
      : (tensor<1x2x2x2xi8>, tensor<2x1x1x2xi8>) -> tensor<1x2x2x2xi8>
  return
}

// -----

// int_conv2d_c12_unary
func.func @f(%x: tensor<1x2x2x2xi8>, %w: tensor<2x1x1x2xi8>) {
  // expected-error @+1 {{C12: leaky_relu expects alpha and no beta, got}}
  %0 = qbias.int.conv2d %x, %w
      {input_zp = 0,
       reference = #qbias.reference<operands = [1.0], weights = dense<1.0> : tensor<1xf64>, result = !quant.uniform<i8:f32, 0.5>,
                                    steps = [#qbias.unary<function = leaky_relu>]>,
       requant = #qbias.requant<mode = exact, form = affine, multiplier = dense<1> : tensor<2xi64>, shift = dense<1> : tensor<2xi64>,
                                rounding = dense<0> : tensor<2xi64>, lo = -128, hi = 127>}
      : (tensor<1x2x2x2xi8>, tensor<2x1x1x2xi8>) -> tensor<1x2x2x2xi8>
  return
}

// -----

// int_conv2d_c12_unary_value
func.func @f(%x: tensor<1x2x2x2xi8>, %w: tensor<2x1x1x2xi8>) {
  // expected-error @+1 {{C12: expects finite f64 alpha and beta, got}}
  %0 = qbias.int.conv2d %x, %w
      {input_zp = 0,
       reference = #qbias.reference<operands = [1.0], weights = dense<1.0> : tensor<1xf64>, result = !quant.uniform<i8:f32, 0.5>,
                                    steps = [#qbias.unary<function = elu, alpha = 1.0 : f32>]>,
       requant = #qbias.requant<mode = exact, form = affine, multiplier = dense<1> : tensor<2xi64>, shift = dense<1> : tensor<2xi64>,
                                rounding = dense<0> : tensor<2xi64>, lo = -128, hi = 127>}
      : (tensor<1x2x2x2xi8>, tensor<2x1x1x2xi8>) -> tensor<1x2x2x2xi8>
  return
}

// -----

// int_conv2d_c12_linear
func.func @f(%x: tensor<1x2x2x2xi8>, %w: tensor<2x1x1x2xi8>) {
  // expected-error @+1 {{C12: expects finite f64 factor and offset of a linear step and a divisor that is not 0, got}}
  %0 = qbias.int.conv2d %x, %w
      {input_zp = 0,
       reference = #qbias.reference<operands = [1.0], weights = dense<1.0> : tensor<1xf64>, result = !quant.uniform<i8:f32, 0.5>,
                                    steps = [#qbias.linear<factor = 1.0 : f64, offset = 0x7FF0000000000000 : f64>]>,
       requant = #qbias.requant<mode = exact, form = affine, multiplier = dense<1> : tensor<2xi64>, shift = dense<1> : tensor<2xi64>,
                                rounding = dense<0> : tensor<2xi64>, lo = -128, hi = 127>}
      : (tensor<1x2x2x2xi8>, tensor<2x1x1x2xi8>) -> tensor<1x2x2x2xi8>
  return
}

// -----

// int_conv2d_c12_step_type
func.func @f(%x: tensor<1x2x2x2xi8>, %w: tensor<2x1x1x2xi8>) {
  // expected-error @+1 {{C12: expects a per-tensor quantized type as step, got i8}}
  %0 = qbias.int.conv2d %x, %w
      {input_zp = 0,
       reference = #qbias.reference<operands = [1.0], weights = dense<1.0> : tensor<1xf64>, result = !quant.uniform<i8:f32, 0.5>,
                                    steps = [i8]>,
       requant = #qbias.requant<mode = exact, form = affine, multiplier = dense<1> : tensor<2xi64>, shift = dense<1> : tensor<2xi64>,
                                rounding = dense<0> : tensor<2xi64>, lo = -128, hi = 127>}
      : (tensor<1x2x2x2xi8>, tensor<2x1x1x2xi8>) -> tensor<1x2x2x2xi8>
  return
}

// -----

// int_conv2d_c12_step_zero_point
func.func @f(%x: tensor<1x2x2x2xi8>, %w: tensor<2x1x1x2xi8>) {
  // expected-error @+1 {{C12: expects a zero point in [0, 255], got -1, got}}
  %0 = qbias.int.conv2d %x, %w
      {input_zp = 0,
       reference = #qbias.reference<operands = [1.0], weights = dense<1.0> : tensor<1xf64>, result = !quant.uniform<i8:f32, 0.5>,
                                    steps = [!quant.uniform<u8:f32, 0.5:-1>]>,
       requant = #qbias.requant<mode = exact, form = affine, multiplier = dense<1> : tensor<2xi64>, shift = dense<1> : tensor<2xi64>,
                                rounding = dense<0> : tensor<2xi64>, lo = -128, hi = 127>}
      : (tensor<1x2x2x2xi8>, tensor<2x1x1x2xi8>) -> tensor<1x2x2x2xi8>
  return
}
