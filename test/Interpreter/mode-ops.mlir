// The forms of the modes beside exact on numbers that can be followed by hand.
// RUN: qbias-opt %s --qbias-interpret -o /dev/null | FileCheck %s

!q = !quant.uniform<i8:f32, 1.0>
!two = !quant.uniform<i8:f32, 2.0>
#one = #qbias.reference<operands = [1.0], result = !q>
#pair = #qbias.reference<operands = [1.0, 1.0], result = !two>
#minus = #qbias.reference<operands = [1.0, -1.0], result = !two>

// M = 1/4: the product rounds at halves upwards, the last bit away from zero.
#quarter = #qbias.requant<mode = tflite, form = double_round, multiplier = dense<1073741824> : tensor<1xi64>,
    shift = dense<32> : tensor<1xi64>, lo = -128, hi = 127>
// x / 2 = -1.5, -1, -0.5, 0.5, 1, 1.5, 3 -> -1, -1, 0, 1, 1, 2, 3, then halved.
// CHECK: "function":"double_round_rounds_twice"
// CHECK-SAME: "values":[-1,-1,0,1,1,1,2]
func.func @double_round_rounds_twice() -> tensor<7xi8> {
  %x = arith.constant dense<[-3, -2, -1, 1, 2, 3, 6]> : tensor<7xi8>
  %y = qbias.int.requantize %x {input_zp = 0 : i64, reference = #one, requant = #quarter} : tensor<7xi8> -> tensor<7xi8>
  return %y : tensor<7xi8>
}

#divide = #qbias.requant<mode = tflite, form = divide, zero_point = 2, lo = -128, hi = 127>
// 10 / 4 and -10 / 4: the zero point is no part of the sum's rounding.
// CHECK: "function":"divide_rounds_half_away"
// CHECK-SAME: "values":[3,-3]
func.func @divide_rounds_half_away() -> tensor<2x1x1x1xi8> {
  %x = arith.constant dense<[[[[1], [2]], [[3], [4]]], [[[-1], [-2]], [[-3], [-4]]]]> : tensor<2x2x2x1xi8>
  %y = qbias.int.avg_pool %x {input_zp = 2 : i64, kernel = array<i64: 2, 2>, divisors = array<i64: 4>,
      reference = #one, requant = #divide} : tensor<2x2x2x1xi8> -> tensor<2x1x1x1xi8>
  return %y : tensor<2x1x1x1xi8>
}

// Scales 1 and 1 to 2: halves of 2^20 units, their sum times 2^-20.
#twice = #qbias.requant<mode = tflite, form = rescaled_sum, multiplier = dense<1073741824> : tensor<3xi64>,
    shift = dense<[31, 31, 50]> : tensor<3xi64>, lo = -128, hi = 127>
#once = #qbias.requant<mode = single, form = rescaled_sum, multiplier = dense<1073741824> : tensor<3xi64>,
    shift = dense<[31, 31, 50]> : tensor<3xi64>, lo = -128, hi = 127>
// 3.5 and -3.5: away from zero in tflite, up in single; then 3 - 4.
// CHECK: "function":"sums_round_as_their_mode"
// CHECK-SAME: "values":[4,-4]
// CHECK-SAME: "values":[4,-3]
// CHECK-SAME: "values":[-1,1]
func.func @sums_round_as_their_mode() -> (tensor<2xi8>, tensor<2xi8>, tensor<2xi8>) {
  %a = arith.constant dense<[3, -3]> : tensor<2xi8>
  %b = arith.constant dense<[4, -4]> : tensor<2xi8>
  %x = qbias.int.add %a, %b {lhs_zp = 0 : i64, rhs_zp = 0 : i64, reference = #pair, requant = #twice}
      : (tensor<2xi8>, tensor<2xi8>) -> tensor<2xi8>
  %y = qbias.int.add %a, %b {lhs_zp = 0 : i64, rhs_zp = 0 : i64, reference = #pair, requant = #once}
      : (tensor<2xi8>, tensor<2xi8>) -> tensor<2xi8>
  %z = qbias.int.add %a, %b {lhs_zp = 0 : i64, rhs_zp = 0 : i64, reference = #minus, requant = #twice}
      : (tensor<2xi8>, tensor<2xi8>) -> tensor<2xi8>
  return %x, %y, %z : tensor<2xi8>, tensor<2xi8>, tensor<2xi8>
}

#half = #qbias.requant<mode = float, form = float, multiplier = dense<0.5> : tensor<1xf64>, zero_point = 1, lo = -128, hi = 127>
// 2.5, 3.5, -2.5 to even, then the zero point.
// CHECK: "function":"float_rounds_to_even"
// CHECK-SAME: "values":[3,5,-1]
func.func @float_rounds_to_even() -> tensor<3xi8> {
  %x = arith.constant dense<[5, 7, -5]> : tensor<3xi8>
  %y = qbias.int.requantize %x {input_zp = 0 : i64, reference = #one, requant = #half} : tensor<3xi8> -> tensor<3xi8>
  return %y : tensor<3xi8>
}

#expression = #qbias.requant<mode = float, form = float, lo = -128, hi = 127>
// (1 + 2 + 3 + 4) / 4 = 2.5; 3 * 5 / 2 = 7.5 and 3 * 3 / 2 = 4.5; (3 - 4) / 2.
// CHECK: "function":"float_expressions"
// CHECK-SAME: "values":[2]
// CHECK-SAME: "values":[8,4]
// CHECK-SAME: "values":[0,0]
func.func @float_expressions() -> (tensor<1x1x1x1xi8>, tensor<2xi8>, tensor<2xi8>) {
  %x = arith.constant dense<[[[[1], [2]], [[3], [4]]]]> : tensor<1x2x2x1xi8>
  %m = qbias.int.avg_pool %x {input_zp = 0 : i64, kernel = array<i64: 2, 2>, divisors = array<i64: 4>,
      reference = #one, requant = #expression} : tensor<1x2x2x1xi8> -> tensor<1x1x1x1xi8>
  %a = arith.constant dense<3> : tensor<2xi8>
  %b = arith.constant dense<[5, 3]> : tensor<2xi8>
  %p = qbias.int.mul %a, %b {lhs_zp = 0 : i64, rhs_zp = 0 : i64, reference = #pair, requant = #expression}
      : (tensor<2xi8>, tensor<2xi8>) -> tensor<2xi8>
  %c = arith.constant dense<[4, 2]> : tensor<2xi8>
  %s = qbias.int.add %a, %c {lhs_zp = 0 : i64, rhs_zp = 0 : i64, reference = #minus, requant = #expression}
      : (tensor<2xi8>, tensor<2xi8>) -> tensor<2xi8>
  return %m, %p, %s : tensor<1x1x1x1xi8>, tensor<2xi8>, tensor<2xi8>
}

#biased = #qbias.requant<mode = float, form = float_bias, multiplier = dense<0.5> : tensor<1xf64>,
    rounding = dense<0.25> : tensor<1xf64>, lo = -128, hi = 127>
// x / 2 + 0.25 = 0.25, 0.75, 2.75
// CHECK: "function":"float_bias_is_added_before_rounding"
// CHECK-SAME: "values":[0,1,3]
func.func @float_bias_is_added_before_rounding() -> tensor<3x1xi8> {
  %x = arith.constant dense<[[0], [1], [5]]> : tensor<3x1xi8>
  %w = arith.constant dense<1> : tensor<1x1xi8>
  %y = qbias.int.matmul %x, %w {lhs_zp = 0 : i64, rhs_zp = 0 : i64,
      reference = #qbias.reference<operands = [1.0], weights = dense<1.0> : tensor<1xf64>, result = !q>, requant = #biased}
      : (tensor<3x1xi8>, tensor<1x1xi8>) -> tensor<3x1xi8>
  return %y : tensor<3x1xi8>
}

// shift by nothing, with a zero point; and 2^1 = a left shift.
#left = #qbias.requant<mode = shift, form = affine, multiplier = dense<2> : tensor<1xi64>,
    shift = dense<0> : tensor<1xi64>, rounding = dense<5> : tensor<1xi64>, lo = -128, hi = 127>
// CHECK: "function":"shift_to_the_left"
// CHECK-SAME: "values":[3,5,11]
func.func @shift_to_the_left() -> tensor<3xi8> {
  %x = arith.constant dense<[-1, 0, 3]> : tensor<3xi8>
  %y = qbias.int.requantize %x {input_zp = 0 : i64, reference = #one, requant = #left} : tensor<3xi8> -> tensor<3xi8>
  return %y : tensor<3xi8>
}
