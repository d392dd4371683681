// A mean that does not count padding: windows of two rows, the first of which
// lies outside at the top, hold 2 or 4 positions. One scale throughout, so the
// mean is S / 2 or S / 4, rounded half to even, plus the zero point.
// RUN: qbias-opt %s --qbias-certify=verify-only | FileCheck %s
// RUN: qbias-opt %s --qbias-to-linalg-pipeline | FileCheck %s --check-prefix=LINALG

!act = !quant.uniform<i8:f32, 0.5:3>

// LINALG-LABEL: func.func @mean
// LINALG: linalg.pooling_nhwc_sum
// LINALG: linalg.generic

// CHECK-LABEL: func.func @mean
// CHECK: qbias.int.avg_pool
func.func @mean(%x: tensor<1x4x4x3xi8> {qbias.type = !act}) -> (tensor<1x4x3x3xi8> {qbias.type = !act}) {
  %y = qbias.int.avg_pool %x
      {input_zp = 3, kernel = array<i64: 2, 2>, pads = array<i64: 1, 0, 0, 0>, divisors = array<i64: 2, 4>,
       reference = #qbias.reference<operands = [0.5], result = !act>,
       requant = #qbias.requant<mode = exact, form = half_even, multiplier = dense<1073741824> : tensor<2xi64>,
                                shift = dense<[31, 32]> : tensor<2xi64>, rounding = dense<0> : tensor<2xi64>,
                                zero_point = 3, lo = -128, hi = 127>,
       bounds = #qbias.bounds<min = dense<[-262, -524]> : tensor<2xi64>, max = dense<[248, 496]> : tensor<2xi64>>,
       certificate = #qbias.certificate<channels = 2, certified = 2>}
      : tensor<1x4x4x3xi8> -> tensor<1x4x3x3xi8>
  return %y : tensor<1x4x3x3xi8>
}
