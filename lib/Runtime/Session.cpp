//===- Session.cpp - run a program on arrays ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "qbias/Runtime/Session.h"

#include "qbias/Runtime/Boundary.h"
#include "qbias/Runtime/Files.h"

#define JSON_NOEXCEPTION
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <unistd.h>

namespace qbias::runtime {

std::string describeStatus(int status) {
  constexpr int kNoTiles = 5;
  std::string text = "program returned status " + std::to_string(status);
  if (status == kNoTiles)
    text += ": Linux refuses the process the tile registers (AMX) that it was compiled "
            "for; compile with --features=-amx-int8";
  return text;
}

namespace {

/// Integers of every output for all samples.
using Results = std::vector<std::vector<char>>;

/// Arrays written by one command; removed again unless all succeed.
class WrittenFiles {
public:
  ~WrittenFiles() {
    for (const std::string &path : paths)
      std::remove(path.c_str());
  }
  bool write(const std::string &path, const Array &array) {
    std::string error;
    if (!writeNpy(path, array, error)) {
      printError(path, error);
      return false;
    }
    paths.push_back(path);
    return true;
  }
  void keep() { paths.clear(); }

private:
  std::vector<std::string> paths;
};

} // namespace

Progress::Progress(int64_t total, bool quiet)
    : total(total), shown(!quiet && total > 1 && ::isatty(STDERR_FILENO)) {}

void Progress::step(int64_t done) {
  if (!shown)
    return;
  std::fprintf(stderr, "\r%lld of %lld samples%s", static_cast<long long>(done),
               static_cast<long long>(total), done == total ? "\n" : "");
}

static std::optional<Results> runSamples(Executable &program,
                                         const std::vector<Samples> &inputs,
                                         const RunRequest &request) {
  const Interface &tensors = program.interface();
  int64_t count = inputs.empty() ? 1 : inputs.front().count;
  Results results;
  for (const Tensor &output : tensors.outputs)
    results.emplace_back(count * output.elements() * dtypeSize(output.dtype));
  Progress progress(count, request.quiet);
  for (int64_t s = 0; s < count; ++s) {
    std::vector<const void *> in;
    std::vector<void *> out;
    for (size_t i = 0; i < inputs.size(); ++i)
      in.push_back(inputs[i].integers.data() + s * (inputs[i].integers.size() / count));
    for (std::vector<char> &result : results)
      out.push_back(result.data() + s * (result.size() / count));
    if (int status = program.run(in, out)) {
      printError(request.model, describeStatus(status));
      return std::nullopt;
    }
    progress.step(s + 1);
  }
  return results;
}

/// A tensor's integers as an int32 (or wider) array.
static Array widen(const Tensor &tensor, const std::vector<char> &integers,
                   int64_t count) {
  Array narrow{tensor.dtype, stackedShape(tensor, count), integers};
  Array wide;
  wide.dtype = tensor.dtype == DType::Int64 ? tensor.dtype : DType::Int32;
  wide.shape = narrow.shape;
  size_t size = dtypeSize(wide.dtype);
  wide.data.resize(narrow.elements() * size);
  for (int64_t i = 0; i < narrow.elements(); ++i) {
    int64_t value = narrow.integerAt(i);
    std::memcpy(wide.data.data() + i * size, &value, size);
  }
  return wide;
}

/// Writes every integer tensor and index.json.
static bool dump(const Executable &program, const Results &results, int64_t count,
                 const std::string &directory, WrittenFiles &files) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error) {
    printError(directory, "cannot create: " + error.message());
    return false;
  }
  nlohmann::json index = nlohmann::json::object();
  const std::vector<Tensor> &outputs = program.interface().outputs;
  for (size_t i = 0; i < outputs.size(); ++i) {
    // Accumulators are no quantized tensors of the file.
    if (!outputs[i].isObserved)
      continue;
    std::string name = encodeFileName(outputs[i].name) + ".npy";
    if (!files.write(directory + "/" + name, widen(outputs[i], results[i], count)))
      return false;
    index[outputs[i].name] = name;
  }
  constexpr int kIndent = 2;
  std::string text = index.dump(kIndent, ' ', /*ensure_ascii=*/false,
                                nlohmann::json::error_handler_t::replace);
  return writeText(directory + "/index.json", text + "\n");
}

/// The output as the user asked for it.
static Array makeOutput(const Tensor &tensor, const std::vector<char> &integers,
                        int64_t count, bool raw) {
  Array array{tensor.dtype, stackedShape(tensor, count), integers};
  if (raw || !tensor.isReal)
    return array;
  Array real;
  real.dtype = DType::Float32;
  real.shape = array.shape;
  real.data.resize(array.elements() * sizeof(float));
  int64_t elements = tensor.elements();
  for (int64_t s = 0; s < count; ++s)
    dequantizeOutput(tensor, integers.data() + s * tensor.bytes(),
                     reinterpret_cast<float *>(real.data.data()) + s * elements,
                     elements);
  return real;
}

