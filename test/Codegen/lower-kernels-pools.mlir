// RUN: qbias-opt %s --qbias-plan-kernels="cpu=x86-64-v3 plan=pair16" --split-input-file | FileCheck %s --check-prefix=PLAN
// RUN: qbias-opt %s --qbias-plan-kernels="cpu=x86-64-v3 plan=pair16" --qbias-lower-kernels="cpu=x86-64-v3" --canonicalize --split-input-file | FileCheck %s
// RUN: qbias-opt %s --qbias-plan-kernels="cpu=x86-64-v3 plan=reference" --qbias-lower-kernels="cpu=x86-64-v3" --split-input-file | FileCheck %s --check-prefix=LOOPS
// RUN: sed "s/constant -100 : i8/constant -99 : i8/" %s | qbias-opt --qbias-plan-kernels="cpu=x86-64-v3 plan=pair16" --split-input-file | FileCheck %s --check-prefix=START
// RUN: qbias-opt %s --qbias-plan-kernels="cpu=x86-64-v3" --split-input-file | sed 's/"pool"/"dot8"/' | not qbias-opt --qbias-lower-kernels="cpu=x86-64-v3" --split-input-file 2>&1 | FileCheck %s --check-prefix=EDITED

// No result is less than what the windows start from: that of no sum.
// START-LABEL: func.func @split(
// START-NOT: qbias.stores
// START: linalg.pooling_nhwc_max {qbias.plan = "pool"

// EDITED: error: plan 'dot8' of layer '{{.*}}' is not proven: a max pool of 8 or 16 bits and known extents takes pool or reference; let --qbias-plan-kernels choose the plan

#same = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>
#none = affine_map<(d0, d1, d2, d3) -> ()>

