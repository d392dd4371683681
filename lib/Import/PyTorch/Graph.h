//===- Graph.h - nodes and names of an exported program ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_LIB_IMPORT_PYTORCH_GRAPH_H
#define QBIAS_LIB_IMPORT_PYTORCH_GRAPH_H

#include "Json.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "llvm/ADT/StringSet.h"

#include <vector>

namespace qbias::pytorchimport {

/// Makes locations and subjects out of names of the file.
class Namer {
public:
  Namer(mlir::MLIRContext *context, llvm::StringRef file)
      : context(context), file(file.empty() ? "<pt2>" : file) {}
  mlir::Location getLoc() const;
  mlir::Location getLoc(llvm::StringRef name) const;
  Subject getFile() const;
  /// `kind`: "input", "output", ...
  Subject getTensor(llvm::StringRef kind, llvm::StringRef name) const;

private:
  mlir::MLIRContext *context;
  std::string file;
};

/// One call of an operator.
struct Node {
  /// "aten.relu" of torch.ops.aten.relu_.default; `isInPlace` for the underscore.
  std::string op, overload;
  bool isInPlace = false;
  llvm::StringMap<const llvm::json::Object *> arguments; // unions, by name
  llvm::SmallVector<std::string> argumentNames;          // in the file's order
  llvm::SmallVector<std::string> outputs;                // "" for those left out
  /// Line of the user's program, "net.py:31 (x = self.relu(x))", or "" where the
  /// file names none for this node nor for its neighbours.
  std::string place;
  /// Names this node reads that an in-place operator has written since.
  llvm::StringMap<std::string> renamed;
  /// Everything it reads, after renaming.
  llvm::SmallVector<std::string> operands;

  llvm::StringRef name() const {
    return outputs.empty() ? llvm::StringRef() : llvm::StringRef(outputs.front());
  }
  /// The operator as it stands in the file, without overload.
  std::string spelling() const { return op + (isInPlace ? "_" : ""); }
  bool isQuantize() const;
};

/// The line of the user's program in a node's stack trace; "" for none.
std::string readPlace(const llvm::json::Object &node);

/// What an input of the graph stands for.
struct GraphInput {
  enum class Kind { User, Stored } kind;
  std::string name;
  std::string key; // of a stored tensor
};

/// The graph of an exported program, checked: every name is defined once, before
/// it is read. In-place operators are made pure: whoever reads a tensor after it
/// was written reads the operator's result.
class Graph {
public:
  static mlir::FailureOr<Graph> get(const llvm::json::Object &program,
                                    const Namer &namer);

  /// The nodes that outputs and quantized tensors need, in the file's order.
  llvm::ArrayRef<const Node *> getNodes() const { return needed; }
  llvm::ArrayRef<GraphInput> getInputs() const { return inputs; }
  llvm::ArrayRef<std::string> getOutputs() const { return outputs; }
  /// What the file says about a tensor, or null.
  const llvm::json::Object *getDeclared(llvm::StringRef tensor) const {
    return declared ? declared->getObject(tensor) : nullptr;
  }
  /// False for a program that quantizes no activation.
  bool quantizesActivations() const;
  /// The node that computes the tensor or null.
  const Node *getProducer(llvm::StringRef name) const;
  /// The first node that reads the tensor or null.
  const Node *getReader(llvm::StringRef name) const;
  /// Largest value of a symbol, if the program limits it.
  std::optional<int64_t> getLargest(llvm::StringRef symbol) const;
  Subject getSubject(const Node &node, const Namer &namer) const;

private:
  llvm::LogicalResult readInputs(const llvm::json::Object &graph,
                                 const llvm::json::Object &signature, const Namer &namer);
  llvm::LogicalResult readNodes(const llvm::json::Object &graph, const Namer &namer);
  llvm::LogicalResult readOutputs(const llvm::json::Object &signature,
                                  const Namer &namer);
  /// A user input whose elements are not float32.
  bool isInteger(const GraphInput &input) const;
  std::vector<bool> findNeeded(bool ofOutputs) const;
  /// Float operators behind the last quantize are left to the caller: outputs they
  /// compute are replaced by the tensors they read, with a warning that names both.
  void cutFloatTail(const Namer &namer);
  void replaceOutputs(llvm::ArrayRef<const Node *> cut,
                      llvm::ArrayRef<llvm::StringRef> kept,
                      llvm::function_ref<bool(llvm::StringRef)> isCut,
                      const Namer &namer);
  void findPlaces();
  llvm::LogicalResult checkWritten(const Namer &namer) const;

  class Aliases;
  std::vector<Node> nodes;
  std::vector<const Node *> needed;
  std::vector<GraphInput> inputs;
  std::vector<std::string> outputs;
  llvm::StringSet<> written;                  // keys of buffers that a run changes
  llvm::StringMap<size_t> producers, readers; // index of the node
  const llvm::json::Object *declared = nullptr;
  const llvm::json::Object *ranges = nullptr;
  std::shared_ptr<Aliases> aliases;
};

} // namespace qbias::pytorchimport

#endif // QBIAS_LIB_IMPORT_PYTORCH_GRAPH_H
