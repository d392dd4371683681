// The real family: every operation and attribute, through text and bytecode.
// RUN: qbias-opt %s --verify-roundtrip | FileCheck %s
// RUN: qbias-opt %s --emit-bytecode | qbias-opt | FileCheck %s

!i8q = !quant.uniform<i8:f32, 0.5:3>
!u4q = !quant.uniform<u4:f32, 0.25>
!i32q = !quant.uniform<i32:f32, 0.5>
!narrow = !quant.uniform<i8<-127:127>:f32, 0.5>
!axis0 = !quant.uniform<i8:f32:0, {0.25, 0.125:1}>

// CHECK-LABEL: func.func @quantize_per_tensor_and_per_axis
func.func @quantize_per_tensor_and_per_axis(%x: tensor<2x4xf32>)
    -> (tensor<2x4x!i8q>, tensor<2x4x!u4q>, tensor<2x4x!i32q>, tensor<2x4x!narrow>, tensor<2x4x!axis0>) {
  // CHECK: qbias.quantize %{{.*}} : tensor<2x4xf32> -> tensor<2x4x!quant
  %0 = qbias.quantize %x : tensor<2x4xf32> -> tensor<2x4x!i8q>
  %1 = qbias.quantize %x : tensor<2x4xf32> -> tensor<2x4x!u4q>
  %2 = qbias.quantize %x : tensor<2x4xf32> -> tensor<2x4x!i32q>
  %3 = qbias.quantize %x : tensor<2x4xf32> -> tensor<2x4x!narrow>
  // CHECK: qbias.quantize %{{.*}} : tensor<2x4xf32> -> tensor<2x4x!per_axis
  %4 = qbias.quantize %x : tensor<2x4xf32> -> tensor<2x4x!axis0>
  return %0, %1, %2, %3, %4
      : tensor<2x4x!i8q>, tensor<2x4x!u4q>, tensor<2x4x!i32q>, tensor<2x4x!narrow>, tensor<2x4x!axis0>
}

// CHECK-LABEL: func.func @scalars_have_rank_0
func.func @scalars_have_rank_0(%q: tensor<!i8q>) -> tensor<f32> {
  // CHECK: qbias.dequantize %{{.*}} : tensor<!quant
  %0 = qbias.dequantize %q : tensor<!i8q> -> tensor<f32>
  // CHECK: qbias.add %{{.*}}, %{{.*}} : tensor<f32>, tensor<f32> -> tensor<f32>
  %1 = qbias.add %0, %0 : tensor<f32>, tensor<f32> -> tensor<f32>
  // CHECK: qbias.transpose %{{.*}} [] : tensor<f32> -> tensor<f32>
  %2 = qbias.transpose %1 [] : tensor<f32> -> tensor<f32>
  // CHECK: qbias.pad %{{.*}} low [] high [] value 1.000000e+00 : tensor<f32> -> tensor<f32>
  %3 = qbias.pad %2 low [] high [] value 1.0 : tensor<f32> -> tensor<f32>
  return %3 : tensor<f32>
}

// CHECK-LABEL: func.func @conv2d_defaults
func.func @conv2d_defaults(%x: tensor<1x8x8x3xf32>, %w: tensor<16x3x3x3xf32>) -> tensor<1x6x6x16xf32> {
  // CHECK: qbias.conv2d %{{.*}}, %{{[a-z0-9]+}} : (tensor<1x8x8x3xf32>, tensor<16x3x3x3xf32>) -> tensor<1x6x6x16xf32>
  %0 = qbias.conv2d %x, %w : (tensor<1x8x8x3xf32>, tensor<16x3x3x3xf32>) -> tensor<1x6x6x16xf32>
  return %0 : tensor<1x6x6x16xf32>
}

