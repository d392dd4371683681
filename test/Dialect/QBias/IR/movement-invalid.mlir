// Operations that move or select elements, and the transposed convolution: one
// failing case or more for every constraint.
// RUN: qbias-opt %s --split-input-file --verify-diagnostics

// pad_c1_interior
func.func @f(%x: tensor<2x3xf32>) {
  // expected-error @+1 {{C1: expects 2 low, high and interior pads from 0 to 16777216, got [0, 0], [0, 0] and [1, -1]}}
  %0 = qbias.pad %x low [0, 0] high [0, 0] interior [1, -1] value 0.0 : tensor<2x3xf32> -> tensor<3x1xf32>
  return
}

// -----

// pad_c2_interior
func.func @f(%x: tensor<2x3xf32>) {
  // expected-error @+1 {{C2: expects a result of type 'tensor<5x6xf32>', got 'tensor<6x6xf32>'}}
  %0 = qbias.pad %x low [1, 0] high [1, 1] interior [1, 1] value 0.0 : tensor<2x3xf32> -> tensor<6x6xf32>
  return
}

// -----

// pad_c2_interior_huge
func.func @f(%x: tensor<1099511627776xf32>) {
  // expected-error @+1 {{C2: expects at most 1099511627776 elements in a dimension, got 1099511627776 with 16777216 between them}}
  %0 = qbias.pad %x low [0] high [0] interior [16777216] value 0.0 : tensor<1099511627776xf32> -> tensor<1xf32>
  return
}

// -----

// gather_c1
func.func @f(%x: tensor<2x3xf32>) {
  // expected-error @+1 {{C1: expects a dimension below 2, got 2}}
  %0 = qbias.gather %x dim 2 indices [0] : tensor<2x3xf32> -> tensor<2x3xf32>
  return
}

// -----

// gather_c2
func.func @f(%x: tensor<2x3xf32>) {
  // expected-error @+1 {{C2: expects indices below 3, got -1}}
  %0 = qbias.gather %x dim 1 indices [0, -1] : tensor<2x3xf32> -> tensor<2x2xf32>
  return
}

// -----

// gather_c2_none
func.func @f(%x: tensor<2x3xf32>) {
  // expected-error @+1 {{C2: expects 1 to 16777216 indices, got 0}}
  %0 = qbias.gather %x dim 1 indices [] : tensor<2x3xf32> -> tensor<2x3xf32>
  return
}

// -----

// gather_c3
func.func @f(%x: tensor<2x3xui8>) {
  // expected-error @+1 {{C3: expects a result of type 'tensor<2x2xui8>', got 'tensor<2x2xi8>'}}
  %0 = qbias.gather %x dim 1 indices [0, 2] : tensor<2x3xui8> -> tensor<2x2xi8>
  return
}

// -----

// gather_c4
func.func @f(%x: tensor<2x2x!quant.uniform<i8:f32:1, {0.5, 0.25}>>) {
  // expected-error @+1 {{C4: expects one scale for all slices, got 2 along dimension 1}}
  %0 = qbias.gather %x dim 1 indices [1, 0] : tensor<2x2x!quant.uniform<i8:f32:1, {0.5, 0.25}>>
      -> tensor<2x2x!quant.uniform<i8:f32:1, {0.5, 0.25}>>
  return
}

// -----

// maximum_c1
func.func @f(%x: tensor<2x3xf32>, %y: tensor<3xf32>) {
  // expected-error @+1 {{C1: expects operands and result of equal rank, got 2, 1 and 2}}
  %0 = qbias.maximum %x, %y : tensor<2x3xf32>, tensor<3xf32> -> tensor<2x3xf32>
  return
}

// -----

// maximum_c2
func.func @f(%x: tensor<2x3xf32>, %y: tensor<2x2xf32>) {
  // expected-error @+1 {{C2: expects dimensions that are equal or 1 and the larger of both in the result, got 3, 2 and 3}}
  %0 = qbias.maximum %x, %y : tensor<2x3xf32>, tensor<2x2xf32> -> tensor<2x3xf32>
  return
}

