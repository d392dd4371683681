//===- DataReport.cpp - a report's layers on data ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The program that is measured is the compiled one; only its meaning is
// interpreted. Every layer starts from the integers the program gave its
// producers, so that no difference is counted twice (N3).
//
//===----------------------------------------------------------------------===//

#include "qbias/Driver/DataReport.h"

#include "qbias/Dialect/QBias/IR/Constants.h"
#include "qbias/Driver/Program.h"
#include "qbias/Driver/Report.h"
#include "qbias/Interpreter/LayerMeaning.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/IRMapping.h"

#include <cmath>

using namespace mlir;
using namespace qbias;
using interpreter::Integers;
using interpreter::LayerMeaning;
using interpreter::LayerValues;
namespace json = llvm::json;

namespace {

/// How many integers differ from those of a reference, and by how much at most.
struct Distance {
  int64_t differing = 0, largest = 0;

  void add(int64_t got, int64_t expected) {
    differing += got != expected;
    largest = std::max(largest, std::abs(got - expected));
  }
};

/// What the data made of one layer.
struct LayerData {
  int64_t elements = 0, tooLow = 0, tooHigh = 0;
  int64_t rectified = 0; ///< below 0 in a range that starts there
  Distance exact, inFloat;
  /// Sums of squares, in steps of the layer's result.
  double signal = 0, noise = 0;

  void add(const Integers &got, const LayerValues &values, quant::QuantizedType type);
  json::Object toJson(bool isQuantized) const;
};

/// The layers of a module and the tensors between them, on samples.
class DataRun {
public:
  /// Fails after an error that was printed.
  LogicalResult prepare(ModuleOp module, const CompileOptions &options);
  bool run(const runtime::RunRequest &request);
  void addTo(json::Object &report) const;

private:
  struct Layer {
    SmallVector<Value> activations;
    Value result;
    LayerMeaning meaning;
    LayerData data;
  };

  LogicalResult collectLayers(func::FuncOp func);
  LogicalResult observe(func::FuncOp func, const IRMapping &mapping);
  bool runSample(const std::vector<const void *> &inputs);
  void measureLayers();

  std::vector<Layer> layers;
  llvm::SetVector<Value> observed; ///< outputs of the program behind its own
  llvm::DenseMap<Value, interpreter::Tensor> tensors;
  SmallVector<Value> arguments;
  std::unique_ptr<Program> program;
  size_t ownOutputs = 0;
  int64_t samples = 0;
};

} // namespace

//===----------------------------------------------------------------------===//
// Statistics
//===----------------------------------------------------------------------===//

void LayerData::add(const Integers &got, const LayerValues &values,
                    quant::QuantizedType type) {
  elements += got.size();
  for (size_t i = 0; i < got.size(); ++i) {
    if (!type) {
      exact.add(got[i], values.rounded[i]);
      continue;
    }
    int64_t lowest = type.getStorageTypeMin(), highest = type.getStorageTypeMax();
    int64_t zeroPoint = cast<quant::UniformQuantizedType>(type).getZeroPoint();
    bool isRelu = zeroPoint == lowest;
    (isRelu ? rectified : tooLow) += values.rounded[i] < lowest;
    tooHigh += values.rounded[i] > highest;
    exact.add(got[i], std::clamp(values.rounded[i], lowest, highest));
    inFloat.add(got[i], values.inFloat[i]);
    double real = values.reals[i] - static_cast<double>(zeroPoint);
    real = isRelu ? std::max(real, 0.0) : real;
    double error = static_cast<double>(got[i] - zeroPoint) - real;
    signal += real * real;
    noise += error * error;
  }
}

json::Object LayerData::toJson(bool isQuantized) const {
  json::Object object{{"elements", elements},
                      {"differing", exact.differing},
                      {"largest_difference", exact.largest},
                      {"float32_differing", nullptr},
                      {"float32_largest_difference", nullptr},
                      {"rectified", nullptr},
                      {"saturated_low", nullptr},
                      {"saturated_high", nullptr},
                      {"sqnr_db", nullptr}};
  if (!isQuantized)
    return object;
  object["float32_differing"] = inFloat.differing;
  object["float32_largest_difference"] = inFloat.largest;
  object["rectified"] = rectified;
  object["saturated_low"] = tooLow;
  object["saturated_high"] = tooHigh;
  constexpr double kDecibels = 10;
  double decibels = kDecibels * std::log10(signal / noise);
  if (std::isfinite(decibels))
    object["sqnr_db"] = decibels;
  return object;
}

//===----------------------------------------------------------------------===//
// The program
//===----------------------------------------------------------------------===//

LogicalResult DataRun::collectLayers(func::FuncOp func) {
  std::string producer = getProducer(func);
  auto need = [&](Value value) {
    SmallVector<int64_t> integers;
    if (isa<BlockArgument>(value))
      return;
    if (!readIntegers(value, integers))
      observed.insert(value);
    else
      tensors[value] = {
          llvm::to_vector(cast<RankedTensorType>(value.getType()).getShape()),
          Integers(integers.begin(), integers.end())};
  };
  WalkResult result = func.walk([&](Operation *op) {
    if (auto softmax = dyn_cast<IntSoftmaxOp>(op))
      layers.push_back({{softmax.getInput()},
                        softmax.getResult(),
                        LayerMeaning::get(softmax, producer),
                        {}});
    auto segment = dyn_cast<IntegerSegmentOpInterface>(op);
    if (!segment)
      return WalkResult::advance();
    FailureOr<LayerMeaning> meaning = LayerMeaning::get(segment, producer);
    if (failed(meaning))
      return WalkResult::interrupt();
    layers.push_back(
        {segment.getActivations(), op->getResult(0), std::move(*meaning), {}});
    return WalkResult::advance();
  });
  for (const Layer &layer : layers) {
    llvm::for_each(layer.activations, need);
    need(layer.result);
  }
  return failure(result.wasInterrupted());
}

