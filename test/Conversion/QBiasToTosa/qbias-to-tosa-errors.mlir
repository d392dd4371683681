// RUN: qbias-opt %s --convert-qbias-to-tosa --split-input-file --verify-diagnostics

!y = !quant.uniform<i8:f32, 1.0>

func.func @without_certificate(%x: tensor<1xi8>) -> tensor<1xi8> {
  // expected-error @below {{expects a certificate on layer 'rescale', got none; run --qbias-certify first}}
  %y = qbias.int.requantize %x {input_zp = 0 : i64, reference = #qbias.reference<operands = [1.0], result = !y>,
      requant = #qbias.requant<mode = exact, form = affine, multiplier = dense<1> : tensor<1xi64>,
          shift = dense<1> : tensor<1xi64>, rounding = dense<0> : tensor<1xi64>, lo = -128, hi = 127>,
      layer = #qbias.layer<name = "rescale", op = "QuantizeLinear">} : tensor<1xi8> -> tensor<1xi8>
  return %y : tensor<1xi8>
}

// -----

// expected-error @below {{argument 0 is a 'tensor<1xi16>', expected a static tensor of 8-bit integers for TOSA}}
func.func @wide(%x: tensor<1xi16>) -> tensor<1xi16> {
  return %x : tensor<1xi16>
}

// -----

// expected-error @below {{expected a static tensor of 8-bit integers for TOSA, in a module of the stage integer}}
func.func @before_the_stage_integer(%x: tensor<1x!quant.uniform<i8:f32, 1.0>>) -> tensor<1x!quant.uniform<i8:f32, 1.0>> {
  return %x : tensor<1x!quant.uniform<i8:f32, 1.0>>
}

// -----

func.func @pool_with_holes(%x: tensor<1x3x3x1xi8>) -> tensor<1x1x1x1xi8> {
  // expected-error @below {{expects a max pool of 8 bits without dilations for TOSA}}
  %y = qbias.int.max_pool %x {kernel = array<i64: 2, 2>, dilations = array<i64: 2, 2>}
      : tensor<1x3x3x1xi8> -> tensor<1x1x1x1xi8>
  return %y : tensor<1x1x1x1xi8>
}
