//===- Run.cpp - the run command ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "qbias/Driver/Commands.h"
#include "qbias/Driver/Files.h"
#include "qbias/Driver/Samples.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Process.h"

using namespace mlir;
using namespace qbias;

namespace {

/// Integers of every output for all samples.
using Results = std::vector<std::vector<char>>;

/// A bar on a terminal, nothing elsewhere.
class Progress {
public:
  Progress(int64_t total, bool quiet)
      : total(total),
        shown(!quiet && total > 1 && llvm::sys::Process::StandardErrIsDisplayed()) {}
  void step(int64_t done) {
    if (!shown)
      return;
    llvm::errs() << "\r" << done << " of " << total << " samples";
    if (done == total)
      llvm::errs() << "\n";
  }

private:
  int64_t total;
  bool shown;
};

/// Arrays written by one command; removed again unless all succeed.
class WrittenFiles {
public:
  ~WrittenFiles() {
    for (const std::string &path : paths)
      llvm::sys::fs::remove(path);
  }
  bool write(const std::string &path, const runtime::Array &array) {
    std::string error;
    if (!runtime::writeNpy(path, array, error)) {
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

static std::optional<Results> runSamples(Program &program,
                                         const std::vector<Samples> &inputs,
                                         const RunCommand &command) {
  const Interface &tensors = program.interface();
  int64_t count = inputs.empty() ? 1 : inputs.front().count;
  Results results;
  for (const TensorInfo &output : tensors.outputs)
    results.emplace_back(count * output.elements() * runtime::dtypeSize(output.dtype));
  Progress progress(count, command.quiet);
  for (int64_t s = 0; s < count; ++s) {
    std::vector<const void *> in;
    std::vector<void *> out;
    for (size_t i = 0; i < inputs.size(); ++i)
      in.push_back(inputs[i].integers.data() + s * (inputs[i].integers.size() / count));
    for (std::vector<char> &result : results)
      out.push_back(result.data() + s * (result.size() / count));
    if (int status = program.run(in, out)) {
      printError(command.model, "program returned status " + llvm::Twine(status));
      return std::nullopt;
    }
    progress.step(s + 1);
  }
  return results;
}

/// A tensor's integers as an int32 (or wider) array.
static runtime::Array widen(const TensorInfo &tensor, const std::vector<char> &integers,
                            int64_t count) {
  runtime::Array narrow{tensor.dtype, stackedShape(tensor, count), integers};
  runtime::Array wide;
  wide.dtype =
      tensor.dtype == runtime::DType::Int64 ? tensor.dtype : runtime::DType::Int32;
  wide.shape = narrow.shape;
  size_t size = runtime::dtypeSize(wide.dtype);
  wide.data.resize(narrow.elements() * size);
  for (int64_t i = 0; i < narrow.elements(); ++i) {
    int64_t value = narrow.integerAt(i);
    std::memcpy(wide.data.data() + i * size, &value, size);
  }
  return wide;
}

/// Writes every integer tensor and index.json.
static bool dump(const Program &program, const Results &results, int64_t count,
                 const std::string &directory, WrittenFiles &files) {
  if (std::error_code error = llvm::sys::fs::create_directories(directory)) {
    printError(directory, "cannot create: " + error.message());
    return false;
  }
  llvm::json::Object index;
  for (auto [tensor, integers] : llvm::zip(program.interface().outputs, results)) {
    // Accumulators are no quantized tensors of the file.
    if (!tensor.isObserved)
      continue;
    std::string name = encodeFileName(tensor.name) + ".npy";
    llvm::SmallString<128> path(directory);
    llvm::sys::path::append(path, name);
    if (!files.write(std::string(path), widen(tensor, integers, count)))
      return false;
    index[llvm::json::fixUTF8(tensor.name)] = name;
  }
  llvm::SmallString<128> path(directory);
  llvm::sys::path::append(path, "index.json");
  return writeFile(std::string(path), [&](llvm::raw_ostream &os) {
    os << llvm::formatv("{0:2}\n", llvm::json::Value(std::move(index)));
    return true;
  });
}

/// The output as the user asked for it.
static runtime::Array makeOutput(const TensorInfo &tensor,
                                 const std::vector<char> &integers, int64_t count,
                                 bool raw) {
  runtime::Array array{tensor.dtype, stackedShape(tensor, count), integers};
  if (raw || !tensor.isReal)
    return array;
  runtime::Array real;
  real.dtype = runtime::DType::Float32;
  real.shape = array.shape;
  real.data.resize(array.elements() * sizeof(float));
  int64_t elements = tensor.elements();
  for (int64_t s = 0; s < count; ++s)
    dequantizeOutput(
        tensor, integers.data() + s * elements * runtime::dtypeSize(tensor.dtype),
        MutableArrayRef(reinterpret_cast<float *>(real.data.data()) + s * elements,
                        elements));
  return real;
}

/// Labels of `count` samples, checked.
static std::optional<runtime::Array> readLabels(const std::string &path, int64_t count) {
  std::string error;
  std::optional<runtime::Array> labels = runtime::readNpy(path, error);
  if (labels && (!runtime::isInteger(labels->dtype) || labels->elements() != count))
    error = "labels of shape " + runtime::shapeToString(labels->shape) + " and dtype " +
            std::string(runtime::dtypeName(labels->dtype)) + ", expected " +
            std::to_string(count) + " integers, one per sample";
  if (error.empty())
    return labels;
  printError(path, error);
  return std::nullopt;
}

/// Share of samples whose largest output is at their label.
static void printTopOne(const TensorInfo &tensor, const std::vector<char> &integers,
                        int64_t count, const runtime::Array &labels) {
  runtime::Array scores = makeOutput(tensor, integers, count, /*raw=*/false);
  int64_t classes = tensor.elements(), correct = 0;
  for (int64_t s = 0; s < count; ++s) {
    auto scoreOf = [&](int64_t i) {
      return scores.dtype == runtime::DType::Float32
                 ? static_cast<double>(scores.floats()[s * classes + i])
                 : static_cast<double>(scores.integerAt(s * classes + i));
    };
    int64_t best = 0;
    for (int64_t i = 1; i < classes; ++i)
      if (scoreOf(i) > scoreOf(best))
        best = i;
    correct += best == labels.integerAt(s);
  }
  llvm::outs() << llvm::formatv("top-1: {0:F2} % ({1} of {2})\n", 100.0 * correct / count,
                                correct, count);
}

/// Index of the output each --output names; without a name, in their order.
static std::optional<std::vector<size_t>> matchOutputs(const Interface &interface,
                                                       const RunCommand &command) {
  std::vector<size_t> own, chosen;
  for (auto [i, tensor] : llvm::enumerate(interface.outputs))
    if (!tensor.isObserved)
      own.push_back(i);
  size_t next = 0;
  for (const NamedFile &file : command.outputs) {
    auto found = own.end();
    if (!file.name.empty())
      found = llvm::find_if(
          own, [&](size_t i) { return interface.outputs[i].name == file.name; });
    else if (next < own.size())
      found = own.begin() + next++;
    if (found == own.end()) {
      printError(command.model,
                 file.name.empty()
                     ? "got " + std::to_string(command.outputs.size()) +
                           " outputs, expected at most " + std::to_string(own.size())
                     : "has no output '" + file.name + "'; its first output is '" +
                           interface.outputs[own.front()].name + "'");
      return std::nullopt;
    }
    chosen.push_back(*found);
  }
  return chosen;
}

/// All input arrays, the same number of samples in each.
static std::optional<std::vector<Samples>> readInputs(const Interface &interface,
                                                      const RunCommand &command) {
  auto paths = matchInputs(command.inputs, interface.inputs, command.model);
  if (!paths)
    return std::nullopt;
  std::vector<Samples> inputs;
  for (auto [path, tensor] : llvm::zip(*paths, interface.inputs)) {
    auto samples = readSamples(path, tensor, command.raw, command.realBoundary);
    if (!samples)
      return std::nullopt;
    if (!inputs.empty() && samples->count != inputs.front().count) {
      printError(path, "holds " + llvm::Twine(samples->count) + " samples, expected " +
                           llvm::Twine(inputs.front().count) + " as the first input");
      return std::nullopt;
    }
    inputs.push_back(std::move(*samples));
  }
  return inputs;
}

/// Everything `run` writes, or nothing.
static bool writeResults(const Program &program, const Results &results, int64_t count,
                         ArrayRef<size_t> chosen, const RunCommand &command) {
  WrittenFiles files;
  for (auto [index, file] : llvm::zip(chosen, command.outputs))
    if (!files.write(file.path, makeOutput(program.interface().outputs[index],
                                           results[index], count, command.raw)))
      return false;
  if (!command.dumpDir.empty() && !dump(program, results, count, command.dumpDir, files))
    return false;
  files.keep();
  return true;
}

int qbias::runRun(const RunCommand &command) {
  DialectRegistry registry;
  registerForDriver(registry);
  MLIRContext context(registry);
  context.printOpOnDiagnostic(false);
  DiagnosticPrinter printer(&context, command.model);
  CompileOptions options = command.options;
  options.observe = !command.dumpDir.empty();
  OwningOpRef<ModuleOp> module = loadModel(command.model, &context, options);
  if (!module)
    return kExitBadInput;
  if (options.observe && getStage(*module) != Stage::Import) {
    printError(command.model, "--dump-dir needs the source model, got a lowered module");
    return kExitBadInput;
  }
  std::unique_ptr<Program> program = Program::compile(*module, options);
  if (!program)
    return kExitBadInput;
  auto chosen = matchOutputs(program->interface(), command);
  if (!chosen)
    return kExitBadInput;
  auto inputs = readInputs(program->interface(), command);
  if (!inputs)
    return kExitBadInput;
  int64_t count = inputs->empty() ? 1 : inputs->front().count;
  std::optional<runtime::Array> labels;
  if (!command.labels.empty() && !(labels = readLabels(command.labels, count)))
    return kExitBadInput;
  std::optional<Results> results = runSamples(*program, *inputs, command);
  if (!results || !writeResults(*program, *results, count, *chosen, command))
    return kExitBadInput;
  if (labels)
    printTopOne(program->interface().outputs[0], (*results)[0], count, *labels);
  return kExitOk;
}
