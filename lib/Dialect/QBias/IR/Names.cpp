//===- Names.cpp - names of layers and tensors, read off locations ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "qbias/Dialect/QBias/IR/Names.h"
#include "qbias/Dialect/QBias/IR/QBias.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;
using namespace qbias;

std::string qbias::getTensorName(Location loc) {
  if (auto name = dyn_cast<NameLoc>(loc))
    return name.getName().str();
  if (auto call = dyn_cast<CallSiteLoc>(loc))
    return getTensorName(call.getCallee());
  if (auto fused = dyn_cast<FusedLoc>(loc))
    for (Location part : fused.getLocations())
      if (std::string name = getTensorName(part); !name.empty())
        return name;
  return {};
}

std::string qbias::getLayerName(Operation *op) {
  if (auto segment = dyn_cast<IntegerSegmentOpInterface>(op))
    if (LayerAttr layer = segment.getLayerAttr())
      return layer.getName().str();
  std::string name = getTensorName(op->getLoc());
  return name.empty() ? op->getName().getStringRef().str() : name;
}

std::string qbias::getValueName(Value value) {
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    auto func = dyn_cast<func::FuncOp>(argument.getOwner()->getParentOp());
    auto name = func ? func.getArgAttrOfType<StringAttr>(argument.getArgNumber(),
                                                         QBiasDialect::kNameAttr)
                     : StringAttr();
    return name ? name.str() : ("argument " + Twine(argument.getArgNumber())).str();
  }
  Operation *op = value.getDefiningOp();
  if (auto segment = dyn_cast<IntegerSegmentOpInterface>(op))
    if (LayerAttr layer = segment.getLayerAttr(); layer && layer.getTensor())
      return layer.getTensor().str();
  return getLayerName(op);
}
