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

/// The machine code is made for.
class TargetOptions {
  list<Option> options = [
    Option<"triple", "triple", "std::string", "\"\"", "Target triple; empty: this machine's.">,
    Option<"cpu", "cpu", "std::string", "\"\"", "Target cpu as LLVM names it, or native; empty: the least of the triple.">,
    Option<"features", "features", "std::string", "\"\"", "Target features as LLVM names them.">,
  ];
}

def FormGroups : Pass<"qbias-form-groups", "::mlir::func::FuncOp"> {
  let summary = "Shape the epilogues of contractions for kernels";
  let description = [{
    Input: linalg on tensors. An elementwise operation that alone reads the 8-bit
    result of an epilogue, and whose values are proven to fit 32 bits by interval
    arithmetic on its body (a residual sum, another requantization), becomes part of
    the epilogue; behind it, on x86 with AVX2, one lookup in a table of 256 bytes.
    Between sums and an epilogue without a vector form (a table of sums) comes
    an identity: the kernel stores sums, and what reads them is a pass of its own.
    Output: `qbias.stores` on a contraction names the layers that became part of its
    epilogue.
    Same integers. Refuses nothing.
  }];
  let options = TargetOptions<>.options;
  let dependentDialects = ["::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect"];
}

def OrderChannels : Pass<"qbias-order-channels", "::mlir::ModuleOp"> {
  let summary = "Put channels in an order in which pairs of products fit 16 bits";
  let description = [{
    Input: linalg on tensors. The inputs of a convolution or matrix product that
    one dense layer makes for it alone, with depthwise convolutions between, may
    stand in any order. Where vpmaddubsw is the fastest step of the target and gains
    by it, they are put in one in which products side by side fit 16 bits: weights,
    biases and constants of epilogues move, shapes stay. Same results. Refuses
    nothing.
  }];
  let options = TargetOptions<>.options;
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
                           "::mlir::tensor::TensorDialect"];
}

def PlanKernels : Pass<"qbias-plan-kernels", "::mlir::ModuleOp"> {
  let summary = "Choose the kernel of every contraction";
  let description = [{
    Input: linalg on tensors. A contraction (convolution, depthwise convolution,
    matrix product) with constant weights and the integer epilogue that alone
    reads its sums form a group, with a max pool that alone reads its results and
    may be computed of the sums. Output: attributes `qbias.plan` and
    `qbias.plan_reason` on every contraction and on every other max pool;
    `qbias.stores` names a pool that is part of a group:

    | plan | dot step | proven when |
    |---|---|---|
    | `tile8` | tdpbssd | 8-bit operands, 32-bit sums, the target has it |
    | `mmla8` | smmla | 8-bit operands, 32-bit sums, eight inputs side by side, the target has it |
    | `dot8` | vpdpbusd, sdot | 8-bit operands, the target has it |
    | `pair8` | vpmaddubsw, some steps added up in 16 bits | 8-bit operands, 32-bit sums, AVX2; the range of the inputs (clamps, tables, padding) times the weights stays in 16 bits |
    | `pair16` | products of 16 bits added in pairs (vpmaddwd, vpdpwssd, smull) | operands of 8 or 16 bits |
    | `pair16w8` | the same, weights of 8 bits in memory | weights that fit 8 bits |
    | `winograd4` | F(4x4, 3x3) on 16-bit pairs, exact modulo 2^32 | dense 3x3, no strides or dilations, 128 * sum of absolute weights < 2^25 per channel |
    | `winograd4w8` | the same, weights of 8 bits in memory | the same |
    | `pool` | none: the largest of every window | a max pool of 8 or 16 bits |
    | `reference` | plain loops | always |

    `plan=NAME` asks for one plan: layers for which it is not proven get
    `reference` with the reason.
  }];
  let options = !listconcat(TargetOptions<>.options, [
    Option<"plan", "plan", "std::string", "\"auto\"", "auto, reference, or the name of a plan.">,
    Option<"threads", "threads", "int64_t", "1", "Threads that will share a kernel.">,
    Option<"smallWeights", "small-weights", "bool", "false", "auto takes no plan that makes weights larger for speed (winograd4, pair16).">,
  ]);
}

def LowerKernels : Pass<"qbias-lower-kernels", "::mlir::ModuleOp"> {
  let summary = "Lower planned groups to kernel functions";
  let description = [{
    Input: linalg on tensors, contractions and max pools with `qbias.plan`. Every
    group whose plan is not `reference` becomes a call of a private function on flat
    buffers: weights packed for it, sums in registers, requantized results
    stored in every form in which they are read (padded, wider, moved); no tensor of
    sums exists. Groups with the same code share a function. Refused: a plan that is
    not proven for its group or target, or stands on another operation.
  }];
  let options = !listconcat(TargetOptions<>.options, [
    Option<"threads", "threads", "int64_t", "1", "Threads that may share a kernel.">,
  ]);
  let dependentDialects = [
    "::mlir::bufferization::BufferizationDialect", "::mlir::func::FuncDialect",
    "::mlir::LLVM::LLVMDialect", "::mlir::memref::MemRefDialect",
    "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect"];
}

