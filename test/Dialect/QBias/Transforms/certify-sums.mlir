// Two operands, or an accumulator and an operand, with one rounding.
// RUN: qbias-opt %s --split-input-file --qbias-check-rewrite="pipeline=qbias-integerize seeds=16" | FileCheck %s
// RUN: qbias-opt %s --split-input-file --qbias-integerize --qbias-certify=verify-only -o /dev/null

!x = !quant.uniform<i8:f32, 0.5>
!y = !quant.uniform<i8:f32, 1.0:3>

// s_a = s_b = s_y / 2: every odd sum is a tie.
// CHECK: #requant = #qbias.requant<mode = exact, form = half_even, {{.*}}zero_point = 3,
// CHECK-LABEL: func.func @half_even_for_a_dyadic_sum(
func.func @half_even_for_a_dyadic_sum(%q: tensor<512x!x>, %r: tensor<512x!x>) -> tensor<512x!y> {
  %a = qbias.dequantize %q : tensor<512x!x> -> tensor<512xf32>
  %b = qbias.dequantize %r : tensor<512x!x> -> tensor<512xf32>
  %0 = qbias.add %a, %b : tensor<512xf32>, tensor<512xf32> -> tensor<512xf32>
  %1 = qbias.quantize %0 : tensor<512xf32> -> tensor<512x!y>
  return %1 : tensor<512x!y>
}

// -----

!a = !quant.uniform<u8:f32, 0.03:11>
!b = !quant.uniform<i8:f32, 0.05:-3>
!y = !quant.uniform<u8:f32, 0.07:120>

// CHECK: #requant = #qbias.requant<mode = exact, form = affine, multiplier = {{.*}}, addend_multiplier =
// CHECK-LABEL: func.func @affine_sum(
func.func @affine_sum(%q: tensor<512x!a>, %r: tensor<512x!b>) -> tensor<512x!y> {
  %a = qbias.dequantize %q : tensor<512x!a> -> tensor<512xf32>
  %b = qbias.dequantize %r : tensor<512x!b> -> tensor<512xf32>
  %0 = qbias.add %a, %b : tensor<512xf32>, tensor<512xf32> -> tensor<512xf32>
  %1 = qbias.quantize %0 : tensor<512xf32> -> tensor<512x!y>
  return %1 : tensor<512x!y>
}

// -----

!x = !quant.uniform<i8:f32, 1.0>
!y = !quant.uniform<i8:f32, 6.0:3>

// Ties of one sixth: an entry for every pair of the types, also where the
// producer's clamp leaves out half of one operand.
// CHECK: #[[TABLE:requant[0-9]*]] = #qbias.requant<mode = exact, form = table, thresholds = dense_resource<{{.*}}> : tensor<65536xi32>, lo = -128, hi = 127>
// CHECK-LABEL: func.func @table_for_a_sum_with_ties(
// CHECK: qbias.int.lookup
// CHECK: qbias.int.add {{.*}}requant = #[[TABLE]]
func.func @table_for_a_sum_with_ties(%q: tensor<512x!x>, %r: tensor<512x!x>) -> tensor<512x!y> {
  %a = qbias.dequantize %q : tensor<512x!x> -> tensor<512xf32>
  %p = qbias.clamp %a lo 0.0 : tensor<512xf32>
  %pq = qbias.quantize %p : tensor<512xf32> -> tensor<512x!x>
  %pd = qbias.dequantize %pq : tensor<512x!x> -> tensor<512xf32>
  %b = qbias.dequantize %r : tensor<512x!x> -> tensor<512xf32>
  %0 = qbias.add %pd, %b : tensor<512xf32>, tensor<512xf32> -> tensor<512xf32>
  %1 = qbias.quantize %0 : tensor<512xf32> -> tensor<512x!y>
  return %1 : tensor<512x!y>
}

// -----

!x = !quant.uniform<i8:f32, 0.5:3>
!w = !quant.uniform<i8:f32:0, {0.25, 0.011}>
!s = !quant.uniform<u8:f32, 0.3:7>
!y = !quant.uniform<i8:f32, 0.7:-5>