// -----

// maximum_c3
func.func @f(%x: tensor<2x3xui8>, %y: tensor<2x3xi8>) {
  // expected-error @+1 {{C3: expects one element type, got 'ui8' and 'i8'}}
  %0 = qbias.maximum %x, %y : tensor<2x3xui8>, tensor<2x3xi8> -> tensor<2x3xi8>
  return
}

// -----

// minimum_c1
func.func @f(%x: tensor<2x3xf32>, %y: tensor<3xf32>) {
  // expected-error @+1 {{C1: expects operands and result of equal rank, got 2, 1 and 2}}
  %0 = qbias.minimum %x, %y : tensor<2x3xf32>, tensor<3xf32> -> tensor<2x3xf32>
  return
}

// -----

// minimum_c2
func.func @f(%x: tensor<2x3xf32>, %y: tensor<2x2xf32>) {
  // expected-error @+1 {{C2: expects dimensions that are equal or 1}}
  %0 = qbias.minimum %x, %y : tensor<2x3xf32>, tensor<2x2xf32> -> tensor<2x3xf32>
  return
}

// -----

// minimum_c3
func.func @f(%x: tensor<2x2x!quant.uniform<i8:f32:1, {0.5, 0.25}>>) {
  // expected-error @+1 {{C3: expects one scale for the tensor, got 2}}
  %0 = qbias.minimum %x, %x : tensor<2x2x!quant.uniform<i8:f32:1, {0.5, 0.25}>>, tensor<2x2x!quant.uniform<i8:f32:1, {0.5, 0.25}>>
      -> tensor<2x2x!quant.uniform<i8:f32:1, {0.5, 0.25}>>
  return
}

// -----

// div_c1
func.func @f(%x: tensor<2x3xf32>, %y: tensor<3xf32>) {
  // expected-error @+1 {{C1: expects operands and result of equal rank, got 2, 1 and 2}}
  %0 = qbias.div %x, %y : tensor<2x3xf32>, tensor<3xf32> -> tensor<2x3xf32>
  return
}

// -----

// div_c2
func.func @f(%x: tensor<2x3xf32>, %y: tensor<2x2xf32>) {
  // expected-error @+1 {{C2: expects dimensions that are equal or 1}}
  %0 = qbias.div %x, %y : tensor<2x3xf32>, tensor<2x2xf32> -> tensor<2x3xf32>
  return
}

// -----

// div_c3
func.func @f(%x: tensor<2xf32>) {
  %zero = arith.constant dense<[1.0, 0.0]> : tensor<2xf32>
  // expected-error @+1 {{C3: expects divisors that are not 0, got 0}}
  %0 = qbias.div %x, %zero : tensor<2xf32>, tensor<2xf32> -> tensor<2xf32>
  return
}

// -----

// conv_transpose2d_c1
func.func @f(%x: tensor<1x4x4xf32>, %w: tensor<1x3x3x2xf32>) {
  // expected-error @+1 {{C1: expects input, weight and result of rank 4, got 3, 4 and 4}}
  %0 = qbias.conv_transpose2d %x, %w : (tensor<1x4x4xf32>, tensor<1x3x3x2xf32>) -> tensor<1x6x6x1xf32>
  return
}

// -----

// conv_transpose2d_c2
func.func @f(%x: tensor<1x4x4x2xf32>, %w: tensor<1x3x3x2xf32>) {
  // expected-error @+1 {{C2: expects 2 positive strides and dilations, 4 pads and 2 output pads that are not negative}}
  %0 = qbias.conv_transpose2d %x, %w {output_pads = array<i64: 1>} : (tensor<1x4x4x2xf32>, tensor<1x3x3x2xf32>) -> tensor<1x6x6x1xf32>
  return
}

