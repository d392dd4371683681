// Softmax in both families: failing cases for every constraint, under its label
// of docs/Spec.md.
// RUN: qbias-opt %s --split-input-file --verify-diagnostics

// softmax_c1
func.func @f(%x: tensor<f32>) {
  // expected-error @+1 {{C1: expects rows of 1 to 1048576 elements}}
  %0 = qbias.softmax %x beta 1.0 : tensor<f32>
  return
}

// -----

// softmax_c1_long
func.func @f(%x: tensor<1048577xf32>) {
  // expected-error @+1 {{C1: expects rows of 1 to 1048576 elements, got 'tensor<1048577xf32>'}}
  %0 = qbias.softmax %x beta 1.0 : tensor<1048577xf32>
  return
}

// -----

// softmax_c2
func.func @f(%x: tensor<4xf32>) {
  // expected-error @+1 {{C2: expects a positive finite beta, got 0}}
  %0 = qbias.softmax %x beta 0.0 : tensor<4xf32>
  return
}

// -----

// softmax_c2_infinite
func.func @f(%x: tensor<4xf32>) {
  // expected-error @+1 {{C2: expects a positive finite beta}}
  %0 = qbias.softmax %x beta 0x7FF0000000000000 : tensor<4xf32>
  return
}

// -----

// int_softmax_c1
func.func @f(%x: tensor<4xi8>) {
  // expected-error @+1 {{C1: expects one shape, got 'tensor<4xi8>' and 'tensor<2x2xi8>'}}
  %0 = qbias.int.softmax %x
      {input_scale = 0.125 : f64, beta = 1.0 : f64, result_type = !quant.uniform<i8:f32, 0.00390625:-128>,
       exponentials = dense<1073741824> : tensor<256xi32>, multiplier = 256 : i64, shift = 0 : i64}
      : tensor<4xi8> -> tensor<2x2xi8>
  return
}

// -----

// int_softmax_c1_long
func.func @f(%x: tensor<4097xi8>) {
  // expected-error @+1 {{C1: expects rows of 1 to 4096 elements, got 'tensor<4097xi8>'}}
  %0 = qbias.int.softmax %x
      {input_scale = 0.125 : f64, beta = 1.0 : f64, result_type = !quant.uniform<i8:f32, 0.00390625:-128>,
       exponentials = dense<1073741824> : tensor<256xi32>, tflite, multiplier = 1 : i64, shift = 0 : i64}
      : tensor<4097xi8> -> tensor<4097xi8>
  return
}

// -----

// int_softmax_c2
func.func @f(%x: tensor<4xi8>) {
  // expected-error @+1 {{C2: expects a positive finite scale and beta}}
  %0 = qbias.int.softmax %x
      {input_scale = 0.0 : f64, beta = 1.0 : f64, result_type = !quant.uniform<i8:f32, 0.00390625:-128>,
       exponentials = dense<1073741824> : tensor<256xi32>, multiplier = 256 : i64, shift = 0 : i64}
      : tensor<4xi8> -> tensor<4xi8>
  return
}

// -----

// int_softmax_c2_beta
func.func @f(%x: tensor<4xi8>) {
  // expected-error @+1 {{C2: expects a positive finite scale and beta}}
  %0 = qbias.int.softmax %x
      {input_scale = 0.125 : f64, beta = -1.0 : f64, result_type = !quant.uniform<i8:f32, 0.00390625:-128>,
       exponentials = dense<1073741824> : tensor<256xi32>, multiplier = 256 : i64, shift = 0 : i64}
      : tensor<4xi8> -> tensor<4xi8>
  return
}

// -----

// int_softmax_c3
func.func @f(%x: tensor<4xi8>) {
  // expected-error @+1 {{C3: expects a result of type '!quant.uniform<i8:f32, 3.906250e-03:-128>', got 'i16'}}
  %0 = qbias.int.softmax %x
      {input_scale = 0.125 : f64, beta = 1.0 : f64, result_type = !quant.uniform<i8:f32, 0.00390625:-128>,
       exponentials = dense<1073741824> : tensor<256xi32>, multiplier = 256 : i64, shift = 0 : i64}
      : tensor<4xi8> -> tensor<4xi16>
  return
}

// -----

