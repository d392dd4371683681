// RUN: qbias-opt %s --qbias-emit-entry="name=net" | FileCheck %s

// A program with kernels on tile registers asks Linux for them, arch_prctl(0x1023, 18), when
// all arguments are right and before it runs: 5 when that is refused.
// CHECK-LABEL: llvm.func @net_run(
// CHECK: llvm.mlir.constant(4 : i32) : i32
// CHECK: %[[CALL:.*]] = llvm.mlir.constant(158 : i64) : i64
// CHECK: %[[REQUEST:.*]] = llvm.mlir.constant(4131 : i64) : i64
// CHECK: %[[TILES:.*]] = llvm.mlir.constant(18 : i64) : i64
// CHECK: %[[REFUSED:.*]] = llvm.inline_asm has_side_effects "syscall", "={ax},0,{di},{si},~{rcx},~{r11},~{memory}" %[[CALL]], %[[REQUEST]], %[[TILES]]
// CHECK: %[[IS:.*]] = llvm.icmp "ne" %[[REFUSED]],
// CHECK-NEXT: llvm.cond_br %[[IS]], ^[[FAIL:.*]], ^[[GO:.*]]
// CHECK: ^[[FAIL]]:
// CHECK-NEXT: %[[FIVE:.*]] = llvm.mlir.constant(5 : i32) : i32
// CHECK-NEXT: llvm.return %[[FIVE]]
// CHECK: ^[[GO]]:
// CHECK-NEXT: llvm.call @main(
llvm.func @main(%in: !llvm.ptr, %out: !llvm.ptr, %workspace: !llvm.ptr) attributes {
    qbias.buffer_bytes = array<i64: 8, 32, 128>, qbias.buffer_alignment = array<i64: 1, 4, 1>,
    qbias.inputs = 1 : i64} {
  llvm.call_intrinsic "llvm.x86.ldtilecfg"(%in) : (!llvm.ptr) -> ()
  llvm.return
}
