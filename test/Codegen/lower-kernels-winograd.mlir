// RUN: qbias-opt %s --qbias-lower-kernels="cpu=x86-64-v4" --canonicalize | FileCheck %s
// RUN: qbias-opt %s --qbias-lower-kernels="cpu=x86-64-v4 threads=2" --canonicalize | FileCheck %s --check-prefix=TWO

#same = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>

// 5 x 7 results are a block of four tiles: 4 x 4, and below and beside it shorter ones
// of 2 rows (of which one is stored) and 3 columns. Lower edge, full tile, right edge
// and corner have a loop over positions each where all, the right or the lower ones or
// the full tile alone have products: 4 * 5, 4 * 1, 2 * 5 and 2 * 1 positions of 36.
// CHECK-LABEL: func.func @layer(
// CHECK: memref.alloc() : memref<4608xi16>
// CHECK: memref.alloc() : memref<2304xi32>
// CHECK: {qbias.units = 1 : i64}
// CHECK-LABEL: func.func private @qbias_kernel_0(
// CHECK-DAG: %[[C0:.*]] = arith.constant 0 : index
// CHECK-DAG: %[[C20:.*]] = arith.constant 20 : index
// CHECK-DAG: %[[C24:.*]] = arith.constant 24 : index
// CHECK-DAG: %[[C34:.*]] = arith.constant 34 : index
// CHECK-DAG: %[[C36:.*]] = arith.constant 36 : index
// CHECK: scf.for %{{.*}} = %[[C0]] to %[[C20]] step
// CHECK: scf.for %{{.*}} = %[[C20]] to %[[C24]] step
// CHECK: scf.for %{{.*}} = %[[C24]] to %[[C34]] step
// CHECK: scf.for %{{.*}} = %[[C34]] to %[[C36]] step

// Threads share blocks: with fewer images than threads all tiles are full.
// TWO-LABEL: func.func private @qbias_kernel_0(
// TWO-NOT: arith.constant 34 : index
// TWO: %[[C36:.*]] = arith.constant 36 : index
// TWO: scf.for %{{.*}} = %{{.*}} to %[[C36]] step
func.func @layer(%x: tensor<1x7x9x32xi8>) -> tensor<1x5x7x16xi32> {
  %w = arith.constant dense<1> : tensor<3x3x32x16xi8>
  %zero = arith.constant 0 : i32
  %e = tensor.empty() : tensor<1x5x7x16xi32>
  %init = linalg.fill ins(%zero : i32) outs(%e : tensor<1x5x7x16xi32>) -> tensor<1x5x7x16xi32>
  %acc = linalg.conv_2d_nhwc_hwcf {qbias.plan = "winograd4"} ins(%x, %w : tensor<1x7x9x32xi8>, tensor<3x3x32x16xi8>) outs(%init : tensor<1x5x7x16xi32>) -> tensor<1x5x7x16xi32>
  %y = linalg.generic {indexing_maps = [#same, #same], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%acc : tensor<1x5x7x16xi32>) outs(%e : tensor<1x5x7x16xi32>) {
  ^bb0(%a: i32, %out: i32):
    linalg.yield %a : i32
  } -> tensor<1x5x7x16xi32>
  return %y : tensor<1x5x7x16xi32>
}