// int_softmax_c3_axis
func.func @f(%x: tensor<4xi8>) {
  // expected-error @+1 {{C3: expects a result of type}}
  %0 = qbias.int.softmax %x
      {input_scale = 0.125 : f64, beta = 1.0 : f64, result_type = !quant.uniform<i8:f32:0, {0.5, 0.25, 0.5, 0.25}>,
       exponentials = dense<1073741824> : tensor<256xi32>, multiplier = 256 : i64, shift = 0 : i64}
      : tensor<4xi8> -> tensor<4xi8>
  return
}

// -----

// int_softmax_c4
func.func @f(%x: tensor<4xi8>) {
  // expected-error @+1 {{C4: expects 256 exponentials of i32 from 0, the first at least 16384, got 255}}
  %0 = qbias.int.softmax %x
      {input_scale = 0.125 : f64, beta = 1.0 : f64, result_type = !quant.uniform<i8:f32, 0.00390625:-128>,
       exponentials = dense<1073741824> : tensor<255xi32>, multiplier = 256 : i64, shift = 0 : i64}
      : tensor<4xi8> -> tensor<4xi8>
  return
}

// -----

// int_softmax_c4_zero
func.func @f(%x: tensor<4xi8>) {
  // expected-error @+1 {{C4: expects 256 exponentials of i32 from 0, the first at least 16384, got 256, the first 0}}
  %0 = qbias.int.softmax %x
      {input_scale = 0.125 : f64, beta = 1.0 : f64, result_type = !quant.uniform<i8:f32, 0.00390625:-128>,
       exponentials = dense<0> : tensor<256xi32>, multiplier = 256 : i64, shift = 0 : i64}
      : tensor<4xi8> -> tensor<4xi8>
  return
}

// -----

// int_softmax_c4_reciprocals
func.func @f(%x: tensor<4xi16>) {
  // expected-error @+1 {{C4: expects 513 reciprocals of i32 from 0, the first at least 16384, got 0}}
  %0 = qbias.int.softmax %x
      {input_scale = 0.125 : f64, beta = 1.0 : f64, result_type = !quant.uniform<i16:f32, 0.000030517578125>,
       exponentials = dense<32767> : tensor<65536xi32>, tflite, multiplier = 1 : i64, shift = 0 : i64}
      : tensor<4xi16> -> tensor<4xi16>
  return
}

// -----

// int_softmax_c4_superfluous
func.func @f(%x: tensor<4xi8>) {
  // expected-error @+1 {{C4: expects 0 reciprocals of i32}}
  %0 = qbias.int.softmax %x
      {input_scale = 0.125 : f64, beta = 1.0 : f64, result_type = !quant.uniform<i8:f32, 0.00390625:-128>,
       exponentials = dense<1073741824> : tensor<256xi32>, reciprocals = dense<32767> : tensor<513xi32>, multiplier = 256 : i64, shift = 0 : i64}
      : tensor<4xi8> -> tensor<4xi8>
  return
}

// -----

// int_softmax_c5
func.func @f(%x: tensor<4xi8>) {
  // expected-error @+1 {{C5: expects a multiplier below 2^31 and a shift up to 28, got 0 and 0}}
  %0 = qbias.int.softmax %x
      {input_scale = 0.125 : f64, beta = 1.0 : f64, result_type = !quant.uniform<i8:f32, 0.00390625:-128>,
       exponentials = dense<1073741824> : tensor<256xi32>, multiplier = 0 : i64, shift = 0 : i64}
      : tensor<4xi8> -> tensor<4xi8>
  return
}

// -----

// int_softmax_c5_shift
func.func @f(%x: tensor<4xi8>) {
  // expected-error @+1 {{C5: expects a multiplier below 2^31 and a shift up to 28, got 1 and 29}}
  %0 = qbias.int.softmax %x
      {input_scale = 0.125 : f64, beta = 1.0 : f64, result_type = !quant.uniform<i8:f32, 0.00390625:-128>,
       exponentials = dense<1073741824> : tensor<256xi32>, multiplier = 1 : i64, shift = 29 : i64}
      : tensor<4xi8> -> tensor<4xi8>
  return
}

// -----

// int_softmax_c5_tflite
func.func @f(%x: tensor<4xi8>) {
  // expected-error @+1 {{C5: expects a multiplier below 2^31 and a shift up to 28, got 256 and 0}}
  %0 = qbias.int.softmax %x
      {input_scale = 0.125 : f64, beta = 1.0 : f64, result_type = !quant.uniform<i8:f32, 0.00390625:-128>,
       exponentials = dense<1073741824> : tensor<256xi32>, tflite, multiplier = 256 : i64, shift = 0 : i64}
      : tensor<4xi8> -> tensor<4xi8>
  return
}
