//===- Report.cpp - what a program consists of ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "qbias/Driver/Report.h"

#include "qbias/Analysis/Segments.h"
#include "qbias/Analysis/Softmax.h"
#include "qbias/Codegen/Passes.h"
#include "qbias/Dialect/QBias/IR/Constants.h"
#include "qbias/Dialect/QBias/IR/Names.h"
#include "qbias/Dialect/QBias/IR/Nibbles.h"
#include "qbias/Dialect/QBias/IR/QuantTypes.h"
#include "qbias/Driver/Json.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Quant/IR/Quant.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace qbias;
namespace json = llvm::json;

//===----------------------------------------------------------------------===//
// Tensors
//===----------------------------------------------------------------------===//

static void addTensor(std::vector<TensorEntry> &tensors, StringRef name, StringRef kind,
                      Type type, StringRef producer) {
  quant::QuantizedType quantized = getQuantElement(type);
  if (!quantized)
    return;
  auto shape = cast<RankedTensorType>(type).getShape();
  tensors.push_back({name.str(), kind.str(), producer.str(), shape.vec(), quantized});
}

std::string qbias::getProducer(func::FuncOp func) {
  for (unsigned i = 0; i < func.getNumArguments(); ++i)
    if (auto attr = func.getArgAttrOfType<StringAttr>(i, QBiasDialect::kProducerAttr))
      return attr.str();
  return "";
}

std::vector<TensorEntry> qbias::collectTensors(ModuleOp module) {
  std::vector<TensorEntry> tensors;
  auto func = module.lookupSymbol<func::FuncOp>("main");
  if (!func)
    return tensors;
  std::string producer = getProducer(func);
  for (BlockArgument argument : func.getArguments())
    addTensor(tensors, getValueName(argument), "activation", argument.getType(),
              producer);
  func.walk([&](Operation *op) {
    if (isa<QuantizeOp>(op))
      addTensor(tensors, getTensorName(op->getLoc()), "activation",
                op->getResult(0).getType(), producer);
    if (auto cast = dyn_cast<quant::StorageCastOp>(op)) {
      quant::QuantizedType type = getQuantElement(cast.getType());
      bool isBias = type && type.getStorageTypeIntegralWidth() == 32;
      addTensor(tensors, getTensorName(op->getLoc()), isBias ? "bias" : "weight",
                cast.getType(), producer);
    }
  });
  return tensors;
}

static json::Object describeTensor(const TensorEntry &tensor) {
  SmallVector<double> scales = getScales(tensor.type);
  SmallVector<int64_t> zeroPoints = getZeroPoints(tensor.type);
  numerics::Range range = getStorageRange(tensor.type);
  json::Object object{{"name", toJsonString(tensor.name)},
                      {"kind", tensor.kind},
                      {"dtype", getDTypeName(tensor.type, tensor.producer)},
                      {"shape", toJson(ArrayRef<int64_t>(tensor.shape))},
                      {"qmin", range.min},
                      {"qmax", range.max}};
  if (std::optional<int32_t> axis = getAxis(tensor.type)) {
    object["axis"] = *axis;
    object["scale"] = toJson(ArrayRef<double>(scales));
    object["zero_point"] = toJson(ArrayRef<int64_t>(zeroPoints));
  } else {
    object["scale"] = scales.front();
    object["zero_point"] = zeroPoints.front();
  }
  return object;
}

//===----------------------------------------------------------------------===//
// Layers
//===----------------------------------------------------------------------===//

/// Multiplications with weights or activations of one run.
static int64_t countLayerMacs(Operation *op) {
  int64_t results = cast<RankedTensorType>(op->getResult(0).getType()).getNumElements();
  if (auto conv = dyn_cast<IntConv2DOp>(op)) {
    auto weight = conv.getWeight().getType();
    return results * (weight.getNumElements() / weight.getDimSize(0));
  }
  if (auto matmul = dyn_cast<IntMatmulOp>(op))
    return results * matmul.getLhs().getType().getShape().back();
  return 0;
}

int64_t qbias::countMacs(ModuleOp module) {
  int64_t macs = 0;
  module.walk([&](IntegerSegmentOpInterface op) { macs += countLayerMacs(op); });
  return macs;
}

std::vector<std::pair<std::string, int64_t>> qbias::countMacsOfLayers(ModuleOp module) {
  std::vector<std::pair<std::string, int64_t>> macs;
  module.walk([&](IntegerSegmentOpInterface op) {
    macs.push_back({getLayerName(op), countLayerMacs(op)});
  });
  return macs;
}

