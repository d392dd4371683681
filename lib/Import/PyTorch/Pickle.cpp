//===- Pickle.cpp - the restricted pickle of torch.save ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A pickle is a program for a stack machine. This one knows the opcodes with
// which torch.save describes a dictionary of tensors, and keeps every value in
// an arena, so that neither nesting nor sharing costs more than the file's size:
// each opcode makes at most one value.
//
//===----------------------------------------------------------------------===//

#include "PickleMachine.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Endian.h"

using namespace mlir;
using namespace qbias::pytorchimport;

namespace {
/// The opcodes torch.save emits (protocol 2).
enum Opcode : unsigned char {
  kMark = '(',
  kStop = '.',
  kBinInt = 'J',
  kBinInt1 = 'K',
  kBinInt2 = 'M',
  kLong1 = 0x8a,
  kNone = 'N',
  kNewTrue = 0x88,
  kNewFalse = 0x89,
  kBinPersistentId = 'Q',
  kReduce = 'R',
  kBinUnicode = 'X',
  kEmptyDict = '}',
  kEmptyTuple = ')',
  kTuple = 't',
  kTuple1 = 0x85,
  kTuple2 = 0x86,
  kTuple3 = 0x87,
  kSetItem = 's',
  kSetItems = 'u',
  kGlobal = 'c',
  kBinGet = 'h',
  kLongBinGet = 'j',
  kBinPut = 'q',
  kLongBinPut = 'r',
  kProtocol = 0x80,
};

} // namespace

//===----------------------------------------------------------------------===//
// Bytes, stack, memo
//===----------------------------------------------------------------------===//

LogicalResult PickleMachine::damaged(const Twine &expected, const Twine &got) const {
  return subject.reject("pickle at byte " + Twine(position), expected, got,
                        "save the model again with torch.export.save");
}

bool PickleMachine::take(size_t count, StringRef &out) {
  if (count > bytes.size() - position)
    return false;
  out = bytes.substr(position, count);
  position += count;
  return true;
}

/// A little-endian number.
template <typename T>
bool PickleMachine::takeNumber(T &out) {
  StringRef raw;
  if (!take(sizeof(T), raw))
    return false;
  out = llvm::support::endian::read<T, llvm::endianness::little>(raw.data());
  return true;
}

PickleValue &PickleMachine::push(PickleKind kind) {
  PickleValue &value = arena.emplace_back();
  value.kind = kind;
  stack.push_back(&value);
  return value;
}

/// Null when there is none above the last mark.
const PickleValue *PickleMachine::pop() {
  size_t floor = marks.empty() ? 0 : marks.back();
  if (stack.size() <= floor)
    return nullptr;
  Pointer value = stack.back();
  stack.pop_back();
  return value;
}

std::string PickleMachine::describe(Pointer value) {
  if (!value)
    return "nothing";
  switch (value->kind) {
  case PickleKind::None:
    return "None";
  case PickleKind::Bool:
    return value->integer ? "True" : "False";
  case PickleKind::Integer:
    return std::to_string(value->integer);
  case PickleKind::String:
    return quoted(value->string);
  case PickleKind::Tuple:
    return "a tuple of " + std::to_string(value->items.size());
  case PickleKind::Dict:
    return "a dictionary";
  case PickleKind::Global:
    return "a class";
  case PickleKind::Storage:
    return "a storage";
  case PickleKind::Tensor:
    return "a tensor";
  }
  return {};
}

LogicalResult PickleMachine::getMemo(uint64_t index) {
  if (index >= memo.size() || !memo[index])
    return damaged("a value stored before",
                   "memo entry " + Twine(index) + ", which is empty");
  stack.push_back(memo[index]);
  return success();
}

/// Entries are numbered from 0 without gaps, as Python's pickler does.
LogicalResult PickleMachine::putMemo(uint64_t index) {
  if (stack.empty())
    return damaged("a value to store", "an empty stack");
  if (index > memo.size())
    return damaged("memo entry " + Twine(memo.size()), Twine(index));
  if (index == memo.size())
    memo.push_back(nullptr);
  memo[index] = stack.back();
  return success();
}

//===----------------------------------------------------------------------===//
// Containers
//===----------------------------------------------------------------------===//

LogicalResult PickleMachine::makeTuple(size_t count) {
  size_t floor = marks.empty() ? 0 : marks.back();
  if (stack.size() < floor + count)
    return damaged(Twine(count) + " values for a tuple", Twine(stack.size() - floor));
  SmallVector<Pointer> items(stack.end() - count, stack.end());
  stack.resize(stack.size() - count);
  push(PickleKind::Tuple).items = std::move(items);
  return success();
}

LogicalResult PickleMachine::makeTupleFromMark() {
  if (marks.empty())
    return damaged("a mark before the end of a tuple", "none");
  size_t count = stack.size() - marks.back();
  LogicalResult result = makeTuple(count);
  marks.pop_back();
  return result;
}

/// Dictionaries are filled where they are made; the stack's pointer is constant
/// for everyone else.
static void append(const PickleValue *dict, ArrayRef<const PickleValue *> items) {
  llvm::append_range(const_cast<PickleValue *>(dict)->items, items);
}

