//===- PickleTensors.cpp - storages and tensors in a pickle ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PickleMachine.h"

using namespace mlir;
using namespace qbias::pytorchimport;

namespace {
struct KnownGlobal {
  const char *module, *name;
  PickleGlobal global;
  DataType type;
};
} // namespace

/// Sharing in a pickle must not multiply: shapes and names of storages are
/// copied for each tensor.
static constexpr size_t kMaxRank = 64, kMaxStorageName = 256;

static constexpr KnownGlobal kGlobals[] = {
    {"collections", "OrderedDict", PickleGlobal::OrderedDict, DataType::Undefined},
    {"torch._utils", "_rebuild_tensor_v2", PickleGlobal::RebuildTensor,
     DataType::Undefined},
    {"torch._utils", "_rebuild_parameter", PickleGlobal::RebuildParameter,
     DataType::Undefined},
    {"torch._utils", "_rebuild_parameter_with_state",
     PickleGlobal::RebuildParameterWithState, DataType::Undefined},
    {"torch", "BFloat16Storage", PickleGlobal::Storage, DataType::BFloat16},
    {"torch", "BoolStorage", PickleGlobal::Storage, DataType::Bool},
    {"torch", "ByteStorage", PickleGlobal::Storage, DataType::UInt8},
    {"torch", "CharStorage", PickleGlobal::Storage, DataType::Int8},
    {"torch", "DoubleStorage", PickleGlobal::Storage, DataType::Double},
    {"torch", "FloatStorage", PickleGlobal::Storage, DataType::Float},
    {"torch", "HalfStorage", PickleGlobal::Storage, DataType::Float16},
    {"torch", "IntStorage", PickleGlobal::Storage, DataType::Int32},
    {"torch", "LongStorage", PickleGlobal::Storage, DataType::Int64},
    {"torch", "ShortStorage", PickleGlobal::Storage, DataType::Int16},
};

/// "module\nname\n".
LogicalResult PickleMachine::readGlobal() {
  auto [module, rest] = bytes.substr(position).split('\n');
  auto [name, after] = rest.split('\n');
  for (const KnownGlobal &known : kGlobals) {
    if (module != known.module || name != known.name)
      continue;
    position += module.size() + name.size() + 2;
    if (position > bytes.size())
      break;
    PickleValue &value = push(PickleKind::Global);
    value.integer = static_cast<int64_t>(known.global);
    value.type = known.type;
    return success();
  }
  return damaged("tensors and storages only",
                 "the global " + quoted((module + "." + name).str()));
}

/// ('storage', storage class, name, device, number of elements). The device does
/// not matter: storages saved from a GPU are plain bytes.
LogicalResult PickleMachine::loadStorage() {
  Pointer id = pop();
  constexpr PickleKind kKinds[] = {PickleKind::String, PickleKind::Global,
                                   PickleKind::String, PickleKind::String,
                                   PickleKind::Integer};
  bool isStorage =
      id && id->kind == PickleKind::Tuple && id->items.size() == std::size(kKinds);
  for (size_t i = 0; isStorage && i < std::size(kKinds); ++i)
    isStorage = id->items[i]->kind == kKinds[i];
  isStorage = isStorage && id->items[0]->string == "storage" &&
              id->items[1]->integer == static_cast<int64_t>(PickleGlobal::Storage) &&
              id->items[2]->string.size() <= kMaxStorageName;
  if (!isStorage)
    return damaged("the id of a storage", describe(id));
  PickleValue &value = push(PickleKind::Storage);
  value.type = id->items[1]->type;
  value.string = id->items[2]->string;
  return success();
}

/// Integers of a tuple; nullopt for other values in it.
static std::optional<SmallVector<int64_t>> readIntegers(const PickleValue *tuple) {
  SmallVector<int64_t> result;
  if (tuple->kind != PickleKind::Tuple)
    return std::nullopt;
  for (const PickleValue *item : tuple->items) {
    if (item->kind != PickleKind::Integer)
      return std::nullopt;
    result.push_back(item->integer);
  }
  return result;
}

/// (storage, offset, size, stride, ...).
LogicalResult PickleMachine::buildTensor(Pointer arguments) {
  ArrayRef<Pointer> items = arguments->items;
  if (items.size() < 4 || items[0]->kind != PickleKind::Storage ||
      items[1]->kind != PickleKind::Integer)
    return damaged("storage, offset, size and stride of a tensor", describe(arguments));
  for (Pointer list : {items[2], items[3]})
    if (list->items.size() > kMaxRank)
      return damaged("tensors of rank up to " + Twine(kMaxRank), describe(list));
  auto shape = readIntegers(items[2]), strides = readIntegers(items[3]);
  if (!shape || !strides)
    return damaged("integers as size and stride of a tensor",
                   describe(items[2]) + " and " + describe(items[3]));
  StoredTensor tensor;
  tensor.type = items[0]->type;
  tensor.storage = items[0]->string.str();
  tensor.offset = items[1]->integer;
  tensor.shape = *shape;
  tensor.strides = *strides;
  push(PickleKind::Tensor).tensor = std::move(tensor);
  return success();
}

LogicalResult PickleMachine::reduce() {
  Pointer arguments = pop(), callee = pop();
  if (!callee || callee->kind != PickleKind::Global ||
      arguments->kind != PickleKind::Tuple)
    return damaged("a function and its arguments", describe(callee));
  switch (static_cast<PickleGlobal>(callee->integer)) {
  case PickleGlobal::OrderedDict:
    push(PickleKind::Dict);
    return success();
  case PickleGlobal::RebuildTensor:
    return buildTensor(arguments);
  case PickleGlobal::RebuildParameter:
  case PickleGlobal::RebuildParameterWithState:
    if (arguments->items.empty() || arguments->items[0]->kind != PickleKind::Tensor)
      return damaged("the tensor of a parameter", describe(arguments));
    stack.push_back(arguments->items[0]);
    return success();
  case PickleGlobal::Storage:
    break;
  }
  return damaged("a function of torch._utils", "the call of a storage class");
}
