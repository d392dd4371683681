// A classification ends in the place of the largest score.
// RUN: qbias-opt %s --verify-roundtrip | FileCheck %s --check-prefix=REAL
// RUN: qbias-opt %s --qbias-integerize | FileCheck %s
// RUN: qbias-opt %s --qbias-check-rewrite="pipeline=qbias-integerize seeds=8" -o /dev/null

!act = !quant.uniform<u8:f32, 0.5:128>

// REAL: qbias.arg_max %{{.*}} dim 1 : tensor<2x10xf32> -> tensor<2xi32>
// REAL: qbias.arg_max %{{.*}} dim 0 {keep_dim, last} : tensor<2x10x!{{.*}}> -> tensor<1x10xi64>

// CHECK-LABEL: func.func @classify(%arg0: tensor<2x10xui8>
// CHECK-NEXT: qbias.arg_max %arg0 dim 1 : tensor<2x10xui8> -> tensor<2xi32>
// CHECK-NEXT: qbias.arg_max %arg0 dim 0 {keep_dim, last} : tensor<2x10xui8> -> tensor<1x10xi64>
// CHECK-NEXT: return
func.func @classify(%q: tensor<2x10x!act>) -> (tensor<2xi32>, tensor<1x10xi64>) {
  %x = qbias.dequantize %q : tensor<2x10x!act> -> tensor<2x10xf32>
  %class = qbias.arg_max %x dim 1 : tensor<2x10xf32> -> tensor<2xi32>
  %row = qbias.arg_max %q dim 0 {keep_dim, last} : tensor<2x10x!act> -> tensor<1x10xi64>
  return %class, %row : tensor<2xi32>, tensor<1x10xi64>
}