// CHECK-LABEL: func.func @conv2d_every_attribute
func.func @conv2d_every_attribute(%x: tensor<2x9x8x4xf32>, %w: tensor<6x3x2x2xf32>, %b: tensor<6xf32>)
    -> tensor<2x4x9x6xf32> {
  // CHECK: qbias.conv2d %{{.*}}, %{{.*}} bias %{{.*}} {dilations = array<i64: 2, 1>, groups = 2 : i64, pads = array<i64: 1, 1, 1, 1>, qbias.source = "Conv", strides = array<i64: 2, 1>}
  %0 = qbias.conv2d %x, %w bias %b
      {strides = array<i64: 2, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 2, 1>, groups = 2 : i64,
       qbias.source = "Conv"}
      : (tensor<2x9x8x4xf32>, tensor<6x3x2x2xf32>, tensor<6xf32>) -> tensor<2x4x9x6xf32>
  return %0 : tensor<2x4x9x6xf32>
}

// CHECK-LABEL: func.func @matmul_plain_batched_and_shared
func.func @matmul_plain_batched_and_shared(%x: tensor<1x64xf32>, %w: tensor<10x64xf32>, %b: tensor<10xf32>,
                                           %a: tensor<2x3x5x64xf32>, %c: tensor<2x3x7x64xf32>)
    -> (tensor<1x10xf32>, tensor<2x3x5x7xf32>, tensor<2x3x5x10xf32>) {
  // CHECK: qbias.matmul %{{.*}}, %{{.*}} bias %{{.*}} : (tensor<1x64xf32>, tensor<10x64xf32>, tensor<10xf32>) -> tensor<1x10xf32>
  %0 = qbias.matmul %x, %w bias %b
      : (tensor<1x64xf32>, tensor<10x64xf32>, tensor<10xf32>) -> tensor<1x10xf32>
  // CHECK: qbias.matmul %{{.*}}, %{{[a-z0-9]+}} : (tensor<2x3x5x64xf32>, tensor<2x3x7x64xf32>) -> tensor<2x3x5x7xf32>
  %1 = qbias.matmul %a, %c : (tensor<2x3x5x64xf32>, tensor<2x3x7x64xf32>) -> tensor<2x3x5x7xf32>
  // CHECK: qbias.matmul %{{.*}}, %{{[a-z0-9]+}} : (tensor<2x3x5x64xf32>, tensor<10x64xf32>) -> tensor<2x3x5x10xf32>
  %2 = qbias.matmul %a, %w : (tensor<2x3x5x64xf32>, tensor<10x64xf32>) -> tensor<2x3x5x10xf32>
  return %0, %1, %2 : tensor<1x10xf32>, tensor<2x3x5x7xf32>, tensor<2x3x5x10xf32>
}

// 0.76 / 0.0625 = 12.16 and -0.43 / 0.0625 = -6.88.
// CHECK-LABEL: func.func @bias_of_every_kind
func.func @bias_of_every_kind() -> tensor<2xf32> {
  // CHECK: qbias.bias float dense<[12, -7]> : tensor<2xi32> value dense<[7.600000e-01, -4.300000e-01]> : tensor<2xf32> scales 5.000000e-01, dense<1.250000e-01> : tensor<1xf64> : tensor<2xf32>
  %0 = qbias.bias float dense<[12, -7]> : tensor<2xi32> value dense<[0.76, -0.43]> : tensor<2xf32>
      scales 0.5, dense<0.125> : tensor<1xf64> : tensor<2xf32>
  // CHECK: qbias.bias on_grid {{.*}} value {{.*}} unit dense<6.250000e-02> : tensor<1xf64> scales
  %1 = qbias.bias on_grid dense<[12, -7]> : tensor<2xi32> value dense<[12, -7]> : tensor<2xi32>
      unit dense<0.0625> : tensor<1xf64> scales 0.5, dense<0.125> : tensor<1xf64> : tensor<2xf32>
  // CHECK: qbias.bias rescaled {{.*}} unit dense<[1.250000e-01, 3.125000e-02]>
  %2 = qbias.bias rescaled dense<[24, -4]> : tensor<2xi32> value dense<[12, -7]> : tensor<2xi8>
      unit dense<[0.125, 0.03125]> : tensor<2xf64> scales 0.5, dense<0.125> : tensor<1xf64> : tensor<2xf32>
  // CHECK: qbias.bias overflow
  %3 = qbias.bias overflow dense<[2147483647, -7]> : tensor<2xi32> value dense<[1.0e12, -0.43]> : tensor<2xf32>
      scales 0.5, dense<[0.125, 0.125]> : tensor<2xf64> : tensor<2xf32>
  // CHECK: qbias.bias shared
  %4 = qbias.bias shared dense<[12, -7]> : tensor<2xi64> value dense<[0.76, -0.43]> : tensor<2xf64>
      scales 0.5, dense<0.125> : tensor<1xf32> : tensor<2xf32>
  // CHECK: qbias.bias absent
  %5 = qbias.bias absent dense<0> : tensor<2xi32> value dense<0.0> : tensor<2xf16>
      scales 0.5, dense<0.125> : tensor<1xf64> : tensor<2xf32>
  // CHECK: qbias.bias dead_channel
  %6 = qbias.bias dead_channel dense<[12, 0]> : tensor<2xi32> value dense<[0.76, 0.0]> : tensor<2xf32>
      scales 0.5, dense<0.125> : tensor<1xf64> : tensor<2xf32>
  return %6 : tensor<2xf32>
}

