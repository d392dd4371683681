// The integer family: every operation, attribute, form and mode, through text
// and bytecode.
// RUN: qbias-opt %s --verify-roundtrip | FileCheck %s
// RUN: qbias-opt %s --emit-bytecode | qbias-opt | FileCheck %s

!out = !quant.uniform<i8:f32, 0.5:3>
!out16 = !quant.uniform<i16:f32, 0.5>
!outu = !quant.uniform<u8:f32, 0.5:128>

#weighted = #qbias.reference<operands = [0.25], weights = dense<[0.5, 0.25]> : tensor<2xf64>, result = !out>
#one = #qbias.reference<operands = [0.25], result = !out>
#two = #qbias.reference<operands = [0.25, 0.5], result = !out>
#affine2 = #qbias.requant<mode = exact, form = affine, multiplier = dense<[536870912, 268435456]> : tensor<2xi64>,
    shift = dense<31> : tensor<2xi64>, rounding = dense<[7516192768, 7516192767]> : tensor<2xi64>, lo = -128, hi = 127>
#affine = #qbias.requant<mode = single, form = affine, multiplier = dense<1073741824> : tensor<1xi64>,
    shift = dense<31> : tensor<1xi64>, rounding = dense<1073741824> : tensor<1xi64>, lo = -128, hi = 127>
#sum = #qbias.requant<mode = exact, form = affine, multiplier = dense<262144> : tensor<1xi64>,
    addend_multiplier = dense<-524288> : tensor<1xi64>, shift = dense<19> : tensor<1xi64>,
    rounding = dense<-262144> : tensor<1xi64>, lo = -128, hi = 127>
#layer = #qbias.layer<name = "layer", op = "Conv", tensor = "y">

