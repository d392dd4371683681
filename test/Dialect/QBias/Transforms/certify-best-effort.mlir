// A 16-bit output that no multiplier hits on every accumulator: counted, not
// claimed. What runs is within one step of the reference.
// RUN: qbias-opt %s --split-input-file --qbias-integerize | FileCheck %s
// RUN: qbias-opt %s --split-input-file --qbias-integerize -o /dev/null --remark-format=emitRemark \
// RUN:   --remark-policy=all --remarks-filter=qbias-certify 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: qbias-opt %s --split-input-file --qbias-integerize --qbias-interpret -o /dev/null | FileCheck %s --check-prefix=VALUES

!a = !quant.uniform<i16:f32, 0.5:3>
!b = !quant.uniform<i16:f32, 0.3:7>
!y = !quant.uniform<i16:f32, 0.7:-5>

// CHECK: #certificate = #qbias.certificate<channels = 1, certified = 0>
// CHECK-LABEL: func.func @sum_of_16_bits(
// REMARK: loc("sum"("y")): [Failure] certificate | Category:qbias-certify | certified=0, channels=1, form=affine
// Zero plus zero is the zero point; 0.5 * (-32771) - 0.3 * 32775 saturates.
// VALUES: "function":"sum_of_16_bits","set":"all smallest"{{.*}}"outputs":[{"shape":[1],"values":[-32768]}]
// VALUES: "set":"all zero point"{{.*}}"outputs":[{"shape":[1],"values":[-5]}]
func.func @sum_of_16_bits(%q: tensor<1x!a>, %r: tensor<1x!b>) -> tensor<1x!y> {
  %a = qbias.dequantize %q : tensor<1x!a> -> tensor<1xf32>
  %b = qbias.dequantize %r : tensor<1x!b> -> tensor<1xf32>
  %0 = qbias.add %a, %b : tensor<1xf32>, tensor<1xf32> -> tensor<1xf32> loc("sum")
  %1 = qbias.quantize %0 : tensor<1xf32> -> tensor<1x!y> loc("y")
  return %1 : tensor<1x!y>
}

// -----

!x = !quant.uniform<i8:f32, 1.0:3>
!w = !quant.uniform<i8:f32, 1.0>
!y = !quant.uniform<i16:f32, 6.0:5>

// M = 1/6 has ties, and 65536 levels have no threshold form. The constant is
// part of the rounding constant.
// CHECK: #certificate = #qbias.certificate<channels = 1, certified = 0, rounding_min
// CHECK-LABEL: func.func @product_with_ties(
// REMARK: loc("product"("y")): [Failure] certificate | Category:qbias-certify | certified=0, channels=1, form=affine
// REMARK: warning: loc("product"("y")): 1 of 1 channels have no integer form that is proven to equal the reference
// 3 * -131 - 5 * -131 + 600 = 862, 600, and 3 * -131 - 5 * 124 + 600 = -413.
// VALUES: "function":"product_with_ties","set":"all smallest"{{.*}}"outputs":[{"shape":[1,1],"values":[149]}]
// VALUES: "set":"all zero point"{{.*}}"outputs":[{"shape":[1,1],"values":[105]}]
// VALUES: "set":"alternating"{{.*}}"outputs":[{"shape":[1,1],"values":[-64]}]
func.func @product_with_ties(%q: tensor<1x2x!x>) -> tensor<1x1x!y> {
  %x = qbias.dequantize %q : tensor<1x2x!x> -> tensor<1x2xf32>
  %c = arith.constant dense<[[3, -5]]> : tensor<1x2xi8>
  %wq = quant.scast %c : tensor<1x2xi8> to tensor<1x2x!w>
  %w = qbias.dequantize %wq : tensor<1x2x!w> -> tensor<1x2xf32>
  %0 = qbias.matmul %x, %w : (tensor<1x2xf32>, tensor<1x2xf32>) -> tensor<1x1xf32> loc("product")
  %f = arith.constant dense<600.0> : tensor<1x1xf32>
  %1 = qbias.add %0, %f : tensor<1x1xf32>, tensor<1x1xf32> -> tensor<1x1xf32>
  %2 = qbias.quantize %1 : tensor<1x1xf32> -> tensor<1x1x!y> loc("y")
  return %2 : tensor<1x1x!y>
}