// CHECK-LABEL: func.func @elementwise_with_broadcast
func.func @elementwise_with_broadcast(%a: tensor<1x8x8x4xf32>, %b: tensor<1x1x1x4xf32>) -> tensor<1x8x8x4xf32> {
  // CHECK: qbias.add %{{.*}}, %{{.*}} : tensor<1x8x8x4xf32>, tensor<1x1x1x4xf32> -> tensor<1x8x8x4xf32>
  %0 = qbias.add %a, %b : tensor<1x8x8x4xf32>, tensor<1x1x1x4xf32> -> tensor<1x8x8x4xf32>
  // CHECK: qbias.sub %{{.*}}, %{{.*}} : tensor<1x1x1x4xf32>, tensor<1x8x8x4xf32> -> tensor<1x8x8x4xf32>
  %1 = qbias.sub %b, %0 : tensor<1x1x1x4xf32>, tensor<1x8x8x4xf32> -> tensor<1x8x8x4xf32>
  // CHECK: qbias.mul %{{.*}}, %{{.*}} : tensor<1x8x8x4xf32>, tensor<1x8x8x4xf32> -> tensor<1x8x8x4xf32>
  %2 = qbias.mul %0, %1 : tensor<1x8x8x4xf32>, tensor<1x8x8x4xf32> -> tensor<1x8x8x4xf32>
  return %2 : tensor<1x8x8x4xf32>
}

// CHECK-LABEL: func.func @clamp_with_any_bounds
func.func @clamp_with_any_bounds(%x: tensor<1x8xf32>) -> tensor<1x8xf32> {
  // CHECK: qbias.clamp %{{[a-z0-9]+}} : tensor<1x8xf32>
  %0 = qbias.clamp %x : tensor<1x8xf32>
  // CHECK: qbias.clamp %{{.*}} lo 0.000000e+00 : tensor<1x8xf32>
  %1 = qbias.clamp %0 lo 0.0 : tensor<1x8xf32>
  // CHECK: qbias.clamp %{{.*}} hi 6.000000e+00 : tensor<1x8xf32>
  %2 = qbias.clamp %1 hi 6.0 : tensor<1x8xf32>
  // CHECK: qbias.clamp %{{.*}} lo 1.000000e+00 hi 1.000000e+00 : tensor<1x8xf32>
  %3 = qbias.clamp %2 lo 1.0 hi 1.0 : tensor<1x8xf32>
  return %3 : tensor<1x8xf32>
}

