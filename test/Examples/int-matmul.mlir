// A last layer without quantize: the accumulator itself is the result, and the
// function says that real = acc * scale + offset.
//   acc[0] = 8 + (x0 - 3) * 1 + (x1 - 3) * -2 + (x2 - 3) * 3
// RUN: qbias-opt %s --qbias-certify=verify-only | FileCheck %s
// RUN: qbias-opt %s --qbias-to-linalg-pipeline | FileCheck %s --check-prefix=LINALG

!in = !quant.uniform<i8:f32, 0.5:3>

// LINALG-LABEL: func.func @classifier
// LINALG: linalg.matmul

// CHECK-LABEL: func.func @classifier
// CHECK: qbias.int.matmul
func.func @classifier(%x: tensor<1x3xi8> {qbias.type = !in})
    -> (tensor<1x2xi32> {qbias.axis = 1, qbias.real, qbias.scales = array<f64: 0.125, 0.0625>,
                         qbias.offsets = array<f64: 0.0, 0.007499992847442627>}) {
  %w = arith.constant dense<[[1, -2, 3], [4, 5, -6]]> : tensor<2x3xi8>
  %b = arith.constant dense<[8, -7]> : tensor<2xi32>
  %y = qbias.int.matmul %x, %w bias %b
      {lhs_zp = 3, rhs_zp = 0, bias_case = #qbias<bias_case float>,
       reference = #qbias.reference<operands = [0.5], weights = dense<[0.25, 0.125]> : tensor<2xf64>,
                                    bias = dense<[1.0, -0.43]> : tensor<2xf32>>,
       requant = #qbias.requant<mode = exact, form = accumulator>,
       bounds = #qbias.bounds<min = dense<[-764, -1930]> : tensor<2xi64>, max = dense<[766, 1895]> : tensor<2xi64>>,
       certificate = #qbias.certificate<channels = 2, certified = 2>}
      : (tensor<1x3xi8>, tensor<2x3xi8>, tensor<2xi32>) -> tensor<1x2xi32>
  return %y : tensor<1x2xi32>
}