// CHECK: #requant = #qbias.requant<mode = exact, form = affine, multiplier = dense<{{.*}}> : tensor<2xi64>, addend_multiplier = dense<{{.*}}> : tensor<2xi64>
// CHECK-LABEL: func.func @convolution_plus_skip(
func.func @convolution_plus_skip(%q: tensor<1x8x8x1x!x>, %r: tensor<1x8x8x2x!s>) -> tensor<1x8x8x2x!y> {
  %x = qbias.dequantize %q : tensor<1x8x8x1x!x> -> tensor<1x8x8x1xf32>
  %s = qbias.dequantize %r : tensor<1x8x8x2x!s> -> tensor<1x8x8x2xf32>
  %c = arith.constant dense<[[[[3]]], [[[-2]]]]> : tensor<2x1x1x1xi8>
  %wq = quant.scast %c : tensor<2x1x1x1xi8> to tensor<2x1x1x1x!w>
  %w = qbias.dequantize %wq : tensor<2x1x1x1x!w> -> tensor<2x1x1x1xf32>
  %b = arith.constant dense<[0.31, -0.77]> : tensor<2xf32>
  %0 = qbias.conv2d %x, %w bias %b : (tensor<1x8x8x1xf32>, tensor<2x1x1x1xf32>, tensor<2xf32>) -> tensor<1x8x8x2xf32>
  %1 = qbias.add %s, %0 : tensor<1x8x8x2xf32>, tensor<1x8x8x2xf32> -> tensor<1x8x8x2xf32>
  %2 = qbias.clamp %1 lo 0.0 : tensor<1x8x8x2xf32>
  %3 = qbias.quantize %2 : tensor<1x8x8x2xf32> -> tensor<1x8x8x2x!y>
  return %3 : tensor<1x8x8x2x!y>
}

// -----

!x = !quant.uniform<i8:f32, 0.5>
!y = !quant.uniform<i8:f32, 1.0:3>

// CHECK: #requant = #qbias.requant<mode = exact, form = half_even, {{.*}}addend_multiplier = {{.*}}zero_point = 3,
// CHECK-LABEL: func.func @dyadic_product_plus_skip(
func.func @dyadic_product_plus_skip(%q: tensor<64x2x!x>, %r: tensor<64x1x!x>) -> tensor<64x1x!y> {
  %x = qbias.dequantize %q : tensor<64x2x!x> -> tensor<64x2xf32>
  %s = qbias.dequantize %r : tensor<64x1x!x> -> tensor<64x1xf32>
  %c = arith.constant dense<[[1, -3]]> : tensor<1x2xi8>
  %wq = quant.scast %c : tensor<1x2xi8> to tensor<1x2x!x>
  %w = qbias.dequantize %wq : tensor<1x2x!x> -> tensor<1x2xf32>
  %0 = qbias.matmul %x, %w : (tensor<64x2xf32>, tensor<1x2xf32>) -> tensor<64x1xf32>
  %1 = qbias.add %0, %s : tensor<64x1xf32>, tensor<64x1xf32> -> tensor<64x1xf32>
  %2 = qbias.quantize %1 : tensor<64x1xf32> -> tensor<64x1x!y>
  return %2 : tensor<64x1x!y>
}

// -----

!a = !quant.uniform<u8:f32, 0.03:11>
!b = !quant.uniform<i8:f32, 0.05:-3>
!y = !quant.uniform<i8:f32, 0.07:20>

// (255 - 11) * (-128 + 3) and (255 - 11) * (127 + 3).
// CHECK: #bounds = #qbias.bounds<min = dense<-30500> : tensor<1xi64>, max = dense<31720> : tensor<1xi64>>
// CHECK-LABEL: func.func @product_of_two_tensors(
func.func @product_of_two_tensors(%q: tensor<512x!a>, %r: tensor<512x!b>) -> tensor<512x!y> {
  %a = qbias.dequantize %q : tensor<512x!a> -> tensor<512xf32>
  %b = qbias.dequantize %r : tensor<512x!b> -> tensor<512xf32>
  %0 = qbias.mul %a, %b : tensor<512xf32>, tensor<512xf32> -> tensor<512xf32>
  %1 = qbias.quantize %0 : tensor<512xf32> -> tensor<512x!y>
  return %1 : tensor<512x!y>
}
