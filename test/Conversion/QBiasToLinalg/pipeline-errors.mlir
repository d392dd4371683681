// Code generation proves a certificate again before it relies on it.
// RUN: qbias-opt %s --qbias-to-linalg-pipeline --verify-diagnostics
// RUN: qbias-opt %s --qbias-to-linalg-pipeline="trusted=true" -o /dev/null

#reference = #qbias.reference<operands = [1.0], result = !quant.uniform<i8:f32, 3.0>>
#bounds = #qbias.bounds<min = dense<-128> : tensor<1xi64>, max = dense<127> : tensor<1xi64>>
#requant = #qbias.requant<mode = exact, form = affine, multiplier = dense<1> : tensor<1xi64>,
    shift = dense<1> : tensor<1xi64>, rounding = dense<0> : tensor<1xi64>, lo = -128, hi = 127>

func.func @main(%x: tensor<1xi8>) -> tensor<1xi8> {
  // expected-error @below {{certificate is wrong: expects 1 proven channels, got 0; channel 0: }}
  %y = qbias.int.requantize %x {input_zp = 0 : i64, reference = #reference, requant = #requant, bounds = #bounds,
      certificate = #qbias.certificate<channels = 1, certified = 1>} : tensor<1xi8> -> tensor<1xi8>
  return %y : tensor<1xi8>
}