static Value getBiasOperand(Operation *op) {
  if (auto conv = dyn_cast<IntConv2DOp>(op))
    return conv.getBias();
  if (auto matmul = dyn_cast<IntMatmulOp>(op))
    return matmul.getBias();
  return {};
}

static std::optional<BiasCase> getBiasCase(Operation *op) {
  if (auto conv = dyn_cast<IntConv2DOp>(op))
    return conv.getBiasCase();
  if (auto matmul = dyn_cast<IntMatmulOp>(op))
    return matmul.getBiasCase();
  return std::nullopt;
}

/// The bias before (real) and after (int32, scale, residue).
static json::Object describeBias(IntegerSegmentOpInterface op) {
  std::optional<BiasCase> kind = getBiasCase(op);
  json::Object object{{"case", kind ? stringifyBiasCase(*kind) : StringRef("absent")}};
  ReferenceAttr reference = op.getReferenceAttr();
  SmallVector<int64_t> integers;
  Value bias = getBiasOperand(op);
  if (!bias || !readIntegers(bias, integers) || !reference.getBias())
    return object;
  FailureOr<ExactArray> exact =
      ExactArray::get(reference.getBias(), reference.getBiasUnit());
  SmallVector<double> weights, values, scales, residues;
  if (failed(exact) || !readFloats(reference.getWeights(), weights))
    return object;
  auto input = *numerics::exactRational(reference.getOperands()[0]);
  for (auto [c, integer] : llvm::enumerate(integers)) {
    numerics::Rational unit =
        input * *numerics::exactRational(weights[weights.size() == 1 ? 0 : c]);
    numerics::Rational residue =
        exact->at(c) - numerics::Rational(numerics::fromInt64(integer)) * unit;
    values.push_back(exact->at(c).get_d());
    scales.push_back(unit.get_d());
    residues.push_back(residue.get_d());
  }
  object["float_min"] = *llvm::min_element(values);
  object["float_max"] = *llvm::max_element(values);
  object["int_min"] = *llvm::min_element(integers);
  object["int_max"] = *llvm::max_element(integers);
  object["float"] = toJson(ArrayRef<double>(values));
  object["int"] = toJson(ArrayRef<int64_t>(integers));
  object["scale"] = toJson(ArrayRef<double>(scales));
  object["residue"] = toJson(ArrayRef<double>(residues));
  return object;
}

static json::Value toJsonOrNull(ElementsAttr attr) {
  SmallVector<int64_t> values;
  SmallVector<double> floats;
  if (attr && readIntegers(attr, values))
    return toJson(ArrayRef<int64_t>(values));
  if (attr && readFloats(attr, floats))
    return toJson(ArrayRef<double>(floats));
  return nullptr;
}

static StringRef getKind(Operation *op) {
  StringRef name = op->getName().stripDialect();
  name.consume_front("int.");
  return name;
}

llvm::StringMap<LayerPlan> qbias::collectPlans(ModuleOp module) {
  llvm::StringMap<LayerPlan> plans;
  module.walk([&](Operation *op) {
    auto plan = op->getAttrOfType<StringAttr>(kPlanAttr);
    auto reason = op->getAttrOfType<StringAttr>(kPlanReasonAttr);
    if (!plan)
      return;
    plans[getTensorName(op->getLoc())] = {plan.str(), reason ? reason.str() : ""};
    auto stores = op->getAttrOfType<ArrayAttr>(kStoresAttr);
    if (!stores || plan == kReferencePlan)
      return;
    for (auto layer : stores.getAsRange<StringAttr>())
      plans[layer] = {plan.str(), "in the store of '" + getLayerName(op) + "'"};
  });
  return plans;
}

static void describePlan(Operation *op, const Lowered &lowered, json::Object &object) {
  auto plan = lowered.plans.find(getTensorName(op->getLoc()));
  bool isPlanned = plan != lowered.plans.end();
  object["plan"] = isPlanned ? plan->second.name : kReferencePlan.str();
  if (isPlanned)
    object["plan_reason"] = toJsonString(plan->second.reason);
}

/// The form a certificate speaks about; forms of other modes are no certificate.
static StringRef getCertificateName(RequantAttr requant, CertificateAttr certificate) {
  bool isRecipe =
      requant.getMode() != RequantMode::Exact &&
      requant.getForm() != RequantForm::Accumulator &&
      (!certificate || certificate.getCertified() < certificate.getChannels());
  return !certificate || isRecipe || isModeForm(requant.getForm())
             ? StringRef("none")
             : stringifyRequantForm(requant.getForm());
}

