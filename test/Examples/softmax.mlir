// Class probabilities: exponentials of the differences to the largest score,
// from a table, over their sum. An approximation with a bound, not certified.
// RUN: qbias-opt %s --verify-roundtrip | FileCheck %s --check-prefix=REAL
// RUN: qbias-opt %s --qbias-integerize | FileCheck %s
// RUN: qbias-opt %s --qbias-integerize=requant=tflite | FileCheck %s --check-prefix=KERNEL
// RUN: sed 's/0.00390625:-128/0.0078125:-128/' %s | qbias-opt --qbias-integerize=requant=tflite --remark-format=emitRemark \
// RUN:   --remark-policy=all --remarks-filter=qbias-fuse-requant 2>&1 | FileCheck %s --check-prefix=OTHER

!in = !quant.uniform<i8:f32, 0.125:3>
!out = !quant.uniform<i8:f32, 0.00390625:-128>

// REAL-LABEL: func.func @scores
// REAL: qbias.softmax %{{.*}} beta 1.000000e+00 : tensor<1x10xf32>

// CHECK-LABEL: func.func @scores
// CHECK: qbias.int.softmax %{{.*}} {beta = 1.000000e+00 : f64, exponentials = dense_resource<{{.*}}> : tensor<256xi32>, input_scale = 1.250000e-01 : f64
// CHECK-SAME: multiplier = 256 : i64
// CHECK-SAME: shift = 0 : i64
// CHECK-NOT: tflite

// KERNEL-LABEL: func.func @scores
// KERNEL: qbias.int.softmax
// KERNEL-SAME: multiplier = 1 : i64
// KERNEL-SAME: tflite

// The reference kernel has one output scale.
// OTHER: remark: {{.*}}[Analysis] kept-exact | Category:qbias-fuse-requant | {{.*}}Reason="mode tflite has no softmax of rows of 10 elements with a result of type !quant.uniform<i8:f32, 7.812500e-03:-128>", asked=tflite
// OTHER: warning: layers that keep mode exact, because what was asked for has no formula for them: 1;
// OTHER: multiplier = 128 : i64
func.func @scores(%q: tensor<1x10x!in>) -> tensor<1x10x!out> {
  %x = qbias.dequantize %q : tensor<1x10x!in> -> tensor<1x10xf32>
  %p = qbias.softmax %x beta 1.0 : tensor<1x10xf32>
  %y = qbias.quantize %p : tensor<1x10xf32> -> tensor<1x10x!out> loc("y")
  return %y : tensor<1x10x!out>
}
