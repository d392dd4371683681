//===- Samples.cpp - arrays of samples in and out of a program ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "qbias/Runtime/Samples.h"

#include "qbias/Runtime/Boundary.h"
#include "qbias/Runtime/Files.h"

#include <algorithm>
#include <cstring>

namespace qbias::runtime {

/// Number of samples in an array of this shape, or nullopt.
static std::optional<int64_t> countSamples(const std::vector<int64_t> &array,
                                           const std::vector<int64_t> &tensor) {
  if (array.size() == tensor.size() + 1 &&
      std::equal(tensor.begin(), tensor.end(), array.begin() + 1))
    return array[0];
  if (array.size() != tensor.size())
    return std::nullopt;
  if (tensor.empty())
    return 1;
  if (!std::equal(tensor.begin() + 1, tensor.end(), array.begin() + 1) ||
      tensor[0] == 0 || array[0] % tensor[0])
    return std::nullopt;
  return array[0] / tensor[0];
}

/// Copies integers into the file's type after checking their range.
static bool takeIntegers(const std::string &path, const Array &array,
                         const Tensor &tensor, std::vector<char> &out) {
  const Quantization &range = *tensor.quantization;
  size_t size = dtypeSize(tensor.dtype);
  out.resize(array.elements() * size);
  for (int64_t i = 0; i < array.elements(); ++i) {
    int64_t value = array.integerAt(i);
    if (value < range.min || value > range.max) {
      printError(path, "input '" + tensor.name + "': element " + std::to_string(i) +
                           " is " + std::to_string(value) + ", expected an integer in [" +
                           std::to_string(range.min) + ", " + std::to_string(range.max) +
                           "]; clip the array to the input's range");
      return false;
    }
    std::memcpy(out.data() + i * size, &value, size);
  }
  return true;
}

std::optional<Samples> readSamples(const std::string &path, const Tensor &tensor,
                                   bool raw, bool realBoundary) {
  std::string error;
  std::optional<Array> array = readNpy(path, error);
  if (!array) {
    printError(path, error);
    return std::nullopt;
  }
  std::optional<int64_t> count = countSamples(array->shape, tensor.shape);
  if (!count || *count == 0) {
    printError(path,
               "input '" + tensor.name + "': shape " + shapeToString(array->shape) +
                   ", expected " + shapeToString(tensor.shape) +
                   ", a multiple of it along the first axis, or one leading axis more");
    return std::nullopt;
  }
  if (tensor.isUnused)
    return Samples{*count, std::vector<char>(*count * tensor.elements())};
  bool takesIntegers = raw || !tensor.isReal;
  if (!takesIntegers && array->dtype == DType::Float16)
    array = widenHalf(*array);
  bool isRight = takesIntegers ? isInteger(array->dtype) : array->dtype == DType::Float32;
  if (!isRight) {
    std::string expected =
        takesIntegers ? std::string(dtypeName(tensor.dtype)) : std::string("float32");
    printError(path,
               "input '" + tensor.name + "': dtype " +
                   std::string(dtypeName(array->dtype)) + ", expected " + expected +
                   (takesIntegers ? "; give integers" : "; or give integers with --raw"));
    return std::nullopt;
  }
  Samples samples;
  samples.count = *count;
  if (takesIntegers) {
    if (!takeIntegers(path, *array, tensor, samples.integers))
      return std::nullopt;
    return samples;
  }
  samples.integers.resize(array->elements() * dtypeSize(tensor.dtype));
  if (!quantizeInput(tensor, array->floats(), array->elements(), realBoundary,
                     samples.integers.data(), error)) {
    printError(path, "input '" + tensor.name + "': " + error);
    return std::nullopt;
  }
  return samples;
}

std::optional<std::vector<std::string>> matchInputs(const std::vector<NamedFile> &files,
                                                    const std::vector<Tensor> &inputs,
                                                    const std::string &model,
                                                    const std::string &option) {
  std::vector<std::string> paths(inputs.size());
  size_t next = 0;
  for (const NamedFile &file : files) {
    size_t index = inputs.size();
    if (file.name.empty()) {
      while (next < inputs.size() && !paths[next].empty())
        ++next;
      index = next;
    } else {
      for (size_t i = 0; i < inputs.size(); ++i)
        if (inputs[i].name == file.name)
          index = i;
    }
    if (index >= inputs.size()) {
      printError(model, file.name.empty()
                            ? "got " + std::to_string(files.size()) +
                                  " inputs, expected " + std::to_string(inputs.size())
                            : "has no input '" + file.name + "'; its first input is '" +
                                  (inputs.empty() ? std::string() : inputs[0].name) +
                                  "'");
      return std::nullopt;
    }
    if (!paths[index].empty()) {
      printError(model, "input '" + inputs[index].name + "' is given twice, as " +
                            paths[index] + " and " + file.path + "; expected one file");
      return std::nullopt;
    }
    paths[index] = file.path;
  }
  for (size_t i = 0; i < inputs.size(); ++i)
    if (paths[i].empty()) {
      printError(model, "input '" + inputs[i].name + "' is not given; add " + option +
                            " " + inputs[i].name + "=FILE.npy");
      return std::nullopt;
    }
  return paths;
}

std::vector<int64_t> stackedShape(const Tensor &tensor, int64_t count) {
  std::vector<int64_t> shape = tensor.shape;
  if (shape.empty())
    shape.push_back(count);
  else
    shape[0] *= count;
  return shape;
}

} // namespace qbias::runtime
