//===- Inputs.h - edges and random inputs of a function ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_LIB_INTERPRETER_INPUTS_H
#define QBIAS_LIB_INTERPRETER_INPUTS_H

#include "Evaluate.h"

#include <string>

namespace qbias::interpreter {

/// The numbers an argument is given: integers q of `range`, or for a float
/// argument the reals (q - zeroPoint) * step.
struct Grid {
  llvm::SmallVector<int64_t> shape;
  numerics::Range range;
  int64_t zeroPoint = 0;
  numerics::Rational step = 1;
};

/// The grid of an argument: that of its quantized type; for a float argument
/// quarter steps of the type it is quantized to, one step beyond its range at
/// both ends, so that ties and saturation occur.
Grid getGrid(mlir::func::FuncOp func, unsigned index);

/// Integers for every argument.
struct InputSet {
  std::string name;
  std::vector<Integers> arguments;
};

/// The edges (when asked for) and `seeds` random sets, the same on every
/// machine.
std::vector<InputSet> makeInputs(llvm::ArrayRef<Grid> grids, bool edges, unsigned seeds);

/// What an argument of type `type` is given for `integers`.
Tensor makeArgument(mlir::Type type, const Grid &grid, const Integers &integers);

} // namespace qbias::interpreter

#endif // QBIAS_LIB_INTERPRETER_INPUTS_H
