// Thresholds, tables, sums: every number that was changed is found.
// RUN: qbias-opt %s --qbias-certify=verify-only --split-input-file --verify-diagnostics

#reference = #qbias.reference<operands = [0.5], weights = dense<0.5> : tensor<1xf64>, result = !quant.uniform<i8:f32, 1.0:3>>
#bounds = #qbias.bounds<min = dense<-382> : tensor<1xi64>, max = dense<383> : tensor<1xi64>>
#certificate = #qbias.certificate<channels = 1, certified = 1>
#requant = #qbias.requant<mode = exact, form = half_even, multiplier = dense<1073741824> : tensor<1xi64>,
    shift = dense<32> : tensor<1xi64>, rounding = dense<0> : tensor<1xi64>, zero_point = 4, lo = -128, hi = 127>

func.func @forged_zero_point(%x: tensor<1x2xi8> {qbias.type = !quant.uniform<i8:f32, 0.5>}) -> tensor<1x1xi8> {
  %w = arith.constant dense<[[1, -2]]> : tensor<1x2xi8>
  // expected-error @below {{certificate is wrong: expects 1 proven channels, got 0; channel 0: }}
  %y = qbias.int.matmul %x, %w {lhs_zp = 0 : i64, rhs_zp = 0 : i64, reference = #reference,
      requant = #requant, bounds = #bounds, certificate = #certificate}
      : (tensor<1x2xi8>, tensor<1x2xi8>) -> tensor<1x1xi8>
  return %y : tensor<1x1xi8>
}

// -----

#reference = #qbias.reference<operands = [1.0], weights = dense<1.0> : tensor<1xf64>, result = !quant.uniform<i8<-2:2>:f32, 6.0>>
#bounds = #qbias.bounds<min = dense<[-255, -256]> : tensor<2xi64>, max = dense<[255, 254]> : tensor<2xi64>>
#certificate = #qbias.certificate<channels = 2, certified = 2>
// Ties go to even: the last threshold is 9, not 10.
#requant = #qbias.requant<mode = exact, form = threshold,
    thresholds = dense<[[-8, -3, 4, 9], [-8, -3, 4, 10]]> : tensor<2x4xi64>, lo = -2, hi = 2>

func.func @forged_threshold(%x: tensor<1x2xi8> {qbias.type = !quant.uniform<i8:f32, 1.0>}) -> tensor<1x2xi8> {
  %w = arith.constant dense<[[1, -1], [1, 1]]> : tensor<2x2xi8>
  // expected-error @below {{certificate is wrong: thresholds differ from the reference}}
  %y = qbias.int.matmul %x, %w {lhs_zp = 0 : i64, rhs_zp = 0 : i64, reference = #reference,
      requant = #requant, bounds = #bounds, certificate = #certificate}
      : (tensor<1x2xi8>, tensor<2x2xi8>) -> tensor<1x2xi8>
  return %y : tensor<1x2xi8>
}

// -----

#reference = #qbias.reference<operands = [1.0], result = !quant.uniform<i8<-2:2>:f32, 1.0>>
#bounds = #qbias.bounds<min = dense<-12> : tensor<1xi64>, max = dense<12> : tensor<1xi64>>
#certificate = #qbias.certificate<channels = 1, certified = 1>
// 9 / 6 is a tie, which goes to 2.
#requant = #qbias.requant<mode = exact, form = table, thresholds = dense<[-2, -2, -2, -2, -1, -1, -1, -1, -1,
    0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 2, 2, 2]> : tensor<25xi64>, lo = -2, hi = 2>

func.func @forged_table_entry(%x: tensor<1x1x6x1xi8> {qbias.type = !quant.uniform<i8<-2:2>:f32, 1.0>}) -> tensor<1x1x1x1xi8> {
  // expected-error @below {{certificate is wrong: thresholds differ from the reference}}
  %y = qbias.int.avg_pool %x {divisors = array<i64: 6>, input_zp = 0 : i64, kernel = array<i64: 1, 6>,
      reference = #reference, requant = #requant, bounds = #bounds, certificate = #certificate}
      : tensor<1x1x6x1xi8> -> tensor<1x1x1x1xi8>
  return %y : tensor<1x1x1x1xi8>
}

// -----

#reference = #qbias.reference<operands = [1.0], steps = [#qbias.clamp<lo = 0.0 : f64>], result = !quant.uniform<i8:f32, 1.0>>
#requant = #qbias.requant<mode = exact, form = table, lo = 0, hi = 127>
#certificate = #qbias.certificate<channels = 1, certified = 1>

// max(q, 0), but for q = 72.
func.func @forged_lookup_entry(%x: tensor<1xi8>) -> tensor<1xi8> {
  // expected-error @below {{certificate is wrong: expects table entry 72 at index 200, got 73}}
  %y = qbias.int.lookup %x {input_zp = 0 : i64, table = dense<"0x0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f404142434445464749494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f"> : tensor<256xi8>,
      reference = #reference, requant = #requant, certificate = #certificate} : tensor<1xi8> -> tensor<1xi8>
  return %y : tensor<1xi8>
}

// -----

#reference = #qbias.reference<operands = [0.03, 0.05], result = !quant.uniform<i8:f32, 0.07:12>>
#certificate = #qbias.certificate<channels = 1, certified = 1>
#requant = #qbias.requant<mode = exact, form = affine, multiplier = dense<449390> : tensor<1xi64>,
    addend_multiplier = dense<748983> : tensor<1xi64>, shift = dense<20> : tensor<1xi64>,
    rounding = dense<10410862> : tensor<1xi64>, lo = -128, hi = 127>

func.func @honest_sum(%a: tensor<1xi8>, %b: tensor<1xi8>) -> tensor<1xi8> {
  %y = qbias.int.add %a, %b {lhs_zp = 11 : i64, rhs_zp = -3 : i64, reference = #reference,
      requant = #requant, certificate = #certificate} : (tensor<1xi8>, tensor<1xi8>) -> tensor<1xi8>
  return %y : tensor<1xi8>
}

// -----

#reference = #qbias.reference<operands = [0.03, 0.05], result = !quant.uniform<i8:f32, 0.07:12>>
#certificate = #qbias.certificate<channels = 1, certified = 1>
#requant = #qbias.requant<mode = exact, form = affine, multiplier = dense<449390> : tensor<1xi64>,
    addend_multiplier = dense<748983> : tensor<1xi64>, shift = dense<20> : tensor<1xi64>,
    rounding = dense<10485712> : tensor<1xi64>, lo = -128, hi = 127>

// One above the largest exact constant.
func.func @forged_sum_rounding(%a: tensor<1xi8>, %b: tensor<1xi8>) -> tensor<1xi8> {
  // expected-error @below {{certificate is wrong: pair }}
  %y = qbias.int.add %a, %b {lhs_zp = 11 : i64, rhs_zp = -3 : i64, reference = #reference,
      requant = #requant, certificate = #certificate} : (tensor<1xi8>, tensor<1xi8>) -> tensor<1xi8>
  return %y : tensor<1xi8>
}

// -----

#reference = #qbias.reference<operands = [0.03, 0.05], result = !quant.uniform<i8:f32, 0.07:12>>
#certificate = #qbias.certificate<channels = 1, certified = 1>
#requant = #qbias.requant<mode = exact, form = affine, multiplier = dense<449390> : tensor<1xi64>,
    addend_multiplier = dense<749983> : tensor<1xi64>, shift = dense<20> : tensor<1xi64>,
    rounding = dense<10410862> : tensor<1xi64>, lo = -128, hi = 127>

func.func @forged_sum_multiplier(%a: tensor<1xi8>, %b: tensor<1xi8>) -> tensor<1xi8> {
  // expected-error @below {{certificate is wrong: pair }}
  %y = qbias.int.add %a, %b {lhs_zp = 11 : i64, rhs_zp = -3 : i64, reference = #reference,
      requant = #requant, certificate = #certificate} : (tensor<1xi8>, tensor<1xi8>) -> tensor<1xi8>
  return %y : tensor<1xi8>
}

// -----

#reference = #qbias.reference<operands = [0.03, 0.05], result = !quant.uniform<i8:f32, 0.07:12>>
#certificate = #qbias.certificate<channels = 1, certified = 1>
#requant = #qbias.requant<mode = exact, form = table, thresholds = dense<-92> : tensor<65536xi32>, lo = -128, hi = 127>

func.func @forged_sum_table(%a: tensor<1xi8>, %b: tensor<1xi8>) -> tensor<1xi8> {
  // expected-error @below {{certificate is wrong: pair (-128, -128): expects -128, got -92}}
  %y = qbias.int.add %a, %b {lhs_zp = 11 : i64, rhs_zp = -3 : i64, reference = #reference,
      requant = #requant, certificate = #certificate} : (tensor<1xi8>, tensor<1xi8>) -> tensor<1xi8>
  return %y : tensor<1xi8>
}

// -----

#reference = #qbias.reference<operands = [0.03, 0.05], result = !quant.uniform<i8:f32, 0.07:12>>
#certificate = #qbias.certificate<channels = 1, certified = 1>
#requant = #qbias.requant<mode = exact, form = table, thresholds = dense<-92> : tensor<4xi32>, lo = -128, hi = 127>

func.func @short_sum_table(%a: tensor<1xi8>, %b: tensor<1xi8>) -> tensor<1xi8> {
  // expected-error @below {{certificate is wrong: expects a table of 65536 entries, got 4}}
  %y = qbias.int.add %a, %b {lhs_zp = 11 : i64, rhs_zp = -3 : i64, reference = #reference,
      requant = #requant, certificate = #certificate} : (tensor<1xi8>, tensor<1xi8>) -> tensor<1xi8>
  return %y : tensor<1xi8>
}

// -----

#reference = #qbias.reference<operands = [0.03, 0.05], result = !quant.uniform<i8:f32, 0.07:12>>
#certificate = #qbias.certificate<channels = 1, certified = 0>
#requant = #qbias.requant<mode = exact, form = table, thresholds = dense<-92> : tensor<4xi32>, lo = -128, hi = 127>

// Code would read beyond it, whatever is claimed.
func.func @short_sum_table_without_claim(%a: tensor<1xi8>, %b: tensor<1xi8>) -> tensor<1xi8> {
  // expected-error @below {{certificate is wrong: expects a table of 65536 entries, got 4}}
  %y = qbias.int.add %a, %b {lhs_zp = 11 : i64, rhs_zp = -3 : i64, reference = #reference,
      requant = #requant, certificate = #certificate} : (tensor<1xi8>, tensor<1xi8>) -> tensor<1xi8>
  return %y : tensor<1xi8>
}

// -----

#reference = #qbias.reference<operands = [0.5, 0.3], weights = dense<0.25> : tensor<1xf64>, result = !quant.uniform<i8:f32, 0.7:-5>>
#bounds = #qbias.bounds<min = dense<-1013> : tensor<1xi64>, max = dense<1027> : tensor<1xi64>>
#certificate = #qbias.certificate<channels = 1, certified = 1>
#requant = #qbias.requant<mode = exact, form = half_even, multiplier = dense<1533916892> : tensor<1xi64>,
    addend_multiplier = dense<3681400541> : tensor<1xi64>, shift = dense<33> : tensor<1xi64>,
    rounding = dense<-25769803780> : tensor<1xi64>, zero_point = -5, lo = -128, hi = 127>

// One more than it is.
func.func @forged_addend_multiplier(%x: tensor<1x2xi8> {qbias.type = !quant.uniform<i8:f32, 0.5:3>}, %a: tensor<1x1xi8>) -> tensor<1x1xi8> {
  %w = arith.constant dense<[[3, -5]]> : tensor<1x2xi8>
  // expected-error @below {{certificate is wrong: channel 0: }}
  %y = qbias.int.matmul %x, %w addend %a {lhs_zp = 3 : i64, rhs_zp = 0 : i64, addend_zp = 7 : i64, reference = #reference,
      requant = #requant, bounds = #bounds, certificate = #certificate}
      : (tensor<1x2xi8>, tensor<1x2xi8>, tensor<1x1xi8>) -> tensor<1x1xi8>
  return %y : tensor<1x1xi8>
}
