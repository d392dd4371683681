// A gate: (a - 3) * g with g in units of 1/256. The real multiplier is a power
// of two, so halves occur, and the half_even form decides them: with
// v = p * 2^30, y = ((v + 2^37 - 1 + odd) >> 38) + 3, odd the last bit of v >> 38.
// RUN: qbias-opt %s --qbias-certify=verify-only | FileCheck %s
// RUN: qbias-opt %s --qbias-to-linalg-pipeline | FileCheck %s --check-prefix=LINALG

!a = !quant.uniform<i8:f32, 0.5:3>
!gate = !quant.uniform<u8:f32, 0.00390625>

// LINALG-LABEL: func.func @gate
// LINALG: linalg.generic

// CHECK-LABEL: func.func @gate
// CHECK: qbias.int.mul
func.func @gate(%a: tensor<1x8x8x4xi8> {qbias.type = !a}, %g: tensor<1x1x1x4xui8> {qbias.type = !gate})
    -> (tensor<1x8x8x4xi8> {qbias.type = !a}) {
  %y = qbias.int.mul %a, %g
      {lhs_zp = 3, rhs_zp = 0, reference = #qbias.reference<operands = [0.5, 0.00390625], result = !a>,
       requant = #qbias.requant<mode = exact, form = half_even, multiplier = dense<1073741824> : tensor<1xi64>,
                                shift = dense<38> : tensor<1xi64>, rounding = dense<0> : tensor<1xi64>,
                                zero_point = 3, lo = -128, hi = 127>,
       bounds = #qbias.bounds<min = dense<-33405> : tensor<1xi64>, max = dense<31620> : tensor<1xi64>>,
       certificate = #qbias.certificate<channels = 1, certified = 1, rounding_min = dense<0> : tensor<1xi64>,
                                        rounding_max = dense<0> : tensor<1xi64>>}
      : (tensor<1x8x8x4xi8>, tensor<1x1x1x4xui8>) -> tensor<1x8x8x4xi8>
  return %y : tensor<1x8x8x4xi8>
}
