// RUN: qbias-opt %s --qbias-materialize-bias --split-input-file --verify-diagnostics

!x = !quant.uniform<i8:f32, 0.5:3>
!w = !quant.uniform<i8:f32, 0.25>

func.func @bias_is_computed(%q: tensor<1x1x!x>, %b: tensor<1xf32>) -> tensor<1x1xf32> {
  %x = qbias.dequantize %q : tensor<1x1x!x> -> tensor<1x1xf32>
  %c = arith.constant dense<1> : tensor<1x1xi8>
  %wq = quant.scast %c : tensor<1x1xi8> to tensor<1x1x!w>
  %w = qbias.dequantize %wq : tensor<1x1x!w> -> tensor<1x1xf32>
  // expected-error @below {{bias is not a constant; freeze it into the model}}
  %y = qbias.matmul %x, %w bias %b : (tensor<1x1xf32>, tensor<1x1xf32>, tensor<1xf32>) -> tensor<1x1xf32>
  return %y : tensor<1x1xf32>
}

// -----

!x = !quant.uniform<i8:f32, 0.5:3>
!w = !quant.uniform<i8:f32, 0.25>

func.func @bias_is_not_a_number(%q: tensor<1x1x!x>) -> tensor<1x1xf32> {
  %x = qbias.dequantize %q : tensor<1x1x!x> -> tensor<1x1xf32>
  %c = arith.constant dense<1> : tensor<1x1xi8>
  %wq = quant.scast %c : tensor<1x1xi8> to tensor<1x1x!w>
  %w = qbias.dequantize %wq : tensor<1x1x!w> -> tensor<1x1xf32>
  %b = arith.constant dense<0x7FC00000> : tensor<1xf32>
  // expected-error @below {{expects finite bias values, got NaN or infinity; correct the bias constant in the model}}
  %y = qbias.matmul %x, %w bias %b : (tensor<1x1xf32>, tensor<1x1xf32>, tensor<1xf32>) -> tensor<1x1xf32>
  return %y : tensor<1x1xf32>
}
