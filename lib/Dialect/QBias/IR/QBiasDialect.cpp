//===- QBiasDialect.cpp - registration, aliases, attributes ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "qbias/Dialect/QBias/IR/QBias.h"
#include "qbias/Dialect/QBias/IR/QuantTypes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Quant/IR/Quant.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/ADT/TypeSwitch.h"

#include <cmath>

using namespace mlir;
using namespace qbias;

namespace qbias {

static void printExactFloats(AsmPrinter &printer, DenseF64ArrayAttr values) {
  auto type = Float64Type::get(values.getContext());
  printer << '[';
  llvm::interleaveComma(values.asArrayRef(), printer, [&](double value) {
    printer.printAttributeWithoutType(FloatAttr::get(type, value));
  });
  printer << ']';
}

static FailureOr<DenseF64ArrayAttr> parseExactFloats(AsmParser &parser) {
  auto type = Float64Type::get(parser.getContext());
  SmallVector<double> values;
  auto parseOne = [&]() -> ParseResult {
    FloatAttr value;
    if (parser.parseAttribute(value, type))
      return failure();
    values.push_back(value.getValueAsDouble());
    return success();
  };
  if (parser.parseCommaSeparatedList(AsmParser::Delimiter::Square, parseOne))
    return failure();
  return DenseF64ArrayAttr::get(parser.getContext(), values);
}

} // namespace qbias

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
    StringRef name = TypeSwitch<Attribute, StringRef>(attribute)
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
  registerBytecode();
  addOperations<
#define GET_OP_LIST
#include "qbias/Dialect/QBias/IR/QBiasOps.cpp.inc"
      >();
  addInterfaces<QBiasAsmInterface>();
}

Operation *QBiasDialect::materializeConstant(OpBuilder &builder, Attribute value,
                                             Type type, Location loc) {
  auto typed = dyn_cast<TypedAttr>(value);
  if (!typed || !arith::ConstantOp::isBuildableWith(value, type))
    return nullptr;
  return arith::ConstantOp::create(builder, loc, typed);
}

//===----------------------------------------------------------------------===//
// Steps of a reference
//===----------------------------------------------------------------------===//

/// Absent numbers are fine; present ones are finite doubles.
static bool areFinite(ArrayRef<FloatAttr> numbers) {
  return llvm::all_of(numbers, [](FloatAttr number) {
    return !number || (number.getType().isF64() && number.getValue().isFinite());
  });
}

std::string qbias::getUnaryFault(UnaryKind kind, FloatAttr alpha, FloatAttr beta) {
  bool needsAlpha = kind == UnaryKind::HardSigmoid || kind == UnaryKind::LeakyRelu ||
                    kind == UnaryKind::Elu || kind == UnaryKind::Threshold;
  bool needsBeta = kind == UnaryKind::HardSigmoid;
  if (needsAlpha != bool(alpha) || needsBeta != bool(beta))
    return (stringifyUnaryKind(kind) +
            (needsAlpha ? " expects alpha" : " expects no alpha") +
            (needsBeta ? " and beta" : " and no beta"))
        .str();
  return areFinite({alpha, beta}) ? "" : "expects finite f64 alpha and beta";
}

static std::string getClampFault(ClampStepAttr clamp) {
  FloatAttr lo = clamp.getLo(), hi = clamp.getHi();
  if (!areFinite({lo, hi}))
    return "expects finite f64 bounds of a clamp";
  if (lo && hi && hi.getValue() < lo.getValue())
    return "expects lo of a clamp to be at most hi";
  return "";
}

/// Chains inside chains go no deeper.
static constexpr unsigned kMaxCombineDepth = 16;

/// The first fault of a step inside `combine`, at most `depth` levels down.
static std::string getCombineFault(CombineStepAttr combine, unsigned depth) {
  if (depth == 0)
    return "expects combined chains at most " + std::to_string(kMaxCombineDepth) +
           " levels deep";
  for (ArrayAttr chain : {combine.getLhs(), combine.getRhs()})
    for (Attribute step : chain) {
      auto inner = dyn_cast<CombineStepAttr>(step);
      std::string fault = inner ? getCombineFault(inner, depth - 1) : getStepFault(step);
      if (!fault.empty())
        return fault;
    }
  return "";
}

