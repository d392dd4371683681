//===- CertificateJson.cpp - certificates for other programs ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "qbias/Driver/Report.h"

#include "qbias/Analysis/Segments.h"
#include "qbias/Dialect/QBias/IR/Constants.h"
#include "qbias/Dialect/QBias/IR/Names.h"
#include "qbias/Driver/Json.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace qbias;
namespace json = llvm::json;

/// Name of the kind of segment, as examples/check_certificate.py knows it.
static std::string getSegmentKind(IntegerSegmentOpInterface op) {
  StringRef kind = op->getName().stripDialect().drop_front(StringRef("int.").size());
  if (isa<IntAddOp>(op))
    return op.getReferenceAttr().getOperands()[1] < 0 ? "sub" : "add";
  bool hasAddend = bool(op.getRequantAttr().getAddendMultiplier());
  return (kind + (hasAddend ? "_add" : "")).str();
}

static json::Array toArray(ElementsAttr attr) {
  SmallVector<int64_t> values;
  readIntegers(attr, values);
  return toJson(ArrayRef<int64_t>(values));
}

/// Name of the quantized tensor a value holds the integers of, seen through
/// data movement, which has no name of its own in the source model.
static std::string getSourceName(Value value,
                                 const llvm::StringMap<std::string> &concatTensors) {
  while (Operation *op = value.getDefiningOp()) {
    if (isa<IntegerSegmentOpInterface>(op) || op->getNumOperands() == 0)
      break;
    if (isa<tensor::ConcatOp>(op)) {
      std::string name = getTensorName(op->getLoc());
      auto found = concatTensors.find(name);
      return found == concatTensors.end() ? name : found->second;
    }
    value = op->getOperand(0);
  }
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    auto func = cast<func::FuncOp>(argument.getOwner()->getParentOp());
    if (auto tensor = func.getArgAttrOfType<StringAttr>(argument.getArgNumber(),
                                                        QBiasDialect::kTensorAttr))
      return tensor.str();
  }
  return getValueName(value);
}

static void addProgram(json::Object &object, IntegerSegmentOpInterface op) {
  RequantAttr requant = op.getRequantAttr();
  CertificateAttr certificate = op.getCertificateAttr();
  if (requant.getShift()) {
    object["multiplier"] = toArray(requant.getMultiplier());
    object["shift"] = toArray(requant.getShift());
    object["rounding"] = toArray(requant.getRounding());
    if (certificate.getRoundingMin()) {
      object["rounding_min"] = toArray(certificate.getRoundingMin());
      object["rounding_max"] = toArray(certificate.getRoundingMax());
    }
  }
  if (requant.getAddendMultiplier()) {
    if (isa<IntAddOp>(op))
      object.getArray("multiplier")
          ->push_back(std::move(toArray(requant.getAddendMultiplier()).front()));
    else
      object["addend_multiplier"] = toArray(requant.getAddendMultiplier());
  }
  if (requant.getLow())
    object["low"] = toJsonRows(requant.getLow(), op.getRequantChannels());
  if (requant.getForm() == RequantForm::HalfEven || requant.getLow())
    object["zero_point"] = requant.getZeroPoint();
  if (requant.getForm() == RequantForm::Threshold)
    object["thresholds"] = toJsonRows(requant.getThresholds(), op.getRequantChannels());
  if (requant.getForm() == RequantForm::Table && requant.getThresholds())
    object["table"] = toArray(requant.getThresholds());
  if (requant.getForm() != RequantForm::Accumulator) {
    object["lo"] = requant.getLo();
    object["hi"] = requant.getHi();
  }
}

static json::Object describe(IntegerSegmentOpInterface op,
                             const llvm::StringMap<std::string> &concatTensors) {
  LayerAttr layer = op.getLayerAttr();
  json::Object object{{"name", toJsonString(getLayerName(op))},
                      {"op", getSegmentKind(op)},
                      {"output", layer && layer.getTensor()
                                     ? toJsonString(layer.getTensor())
                                     : json::Value(nullptr)},
                      {"form", stringifyRequantForm(op.getRequantAttr().getForm())}};
  json::Array inputs, ranges;
  for (Value activation : op.getActivations()) {
    inputs.push_back(toJsonString(getSourceName(activation, concatTensors)));
    numerics::Range range = getValueRange(activation);
    ranges.push_back(json::Array{range.min, range.max});
  }
  object["inputs"] = std::move(inputs);
  object["input_ranges"] = std::move(ranges);
  Value bias;
  if (auto conv = dyn_cast<IntConv2DOp>(op.getOperation()))
    bias = conv.getBias();
  if (auto matmul = dyn_cast<IntMatmulOp>(op.getOperation()))
    bias = matmul.getBias();
  if (bias)
    object["bias"] = toArray(getConstant(bias));
  if (BoundsAttr bounds = op.getBoundsAttr()) {
    object["acc_min"] = toArray(bounds.getMin());
    object["acc_max"] = toArray(bounds.getMax());
  }
  if (auto pool = dyn_cast<IntAvgPoolOp>(op.getOperation()))
    object["divisors"] = toJson(pool.getDivisors());
  if (auto lookup = dyn_cast<IntLookupOp>(op.getOperation()))
    object["table"] = toArray(lookup.getTable());
  addProgram(object, op);
  return object;
}

llvm::StringMap<std::string> qbias::collectConcatTensors(ModuleOp module) {
  llvm::StringMap<std::string> tensors;
  module.walk([&](QuantizeOp quantize) {
    Operation *op = quantize.getInput().getDefiningOp();
    while (
        isa_and_present<TransposeOp, tensor::CollapseShapeOp, tensor::ExpandShapeOp>(op))
      op = op->getOperand(0).getDefiningOp();
    if (isa_and_present<tensor::ConcatOp>(op))
      tensors.try_emplace(getTensorName(op->getLoc()), getTensorName(quantize.getLoc()));
  });
  return tensors;
}

json::Object qbias::makeCertificate(ModuleOp module, StringRef model,
                                    const llvm::StringMap<std::string> &concatTensors) {
  json::Array layers;
  module.walk([&](IntegerSegmentOpInterface op) {
    if (op.getCertificateAttr())
      layers.push_back(describe(op, concatTensors));
  });
  return json::Object{{"format", "qbias-certificate"},
                      {"version", 1},
                      {"model", toJsonString(model)},
                      {"mode", "exact"},
                      {"layers", std::move(layers)}};
}