// CHECK-LABEL: func.func @every_unary_function
func.func @every_unary_function(%x: tensor<1x8xf32>) -> tensor<1x8xf32> {
  // CHECK: qbias.unary sigmoid %{{[a-z0-9]+}} : tensor<1x8xf32>
  %0 = qbias.unary sigmoid %x : tensor<1x8xf32>
  // CHECK: qbias.unary tanh
  %1 = qbias.unary tanh %0 : tensor<1x8xf32>
  // CHECK: qbias.unary hard_sigmoid %{{.*}} alpha 2.000000e-01 beta 5.000000e-01 : tensor<1x8xf32>
  %2 = qbias.unary hard_sigmoid %1 alpha 0.2 beta 0.5 : tensor<1x8xf32>
  // CHECK: qbias.unary hard_swish
  %3 = qbias.unary hard_swish %2 : tensor<1x8xf32>
  // CHECK: qbias.unary leaky_relu %{{.*}} alpha 1.000000e-01 : tensor<1x8xf32>
  %4 = qbias.unary leaky_relu %3 alpha 0.1 : tensor<1x8xf32>
  // CHECK: qbias.unary gelu
  %5 = qbias.unary gelu %4 : tensor<1x8xf32>
  // CHECK: qbias.unary gelu_tanh
  %6 = qbias.unary gelu_tanh %5 : tensor<1x8xf32>
  // CHECK: qbias.unary silu
  %7 = qbias.unary silu %6 : tensor<1x8xf32>
  // CHECK: qbias.unary elu %{{.*}} alpha 1.000000e+00 : tensor<1x8xf32>
  %8 = qbias.unary elu %7 alpha 1.0 : tensor<1x8xf32>
  // CHECK: qbias.unary exp
  %9 = qbias.unary exp %8 : tensor<1x8xf32>
  // CHECK: qbias.unary sqrt
  %10 = qbias.unary sqrt %9 : tensor<1x8xf32>
  // CHECK: qbias.unary abs
  %11 = qbias.unary abs %10 : tensor<1x8xf32>
  // CHECK: qbias.unary square
  %12 = qbias.unary square %11 : tensor<1x8xf32>
  return %12 : tensor<1x8xf32>
}

// CHECK-LABEL: func.func @pool_max_and_avg
func.func @pool_max_and_avg(%x: tensor<1x8x8x4xf32>, %q: tensor<1x8x8x4x!i8q>)
    -> (tensor<1x4x4x4xf32>, tensor<1x1x1x4xf32>, tensor<1x4x4x4x!i8q>) {
  // CHECK: qbias.pool max %{{.*}} {kernel = array<i64: 3, 2>, pads = array<i64: 1, 0, 0, 0>, strides = array<i64: 2, 2>} : tensor<1x8x8x4xf32> -> tensor<1x4x4x4xf32>
  %0 = qbias.pool max %x {kernel = array<i64: 3, 2>, strides = array<i64: 2, 2>, pads = array<i64: 1, 0, 0, 0>}
      : tensor<1x8x8x4xf32> -> tensor<1x4x4x4xf32>
  // CHECK: qbias.pool avg %{{.*}} {count_include_pad, dilations = array<i64: 2, 2>, kernel = array<i64: 4, 4>, pads = array<i64: 1, 1, 1, 1>} : tensor<1x8x8x4xf32> -> tensor<1x4x4x4xf32>
  %1 = qbias.pool avg %x {kernel = array<i64: 4, 4>, dilations = array<i64: 2, 2>, count_include_pad,
                          pads = array<i64: 1, 1, 1, 1>}
      : tensor<1x8x8x4xf32> -> tensor<1x4x4x4xf32>
  // CHECK: qbias.pool avg %{{.*}} {kernel = array<i64: 4, 4>} : tensor<1x4x4x4xf32> -> tensor<1x1x1x4xf32>
  %2 = qbias.pool avg %1 {kernel = array<i64: 4, 4>} : tensor<1x4x4x4xf32> -> tensor<1x1x1x4xf32>
  // CHECK: qbias.pool max %{{.*}} : tensor<1x8x8x4x!quant{{.*}}> -> tensor<1x4x4x4x!quant
  %3 = qbias.pool max %q {kernel = array<i64: 2, 2>, strides = array<i64: 2, 2>}
      : tensor<1x8x8x4x!i8q> -> tensor<1x4x4x4x!i8q>
  return %0, %2, %3 : tensor<1x4x4x4xf32>, tensor<1x1x1x4xf32>, tensor<1x4x4x4x!i8q>
}

