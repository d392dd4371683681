// The integer family on small numbers that can be followed by hand.
// RUN: qbias-opt %s --qbias-interpret -o /dev/null | FileCheck %s

!q = !quant.uniform<i8:f32, 1.0>
#one = #qbias.reference<operands = [1.0], result = !q>
#weighted = #qbias.reference<operands = [1.0], weights = dense<1.0> : tensor<1xf64>, result = !q>
#sum = #qbias.reference<operands = [1.0], weights = dense<1.0> : tensor<1xf64>>
#pair = #qbias.reference<operands = [1.0, 1.0], result = !q>

// (acc * 3 + 8) >> 4: an arithmetic shift rounds down, also below zero.
#affine = #qbias.requant<mode = exact, form = affine, multiplier = dense<3> : tensor<1xi64>,
    shift = dense<4> : tensor<1xi64>, rounding = dense<8> : tensor<1xi64>, lo = -20, hi = 20>
// acc = -100, -3, -2, 2, 3, 100 (input_zp = 1).
// CHECK: "function":"affine_shifts_arithmetically_and_clamps"
// CHECK-SAME: "outputs":[{"shape":[6],"values":[-19,-1,0,0,1,19]}]
func.func @affine_shifts_arithmetically_and_clamps() -> tensor<6xi8> {
  %x = arith.constant dense<[-99, -2, -1, 3, 4, 101]> : tensor<6xi8>
  %y = qbias.int.requantize %x {input_zp = 1 : i64, reference = #one, requant = #affine}
      : tensor<6xi8> -> tensor<6xi8>
  return %y : tensor<6xi8>
}

// acc / 4, ties to even, then + 3: an odd zero point does not change the parity.
#half_even = #qbias.requant<mode = exact, form = half_even, multiplier = dense<1> : tensor<1xi64>,
    shift = dense<2> : tensor<1xi64>, rounding = dense<0> : tensor<1xi64>, zero_point = 3, lo = -128, hi = 127>
// acc = -6, -2, 2, 6, 10, 7: quotients -1.5, -0.5, 0.5, 1.5, 2.5, 1.75.
// CHECK: "function":"half_even_adds_the_zero_point_last"
// CHECK-SAME: "values":[1,3,3,5,5,5]
func.func @half_even_adds_the_zero_point_last() -> tensor<6xi8> {
  %x = arith.constant dense<[-6, -2, 2, 6, 10, 7]> : tensor<6xi8>
  %y = qbias.int.requantize %x {input_zp = 0 : i64, reference = #one, requant = #half_even}
      : tensor<6xi8> -> tensor<6xi8>
  return %y : tensor<6xi8>
}

#threshold = #qbias.requant<mode = exact, form = threshold,
    thresholds = dense<[[-5, 0, 0, 9]]> : tensor<1x4xi64>, lo = -2, hi = 2>
// CHECK: "function":"threshold_counts_what_is_reached"
// CHECK-SAME: "values":[-2,-1,-1,1,1,2]
func.func @threshold_counts_what_is_reached() -> tensor<6xi8> {
  %x = arith.constant dense<[-6, -5, -1, 0, 8, 9]> : tensor<6xi8>
  %y = qbias.int.requantize %x {input_zp = 0 : i64, reference = #one, requant = #threshold}
      : tensor<6xi8> -> tensor<6xi8>
  return %y : tensor<6xi8>
}

#table = #qbias.requant<mode = exact, form = table,
    thresholds = dense<[50, 60, 70]> : tensor<3xi64>, lo = -128, hi = 127>
// CHECK: "function":"table_starts_at_the_lower_bound"
// CHECK-SAME: "values":[50,70]
func.func @table_starts_at_the_lower_bound() -> tensor<2xi8> {
  %x = arith.constant dense<[-7, -5]> : tensor<2xi8>
  %y = qbias.int.requantize %x {input_zp = 0 : i64, reference = #one, requant = #table,
      bounds = #qbias.bounds<min = dense<-7> : tensor<1xi64>, max = dense<-5> : tensor<1xi64>>}
      : tensor<2xi8> -> tensor<2xi8>
  return %y : tensor<2xi8>
}

#accumulator = #qbias.requant<mode = exact, form = accumulator>
// (x - 100) = 1, 2, 3 and then 0 in the padding, whatever the zero point.
// CHECK: "function":"conv2d_centers_before_it_multiplies"
// CHECK-SAME: "values":[121,231,301]
func.func @conv2d_centers_before_it_multiplies() -> tensor<1x1x3x1xi32> {
  %x = arith.constant dense<[[[[101], [102], [103]]]]> : tensor<1x1x3x1xi8>
  %w = arith.constant dense<[[[[100], [10]]]]> : tensor<1x1x2x1xi8>
  %b = arith.constant dense<1> : tensor<1xi32>
  %0 = qbias.int.conv2d %x, %w bias %b {input_zp = 100 : i64, pads = array<i64: 0, 0, 0, 1>,
      strides = array<i64: 1, 1>, reference = #sum, requant = #accumulator}
      : (tensor<1x1x3x1xi8>, tensor<1x1x2x1xi8>, tensor<1xi32>) -> tensor<1x1x3x1xi32>
  return %0 : tensor<1x1x3x1xi32>
}

#channels = #qbias.requant<mode = exact, form = affine, multiplier = dense<[1, 2]> : tensor<2xi64>,
    shift = dense<[1, 2]> : tensor<2xi64>, rounding = dense<[0, 4]> : tensor<2xi64>, lo = -128, hi = 127>
// Channel 0: 7 >> 1; channel 1: (5 * 2 + 4) >> 2.
// CHECK: "function":"conv2d_requantizes_per_channel"
// CHECK-SAME: "values":[3,3]
func.func @conv2d_requantizes_per_channel() -> tensor<1x1x1x2xi8> {
  %x = arith.constant dense<[[[[7, 5]]]]> : tensor<1x1x1x2xi8>
  %w = arith.constant dense<1> : tensor<2x1x1x1xi8>
  %y = qbias.int.conv2d %x, %w {groups = 2, input_zp = 0 : i64, reference = #weighted, requant = #channels}
      : (tensor<1x1x1x2xi8>, tensor<2x1x1x1xi8>) -> tensor<1x1x1x2xi8>
  return %y : tensor<1x1x1x2xi8>
}

#addend = #qbias.requant<mode = exact, form = affine, multiplier = dense<4> : tensor<1xi64>,
    addend_multiplier = dense<-3> : tensor<1xi64>, shift = dense<1> : tensor<1xi64>,
    rounding = dense<1> : tensor<1xi64>, lo = -128, hi = 127>
// (10 * 4 - 5 * 3 + 1) >> 1, the addend is raw.
// CHECK: "function":"conv2d_with_addend_rounds_once"
// CHECK-SAME: "values":[13]
func.func @conv2d_with_addend_rounds_once() -> tensor<1x1x1x1xi8> {
  %x = arith.constant dense<10> : tensor<1x1x1x1xi8>
  %w = arith.constant dense<1> : tensor<1x1x1x1xi8>
  %a = arith.constant dense<5> : tensor<1x1x1x1xi8>
  %y = qbias.int.conv2d %x, %w addend %a {input_zp = 0 : i64, addend_zp = 3 : i64,
      reference = #qbias.reference<operands = [1.0, -1.0], weights = dense<1.0> : tensor<1xf64>, result = !q>,
      requant = #addend}
      : (tensor<1x1x1x1xi8>, tensor<1x1x1x1xi8>, tensor<1x1x1x1xi8>) -> tensor<1x1x1x1xi8>
  return %y : tensor<1x1x1x1xi8>
}

#products = #qbias.reference<operands = [1.0, 1.0]>
// (3 - 1) * (30 - 10) + (5 - 1) * (40 - 10).
// CHECK: "function":"matmul_centers_both_activations"
// CHECK-SAME: "values":[160]
func.func @matmul_centers_both_activations() -> tensor<1x1xi32> {
  %a = arith.constant dense<[[3, 5]]> : tensor<1x2xi8>
  %b = arith.constant dense<[[30, 40]]> : tensor<1x2xi8>
  %y = qbias.int.matmul %a, %b {lhs_zp = 1 : i64, rhs_zp = 10 : i64, reference = #products, requant = #accumulator}
      : (tensor<1x2xi8>, tensor<1x2xi8>) -> tensor<1x1xi32>
  return %y : tensor<1x1xi32>
}

#sum_affine = #qbias.requant<mode = exact, form = affine, multiplier = dense<2> : tensor<1xi64>,
    addend_multiplier = dense<-1> : tensor<1xi64>, shift = dense<1> : tensor<1xi64>,
    rounding = dense<1> : tensor<1xi64>, lo = -128, hi = 127>
// (10 * 2 - 3 + 1) >> 1 and (10 * 2 - 4 + 1) >> 1: zero points are in the rounding constant.
// CHECK: "function":"add_takes_raw_integers_and_broadcasts"
// CHECK-SAME: "values":[9,8]
func.func @add_takes_raw_integers_and_broadcasts() -> tensor<1x2xi8> {
  %a = arith.constant dense<10> : tensor<1x1xi8>
  %b = arith.constant dense<[[3, 4]]> : tensor<1x2xi8>
  %y = qbias.int.add %a, %b {lhs_zp = 5 : i64, rhs_zp = 6 : i64,
      reference = #qbias.reference<operands = [1.0, -0.5], result = !q>, requant = #sum_affine}
      : (tensor<1x1xi8>, tensor<1x2xi8>) -> tensor<1x2xi8>
  return %y : tensor<1x2xi8>
}

#mul_requant = #qbias.requant<mode = exact, form = affine, multiplier = dense<1> : tensor<1xi64>,
    shift = dense<1> : tensor<1xi64>, rounding = dense<0> : tensor<1xi64>, lo = -128, hi = 127>
// (10 - 5) * (3 - 6) >> 1.
// CHECK: "function":"mul_centers_both_operands"
// CHECK-SAME: "values":[-8]
func.func @mul_centers_both_operands() -> tensor<1xi8> {
  %a = arith.constant dense<10> : tensor<1xi8>
  %b = arith.constant dense<3> : tensor<1xi8>
  %y = qbias.int.mul %a, %b {lhs_zp = 5 : i64, rhs_zp = 6 : i64, reference = #pair, requant = #mul_requant}
      : (tensor<1xi8>, tensor<1xi8>) -> tensor<1xi8>
  return %y : tensor<1xi8>
}

#divisors = #qbias.requant<mode = exact, form = affine, multiplier = dense<[2, 1]> : tensor<2xi64>,
    shift = dense<[1, 1]> : tensor<2xi64>, rounding = dense<[0, 0]> : tensor<2xi64>, lo = -128, hi = 127>
// Divisors 1 and 2 (kernel 1x2, one column of padding): S = 4, then 4 + 7.
// CHECK: "function":"avg_pool_picks_the_divisor_of_the_window"
// CHECK-SAME: "values":[4,5]
func.func @avg_pool_picks_the_divisor_of_the_window() -> tensor<1x1x2x1xi8> {
  %x = arith.constant dense<[[[[14], [17]]]]> : tensor<1x1x2x1xi8>
  %y = qbias.int.avg_pool %x {input_zp = 10 : i64, kernel = array<i64: 1, 2>, pads = array<i64: 0, 1, 0, 0>,
      divisors = array<i64: 1, 2>, reference = #one, requant = #divisors}
      : tensor<1x1x2x1xi8> -> tensor<1x1x2x1xi8>
  return %y : tensor<1x1x2x1xi8>
}

#positions = #qbias.requant<mode = exact, form = table, lo = -128, hi = 127>
// The table holds 127, 126, ..., -128.
// CHECK: "function":"lookup_starts_at_the_smallest_value_of_the_type"
// CHECK-SAME: "values":[127,-1,-128]
func.func @lookup_starts_at_the_smallest_value_of_the_type() -> tensor<3xi8> {
  %x = arith.constant dense<[-128, 0, 127]> : tensor<3xi8>
  %y = qbias.int.lookup %x {input_zp = 0 : i64, table = dense<"0x7f7e7d7c7b7a797877767574737271706f6e6d6c6b6a696867666564636261605f5e5d5c5b5a595857565554535251504f4e4d4c4b4a494847464544434241403f3e3d3c3b3a393837363534333231302f2e2d2c2b2a292827262524232221201f1e1d1c1b1a191817161514131211100f0e0d0c0b0a09080706050403020100fffefdfcfbfaf9f8f7f6f5f4f3f2f1f0efeeedecebeae9e8e7e6e5e4e3e2e1e0dfdedddcdbdad9d8d7d6d5d4d3d2d1d0cfcecdcccbcac9c8c7c6c5c4c3c2c1c0bfbebdbcbbbab9b8b7b6b5b4b3b2b1b0afaeadacabaaa9a8a7a6a5a4a3a2a1a09f9e9d9c9b9a999897969594939291908f8e8d8c8b8a89888786858483828180"> : tensor<256xi8>,
      reference = #one, requant = #positions} : tensor<3xi8> -> tensor<3xi8>
  return %y : tensor<3xi8>
}

#unsigned = #qbias.requant<mode = exact, form = table, lo = 0, hi = 255>
// CHECK: "function":"max_pool_and_pad_of_unsigned"
// CHECK-SAME: "values":[200,200,199]
func.func @max_pool_and_pad_of_unsigned() -> tensor<1x1x3x1xui8> {
  %c = arith.constant dense<0> : tensor<1x1x1x1xi8>
  %x = qbias.int.lookup %c {input_zp = 0 : i64, table = dense<200> : tensor<256xi32>,
      reference = #qbias.reference<operands = [1.0], result = !quant.uniform<u8:f32, 1.0>>, requant = #unsigned}
      : tensor<1x1x1x1xi8> -> tensor<1x1x1x1xui8>
  %padded = qbias.int.pad %x low [0, 0, 1, 0] high [0, 0, 2, 0] value 199
      : tensor<1x1x1x1xui8> -> tensor<1x1x4x1xui8>
  %y = qbias.int.max_pool %padded {kernel = array<i64: 1, 2>} : tensor<1x1x4x1xui8> -> tensor<1x1x3x1xui8>
  return %y : tensor<1x1x3x1xui8>
}
