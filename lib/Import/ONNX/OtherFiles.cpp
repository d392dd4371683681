//===- OtherFiles.cpp - constants outside the model file ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "OtherFiles.h"

#include "TensorDecoder.h"

#include "qbias/Runtime/Npy.h"

#include "llvm/ADT/ScopeExit.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"

#include <fcntl.h>
#include <limits>
#include <sys/stat.h>
#include <unistd.h>

using namespace mlir;
using namespace qbias;
using namespace qbias::onnximport;

//===----------------------------------------------------------------------===//
// External data
//===----------------------------------------------------------------------===//

bool qbias::onnximport::isExternal(const onnx::TensorProto &tensor) {
  return tensor.external_data_size() > 0 ||
         tensor.data_location() == onnx::TensorProto::EXTERNAL;
}

namespace {

/// A file descriptor that closes itself; -1 when opening failed.
class Descriptor {
public:
  explicit Descriptor(int fd) : fd(fd) {}
  ~Descriptor() {
    if (fd >= 0)
      ::close(fd);
  }
  Descriptor(const Descriptor &) = delete;
  Descriptor &operator=(const Descriptor &) = delete;
  void replace(int other) {
    if (fd >= 0)
      ::close(fd);
    fd = other;
  }
  int get() const { return fd; }

private:
  int fd;
};

/// Where an external tensor's bytes are.
struct Place {
  std::string location;
  uint64_t offset = 0;
  std::optional<uint64_t> length;
};

} // namespace

static FailureOr<Place> readPlace(const onnx::TensorProto &tensor,
                                  const Subject &subject) {
  Place place;
  for (const onnx::StringStringEntryProto &entry : tensor.external_data()) {
    StringRef value = entry.value();
    uint64_t number = 0;
    if (entry.key() == "location") {
      place.location = value.str();
    } else if (entry.key() == "offset" || entry.key() == "length") {
      if (value.getAsInteger(10, number))
        return subject.reject("external data, " + quoted(entry.key()), "a number",
                              quoted(value));
      if (entry.key() == "offset")
        place.offset = number;
      else
        place.length = number;
    }
  }
  return place;
}

