// A 16-bit tensor gets another scale, 0.001 to 0.5, and 8 bits. The constants
// come from --qbias-certify, which replaces the plain recipe below.
// RUN: qbias-opt %s --qbias-certify | FileCheck %s
// RUN: qbias-opt %s --qbias-certify --qbias-to-linalg-pipeline | FileCheck %s --check-prefix=LINALG

!in = !quant.uniform<i16:f32, 0.001>
!out = !quant.uniform<i8:f32, 0.5:-3>

// LINALG-LABEL: func.func @narrow
// LINALG: linalg.generic

// CHECK-DAG: #qbias.bounds<min = dense<-32768> : tensor<1xi64>, max = dense<32767> : tensor<1xi64>>
// CHECK-DAG: #qbias.certificate<channels = 1, certified = 1
// CHECK-LABEL: func.func @narrow
// CHECK: qbias.int.requantize
func.func @narrow(%x: tensor<4xi16> {qbias.type = !in}) -> (tensor<4xi8> {qbias.type = !out}) {
  %y = qbias.int.requantize %x
      {input_zp = 0, reference = #qbias.reference<operands = [0.001], result = !out>,
       requant = #qbias.requant<mode = single, form = affine, multiplier = dense<1099511628> : tensor<1xi64>,
                                shift = dense<39> : tensor<1xi64>, rounding = dense<-1374389534720> : tensor<1xi64>,
                                lo = -128, hi = 127>}
      : tensor<4xi16> -> tensor<4xi8>
  return %y : tensor<4xi8>
}
