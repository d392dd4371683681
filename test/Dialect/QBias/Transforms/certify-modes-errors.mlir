// What modes refuse, and what they warn about.
//
// RUN: qbias-opt %s --split-input-file --verify-diagnostics --qbias-certify -o /dev/null

!out = !quant.uniform<i8:f32, 1.0>

// Both layers get a message each; the scale that would do is the weight's of that channel.
func.func @main(%x: tensor<1x1x1x1xi8> {qbias.type = !out}) -> (tensor<1x1x1x2xi8>, tensor<1x1x1x1xi8>) {
  %w = arith.constant dense<1> : tensor<2x1x1x1xi8>
  // expected-error @+1 {{mode shift: expects input scale * weight scale / output scale to be a power of two, got 0.3 in channel 1; a weight scale of 0.25 instead of 0.3 would make it 2^-2}}
  %y = qbias.int.conv2d %x, %w
      {input_zp = 0, reference = #qbias.reference<operands = [1.0], weights = dense<[0.25, 0.3]> : tensor<2xf64>, result = !out>,
       requant = #qbias.requant<mode = shift, form = affine, multiplier = dense<1> : tensor<2xi64>, shift = dense<1> : tensor<2xi64>,
                                rounding = dense<0> : tensor<2xi64>, lo = -128, hi = 127>}
      : (tensor<1x1x1x1xi8>, tensor<2x1x1x1xi8>) -> tensor<1x1x1x2xi8>
  %v = arith.constant dense<1> : tensor<1x1x1x1xi8>
  // expected-error @+1 {{mode shift: expects input scale * weight scale / output scale to be a power of two, got 0.7 in channel 0; an output scale of 1.4 instead of 1 would make it 2^-1}}
  %z = qbias.int.conv2d %x, %v
      {input_zp = 0, reference = #qbias.reference<operands = [1.0], weights = dense<0.7> : tensor<1xf64>, result = !out>,
       requant = #qbias.requant<mode = shift, form = affine, multiplier = dense<1> : tensor<1xi64>, shift = dense<1> : tensor<1xi64>,
                                rounding = dense<0> : tensor<1xi64>, lo = -128, hi = 127>}
      : (tensor<1x1x1x1xi8>, tensor<1x1x1x1xi8>) -> tensor<1x1x1x1xi8>
  return %y, %z : tensor<1x1x1x2xi8>, tensor<1x1x1x1xi8>
}

// -----

!out = !quant.uniform<i8:f32, 1.0>

func.func @main(%x: tensor<1x1x1x1xi8> {qbias.type = !out}) -> tensor<1x1x1x2xi8> {
  %w = arith.constant dense<1> : tensor<2x1x1x1xi8>
  // expected-warning @+1 {{mode tflite flushes the multipliers of 1 of 2 channels to 0, as the reference kernel does below 2^-32: channel 1}}
  %y = qbias.int.conv2d %x, %w
      {input_zp = 0, reference = #qbias.reference<operands = [1.0], weights = dense<[0.25, 1.0e-12]> : tensor<2xf64>, result = !out>,
       requant = #qbias.requant<mode = tflite, form = affine, multiplier = dense<1> : tensor<2xi64>, shift = dense<1> : tensor<2xi64>,
                                rounding = dense<0> : tensor<2xi64>, lo = -128, hi = 127>}
      : (tensor<1x1x1x1xi8>, tensor<2x1x1x1xi8>) -> tensor<1x1x1x2xi8>
  return %y : tensor<1x1x1x2xi8>
}