std::string qbias::getStepFault(Attribute step) {
  return TypeSwitch<Attribute, std::string>(step)
      .Case<ClampStepAttr>(getClampFault)
      .Case<UnaryStepAttr>([](UnaryStepAttr unary) {
        return getUnaryFault(unary.getFunction(), unary.getAlpha(), unary.getBeta());
      })
      .Case<LinearStepAttr>([](LinearStepAttr linear) {
        FloatAttr divisor = linear.getDivisor();
        bool isUsable = areFinite({linear.getFactor(), linear.getOffset(), divisor}) &&
                        (!divisor || !divisor.getValue().isZero());
        return isUsable ? ""
                        : "expects finite f64 factor and offset of a linear step and a "
                          "divisor that is not 0";
      })
      .Case<CombineStepAttr>([](CombineStepAttr combine) {
        return getCombineFault(combine, kMaxCombineDepth);
      })
      .Case<TypeAttr>([](TypeAttr type) -> std::string {
        auto quantized = dyn_cast<quant::UniformQuantizedType>(type.getValue());
        if (!quantized)
          return "expects a per-tensor quantized type as step";
        std::optional<TypeFault> fault = getTypeFault(quantized);
        return fault ? fault->text : "";
      })
      .Default([](Attribute) {
        return "expects clamp, unary, linear, combine and quantized type steps";
      });
}

//===----------------------------------------------------------------------===//
// Attributes of functions
//===----------------------------------------------------------------------===//

namespace {

/// One argument or result of a function.
struct Slot {
  Operation *op;
  Type type;
  DictionaryAttr attrs;
};

} // namespace

static InFlightDiagnostic emitSlotError(const Slot &slot, StringRef label,
                                        StringRef name) {
  return slot.op->emitOpError(label) << ": expects " << name << " to be ";
}

/// F2
static LogicalResult verifySlotType(const Slot &slot, Attribute value) {
  StringRef name = QBiasDialect::kTypeAttr;
  auto attr = dyn_cast<TypeAttr>(value);
  auto type =
      attr ? dyn_cast<quant::QuantizedType>(attr.getValue()) : quant::QuantizedType();
  if (!isa_and_nonnull<quant::UniformQuantizedType, quant::UniformQuantizedPerAxisType>(
          type))
    return emitSlotError(slot, "F2", name)
           << "a quantized type with one scale, or one per channel, got " << value;
  if (std::optional<TypeFault> fault = getTypeFault(type))
    return emitSlotError(slot, "F2", name) << "one that is usable: " << fault->text;
  auto element = dyn_cast<IntegerType>(getElementTypeOrSelf(slot.type));
  if (element && element.getWidth() != getIntegerType(type).getWidth())
    return emitSlotError(slot, "F2", name)
           << "of the tensor's width, got " << type << " for " << slot.type;
  auto tensor = dyn_cast<RankedTensorType>(slot.type); // below linalg a pointer
  std::optional<int32_t> axis = getAxis(type);
  if (tensor && axis &&
      (*axis >= tensor.getRank() ||
       tensor.getDimSize(*axis) != int64_t(getScales(type).size())))
    return emitSlotError(slot, "F2", name)
           << "one with a scale per entry of its axis, got " << type << " for "
           << slot.type;
  return success();
}

/// F4
static LogicalResult verifySlotNumbers(const Slot &slot, StringRef name,
                                       Attribute value) {
  auto numbers = dyn_cast<DenseF64ArrayAttr>(value);
  auto scales = slot.attrs.getAs<DenseF64ArrayAttr>(QBiasDialect::kScalesAttr);
  auto offsets = slot.attrs.getAs<DenseF64ArrayAttr>(QBiasDialect::kOffsetsAttr);
  bool isScale = name == QBiasDialect::kScalesAttr;
  if (!numbers || !scales || !offsets || scales.size() != offsets.size() ||
      numbers.empty() || !llvm::all_of(numbers.asArrayRef(), [&](double x) {
        return std::isfinite(x) && (x > 0 || !isScale);
      }))
    return emitSlotError(slot, "F4", name)
           << "finite f64 numbers, as many scales as offsets, scales positive, got "
           << value;
  return success();
}

