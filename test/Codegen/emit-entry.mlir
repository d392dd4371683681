// RUN: qbias-opt %s --qbias-emit-entry="name=net" | FileCheck %s
// RUN: qbias-opt %s --qbias-emit-entry | FileCheck %s --check-prefix=DEFAULT

// One i8 input, one i32 output, 128 bytes of workspace.
// CHECK: llvm.func internal @main(%{{.*}}: !llvm.ptr, %{{.*}}: !llvm.ptr, %{{.*}}: !llvm.ptr)
// CHECK-LABEL: llvm.func @net_run(
// CHECK-SAME: %[[IN:.*]]: !llvm.ptr, %[[OUT:.*]]: !llvm.ptr, %[[W:.*]]: !llvm.ptr, %[[BYTES:.*]]: i64) -> i32
// CHECK-DAG: %[[AIN:.*]] = llvm.ptrtoint %[[IN]]
// CHECK-DAG: %[[AOUT:.*]] = llvm.ptrtoint %[[OUT]]
// CHECK-DAG: %[[AW:.*]] = llvm.ptrtoint %[[W]]

// No pointer is null: 1.
// CHECK: %[[NULL:.*]] = llvm.icmp "eq" %[[AIN]],
// CHECK-NEXT: llvm.cond_br %[[NULL]], ^[[FAIL:.*]], ^
// CHECK: ^[[FAIL]]:
// CHECK-NEXT: %[[ONE:.*]] = llvm.mlir.constant(1 : i32) : i32
// CHECK-NEXT: llvm.return %[[ONE]]
// CHECK: llvm.icmp "eq" %[[AOUT]],
// CHECK: llvm.icmp "eq" %[[AW]],

// An i8 may lie anywhere, an i32 at multiples of 4, the workspace of 64: 2.
// CHECK-NOT: llvm.and %[[AIN]]
// CHECK: %[[THREE:.*]] = llvm.mlir.constant(3 : i64) : i64
// CHECK: llvm.and %[[AOUT]], %[[THREE]]
// CHECK: %[[SIXTYTHREE:.*]] = llvm.mlir.constant(63 : i64) : i64
// CHECK: llvm.and %[[AW]], %[[SIXTYTHREE]]

// The workspace is large enough: 3.
// CHECK: %[[NEEDED:.*]] = llvm.mlir.constant(128 : i64) : i64
// CHECK: llvm.icmp "ult" %[[BYTES]], %[[NEEDED]]

// No buffer that is written overlaps another: 4.
// CHECK-COUNT-3: llvm.mlir.constant(4 : i32) : i32

// CHECK: llvm.call @main(%[[IN]], %[[OUT]], %[[W]])
// CHECK: %[[OK:.*]] = llvm.mlir.constant(0 : i32) : i32
// CHECK: llvm.return %[[OK]]

// DEFAULT: llvm.func @qbias_run(
llvm.func @main(%in: !llvm.ptr, %out: !llvm.ptr, %workspace: !llvm.ptr) attributes {
    qbias.buffer_bytes = array<i64: 8, 32, 128>, qbias.buffer_alignment = array<i64: 1, 4, 1>,
    qbias.inputs = 1 : i64} {
  llvm.return
}
