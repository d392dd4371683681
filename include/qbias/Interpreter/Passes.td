//===- Passes.td - passes that run the interpreter ---*- tablegen -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_INTERPRETER_PASSES
#define QBIAS_INTERPRETER_PASSES

include "mlir/Pass/PassBase.td"

def CheckRewrite : Pass<"qbias-check-rewrite", "::mlir::ModuleOp"> {
  let summary = "Run a pipeline and compare the program before and after on numbers";
  let description = [{
    Input: functions of both families. Output: the module after `pipeline`,
    when every function gives the same real numbers before and after on the
    edges (all smallest, all largest, all zero point, alternating, by argument,
    a ramp) and on `seeds` random inputs; else an error that names result,
    element, both numbers and the inputs.

    Signatures may differ: integers go in on one side, the real numbers they
    stand for (`qbias.type`) on the other. Results are compared as exact real
    numbers; an accumulator is read with the exact unit and offset of its
    reference, and `qbias.scales`, `qbias.offsets` have to be those numbers up
    to double rounding. Results marked `qbias.observed` may be added. Refused:
    operations the interpreter does not know (linalg and below).
  }];
  let options = [
    Option<"pipeline", "pipeline", "std::string", "\"\"",
      "Textual pass pipeline inside builtin.module: func.func(a),b.">,
    Option<"seeds", "seeds", "unsigned", "4", "Number of random inputs.">,
  ];
}

def Interpret : Pass<"qbias-interpret", "::mlir::ModuleOp"> {
  let summary = "Print what every function gives, as the interpreter sees it";
  let description = [{
    Input: functions of both families. Output: the same module, and on standard
    output one line of JSON for each function and set of inputs of
    `--qbias-check-rewrite`: `function`, `set`, `inputs`, `outputs`, the latter
    two lists of `{"shape": [...], "values": [...]}`. Real numbers are strings,
    exact fractions. A function without arguments has one set.
  }];
  let options = [
    Option<"seeds", "seeds", "unsigned", "0", "Number of random inputs.">,
    Option<"edges", "edges", "bool", "true", "Also the edges.">,
  ];
}

#endif // QBIAS_INTERPRETER_PASSES
