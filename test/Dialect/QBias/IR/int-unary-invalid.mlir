// Integer operations with one operand: failing cases for every constraint,
// under its label of docs/Spec.md.
// RUN: qbias-opt %s --split-input-file --verify-diagnostics

// int_avg_pool_c1
func.func @f(%x: tensor<4x4x1xi8>) {
  // expected-error @+1 {{C1: expects tensors of rank 4, got 3 and 4}}
  %0 = qbias.int.avg_pool %x
      {input_zp = 0, kernel = array<i64: 2, 2>, divisors = array<i64: 4>,
       reference = #qbias.reference<operands = [1.0], result = !quant.uniform<i8:f32, 0.5>>,
       requant = #qbias.requant<mode = exact, form = affine, multiplier = dense<1> : tensor<1xi64>, shift = dense<1> : tensor<1xi64>,
                                rounding = dense<0> : tensor<1xi64>, lo = -128, hi = 127>}
      : tensor<4x4x1xi8> -> tensor<1x3x3x1xi8>
  return
}

// -----

// int_avg_pool_c1_kernel
func.func @f(%x: tensor<1x4x4x1xi8>) {
  // expected-error @+1 {{C1: expects positive kernel extents}}
  %0 = qbias.int.avg_pool %x
      {input_zp = 0, kernel = array<i64: -2, 2>, divisors = array<i64: 4>,
       reference = #qbias.reference<operands = [1.0], result = !quant.uniform<i8:f32, 0.5>>,
       requant = #qbias.requant<mode = exact, form = affine, multiplier = dense<1> : tensor<1xi64>, shift = dense<1> : tensor<1xi64>,
                                rounding = dense<0> : tensor<1xi64>, lo = -128, hi = 127>}
      : tensor<1x4x4x1xi8> -> tensor<1x3x3x1xi8>
  return
}

// -----

// int_avg_pool_c2
func.func @f(%x: tensor<1x4x4x1xi8>) {
  // expected-error @+1 {{C2: expects every window to hold a position of the input, got an empty one along dimension 1}}
  %0 = qbias.int.avg_pool %x
      {input_zp = 0, kernel = array<i64: 2, 2>, pads = array<i64: 2, 0, 0, 0>, divisors = array<i64: 4>,
       reference = #qbias.reference<operands = [1.0], result = !quant.uniform<i8:f32, 0.5>>,
       requant = #qbias.requant<mode = exact, form = affine, multiplier = dense<1> : tensor<1xi64>, shift = dense<1> : tensor<1xi64>,
                                rounding = dense<0> : tensor<1xi64>, lo = -128, hi = 127>}
      : tensor<1x4x4x1xi8> -> tensor<1x5x3x1xi8>
  return
}

// -----

// int_avg_pool_c3
func.func @f(%x: tensor<1x4x4x1xi8>) {
  // expected-error @+1 {{C3: expects a result of shape [1, 3, 3, 1], got [1, 4, 4, 1]}}
  %0 = qbias.int.avg_pool %x
      {input_zp = 0, kernel = array<i64: 2, 2>, divisors = array<i64: 4>,
       reference = #qbias.reference<operands = [1.0], result = !quant.uniform<i8:f32, 0.5>>,
       requant = #qbias.requant<mode = exact, form = affine, multiplier = dense<1> : tensor<1xi64>, shift = dense<1> : tensor<1xi64>,
                                rounding = dense<0> : tensor<1xi64>, lo = -128, hi = 127>}
      : tensor<1x4x4x1xi8> -> tensor<1x4x4x1xi8>
  return
}

// -----

// int_avg_pool_c4
func.func @f(%x: tensor<1x4x4x1xi8>) {
  // expected-error @+1 {{C4: expects a zero point in [-128, 127], got -200}}
  %0 = qbias.int.avg_pool %x
      {input_zp = -200, kernel = array<i64: 2, 2>, divisors = array<i64: 4>,
       reference = #qbias.reference<operands = [1.0], result = !quant.uniform<i8:f32, 0.5>>,
       requant = #qbias.requant<mode = exact, form = affine, multiplier = dense<1> : tensor<1xi64>, shift = dense<1> : tensor<1xi64>,
                                rounding = dense<0> : tensor<1xi64>, lo = -128, hi = 127>}
      : tensor<1x4x4x1xi8> -> tensor<1x3x3x1xi8>
  return
}

// -----

