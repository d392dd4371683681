//===- OtherFiles.h - constants outside the model file ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_LIB_IMPORT_ONNX_OTHERFILES_H
#define QBIAS_LIB_IMPORT_ONNX_OTHERFILES_H

#include "Graph.h"

#include "qbias/Import/Common/Layer.h"
#include "qbias/Import/ImportOptions.h"

#include <set>

namespace qbias::onnximport {
using namespace qbias::importing;

/// True when the tensor's elements are in another file.
bool isExternal(const onnx::TensorProto &tensor);

/// Opens files next to the model. Only regular files inside the model's folder,
/// no link anywhere on the way.
class ExternalData {
public:
  ExternalData(llvm::StringRef modelFile, MemoryBudget &budget)
      : modelFile(modelFile), budget(budget) {}
  /// The same tensor with its elements. Sizes are checked before any is read.
  mlir::FailureOr<onnx::TensorProto> load(const onnx::TensorProto &tensor,
                                          const Subject &subject);

private:
  llvm::StringRef modelFile;
  MemoryBudget &budget;
  std::set<std::pair<uint64_t, uint64_t>> known; ///< files in the budget
};

/// Makes initializers of graph inputs whose values are given in files (.npy, or
/// TensorProto as in ONNX's node tests).
llvm::LogicalResult bindInputs(onnx::GraphProto &graph, const ImportOptions &options,
                               const Namer &namer);

} // namespace qbias::onnximport

#endif // QBIAS_LIB_IMPORT_ONNX_OTHERFILES_H
