// (a - 3) * 0.5 + (b + 1) * 0.75 in units of 1.1, rounded once: 122016116 is
// 0.5 / 1.1 * 2^28, 183024174 is 0.75 / 1.1 * 2^28, and the rounding constant
// holds both zero points and the half,
//   (1/2 - 3 * 0.5 / 1.1 + 1 * 0.75 / 1.1) * 2^28 = -48806446.5...
// All 65536 pairs are compared with the reference.
// RUN: qbias-opt %s --qbias-certify=verify-only | FileCheck %s
// RUN: qbias-opt %s --qbias-to-linalg-pipeline | FileCheck %s --check-prefix=LINALG

!a = !quant.uniform<i8:f32, 0.5:3>
!b = !quant.uniform<i8:f32, 0.75:-1>
!y = !quant.uniform<i8:f32, 1.1>

// LINALG-LABEL: func.func @residual
// LINALG: linalg.generic

// CHECK-LABEL: func.func @residual
// CHECK: qbias.int.add
func.func @residual(%a: tensor<1x8xi8> {qbias.type = !a}, %b: tensor<1x8xi8> {qbias.type = !b})
    -> (tensor<1x8xi8> {qbias.type = !y}) {
  %y = qbias.int.add %a, %b
      {lhs_zp = 3, rhs_zp = -1, reference = #qbias.reference<operands = [0.5, 0.75], result = !y>,
       requant = #qbias.requant<mode = exact, form = affine, multiplier = dense<122016116> : tensor<1xi64>,
                                addend_multiplier = dense<183024174> : tensor<1xi64>, shift = dense<28> : tensor<1xi64>,
                                rounding = dense<-48806447> : tensor<1xi64>, lo = -128, hi = 127>,
       certificate = #qbias.certificate<channels = 1, certified = 1, rounding_min = dense<-48806448> : tensor<1xi64>,
                                        rounding_max = dense<-48806445> : tensor<1xi64>>}
      : (tensor<1x8xi8>, tensor<1x8xi8>) -> tensor<1x8xi8>
  return %y : tensor<1x8xi8>
}