// int_avg_pool_c5
func.func @f(%x: tensor<1x4x4x1xi8>) {
  // expected-error @+1 {{C5: expects divisors [4], got []}}
  %0 = qbias.int.avg_pool %x
      {input_zp = 0, kernel = array<i64: 2, 2>, divisors = array<i64>,
       reference = #qbias.reference<operands = [1.0], result = !quant.uniform<i8:f32, 0.5>>,
       requant = #qbias.requant<mode = exact, form = affine, multiplier = dense<1> : tensor<1xi64>, shift = dense<1> : tensor<1xi64>,
                                rounding = dense<0> : tensor<1xi64>, lo = -128, hi = 127>}
      : tensor<1x4x4x1xi8> -> tensor<1x3x3x1xi8>
  return
}

// -----

// int_avg_pool_c5_order
func.func @f(%x: tensor<1x4x4x1xi8>) {
  // expected-error @+1 {{C5: expects divisors [2, 4], got [4, 2]}}
  %0 = qbias.int.avg_pool %x
      {input_zp = 0, kernel = array<i64: 2, 2>, pads = array<i64: 1, 0, 0, 0>, divisors = array<i64: 4, 2>,
       reference = #qbias.reference<operands = [1.0], result = !quant.uniform<i8:f32, 0.5>>,
       requant = #qbias.requant<mode = exact, form = affine, multiplier = dense<1> : tensor<1xi64>, shift = dense<1> : tensor<1xi64>,
                                rounding = dense<0> : tensor<1xi64>, lo = -128, hi = 127>}
      : tensor<1x4x4x1xi8> -> tensor<1x4x3x1xi8>
  return
}

// -----

// int_avg_pool_c6
func.func @f(%x: tensor<1x4x4x1xi8>) {
  // expected-error @+1 {{C6: expects 2 entries of multiplier, got 1}}
  %0 = qbias.int.avg_pool %x
      {input_zp = 0, kernel = array<i64: 2, 2>, pads = array<i64: 1, 0, 0, 0>, divisors = array<i64: 2, 4>,
       reference = #qbias.reference<operands = [1.0], result = !quant.uniform<i8:f32, 0.5>>,
       requant = #qbias.requant<mode = exact, form = affine, multiplier = dense<1> : tensor<1xi64>, shift = dense<1> : tensor<1xi64>,
                                rounding = dense<0> : tensor<1xi64>, lo = -128, hi = 127>}
      : tensor<1x4x4x1xi8> -> tensor<1x4x3x1xi8>
  return
}

// -----

// int_avg_pool_c6_shift
func.func @f(%x: tensor<1x4x4x1xi8>) {
  // expected-error @+1 {{C6: expects a shift in [1, 62], got -1}}
  %0 = qbias.int.avg_pool %x
      {input_zp = 0, kernel = array<i64: 2, 2>, divisors = array<i64: 4>,
       reference = #qbias.reference<operands = [1.0], result = !quant.uniform<i8:f32, 0.5>>,
       requant = #qbias.requant<mode = exact, form = affine, multiplier = dense<1> : tensor<1xi64>, shift = dense<-1> : tensor<1xi64>,
                                rounding = dense<0> : tensor<1xi64>, lo = -128, hi = 127>}
      : tensor<1x4x4x1xi8> -> tensor<1x3x3x1xi8>
  return
}

// -----

// int_avg_pool_c6_scales
func.func @f(%x: tensor<1x4x4x1xi8>) {
  // expected-error @+1 {{C6: expects 1 operand scales in the reference, got 2}}
  %0 = qbias.int.avg_pool %x
      {input_zp = 0, kernel = array<i64: 2, 2>, divisors = array<i64: 4>,
       reference = #qbias.reference<operands = [1.0, 1.0], result = !quant.uniform<i8:f32, 0.5>>,
       requant = #qbias.requant<mode = exact, form = affine, multiplier = dense<1> : tensor<1xi64>, shift = dense<1> : tensor<1xi64>,
                                rounding = dense<0> : tensor<1xi64>, lo = -128, hi = 127>}
      : tensor<1x4x4x1xi8> -> tensor<1x3x3x1xi8>
  return
}

// -----

// int_avg_pool_type
func.func @f(%x: tensor<1x4x4x1xi32>) {
  // expected-error @+1 {{operand #0 must be statically shaped tensor of i8, ui8, i16 or ui16}}
  %0 = qbias.int.avg_pool %x
      {input_zp = 0, kernel = array<i64: 2, 2>, divisors = array<i64: 4>,
       reference = #qbias.reference<operands = [1.0], result = !quant.uniform<i8:f32, 0.5>>,
       requant = #qbias.requant<mode = exact, form = affine, multiplier = dense<1> : tensor<1xi64>, shift = dense<1> : tensor<1xi64>,
                                rounding = dense<0> : tensor<1xi64>, lo = -128, hi = 127>}
      : tensor<1x4x4x1xi32> -> tensor<1x3x3x1xi8>
  return
}