/// Labels of `count` samples, checked.
static std::optional<Array> readLabels(const std::string &path, int64_t count) {
  std::string error;
  std::optional<Array> labels = readNpy(path, error);
  if (labels && (!isInteger(labels->dtype) || labels->elements() != count))
    error = "labels of shape " + shapeToString(labels->shape) + " and dtype " +
            std::string(dtypeName(labels->dtype)) + ", expected " +
            std::to_string(count) + " integers, one per sample";
  if (error.empty())
    return labels;
  printError(path, error);
  return std::nullopt;
}

/// Share of samples whose largest output is at their label.
static void printTopOne(const Tensor &tensor, const std::vector<char> &integers,
                        int64_t count, const Array &labels) {
  Array scores = makeOutput(tensor, integers, count, /*raw=*/false);
  int64_t classes = tensor.elements(), correct = 0;
  for (int64_t s = 0; s < count; ++s) {
    auto scoreOf = [&](int64_t i) {
      return scores.dtype == DType::Float32
                 ? static_cast<double>(scores.floats()[s * classes + i])
                 : static_cast<double>(scores.integerAt(s * classes + i));
    };
    int64_t best = 0;
    for (int64_t i = 1; i < classes; ++i)
      if (scoreOf(i) > scoreOf(best))
        best = i;
    correct += best == labels.integerAt(s);
  }
  std::printf("top-1: %.2f %% (%lld of %lld)\n", 100.0 * correct / count,
              static_cast<long long>(correct), static_cast<long long>(count));
}

/// Index of the output each --output names; without a name, in their order.
static std::optional<std::vector<size_t>> matchOutputs(const Interface &interface,
                                                       const RunRequest &request) {
  std::vector<size_t> own, chosen;
  for (size_t i = 0; i < interface.outputs.size(); ++i)
    if (!interface.outputs[i].isObserved)
      own.push_back(i);
  size_t next = 0;
  for (const NamedFile &file : request.outputs) {
    auto found = own.end();
    if (!file.name.empty())
      found = std::find_if(own.begin(), own.end(), [&](size_t i) {
        return interface.outputs[i].name == file.name;
      });
    else if (next < own.size())
      found = own.begin() + next++;
    if (found == own.end()) {
      printError(request.model,
                 file.name.empty()
                     ? "got " + std::to_string(request.outputs.size()) +
                           " outputs, expected at most " + std::to_string(own.size())
                     : "has no output '" + file.name + "'; its first output is '" +
                           interface.outputs[own.front()].name + "'");
      return std::nullopt;
    }
    chosen.push_back(*found);
  }
  return chosen;
}

std::optional<std::vector<Samples>> readInputs(const Interface &interface,
                                               const RunRequest &request) {
  auto paths =
      matchInputs(request.inputs, interface.inputs, request.model, request.inputOption);
  if (!paths)
    return std::nullopt;
  std::vector<Samples> inputs;
  for (size_t i = 0; i < paths->size(); ++i) {
    const std::string &path = (*paths)[i];
    auto samples =
        readSamples(path, interface.inputs[i], request.raw, request.realBoundary);
    if (!samples)
      return std::nullopt;
    if (!inputs.empty() && samples->count != inputs.front().count) {
      printError(path, "holds " + std::to_string(samples->count) + " samples, expected " +
                           std::to_string(inputs.front().count) + " as the first input");
      return std::nullopt;
    }
    inputs.push_back(std::move(*samples));
  }
  return inputs;
}

/// Everything `run` writes, or nothing.
static bool writeResults(const Executable &program, const Results &results, int64_t count,
                         const std::vector<size_t> &chosen, const RunRequest &request) {
  WrittenFiles files;
  for (size_t i = 0; i < chosen.size(); ++i)
    if (!files.write(request.outputs[i].path,
                     makeOutput(program.interface().outputs[chosen[i]],
                                results[chosen[i]], count, request.raw)))
      return false;
  if (!request.dumpDir.empty() && !dump(program, results, count, request.dumpDir, files))
    return false;
  files.keep();
  return true;
}

int runSession(Executable &program, const RunRequest &request) {
  auto chosen = matchOutputs(program.interface(), request);
  if (!chosen)
    return kExitBadInput;
  auto inputs = readInputs(program.interface(), request);
  if (!inputs)
    return kExitBadInput;
  int64_t count = inputs->empty() ? 1 : inputs->front().count;
  std::optional<Array> labels;
  if (!request.labels.empty() && !(labels = readLabels(request.labels, count)))
    return kExitBadInput;
  std::optional<Results> results = runSamples(program, *inputs, request);
  if (!results || !writeResults(program, *results, count, *chosen, request))
    return kExitBadInput;
  if (labels)
    printTopOne(program.interface().outputs[0], (*results)[0], count, *labels);
  return kExitOk;
}

} // namespace qbias::runtime