// CHECK-LABEL: func.func @conv2d_every_attribute
func.func @conv2d_every_attribute(%x: tensor<1x4x4x2xui8>, %w: tensor<2x3x3x1xi8>, %b: tensor<2xi32>, %a: tensor<1x2x2x2xi8>)
    -> tensor<1x2x2x2xi8> {
  // CHECK: qbias.int.conv2d %{{.*}}, %{{.*}} bias %{{.*}} addend %{{[a-z0-9]+}} {
  // CHECK-SAME: addend_zp = -1 : i64, bias_case = #qbias<bias_case float>, bounds = #bounds{{[0-9]*}}, certificate = #certificate{{[0-9]*}}, dilations = array<i64: 1, 2>, groups = 2 : i64, input_zp = 128 : i64, layer = #layer{{[0-9]*}}, pads = array<i64: 1, 1, 0, 1>, reference = #reference{{[0-9]*}}, requant = #requant{{[0-9]*}}, strides = array<i64: 2, 1>}
  // CHECK-SAME: (tensor<1x4x4x2xui8>, tensor<2x3x3x1xi8>, tensor<2xi32>, tensor<1x2x2x2xi8>) -> tensor<1x2x2x2xi8>
  %0 = qbias.int.conv2d %x, %w bias %b addend %a
      {input_zp = 128, strides = array<i64: 2, 1>, pads = array<i64: 1, 1, 0, 1>, dilations = array<i64: 1, 2>,
       groups = 2, addend_zp = -1, bias_case = #qbias<bias_case float>,
       reference = #qbias.reference<operands = [0.25, -0.5], weights = dense<0.5> : tensor<1xf64>,
                                    bias = dense<[12, -7]> : tensor<2xi32>, bias_unit = dense<0.125> : tensor<1xf64>,
                                    steps = [#qbias.clamp<lo = 0.0 : f64, hi = 6.0 : f64>,
                                             #qbias.unary<function = leaky_relu, alpha = 0.1 : f64>,
                                             #qbias.linear<factor = 2.0 : f64, offset = 1.0 : f64>, !out],
                                    result = !out>,
       requant = #qbias.requant<mode = exact, form = half_even, multiplier = dense<1> : tensor<2xi64>,
                                addend_multiplier = dense<[-2, 2]> : tensor<2xi64>, shift = dense<[1, 62]> : tensor<2xi64>,
                                rounding = dense<0> : tensor<2xi64>, zero_point = 3, lo = 3, hi = 127>,
       bounds = #qbias.bounds<min = dense<-5> : tensor<2xi64>, max = dense<[5, 9223372036854775807]> : tensor<2xi64>>,
       certificate = #qbias.certificate<channels = 2, certified = 1, rounding_min = dense<0> : tensor<2xi64>,
                                        rounding_max = dense<[0, 1]> : tensor<2xi64>>,
       layer = #layer}
      : (tensor<1x4x4x2xui8>, tensor<2x3x3x1xi8>, tensor<2xi32>, tensor<1x2x2x2xi8>) -> tensor<1x2x2x2xi8>
  return %0 : tensor<1x2x2x2xi8>
}

// CHECK-LABEL: func.func @conv2d_defaults
func.func @conv2d_defaults(%x: tensor<1x4x4x2xi16>, %w: tensor<2x1x1x2xi16>, %b: tensor<2xi64>)
    -> (tensor<1x4x4x2xi8>, tensor<1x4x4x2xi8>) {
  // CHECK: qbias.int.conv2d %{{.*}}, %{{[a-z0-9]+}} {input_zp = 0 : i64, reference = #reference{{[0-9]*}}, requant = #requant{{[0-9]*}}} : (tensor<1x4x4x2xi16>, tensor<2x1x1x2xi16>) -> tensor<1x4x4x2xi8>
  %0 = qbias.int.conv2d %x, %w {input_zp = 0, reference = #weighted, requant = #affine2}
      : (tensor<1x4x4x2xi16>, tensor<2x1x1x2xi16>) -> tensor<1x4x4x2xi8>
  // CHECK: qbias.int.conv2d %{{.*}}, %{{.*}} bias %{{[a-z0-9]+}} {
  %1 = qbias.int.conv2d %x, %w bias %b {input_zp = 0, reference = #weighted, requant = #affine2}
      : (tensor<1x4x4x2xi16>, tensor<2x1x1x2xi16>, tensor<2xi64>) -> tensor<1x4x4x2xi8>
  return %0, %1 : tensor<1x4x4x2xi8>, tensor<1x4x4x2xi8>
}

// CHECK-LABEL: func.func @threshold_form
func.func @threshold_form(%x: tensor<1x1x1x2xi8>, %w: tensor<2x1x1x2xi8>) -> tensor<1x1x1x2xi8> {
  // CHECK: qbias.int.conv2d
  %0 = qbias.int.conv2d %x, %w
      {input_zp = 0, reference = #weighted,
       requant = #qbias.requant<mode = exact, form = threshold,
                                thresholds = dense<[[-1, 4, 9], [0, 0, 7]]> : tensor<2x3xi64>, lo = -1, hi = 2>}
      : (tensor<1x1x1x2xi8>, tensor<2x1x1x2xi8>) -> tensor<1x1x1x2xi8>
  return %0 : tensor<1x1x1x2xi8>
}

// CHECK-LABEL: func.func @accumulator_form
func.func @accumulator_form(%x: tensor<1x2xi8>, %w: tensor<2x2xi8>) -> (tensor<1x2xi32>, tensor<1x2xi64>) {
  %0 = qbias.int.matmul %x, %w
      {lhs_zp = -128, rhs_zp = 0,
       reference = #qbias.reference<operands = [0.25], weights = dense<[0.5, 0.25]> : tensor<2xf32>>,
       requant = #qbias.requant<mode = exact, form = accumulator>}
      : (tensor<1x2xi8>, tensor<2x2xi8>) -> tensor<1x2xi32>
  // CHECK: qbias.int.matmul %{{.*}} -> tensor<1x2xi64>
  %1 = qbias.int.matmul %x, %w
      {lhs_zp = -128, rhs_zp = 0,
       reference = #qbias.reference<operands = [0.25], weights = dense<[0.5, 0.25]> : tensor<2xf32>>,
       requant = #qbias.requant<mode = exact, form = accumulator>}
      : (tensor<1x2xi8>, tensor<2x2xi8>) -> tensor<1x2xi64>
  return %0, %1 : tensor<1x2xi32>, tensor<1x2xi64>
}

// CHECK-LABEL: func.func @matmul_weights_and_activations
func.func @matmul_weights_and_activations(%x: tensor<3x2xi8>, %w: tensor<2x2xi8>, %b: tensor<2xi32>, %a: tensor<3x2xui8>,
                                          %p: tensor<4x3x2xui8>, %q: tensor<4x2x2xi8>)
    -> (tensor<3x2xi8>, tensor<4x3x2xi8>, tensor<4x3x2xi8>) {
  // CHECK: qbias.int.matmul %{{.*}}, %{{.*}} bias %{{.*}} addend %{{[a-z0-9]+}} {addend_zp = 5 : i64, bias_case = #qbias<bias_case on_grid>, layer = #layer{{[0-9]*}}, lhs_zp = 1 : i64, reference = #reference{{[0-9]*}}, requant = #requant{{[0-9]*}}, rhs_zp = 0 : i64} : (tensor<3x2xi8>, tensor<2x2xi8>, tensor<2xi32>, tensor<3x2xui8>) -> tensor<3x2xi8>
  %0 = qbias.int.matmul %x, %w bias %b addend %a
      {lhs_zp = 1, rhs_zp = 0, addend_zp = 5, bias_case = #qbias<bias_case on_grid>, layer = #layer,
       reference = #qbias.reference<operands = [0.25, 0.5], weights = dense<[0.5, 0.25]> : tensor<2xf64>,
                                    bias = dense<[1.5, -2.5]> : tensor<2xf32>, result = !out>,
       requant = #qbias.requant<mode = exact, form = affine, multiplier = dense<3> : tensor<2xi64>,
                                addend_multiplier = dense<4> : tensor<2xi64>, shift = dense<5> : tensor<2xi64>,
                                rounding = dense<6> : tensor<2xi64>, lo = -128, hi = 127>}
      : (tensor<3x2xi8>, tensor<2x2xi8>, tensor<2xi32>, tensor<3x2xui8>) -> tensor<3x2xi8>
  // CHECK: qbias.int.matmul %{{.*}} (tensor<4x3x2xui8>, tensor<4x2x2xi8>) -> tensor<4x3x2xi8>
  %1 = qbias.int.matmul %p, %q {lhs_zp = 128, rhs_zp = -3, reference = #two, requant = #affine2}
      : (tensor<4x3x2xui8>, tensor<4x2x2xi8>) -> tensor<4x3x2xi8>
  // CHECK: qbias.int.matmul %{{.*}} (tensor<4x3x2xui8>, tensor<2x2xi8>) -> tensor<4x3x2xi8>
  %2 = qbias.int.matmul %p, %w {lhs_zp = 128, rhs_zp = 0, reference = #two, requant = #affine2}
      : (tensor<4x3x2xui8>, tensor<2x2xi8>) -> tensor<4x3x2xi8>
  return %0, %1, %2 : tensor<3x2xi8>, tensor<4x3x2xi8>, tensor<4x3x2xi8>
}

// CHECK-LABEL: func.func @add_affine_half_even_and_table
func.func @add_affine_half_even_and_table(%a: tensor<1x4xi8>, %b: tensor<4x1xui8>) -> tensor<4x4xi8> {
  // CHECK: qbias.int.add %{{.*}}, %{{[a-z0-9]+}} {lhs_zp = -1 : i64, reference = #reference{{[0-9]*}}, requant = #requant{{[0-9]*}}, rhs_zp = 128 : i64} : (tensor<1x4xi8>, tensor<4x1xui8>) -> tensor<4x4xi8>
  %0 = qbias.int.add %a, %b
      {lhs_zp = -1, rhs_zp = 128, requant = #sum, reference = #qbias.reference<operands = [0.25, -0.5], result = !out>}
      : (tensor<1x4xi8>, tensor<4x1xui8>) -> tensor<4x4xi8>
  // CHECK: qbias.int.add
  %1 = qbias.int.add %a, %b
      {lhs_zp = -1, rhs_zp = 128, reference = #two, layer = #layer,
       certificate = #qbias.certificate<channels = 1, certified = 0>,
       requant = #qbias.requant<mode = exact, form = half_even, multiplier = dense<-1> : tensor<1xi64>,
                                addend_multiplier = dense<1> : tensor<1xi64>, shift = dense<1> : tensor<1xi64>,
                                rounding = dense<0> : tensor<1xi64>, zero_point = 3, lo = -128, hi = 127>}
      : (tensor<1x4xi8>, tensor<4x1xui8>) -> tensor<4x4xi8>
  // CHECK: qbias.int.add
  %2 = qbias.int.add %0, %1
      {lhs_zp = -1, rhs_zp = 3, reference = #two,
       requant = #qbias.requant<mode = exact, form = table, thresholds = dense<7> : tensor<65536xi32>, lo = -128, hi = 127>}
      : (tensor<4x4xi8>, tensor<4x4xi8>) -> tensor<4x4xi8>
  return %2 : tensor<4x4xi8>
}

// CHECK-LABEL: func.func @mul_affine_and_table
func.func @mul_affine_and_table(%a: tensor<1x4xi8>, %b: tensor<4x1xui8>) -> (tensor<4x4xi8>, tensor<4x4xi8>) {
  // CHECK: qbias.int.mul %{{.*}}, %{{[a-z0-9]+}} {lhs_zp = 0 : i64, reference = #reference{{[0-9]*}}, requant = #requant{{[0-9]*}}, rhs_zp = 7 : i64} : (tensor<1x4xi8>, tensor<4x1xui8>) -> tensor<4x4xi8>
  %0 = qbias.int.mul %a, %b {lhs_zp = 0, rhs_zp = 7, reference = #two, requant = #affine}
      : (tensor<1x4xi8>, tensor<4x1xui8>) -> tensor<4x4xi8>
  // CHECK: qbias.int.mul
  %1 = qbias.int.mul %a, %b
      {lhs_zp = 0, rhs_zp = 7, reference = #two,
       requant = #qbias.requant<mode = exact, form = table, thresholds = dense<[1, 2, 3]> : tensor<3xi64>, lo = 1, hi = 3>,
       bounds = #qbias.bounds<min = dense<-1> : tensor<1xi64>, max = dense<1> : tensor<1xi64>>,
       certificate = #qbias.certificate<channels = 1, certified = 1>}
      : (tensor<1x4xi8>, tensor<4x1xui8>) -> tensor<4x4xi8>
  return %0, %1 : tensor<4x4xi8>, tensor<4x4xi8>
}

// A 2x2 mean with one padded row: windows hold 2 or 4 positions.
// CHECK-LABEL: func.func @avg_pool_divisors
func.func @avg_pool_divisors(%x: tensor<1x4x4x3xui8>) -> (tensor<1x4x3x3xi8>, tensor<1x2x2x3xi8>) {
  // CHECK: qbias.int.avg_pool %{{[a-z0-9]+}} {divisors = array<i64: 2, 4>, input_zp = 5 : i64, kernel = array<i64: 2, 2>, pads = array<i64: 1, 0, 0, 0>, reference = #reference{{[0-9]*}}, requant = #requant{{[0-9]*}}} : tensor<1x4x4x3xui8> -> tensor<1x4x3x3xi8>
  %0 = qbias.int.avg_pool %x
      {input_zp = 5, kernel = array<i64: 2, 2>, pads = array<i64: 1, 0, 0, 0>, divisors = array<i64: 2, 4>,
       reference = #one, requant = #affine2}
      : tensor<1x4x4x3xui8> -> tensor<1x4x3x3xi8>
  // CHECK: qbias.int.avg_pool %{{[a-z0-9]+}} {count_include_pad, dilations = array<i64: 2, 2>, divisors = array<i64: 4>, input_zp = 5 : i64, kernel = array<i64: 2, 2>, pads = array<i64: 1, 1, 0, 0>, reference = #reference{{[0-9]*}}, requant = #requant{{[0-9]*}}, strides = array<i64: 2, 2>}
  %1 = qbias.int.avg_pool %x
      {input_zp = 5, kernel = array<i64: 2, 2>, strides = array<i64: 2, 2>, pads = array<i64: 1, 1, 0, 0>,
       dilations = array<i64: 2, 2>, count_include_pad, divisors = array<i64: 4>, reference = #one, requant = #affine}
      : tensor<1x4x4x3xui8> -> tensor<1x2x2x3xi8>
  return %0, %1 : tensor<1x4x3x3xi8>, tensor<1x2x2x3xi8>
}

// CHECK-LABEL: func.func @requantize_in_every_mode
func.func @requantize_in_every_mode(%x: tensor<4xi16>, %y: tensor<4xi32>) -> tensor<4xi16> {
  // CHECK: qbias.int.requantize %{{[a-z0-9]+}} {input_zp = -5 : i64, reference = #reference{{[0-9]*}}, requant = #requant{{[0-9]*}}} : tensor<4xi16> -> tensor<4xi8>
  %0 = qbias.int.requantize %x {input_zp = -5, reference = #one, requant = #affine} : tensor<4xi16> -> tensor<4xi8>
  %1 = qbias.int.requantize %x
      {input_zp = 0, reference = #qbias.reference<operands = [0.25], result = !out16>,
       requant = #qbias.requant<mode = tflite, form = affine, multiplier = dense<1073741824> : tensor<1xi64>,
                                shift = dense<31> : tensor<1xi64>, rounding = dense<0> : tensor<1xi64>,
                                lo = -32768, hi = 32767>} : tensor<4xi16> -> tensor<4xi16>
  %2 = qbias.int.requantize %x
      {input_zp = 0, reference = #qbias.reference<operands = [0.25], result = !outu>,
       requant = #qbias.requant<mode = float, form = affine, multiplier = dense<1> : tensor<1xi64>,
                                shift = dense<1> : tensor<1xi64>, rounding = dense<0> : tensor<1xi64>,
                                lo = 0, hi = 255>} : tensor<4xi16> -> tensor<4xui8>
  %3 = qbias.int.requantize %y
      {input_zp = 2147483647, reference = #one,
       requant = #qbias.requant<mode = shift, form = affine, multiplier = dense<1> : tensor<1xi64>,
                                shift = dense<8> : tensor<1xi64>, rounding = dense<128> : tensor<1xi64>,
                                lo = -128, hi = 127>} : tensor<4xi32> -> tensor<4xi8>
  return %1 : tensor<4xi16>
}

// CHECK-LABEL: func.func @lookup_in_256_entries
func.func @lookup_in_256_entries(%x: tensor<i8>, %y: tensor<2x3xui16>) -> (tensor<i8>, tensor<2x3xui8>) {
  // CHECK: qbias.int.lookup %{{[a-z0-9]+}} {input_zp = 0 : i64, reference = #reference{{[0-9]*}}, requant = #requant{{[0-9]*}}, table = dense<5> : tensor<256xi8>} : tensor<i8> -> tensor<i8>
  %0 = qbias.int.lookup %x
      {input_zp = 0, table = dense<5> : tensor<256xi8>, reference = #one,
       requant = #qbias.requant<mode = exact, form = table, lo = 5, hi = 5>} : tensor<i8> -> tensor<i8>
  // CHECK: qbias.int.lookup
  %1 = qbias.int.lookup %y
      {input_zp = 65535, table = dense<255> : tensor<65536xui8>,
       reference = #qbias.reference<operands = [0.25], steps = [#qbias.unary<function = sigmoid>], result = !outu>,
       requant = #qbias.requant<mode = exact, form = table, lo = 0, hi = 255>} : tensor<2x3xui16> -> tensor<2x3xui8>
  return %0, %1 : tensor<i8>, tensor<2x3xui8>
}

// CHECK-LABEL: func.func @softmax_of_8_and_16_bits
func.func @softmax_of_8_and_16_bits(%x: tensor<2x5xi8>, %y: tensor<3xi16>) -> (tensor<2x5xui8>, tensor<3xi16>) {
  // CHECK: qbias.int.softmax %{{[a-z0-9]+}} {beta = 5.000000e-01 : f64, exponentials = dense<1073741824> : tensor<256xi32>, input_scale = 2.500000e-01 : f64, multiplier = 256 : i64, result_type = !quant{{[0-9]*}}, shift = 0 : i64} : tensor<2x5xi8> -> tensor<2x5xui8>
  %0 = qbias.int.softmax %x {input_scale = 0.25 : f64, beta = 0.5 : f64, result_type = !quant.uniform<u8:f32, 0.00390625>,
       exponentials = dense<1073741824> : tensor<256xi32>, multiplier = 256 : i64, shift = 0 : i64}
      : tensor<2x5xi8> -> tensor<2x5xui8>
  // CHECK: qbias.int.softmax {{.*}}reciprocals = dense<32767> : tensor<513xi32>{{.*}}tflite
  %1 = qbias.int.softmax %y {input_scale = 0.25 : f64, beta = 1.0 : f64, result_type = !quant.uniform<i16:f32, 0.000030517578125>, tflite,
       exponentials = dense<32767> : tensor<65536xi32>, reciprocals = dense<32767> : tensor<513xi32>,
       multiplier = 1 : i64, shift = 0 : i64}
      : tensor<3xi16> -> tensor<3xi16>
  return %0, %1 : tensor<2x5xui8>, tensor<3xi16>
}

// CHECK-LABEL: func.func @movement
func.func @movement(%x: tensor<1x4x4x3xui8>) -> tensor<1x4x4x3xui8> {
  // CHECK: qbias.int.max_pool %{{[a-z0-9]+}} {dilations = array<i64: 1, 2>, kernel = array<i64: 2, 2>, pads = array<i64: 1, 1, 0, 1>, strides = array<i64: 2, 1>} : tensor<1x4x4x3xui8> -> tensor<1x2x4x3xui8>
  %0 = qbias.int.max_pool %x
      {kernel = array<i64: 2, 2>, strides = array<i64: 2, 1>, pads = array<i64: 1, 1, 0, 1>, dilations = array<i64: 1, 2>}
      : tensor<1x4x4x3xui8> -> tensor<1x2x4x3xui8>
  // CHECK: qbias.int.pad %{{.*}} low [0, 1, 0, 0] high [0, 1, 0, 0] value 255 : tensor<1x2x4x3xui8> -> tensor<1x4x4x3xui8>
  %1 = qbias.int.pad %0 low [0, 1, 0, 0] high [0, 1, 0, 0] value 255 : tensor<1x2x4x3xui8> -> tensor<1x4x4x3xui8>
  return %1 : tensor<1x4x4x3xui8>
}