/// F5
static LogicalResult verifySlotAxis(const Slot &slot, Attribute value) {
  StringRef name = QBiasDialect::kAxisAttr;
  auto axis = dyn_cast<IntegerAttr>(value);
  if (!axis || !axis.getType().isInteger(64))
    return emitSlotError(slot, "F5", name) << "an i64, got " << value;
  auto tensor = dyn_cast<ShapedType>(slot.type);
  if (!tensor || !tensor.hasRank())
    return success(); // below linalg a pointer
  auto scales = slot.attrs.getAs<DenseF64ArrayAttr>(QBiasDialect::kScalesAttr);
  if (axis.getInt() < 0 || axis.getInt() >= tensor.getRank() ||
      (scales && scales.size() > 1 && tensor.getDimSize(axis.getInt()) != scales.size()))
    return emitSlotError(slot, "F5", name)
           << "a dimension of " << tensor << " with one entry per scale, got "
           << axis.getInt();
  return success();
}

static LogicalResult verifySlot(const Slot &slot, NamedAttribute attribute) {
  StringRef name = attribute.getName();
  Attribute value = attribute.getValue();
  if (name == QBiasDialect::kNameAttr || name == QBiasDialect::kTensorAttr ||
      name == QBiasDialect::kProducerAttr) {
    // F1
    if (!isa<StringAttr>(value))
      return emitSlotError(slot, "F1", name) << "a string, got " << value;
  } else if (name == QBiasDialect::kRealAttr || name == QBiasDialect::kObservedAttr ||
             name == QBiasDialect::kUnusedAttr) {
    // F3
    if (!isa<UnitAttr>(value))
      return emitSlotError(slot, "F3", name) << "a unit attribute, got " << value;
  } else if (name == QBiasDialect::kTypeAttr) {
    return verifySlotType(slot, value);
  } else if (name == QBiasDialect::kScalesAttr || name == QBiasDialect::kOffsetsAttr) {
    return verifySlotNumbers(slot, name, value);
  } else if (name == QBiasDialect::kAxisAttr) {
    return verifySlotAxis(slot, value);
  } else if (name == QBiasDialect::kTailAttr) {
    // F6
    auto steps = dyn_cast<ArrayAttr>(value);
    if (!steps)
      return emitSlotError(slot, "F6", name) << "an array of steps, got " << value;
    for (Attribute step : steps)
      if (std::string fault = getStepFault(step); !fault.empty())
        return emitSlotError(slot, "F6", name) << "steps of a reference: " << fault;
  }
  return success();
}

LogicalResult QBiasDialect::verifyRegionArgAttribute(Operation *op, unsigned,
                                                     unsigned index,
                                                     NamedAttribute attribute) {
  auto func = dyn_cast<FunctionOpInterface>(op);
  if (!func)
    return success();
  Slot slot{op, func.getArgumentTypes()[index], func.getArgAttrDict(index)};
  if (failed(verifySlot(slot, attribute)))
    return failure();
  // F6; below linalg results are arguments, too
  if (attribute.getName() != kTailAttr || !isa<TensorType>(slot.type))
    return success();
  for (Attribute step : cast<ArrayAttr>(attribute.getValue()))
    if (!isa<ClampStepAttr>(step))
      return emitSlotError(slot, "F6", kTailAttr)
             << "an array of clamps on an argument, got " << step;
  return success();
}

LogicalResult QBiasDialect::verifyRegionResultAttribute(Operation *op, unsigned,
                                                        unsigned index,
                                                        NamedAttribute attribute) {
  auto func = dyn_cast<FunctionOpInterface>(op);
  if (!func)
    return success();
  return verifySlot({op, func.getResultTypes()[index], func.getResultAttrDict(index)},
                    attribute);
}

/// F7
LogicalResult QBiasDialect::verifyOperationAttribute(Operation *op,
                                                     NamedAttribute attribute) {
  if (attribute.getName() == kSourceAttr && !isa<StringAttr>(attribute.getValue()))
    return op->emitOpError("F7: expects ")
           << kSourceAttr << " to be a string, got " << attribute.getValue();
  return success();
}