// -----

// int_requantize_c1
func.func @f(%x: tensor<4xi16>) {
  // expected-error @+1 {{requires the same shape for all operands and results}}
  %0 = qbias.int.requantize %x
      {input_zp = 0,
       reference = #qbias.reference<operands = [1.0], result = !quant.uniform<i8:f32, 0.5>>,
       requant = #qbias.requant<mode = exact, form = affine, multiplier = dense<1> : tensor<1xi64>, shift = dense<1> : tensor<1xi64>,
                                rounding = dense<0> : tensor<1xi64>, lo = -128, hi = 127>}
      : tensor<4xi16> -> tensor<5xi8>
  return
}

// -----

// int_requantize_c2
func.func @f(%x: tensor<4xi16>) {
  // expected-error @+1 {{C2: expects a zero point in [-32768, 32767], got 32768}}
  %0 = qbias.int.requantize %x
      {input_zp = 32768,
       reference = #qbias.reference<operands = [1.0], result = !quant.uniform<i8:f32, 0.5>>,
       requant = #qbias.requant<mode = exact, form = affine, multiplier = dense<1> : tensor<1xi64>, shift = dense<1> : tensor<1xi64>,
                                rounding = dense<0> : tensor<1xi64>, lo = -128, hi = 127>}
      : tensor<4xi16> -> tensor<4xi8>
  return
}

// -----

// int_requantize_c3
func.func @f(%x: tensor<4xi16>) {
  // expected-error @+1 {{C3: expects 1 entries of multiplier, got 4}}
  %0 = qbias.int.requantize %x
      {input_zp = 0,
       reference = #qbias.reference<operands = [1.0], result = !quant.uniform<i8:f32, 0.5>>,
       requant = #qbias.requant<mode = exact, form = affine, multiplier = dense<1> : tensor<4xi64>, shift = dense<1> : tensor<1xi64>,
                                rounding = dense<0> : tensor<1xi64>, lo = -128, hi = 127>}
      : tensor<4xi16> -> tensor<4xi8>
  return
}

// -----

// int_requantize_c3_multiplier
func.func @f(%x: tensor<4xi16>) {
  // expected-error @+1 {{C3: expects a multiplier below 2^40 and positive, got 0}}
  %0 = qbias.int.requantize %x
      {input_zp = 0,
       reference = #qbias.reference<operands = [1.0], result = !quant.uniform<i8:f32, 0.5>>,
       requant = #qbias.requant<mode = exact, form = affine, multiplier = dense<0> : tensor<1xi64>, shift = dense<1> : tensor<1xi64>,
                                rounding = dense<0> : tensor<1xi64>, lo = -128, hi = 127>}
      : tensor<4xi16> -> tensor<4xi8>
  return
}

// -----

// int_requantize_c3_result
func.func @f(%x: tensor<4xi16>) {
  // expected-error @+1 {{C3: expects a result of the reference's type}}
  %0 = qbias.int.requantize %x
      {input_zp = 0,
       reference = #qbias.reference<operands = [1.0], result = !quant.uniform<i8:f32, 0.5>>,
       requant = #qbias.requant<mode = exact, form = affine, multiplier = dense<1> : tensor<1xi64>, shift = dense<1> : tensor<1xi64>,
                                rounding = dense<0> : tensor<1xi64>, lo = -128, hi = 127>}
      : tensor<4xi16> -> tensor<4xi16>
  return
}

// -----

// int_requantize_c3_addend
func.func @f(%x: tensor<4xi16>) {
  // expected-error @+1 {{C3: expects addend multipliers and an affine or half_even form exactly when there is an addend}}
  %0 = qbias.int.requantize %x
      {input_zp = 0,
       reference = #qbias.reference<operands = [1.0], result = !quant.uniform<i8:f32, 0.5>>,
       requant = #qbias.requant<mode = exact, form = affine, multiplier = dense<1> : tensor<1xi64>, shift = dense<1> : tensor<1xi64>,
                                rounding = dense<0> : tensor<1xi64>, lo = -128, hi = 127,
                                addend_multiplier = dense<1> : tensor<1xi64>>}
      : tensor<4xi16> -> tensor<4xi8>
  return
}