/// Opens every part of the path by itself and follows no link.
static int openInside(StringRef modelFile, StringRef location) {
  StringRef folder = llvm::sys::path::parent_path(modelFile);
  Descriptor at(::open(folder.empty() ? "." : folder.str().c_str(),
                       O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  SmallVector<StringRef> parts;
  location.split(parts, '/', -1, /*KeepEmpty=*/false);
  for (auto [index, part] : llvm::enumerate(parts)) {
    bool isLast = index + 1 == parts.size();
    int flags = O_RDONLY | O_NOFOLLOW | O_CLOEXEC | (isLast ? O_NONBLOCK : O_DIRECTORY);
    at.replace(at.get() < 0 ? -1 : ::openat(at.get(), part.str().c_str(), flags));
  }
  int result = at.get() < 0 ? -1 : ::dup(at.get());
  return result;
}

/// A relative path that stays below the folder.
static bool isInside(StringRef location) {
  SmallVector<StringRef> parts;
  location.split(parts, '/', -1, /*KeepEmpty=*/false);
  return !parts.empty() && !location.starts_with("/") && !location.contains('\0') &&
         !llvm::is_contained(parts, "..");
}

/// `count` bytes from `offset` on.
static bool readBytes(int fd, uint64_t offset, uint64_t count, std::string &bytes) {
  bytes.resize(count);
  for (uint64_t done = 0; done < count;) {
    ssize_t got = ::pread(fd, bytes.data() + done, count - done, offset + done);
    if (got <= 0)
      return false;
    done += got;
  }
  return true;
}

FailureOr<onnx::TensorProto> ExternalData::load(const onnx::TensorProto &tensor,
                                                const Subject &subject) {
  FailureOr<Place> place = readPlace(tensor, subject);
  if (failed(place))
    return failure();
  SmallVector<int64_t> shape(tensor.dims().begin(), tensor.dims().end());
  std::optional<ElementFormat> format =
      formatOf(static_cast<DataType>(tensor.data_type()));
  std::optional<int64_t> count = countElements(shape);
  if (!format || !count)
    return subject.reject("external data", "a tensor of numbers with fewer than 2^31",
                          nameOf(static_cast<DataType>(tensor.data_type())) +
                              text(shape));
  std::string file = quoted(place->location);
  if (!isInside(place->location))
    return subject.reject("external data", "a file in the model's folder", file);
  Descriptor fd(openInside(modelFile, place->location));
  struct stat info;
  if (fd.get() < 0 || ::fstat(fd.get(), &info) != 0 || !S_ISREG(info.st_mode))
    return subject.reject("external data", "a regular file next to the model, no link",
                          file + ", which cannot be opened");
  uint64_t size = info.st_size;
  uint64_t needed = llvm::divideCeil(static_cast<uint64_t>(*count) * format->bits, 8);
  if (place->length && *place->length != needed)
    return subject.reject("external data, 'length'", Twine(needed) + " for the shape",
                          Twine(*place->length));
  if (place->offset > size || needed > size - place->offset)
    return subject.reject("external data in " + file,
                          Twine(needed) + " bytes from " + Twine(place->offset) + " on",
                          "a file of " + Twine(size) + " bytes",
                          "the file is damaged or cut off");
  if (known.insert({info.st_dev, info.st_ino}).second)
    budget.grow(size);
  if (failed(budget.charge(needed, subject)))
    return failure();
  onnx::TensorProto loaded;
  loaded.set_name(tensor.name());
  loaded.set_data_type(tensor.data_type());
  *loaded.mutable_dims() = tensor.dims();
  if (!readBytes(fd.get(), place->offset, needed, *loaded.mutable_raw_data()))
    return subject.reject("external data in " + file, Twine(needed) + " bytes",
                          "an error while reading");
  return loaded;
}

//===----------------------------------------------------------------------===//
// Inputs given as files
//===----------------------------------------------------------------------===//

static DataType typeOf(runtime::DType dtype) {
  switch (dtype) {
  case runtime::DType::Int8:
    return DataType::Int8;
  case runtime::DType::UInt8:
    return DataType::UInt8;
  case runtime::DType::Int16:
    return DataType::Int16;
  case runtime::DType::UInt16:
    return DataType::UInt16;
  case runtime::DType::Int32:
    return DataType::Int32;
  case runtime::DType::UInt32:
    return DataType::UInt32;
  case runtime::DType::Int64:
    return DataType::Int64;
  case runtime::DType::Float16:
    return DataType::Float16;
  case runtime::DType::Float32:
    return DataType::Float;
  case runtime::DType::Float64:
    return DataType::Double;
  }
  return DataType::Undefined;
}

/// The array in `path`, .npy or TensorProto.
static FailureOr<onnx::TensorProto> readTensor(StringRef path, const Subject &subject) {
  llvm::sys::fs::file_status status;
  if (!llvm::sys::fs::status(path, status) &&
      status.type() != llvm::sys::fs::file_type::regular_file)
    return subject.reject("--bind", "a regular file",
                          quoted(path) + ", which is a folder or a device");
  auto buffer = llvm::MemoryBuffer::getFile(path, /*IsText=*/false,
                                            /*RequiresNullTerminator=*/false);
  if (!buffer)
    return subject.reject("--bind", "a .npy file or an ONNX tensor",
                          quoted(path) + " (" + buffer.getError().message() + ")");
  StringRef bytes = (*buffer)->getBuffer();
  onnx::TensorProto tensor;
  if (!bytes.starts_with("\x93NUMPY")) {
    if (bytes.size() <= std::numeric_limits<int>::max() &&
        tensor.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) &&
        tensor.data_type() != 0 && !isExternal(tensor))
      return tensor;
    return subject.reject("--bind", "a .npy file or an ONNX tensor",
                          quoted(path) + ", which is neither");
  }
  std::string error;
  std::optional<runtime::Array> array =
      runtime::parseNpy({bytes.data(), bytes.size()}, error);
  if (!array)
    return subject.reject("--bind", "a readable .npy file", quoted(path) + ": " + error);
  tensor.set_data_type(static_cast<int32_t>(typeOf(array->dtype)));
  for (int64_t extent : array->shape)
    tensor.add_dims(extent);
  tensor.set_raw_data(array->data.data(), array->data.size());
  return tensor;
}

/// Type and extents the graph declares for the input.
static LogicalResult checkDeclared(const onnx::ValueInfoProto &input,
                                   const onnx::TensorProto &tensor,
                                   const Subject &subject) {
  const onnx::TypeProto::Tensor &declared = input.type().tensor_type();
  SmallVector<int64_t> shape(tensor.dims().begin(), tensor.dims().end());
  if (declared.elem_type() != 0 && declared.elem_type() != tensor.data_type())
    return subject.reject("type of --bind",
                          nameOf(static_cast<DataType>(declared.elem_type())),
                          nameOf(static_cast<DataType>(tensor.data_type())));
  if (!declared.has_shape())
    return success();
  bool matches = declared.shape().dim_size() == static_cast<int>(shape.size());
  for (int d = 0; matches && d < declared.shape().dim_size(); ++d)
    if (const auto &dim = declared.shape().dim(d); dim.has_dim_value())
      matches = dim.dim_value() <= 0 || dim.dim_value() == shape[d];
  if (matches)
    return success();
  SmallVector<int64_t> expected;
  for (const auto &dim : declared.shape().dim())
    expected.push_back(dim.has_dim_value() ? dim.dim_value() : -1);
  return subject.reject("shape of --bind", text(expected), text(shape));
}

LogicalResult qbias::onnximport::bindInputs(onnx::GraphProto &graph,
                                            const ImportOptions &options,
                                            const Namer &namer) {
  for (const auto &[name, path] : options.bindings) {
    Subject subject = namer.getTensor("graph input", name);
    const onnx::ValueInfoProto *input = nullptr;
    for (const onnx::ValueInfoProto &entry : graph.input())
      if (entry.name() == name)
        input = &entry;
    if (!input)
      return subject.reject("--bind", "the name of a graph input",
                            "a name the model does not have");
    FailureOr<onnx::TensorProto> tensor = readTensor(path, subject);
    if (failed(tensor) || failed(checkDeclared(*input, *tensor, subject)))
      return failure();
    tensor->set_name(name.str());
    for (onnx::TensorProto &other : *graph.mutable_initializer())
      if (other.name() == name)
        return subject.reject("--bind", "an input without a value in the file", "one");
    *graph.add_initializer() = std::move(*tensor);
  }
  return success();
}