// -----

// conv_transpose2d_c3
func.func @f(%x: tensor<1x4x4x3xf32>, %w: tensor<1x3x3x2xf32>) {
  // expected-error @+1 {{C3: expects 3 input and 1 output channels to be multiples of 1 groups}}
  %0 = qbias.conv_transpose2d %x, %w : (tensor<1x4x4x3xf32>, tensor<1x3x3x2xf32>) -> tensor<1x6x6x1xf32>
  return
}

// -----

// conv_transpose2d_c4
func.func @f(%x: tensor<1x4x4x2xf32>, %w: tensor<1x3x3x2xf32>, %b: tensor<2xf32>) {
  // expected-error @+1 {{C4: expects a bias of 1 elements, got 'tensor<2xf32>'}}
  %0 = qbias.conv_transpose2d %x, %w bias %b : (tensor<1x4x4x2xf32>, tensor<1x3x3x2xf32>, tensor<2xf32>) -> tensor<1x6x6x1xf32>
  return
}

// -----

// conv_transpose2d_c5
func.func @f(%x: tensor<1x4x4x2xf32>, %w: tensor<1x3x3x2xf32>) {
  // expected-error @+1 {{C5: expects a result of shape [1, 9, 9, 1], got [1, 8, 8, 1]}}
  %0 = qbias.conv_transpose2d %x, %w {strides = array<i64: 2, 2>} : (tensor<1x4x4x2xf32>, tensor<1x3x3x2xf32>) -> tensor<1x8x8x1xf32>
  return
}

// -----

// conv_transpose2d_c5_nothing
func.func @f(%x: tensor<1x1x4x2xf32>, %w: tensor<1x3x3x2xf32>) {
  // expected-error @+1 {{C5: expects a result of 1 to 16777216 positions along dimension 1, got -1}}
  %0 = qbias.conv_transpose2d %x, %w {pads = array<i64: 2, 0, 2, 0>} : (tensor<1x1x4x2xf32>, tensor<1x3x3x2xf32>) -> tensor<1x1x6x1xf32>
  return
}

// -----

// arg_max_c1
func.func @f(%x: tensor<2x3xi8>) {
  // expected-error @+1 {{C1: expects a dimension below 2 of at most 2147483647 elements, got 2 of 'tensor<2x3xi8>'}}
  %0 = qbias.arg_max %x dim 2 : tensor<2x3xi8> -> tensor<2xi32>
  return
}

// -----

// arg_max_c1_size
func.func @f(%x: tensor<2147483648xi8>) {
  // expected-error @+1 {{C1: expects a dimension below 1 of at most 2147483647 elements, got 0 of 'tensor<2147483648xi8>'}}
  %0 = qbias.arg_max %x dim 0 : tensor<2147483648xi8> -> tensor<i32>
  return
}

// -----

// arg_max_c2
func.func @f(%x: tensor<2x3xi8>) {
  // expected-error @+1 {{C2: expects a result of shape [2], got [3]}}
  %0 = qbias.arg_max %x dim 1 : tensor<2x3xi8> -> tensor<3xi32>
  return
}

// -----

// arg_max_c2_keep
func.func @f(%x: tensor<2x3xi8>) {
  // expected-error @+1 {{C2: expects a result of shape [2, 1], got [2]}}
  %0 = qbias.arg_max %x dim 1 {keep_dim} : tensor<2x3xi8> -> tensor<2xi32>
  return
}

// -----

// arg_max_c3
func.func @f(%x: tensor<2x3x!quant.uniform<i8:f32:1, {0.5, 0.25, 1.0}>>) {
  // expected-error @+1 {{C3: expects one scale for the tensor, got 3 along dimension 1}}
  %0 = qbias.arg_max %x dim 0 : tensor<2x3x!quant.uniform<i8:f32:1, {0.5, 0.25, 1.0}>> -> tensor<3xi32>
  return
}
