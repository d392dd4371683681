// RUN: qbias-opt %s --qbias-lower-kernels="triple=aarch64-linux-gnu features=+dotprod,+i8mm" | FileCheck %s

#same = affine_map<(d0, d1) -> (d0, d1)>

// Eight inputs of two pixels with eight weights of two channels: their four sums are one
// register, taken apart when all are added up.
// CHECK-LABEL: func.func @layer(
// CHECK: func.func private @qbias_kernel_0(
// CHECK: llvm.call_intrinsic "llvm.aarch64.neon.smmla.v4i32.v16i8"({{.*}}) : (vector<4xi32>, vector<16xi8>, vector<16xi8>)
// CHECK: vector.shuffle {{.*}} [0, 1, 4, 5] : vector<4xi32>
// CHECK: vector.shuffle {{.*}} [2, 3, 6, 7] : vector<4xi32>
func.func @layer(%x: tensor<5x8xi8>) -> tensor<5x32xi32> {
  %w = arith.constant dense<30> : tensor<8x32xi8>
  %zero = arith.constant 0 : i32
  %e = tensor.empty() : tensor<5x32xi32>
  %init = linalg.fill ins(%zero : i32) outs(%e : tensor<5x32xi32>) -> tensor<5x32xi32>
  %acc = linalg.matmul {qbias.plan = "mmla8"} ins(%x, %w : tensor<5x8xi8>, tensor<8x32xi8>) outs(%init : tensor<5x32xi32>) -> tensor<5x32xi32>
  %y = linalg.generic {indexing_maps = [#same, #same], iterator_types = ["parallel", "parallel"]}
      ins(%acc : tensor<5x32xi32>) outs(%e : tensor<5x32xi32>) {
  ^bb0(%a: i32, %out: i32):
    linalg.yield %a : i32
  } -> tensor<5x32xi32>
  return %y : tensor<5x32xi32>
}
