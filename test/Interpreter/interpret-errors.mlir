// RUN: qbias-opt %s --qbias-interpret -o /dev/null --split-input-file --verify-diagnostics

func.func @unknown_operation(%x: tensor<1xf32>) -> tensor<1xf32> {
  // expected-error @below {{interpreter: no meaning is known for 'arith.negf'}}
  %y = arith.negf %x : tensor<1xf32>
  return %y : tensor<1xf32>
}

// -----

// expected-error @below {{interpreter: expects a function of one block with 0 arguments}}
func.func private @external() -> tensor<1xf32>

// -----

func.func @not_a_number() -> tensor<1xf32> {
  // expected-error @below {{interpreter: expects a tensor of integers or finite floats}}
  %x = arith.constant dense<0x7FC00000> : tensor<1xf32>
  return %x : tensor<1xf32>
}

// -----

// -128 is no value of a narrow range.
func.func @integer_outside_its_type() -> tensor<1x!quant.uniform<i8<-127:127>:f32, 1.0>> {
  %c = arith.constant dense<-128> : tensor<1xi8>
  // expected-error @below {{interpreter: expects integers in [-127, 127], got -128 at element 0}}
  %q = quant.scast %c : tensor<1xi8> to tensor<1x!quant.uniform<i8<-127:127>:f32, 1.0>>
  return %q : tensor<1x!quant.uniform<i8<-127:127>:f32, 1.0>>
}

// -----

#reference = #qbias.reference<operands = [1.0], result = !quant.uniform<i8:f32, 1.0>>
#requant = #qbias.requant<mode = exact, form = affine, multiplier = dense<1> : tensor<1xi64>,
    shift = dense<1> : tensor<1xi64>, rounding = dense<0> : tensor<1xi64>, lo = -128, hi = 127>
#bounds = #qbias.bounds<min = dense<-5> : tensor<1xi64>, max = dense<5> : tensor<1xi64>>

func.func @accumulator_outside_its_bounds() -> tensor<1xi8> {
  %x = arith.constant dense<6> : tensor<1xi8>
  // expected-error @below {{interpreter: expects an accumulator in [-5, 5] in channel 0, got about 6}}
  %y = qbias.int.requantize %x {input_zp = 0 : i64, reference = #reference, requant = #requant, bounds = #bounds}
      : tensor<1xi8> -> tensor<1xi8>
  return %y : tensor<1xi8>
}

// -----

#reference = #qbias.reference<operands = [1.0], result = !quant.uniform<i8:f32, 1.0>>
#requant = #qbias.requant<mode = exact, form = affine, multiplier = dense<2> : tensor<1xi64>,
    shift = dense<1> : tensor<1xi64>, rounding = dense<9223372036854775807> : tensor<1xi64>, lo = -128, hi = 127>

func.func @scaled_accumulator_beyond_64_bits() -> tensor<1xi8> {
  %x = arith.constant dense<1> : tensor<1xi8>
  // expected-error @below {{interpreter: expects a scaled accumulator of 64 bits in channel 0, got about 9.22}}
  %y = qbias.int.requantize %x {input_zp = 0 : i64, reference = #reference, requant = #requant}
      : tensor<1xi8> -> tensor<1xi8>
  return %y : tensor<1xi8>
}

// -----

#reference = #qbias.reference<operands = [1.0], weights = dense<1.0> : tensor<1xf64>>
#requant = #qbias.requant<mode = exact, form = accumulator>

func.func @accumulator_beyond_its_result() -> tensor<1x1xi32> {
  %x = arith.constant dense<[[32767, 32767, 32767]]> : tensor<1x3xi16>
  %w = arith.constant dense<[[32767, 32767, 32767]]> : tensor<1x3xi16>
  // expected-error @below {{interpreter: expects integers in [-2147483648, 2147483647], got 3221028867 at element 0}}
  %y = qbias.int.matmul %x, %w {lhs_zp = 0 : i64, rhs_zp = 0 : i64, reference = #reference, requant = #requant}
      : (tensor<1x3xi16>, tensor<1x3xi16>) -> tensor<1x1xi32>
  return %y : tensor<1x1xi32>
}

// -----

#reference = #qbias.reference<operands = [1.0, 1.0], result = !quant.uniform<i8:f32, 1.0>>
#requant = #qbias.requant<mode = exact, form = table, thresholds = dense<0> : tensor<4xi32>, lo = -128, hi = 127>

func.func @table_without_every_pair() -> tensor<1xi8> {
  %x = arith.constant dense<0> : tensor<1xi8>
  // expected-error @below {{interpreter: expects a table entry for every pair of 'tensor<1xi8>' and 'tensor<1xi8>', got 4}}
  %y = qbias.int.add %x, %x {lhs_zp = 0 : i64, rhs_zp = 0 : i64, reference = #reference, requant = #requant}
      : (tensor<1xi8>, tensor<1xi8>) -> tensor<1xi8>
  return %y : tensor<1xi8>
}
