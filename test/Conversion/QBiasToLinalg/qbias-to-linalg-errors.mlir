// RUN: qbias-opt %s --convert-qbias-to-linalg --split-input-file --verify-diagnostics

#reference = #qbias.reference<operands = [1.0], result = !quant.uniform<i8:f32, 1.0>>
#requant = #qbias.requant<mode = exact, form = affine, multiplier = dense<1> : tensor<1xi64>,
    shift = dense<1> : tensor<1xi64>, rounding = dense<0> : tensor<1xi64>, lo = -128, hi = 127>
#layer = #qbias.layer<name = "rescale", op = "QuantizeLinear">

func.func @without_certificate(%x: tensor<1xi8>) -> tensor<1xi8> {
  // expected-error @below {{expects a certificate on layer 'rescale', got none; run --qbias-certify first}}
  %y = qbias.int.requantize %x {input_zp = 0 : i64, reference = #reference, requant = #requant, layer = #layer}
      : tensor<1xi8> -> tensor<1xi8>
  return %y : tensor<1xi8>
}

// -----

#reference = #qbias.reference<operands = [1.0], result = !quant.uniform<i8:f32, 1.0>>
#requant = #qbias.requant<mode = exact, form = affine, multiplier = dense<1> : tensor<1xi64>,
    shift = dense<1> : tensor<1xi64>, rounding = dense<0> : tensor<1xi64>, lo = -128, hi = 127>

func.func @without_bounds(%x: tensor<1xi8>) -> tensor<1xi8> {
  // expected-error @below {{failed to legalize operation 'qbias.int.requantize'}}
  %y = qbias.int.requantize %x {input_zp = 0 : i64, reference = #reference, requant = #requant,
      certificate = #qbias.certificate<channels = 1, certified = 1>} : tensor<1xi8> -> tensor<1xi8>
  return %y : tensor<1xi8>
}
