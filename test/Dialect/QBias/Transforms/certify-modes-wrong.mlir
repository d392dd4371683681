// Numbers of a mode in a file are claims: they have to be those the scales give.
//
// RUN: qbias-opt %s --split-input-file --verify-diagnostics --qbias-certify=verify-only -o /dev/null

!out = !quant.uniform<i8:f32, 1.0>

func.func @main(%x: tensor<4xi8> {qbias.type = !out}) -> tensor<4xi8> {
  // expected-error @+1 {{certificate is wrong: multiplier differs from what mode tflite derives from the scales; run --qbias-certify}}
  %y = qbias.int.requantize %x
      {input_zp = 0, reference = #qbias.reference<operands = [1.0], result = !out>,
       requant = #qbias.requant<mode = tflite, form = double_round, multiplier = dense<1073741825> : tensor<1xi64>,
                                shift = dense<30> : tensor<1xi64>, lo = -128, hi = 127>,
       bounds = #qbias.bounds<min = dense<-128> : tensor<1xi64>, max = dense<127> : tensor<1xi64>>,
       certificate = #qbias.certificate<channels = 1, certified = 1>}
      : tensor<4xi8> -> tensor<4xi8>
  return %y : tensor<4xi8>
}

// -----

!out = !quant.uniform<i8:f32, 1.0>

func.func @main(%x: tensor<4xi8> {qbias.type = !out}) -> tensor<4xi8> {
  // expected-error @+1 {{certificate is wrong: count of certified channels differs from what mode tflite derives from the scales; run --qbias-certify}}
  %y = qbias.int.requantize %x
      {input_zp = 0, reference = #qbias.reference<operands = [1.0], result = !out>,
       requant = #qbias.requant<mode = tflite, form = double_round, multiplier = dense<1073741824> : tensor<1xi64>,
                                shift = dense<30> : tensor<1xi64>, lo = -128, hi = 127>,
       bounds = #qbias.bounds<min = dense<-128> : tensor<1xi64>, max = dense<127> : tensor<1xi64>>,
       certificate = #qbias.certificate<channels = 1, certified = 0>}
      : tensor<4xi8> -> tensor<4xi8>
  return %y : tensor<4xi8>
}

// -----

!out = !quant.uniform<i8:f32, 1.0>

func.func @main(%x: tensor<4xi8> {qbias.type = !out}) -> tensor<4xi8> {
  // expected-error @+1 {{certificate is wrong: expects accumulator bound [-128, 127] in channel 0, got [-1, 127]}}
  %y = qbias.int.requantize %x
      {input_zp = 0, reference = #qbias.reference<operands = [1.0], result = !out>,
       requant = #qbias.requant<mode = tflite, form = double_round, multiplier = dense<1073741824> : tensor<1xi64>,
                                shift = dense<30> : tensor<1xi64>, lo = -128, hi = 127>,
       bounds = #qbias.bounds<min = dense<-1> : tensor<1xi64>, max = dense<127> : tensor<1xi64>>,
       certificate = #qbias.certificate<channels = 1, certified = 1>}
      : tensor<4xi8> -> tensor<4xi8>
  return %y : tensor<4xi8>
}