// The largest of four sums is requantized once. 4 x 6 inputs lie behind one another, rows of
// windows 2 * 6 * 8 elements apart.
// PLAN-LABEL: func.func @split(
// PLAN: linalg.conv_2d_nhwc_hwcf {qbias.plan = "pair16", qbias.plan_reason = "target avx2, 32-bit epilogue{{.*}}, max pool before the store", qbias.stores = ["pooled"]}
// PLAN: linalg.pooling_nhwc_max {strides
// LOOPS-LABEL: func.func @split(
// LOOPS: linalg.pooling_nhwc_max
// CHECK-LABEL: func.func @split(
// CHECK-NOT: linalg.pooling_nhwc_max
// CHECK: %[[Y:.*]] = memref.alloc() : memref<1x2x3x8xi8>
// CHECK: call @[[KERNEL:qbias_kernel_.]]({{.*}}, %c0, %c2, %c0)
// CHECK-NOT: linalg.pooling_nhwc_max
// CHECK: func.func private @[[KERNEL]](
// CHECK: scf.for %[[ROW:.*]] = %{{.*}} to %{{.*}} step %c1 {
// CHECK: arith.muli %[[ROW]], %c96 : index
// CHECK: %[[A:.*]] = arith.maxsi %{{.*}}, %{{.*}} : vector<8xi32>
// CHECK-NEXT: %[[B:.*]] = arith.maxsi %[[A]], %{{.*}} : vector<8xi32>
// CHECK-NEXT: %[[C:.*]] = arith.maxsi %[[B]], %{{.*}} : vector<8xi32>
// CHECK-NEXT: %[[D:.*]] = arith.maxsi %{{.*}}, %{{.*}} : vector<8xi32>
// CHECK-COUNT-5: arith.maxsi %{{.*}} : vector<8xi32>
// CHECK-NOT: arith.maxsi %{{.*}} : vector<8xi32>
// CHECK: vector.store {{.*}} : memref<48xi8>, vector<8xi8>
// CHECK: vector.store {{.*}} : memref<48xi8>, vector<8xi8>
// CHECK: vector.store {{.*}} : memref<48xi8>, vector<8xi8>
// CHECK-NEXT: }
func.func @split(%x: tensor<1x4x6x8xi8>) -> tensor<1x2x3x8xi8> {
  %w = arith.constant dense<40> : tensor<1x1x8x8xi8>
  %zero = arith.constant 0 : i32
  %m = arith.constant dense<1500000000> : tensor<i64>
  %r = arith.constant dense<17179869184> : tensor<i64>
  %k = arith.constant dense<40> : tensor<i64>
  %lo = arith.constant -100 : i64
  %hi = arith.constant 127 : i64
  %least = arith.constant -100 : i8
  %e = tensor.empty() : tensor<1x4x6x8xi32>
  %init = linalg.fill ins(%zero : i32) outs(%e : tensor<1x4x6x8xi32>) -> tensor<1x4x6x8xi32>
  %acc = linalg.conv_2d_nhwc_hwcf ins(%x, %w : tensor<1x4x6x8xi8>, tensor<1x1x8x8xi8>) outs(%init : tensor<1x4x6x8xi32>) -> tensor<1x4x6x8xi32>
  %o = tensor.empty() : tensor<1x4x6x8xi8>
  %y = linalg.generic {indexing_maps = [#same, #none, #none, #none, #same], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%acc, %m, %r, %k : tensor<1x4x6x8xi32>, tensor<i64>, tensor<i64>, tensor<i64>) outs(%o : tensor<1x4x6x8xi8>) {
  ^bb0(%a: i32, %mi: i64, %ri: i64, %ki: i64, %out: i8):
    %0 = arith.extsi %a : i32 to i64
    %1 = arith.muli %0, %mi : i64
    %2 = arith.addi %1, %ri : i64
    %3 = arith.shrsi %2, %ki : i64
    %4 = arith.maxsi %3, %lo : i64
    %5 = arith.minsi %4, %hi : i64
    %6 = arith.trunci %5 : i64 to i8
    linalg.yield %6 : i8
  } -> tensor<1x4x6x8xi8>
  %window = tensor.empty() : tensor<2x2xi8>
  %p = tensor.empty() : tensor<1x2x3x8xi8>
  %start = linalg.fill ins(%least : i8) outs(%p : tensor<1x2x3x8xi8>) -> tensor<1x2x3x8xi8>
  %z = linalg.pooling_nhwc_max {strides = dense<2> : tensor<2xi64>} ins(%y, %window : tensor<1x4x6x8xi8>, tensor<2x2xi8>) outs(%start : tensor<1x2x3x8xi8>) -> tensor<1x2x3x8xi8> loc("pooled")
  return %z : tensor<1x2x3x8xi8>
}

// -----

#same = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>
#none = affine_map<(d0, d1, d2, d3) -> ()>

// Results decrease as sums grow: the largest result is not that of the largest sum.
// PLAN-LABEL: func.func @decreasing(
// PLAN-NOT: qbias.stores
// PLAN: linalg.pooling_nhwc_max {{.*}}qbias.plan = "pool"
// LOOPS-LABEL: func.func @decreasing(
// LOOPS: linalg.pooling_nhwc_max
// CHECK-LABEL: func.func @decreasing(
// CHECK-NOT: linalg.pooling_nhwc_max
// CHECK: %[[Y:.*]] = memref.alloc() : memref<1x2x2x8xi8>
// CHECK: call @[[LAYER:qbias_kernel_.]](
// CHECK: call @[[POOL:qbias_kernel_.]](
// CHECK: func.func private @[[POOL]](
// CHECK: arith.maxsi {{.*}} : vector<64xi8>
func.func @decreasing(%x: tensor<1x2x2x8xi8>) -> tensor<1x1x1x8xi8> {
  %w = arith.constant dense<40> : tensor<1x1x8x8xi8>
  %zero = arith.constant 0 : i32
  %m = arith.constant dense<-1500000000> : tensor<i64>
  %r = arith.constant dense<17179869184> : tensor<i64>
  %k = arith.constant dense<40> : tensor<i64>
  %lo = arith.constant -100 : i64
  %hi = arith.constant 127 : i64
  %least = arith.constant -128 : i8
  %e = tensor.empty() : tensor<1x2x2x8xi32>
  %init = linalg.fill ins(%zero : i32) outs(%e : tensor<1x2x2x8xi32>) -> tensor<1x2x2x8xi32>
  %acc = linalg.conv_2d_nhwc_hwcf ins(%x, %w : tensor<1x2x2x8xi8>, tensor<1x1x8x8xi8>) outs(%init : tensor<1x2x2x8xi32>) -> tensor<1x2x2x8xi32>
  %o = tensor.empty() : tensor<1x2x2x8xi8>
  %y = linalg.generic {indexing_maps = [#same, #none, #none, #none, #same], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%acc, %m, %r, %k : tensor<1x2x2x8xi32>, tensor<i64>, tensor<i64>, tensor<i64>) outs(%o : tensor<1x2x2x8xi8>) {
  ^bb0(%a: i32, %mi: i64, %ri: i64, %ki: i64, %out: i8):
    %0 = arith.extsi %a : i32 to i64
    %1 = arith.muli %0, %mi : i64
    %2 = arith.addi %1, %ri : i64
    %3 = arith.shrsi %2, %ki : i64
    %4 = arith.maxsi %3, %lo : i64
    %5 = arith.minsi %4, %hi : i64
    %6 = arith.trunci %5 : i64 to i8
    linalg.yield %6 : i8
  } -> tensor<1x2x2x8xi8>
  %window = tensor.empty() : tensor<2x2xi8>
  %p = tensor.empty() : tensor<1x1x1x8xi8>
  %start = linalg.fill ins(%least : i8) outs(%p : tensor<1x1x1x8xi8>) -> tensor<1x1x1x8xi8>
  %z = linalg.pooling_nhwc_max {strides = dense<2> : tensor<2xi64>} ins(%y, %window : tensor<1x2x2x8xi8>, tensor<2x2xi8>) outs(%start : tensor<1x1x1x8xi8>) -> tensor<1x1x1x8xi8>
  return %z : tensor<1x1x1x8xi8>
}