/// Makes the observed values results of a copy of the function.
LogicalResult DataRun::observe(func::FuncOp func, const IRMapping &mapping) {
  auto ret = cast<func::ReturnOp>(func.getBody().front().getTerminator());
  ownOutputs = func.getNumResults();
  auto attrs = DictionaryAttr::get(
      func.getContext(),
      {{StringAttr::get(func.getContext(), QBiasDialect::kObservedAttr),
        UnitAttr::get(func.getContext())}});
  for (Value value : observed) {
    if (failed(func.insertResult(func.getNumResults(), value.getType(), attrs)))
      return failure();
    ret.getOperandsMutable().append(mapping.lookup(value));
  }
  return success();
}

LogicalResult DataRun::prepare(ModuleOp module, const CompileOptions &options) {
  auto func = module.lookupSymbol<func::FuncOp>("main");
  if (!func)
    return module.emitError("expects a function 'main', found none");
  arguments.assign(func.getArguments().begin(), func.getArguments().end());
  if (failed(collectLayers(func)))
    return failure();
  IRMapping mapping;
  OwningOpRef<ModuleOp> copy = cast<ModuleOp>(module->clone(mapping));
  if (failed(observe(copy->lookupSymbol<func::FuncOp>("main"), mapping)))
    return failure();
  CompileOptions certified = options;
  certified.certified = true;
  program = Program::compile(*copy, certified);
  return success(program != nullptr);
}

//===----------------------------------------------------------------------===//
// Samples
//===----------------------------------------------------------------------===//

static interpreter::Tensor readTensor(const runtime::Tensor &info, const void *bytes) {
  runtime::Array array;
  array.dtype = info.dtype;
  array.shape = info.shape;
  const char *first = static_cast<const char *>(bytes);
  array.data.assign(first, first + info.bytes());
  Integers integers;
  for (int64_t i = 0; i < info.elements(); ++i)
    integers.push_back(array.integerAt(i));
  return {llvm::to_vector(info.shape), std::move(integers)};
}

void DataRun::measureLayers() {
  for (Layer &layer : layers) {
    SmallVector<const interpreter::Tensor *> activations;
    for (Value value : layer.activations)
      activations.push_back(&tensors.find(value)->second);
    const interpreter::Tensor &result = tensors.find(layer.result)->second;
    layer.data.add(result.integers(), layer.meaning.evaluate(activations),
                   layer.meaning.getResult());
  }
}

bool DataRun::runSample(const std::vector<const void *> &inputs) {
  const std::vector<runtime::Tensor> &outputs = program->interface().outputs;
  std::vector<std::vector<char>> buffers;
  std::vector<void *> pointers;
  for (const runtime::Tensor &output : outputs)
    buffers.emplace_back(output.bytes());
  for (std::vector<char> &buffer : buffers)
    pointers.push_back(buffer.data());
  if (program->run(inputs, pointers) != 0)
    return false;
  for (auto [i, value] : llvm::enumerate(arguments))
    tensors[value] = readTensor(program->interface().inputs[i], inputs[i]);
  for (auto [i, value] : llvm::enumerate(observed))
    tensors[value] = readTensor(outputs[ownOutputs + i], buffers[ownOutputs + i].data());
  measureLayers();
  return true;
}

bool DataRun::run(const runtime::RunRequest &request) {
  auto inputs = runtime::readInputs(program->interface(), request);
  if (!inputs)
    return false;
  samples = inputs->empty() ? 1 : inputs->front().count;
  runtime::Progress progress(samples, request.quiet);
  for (int64_t s = 0; s < samples; ++s) {
    std::vector<const void *> pointers;
    for (const runtime::Samples &input : *inputs)
      pointers.push_back(input.integers.data() + s * (input.integers.size() / samples));
    if (!runSample(pointers))
      return false;
    progress.step(s + 1);
  }
  return true;
}

/// Layers without a requantization, max pools and indices, have no data.
void DataRun::addTo(json::Object &report) const {
  LayerData total;
  auto next = layers.begin();
  for (json::Value &value : *report.getArray("layers")) {
    json::Object &object = *value.getAsObject();
    object["data"] = nullptr;
    if (object.getString("op") == "max_pool" || object.getString("op") == "arg_max")
      continue;
    const LayerData &data = next->data;
    object["data"] = data.toJson(next->meaning.getResult() != nullptr);
    total.elements += data.elements;
    total.tooLow += data.tooLow;
    total.tooHigh += data.tooHigh;
    total.exact.differing += data.exact.differing;
    total.inFloat.differing += data.inFloat.differing;
    ++next;
  }
  report["data"] = json::Object{{"samples", samples},
                                {"elements", total.elements},
                                {"differing", total.exact.differing},
                                {"float32_differing", total.inFloat.differing},
                                {"saturated", total.tooLow + total.tooHigh}};
}

bool qbias::addData(json::Object &report, ModuleOp module, const CompileOptions &options,
                    const runtime::RunRequest &request) {
  DataRun run;
  if (failed(run.prepare(module, options)) || !run.run(request))
    return false;
  run.addTo(report);
  return true;
}
