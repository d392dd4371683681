// A sum of 43 bits leaves too few bits for a multiplier: what comes out wrong is
// counted, not claimed. The count was made again with exact fractions.
// RUN: qbias-opt %s --qbias-integerize | FileCheck %s
// RUN: qbias-opt %s --qbias-integerize -o /dev/null --remark-format=emitRemark \
// RUN:   --remark-policy=all --remarks-filter=qbias-certify 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: qbias-opt %s --qbias-integerize --qbias-certify=verify-only -o /dev/null
// RUN: qbias-opt %s --qbias-integerize --qbias-interpret -o /dev/null | FileCheck %s --check-prefix=VALUES
// RUN: qbias-opt %s --qbias-integerize | sed 's/wrong = dense<246592>/wrong = dense<246591>/' \
// RUN:   | not qbias-opt --qbias-certify=verify-only 2>&1 | FileCheck %s --check-prefix=FALSE

// CHECK: #certificate = #qbias.certificate<channels = 1, certified = 0, wrong = dense<246592> : tensor<1xi64>, largest_error = dense<1> : tensor<1xi64>>
// CHECK-LABEL: func.func @long_sum(
// REMARK: [Failure] certificate | Category:qbias-certify | certified=0, channels=1, form=wide
// REMARK: warning: loc("product"("y")): 1 of 1 channels have no integer form that is proven to equal the reference; in channel 0 it differs at 246592 accumulators, and nowhere by more than 1
// REMARK: [Analysis] deviation | Category:qbias-certify | largest_error=1, worst_channel=0, wrong_accumulators=246592
// FALSE: certificate is wrong: expects
// -32768 * 32767 * 4096 / 147639504 is -29789.09..., 32767 * 32767 * 4096 / 147639504 is 29788.18...
// VALUES: "function":"long_sum","set":"all smallest"{{.*}}"outputs":[{"shape":[1,1],"values":[-29788]}]
// VALUES: "set":"all zero point"{{.*}}"outputs":[{"shape":[1,1],"values":[0]}]
!x = !quant.uniform<i16:f32, 1.0>
!w = !quant.uniform<i16:f32, 1.0>
!y = !quant.uniform<i16:f32, 147639504.0>
func.func @long_sum(%q: tensor<1x4096x!x>) -> tensor<1x1x!y> {
  %x = qbias.dequantize %q : tensor<1x4096x!x> -> tensor<1x4096xf32>
  %c = arith.constant dense<32767> : tensor<1x4096xi16>
  %wq = quant.scast %c : tensor<1x4096xi16> to tensor<1x4096x!w>
  %w = qbias.dequantize %wq : tensor<1x4096x!w> -> tensor<1x4096xf32>
  %0 = qbias.matmul %x, %w : (tensor<1x4096xf32>, tensor<1x4096xf32>) -> tensor<1x1xf32> loc("product")
  %f = arith.constant dense<0.30000001192092896> : tensor<1x1xf32>
  %1 = qbias.add %0, %f : tensor<1x1xf32>, tensor<1x1xf32> -> tensor<1x1xf32>
  %2 = qbias.quantize %1 : tensor<1x1xf32> -> tensor<1x1x!y> loc("y")
  return %2 : tensor<1x1x!y>
}
