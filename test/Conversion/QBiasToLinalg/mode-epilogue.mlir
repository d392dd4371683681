// The scalar bodies of the modes beside exact.
//
// RUN: qbias-opt %s --split-input-file --convert-qbias-to-linalg | FileCheck %s

!x = !quant.uniform<i8:f32, 1.0>
!y = !quant.uniform<i8:f32, 4.0:5>

// A shift of 34 is 31 bits of the product, and 3 that round half away from zero.
// CHECK-LABEL: @double_round
// CHECK: linalg.generic
// CHECK: %[[P:.*]] = arith.muli %{{.*}}, %c1500000000_i64
// CHECK: %[[N:.*]] = arith.addi %[[P]], %c1073741824_i64
// CHECK: %[[H:.*]] = arith.shrsi %[[N]], %c31_i64
// CHECK: %[[S:.*]] = arith.shrsi %[[H]], %c63_i64
// CHECK: %[[D:.*]] = arith.addi %[[H]], %[[H]]
// CHECK: %[[R:.*]] = arith.addi %[[D]], %c8_i64
// CHECK: %[[T:.*]] = arith.addi %[[R]], %[[S]]
// CHECK: arith.shrsi %[[T]], %c4_i64
func.func @double_round(%q: tensor<4xi8> {qbias.type = !x}) -> (tensor<4xi8> {qbias.type = !y}) {
  %y = qbias.int.requantize %q
      {input_zp = 0, reference = #qbias.reference<operands = [1.0], result = !y>,
       requant = #qbias.requant<mode = tflite, form = double_round, multiplier = dense<1500000000> : tensor<1xi64>,
                                shift = dense<34> : tensor<1xi64>, zero_point = 5, lo = -128, hi = 127>,
       bounds = #qbias.bounds<min = dense<-128> : tensor<1xi64>, max = dense<127> : tensor<1xi64>>,
       certificate = #qbias.certificate<channels = 1, certified = 0>}
      : tensor<4xi8> -> tensor<4xi8>
  return %y : tensor<4xi8>
}

// -----

!x = !quant.uniform<i8:f32, 1.0:2>

// The window's sum with its zero points, then a division towards zero.
// CHECK-LABEL: @divide
// CHECK: linalg.pooling_nhwc_sum
// CHECK: linalg.generic
// CHECK: %[[POSITIVE:.*]] = arith.cmpi sgt
// CHECK: %[[SUM:.*]] = arith.select %[[POSITIVE]]
// CHECK: arith.divsi %[[SUM]]
func.func @divide(%q: tensor<1x2x2x1xi8> {qbias.type = !x}) -> (tensor<1x1x1x1xi8> {qbias.type = !x}) {
  %y = qbias.int.avg_pool %q
      {input_zp = 2, kernel = array<i64: 2, 2>, divisors = array<i64: 4>,
       reference = #qbias.reference<operands = [1.0], result = !x>,
       requant = #qbias.requant<mode = tflite, form = divide, zero_point = 2, lo = -128, hi = 127>,
       bounds = #qbias.bounds<min = dense<-520> : tensor<1xi64>, max = dense<500> : tensor<1xi64>>,
       certificate = #qbias.certificate<channels = 1, certified = 0>}
      : tensor<1x2x2x1xi8> -> tensor<1x1x1x1xi8>
  return %y : tensor<1x1x1x1xi8>
}

// -----

!x = !quant.uniform<i8:f32, 1.0:2>

// A mean in float sums float32 values.
// CHECK-LABEL: @float_mean
// CHECK: arith.sitofp
// CHECK: arith.mulf
// CHECK: linalg.pooling_nhwc_sum {{.*}}f32
// CHECK: arith.divf
// CHECK: arith.divf
// CHECK: arith.fptosi
func.func @float_mean(%q: tensor<1x2x2x1xi8> {qbias.type = !x}) -> (tensor<1x1x1x1xi8> {qbias.type = !x}) {
  %y = qbias.int.avg_pool %q
      {input_zp = 2, kernel = array<i64: 2, 2>, divisors = array<i64: 4>,
       reference = #qbias.reference<operands = [1.0], result = !x>,
       requant = #qbias.requant<mode = float, form = float, zero_point = 2, lo = -128, hi = 127>,
       bounds = #qbias.bounds<min = dense<-520> : tensor<1xi64>, max = dense<500> : tensor<1xi64>>,
       certificate = #qbias.certificate<channels = 1, certified = 0>}
      : tensor<1x2x2x1xi8> -> tensor<1x1x1x1xi8>
  return %y : tensor<1x1x1x1xi8>
}