static json::Object describeLayer(IntegerSegmentOpInterface op, const Lowered &lowered) {
  RequantAttr requant = op.getRequantAttr();
  LayerAttr layer = op.getLayerAttr();
  CertificateAttr certificate = op.getCertificateAttr();
  BoundsAttr bounds = op.getBoundsAttr();
  json::Object object{
      {"name", toJsonString(getLayerName(op))},
      {"op", getKind(op)},
      {"source_op", layer ? toJsonString(layer.getOp()) : json::Value(nullptr)},
      {"tensor", layer && layer.getTensor() ? toJsonString(layer.getTensor())
                                            : json::Value(nullptr)},
      {"channels", certificate ? certificate.getChannels() : op.getRequantChannels()},
      {"certified_channels", certificate ? certificate.getCertified() : 0},
      {"certificate", getCertificateName(requant, certificate)},
      {"mode", stringifyRequantMode(requant.getMode())},
      {"form", stringifyRequantForm(requant.getForm())},
      {"approximate", false},
      {"bias", describeBias(op)},
      {"shift", toJsonOrNull(requant.getShift())},
      {"rounding_constant", toJsonOrNull(requant.getRounding())},
      {"lo", requant.getLo()},
      {"hi", requant.getHi()},
      {"acc_min", bounds ? toJsonOrNull(bounds.getMin()) : json::Value(nullptr)},
      {"acc_max", bounds ? toJsonOrNull(bounds.getMax()) : json::Value(nullptr)},
      {"macs", countLayerMacs(op)}};
  describePlan(op, lowered, object);
  if (isa<IntAddOp>(op) && requant.getAddendMultiplier()) {
    SmallVector<int64_t> a, b;
    readIntegers(requant.getMultiplier(), a);
    readIntegers(requant.getAddendMultiplier(), b);
    object["multiplier"] = json::Array{a.front(), b.front()};
  } else {
    object["multiplier"] = toJsonOrNull(requant.getMultiplier());
    if (requant.getAddendMultiplier())
      object["addend_multiplier"] = toJsonOrNull(requant.getAddendMultiplier());
  }
  if (requant.getLow())
    object["low"] = toJsonRows(requant.getLow(), op.getRequantChannels());
  if (certificate && certificate.getWrong()) {
    object["wrong_accumulators"] = toJsonOrNull(certificate.getWrong());
    object["largest_error"] = toJsonOrNull(certificate.getLargestError());
  }
  if (certificate && requant.getForm() == RequantForm::Accumulator)
    object.erase("lo"), object.erase("hi");
  return object;
}

/// Layers without accumulator.
static json::Object describeOther(Operation *op, StringRef source, bool isApproximate,
                                  const Lowered &lowered) {
  json::Object object{{"name", toJsonString(getLayerName(op))},
                      {"op", getKind(op)},
                      {"source_op", source},
                      {"channels", 1},
                      {"certified_channels", isApproximate ? 0 : 1},
                      {"certificate", isApproximate ? "none" : "table"},
                      {"mode", "exact"},
                      {"approximate", isApproximate},
                      {"bias", json::Object{{"case", "absent"}}},
                      {"multiplier", nullptr},
                      {"shift", nullptr},
                      {"rounding_constant", nullptr},
                      {"acc_min", nullptr},
                      {"acc_max", nullptr},
                      {"macs", 0}};
  describePlan(op, lowered, object);
  return object;
}

/// N12: not certified, with a bound of the error before rounding.
static json::Object describeSoftmax(IntSoftmaxOp op, const Lowered &lowered) {
  LayerAttr layer = op.getLayerAttr();
  json::Object object =
      describeOther(op, layer ? layer.getOp().getValue() : StringRef("Softmax"),
                    /*isApproximate=*/true, lowered);
  if (layer && layer.getTensor())
    object["tensor"] = toJsonString(layer.getTensor());
  if (op.getTflite())
    object["mode"] = "tflite";
  else
    object["error_bound"] =
        numerics::softmaxErrorBound(getSoftmax(op), getSoftmaxProgram(op));
  return object;
}

namespace {

struct Totals {
  int64_t layers = 0, macs = 0, channels = 0, certified = 0, floatOps = 0,
          weightBytes = 0, approximate = 0;
};

} // namespace

