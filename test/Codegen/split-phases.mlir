// RUN: qbias-opt %s --qbias-split-phases="threads=3" --split-input-file | FileCheck %s

// Two kernels and what lies between them: three phases. Units are shared, the
// serial step is the first slice's, views are made again.
// CHECK: func.func private @main_phase(
// CHECK-SAME: %[[X:.*]]: memref<8xi8>, %[[Y:.*]]: memref<8xi8>, %[[W:.*]]: memref<64xi8>, %[[PHASE:.*]]: index, %[[SLICE:.*]]: index)
// CHECK: scf.index_switch %[[PHASE]]
// CHECK: case 0 {
// CHECK: %[[V0:.*]] = memref.view %[[W]]
// CHECK: %[[U0:.*]] = arith.muli %[[SLICE]], %[[SEVEN:.*]] : index
// CHECK: %[[B0:.*]] = arith.divui %[[U0]], %{{.*}} : index
// CHECK: %[[E0:.*]] = arith.divui
// CHECK: call @kernel(%[[X]], %[[V0]], %[[B0]], %[[E0]], %[[SLICE]])
// CHECK: case 1 {
// CHECK: %[[FIRST:.*]] = arith.cmpi eq, %[[SLICE]]
// CHECK: scf.if %[[FIRST]] {
// CHECK: %[[V1:.*]] = memref.view %[[W]]
// CHECK: linalg.fill {{.*}} outs(%[[V1]]
// CHECK: memref.copy
// CHECK: case 2 {
// CHECK: call @kernel(%{{.*}}, %[[Y]],
// CHECK: default {
// CHECK-LABEL: func.func @main(
// CHECK-SAME: qbias.phases = 3 : i64, qbias.threads = 3 : i64
// CHECK: scf.for
// CHECK-NEXT: scf.for
// CHECK-NEXT: func.call @main_phase(
func.func private @kernel(memref<8xi8>, memref<8xi8>, index, index, index)
func.func @main(%x: memref<8xi8>, %y: memref<8xi8>, %w: memref<64xi8>) attributes {qbias.workspace_bytes = 64 : i64} {
  %c0 = arith.constant 0 : index
  %c8 = arith.constant 8 : index
  %c7 = arith.constant 7 : index
  %zero = arith.constant 0 : i8
  %a = memref.view %w[%c0][] : memref<64xi8> to memref<8xi8>
  %b = memref.view %w[%c8][] : memref<64xi8> to memref<8xi8>
  call @kernel(%x, %a, %c0, %c7, %c0) {qbias.units = 7 : i64} : (memref<8xi8>, memref<8xi8>, index, index, index) -> ()
  linalg.fill ins(%zero : i8) outs(%b : memref<8xi8>)
  memref.copy %a, %b : memref<8xi8> to memref<8xi8>
  call @kernel(%b, %y, %c0, %c7, %c0) {qbias.units = 7 : i64} : (memref<8xi8>, memref<8xi8>, index, index, index) -> ()
  return
}

// -----

// A large operation is shared along its rows: each slice takes its part of both
// buffers. A small one is the first slice's.
// CHECK: func.func private @main_phase(
// CHECK: case 0 {
// CHECK-NOT: scf.if
// CHECK: %[[P:.*]] = arith.muli %arg{{.*}}, %{{.*}} : index
// CHECK: %[[BEGIN:.*]] = arith.divui %[[P]]
// CHECK: %[[END:.*]] = arith.divui
// CHECK: %[[SIZE:.*]] = arith.subi %[[END]], %[[BEGIN]]
// CHECK: %[[PART:.*]] = memref.subview %{{.*}}[%[[BEGIN]], 0] [%[[SIZE]], 1024] [1, 1]
// CHECK: %[[TO:.*]] = memref.subview %{{.*}}[%[[BEGIN]], 0] [%[[SIZE]], 1024] [1, 1]
// CHECK: linalg.copy ins(%[[PART]] {{.*}} outs(%[[TO]]
// CHECK: case 1 {
// CHECK: scf.if
// CHECK: linalg.fill
// CHECK: qbias.phases = 2
func.func @main(%x: memref<64x1024xi8>, %y: memref<64x1024xi8>, %z: memref<8xi8>, %w: memref<64xi8>) attributes {qbias.workspace_bytes = 64 : i64} {
  %zero = arith.constant 0 : i8
  linalg.copy ins(%x : memref<64x1024xi8>) outs(%y : memref<64x1024xi8>)
  linalg.fill ins(%zero : i8) outs(%z : memref<8xi8>)
  return
}
