// Every number of a certificate that was changed is found, before code relies on
// it. The first function is the honest one.
// RUN: qbias-opt %s --qbias-certify=verify-only --split-input-file --verify-diagnostics

!y = !quant.uniform<i8:f32, 0.7:-5>
#reference = #qbias.reference<operands = [0.5], weights = dense<0.25> : tensor<1xf64>, bias = dense<0.3> : tensor<1xf32>,
    steps = [#qbias.clamp<lo = 0.0 : f64>], result = !y>
#bounds = #qbias.bounds<min = dense<-377> : tensor<1xi64>, max = dense<388> : tensor<1xi64>>
#certificate = #qbias.certificate<channels = 1, certified = 1>
#requant = #qbias.requant<mode = exact, form = affine, multiplier = dense<1533916891> : tensor<1xi64>,
    shift = dense<33> : tensor<1xi64>, rounding = dense<-38041138748> : tensor<1xi64>, lo = -5, hi = 127>

func.func @honest(%x: tensor<1x2xi8> {qbias.type = !quant.uniform<i8:f32, 0.5:3>}) -> tensor<1x1xi8> {
  %b = arith.constant dense<2> : tensor<1xi32>
  %w = arith.constant dense<[[1, -2]]> : tensor<1x2xi8>
  %y = qbias.int.matmul %x, %w bias %b {lhs_zp = 3 : i64, rhs_zp = 0 : i64, reference = #reference,
      requant = #requant, bounds = #bounds, certificate = #certificate}
      : (tensor<1x2xi8>, tensor<1x2xi8>, tensor<1xi32>) -> tensor<1x1xi8>
  return %y : tensor<1x1xi8>
}

// -----

!y = !quant.uniform<i8:f32, 0.7:-5>
#reference = #qbias.reference<operands = [0.5], weights = dense<0.25> : tensor<1xf64>, bias = dense<0.3> : tensor<1xf32>,
    steps = [#qbias.clamp<lo = 0.0 : f64>], result = !y>
#bounds = #qbias.bounds<min = dense<-377> : tensor<1xi64>, max = dense<388> : tensor<1xi64>>
#certificate = #qbias.certificate<channels = 1, certified = 1>
#requant = #qbias.requant<mode = exact, form = affine, multiplier = dense<1533916000> : tensor<1xi64>,
    shift = dense<33> : tensor<1xi64>, rounding = dense<-38041138748> : tensor<1xi64>, lo = -5, hi = 127>

// One less.
func.func @forged_multiplier(%x: tensor<1x2xi8> {qbias.type = !quant.uniform<i8:f32, 0.5:3>}) -> tensor<1x1xi8> {
  %b = arith.constant dense<2> : tensor<1xi32>
  %w = arith.constant dense<[[1, -2]]> : tensor<1x2xi8>
  // expected-error @below {{certificate is wrong: expects 1 proven channels, got 0; channel 0: level -3, threshold 8: expects -3 at acc 8, got -4}}
  %y = qbias.int.matmul %x, %w bias %b {lhs_zp = 3 : i64, rhs_zp = 0 : i64, reference = #reference,
      requant = #requant, bounds = #bounds, certificate = #certificate}
      : (tensor<1x2xi8>, tensor<1x2xi8>, tensor<1xi32>) -> tensor<1x1xi8>
  return %y : tensor<1x1xi8>
}

// -----

!y = !quant.uniform<i8:f32, 0.7:-5>
#reference = #qbias.reference<operands = [0.5], weights = dense<0.25> : tensor<1xf64>, bias = dense<0.3> : tensor<1xf32>,
    steps = [#qbias.clamp<lo = 0.0 : f64>], result = !y>
#bounds = #qbias.bounds<min = dense<-377> : tensor<1xi64>, max = dense<388> : tensor<1xi64>>
#certificate = #qbias.certificate<channels = 1, certified = 1>
#requant = #qbias.requant<mode = exact, form = affine, multiplier = dense<1533916891> : tensor<1xi64>,
    shift = dense<32> : tensor<1xi64>, rounding = dense<-38041138748> : tensor<1xi64>, lo = -5, hi = 127>

func.func @forged_shift(%x: tensor<1x2xi8> {qbias.type = !quant.uniform<i8:f32, 0.5:3>}) -> tensor<1x1xi8> {
  %b = arith.constant dense<2> : tensor<1xi32>
  %w = arith.constant dense<[[1, -2]]> : tensor<1x2xi8>
  // expected-error @below {{certificate is wrong: expects 1 proven channels, got 0; channel 0: }}
  %y = qbias.int.matmul %x, %w bias %b {lhs_zp = 3 : i64, rhs_zp = 0 : i64, reference = #reference,
      requant = #requant, bounds = #bounds, certificate = #certificate}
      : (tensor<1x2xi8>, tensor<1x2xi8>, tensor<1xi32>) -> tensor<1x1xi8>
  return %y : tensor<1x1xi8>
}

// -----

!y = !quant.uniform<i8:f32, 0.7:-5>
#reference = #qbias.reference<operands = [0.5], weights = dense<0.25> : tensor<1xf64>, bias = dense<0.3> : tensor<1xf32>,
    steps = [#qbias.clamp<lo = 0.0 : f64>], result = !y>
#bounds = #qbias.bounds<min = dense<-377> : tensor<1xi64>, max = dense<388> : tensor<1xi64>>
#certificate = #qbias.certificate<channels = 1, certified = 1>
#requant = #qbias.requant<mode = exact, form = affine, multiplier = dense<1533916891> : tensor<1xi64>,
    shift = dense<33> : tensor<1xi64>, rounding = dense<-38041138749> : tensor<1xi64>, lo = -5, hi = 127>

// One below the smallest exact constant.
func.func @forged_rounding(%x: tensor<1x2xi8> {qbias.type = !quant.uniform<i8:f32, 0.5:3>}) -> tensor<1x1xi8> {
  %b = arith.constant dense<2> : tensor<1xi32>
  %w = arith.constant dense<[[1, -2]]> : tensor<1x2xi8>
  // expected-error @below {{certificate is wrong: expects 1 proven channels, got 0; channel 0: }}
  %y = qbias.int.matmul %x, %w bias %b {lhs_zp = 3 : i64, rhs_zp = 0 : i64, reference = #reference,
      requant = #requant, bounds = #bounds, certificate = #certificate}
      : (tensor<1x2xi8>, tensor<1x2xi8>, tensor<1xi32>) -> tensor<1x1xi8>
  return %y : tensor<1x1xi8>
}

// -----

!y = !quant.uniform<i8:f32, 0.7:-5>
#reference = #qbias.reference<operands = [0.5], weights = dense<0.25> : tensor<1xf64>, bias = dense<0.3> : tensor<1xf32>,
    steps = [#qbias.clamp<lo = 0.0 : f64>], result = !y>
#bounds = #qbias.bounds<min = dense<-376> : tensor<1xi64>, max = dense<388> : tensor<1xi64>>
#certificate = #qbias.certificate<channels = 1, certified = 1>
#requant = #qbias.requant<mode = exact, form = affine, multiplier = dense<1533916891> : tensor<1xi64>,
    shift = dense<33> : tensor<1xi64>, rounding = dense<-38041138748> : tensor<1xi64>, lo = -5, hi = 127>

func.func @forged_lower_bound(%x: tensor<1x2xi8> {qbias.type = !quant.uniform<i8:f32, 0.5:3>}) -> tensor<1x1xi8> {
  %b = arith.constant dense<2> : tensor<1xi32>
  %w = arith.constant dense<[[1, -2]]> : tensor<1x2xi8>
  // expected-error @below {{certificate is wrong: expects accumulator bound [-377, 388] in channel 0, got [-376, 388]}}
  %y = qbias.int.matmul %x, %w bias %b {lhs_zp = 3 : i64, rhs_zp = 0 : i64, reference = #reference,
      requant = #requant, bounds = #bounds, certificate = #certificate}
      : (tensor<1x2xi8>, tensor<1x2xi8>, tensor<1xi32>) -> tensor<1x1xi8>
  return %y : tensor<1x1xi8>
}

// -----

!y = !quant.uniform<i8:f32, 0.7:-5>
#reference = #qbias.reference<operands = [0.5], weights = dense<0.25> : tensor<1xf64>, bias = dense<0.3> : tensor<1xf32>,
    steps = [#qbias.clamp<lo = 0.0 : f64>], result = !y>
#bounds = #qbias.bounds<min = dense<-377> : tensor<1xi64>, max = dense<400> : tensor<1xi64>>
#certificate = #qbias.certificate<channels = 1, certified = 1>
#requant = #qbias.requant<mode = exact, form = affine, multiplier = dense<1533916891> : tensor<1xi64>,
    shift = dense<33> : tensor<1xi64>, rounding = dense<-38041138748> : tensor<1xi64>, lo = -5, hi = 127>

func.func @forged_upper_bound(%x: tensor<1x2xi8> {qbias.type = !quant.uniform<i8:f32, 0.5:3>}) -> tensor<1x1xi8> {
  %b = arith.constant dense<2> : tensor<1xi32>
  %w = arith.constant dense<[[1, -2]]> : tensor<1x2xi8>
  // expected-error @below {{certificate is wrong: expects accumulator bound [-377, 388] in channel 0, got [-377, 400]}}
  %y = qbias.int.matmul %x, %w bias %b {lhs_zp = 3 : i64, rhs_zp = 0 : i64, reference = #reference,
      requant = #requant, bounds = #bounds, certificate = #certificate}
      : (tensor<1x2xi8>, tensor<1x2xi8>, tensor<1xi32>) -> tensor<1x1xi8>
  return %y : tensor<1x1xi8>
}

// -----

!y = !quant.uniform<i8:f32, 0.7:-5>
#reference = #qbias.reference<operands = [0.5], weights = dense<0.25> : tensor<1xf64>, bias = dense<0.3> : tensor<1xf32>,
    steps = [#qbias.clamp<lo = 0.0 : f64>], result = !y>
#bounds = #qbias.bounds<min = dense<-377> : tensor<1xi64>, max = dense<388> : tensor<1xi64>>
#certificate = #qbias.certificate<channels = 1, certified = 1>
#requant = #qbias.requant<mode = exact, form = affine, multiplier = dense<1533916891> : tensor<1xi64>,
    shift = dense<33> : tensor<1xi64>, rounding = dense<-38041138748> : tensor<1xi64>, lo = -128, hi = 127>

// The ReLU is gone.
func.func @forged_lower_clamp(%x: tensor<1x2xi8> {qbias.type = !quant.uniform<i8:f32, 0.5:3>}) -> tensor<1x1xi8> {
  %b = arith.constant dense<2> : tensor<1xi32>
  %w = arith.constant dense<[[1, -2]]> : tensor<1x2xi8>
  // expected-error @below {{certificate is wrong: expects clamp [-5, 127], got [-128, 127]}}
  %y = qbias.int.matmul %x, %w bias %b {lhs_zp = 3 : i64, rhs_zp = 0 : i64, reference = #reference,
      requant = #requant, bounds = #bounds, certificate = #certificate}
      : (tensor<1x2xi8>, tensor<1x2xi8>, tensor<1xi32>) -> tensor<1x1xi8>
  return %y : tensor<1x1xi8>
}

// -----

!y = !quant.uniform<i8:f32, 0.7:-5>
#reference = #qbias.reference<operands = [0.5], weights = dense<0.25> : tensor<1xf64>, bias = dense<0.3> : tensor<1xf32>,
    steps = [#qbias.clamp<lo = 0.0 : f64>], result = !y>
#bounds = #qbias.bounds<min = dense<-377> : tensor<1xi64>, max = dense<388> : tensor<1xi64>>
#certificate = #qbias.certificate<channels = 1, certified = 1>
#requant = #qbias.requant<mode = exact, form = affine, multiplier = dense<1533916891> : tensor<1xi64>,
    shift = dense<33> : tensor<1xi64>, rounding = dense<-38041138748> : tensor<1xi64>, lo = -5, hi = 126>

func.func @forged_upper_clamp(%x: tensor<1x2xi8> {qbias.type = !quant.uniform<i8:f32, 0.5:3>}) -> tensor<1x1xi8> {
  %b = arith.constant dense<2> : tensor<1xi32>
  %w = arith.constant dense<[[1, -2]]> : tensor<1x2xi8>
  // expected-error @below {{certificate is wrong: expects clamp [-5, 127], got [-5, 126]}}
  %y = qbias.int.matmul %x, %w bias %b {lhs_zp = 3 : i64, rhs_zp = 0 : i64, reference = #reference,
      requant = #requant, bounds = #bounds, certificate = #certificate}
      : (tensor<1x2xi8>, tensor<1x2xi8>, tensor<1xi32>) -> tensor<1x1xi8>
  return %y : tensor<1x1xi8>
}

// -----

!y = !quant.uniform<i8:f32, 0.7:-5>
#reference = #qbias.reference<operands = [0.5], weights = dense<0.25> : tensor<1xf64>, bias = dense<0.3> : tensor<1xf32>,
    steps = [#qbias.clamp<lo = 0.0 : f64>], result = !y>
#bounds = #qbias.bounds<min = dense<-377> : tensor<1xi64>, max = dense<388> : tensor<1xi64>>
#certificate = #qbias.certificate<channels = 1, certified = 1>
#requant = #qbias.requant<mode = exact, form = half_even, multiplier = dense<1533916891> : tensor<1xi64>,
    shift = dense<33> : tensor<1xi64>, rounding = dense<-38041138748> : tensor<1xi64>, lo = -5, hi = 127>

// The numbers of an affine form read as half_even.
func.func @forged_form(%x: tensor<1x2xi8> {qbias.type = !quant.uniform<i8:f32, 0.5:3>}) -> tensor<1x1xi8> {
  %b = arith.constant dense<2> : tensor<1xi32>
  %w = arith.constant dense<[[1, -2]]> : tensor<1x2xi8>
  // expected-error @below {{certificate is wrong: expects 1 proven channels, got 0; channel 0: }}
  %y = qbias.int.matmul %x, %w bias %b {lhs_zp = 3 : i64, rhs_zp = 0 : i64, reference = #reference,
      requant = #requant, bounds = #bounds, certificate = #certificate}
      : (tensor<1x2xi8>, tensor<1x2xi8>, tensor<1xi32>) -> tensor<1x1xi8>
  return %y : tensor<1x1xi8>
}

// -----

!y = !quant.uniform<i8:f32, 0.7:-5>
#reference = #qbias.reference<operands = [0.51], weights = dense<0.25> : tensor<1xf64>, bias = dense<0.3> : tensor<1xf32>,
    steps = [#qbias.clamp<lo = 0.0 : f64>], result = !y>
#bounds = #qbias.bounds<min = dense<-377> : tensor<1xi64>, max = dense<388> : tensor<1xi64>>
#certificate = #qbias.certificate<channels = 1, certified = 1>
#requant = #qbias.requant<mode = exact, form = affine, multiplier = dense<1533916891> : tensor<1xi64>,
    shift = dense<33> : tensor<1xi64>, rounding = dense<-38041138748> : tensor<1xi64>, lo = -5, hi = 127>

// The program no longer is what the model says.
func.func @forged_reference_scale(%x: tensor<1x2xi8> {qbias.type = !quant.uniform<i8:f32, 0.5:3>}) -> tensor<1x1xi8> {
  %b = arith.constant dense<2> : tensor<1xi32>
  %w = arith.constant dense<[[1, -2]]> : tensor<1x2xi8>
  // expected-error @below {{certificate is wrong: expects 1 proven channels, got 0; channel 0: }}
  %y = qbias.int.matmul %x, %w bias %b {lhs_zp = 3 : i64, rhs_zp = 0 : i64, reference = #reference,
      requant = #requant, bounds = #bounds, certificate = #certificate}
      : (tensor<1x2xi8>, tensor<1x2xi8>, tensor<1xi32>) -> tensor<1x1xi8>
  return %y : tensor<1x1xi8>
}

// -----

!y = !quant.uniform<i8:f32, 0.7:-5>
#reference = #qbias.reference<operands = [0.5], weights = dense<0.25> : tensor<1xf64>, bias = dense<0.3> : tensor<1xf32>,
    steps = [#qbias.clamp<lo = 0.0 : f64>], result = !y>
#bounds = #qbias.bounds<min = dense<-377> : tensor<1xi64>, max = dense<388> : tensor<1xi64>>
#certificate = #qbias.certificate<channels = 1, certified = 1>
#requant = #qbias.requant<mode = exact, form = affine, multiplier = dense<1533916891> : tensor<1xi64>,
    shift = dense<33> : tensor<1xi64>, rounding = dense<-38041138748> : tensor<1xi64>, lo = -5, hi = 127>

// A wider input than the bounds were made for.
func.func @forged_input_range(%x: tensor<1x2xi16> {qbias.type = !quant.uniform<i16:f32, 0.5:3>}) -> tensor<1x1xi8> {
  %b = arith.constant dense<2> : tensor<1xi32>
  %w = arith.constant dense<[[1, -2]]> : tensor<1x2xi8>
  // expected-error @below {{certificate is wrong: expects accumulator bound }}
  %y = qbias.int.matmul %x, %w bias %b {lhs_zp = 3 : i64, rhs_zp = 0 : i64, reference = #reference,
      requant = #requant, bounds = #bounds, certificate = #certificate}
      : (tensor<1x2xi16>, tensor<1x2xi8>, tensor<1xi32>) -> tensor<1x1xi8>
  return %y : tensor<1x1xi8>
}

// -----

!y = !quant.uniform<i8:f32, 0.7:-5>
#reference = #qbias.reference<operands = [0.5], weights = dense<0.25> : tensor<1xf64>, bias = dense<0.3> : tensor<1xf32>,
    steps = [#qbias.clamp<lo = 0.0 : f64>], result = !y>
#bounds = #qbias.bounds<min = dense<-377> : tensor<1xi64>, max = dense<388> : tensor<1xi64>>
#certificate = #qbias.certificate<channels = 1, certified = 1>
#requant = #qbias.requant<mode = exact, form = affine, multiplier = dense<1533916891> : tensor<1xi64>,
    shift = dense<33> : tensor<1xi64>, rounding = dense<-38654705664> : tensor<1xi64>, lo = -5, hi = 127>

// More is claimed than can be proven, also when the numbers are only plain.
func.func @claim_of_an_uncertified_channel(%x: tensor<1x2xi8> {qbias.type = !quant.uniform<i8:f32, 0.5:3>}) -> tensor<1x1xi8> {
  %b = arith.constant dense<2> : tensor<1xi32>
  %w = arith.constant dense<[[1, -2]]> : tensor<1x2xi8>
  // expected-error @below {{certificate is wrong: expects 1 proven channels, got 0; channel 0: }}
  %y = qbias.int.matmul %x, %w bias %b {lhs_zp = 3 : i64, rhs_zp = 0 : i64, reference = #reference,
      requant = #requant, bounds = #bounds, certificate = #certificate}
      : (tensor<1x2xi8>, tensor<1x2xi8>, tensor<1xi32>) -> tensor<1x1xi8>
  return %y : tensor<1x1xi8>
}

// -----

!y = !quant.uniform<i8:f32, 0.7:-5>
#reference = #qbias.reference<operands = [0.5], weights = dense<0.25> : tensor<1xf64>, bias = dense<0.3> : tensor<1xf32>,
    steps = [#qbias.clamp<lo = 0.0 : f64>], result = !y>
#bounds = #qbias.bounds<min = dense<-377> : tensor<1xi64>, max = dense<388> : tensor<1xi64>>
#certificate = #qbias.certificate<channels = 1, certified = 1>
#requant = #qbias.requant<mode = exact, form = affine, multiplier = dense<1533916891> : tensor<1xi64>,
    shift = dense<33> : tensor<1xi64>, rounding = dense<-38041138748> : tensor<1xi64>, lo = -5, hi = 127>

func.func @missing_certificate(%x: tensor<1x2xi8> {qbias.type = !quant.uniform<i8:f32, 0.5:3>}) -> tensor<1x1xi8> {
  %b = arith.constant dense<2> : tensor<1xi32>
  %w = arith.constant dense<[[1, -2]]> : tensor<1x2xi8>
  // expected-error @below {{certificate is missing; run --qbias-certify}}
  %y = qbias.int.matmul %x, %w bias %b {lhs_zp = 3 : i64, rhs_zp = 0 : i64, reference = #reference,
      requant = #requant, bounds = #bounds}
      : (tensor<1x2xi8>, tensor<1x2xi8>, tensor<1xi32>) -> tensor<1x1xi8>
  return %y : tensor<1x1xi8>
}

// -----

!y = !quant.uniform<i8:f32, 0.7:-5>
#reference = #qbias.reference<operands = [0.5], weights = dense<0.25> : tensor<1xf64>, bias = dense<0.3> : tensor<1xf32>,
    steps = [#qbias.clamp<lo = 0.0 : f64>], result = !y>
#bounds = #qbias.bounds<min = dense<-377> : tensor<1xi64>, max = dense<388> : tensor<1xi64>>
#certificate = #qbias.certificate<channels = 1, certified = 1>
#requant = #qbias.requant<mode = exact, form = affine, multiplier = dense<1533916891> : tensor<1xi64>,
    shift = dense<33> : tensor<1xi64>, rounding = dense<-38041138748> : tensor<1xi64>, lo = -5, hi = 127>

func.func @missing_bounds(%x: tensor<1x2xi8> {qbias.type = !quant.uniform<i8:f32, 0.5:3>}) -> tensor<1x1xi8> {
  %b = arith.constant dense<2> : tensor<1xi32>
  %w = arith.constant dense<[[1, -2]]> : tensor<1x2xi8>
  // expected-error @below {{certificate is wrong: expects accumulator bounds of 1 channels}}
  %y = qbias.int.matmul %x, %w bias %b {lhs_zp = 3 : i64, rhs_zp = 0 : i64, reference = #reference,
      requant = #requant, certificate = #certificate}
      : (tensor<1x2xi8>, tensor<1x2xi8>, tensor<1xi32>) -> tensor<1x1xi8>
  return %y : tensor<1x1xi8>
}