// -----

// int_requantize_c3_scale
func.func @f(%x: tensor<4xi16>) {
  // expected-error @+1 {{C3: expects finite operand scales that are not 0 and positive, got nan}}
  %0 = qbias.int.requantize %x
      {input_zp = 0,
       reference = #qbias.reference<operands = [0x7FF8000000000000], result = !quant.uniform<i8:f32, 0.5>>,
       requant = #qbias.requant<mode = exact, form = affine, multiplier = dense<1> : tensor<1xi64>, shift = dense<1> : tensor<1xi64>,
                                rounding = dense<0> : tensor<1xi64>, lo = -128, hi = 127>}
      : tensor<4xi16> -> tensor<4xi8>
  return
}

// -----

// int_requantize_type
func.func @f(%x: tensor<4xi64>) {
  // expected-error @+1 {{operand #0 must be statically shaped tensor of i8, ui8, i16, ui16 or i32}}
  %0 = qbias.int.requantize %x
      {input_zp = 0,
       reference = #qbias.reference<operands = [1.0], result = !quant.uniform<i8:f32, 0.5>>,
       requant = #qbias.requant<mode = exact, form = affine, multiplier = dense<1> : tensor<1xi64>, shift = dense<1> : tensor<1xi64>,
                                rounding = dense<0> : tensor<1xi64>, lo = -128, hi = 127>}
      : tensor<4xi64> -> tensor<4xi8>
  return
}

// -----