/// Modes of the layers that round; a table or an accumulator is the same in all.
static void addMode(llvm::SmallSetVector<StringRef, 2> &modes, RequantAttr requant) {
  if (requant.getForm() != RequantForm::Accumulator &&
      requant.getForm() != RequantForm::Table)
    modes.insert(stringifyRequantMode(requant.getMode()));
}

/// Bytes of a constant in the program: weights of four bits go two to a byte.
static int64_t countBytes(arith::ConstantOp constant, ElementsAttr value) {
  constexpr int64_t kByteBits = 8;
  bool isWeight = llvm::any_of(constant->getUses(), [](OpOperand &use) {
    Operation *user = use.getOwner();
    auto conv = dyn_cast<IntConv2DOp>(user);
    auto matmul = dyn_cast<IntMatmulOp>(user);
    return (conv && &use == &conv.getWeightMutable()) ||
           (matmul && &use == &matmul.getRhsMutable());
  });
  SmallVector<int64_t> weights;
  if (isWeight && readIntegers(value, weights) && getNibbleOffset(weights))
    return llvm::divideCeil(value.getNumElements(), 2);
  return value.getNumElements() * value.getElementType().getIntOrFloatBitWidth() /
         kByteBits;
}

static bool isFloatOp(Operation *op) {
  auto segment = dyn_cast<IntegerSegmentOpInterface>(op);
  if (segment && segment.getRequantAttr().getMode() == RequantMode::Float)
    return true;
  auto isFloat = [](Type type) { return isa<FloatType>(getElementTypeOrSelf(type)); };
  return llvm::any_of(op->getOperandTypes(), isFloat) ||
         llvm::any_of(op->getResultTypes(), isFloat);
}

json::Object qbias::makeReport(ModuleOp module, StringRef model,
                               ArrayRef<TensorEntry> tensors, const Lowered &lowered) {
  json::Array tensorArray, layers;
  for (const TensorEntry &tensor : tensors)
    tensorArray.push_back(describeTensor(tensor));
  Totals totals;
  llvm::SmallSetVector<StringRef, 2> modes;
  module.walk([&](Operation *op) {
    totals.floatOps += isFloatOp(op);
    if (auto constant = dyn_cast<arith::ConstantOp>(op))
      if (auto value = dyn_cast<ElementsAttr>(constant.getValue());
          value && value.getElementType().isIntOrFloat())
        totals.weightBytes += countBytes(constant, value);
    if (auto pool = dyn_cast<IntMaxPoolOp>(op)) {
      layers.push_back(describeOther(pool, "MaxPool", /*isApproximate=*/false, lowered));
      ++totals.layers;
      ++totals.channels;
      ++totals.certified;
    }
    if (auto argMax = dyn_cast<ArgMaxOp>(op)) {
      auto source = argMax->getAttrOfType<StringAttr>(QBiasDialect::kSourceAttr);
      layers.push_back(describeOther(argMax, source ? source.getValue() : "ArgMax",
                                     /*isApproximate=*/false, lowered));
      ++totals.layers;
      ++totals.channels;
      ++totals.certified;
    }
    if (auto softmax = dyn_cast<IntSoftmaxOp>(op)) {
      layers.push_back(describeSoftmax(softmax, lowered));
      ++totals.layers;
      ++totals.approximate;
    }
    auto segment = dyn_cast<IntegerSegmentOpInterface>(op);
    if (!segment)
      return;
    ++totals.layers;
    totals.macs += countLayerMacs(op);
    if (CertificateAttr certificate = segment.getCertificateAttr()) {
      totals.channels += certificate.getChannels();
      totals.certified += certificate.getCertified();
    }
    addMode(modes, segment.getRequantAttr());
    layers.push_back(describeLayer(segment, lowered));
  });
  json::Object summary{
      {"layers", totals.layers},
      {"macs", totals.macs},
      {"channels", totals.channels},
      {"certified_channels", totals.certified},
      {"approximate_layers", totals.approximate},
      {"float_ops", totals.floatOps},
      {"weight_bytes", totals.weightBytes},
      {"workspace_bytes", lowered.memory.getInteger("workspace_bytes").value_or(0)}};
  return json::Object{{"model", toJsonString(model)},
                      {"mode", modes.empty()       ? StringRef("exact")
                               : modes.size() == 1 ? modes.front()
                                                   : StringRef("mixed")},
                      {"tensors", std::move(tensorArray)},
                      {"layers", std::move(layers)},
                      {"memory", json::Object(lowered.memory)},
                      {"totals", std::move(summary)}};
}
