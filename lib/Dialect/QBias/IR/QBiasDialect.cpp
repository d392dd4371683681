//===- QBiasDialect.cpp - registration, aliases, constants ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "qbias/Dialect/QBias/IR/QBias.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Quant/IR/Quant.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace qbias;

#include "qbias/Dialect/QBias/IR/QBiasDialect.cpp.inc"
#include "qbias/Dialect/QBias/IR/QBiasEnums.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "qbias/Dialect/QBias/IR/QBiasAttributes.cpp.inc"
#include "qbias/Dialect/QBias/IR/QBiasInterfaces.cpp.inc"

namespace {

/// Names long attributes and types at the top of the file: a per-channel type
/// of 512 channels, or a requantization, is one word where it is used.
struct QBiasAsmInterface : public OpAsmDialectInterface {
  using OpAsmDialectInterface::OpAsmDialectInterface;

  AliasResult getAlias(Type type, raw_ostream &os) const final {
    if (isa<quant::UniformQuantizedPerAxisType>(type)) {
      os << "per_axis";
      return AliasResult::OverridableAlias;
    }
    if (isa<quant::UniformQuantizedType>(type)) {
      os << "quant";
      return AliasResult::OverridableAlias;
    }
    return AliasResult::NoAlias;
  }

  AliasResult getAlias(Attribute attribute, raw_ostream &os) const final {
    StringRef name =
        TypeSwitch<Attribute, StringRef>(attribute)
            .Case<ReferenceAttr>([](auto) { return "reference"; })
            .Case<RequantAttr>([](auto) { return "requant"; })
            .Case<BoundsAttr>([](auto) { return "bounds"; })
            .Case<CertificateAttr>([](auto) { return "certificate"; })
            .Case<LayerAttr>([](auto) { return "layer"; })
            .Default([](Attribute) { return StringRef(); });
    if (name.empty())
      return AliasResult::NoAlias;
    os << name;
    return AliasResult::FinalAlias;
  }
};

} // namespace

void QBiasDialect::registerAttributes() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "qbias/Dialect/QBias/IR/QBiasAttributes.cpp.inc"
      >();
}

void QBiasDialect::initialize() {
  registerAttributes();
  addOperations<
#define GET_OP_LIST
#include "qbias/Dialect/QBias/IR/QBiasOps.cpp.inc"
      >();
  addInterfaces<QBiasAsmInterface>();
}

Operation *QBiasDialect::materializeConstant(OpBuilder &builder,
                                             Attribute value, Type type,
                                             Location loc) {
  auto typed = dyn_cast<TypedAttr>(value);
  if (!typed || !arith::ConstantOp::isBuildableWith(value, type))
    return nullptr;
  return arith::ConstantOp::create(builder, loc, typed);
}
