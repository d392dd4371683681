//===- Passes.td - from linalg to a program ---*- tablegen -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_CODEGEN_PASSES
#define QBIAS_CODEGEN_PASSES

include "mlir/Pass/PassBase.td"

def ScheduleLoops : Pass<"qbias-schedule-loops", "::mlir::func::FuncOp"> {
  let summary = "Lower contractions to loops with their sums in registers";
  let description = [{
    Input: linalg on memrefs. Convolutions (dense and depthwise) and matrix
    products become scf loops around blocks of 6 pixels by 16 output channels
    whose sums are vector values; what is left is covered by smaller blocks.
    Copies become linalg copies, so that no run-time library is needed. Other
    operations stay for `--convert-linalg-to-loops`. Same integers.
  }];
  let dependentDialects = ["::mlir::linalg::LinalgDialect", "::mlir::scf::SCFDialect",
                           "::mlir::vector::VectorDialect"];
}

def PlanMemory : Pass<"qbias-plan-memory", "::mlir::func::FuncOp"> {
  let summary = "Place every temporary buffer in one workspace";
  let description = [{
    Input: a function of one block whose allocations have static shapes.
    Output: its results are arguments behind the inputs, and the allocations views into one additional last argument,
    `memref<Nxi8>`; buffers whose live ranges do not meet share bytes. Offsets
    are assigned largest buffer first (Pisarchyk and Lee, "Efficient Memory
    Management for Deep Neural Net Inference", 2020, greedy by size). `N` is
    attached to the function as `qbias.workspace_bytes`. Refused: allocations
    with dynamic sizes or inside loops.
  }];
  let options = [
    Option<"alignment", "alignment", "int64_t", "64", "Alignment of every buffer in bytes.">,
  ];
  let dependentDialects = ["::mlir::memref::MemRefDialect"];
}

def EmitEntry : Pass<"qbias-emit-entry", "::mlir::ModuleOp"> {
  let summary = "Add the checked C entry point of a program";
  let description = [{
    Input: a module in the LLVM dialect whose function `main` takes bare
    pointers (inputs, outputs, workspace). Output: additionally
    `int NAME_run(inputs..., outputs..., void *workspace, size_t bytes)`, which
    returns 0 after running, 1 for a null pointer, 2 for a misaligned one (64
    bytes for the workspace, the element's size otherwise), 3 for a workspace
    that is too small, 4 for overlapping buffers; `main` becomes internal.
  }];
  let options = [
    Option<"name", "name", "std::string", "\"qbias\"", "Name of the program; the symbol is NAME_run.">,
    Option<"sizeBits", "size-bits", "unsigned", "64", "Bits of size_t on the target.">,
  ];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
}

#endif // QBIAS_CODEGEN_PASSES
