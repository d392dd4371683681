//===- TensorStore.cpp - program and weights of a .pt2 ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TensorStore.h"
#include "Json.h"

#include <cstring>

using namespace mlir;
using namespace qbias::pytorchimport;
namespace json = llvm::json;

/// The older layout.
static constexpr llvm::StringLiteral kProgram = "serialized_exported_program.json";
static constexpr llvm::StringLiteral kPickles[] = {"serialized_state_dict.pt",
                                                   "serialized_constants.pt"};

//===----------------------------------------------------------------------===//
// Opening
//===----------------------------------------------------------------------===//

/// An entry that is JSON.
static FailureOr<json::Value> readJson(const Archive &archive, StringRef entry,
                                       const Subject &subject) {
  FailureOr<std::vector<char>> text = archive.read(entry, subject);
  if (failed(text))
    return failure();
  return parseJson(StringRef(text->data(), text->size()), archive.getFileSize(), subject);
}

FailureOr<TensorStore> TensorStore::open(ArrayRef<char> file, MemoryBudget &budget,
                                         const Subject &subject) {
  FailureOr<std::unique_ptr<Archive>> archive = Archive::open(file, budget, subject);
  if (failed(archive))
    return failure();
  TensorStore store;
  store.archive = std::move(*archive);
  bool isPickled = store.archive->contains(kProgram);
  if (failed(isPickled ? store.openPickles(subject) : store.openRaw(subject)))
    return failure();
  return store;
}

LogicalResult TensorStore::addPickled(StringRef entry, const Subject &subject) {
  if (!archive->contains(entry))
    return success();
  FailureOr<std::unique_ptr<Archive>> nested = archive->openNested(entry, subject);
  if (failed(nested))
    return failure();
  Collection collection;
  collection.archive = std::move(*nested);
  std::string root = collection.archive->getRoot().str();
  collection.prefix = root + "/data/";
  std::string order = root + "/byteorder";
  if (collection.archive->contains(order)) {
    FailureOr<std::vector<char>> text = collection.archive->read(order, subject);
    if (failed(text))
      return failure();
    if (StringRef(text->data(), text->size()) != "little")
      return subject.reject("byte order", "'little'",
                            quoted(StringRef(text->data(), text->size())),
                            "save the model on a little-endian machine");
  }
  FailureOr<std::vector<char>> pickle =
      collection.archive->read(root + "/data.pkl", subject);
  if (failed(pickle))
    return failure();
  FailureOr<StateDict> tensors = readPickle(*pickle, subject);
  if (failed(tensors))
    return failure();
  collection.tensors = std::move(*tensors);
  collections.push_back(std::move(collection));
  return success();
}

LogicalResult TensorStore::openPickles(const Subject &subject) {
  FailureOr<json::Value> parsed = readJson(*archive, kProgram, subject);
  if (failed(parsed))
    return failure();
  program = std::move(*parsed);
  for (StringRef entry : kPickles)
    if (failed(addPickled(entry, subject)))
      return failure();
  return success();
}

/// A list of {"as_int": n}; nullopt when it is another.
static std::optional<SmallVector<int64_t>> readSymInts(const json::Array *list) {
  SmallVector<int64_t> result;
  if (!list)
    return std::nullopt;
  for (const json::Value &item : *list) {
    std::optional<int64_t> value = readSymInt(item);
    if (!value)
      return std::nullopt;
    result.push_back(*value);
  }
  return result;
}

/// {path_name, is_param, use_pickle, tensor_meta}.
static FailureOr<StoredTensor> readPayload(const json::Value &value,
                                           const Subject &subject) {
  StoredTensor tensor;
  const json::Object *payload = value.getAsObject();
  const json::Object *meta = payload ? payload->getObject("tensor_meta") : nullptr;
  std::optional<StringRef> path =
      payload ? payload->getString("path_name") : std::nullopt;
  if (payload && payload->getBoolean("use_pickle").value_or(false)) {
    tensor.isPickled = true;
    return tensor;
  }
  auto shape = readSymInts(meta ? meta->getArray("sizes") : nullptr);
  auto strides = readSymInts(meta ? meta->getArray("strides") : nullptr);
  std::optional<int64_t> type = meta ? meta->getInteger("dtype") : std::nullopt;
  const json::Value *offset = meta ? meta->get("storage_offset") : nullptr;
  if (!path || !shape || !strides || !type || !offset || !readSymInt(*offset))
    return subject.reject("description of a tensor",
                          "path_name and tensor_meta with dtype, sizes, strides and "
                          "storage_offset",
                          "something else", "the file is damaged");
  tensor.type = typeOfScalar(*type);
  tensor.shape = *shape;
  tensor.strides = *strides;
  tensor.offset = *readSymInt(*offset);
  tensor.storage = path->str();
  return tensor;
}

LogicalResult TensorStore::addRaw(StringRef directory, StringRef config,
                                  const Subject &subject) {
  Collection collection;
  collection.archive = archive;
  collection.prefix = (archive->getRoot() + "/data/" + directory + "/").str();
  std::string entry = collection.prefix + config.str();
  if (!archive->contains(entry))
    return success();
  FailureOr<json::Value> parsed = readJson(*archive, entry, subject);
  const json::Object *tensors =
      failed(parsed) ? nullptr : needObject(*parsed->getAsObject(), "config", subject);
  if (!tensors)
    return failure();
  for (const auto &item : *tensors) {
    FailureOr<StoredTensor> tensor = readPayload(item.second, subject);
    if (failed(tensor))
      return failure();
    collection.tensors[StringRef(item.first)] = std::move(*tensor);
  }
  collections.push_back(std::move(collection));
  return success();
}

