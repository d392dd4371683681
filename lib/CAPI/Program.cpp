//===- Program.cpp - compile and run a model in one process ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "qbias/CAPI/Program.h"

#include "qbias/Dialect/QBias/IR/QBias.h"
#include "qbias/Driver/Model.h"
#include "qbias/Driver/Program.h"
#include "qbias/Driver/Report.h"
#include "qbias/Runtime/Boundary.h"

#include "mlir/IR/AsmState.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Support/Timing.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Path.h"

#include <cstring>
#include <mutex>

using namespace mlir;
using namespace qbias;

/// A model as imported, and its program.
struct qbias_program {
  std::string path;
  CompileOptions options;
  std::unique_ptr<MLIRContext> context;
  OwningOpRef<ModuleOp> imported;
  std::unique_ptr<Program> program;
};

//===----------------------------------------------------------------------===//
// Compiling
//===----------------------------------------------------------------------===//

static char *copy(const std::string &text) {
  char *result = static_cast<char *>(std::malloc(text.size() + 1));
  if (result)
    std::memcpy(result, text.c_str(), text.size() + 1);
  return result;
}

/// Hands a message over; always 1. What follows the last newline goes.
static int fail(const std::string &text, char **message) {
  if (message)
    *message = copy(StringRef(text).rtrim().str());
  return 1;
}

/// Passes read these options even where there is no command line.
static void registerOptionsOnce() {
  static std::once_flag once;
  std::call_once(once, [] {
    registerMLIRContextCLOptions();
    registerPassManagerCLOptions();
    registerDefaultTimingManagerCLOptions();
  });
}

/// NAME=1x3x224x224; an error text, or empty.
static std::string readShape(StringRef text, ImportOptions &options) {
  auto [name, extents] = text.rsplit('=');
  SmallVector<StringRef> parts;
  extents.split(parts, 'x');
  SmallVector<int64_t> shape;
  for (StringRef part : parts) {
    int64_t extent;
    if (part.getAsInteger(10, extent) || extent < 1 || name.empty())
      return ("shape is '" + text + "', expected NAME=1x3x224x224").str();
    shape.push_back(extent);
  }
  options.shapes[name] = shape;
  return {};
}

/// Requantization and bias; an error text, or empty.
static std::string readModes(const qbias_options &given, CompileOptions &options) {
  constexpr llvm::StringLiteral kModes = "exact, single, tflite, float or shift";
  if (given.requant)
    options.requant = given.requant;
  if (!symbolizeRequantMode(options.requant))
    return "requant is '" + options.requant + "', expected " + kModes.str();
  for (const char *const *layer = given.layers; layer && *layer; ++layer) {
    StringRef text = options.requantLayers.emplace_back(*layer);
    if (!text.contains('=') || !symbolizeRequantMode(text.rsplit('=').second))
      return "mode of a layer is '" + text.str() + "', expected NAME=MODE, MODE one of " +
             kModes.str();
  }
  if (given.bias)
    options.bias = given.bias;
  if (!llvm::is_contained({"residue", "int32", "int8", "float"}, options.bias))
    return "bias is '" + options.bias + "', expected residue, int32, int8 or float";
  return {};
}

/// An error text, or empty.
static std::string readOptions(const qbias_options *given, CompileOptions &options) {
  constexpr int64_t kMostThreads = 256;
  options.machine.cpu = "native";
  if (!given)
    return {};
  if (given->size < sizeof(qbias_options))
    return "options have " + std::to_string(given->size) + " bytes, expected " +
           std::to_string(sizeof(qbias_options));
  if (std::string error = readModes(*given, options); !error.empty())
    return error;
  options.threads = given->threads ? given->threads : 1;
  if (options.threads < 1 || options.threads > kMostThreads)
    return "threads is " + std::to_string(options.threads) + ", expected 1 to " +
           std::to_string(kMostThreads);
  options.import.batch = given->batch ? given->batch : 1;
  if (options.import.batch < 1)
    return "batch is " + std::to_string(options.import.batch) +
           ", expected a positive number";
  for (const char *const *shape = given->shapes; shape && *shape; ++shape)
    if (std::string error = readShape(*shape, options.import); !error.empty())
      return error;
  return {};
}

int qbias_compile(const char *path, const qbias_options *options, qbias_program **program,
                  char **message) {
  registerOptionsOnce();
  auto result = std::make_unique<qbias_program>();
  result->path = path;
  if (std::string error = readOptions(options, result->options); !error.empty())
    return fail(result->path + ": " + error, message);
  DialectRegistry registry;
  registerForDriver(registry);
  result->context = std::make_unique<MLIRContext>(registry);
  result->context->printOpOnDiagnostic(false);
  std::string text;
  llvm::raw_string_ostream os(text);
  DiagnosticPrinter printer(result->context.get(), result->path, os);
  result->imported = loadModel(result->path, result->context.get(), result->options);
  if (!result->imported)
    return fail(text, message);
  OwningOpRef<ModuleOp> lowered = result->imported->clone();
  result->program = Program::compile(*lowered, result->options);
  if (!result->program)
    return fail(text.empty() ? result->path + ": cannot be compiled" : text, message);
  os.flush();
  if (message && !text.empty())
    *message = copy(StringRef(text).rtrim().str());
  *program = result.release();
  return 0;
}

void qbias_release(qbias_program *program) { delete program; }
void qbias_free(char *text) { std::free(text); }

//===----------------------------------------------------------------------===//
// Tensors
//===----------------------------------------------------------------------===//

int64_t qbias_num_inputs(const qbias_program *program) {
  return program->program->interface().inputs.size();
}
int64_t qbias_num_outputs(const qbias_program *program) {
  return program->program->interface().outputs.size();
}

