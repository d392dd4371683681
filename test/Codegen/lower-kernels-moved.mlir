// RUN: sed s/PLAN/pair8/ %s | qbias-opt --qbias-lower-kernels="cpu=x86-64-v3" --canonicalize --cse --split-input-file | FileCheck %s
// RUN: sed s/PLAN/dot8/ %s | qbias-opt --qbias-lower-kernels="cpu=cascadelake" --canonicalize --cse --split-input-file | FileCheck %s --check-prefix=DOT

#same = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>

// vpmaddubsw and vpdpbusd read unsigned bytes: the kernel in front adds 128 to what it stores
// and to the padding (-5 becomes 123), so that the loop does not. What a network reads comes
// as it is, and is moved in the loop.
// CHECK-LABEL: func.func @chain(
// CHECK-NOT: qbias.step
// CHECK: call @[[FIRST:qbias_kernel_.]](
// CHECK: call @[[SECOND:qbias_kernel_.]](
// CHECK: func.func private @[[SECOND]](
// CHECK-NOT: arith.xori
// CHECK: func.func private @[[FIRST]](
// CHECK-DAG: arith.constant dense<123> : vector<32xi8>
// CHECK-DAG: %[[MOVE:.*]] = arith.constant dense<-128> : vector<8xi8>
// CHECK: arith.xori
// CHECK: %[[BYTES:.*]] = arith.trunci %{{.*}} : vector<8xi32> to vector<8xi8>
// CHECK: arith.addi %[[BYTES]], %[[MOVE]] : vector<8xi8>
// DOT-LABEL: func.func @chain(
// DOT: call @[[FIRST:qbias_kernel_.]](
// DOT: call @[[SECOND:qbias_kernel_.]](
// DOT: func.func private @[[SECOND]](
// DOT-NOT: arith.xori
// DOT: func.func private @[[FIRST]](
// DOT: arith.addi %{{.*}} : vector<16xi8>
func.func @chain(%x: tensor<1x3x4x8xi8>) -> tensor<1x3x4x16xi8> {
  %w = arith.constant dense<40> : tensor<1x1x8x8xi8>
  %zero = arith.constant 0 : i32
  %five = arith.constant -5 : i8
  %e = tensor.empty() : tensor<1x3x4x8xi32>
  %init = linalg.fill ins(%zero : i32) outs(%e : tensor<1x3x4x8xi32>) -> tensor<1x3x4x8xi32>
  %acc = linalg.conv_2d_nhwc_hwcf {qbias.plan = "PLAN"} ins(%x, %w : tensor<1x3x4x8xi8>, tensor<1x1x8x8xi8>) outs(%init : tensor<1x3x4x8xi32>) -> tensor<1x3x4x8xi32>
  %b = tensor.empty() : tensor<1x3x4x8xi8>
  %y = linalg.generic {indexing_maps = [#same, #same], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%acc : tensor<1x3x4x8xi32>) outs(%b : tensor<1x3x4x8xi8>) {
  ^bb0(%a: i32, %out: i8):
    %t = arith.trunci %a : i32 to i8
    linalg.yield %t : i8
  } -> tensor<1x3x4x8xi8>
  %p = tensor.pad %y low[0, 1, 1, 0] high[0, 1, 1, 0] {
  ^bb0(%i: index, %j: index, %q: index, %l: index):
    tensor.yield %five : i8
  } : tensor<1x3x4x8xi8> to tensor<1x5x6x8xi8>
  %w2 = arith.constant dense<50> : tensor<3x3x8x16xi8>
  %e2 = tensor.empty() : tensor<1x3x4x16xi32>
  %init2 = linalg.fill ins(%zero : i32) outs(%e2 : tensor<1x3x4x16xi32>) -> tensor<1x3x4x16xi32>
  %acc2 = linalg.conv_2d_nhwc_hwcf {qbias.plan = "PLAN"} ins(%p, %w2 : tensor<1x5x6x8xi8>, tensor<3x3x8x16xi8>) outs(%init2 : tensor<1x3x4x16xi32>) -> tensor<1x3x4x16xi32>
  %b2 = tensor.empty() : tensor<1x3x4x16xi8>
  %z = linalg.generic {indexing_maps = [#same, #same], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%acc2 : tensor<1x3x4x16xi32>) outs(%b2 : tensor<1x3x4x16xi8>) {
  ^bb0(%a: i32, %out: i8):
    %t = arith.trunci %a : i32 to i8
    linalg.yield %t : i8
  } -> tensor<1x3x4x16xi8>
  return %z : tensor<1x3x4x16xi8>
}

// -----

#same = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>

// What is returned as well keeps its integers: the kernel stores both.
// CHECK-LABEL: func.func @shared(
// CHECK-NOT: qbias.step
// CHECK: %[[Y:.*]] = memref.alloc() : memref<1x3x4x8xi8>
// CHECK: %[[MOVED:.*]] = memref.collapse_shape {{.*}} : memref<1x5x6x8xi8> into memref<240xi8>
// CHECK: call @[[FIRST:qbias_kernel_.]]({{.*}}, %[[MOVED]], %c0, %c3, %c0)
// CHECK: %[[RESULT:.*]] = bufferization.to_tensor %[[Y]]
// CHECK-NOT: qbias.step
// CHECK: call @[[SECOND:qbias_kernel_.]](%[[MOVED]], {{.*}})
// CHECK: return %[[RESULT]],
// CHECK: func.func private @[[SECOND]](
// CHECK-NOT: arith.xori
// CHECK: func.func private @[[FIRST]](
// CHECK-DAG: arith.constant dense<123> : vector<32xi8>
// CHECK-DAG: %[[MOVE:.*]] = arith.constant dense<-128> : vector<8xi8>
// CHECK: %[[BYTES:.*]] = arith.trunci %{{.*}} : vector<8xi32> to vector<8xi8>
// CHECK: vector.store %[[BYTES]], %{{.*}} : memref<96xi8>, vector<8xi8>
// CHECK: %[[SUM:.*]] = arith.addi %[[BYTES]], %[[MOVE]] : vector<8xi8>
// CHECK: vector.store %[[SUM]], %{{.*}} : memref<240xi8>, vector<8xi8>
// DOT-LABEL: func.func @shared(
// DOT: call @[[FIRST:qbias_kernel_.]](
// DOT: call @[[SECOND:qbias_kernel_.]](
// DOT: func.func private @[[SECOND]](
// DOT-NOT: arith.xori
// DOT: func.func private @[[FIRST]](
// DOT: vector.store %[[BYTES:.*]], %{{.*}} : memref<96xi8>, vector<8xi8>
// DOT: %[[SUM:.*]] = arith.addi %{{.*}} : vector<16xi8>
func.func @shared(%x: tensor<1x3x4x8xi8>) -> (tensor<1x3x4x8xi8>, tensor<1x3x4x16xi8>) {
  %w = arith.constant dense<40> : tensor<1x1x8x8xi8>
  %zero = arith.constant 0 : i32
  %five = arith.constant -5 : i8
  %e = tensor.empty() : tensor<1x3x4x8xi32>
  %init = linalg.fill ins(%zero : i32) outs(%e : tensor<1x3x4x8xi32>) -> tensor<1x3x4x8xi32>
  %acc = linalg.conv_2d_nhwc_hwcf {qbias.plan = "PLAN"} ins(%x, %w : tensor<1x3x4x8xi8>, tensor<1x1x8x8xi8>) outs(%init : tensor<1x3x4x8xi32>) -> tensor<1x3x4x8xi32>
  %b = tensor.empty() : tensor<1x3x4x8xi8>
  %y = linalg.generic {indexing_maps = [#same, #same], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%acc : tensor<1x3x4x8xi32>) outs(%b : tensor<1x3x4x8xi8>) {
  ^bb0(%a: i32, %out: i8):
    %t = arith.trunci %a : i32 to i8
    linalg.yield %t : i8
  } -> tensor<1x3x4x8xi8>
  %p = tensor.pad %y low[0, 1, 1, 0] high[0, 1, 1, 0] {
  ^bb0(%i: index, %j: index, %q: index, %l: index):
    tensor.yield %five : i8
  } : tensor<1x3x4x8xi8> to tensor<1x5x6x8xi8>
  %w2 = arith.constant dense<50> : tensor<3x3x8x16xi8>
  %e2 = tensor.empty() : tensor<1x3x4x16xi32>
  %init2 = linalg.fill ins(%zero : i32) outs(%e2 : tensor<1x3x4x16xi32>) -> tensor<1x3x4x16xi32>
  %acc2 = linalg.conv_2d_nhwc_hwcf {qbias.plan = "PLAN"} ins(%p, %w2 : tensor<1x5x6x8xi8>, tensor<3x3x8x16xi8>) outs(%init2 : tensor<1x3x4x16xi32>) -> tensor<1x3x4x16xi32>
  %b2 = tensor.empty() : tensor<1x3x4x16xi8>
  %z = linalg.generic {indexing_maps = [#same, #same], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%acc2 : tensor<1x3x4x16xi32>) outs(%b2 : tensor<1x3x4x16xi8>) {
  ^bb0(%a: i32, %out: i8):
    %t = arith.trunci %a : i32 to i8
    linalg.yield %t : i8
  } -> tensor<1x3x4x16xi8>
  return %y, %z : tensor<1x3x4x8xi8>, tensor<1x3x4x16xi8>
}
