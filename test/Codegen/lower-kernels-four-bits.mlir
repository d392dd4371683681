// RUN: qbias-opt %s --qbias-lower-kernels="cpu=x86-64-v4 features=+avx512vnni" | FileCheck %s

#same = affine_map<(d0, d1) -> (d0, d1)>

// Weights of four bits are two to a byte; a kernel takes them apart in registers.
// CHECK-LABEL: func.func @in_registers(
// CHECK: arith.constant dense{{.*}} : tensor<128xi8>
// CHECK: call @qbias_kernel_
func.func @in_registers(%x: tensor<5x8xi8>) -> tensor<5x32xi32> {
  %w = arith.constant dense<-3> : tensor<8x32xi8>
  %zero = arith.constant 0 : i32
  %e = tensor.empty() : tensor<5x32xi32>
  %init = linalg.fill ins(%zero : i32) outs(%e : tensor<5x32xi32>) -> tensor<5x32xi32>
  %acc = linalg.matmul {qbias.plan = "dot8"} ins(%x, %w : tensor<5x8xi8>, tensor<8x32xi8>) outs(%init : tensor<5x32xi32>) -> tensor<5x32xi32>
  %y = linalg.generic {indexing_maps = [#same, #same], iterator_types = ["parallel", "parallel"]}
      ins(%acc : tensor<5x32xi32>) outs(%e : tensor<5x32xi32>) {
  ^bb0(%a: i32, %out: i32):
    linalg.yield %a : i32
  } -> tensor<5x32xi32>
  return %y : tensor<5x32xi32>
}

// Plain loops read them from memory, where they are taken apart in front of the layer; the
// last of 38 bytes holds one of 75, and there are units of 16 bytes.
// CHECK-LABEL: func.func @plain_loops(
// CHECK: %[[PACKED:.*]] = arith.constant dense{{.*}} : tensor<48xi8>
// CHECK: %[[ALL:.*]] = memref.alloc() : memref<96xi8>
// CHECK: call @qbias_kernel_{{.}}(%{{.*}}, %[[ALL]], %{{.*}}, %{{.*}}, %{{.*}}) {qbias.step = "unpack", qbias.units = 3 : i64}
// CHECK: %[[FLAT:.*]] = bufferization.to_tensor %[[ALL]]
// CHECK: %[[CUT:.*]] = tensor.extract_slice %[[FLAT]][0] [75] [1]
// CHECK: %[[W:.*]] = tensor.expand_shape %[[CUT]] {{.*}} into tensor<5x15xi8>
// CHECK: linalg.matmul {qbias.plan = "reference"} ins(%{{.*}}, %[[W]] :
func.func @plain_loops(%x: tensor<5x5xi8>, %e: tensor<5x15xi32>) -> tensor<5x15xi32> {
  %w = arith.constant dense<6> : tensor<5x15xi8>
  %acc = linalg.matmul {qbias.plan = "reference"} ins(%x, %w : tensor<5x5xi8>, tensor<5x15xi8>) outs(%e : tensor<5x15xi32>) -> tensor<5x15xi32>
  return %acc : tensor<5x15xi32>
}

// Fewer weights than the code is worth, or a wider range: as they are.
// CHECK-LABEL: func.func @left_alone(
// CHECK-NOT: call
// CHECK: return
func.func @left_alone(%x: tensor<5x7xi8>, %e: tensor<5x9xi32>, %f: tensor<5x32xi32>) -> (tensor<5x9xi32>, tensor<5x32xi32>) {
  %w = arith.constant dense<6> : tensor<7x9xi8>
  %v = arith.constant dense<16> : tensor<7x32xi8>
  %0 = linalg.matmul {qbias.plan = "reference"} ins(%x, %w : tensor<5x7xi8>, tensor<7x9xi8>) outs(%e : tensor<5x9xi32>) -> tensor<5x9xi32>
  %1 = linalg.matmul {qbias.plan = "reference"} ins(%x, %v : tensor<5x7xi8>, tensor<7x32xi8>) outs(%f : tensor<5x32xi32>) -> tensor<5x32xi32>
  return %0, %1 : tensor<5x9xi32>, tensor<5x32xi32>
}

// CHECK-LABEL: func.func private @qbias_kernel_0(
// CHECK: scf.for
// CHECK-COUNT-2: vector.store {{.*}} : memref<96xi8>, vector<16xi8>
// CHECK: } {llvm.loop_annotation = #

// CHECK-LABEL: func.func private @qbias_kernel_1(
// CHECK: %[[BYTES:.*]] = vector.load %{{.*}} : memref<128xi8>, vector<32xi8>
// CHECK: %[[LOW:.*]] = arith.andi %[[BYTES]], %{{.*}} : vector<32xi8>
// CHECK: %[[HIGH:.*]] = arith.shrui %[[BYTES]], %{{.*}} : vector<32xi8>
// CHECK: %[[OFFSET:.*]] = arith.constant dense<-8> : vector<32xi8>
// CHECK: %[[A:.*]] = arith.addi %[[LOW]], %[[OFFSET]]
// CHECK: %[[B:.*]] = arith.addi %[[HIGH]], %[[OFFSET]]
// CHECK: %[[WEIGHTS:.*]] = vector.shuffle %[[A]], %[[B]]
// CHECK: vpdpbusd.512"(%{{.*}}, %{{.*}}, %[[WEIGHTS]])