static void describe(const runtime::Tensor &from, qbias_tensor &to) {
  to = qbias_tensor();
  to.name = from.name.c_str();
  to.dtype = runtime::dtypeName(from.dtype).data(); // a literal
  to.rank = from.shape.size();
  to.shape = from.shape.data();
  to.is_real = from.isReal;
  to.is_unused = from.isUnused;
  to.axis = from.axis.value_or(-1);
  to.channels = from.scales.size();
  to.scales = from.scales.data();
  to.offsets = from.offsets.data();
  to.is_quantized = from.quantization.has_value();
  if (!from.quantization)
    return;
  to.scale = from.quantization->scale;
  to.zero_point = from.quantization->zeroPoint;
  to.min = from.quantization->min;
  to.max = from.quantization->max;
}

void qbias_get_input(const qbias_program *program, int64_t index, qbias_tensor *tensor) {
  describe(program->program->interface().inputs[index], *tensor);
}
void qbias_get_output(const qbias_program *program, int64_t index, qbias_tensor *tensor) {
  describe(program->program->interface().outputs[index], *tensor);
}

//===----------------------------------------------------------------------===//
// Running
//===----------------------------------------------------------------------===//

/// Integers of one sample; an error text, or empty.
static std::string readInput(const runtime::Tensor &tensor, const char *values,
                             bool isFloat, bool exact, std::vector<char> &integers) {
  int64_t count = tensor.elements();
  std::string error;
  if (tensor.isUnused)
    return {};
  if (isFloat) {
    runtime::quantizeInput(tensor, reinterpret_cast<const float *>(values), count, exact,
                           integers.data(), error);
    return error;
  }
  std::memcpy(integers.data(), values, integers.size());
  runtime::Array array{tensor.dtype, tensor.shape, integers};
  const runtime::Quantization &range = *tensor.quantization;
  for (int64_t i = 0; i < count; ++i)
    if (int64_t q = array.integerAt(i); q < range.min || q > range.max)
      return "element " + std::to_string(i) + " is " + std::to_string(q) +
             ", expected an integer in [" + std::to_string(range.min) + ", " +
             std::to_string(range.max) + "]";
  return {};
}

int qbias_run(qbias_program *program, int64_t samples, const void *const *inputs,
              void *const *outputs, int32_t raw, int32_t exact_boundary, char **message) {
  const Interface &tensors = program->program->interface();
  std::vector<std::vector<char>> in, out;
  std::vector<const void *> inPointers;
  std::vector<void *> outPointers;
  for (const runtime::Tensor &tensor : tensors.inputs)
    inPointers.push_back(in.emplace_back(tensor.bytes()).data());
  for (const runtime::Tensor &tensor : tensors.outputs)
    outPointers.push_back(out.emplace_back(tensor.bytes()).data());
  for (int64_t s = 0; s < samples; ++s) {
    for (auto [i, tensor] : llvm::enumerate(tensors.inputs)) {
      bool isFloat = tensor.isReal && !raw;
      int64_t bytes = isFloat ? tensor.elements() * sizeof(float) : in[i].size();
      std::string error =
          readInput(tensor, static_cast<const char *>(inputs[i]) + s * bytes, isFloat,
                    exact_boundary, in[i]);
      if (!error.empty())
        return fail(program->path + ": input '" + tensor.name + "', sample " +
                        std::to_string(s) + ": " + error,
                    message);
    }
    if (int status = program->program->run(inPointers, outPointers))
      return fail(program->path + ": " + runtime::describeStatus(status), message);
    for (auto [i, tensor] : llvm::enumerate(tensors.outputs)) {
      if (tensor.isReal && !raw)
        runtime::dequantizeOutput(
            tensor, out[i].data(),
            static_cast<float *>(outputs[i]) + s * tensor.elements(), tensor.elements());
      else
        std::memcpy(static_cast<char *>(outputs[i]) + s * out[i].size(), out[i].data(),
                    out[i].size());
    }
  }
  return 0;
}

//===----------------------------------------------------------------------===//
// Report and certificate
//===----------------------------------------------------------------------===//

/// A copy of the model in integers, and JSON that `describe` makes of both.
static int describeModel(
    qbias_program *program, char **json, char **message,
    llvm::function_ref<void(ModuleOp imported)> before,
    llvm::function_ref<llvm::json::Object(ModuleOp integers, StringRef name)> describe) {
  std::string text;
  llvm::raw_string_ostream os(text);
  DiagnosticPrinter printer(program->context.get(), program->path, os);
  if (getStage(*program->imported) > Stage::Integer)
    return fail(program->path + ": is lowered beyond the stage integer and has no layers",
                message);
  OwningOpRef<ModuleOp> module = program->imported->clone();
  before(*module);
  if (failed(lowerTo(*module, Stage::Integer, program->options)))
    return fail(text, message);
  llvm::json::Object object = describe(*module, llvm::sys::path::filename(program->path));
  *json = copy(llvm::formatv("{0:2}", llvm::json::Value(std::move(object))).str());
  return 0;
}

int qbias_report(qbias_program *program, char **json, char **message) {
  std::vector<TensorEntry> tensors;
  return describeModel(
      program, json, message,
      [&](ModuleOp imported) { tensors = collectTensors(imported); },
      [&](ModuleOp integers, StringRef name) {
        return makeReport(integers, name, tensors, lowerCopy(integers, program->options));
      });
}

int qbias_certificate(qbias_program *program, char **json, char **message) {
  llvm::StringMap<std::string> concatTensors;
  return describeModel(
      program, json, message,
      [&](ModuleOp imported) { concatTensors = collectConcatTensors(imported); },
      [&](ModuleOp integers, StringRef name) {
        return makeCertificate(integers, name, concatTensors);
      });
}
