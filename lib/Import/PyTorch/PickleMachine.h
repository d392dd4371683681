//===- PickleMachine.h - the stack machine of a pickle ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_LIB_IMPORT_PYTORCH_PICKLEMACHINE_H
#define QBIAS_LIB_IMPORT_PYTORCH_PICKLEMACHINE_H

#include "StateDict.h"

#include <deque>

namespace qbias::pytorchimport {

enum class PickleKind {
  None,
  Bool,
  Integer,
  String,
  Tuple,
  Dict,
  Global,
  Storage,
  Tensor
};

/// The globals a pickle may name.
enum class PickleGlobal {
  OrderedDict,
  RebuildTensor,
  RebuildParameter,
  RebuildParameterWithState,
  Storage, // and the element type
};

struct PickleValue {
  PickleKind kind = PickleKind::None;
  int64_t integer = 0;    // also of Bool, and the Global
  llvm::StringRef string; // also the storage's name
  DataType type = DataType::Undefined;
  llvm::SmallVector<const PickleValue *> items; // of a tuple; keys and values of a dict
  StoredTensor tensor;
};

/// The stack machine.
class PickleMachine {
public:
  PickleMachine(llvm::ArrayRef<char> bytes, const Subject &subject)
      : bytes(bytes.data(), bytes.size()), subject(subject) {}
  mlir::FailureOr<StateDict> run();

private:
  using Pointer = const PickleValue *;

  llvm::LogicalResult step(unsigned char opcode);
  llvm::LogicalResult pushText(unsigned char opcode);
  llvm::LogicalResult reduce();
  llvm::LogicalResult buildTensor(Pointer arguments);
  llvm::LogicalResult readGlobal();
  llvm::LogicalResult loadStorage();
  llvm::LogicalResult makeTuple(size_t count);
  llvm::LogicalResult makeTupleFromMark();
  llvm::LogicalResult setItems();
  llvm::LogicalResult setItem();
  llvm::LogicalResult getMemo(uint64_t index);
  llvm::LogicalResult putMemo(uint64_t index);
  mlir::FailureOr<StateDict> finish() const;

  bool take(size_t count, llvm::StringRef &out);
  template <typename T>
  bool takeNumber(T &out);
  PickleValue &push(PickleKind kind);
  Pointer pop();
  llvm::LogicalResult damaged(const llvm::Twine &expected, const llvm::Twine &got) const;
  static std::string describe(Pointer value);

  llvm::StringRef bytes;
  size_t position = 0;
  const Subject &subject;
  std::deque<PickleValue> arena;
  std::vector<Pointer> stack;
  std::vector<size_t> marks;
  std::vector<Pointer> memo;
};

} // namespace qbias::pytorchimport

#endif // QBIAS_LIB_IMPORT_PYTORCH_PICKLEMACHINE_H
