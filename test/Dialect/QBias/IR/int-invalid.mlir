// Integer operations with two operands: failing cases for every constraint,
// under its label of docs/Spec.md. qbias.int.conv2d: int-conv2d-invalid.mlir;
// one operand: int-unary-invalid.mlir.
// RUN: qbias-opt %s --split-input-file --verify-diagnostics

// int_matmul_c1
func.func @f(%x: tensor<2xi8>, %w: tensor<2x2xi8>) {
  // expected-error @+1 {{C1: expects lhs of rank 2 or more and rhs of rank 2 or with lhs's leading dimensions, got [2] and [2, 2]}}
  %0 = qbias.int.matmul %x, %w
      {lhs_zp = 0, rhs_zp = 0,
       reference = #qbias.reference<operands = [1.0], weights = dense<1.0> : tensor<1xf64>>,
       requant = #qbias.requant<mode = exact, form = accumulator>}
      : (tensor<2xi8>, tensor<2x2xi8>) -> tensor<2xi32>
  return
}

// -----

// int_matmul_c2
func.func @f(%x: tensor<3x4xi8>, %w: tensor<2x2xi8>) {
  // expected-error @+1 {{C2: expects equal last dimensions, got 4 and 2}}
  %0 = qbias.int.matmul %x, %w
      {lhs_zp = 0, rhs_zp = 0,
       reference = #qbias.reference<operands = [1.0], weights = dense<1.0> : tensor<1xf64>>,
       requant = #qbias.requant<mode = exact, form = accumulator>}
      : (tensor<3x4xi8>, tensor<2x2xi8>) -> tensor<3x2xi32>
  return
}

// -----

// int_matmul_c3
func.func @f(%x: tensor<3x2xi8>, %w: tensor<2x2xi8>, %b: tensor<1xi32>) {
  // expected-error @+1 {{C3: expects a bias of 2 elements, got 'tensor<1xi32>'}}
  %0 = qbias.int.matmul %x, %w bias %b
      {lhs_zp = 0, rhs_zp = 0,
       reference = #qbias.reference<operands = [1.0], weights = dense<1.0> : tensor<1xf64>>,
       requant = #qbias.requant<mode = exact, form = accumulator>}
      : (tensor<3x2xi8>, tensor<2x2xi8>, tensor<1xi32>) -> tensor<3x2xi32>
  return
}

// -----

// int_matmul_c4
func.func @f(%x: tensor<3x2xi8>, %w: tensor<2x2xi8>) {
  // expected-error @+1 {{C4: expects a result of shape [3, 2], got [2, 3]}}
  %0 = qbias.int.matmul %x, %w
      {lhs_zp = 0, rhs_zp = 0,
       reference = #qbias.reference<operands = [1.0], weights = dense<1.0> : tensor<1xf64>>,
       requant = #qbias.requant<mode = exact, form = accumulator>}
      : (tensor<3x2xi8>, tensor<2x2xi8>) -> tensor<2x3xi32>
  return
}

// -----

// int_matmul_c5
func.func @f(%x: tensor<3x2xi8>, %w: tensor<2x2xi8>) {
  // expected-error @+1 {{C5: expects a zero point in [-128, 127], got -129}}
  %0 = qbias.int.matmul %x, %w
      {lhs_zp = -129, rhs_zp = 0,
       reference = #qbias.reference<operands = [1.0], weights = dense<1.0> : tensor<1xf64>>,
       requant = #qbias.requant<mode = exact, form = accumulator>}
      : (tensor<3x2xi8>, tensor<2x2xi8>) -> tensor<3x2xi32>
  return
}

// -----

// int_matmul_c5_rhs
func.func @f(%x: tensor<3x2xi8>, %w: tensor<2x2xi8>) {
  // expected-error @+1 {{C5: expects a zero point in [-128, 127], got 128}}
  %0 = qbias.int.matmul %x, %w
      {lhs_zp = 0, rhs_zp = 128,
       reference = #qbias.reference<operands = [1.0], weights = dense<1.0> : tensor<1xf64>>,
       requant = #qbias.requant<mode = exact, form = accumulator>}
      : (tensor<3x2xi8>, tensor<2x2xi8>) -> tensor<3x2xi32>
  return
}

// -----

// int_matmul_c6
func.func @f(%x: tensor<3x2xi8>, %w: tensor<2x2xi8>) {
  // expected-error @+1 {{C6: expects 2 entries of shift, got 1}}
  %0 = qbias.int.matmul %x, %w
      {lhs_zp = 0, rhs_zp = 0,
       reference = #qbias.reference<operands = [1.0], weights = dense<1.0> : tensor<1xf64>, result = !quant.uniform<i8:f32, 0.5>>,
       requant = #qbias.requant<mode = exact, form = affine, multiplier = dense<1> : tensor<2xi64>, shift = dense<1> : tensor<1xi64>,
                                rounding = dense<0> : tensor<2xi64>, lo = -128, hi = 127>}
      : (tensor<3x2xi8>, tensor<2x2xi8>) -> tensor<3x2xi8>
  return
}

// -----

// int_matmul_c6_shift
func.func @f(%x: tensor<3x2xi8>, %w: tensor<2x2xi8>) {
  // expected-error @+1 {{C6: expects a shift in [1, 62], got 63}}
  %0 = qbias.int.matmul %x, %w
      {lhs_zp = 0, rhs_zp = 0,
       reference = #qbias.reference<operands = [1.0], weights = dense<1.0> : tensor<1xf64>, result = !quant.uniform<i8:f32, 0.5>>,
       requant = #qbias.requant<mode = exact, form = affine, multiplier = dense<1> : tensor<2xi64>, shift = dense<63> : tensor<2xi64>,
                                rounding = dense<0> : tensor<2xi64>, lo = -128, hi = 127>}
      : (tensor<3x2xi8>, tensor<2x2xi8>) -> tensor<3x2xi8>
  return
}

// -----

// int_matmul_c6_result
func.func @f(%x: tensor<3x2xi8>, %w: tensor<2x2xi8>) {
  // expected-error @+1 {{C6: expects an i32 or i64 accumulator, got 'i16'}}
  %0 = qbias.int.matmul %x, %w
      {lhs_zp = 0, rhs_zp = 0,
       reference = #qbias.reference<operands = [1.0], weights = dense<1.0> : tensor<1xf64>>,
       requant = #qbias.requant<mode = exact, form = accumulator>}
      : (tensor<3x2xi8>, tensor<2x2xi8>) -> tensor<3x2xi16>
  return
}

// -----

// int_matmul_c6_addend
func.func @f(%x: tensor<3x2xi8>, %w: tensor<2x2xi8>, %a: tensor<2x3xi8>) {
  // expected-error @+1 {{C6: expects an addend of the result's shape, got 'tensor<2x3xi8>'}}
  %0 = qbias.int.matmul %x, %w addend %a
      {lhs_zp = 0, rhs_zp = 0,
       reference = #qbias.reference<operands = [1.0, 1.0], weights = dense<1.0> : tensor<1xf64>, result = !quant.uniform<i8:f32, 0.5>>,
       requant = #qbias.requant<mode = exact, form = affine, multiplier = dense<1> : tensor<2xi64>, shift = dense<1> : tensor<2xi64>,
                                rounding = dense<0> : tensor<2xi64>, lo = -128, hi = 127,
                                addend_multiplier = dense<1> : tensor<2xi64>>}
      : (tensor<3x2xi8>, tensor<2x2xi8>, tensor<2x3xi8>) -> tensor<3x2xi8>
  return
}

// -----

// int_matmul_c6_thresholds
func.func @f(%x: tensor<3x2xi8>, %w: tensor<2x2xi8>) {
  // expected-error @+1 {{C6: expects thresholds exactly for the forms threshold and table, got form threshold}}
  %0 = qbias.int.matmul %x, %w
      {lhs_zp = 0, rhs_zp = 0,
       reference = #qbias.reference<operands = [1.0], weights = dense<1.0> : tensor<1xf64>, result = !quant.uniform<i8:f32, 0.5>>,
       requant = #qbias.requant<mode = exact, form = threshold, lo = 0, hi = 1>}
      : (tensor<3x2xi8>, tensor<2x2xi8>) -> tensor<3x2xi8>
  return
}

// -----

// int_matmul_c6_reference
func.func @f(%x: tensor<3x2xi8>, %w: tensor<2x2xi8>) {
  // expected-error @+1 {{C6: expects 2 operand scales in the reference, got 1}}
  %0 = qbias.int.matmul %x, %w
      {lhs_zp = 0, rhs_zp = 0,
       reference = #qbias.reference<operands = [1.0]>,
       requant = #qbias.requant<mode = exact, form = accumulator>}
      : (tensor<3x2xi8>, tensor<2x2xi8>) -> tensor<3x2xi32>
  return
}

// -----

// int_matmul_c7
func.func @f(%x: tensor<3x2xi8>, %w: tensor<2x2xi8>) {
  // expected-error @+1 {{C7: expects weights of rank 2, i8 or i16, with zero point 0, got 'tensor<2x2xi8>' with 1}}
  %0 = qbias.int.matmul %x, %w
      {lhs_zp = 0, rhs_zp = 1,
       reference = #qbias.reference<operands = [1.0], weights = dense<1.0> : tensor<1xf64>>,
       requant = #qbias.requant<mode = exact, form = accumulator>}
      : (tensor<3x2xi8>, tensor<2x2xi8>) -> tensor<3x2xi32>
  return
}

// -----

// int_matmul_c7_rank
func.func @f(%x: tensor<3x4x2xi8>, %w: tensor<3x2x2xi8>) {
  // expected-error @+1 {{C7: expects weights of rank 2, i8 or i16, with zero point 0, got 'tensor<3x2x2xi8>' with 0}}
  %0 = qbias.int.matmul %x, %w
      {lhs_zp = 0, rhs_zp = 0,
       reference = #qbias.reference<operands = [1.0], weights = dense<1.0> : tensor<1xf64>>,
       requant = #qbias.requant<mode = exact, form = accumulator>}
      : (tensor<3x4x2xi8>, tensor<3x2x2xi8>) -> tensor<3x4x2xi32>
  return
}

// -----

// int_matmul_c7_type
func.func @f(%x: tensor<3x2xi8>, %w: tensor<2x2xui8>) {
  // expected-error @+1 {{C7: expects weights of rank 2, i8 or i16, with zero point 0, got 'tensor<2x2xui8>' with 0}}
  %0 = qbias.int.matmul %x, %w
      {lhs_zp = 0, rhs_zp = 0,
       reference = #qbias.reference<operands = [1.0], weights = dense<1.0> : tensor<1xf64>>,
       requant = #qbias.requant<mode = exact, form = accumulator>}
      : (tensor<3x2xi8>, tensor<2x2xui8>) -> tensor<3x2xi32>
  return
}

// -----

// int_add_c1
func.func @f(%a: tensor<2x4xi8>, %b: tensor<4xi8>) {
  // expected-error @+1 {{C1: expects operands and result of equal rank, got 2, 1 and 2}}
  %0 = qbias.int.add %a, %b
      {lhs_zp = 0, rhs_zp = 0,
       reference = #qbias.reference<operands = [1.0, 1.0], result = !quant.uniform<i8:f32, 0.5>>,
       requant = #qbias.requant<mode = exact, form = affine, multiplier = dense<1> : tensor<1xi64>, shift = dense<1> : tensor<1xi64>,
                                rounding = dense<0> : tensor<1xi64>, lo = -128, hi = 127,
                                addend_multiplier = dense<1> : tensor<1xi64>>}
      : (tensor<2x4xi8>, tensor<4xi8>) -> tensor<2x4xi8>
  return
}

// -----

// int_add_c2
func.func @f(%a: tensor<2x4xi8>, %b: tensor<2x3xi8>) {
  // expected-error @+1 {{C2: expects dimensions that are equal or 1 and the larger of both in the result, got 4, 3 and 4}}
  %0 = qbias.int.add %a, %b
      {lhs_zp = 0, rhs_zp = 0,
       reference = #qbias.reference<operands = [1.0, 1.0], result = !quant.uniform<i8:f32, 0.5>>,
       requant = #qbias.requant<mode = exact, form = affine, multiplier = dense<1> : tensor<1xi64>, shift = dense<1> : tensor<1xi64>,
                                rounding = dense<0> : tensor<1xi64>, lo = -128, hi = 127,
                                addend_multiplier = dense<1> : tensor<1xi64>>}
      : (tensor<2x4xi8>, tensor<2x3xi8>) -> tensor<2x4xi8>
  return
}

// -----

// int_add_c3
func.func @f(%a: tensor<2x4xi8>, %b: tensor<2x4xi8>) {
  // expected-error @+1 {{C3: expects a zero point in [-128, 127], got 255}}
  %0 = qbias.int.add %a, %b
      {lhs_zp = 255, rhs_zp = 0,
       reference = #qbias.reference<operands = [1.0, 1.0], result = !quant.uniform<i8:f32, 0.5>>,
       requant = #qbias.requant<mode = exact, form = affine, multiplier = dense<1> : tensor<1xi64>, shift = dense<1> : tensor<1xi64>,
                                rounding = dense<0> : tensor<1xi64>, lo = -128, hi = 127,
                                addend_multiplier = dense<1> : tensor<1xi64>>}
      : (tensor<2x4xi8>, tensor<2x4xi8>) -> tensor<2x4xi8>
  return
}

// -----

// int_add_c3_rhs
func.func @f(%a: tensor<2x4xi8>, %b: tensor<2x4xui8>) {
  // expected-error @+1 {{C3: expects a zero point in [0, 255], got -1}}
  %0 = qbias.int.add %a, %b
      {lhs_zp = 0, rhs_zp = -1,
       reference = #qbias.reference<operands = [1.0, 1.0], result = !quant.uniform<i8:f32, 0.5>>,
       requant = #qbias.requant<mode = exact, form = affine, multiplier = dense<1> : tensor<1xi64>, shift = dense<1> : tensor<1xi64>,
                                rounding = dense<0> : tensor<1xi64>, lo = -128, hi = 127,
                                addend_multiplier = dense<1> : tensor<1xi64>>}
      : (tensor<2x4xi8>, tensor<2x4xui8>) -> tensor<2x4xi8>
  return
}

// -----

// int_add_c4
func.func @f(%a: tensor<2x4xi8>, %b: tensor<2x4xi8>) {
  // expected-error @+1 {{C4: expects two multipliers, or the form table, rescaled_sum or float, got form affine}}
  %0 = qbias.int.add %a, %b
      {lhs_zp = 0, rhs_zp = 0,
       reference = #qbias.reference<operands = [1.0, 1.0], result = !quant.uniform<i8:f32, 0.5>>,
       requant = #qbias.requant<mode = exact, form = affine, multiplier = dense<1> : tensor<1xi64>, shift = dense<1> : tensor<1xi64>,
                                rounding = dense<0> : tensor<1xi64>, lo = -128, hi = 127>}
      : (tensor<2x4xi8>, tensor<2x4xi8>) -> tensor<2x4xi8>
  return
}

// -----

// int_add_c4_form
func.func @f(%a: tensor<2x4xi8>, %b: tensor<2x4xi8>) {
  // expected-error @+1 {{C4: expects two multipliers, or the form table, rescaled_sum or float, got form accumulator}}
  %0 = qbias.int.add %a, %b
      {lhs_zp = 0, rhs_zp = 0,
       reference = #qbias.reference<operands = [1.0, 1.0]>,
       requant = #qbias.requant<mode = exact, form = accumulator>}
      : (tensor<2x4xi8>, tensor<2x4xi8>) -> tensor<2x4xi32>
  return
}

// -----

// int_add_c4_length
func.func @f(%a: tensor<2x4xi8>, %b: tensor<2x4xi8>) {
  // expected-error @+1 {{C4: expects 1 entries of rounding, got 2}}
  %0 = qbias.int.add %a, %b
      {lhs_zp = 0, rhs_zp = 0,
       reference = #qbias.reference<operands = [1.0, 1.0], result = !quant.uniform<i8:f32, 0.5>>,
       requant = #qbias.requant<mode = exact, form = affine, multiplier = dense<1> : tensor<1xi64>, shift = dense<1> : tensor<1xi64>,
                                rounding = dense<0> : tensor<2xi64>, lo = -128, hi = 127,
                                addend_multiplier = dense<1> : tensor<1xi64>>}
      : (tensor<2x4xi8>, tensor<2x4xi8>) -> tensor<2x4xi8>
  return
}

// -----

// int_add_c4_multiplier
func.func @f(%a: tensor<2x4xi8>, %b: tensor<2x4xi8>) {
  // expected-error @+1 {{C4: expects a multiplier below 2^40, got -1099511627776}}
  %0 = qbias.int.add %a, %b
      {lhs_zp = 0, rhs_zp = 0,
       reference = #qbias.reference<operands = [1.0, 1.0], result = !quant.uniform<i8:f32, 0.5>>,
       requant = #qbias.requant<mode = exact, form = affine, multiplier = dense<-1099511627776> : tensor<1xi64>, shift = dense<1> : tensor<1xi64>,
                                rounding = dense<0> : tensor<1xi64>, lo = -128, hi = 127,
                                addend_multiplier = dense<1> : tensor<1xi64>>}
      : (tensor<2x4xi8>, tensor<2x4xi8>) -> tensor<2x4xi8>
  return
}

// -----

// int_add_c4_range
func.func @f(%a: tensor<2x4xi8>, %b: tensor<2x4xi8>) {
  // expected-error @+1 {{C4: expects lo <= hi in [-128, 127], got 0 and 128}}
  %0 = qbias.int.add %a, %b
      {lhs_zp = 0, rhs_zp = 0,
       reference = #qbias.reference<operands = [1.0, 1.0], result = !quant.uniform<i8:f32, 0.5>>,
       requant = #qbias.requant<mode = exact, form = affine, multiplier = dense<1> : tensor<1xi64>, shift = dense<1> : tensor<1xi64>,
                                rounding = dense<0> : tensor<1xi64>, lo = 0, hi = 128,
                                addend_multiplier = dense<1> : tensor<1xi64>>}
      : (tensor<2x4xi8>, tensor<2x4xi8>) -> tensor<2x4xi8>
  return
}

// -----

// int_add_c4_table
func.func @f(%a: tensor<2x4xi8>, %b: tensor<2x4xi8>) {
  // expected-error @+1 {{C4: expects i32 thresholds of shape [2], got 'tensor<2xi64>'}}
  %0 = qbias.int.add %a, %b
      {lhs_zp = 0, rhs_zp = 0,
       reference = #qbias.reference<operands = [1.0, 1.0], result = !quant.uniform<i8:f32, 0.5>>,
       requant = #qbias.requant<mode = exact, form = table, lo = 0, hi = 1, thresholds = dense<0> : tensor<2xi64>>}
      : (tensor<2x4xi8>, tensor<2x4xi8>) -> tensor<2x4xi8>
  return
}

// -----

// int_add_c4_no_table
func.func @f(%a: tensor<2x4xi8>, %b: tensor<2x4xi8>) {
  // expected-error @+1 {{C4: expects thresholds exactly for the forms threshold and table, got form table}}
  %0 = qbias.int.add %a, %b
      {lhs_zp = 0, rhs_zp = 0,
       reference = #qbias.reference<operands = [1.0, 1.0], result = !quant.uniform<i8:f32, 0.5>>,
       requant = #qbias.requant<mode = exact, form = table, lo = 0, hi = 1>}
      : (tensor<2x4xi8>, tensor<2x4xi8>) -> tensor<2x4xi8>
  return
}

// -----

// int_add_c4_scales
func.func @f(%a: tensor<2x4xi8>, %b: tensor<2x4xi8>) {
  // expected-error @+1 {{C4: expects finite operand scales that are not 0, got 0.000000e+00}}
  %0 = qbias.int.add %a, %b
      {lhs_zp = 0, rhs_zp = 0,
       reference = #qbias.reference<operands = [-1.0, 0.0], result = !quant.uniform<i8:f32, 0.5>>,
       requant = #qbias.requant<mode = exact, form = affine, multiplier = dense<1> : tensor<1xi64>, shift = dense<1> : tensor<1xi64>,
                                rounding = dense<0> : tensor<1xi64>, lo = -128, hi = 127,
                                addend_multiplier = dense<1> : tensor<1xi64>>}
      : (tensor<2x4xi8>, tensor<2x4xi8>) -> tensor<2x4xi8>
  return
}

// -----

// int_add_c4_weights
func.func @f(%a: tensor<2x4xi8>, %b: tensor<2x4xi8>) {
  // expected-error @+1 {{C4: expects weight scales exactly for constant weights}}
  %0 = qbias.int.add %a, %b
      {lhs_zp = 0, rhs_zp = 0,
       reference = #qbias.reference<operands = [1.0, 1.0], weights = dense<1.0> : tensor<1xf64>, result = !quant.uniform<i8:f32, 0.5>>,
       requant = #qbias.requant<mode = exact, form = affine, multiplier = dense<1> : tensor<1xi64>, shift = dense<1> : tensor<1xi64>,
                                rounding = dense<0> : tensor<1xi64>, lo = -128, hi = 127,
                                addend_multiplier = dense<1> : tensor<1xi64>>}
      : (tensor<2x4xi8>, tensor<2x4xi8>) -> tensor<2x4xi8>
  return
}

// -----

// int_mul_c1
func.func @f(%a: tensor<2x4xi8>, %b: tensor<2x4xi8>) {
  // expected-error @+1 {{C1: expects operands and result of equal rank, got 2, 2 and 1}}
  %0 = qbias.int.mul %a, %b
      {lhs_zp = 0, rhs_zp = 0,
       reference = #qbias.reference<operands = [1.0, 1.0], result = !quant.uniform<i8:f32, 0.5>>,
       requant = #qbias.requant<mode = exact, form = affine, multiplier = dense<1> : tensor<1xi64>, shift = dense<1> : tensor<1xi64>,
                                rounding = dense<0> : tensor<1xi64>, lo = -128, hi = 127>}
      : (tensor<2x4xi8>, tensor<2x4xi8>) -> tensor<4xi8>
  return
}

// -----

// int_mul_c2
func.func @f(%a: tensor<2x4xi8>, %b: tensor<1x4xi8>) {
  // expected-error @+1 {{C2: expects dimensions that are equal or 1 and the larger of both in the result, got 2, 1 and 1}}
  %0 = qbias.int.mul %a, %b
      {lhs_zp = 0, rhs_zp = 0,
       reference = #qbias.reference<operands = [1.0, 1.0], result = !quant.uniform<i8:f32, 0.5>>,
       requant = #qbias.requant<mode = exact, form = affine, multiplier = dense<1> : tensor<1xi64>, shift = dense<1> : tensor<1xi64>,
                                rounding = dense<0> : tensor<1xi64>, lo = -128, hi = 127>}
      : (tensor<2x4xi8>, tensor<1x4xi8>) -> tensor<1x4xi8>
  return
}

// -----

// int_mul_c3
func.func @f(%a: tensor<2x4xi8>, %b: tensor<2x4xi8>) {
  // expected-error @+1 {{C3: expects a zero point in [-128, 127], got 9223372036854775807}}
  %0 = qbias.int.mul %a, %b
      {lhs_zp = 0, rhs_zp = 9223372036854775807,
       reference = #qbias.reference<operands = [1.0, 1.0], result = !quant.uniform<i8:f32, 0.5>>,
       requant = #qbias.requant<mode = exact, form = affine, multiplier = dense<1> : tensor<1xi64>, shift = dense<1> : tensor<1xi64>,
                                rounding = dense<0> : tensor<1xi64>, lo = -128, hi = 127>}
      : (tensor<2x4xi8>, tensor<2x4xi8>) -> tensor<2x4xi8>
  return
}

// -----

// int_mul_c4
func.func @f(%a: tensor<2x4xi8>, %b: tensor<2x4xi8>) {
  // expected-error @+1 {{C4: expects 1 entries of multiplier, got 2}}
  %0 = qbias.int.mul %a, %b
      {lhs_zp = 0, rhs_zp = 0,
       reference = #qbias.reference<operands = [1.0, 1.0], result = !quant.uniform<i8:f32, 0.5>>,
       requant = #qbias.requant<mode = exact, form = affine, multiplier = dense<1> : tensor<2xi64>, shift = dense<1> : tensor<1xi64>,
                                rounding = dense<0> : tensor<1xi64>, lo = -128, hi = 127>}
      : (tensor<2x4xi8>, tensor<2x4xi8>) -> tensor<2x4xi8>
  return
}

// -----

// int_mul_c4_multiplier
func.func @f(%a: tensor<2x4xi8>, %b: tensor<2x4xi8>) {
  // expected-error @+1 {{C4: expects a multiplier below 2^40 and positive, got -1}}
  %0 = qbias.int.mul %a, %b
      {lhs_zp = 0, rhs_zp = 0,
       reference = #qbias.reference<operands = [1.0, 1.0], result = !quant.uniform<i8:f32, 0.5>>,
       requant = #qbias.requant<mode = exact, form = affine, multiplier = dense<-1> : tensor<1xi64>, shift = dense<1> : tensor<1xi64>,
                                rounding = dense<0> : tensor<1xi64>, lo = -128, hi = 127>}
      : (tensor<2x4xi8>, tensor<2x4xi8>) -> tensor<2x4xi8>
  return
}

// -----

// int_mul_c4_addend
func.func @f(%a: tensor<2x4xi8>, %b: tensor<2x4xi8>) {
  // expected-error @+1 {{C4: expects addend multipliers and an affine or half_even form exactly when there is an addend}}
  %0 = qbias.int.mul %a, %b
      {lhs_zp = 0, rhs_zp = 0,
       reference = #qbias.reference<operands = [1.0, 1.0], result = !quant.uniform<i8:f32, 0.5>>,
       requant = #qbias.requant<mode = exact, form = affine, multiplier = dense<1> : tensor<1xi64>, shift = dense<1> : tensor<1xi64>,
                                rounding = dense<0> : tensor<1xi64>, lo = -128, hi = 127,
                                addend_multiplier = dense<1> : tensor<1xi64>>}
      : (tensor<2x4xi8>, tensor<2x4xi8>) -> tensor<2x4xi8>
  return
}

// -----

// int_mul_c4_table
func.func @f(%a: tensor<2x4xi8>, %b: tensor<2x4xi8>) {
  // expected-error @+1 {{C4: expects i64 thresholds of shape [3], got 'tensor<2xi64>'}}
  %0 = qbias.int.mul %a, %b
      {lhs_zp = 0, rhs_zp = 0,
       reference = #qbias.reference<operands = [1.0, 1.0], result = !quant.uniform<i8:f32, 0.5>>,
       requant = #qbias.requant<mode = exact, form = table, lo = 0, hi = 1, thresholds = dense<0> : tensor<2xi64>>,
       bounds = #qbias.bounds<min = dense<-1> : tensor<1xi64>, max = dense<1> : tensor<1xi64>>}
      : (tensor<2x4xi8>, tensor<2x4xi8>) -> tensor<2x4xi8>
  return
}

// -----

// int_mul_c4_huge_table
func.func @f(%a: tensor<2x4xi8>, %b: tensor<2x4xi8>) {
  // expected-error @+1 {{C4: expects a table only for one channel with bounds of at most 65536 values}}
  %0 = qbias.int.mul %a, %b
      {lhs_zp = 0, rhs_zp = 0,
       reference = #qbias.reference<operands = [1.0, 1.0], result = !quant.uniform<i8:f32, 0.5>>,
       requant = #qbias.requant<mode = exact, form = table, lo = 0, hi = 1, thresholds = dense<0> : tensor<2xi64>>,
       bounds = #qbias.bounds<min = dense<-9223372036854775808> : tensor<1xi64>,
                              max = dense<9223372036854775807> : tensor<1xi64>>}
      : (tensor<2x4xi8>, tensor<2x4xi8>) -> tensor<2x4xi8>
  return
}

// -----

// int_mul_c4_scales
func.func @f(%a: tensor<2x4xi8>, %b: tensor<2x4xi8>) {
  // expected-error @+1 {{C4: expects 2 operand scales in the reference, got 1}}
  %0 = qbias.int.mul %a, %b
      {lhs_zp = 0, rhs_zp = 0,
       reference = #qbias.reference<operands = [1.0], result = !quant.uniform<i8:f32, 0.5>>,
       requant = #qbias.requant<mode = exact, form = affine, multiplier = dense<1> : tensor<1xi64>, shift = dense<1> : tensor<1xi64>,
                                rounding = dense<0> : tensor<1xi64>, lo = -128, hi = 127>}
      : (tensor<2x4xi8>, tensor<2x4xi8>) -> tensor<2x4xi8>
  return
}

// -----

// int_mul_type
func.func @f(%a: tensor<2x4xi8>, %b: tensor<2x4xi32>) {
  // expected-error @+1 {{operand #1 must be statically shaped tensor of i8, ui8, i16 or ui16}}
  %0 = qbias.int.mul %a, %b
      {lhs_zp = 0, rhs_zp = 0,
       reference = #qbias.reference<operands = [1.0, 1.0], result = !quant.uniform<i8:f32, 0.5>>,
       requant = #qbias.requant<mode = exact, form = affine, multiplier = dense<1> : tensor<1xi64>, shift = dense<1> : tensor<1xi64>,
                                rounding = dense<0> : tensor<1xi64>, lo = -128, hi = 127>}
      : (tensor<2x4xi8>, tensor<2x4xi32>) -> tensor<2x4xi8>
  return
}