// CHECK-LABEL: func.func @pad_reals_and_integers
func.func @pad_reals_and_integers(%x: tensor<1x8x8x4xf32>, %q: tensor<2x3x!i8q>)
    -> (tensor<1x10x9x4xf32>, tensor<2x4x!i8q>) {
  // CHECK: qbias.pad %{{.*}} low [0, 1, 1, 0] high [0, 1, 0, 0] value 0.000000e+00 : tensor<1x8x8x4xf32> -> tensor<1x10x9x4xf32>
  %0 = qbias.pad %x low [0, 1, 1, 0] high [0, 1, 0, 0] value 0.0 : tensor<1x8x8x4xf32> -> tensor<1x10x9x4xf32>
  // CHECK: qbias.pad %{{.*}} low [0, 0] high [0, 1] value -1.000000e+00 : tensor<2x3x!quant
  %1 = qbias.pad %q low [0, 0] high [0, 1] value -1.0 : tensor<2x3x!i8q> -> tensor<2x4x!i8q>
  return %0, %1 : tensor<1x10x9x4xf32>, tensor<2x4x!i8q>
}

// CHECK-LABEL: func.func @transpose_moves_the_axis_of_a_per_axis_type
func.func @transpose_moves_the_axis_of_a_per_axis_type(%x: tensor<1x3x8x8xf32>, %w: tensor<2x4x!axis0>, %i: tensor<2x3xui8>)
    -> (tensor<1x8x8x3xf32>, tensor<4x2x!quant.uniform<i8:f32:1, {0.25, 0.125:1}>>, tensor<3x2xui8>) {
  // CHECK: qbias.transpose %{{.*}} [0, 2, 3, 1] : tensor<1x3x8x8xf32> -> tensor<1x8x8x3xf32>
  %0 = qbias.transpose %x [0, 2, 3, 1] : tensor<1x3x8x8xf32> -> tensor<1x8x8x3xf32>
  // CHECK: qbias.transpose %{{.*}} [1, 0] : tensor<2x4x!per_axis{{[0-9]*}}> -> tensor<4x2x!per_axis{{[0-9]*}}>
  %1 = qbias.transpose %w [1, 0] : tensor<2x4x!axis0> -> tensor<4x2x!quant.uniform<i8:f32:1, {0.25, 0.125:1}>>
  // CHECK: qbias.transpose %{{.*}} [1, 0] : tensor<2x3xui8> -> tensor<3x2xui8>
  %2 = qbias.transpose %i [1, 0] : tensor<2x3xui8> -> tensor<3x2xui8>
  return %0, %1, %2 : tensor<1x8x8x3xf32>, tensor<4x2x!quant.uniform<i8:f32:1, {0.25, 0.125:1}>>, tensor<3x2xui8>
}

// CHECK-LABEL: func.func private @function_attributes
// CHECK-SAME: qbias.name = "x", qbias.producer = "onnx", qbias.real, qbias.tensor = "x_q", qbias.type = !quant
// CHECK-SAME: qbias.unused
// CHECK-SAME: qbias.axis = 1 : i64, qbias.name = "y", qbias.offsets = array<f64: 1.000000e+00, -2.000000e+00>, qbias.real, qbias.scales = array<f64: 5.000000e-01, 2.500000e-01>, qbias.tail = [#qbias.clamp<lo = 0.000000e+00 : f64, hi = 6.000000e+00 : f64>, #qbias.unary<function = sigmoid>, #qbias.linear<factor = 2.000000e+00 : f64, offset = 1.000000e+00 : f64>, !quant
// CHECK-SAME: qbias.observed
func.func private @function_attributes(
    tensor<1x2xi8> {qbias.name = "x", qbias.tensor = "x_q", qbias.type = !i8q, qbias.real, qbias.producer = "onnx"},
    tensor<1x2xi8> {qbias.unused})
    -> (tensor<1x2xi32> {qbias.name = "y", qbias.real, qbias.scales = array<f64: 0.5, 0.25>,
                         qbias.offsets = array<f64: 1.0, -2.0>, qbias.axis = 1,
                         qbias.tail = [#qbias.clamp<lo = 0.0 : f64, hi = 6.0 : f64>,
                                       #qbias.unary<function = sigmoid>,
                                       #qbias.linear<factor = 2.0 : f64, offset = 1.0 : f64>, !i8q]},
        tensor<1x2xui8> {qbias.type = !quant.uniform<u8:f32, 0.5:3>, qbias.observed})