def ScheduleLoops : Pass<"qbias-schedule-loops", "::mlir::func::FuncOp"> {
  let summary = "Lower contractions to loops with their sums in registers";
  let description = [{
    Input: linalg on memrefs. Convolutions (dense and depthwise) and matrix
    products become scf loops around blocks of 6 pixels by 16 output channels
    whose sums are vector values; what is left is covered by smaller blocks. So do
    pools of sums.
    Copies become linalg copies, so that no run-time library is needed. Other
    operations stay for `--convert-linalg-to-loops`. Same integers.
  }];
  let dependentDialects = ["::mlir::linalg::LinalgDialect", "::mlir::scf::SCFDialect",
                           "::mlir::vector::VectorDialect"];
}

def VectorizeLookups : Pass<"qbias-vectorize-lookups", "::mlir::func::FuncOp"> {
  let summary = "Lower lookups in tables of 256 bytes to byte permutations";
  let description = [{
    Input: linalg on memrefs. An elementwise operation from 8 bits to 8 bits that
    reads a constant table becomes loops over registers of bytes, on x86: with
    AVX512-VBMI 64 elements and two permutations of bytes each, with AVX2 16 shuffles.
    What else its body does is evaluated for all 256 inputs. Other operations and
    targets: left as they are. Same integers.
  }];
  let options = TargetOptions<>.options;
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::LLVM::LLVMDialect",
                           "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect",
                           "::mlir::vector::VectorDialect"];
}

def PlanMemory : Pass<"qbias-plan-memory", "::mlir::func::FuncOp"> {
  let summary = "Place every temporary buffer in one workspace";
  let description = [{
    Input: a public function of one block whose allocations have static shapes.
    Output: its results are arguments behind the inputs, and the allocations views into one additional last argument,
    `memref<Nxi8>`; buffers whose live ranges do not meet share bytes. An elementwise
    linalg.generic that reads a buffer last writes its result there. Offsets
    are assigned largest buffer first (Pisarchyk and Lee, "Efficient Memory
    Management for Deep Neural Net Inference", 2020, greedy by size). `N` is
    attached to the function as `qbias.workspace_bytes`, and the places as
    `qbias.memory_plan`. Refused: allocations with dynamic sizes or inside loops.
  }];
  let options = [
    Option<"alignment", "alignment", "int64_t", "64", "Alignment of every buffer in bytes.">,
  ];
  let dependentDialects = ["::mlir::memref::MemRefDialect"];
}

def SplitPhases : Pass<"qbias-split-phases", "::mlir::ModuleOp"> {
  let summary = "Cut a program into phases that threads share";
  let description = [{
    Input: a planned function `main` on buffers. Output: `main_phase`, which
    takes a phase and a slice besides, and `main` that runs every slice of every
    phase in order. A phase is one kernel call (`qbias.units` on it), of whose
    units each of `threads` slices does an equal share, one linalg operation of at
    least 2^15 iterations, shared along a parallel dimension, or everything between
    two of these, which slice 0 does. Phases have to be run in order with a
    barrier between them; slices of one phase may run at once. `main` carries
    their number (`qbias.phases`) and the names of their layers
    (`qbias.phase_names`).
  }];
  let options = [
    Option<"threads", "threads", "int64_t", "1", "Slices of a phase.">,
    Option<"eachStep", "each-step", "bool", "false", "Every operation is a phase of its own: what is timed layer by layer.">,
  ];
  let dependentDialects = ["::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect", "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect"];
}

def EmitEntry : Pass<"qbias-emit-entry", "::mlir::ModuleOp"> {
  let summary = "Add the checked C entry point of a program";
  let description = [{
    Input: a module in the LLVM dialect whose function `main` takes bare
    pointers (inputs, outputs, workspace). Output: additionally
    `int NAME_run(inputs..., outputs..., void *workspace, size_t bytes)`, which
    returns 0 after running, 1 for a null pointer, 2 for a misaligned one (64
    bytes for the workspace, the element's size otherwise), 3 for a workspace
    that is too small, 4 for overlapping buffers; `main` becomes internal. With
    `main_phase` (--qbias-split-phases) also
    `int NAME_run_phase(..., size_t bytes, int64_t phase, int64_t slice)`.
    Annotations of loops become attributes of their branches.
  }];
  let options = [
    Option<"name", "name", "std::string", "\"qbias\"", "Name of the program; the symbol is NAME_run.">,
    Option<"sizeBits", "size-bits", "unsigned", "64", "Bits of size_t on the target.">,
  ];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
}

#endif // QBIAS_CODEGEN_PASSES
