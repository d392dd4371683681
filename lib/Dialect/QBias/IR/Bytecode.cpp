//===- Bytecode.cpp - binary form of the dialect's attributes ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// An attribute without binary form is written as text, and text inside bytecode
// loses the arrays it refers to as dense_resource. Every attribute that holds
// arrays therefore has a code here: its number, then its parameters in the
// order of QBiasAttributes.td.
//
//===----------------------------------------------------------------------===//

#include "qbias/Dialect/QBias/IR/QBias.h"

#include "mlir/Bytecode/BytecodeImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace qbias;

namespace {

/// First number of an attribute's code. Numbers never change their meaning.
enum class Code : uint64_t {
  Clamp,
  Unary,
  Linear,
  Reference,
  Requant,
  Bounds,
  Certificate,
  Layer,
  Combine,
};

/// Reads parameters one after another; after a failure it reads no more.
class Parameters {
public:
  explicit Parameters(DialectBytecodeReader &reader) : reader(reader) {}

  template <typename T>
  T required() {
    T value;
    isValid = isValid && succeeded(reader.readAttribute(value));
    return value;
  }
  template <typename T>
  T optional() {
    T value;
    isValid = isValid && succeeded(reader.readOptionalAttribute(value));
    return value;
  }
  int64_t integer() {
    int64_t value = 0;
    isValid = isValid && succeeded(reader.readSignedVarInt(value));
    return value;
  }
  template <typename T>
  T enumeration(std::optional<T> (*symbolize)(uint32_t)) {
    uint64_t value = 0;
    isValid = isValid && succeeded(reader.readVarInt(value));
    std::optional<T> result;
    if (isValid && value <= UINT32_MAX)
      result = symbolize(static_cast<uint32_t>(value));
    if (isValid && !result) {
      reader.emitError() << "expects an enumeration value, got " << value;
      isValid = false;
    }
    return result.value_or(T());
  }
  bool valid() const { return isValid; }

private:
  DialectBytecodeReader &reader;
  bool isValid = true;
};

} // namespace

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

static Attribute readReference(MLIRContext *context, Parameters &in) {
  auto operands = in.required<DenseF64ArrayAttr>();
  auto weights = in.optional<ElementsAttr>();
  auto bias = in.optional<ElementsAttr>();
  auto biasUnit = in.optional<ElementsAttr>();
  auto steps = in.optional<ArrayAttr>();
  auto result = in.optional<TypeAttr>();
  if (!in.valid())
    return {};
  return ReferenceAttr::get(context, operands, weights, bias, biasUnit, steps, result);
}

static Attribute readRequant(MLIRContext *context, Parameters &in) {
  auto mode = in.enumeration<RequantMode>(symbolizeRequantMode);
  auto form = in.enumeration<RequantForm>(symbolizeRequantForm);
  auto multiplier = in.optional<ElementsAttr>();
  auto addendMultiplier = in.optional<ElementsAttr>();
  auto shift = in.optional<ElementsAttr>();
  auto rounding = in.optional<ElementsAttr>();
  auto thresholds = in.optional<ElementsAttr>();
  auto low = in.optional<ElementsAttr>();
  int64_t zeroPoint = in.integer(), lo = in.integer(), hi = in.integer();
  if (!in.valid())
    return {};
  return RequantAttr::get(context, mode, form, multiplier, addendMultiplier, shift,
                          rounding, thresholds, low, zeroPoint, lo, hi);
}

static Attribute readStep(MLIRContext *context, Code code, Parameters &in) {
  if (code == Code::Linear) {
    auto factor = in.required<FloatAttr>();
    auto offset = in.required<FloatAttr>();
    auto divisor = in.optional<FloatAttr>();
    return in.valid() ? LinearStepAttr::get(context, factor, offset, divisor)
                      : LinearStepAttr();
  }
  if (code == Code::Clamp) {
    auto lo = in.optional<FloatAttr>();
    auto hi = in.optional<FloatAttr>();
    return in.valid() ? ClampStepAttr::get(context, lo, hi) : ClampStepAttr();
  }
  if (code == Code::Combine) {
    auto kind = in.enumeration<CombineKind>(symbolizeCombineKind);
    auto lhs = in.required<ArrayAttr>();
    auto rhs = in.required<ArrayAttr>();
    return in.valid() ? CombineStepAttr::get(context, kind, lhs, rhs) : CombineStepAttr();
  }
  auto function = in.enumeration<UnaryKind>(symbolizeUnaryKind);
  auto alpha = in.optional<FloatAttr>();
  auto beta = in.optional<FloatAttr>();
  return in.valid() ? UnaryStepAttr::get(context, function, alpha, beta)
                    : UnaryStepAttr();
}

static Attribute readFacts(MLIRContext *context, Code code, Parameters &in) {
  if (code == Code::Bounds) {
    auto min = in.required<ElementsAttr>();
    auto max = in.required<ElementsAttr>();
    return in.valid() ? BoundsAttr::get(context, min, max) : BoundsAttr();
  }
  if (code == Code::Certificate) {
    int64_t channels = in.integer(), certified = in.integer();
    auto min = in.optional<ElementsAttr>();
    auto max = in.optional<ElementsAttr>();
    auto wrong = in.optional<ElementsAttr>();
    auto largest = in.optional<ElementsAttr>();
    return in.valid() ? CertificateAttr::get(context, channels, certified, min, max,
                                             wrong, largest)
                      : CertificateAttr();
  }
  auto name = in.required<StringAttr>();
  auto op = in.required<StringAttr>();
  auto tensor = in.optional<StringAttr>();
  return in.valid() ? LayerAttr::get(context, name, op, tensor) : LayerAttr();
}