LogicalResult PickleMachine::setItems() {
  if (marks.empty())
    return damaged("a mark before the items of a dictionary", "none");
  size_t first = marks.back();
  marks.pop_back();
  ArrayRef<Pointer> items = ArrayRef(stack).drop_front(first);
  size_t floor = marks.empty() ? 0 : marks.back();
  if (items.size() % 2 || first <= floor || stack[first - 1]->kind != PickleKind::Dict)
    return damaged("a dictionary and pairs of key and value",
                   Twine(items.size()) + " values after " +
                       describe(first > floor ? stack[first - 1] : nullptr));
  append(stack[first - 1], items);
  stack.resize(first);
  return success();
}

LogicalResult PickleMachine::setItem() {
  Pointer value = pop(), key = pop(), dict = pop();
  if (!dict || dict->kind != PickleKind::Dict)
    return damaged("a dictionary, key and value", describe(dict));
  append(dict, {key, value});
  stack.push_back(dict);
  return success();
}

//===----------------------------------------------------------------------===//
// Program
//===----------------------------------------------------------------------===//

/// Opcodes with an operand in the bytes that follow.
LogicalResult PickleMachine::pushText(unsigned char opcode) {
  uint32_t length = 0;
  StringRef text;
  uint8_t byte = 0;
  uint16_t word = 0;
  int32_t integer = 0;
  switch (opcode) {
  case kBinInt:
    if (!takeNumber(integer))
      break;
    push(PickleKind::Integer).integer = integer;
    return success();
  case kBinInt1:
    if (!takeNumber(byte))
      break;
    push(PickleKind::Integer).integer = byte;
    return success();
  case kBinInt2:
    if (!takeNumber(word))
      break;
    push(PickleKind::Integer).integer = word;
    return success();
  case kLong1: {
    if (!takeNumber(byte) || !take(byte, text))
      break;
    if (byte > sizeof(int64_t))
      return damaged("integers up to 64 bits", Twine(8 * byte) + " bits");
    uint64_t value = 0;
    for (size_t i = text.size(); i-- > 0;)
      value = value << 8 | static_cast<unsigned char>(text[i]);
    unsigned unused = 64 - 8 * byte;
    push(PickleKind::Integer).integer =
        byte ? static_cast<int64_t>(value << unused) >> unused : 0;
    return success();
  }
  case kBinUnicode:
    if (!takeNumber(length) || !take(length, text))
      break;
    push(PickleKind::String).string = text;
    return success();
  default: { // the memo
    bool isLong = opcode == kLongBinGet || opcode == kLongBinPut;
    if (!(isLong ? takeNumber(length) : takeNumber(byte)))
      break;
    uint64_t index = isLong ? length : byte;
    bool isGet = opcode == kBinGet || opcode == kLongBinGet;
    return isGet ? getMemo(index) : putMemo(index);
  }
  }
  return damaged("an operand", "the end of the data");
}

LogicalResult PickleMachine::step(unsigned char opcode) {
  switch (opcode) {
  case kMark:
    marks.push_back(stack.size());
    return success();
  case kNone:
    push(PickleKind::None);
    return success();
  case kNewTrue:
  case kNewFalse:
    push(PickleKind::Bool).integer = opcode == kNewTrue;
    return success();
  case kEmptyDict:
    push(PickleKind::Dict);
    return success();
  case kEmptyTuple:
    return makeTuple(0);
  case kTuple1:
  case kTuple2:
  case kTuple3:
    return makeTuple(opcode - kTuple1 + 1);
  case kTuple:
    return makeTupleFromMark();
  case kSetItem:
    return setItem();
  case kSetItems:
    return setItems();
  case kGlobal:
    return readGlobal();
  case kReduce:
    return reduce();
  case kBinPersistentId:
    return loadStorage();
  case kBinInt:
  case kBinInt1:
  case kBinInt2:
  case kLong1:
  case kBinUnicode:
  case kBinGet:
  case kLongBinGet:
  case kBinPut:
  case kLongBinPut:
    return pushText(opcode);
  default:
    return damaged("opcodes of a dictionary of tensors",
                   "opcode 0x" + Twine::utohexstr(opcode));
  }
}

FailureOr<StateDict> PickleMachine::finish() const {
  if (stack.size() != 1 || !marks.empty() || stack[0]->kind != PickleKind::Dict)
    return damaged("one dictionary of tensors",
                   stack.empty() ? "nothing" : describe(stack[0]));
  StateDict result;
  ArrayRef<Pointer> items = stack[0]->items;
  for (size_t i = 0; i < items.size(); i += 2) {
    if (items[i]->kind != PickleKind::String || items[i + 1]->kind != PickleKind::Tensor)
      return damaged("names and tensors",
                     describe(items[i]) + " and " + describe(items[i + 1]));
    if (!result.try_emplace(items[i]->string, items[i + 1]->tensor).second)
      return damaged("every name once", quoted(items[i]->string) + " twice");
  }
  return result;
}

FailureOr<StateDict> PickleMachine::run() {
  constexpr uint8_t kVersion = 2;
  uint8_t opcode = 0, version = 0;
  if (!takeNumber(opcode) || opcode != kProtocol || !takeNumber(version) ||
      version != kVersion)
    return damaged("a pickle of protocol 2", "other data");
  while (takeNumber(opcode)) {
    if (opcode == kStop)
      return finish();
    if (failed(step(opcode)))
      return failure();
  }
  return damaged("the opcode that ends it", "the end of the data");
}

FailureOr<StateDict> qbias::pytorchimport::readPickle(ArrayRef<char> bytes,
                                                      const Subject &subject) {
  return PickleMachine(bytes, subject).run();
}
