// RUN: qbias-opt %s --qbias-lower-kernels="cpu=x86-64-v4" --canonicalize | FileCheck %s

#same = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>

// Weights of bytes, 9 to an input and channel, are transformed where they are used: 4 of 32
// pairs of inputs at a time, 512 bytes and a line of 64 more for every position. Sums of the
// chunks are added up in memory, from 0 on.
// CHECK-LABEL: func.func @bytes(
// CHECK: arith.constant dense{{.*}} : tensor<18432xi8>
// CHECK-DAG: memref.alloc() : memref<9216xi16>
// CHECK-DAG: memref.alloc() : memref<4608xi32>
// CHECK-DAG: memref.alloc() : memref<10368xi16>
// CHECK-LABEL: func.func private @qbias_kernel_0(
// CHECK: scf.for
// CHECK: vector.store %{{.*}} : memref<4608xi32>, vector<16xi32>
// CHECK: scf.for
// CHECK: scf.for
// CHECK-COUNT-9: vector.load %{{.*}} : memref<18432xi8>, vector<32xi8>
// CHECK-COUNT-36: vector.store %{{.*}} : memref<10368xi16>, vector<32xi16>
// CHECK: %[[SUM:.*]] = vector.load %{{.*}} : memref<4608xi32>, vector<16xi32>
// CHECK: scf.for {{.*}} iter_args(
// CHECK: vector.load %{{.*}} : memref<10368xi16>, vector<32xi16>
// CHECK-NOT: memref.prefetch
func.func @bytes(%x: tensor<1x10x10x64xi8>) -> tensor<1x8x8x32xi32> {
  %w = arith.constant dense<100> : tensor<3x3x64x32xi8>
  %zero = arith.constant 0 : i32
  %e = tensor.empty() : tensor<1x8x8x32xi32>
  %init = linalg.fill ins(%zero : i32) outs(%e : tensor<1x8x8x32xi32>) -> tensor<1x8x8x32xi32>
  %acc = linalg.conv_2d_nhwc_hwcf {qbias.plan = "winograd4w8"} ins(%x, %w : tensor<1x10x10x64xi8>, tensor<3x3x64x32xi8>) outs(%init : tensor<1x8x8x32xi32>) -> tensor<1x8x8x32xi32>
  %y = linalg.generic {indexing_maps = [#same, #same], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%acc : tensor<1x8x8x32xi32>) outs(%e : tensor<1x8x8x32xi32>) {
  ^bb0(%a: i32, %out: i32):
    linalg.yield %a : i32
  } -> tensor<1x8x8x32xi32>
  return %y : tensor<1x8x8x32xi32>
}