//===----------------------------------------------------------------------===//
// Writing
//===----------------------------------------------------------------------===//

static void writeCode(DialectBytecodeWriter &out, Code code) {
  out.writeVarInt(static_cast<uint64_t>(code));
}

static void writeOptional(DialectBytecodeWriter &out, ArrayRef<Attribute> attributes) {
  for (Attribute attribute : attributes)
    out.writeOptionalAttribute(attribute);
}

static void write(DialectBytecodeWriter &out, ReferenceAttr attr) {
  writeCode(out, Code::Reference);
  out.writeAttribute(attr.getOperands());
  writeOptional(out, {attr.getWeights(), attr.getBias(), attr.getBiasUnit(),
                      attr.getSteps(), attr.getResult()});
}

static void write(DialectBytecodeWriter &out, RequantAttr attr) {
  writeCode(out, Code::Requant);
  out.writeVarInt(static_cast<uint32_t>(attr.getMode()));
  out.writeVarInt(static_cast<uint32_t>(attr.getForm()));
  writeOptional(out, {attr.getMultiplier(), attr.getAddendMultiplier(), attr.getShift(),
                      attr.getRounding(), attr.getThresholds(), attr.getLow()});
  out.writeSignedVarInt(attr.getZeroPoint());
  out.writeSignedVarInt(attr.getLo());
  out.writeSignedVarInt(attr.getHi());
}

static void write(DialectBytecodeWriter &out, ClampStepAttr attr) {
  writeCode(out, Code::Clamp);
  writeOptional(out, {attr.getLo(), attr.getHi()});
}

static void write(DialectBytecodeWriter &out, UnaryStepAttr attr) {
  writeCode(out, Code::Unary);
  out.writeVarInt(static_cast<uint32_t>(attr.getFunction()));
  writeOptional(out, {attr.getAlpha(), attr.getBeta()});
}

static void write(DialectBytecodeWriter &out, CombineStepAttr attr) {
  writeCode(out, Code::Combine);
  out.writeVarInt(static_cast<uint32_t>(attr.getKind()));
  out.writeAttribute(attr.getLhs());
  out.writeAttribute(attr.getRhs());
}

static void write(DialectBytecodeWriter &out, LinearStepAttr attr) {
  writeCode(out, Code::Linear);
  out.writeAttribute(attr.getFactor());
  out.writeAttribute(attr.getOffset());
  out.writeOptionalAttribute(attr.getDivisor());
}

static void write(DialectBytecodeWriter &out, BoundsAttr attr) {
  writeCode(out, Code::Bounds);
  out.writeAttribute(attr.getMin());
  out.writeAttribute(attr.getMax());
}

static void write(DialectBytecodeWriter &out, CertificateAttr attr) {
  writeCode(out, Code::Certificate);
  out.writeSignedVarInt(attr.getChannels());
  out.writeSignedVarInt(attr.getCertified());
  writeOptional(out, {attr.getRoundingMin(), attr.getRoundingMax(), attr.getWrong(),
                      attr.getLargestError()});
}

static void write(DialectBytecodeWriter &out, LayerAttr attr) {
  writeCode(out, Code::Layer);
  out.writeAttribute(attr.getName());
  out.writeAttribute(attr.getOp());
  out.writeOptionalAttribute(attr.getTensor());
}

//===----------------------------------------------------------------------===//
// Interface
//===----------------------------------------------------------------------===//

namespace {

struct QBiasBytecodeInterface : public BytecodeDialectInterface {
  explicit QBiasBytecodeInterface(Dialect *dialect) : BytecodeDialectInterface(dialect) {}

  Attribute readAttribute(DialectBytecodeReader &reader) const override {
    uint64_t number = 0;
    if (failed(reader.readVarInt(number)))
      return {};
    Parameters in(reader);
    Code code = static_cast<Code>(number);
    switch (code) {
    case Code::Clamp:
    case Code::Unary:
    case Code::Linear:
      return readStep(getContext(), code, in);
    case Code::Reference:
      return readReference(getContext(), in);
    case Code::Requant:
      return readRequant(getContext(), in);
    case Code::Bounds:
    case Code::Certificate:
    case Code::Layer:
      return readFacts(getContext(), code, in);
    }
    reader.emitError() << "expects the code of a qbias attribute, got " << number;
    return {};
  }

  /// Enumerations have no arrays: they stay text.
  LogicalResult writeAttribute(Attribute attr,
                               DialectBytecodeWriter &writer) const override {
    return TypeSwitch<Attribute, LogicalResult>(attr)
        .Case<ReferenceAttr, RequantAttr, ClampStepAttr, UnaryStepAttr, LinearStepAttr,
              CombineStepAttr, BoundsAttr, CertificateAttr, LayerAttr>([&](auto known) {
          write(writer, known);
          return success();
        })
        .Default([](Attribute) { return failure(); });
  }
};

} // namespace

void QBiasDialect::registerBytecode() { addInterfaces<QBiasBytecodeInterface>(); }