// int_lookup_c1
func.func @f(%x: tensor<4xi8>) {
  // expected-error @+1 {{requires the same shape for all operands and results}}
  %0 = qbias.int.lookup %x
      {input_zp = 0, table = dense<5> : tensor<256xi8>,
       reference = #qbias.reference<operands = [1.0], result = !quant.uniform<i8:f32, 0.5>>,
       requant = #qbias.requant<mode = exact, form = table, lo = 0, hi = 5>}
      : tensor<4xi8> -> tensor<2x2xi8>
  return
}

// -----

// int_lookup_c2
func.func @f(%x: tensor<4xi8>) {
  // expected-error @+1 {{C2: expects a table with one integer per value of 'i8', got 'tensor<255xi8>'}}
  %0 = qbias.int.lookup %x
      {input_zp = 0, table = dense<5> : tensor<255xi8>,
       reference = #qbias.reference<operands = [1.0], result = !quant.uniform<i8:f32, 0.5>>,
       requant = #qbias.requant<mode = exact, form = table, lo = 0, hi = 5>}
      : tensor<4xi8> -> tensor<4xi8>
  return
}

// -----

// int_lookup_c2_16_bit
func.func @f(%x: tensor<4xi16>) {
  // expected-error @+1 {{C2: expects a table with one integer per value of 'i16', got 'tensor<256xi8>'}}
  %0 = qbias.int.lookup %x
      {input_zp = 0, table = dense<5> : tensor<256xi8>,
       reference = #qbias.reference<operands = [1.0], result = !quant.uniform<i8:f32, 0.5>>,
       requant = #qbias.requant<mode = exact, form = table, lo = 0, hi = 5>}
      : tensor<4xi16> -> tensor<4xi8>
  return
}

// -----

// int_lookup_c2_float
func.func @f(%x: tensor<4xi8>) {
  // expected-error @+1 {{C2: expects a table with one integer per value of 'i8', got 'tensor<256xf32>'}}
  %0 = qbias.int.lookup %x
      {input_zp = 0, table = dense<5.0> : tensor<256xf32>,
       reference = #qbias.reference<operands = [1.0], result = !quant.uniform<i8:f32, 0.5>>,
       requant = #qbias.requant<mode = exact, form = table, lo = 0, hi = 5>}
      : tensor<4xi8> -> tensor<4xi8>
  return
}

// -----

// int_lookup_c2_rank
func.func @f(%x: tensor<4xi8>) {
  // expected-error @+1 {{C2: expects a table with one integer per value of 'i8', got 'tensor<16x16xi8>'}}
  %0 = qbias.int.lookup %x
      {input_zp = 0, table = dense<5> : tensor<16x16xi8>,
       reference = #qbias.reference<operands = [1.0], result = !quant.uniform<i8:f32, 0.5>>,
       requant = #qbias.requant<mode = exact, form = table, lo = 0, hi = 5>}
      : tensor<4xi8> -> tensor<4xi8>
  return
}

// -----

// int_lookup_c2_resource
func.func @f(%x: tensor<4xi8>) {
  // expected-error @+1 {{C2: expects a table with one integer per value of 'i8', got 'tensor<256xi8>'}}
  %0 = qbias.int.lookup %x
      {input_zp = 0, table = dense_resource<nowhere> : tensor<256xi8>,
       reference = #qbias.reference<operands = [1.0], result = !quant.uniform<i8:f32, 0.5>>,
       requant = #qbias.requant<mode = exact, form = table, lo = 0, hi = 5>}
      : tensor<4xi8> -> tensor<4xi8>
  return
}

// -----

// int_lookup_c3
func.func @f(%x: tensor<4xi8>) {
  // expected-error @+1 {{C3: expects entries in [0, 5], got 6}}
  %0 = qbias.int.lookup %x
      {input_zp = 0, table = dense<6> : tensor<256xi8>,
       reference = #qbias.reference<operands = [1.0], result = !quant.uniform<i8:f32, 0.5>>,
       requant = #qbias.requant<mode = exact, form = table, lo = 0, hi = 5>}
      : tensor<4xi8> -> tensor<4xi8>
  return
}

// -----

// int_lookup_c3_form
func.func @f(%x: tensor<4xi8>) {
  // expected-error @+1 {{C3: expects the form table, got affine}}
  %0 = qbias.int.lookup %x
      {input_zp = 0, table = dense<0> : tensor<256xi8>,
       reference = #qbias.reference<operands = [1.0], result = !quant.uniform<i8:f32, 0.5>>,
       requant = #qbias.requant<mode = exact, form = affine, multiplier = dense<1> : tensor<1xi64>, shift = dense<1> : tensor<1xi64>,
                                rounding = dense<0> : tensor<1xi64>, lo = 0, hi = 5>}
      : tensor<4xi8> -> tensor<4xi8>
  return
}

// -----

// int_lookup_c4
func.func @f(%x: tensor<4xi8>) {
  // expected-error @+1 {{C4: expects a zero point in [-128, 127], got 128}}
  %0 = qbias.int.lookup %x
      {input_zp = 128, table = dense<5> : tensor<256xi8>,
       reference = #qbias.reference<operands = [1.0], result = !quant.uniform<i8:f32, 0.5>>,
       requant = #qbias.requant<mode = exact, form = table, lo = 0, hi = 5>}
      : tensor<4xi8> -> tensor<4xi8>
  return
}

// -----

// int_lookup_c5
func.func @f(%x: tensor<4xi8>) {
  // expected-error @+1 {{C5: expects lo <= hi in [-128, 127], got 0 and 500}}
  %0 = qbias.int.lookup %x
      {input_zp = 0, table = dense<5> : tensor<256xi8>,
       reference = #qbias.reference<operands = [1.0], result = !quant.uniform<i8:f32, 0.5>>,
       requant = #qbias.requant<mode = exact, form = table, lo = 0, hi = 500>}
      : tensor<4xi8> -> tensor<4xi8>
  return
}

// -----

// int_lookup_c5_thresholds
func.func @f(%x: tensor<4xi8>) {
  // expected-error @+1 {{C5: expects thresholds exactly for the forms threshold and table, got form table}}
  %0 = qbias.int.lookup %x
      {input_zp = 0, table = dense<5> : tensor<256xi8>,
       reference = #qbias.reference<operands = [1.0], result = !quant.uniform<i8:f32, 0.5>>,
       requant = #qbias.requant<mode = exact, form = table, lo = 0, hi = 5, thresholds = dense<0> : tensor<2xi64>>}
      : tensor<4xi8> -> tensor<4xi8>
  return
}

// -----

// int_lookup_c5_result
func.func @f(%x: tensor<4xi8>) {
  // expected-error @+1 {{C5: expects an output type in the reference exactly when the form is not accumulator}}
  %0 = qbias.int.lookup %x
      {input_zp = 0, table = dense<5> : tensor<256xi8>,
       reference = #qbias.reference<operands = [1.0]>,
       requant = #qbias.requant<mode = exact, form = table, lo = 0, hi = 5>}
      : tensor<4xi8> -> tensor<4xi8>
  return
}

// -----

// int_lookup_c5_certificate
func.func @f(%x: tensor<4xi8>) {
  // expected-error @+1 {{C5: expects a certificate of 1 channels, got 1 of 2}}
  %0 = qbias.int.lookup %x
      {input_zp = 0, table = dense<5> : tensor<256xi8>,
       reference = #qbias.reference<operands = [1.0], result = !quant.uniform<i8:f32, 0.5>>,
       requant = #qbias.requant<mode = exact, form = table, lo = 0, hi = 5>,
       certificate = #qbias.certificate<channels = 2, certified = 1>}
      : tensor<4xi8> -> tensor<4xi8>
  return
}

// -----

// int_lookup_c5_scales
func.func @f(%x: tensor<4xi8>) {
  // expected-error @+1 {{C5: expects 1 operand scales in the reference, got 2}}
  %0 = qbias.int.lookup %x
      {input_zp = 0, table = dense<5> : tensor<256xi8>,
       reference = #qbias.reference<operands = [1.0, 1.0], result = !quant.uniform<i8:f32, 0.5>>,
       requant = #qbias.requant<mode = exact, form = table, lo = 0, hi = 5>}
      : tensor<4xi8> -> tensor<4xi8>
  return
}

// -----

// int_lookup_type
func.func @f(%x: tensor<4xi32>) {
  // expected-error @+1 {{operand #0 must be statically shaped tensor of i8, ui8, i16 or ui16}}
  %0 = qbias.int.lookup %x
      {input_zp = 0, table = dense<5> : tensor<256xi8>,
       reference = #qbias.reference<operands = [1.0], result = !quant.uniform<i8:f32, 0.5>>,
       requant = #qbias.requant<mode = exact, form = table, lo = 0, hi = 5>}
      : tensor<4xi32> -> tensor<4xi8>
  return
}

// -----

// int_max_pool_c1
func.func @f(%x: tensor<1x4x4x1xi8>) {
  // expected-error @+1 {{C1: expects tensors of rank 4, got 4 and 2}}
  %0 = qbias.int.max_pool %x {kernel = array<i64: 2, 2>} : tensor<1x4x4x1xi8> -> tensor<3x3xi8>
  return
}

// -----

// int_max_pool_c1_stride
func.func @f(%x: tensor<1x4x4x1xi8>) {
  // expected-error @+1 {{C1: expects positive kernel extents}}
  %0 = qbias.int.max_pool %x {kernel = array<i64: 2, 2>, strides = array<i64: 0, 0>} : tensor<1x4x4x1xi8> -> tensor<1x3x3x1xi8>
  return
}

// -----

// int_max_pool_c2
func.func @f(%x: tensor<1x4x4x1xi8>) {
  // expected-error @+1 {{C2: expects every window to hold a position of the input, got an empty one along dimension 1}}
  %0 = qbias.int.max_pool %x {kernel = array<i64: 2, 2>, pads = array<i64: 0, 0, 2, 0>} : tensor<1x4x4x1xi8> -> tensor<1x5x3x1xi8>
  return
}

// -----

// int_max_pool_c3
func.func @f(%x: tensor<1x4x4x1xi8>) {
  // expected-error @+1 {{C3: expects a result of shape [1, 3, 3, 1], got [1, 2, 2, 1]}}
  %0 = qbias.int.max_pool %x {kernel = array<i64: 2, 2>} : tensor<1x4x4x1xi8> -> tensor<1x2x2x1xi8>
  return
}

// -----

// int_max_pool_c4
func.func @f(%x: tensor<1x4x4x1xi8>) {
  // expected-error @+1 {{C4: expects one element type, got 'i8' and 'ui8'}}
  %0 = qbias.int.max_pool %x {kernel = array<i64: 2, 2>} : tensor<1x4x4x1xi8> -> tensor<1x3x3x1xui8>
  return
}

// -----

// int_pad_c1
func.func @f(%x: tensor<4xi8>) {
  // expected-error @+1 {{C1: expects 1 low, high and interior pads from 0 to 16777216, got [1, 1], [0] and [0]}}
  %0 = qbias.int.pad %x low [1, 1] high [0] value 0 : tensor<4xi8> -> tensor<5xi8>
  return
}

// -----

// int_pad_c2
func.func @f(%x: tensor<4xi8>) {
  // expected-error @+1 {{C2: expects a result of type 'tensor<5xi8>', got 'tensor<5xui8>'}}
  %0 = qbias.int.pad %x low [1] high [0] value 0 : tensor<4xi8> -> tensor<5xui8>
  return
}

// -----

// int_pad_c3
func.func @f(%x: tensor<4xui8>) {
  // expected-error @+1 {{C3: expects a value in [0, 255], got -1}}
  %0 = qbias.int.pad %x low [1] high [0] value -1 : tensor<4xui8> -> tensor<5xui8>
  return
}