LogicalResult TensorStore::openRaw(const Subject &subject) {
  std::string root = archive->getRoot().str();
  std::string model = root + "/models/model.json";
  if (!archive->contains(model))
    return subject.reject("archive", quoted(kProgram) + " or " + quoted(model), "neither",
                          "write the file with torch.export.save");
  FailureOr<json::Value> parsed = readJson(*archive, model, subject);
  if (failed(parsed))
    return failure();
  program = std::move(*parsed);
  if (failed(addRaw("weights", "model_weights_config.json", subject)))
    return failure();
  return addRaw("constants", "model_constants_config.json", subject);
}

//===----------------------------------------------------------------------===//
// Tensors
//===----------------------------------------------------------------------===//

FailureOr<TensorStore::Bytes> TensorStore::getStorage(Collection &collection,
                                                      const StoredTensor &tensor,
                                                      const Subject &subject) {
  Bytes &bytes = collection.storages[tensor.storage];
  if (bytes)
    return bytes;
  FailureOr<std::vector<char>> read =
      collection.archive->read(collection.prefix + tensor.storage, subject);
  if (failed(read))
    return failure();
  bytes = std::make_shared<const std::vector<char>>(std::move(*read));
  return bytes;
}

/// Strides of the row-major order.
static SmallVector<int64_t> denseStrides(ArrayRef<int64_t> shape) {
  SmallVector<int64_t> strides(shape.size(), 1);
  for (size_t d = shape.size(); d-- > 1;)
    strides[d - 1] = strides[d] * std::max<int64_t>(1, shape[d]);
  return strides;
}

/// True when the elements lie one after the other; strides of extents of 1 say
/// nothing.
static bool isDense(const StoredTensor &tensor) {
  for (auto [extent, stride, dense] :
       llvm::zip(tensor.shape, tensor.strides, denseStrides(tensor.shape)))
    if (extent > 1 && stride != dense)
      return false;
  return true;
}

/// Number of elements a storage needs for the view; nullopt when strides or
/// offset are negative or out of any range.
static std::optional<int64_t> countReach(const StoredTensor &tensor) {
  constexpr int64_t kFar = int64_t(1) << 40;
  int64_t reach = tensor.offset;
  if (tensor.offset < 0 || tensor.offset > kFar)
    return std::nullopt;
  for (auto [extent, stride] : llvm::zip(tensor.shape, tensor.strides)) {
    if (stride < 0 || stride > kFar)
      return std::nullopt;
    if (extent == 0)
      return 0;
    // Extents are below 2^31: the product stays below 2^71, so it is compared
    // before it is made.
    if (stride != 0 && extent - 1 > (kFar - reach) / stride)
      return std::nullopt;
    reach += (extent - 1) * stride;
  }
  return reach + 1;
}

/// Elements of a strided view in row-major order.
static std::vector<char> gather(const StoredTensor &tensor, ArrayRef<char> storage,
                                int64_t count, unsigned width) {
  std::vector<char> result(count * width);
  SmallVector<int64_t> index(tensor.shape.size(), 0);
  int64_t from = tensor.offset;
  for (int64_t to = 0; to < count; ++to) {
    std::memcpy(result.data() + to * width, storage.data() + from * width, width);
    for (size_t d = index.size(); d-- > 0;) {
      from += tensor.strides[d];
      if (++index[d] < tensor.shape[d])
        break;
      from -= tensor.strides[d] * tensor.shape[d];
      index[d] = 0;
    }
  }
  return result;
}

FailureOr<ConstantTensor> TensorStore::load(StringRef key, StringRef name,
                                            const Subject &subject) {
  auto collection = llvm::find_if(
      collections, [&](Collection &entry) { return entry.tensors.contains(key); });
  if (collection == collections.end())
    return subject.reject("data", "a stored tensor " + quoted(key), "none",
                          "the file is not complete");
  const StoredTensor &tensor = collection->tensors[key];
  if (tensor.isPickled)
    return subject.reject("data of " + quoted(key), "raw bytes", "a Python pickle",
                          "save plain tensors: subclasses of torch.Tensor are pickled");
  if (!formatOf(tensor.type))
    return subject.reject("element type of " + quoted(key), "a number type",
                          "one that is not supported");
  std::optional<int64_t> count = countElements(tensor.shape);
  if (!count || tensor.shape.size() != tensor.strides.size())
    return subject.reject("shape of " + quoted(key),
                          Twine(kShapeLimits) + ", with a stride each",
                          text(tensor.shape) + " with strides " + text(tensor.strides));
  FailureOr<Bytes> storage = getStorage(*collection, tensor, subject);
  if (failed(storage))
    return failure();
  unsigned width = formatOf(tensor.type)->bits / 8;
  std::optional<int64_t> reach = countReach(tensor);
  int64_t held = (*storage)->size() / width;
  if (!reach || *reach > held)
    return subject.reject("view of storage " + quoted(tensor.storage),
                          "one inside its " + Twine(held) + " elements",
                          "shape " + text(tensor.shape) + ", strides " +
                              text(tensor.strides) + ", offset " + Twine(tensor.offset),
                          "the file is damaged");
  ArrayRef<char> bytes = **storage;
  if (isDense(tensor))
    return ConstantTensor::view(
        name.str(), tensor.type, tensor.shape,
        *count ? bytes.slice(tensor.offset * width, *count * width) : ArrayRef<char>());
  if (failed(archive->getBudget().charge(*count * width, subject)))
    return failure();
  return ConstantTensor(name.str(), tensor.type, tensor.shape,
                        gather(tensor, bytes, *count, width));
}
