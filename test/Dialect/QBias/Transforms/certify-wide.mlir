// Outputs of 16 bits: two limbs, and a window for ties of any ratio.
// RUN: qbias-opt %s --split-input-file --qbias-check-rewrite="pipeline=qbias-integerize seeds=16" | FileCheck %s
// RUN: qbias-opt %s --split-input-file --qbias-integerize --qbias-certify=verify-only -o /dev/null

!a = !quant.uniform<i16:f32, 0.5:3>
!b = !quant.uniform<i16:f32, 0.375:7>
!y = !quant.uniform<i16:f32, 0.75:-5>

// 2/3 and 1/2: sums are multiples of 1/6, and a half is one of them.
// CHECK: #certificate = #qbias.certificate<channels = 1, certified = 1>
// CHECK: #qbias.requant<mode = exact, form = wide, {{.*}}addend_multiplier = {{.*}}low = dense<{{\[\[}}44, {{[0-9]+}}, {{[0-9]+}}, {{[0-9]+}}, {{[1-9][0-9]*}}]]> : tensor<1x5xi64>, zero_point = -5
// CHECK-LABEL: func.func @sum_with_ties(
func.func @sum_with_ties(%q: tensor<512x!a>, %r: tensor<512x!b>) -> tensor<512x!y> {
  %a = qbias.dequantize %q : tensor<512x!a> -> tensor<512xf32>
  %b = qbias.dequantize %r : tensor<512x!b> -> tensor<512xf32>
  %0 = qbias.add %a, %b : tensor<512xf32>, tensor<512xf32> -> tensor<512xf32>
  %1 = qbias.quantize %0 : tensor<512xf32> -> tensor<512x!y>
  return %1 : tensor<512x!y>
}

// -----

!x = !quant.uniform<i8:f32, 1.0:3>
!w = !quant.uniform<i8:f32, 1.0>
!y = !quant.uniform<i16:f32, 6.0:5>

// M = 1/6, and 65536 levels are too many for thresholds.
// CHECK: #certificate = #qbias.certificate<channels = 1, certified = 1>
// CHECK: #qbias.requant<mode = exact, form = wide
// CHECK-LABEL: func.func @product_with_ties(
func.func @product_with_ties(%q: tensor<512x2x!x>) -> tensor<512x1x!y> {
  %x = qbias.dequantize %q : tensor<512x2x!x> -> tensor<512x2xf32>
  %c = arith.constant dense<[[3, -5]]> : tensor<1x2xi8>
  %wq = quant.scast %c : tensor<1x2xi8> to tensor<1x2x!w>
  %w = qbias.dequantize %wq : tensor<1x2x!w> -> tensor<1x2xf32>
  %0 = qbias.matmul %x, %w : (tensor<512x2xf32>, tensor<1x2xf32>) -> tensor<512x1xf32> loc("product")
  %f = arith.constant dense<600.0> : tensor<1x1xf32>
  %1 = qbias.add %0, %f : tensor<512x1xf32>, tensor<1x1xf32> -> tensor<512x1xf32>
  %2 = qbias.quantize %1 : tensor<512x1xf32> -> tensor<512x1x!y> loc("y")
  return %2 : tensor<512x1x!y>
}

// -----

!x = !quant.uniform<i8:f32, 0.05:3>
!w = !quant.uniform<i8:f32, 0.25>
!y = !quant.uniform<i16:f32, 0.00004>

// A function behind the sum: thresholds, as long as they are few.
// CHECK: #qbias.requant<mode = exact, form = table, thresholds = dense_resource<{{.*}}> : tensor<2041xi64>, hi = 25000>
// CHECK-LABEL: func.func @function_behind_a_product(
func.func @function_behind_a_product(%q: tensor<512x2x!x>) -> tensor<512x1x!y> {
  %x = qbias.dequantize %q : tensor<512x2x!x> -> tensor<512x2xf32>
  %c = arith.constant dense<[[3, -5]]> : tensor<1x2xi8>
  %wq = quant.scast %c : tensor<1x2xi8> to tensor<1x2x!w>
  %w = qbias.dequantize %wq : tensor<1x2x!w> -> tensor<1x2xf32>
  %0 = qbias.matmul %x, %w : (tensor<512x2xf32>, tensor<1x2xf32>) -> tensor<512x1xf32>
  %1 = qbias.unary sigmoid %0 : tensor<512x1xf32>
  %2 = qbias.quantize %1 : tensor<512x1xf32> -> tensor<512x1x!y>
  return %2 : tensor<512x1x!y>
}
