// RUN: qbias-opt %s --qbias-lower-kernels="cpu=x86-64-v4 features=+avx512vnni" --canonicalize | FileCheck %s

#same = affine_map<(d0, d1) -> (d0, d1)>

// Two layers of one shape share a function; its constants are arguments. No sums in
// memory: the result is written as the epilogue makes it.
// CHECK-LABEL: func.func @two_layers(
// CHECK-NOT: = linalg.
// CHECK: %[[Y:.*]] = memref.alloc() : memref<5x18xi32>
// CHECK: %[[FLAT:.*]] = memref.collapse_shape %[[Y]] {{.*}} into memref<90xi32>
// CHECK: call @qbias_kernel_0(%{{.*}}, %[[FLAT]], %{{.*}}, %{{.*}}, %{{.*}}) {qbias.units = 1 : i64}
// CHECK: bufferization.to_tensor %[[Y]] restrict writable
// CHECK: call @qbias_kernel_0(
// CHECK: return
func.func @two_layers(%x: tensor<5x6xi8>) -> (tensor<5x18xi32>, tensor<5x18xi32>) {
  %w = arith.constant dense<103> : tensor<6x18xi8>
  %v = arith.constant dense<-104> : tensor<6x18xi8>
  %zero = arith.constant 0 : i32
  %e = tensor.empty() : tensor<5x18xi32>
  %init = linalg.fill ins(%zero : i32) outs(%e : tensor<5x18xi32>) -> tensor<5x18xi32>
  %acc = linalg.matmul {qbias.plan = "dot8"} ins(%x, %w : tensor<5x6xi8>, tensor<6x18xi8>) outs(%init : tensor<5x18xi32>) -> tensor<5x18xi32>
  %y = linalg.generic {indexing_maps = [#same, #same], iterator_types = ["parallel", "parallel"]}
      ins(%acc : tensor<5x18xi32>) outs(%e : tensor<5x18xi32>) {
  ^bb0(%a: i32, %out: i32):
    linalg.yield %a : i32
  } -> tensor<5x18xi32>
  %acc2 = linalg.matmul {qbias.plan = "dot8"} ins(%x, %v : tensor<5x6xi8>, tensor<6x18xi8>) outs(%init : tensor<5x18xi32>) -> tensor<5x18xi32>
  %z = linalg.generic {indexing_maps = [#same, #same], iterator_types = ["parallel", "parallel"]}
      ins(%acc2 : tensor<5x18xi32>) outs(%e : tensor<5x18xi32>) {
  ^bb0(%a: i32, %out: i32):
    linalg.yield %a : i32
  } -> tensor<5x18xi32>
  return %y, %z : tensor<5x18xi32>, tensor<5x18xi32>
}

// CHECK-LABEL: func.func @reference_is_left(
// CHECK: linalg.matmul
func.func @reference_is_left(%x: tensor<5x6xi8>, %w: tensor<6x18xi8>, %e: tensor<5x18xi32>) -> tensor<5x18xi32> {
  %acc = linalg.matmul {qbias.plan = "reference"} ins(%x, %w : tensor<5x6xi8>, tensor<6x18xi8>) outs(%e : tensor<5x18xi32>) -> tensor<5x18xi32>
  return %acc : tensor<5x18xi32>
}

// Six inputs are a group of four and one that starts two early; 18 channels are
// 16 and 2, of which 2 are stored.
// CHECK-LABEL: func.func private @qbias_kernel_0(
// CHECK-SAME: %[[X:[^:]*]]: memref<30xi8> {llvm.noalias}
// CHECK: llvm.inline_asm "", "=v,0"
// CHECK-COUNT-20: llvm.call_intrinsic "llvm.x86.avx512.vpdpbusd.512"
// CHECK-NOT: vpdpbusd
// CHECK: vector.store {{.*}} : memref<90xi32>, vector<2xi32>
// CHECK-NOT: func.func private
