//===- AssignModes.cpp - the mode of every integer operation ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "AssignModes.h"

#include "qbias/Analysis/Softmax.h"
#include "qbias/Dialect/QBias/IR/Constants.h"
#include "qbias/Dialect/QBias/IR/Names.h"

#include "mlir/IR/Remarks.h"
#include "llvm/ADT/StringMap.h"

using namespace mlir;
using namespace qbias;

static FailureOr<RequantMode> parseMode(Operation *op, StringRef text) {
  if (std::optional<RequantMode> mode = symbolizeRequantMode(text))
    return *mode;
  return op->emitError("requantization mode is '")
         << text << "', expected exact, single, tflite, float or shift";
}

/// Modes of single layers by name.
static FailureOr<llvm::StringMap<RequantMode>> parseLayers(Operation *op,
                                                           ArrayRef<std::string> layers) {
  llvm::StringMap<RequantMode> modes;
  for (StringRef layer : layers) {
    auto [name, text] = layer.rsplit('=');
    FailureOr<RequantMode> mode = parseMode(op, text);
    if (failed(mode))
      return failure();
    modes[name] = *mode;
  }
  return modes;
}

/// `requant` of another mode; `isFloatBias` starts with arrays of that form.
static void setMode(IntegerSegmentOpInterface op, RequantMode mode, bool isFloatBias) {
  RequantAttr requant = op.getRequantAttr();
  MLIRContext *context = op->getContext();
  if (!isFloatBias) {
    op.setRequantAttr(
        RequantAttr::get(context, mode, requant.getForm(), requant.getMultiplier(),
                         requant.getAddendMultiplier(), requant.getShift(),
                         requant.getRounding(), requant.getThresholds(),
                         requant.getZeroPoint(), requant.getLo(), requant.getHi()));
    return;
  }
  int64_t channels = op.getRequantChannels();
  std::string name = getLayerName(op);
  op.setRequantAttr(RequantAttr::get(
      context, mode, RequantForm::FloatBias,
      makeFloats(context, SmallVector<double>(channels, 1), name + ".multiplier"), {}, {},
      makeFloats(context, SmallVector<double>(channels, 0), name + ".rounding"), {}, 0,
      requant.getLo(), requant.getHi()));
}

StringRef qbias::getModeName(Operation *op, StringRef mode,
                             ArrayRef<std::string> layers) {
  std::string name = getLayerName(op);
  for (StringRef layer : llvm::reverse(layers))
    if (layer.rsplit('=').first == name)
      return layer.rsplit('=').second;
  return mode;
}

/// A layer that keeps mode exact while another one was asked for.
static void remarkKept(Operation *op, StringRef asked, const Twine &why) {
  remark::analysis(op->getLoc(),
                   remark::RemarkOpts::name("kept-exact").category("qbias-fuse-requant"))
      << remark::reason("{0}", why.str()) << remark::metric("asked", asked);
}

/// Whether the reference kernel of mode tflite has such rows and such an output scale.
static bool hasKernel(IntSoftmaxOp op) {
  if (numerics::buildKernelSoftmax(getSoftmax(op)))
    return true;
  std::string type;
  llvm::raw_string_ostream(type) << op.getResultType();
  remarkKept(op, "tflite",
             "mode tflite has no softmax of rows of " +
                 Twine(op.getType().getShape().back()) +
                 " elements with a result of type " + type);
  return false;
}

/// A softmax with the program of mode tflite; other modes share one.
static LogicalResult setKernel(IntSoftmaxOp op) {
  OpBuilder builder(op);
  FailureOr<Value> kernel = buildIntSoftmax(
      builder, op.getLoc(), op.getInput(), op.getInputScale().convertToDouble(),
      op.getBeta().convertToDouble(), cast<quant::QuantizedType>(op.getResultType()),
      /*tflite=*/true, op.getLayerAttr());
  if (failed(kernel))
    return failure();
  op.getResult().replaceAllUsesWith(*kernel);
  op.erase();
  return success();
}

LogicalResult qbias::assignModes(ModuleOp module, StringRef text,
                                 ArrayRef<std::string> layers, StringRef bias) {
  FailureOr<RequantMode> common = parseMode(module, text);
  FailureOr<llvm::StringMap<RequantMode>> own = parseLayers(module, layers);
  if (failed(common) || failed(own))
    return failure();
  llvm::StringMap<bool> found;
  int64_t floats = 0, kept = 0;
  module.walk([&](IntegerSegmentOpInterface op) {
    auto chosen = own->find(getLayerName(op));
    if (chosen != own->end())
      found[getLayerName(op)] = true;
    RequantAttr requant = op.getRequantAttr();
    RequantMode mode = chosen == own->end() ? *common : chosen->second;
    // Tables are the same in every mode but for one kernel of tflite.
    bool isTable = isa<IntLookupOp>(op.getOperation());
    if (requant.getForm() == RequantForm::Accumulator ||
        (isTable && mode != RequantMode::TFLite))
      return;
    bool compares = bias != "residue" && op.getReferenceAttr().getBias();
    bool isFloatBias = compares && bias == "float" && !requant.getAddendMultiplier();
    // A sum with an addend has no float form. Its integer bias is 0, and mode exact
    // alone has the rest of a bias in the rounding constant.
    if (isFloatBias) {
      mode = RequantMode::Float;
    } else if (compares && bias == "float") {
      mode = RequantMode::Exact;
      remarkKept(op, "float", "a float bias has no formula for a sum with an addend");
      ++kept;
    } else if (compares && mode == RequantMode::Exact) {
      mode = RequantMode::Single;
    }
    floats += mode == RequantMode::Float;
    if (mode != requant.getMode())
      setMode(op, mode, isFloatBias);
  });
  SmallVector<IntSoftmaxOp> softmaxes;
  module.walk([&](IntSoftmaxOp op) { softmaxes.push_back(op); });
  for (IntSoftmaxOp op : softmaxes) {
    auto chosen = own->find(getLayerName(op));
    if (chosen != own->end())
      found[getLayerName(op)] = true;
    RequantMode mode = chosen == own->end() ? *common : chosen->second;
    if (mode != RequantMode::TFLite || op.getTflite())
      continue;
    if (!hasKernel(op))
      ++kept;
    else if (failed(setKernel(op)))
      return failure();
  }
  for (const auto &entry : *own)
    if (!found.contains(entry.first()))
      return module.emitError("has no layer '")
             << entry.first() << "' to give mode " << stringifyRequantMode(entry.second)
             << "; `qbias report` lists the layers";
  if (kept)
    emitWarning(module.getLoc())
        << "layers that keep mode exact, because what was asked for has no formula for "
           "them: "
        << kept << "; --remarks-filter=qbias-fuse-requant names them";
  if (floats)
    emitWarning(module.getLoc()) << floats << " layers requantize in float32; the "
                                 << "program is not integer-only";
  return success();
}
