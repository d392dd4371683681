//===- Program.cpp - a compiled program in this process ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "qbias/Driver/Program.h"

#include "LargePages.h"

#include "qbias/Codegen/Passes.h"
#include "qbias/Dialect/QBias/IR/QuantTypes.h"
#include "qbias/Driver/Json.h"
#include "qbias/Target/Optimize.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "llvm/ExecutionEngine/Orc/JITTargetMachineBuilder.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"

#include <chrono>

using namespace mlir;
using namespace qbias;

//===----------------------------------------------------------------------===//
// Interface
//===----------------------------------------------------------------------===//

static std::optional<runtime::DType> getDType(Type element) {
  using runtime::DType;
  auto integer = dyn_cast<IntegerType>(element);
  if (!integer)
    return std::nullopt;
  switch (integer.getWidth()) {
  case 8:
    return integer.isUnsigned() ? DType::UInt8 : DType::Int8;
  case 16:
    return integer.isUnsigned() ? DType::UInt16 : DType::Int16;
  case 32:
    return DType::Int32;
  case 64:
    return DType::Int64;
  default:
    return std::nullopt;
  }
}

static std::optional<double> getNumber(FloatAttr attr) {
  return attr ? std::optional(attr.getValueAsDouble()) : std::nullopt;
}

/// The steps that follow an accumulator outside the program.
static std::vector<runtime::Step> getTail(ArrayAttr attrs) {
  std::vector<runtime::Step> tail;
  for (Attribute attr : attrs ? attrs.getValue() : ArrayRef<Attribute>()) {
    if (auto clamp = dyn_cast<ClampStepAttr>(attr))
      tail.push_back({"clamp", getNumber(clamp.getLo()), getNumber(clamp.getHi()), {}});
    else if (auto linear = dyn_cast<LinearStepAttr>(attr))
      tail.push_back({"linear", getNumber(linear.getFactor()),
                      getNumber(linear.getOffset()), getNumber(linear.getDivisor())});
    else if (auto unary = dyn_cast<UnaryStepAttr>(attr))
      tail.push_back({stringifyUnaryKind(unary.getFunction()).str(),
                      getNumber(unary.getAlpha()),
                      getNumber(unary.getBeta()),
                      {}});
  }
  return tail;
}

/// Scale and zero point; with several, those of the first channel here, and all of them
/// in `info`.
static runtime::Quantization getQuantization(quant::QuantizedType type,
                                             TensorInfo &info) {
  SmallVector<double> scales = getScales(type);
  SmallVector<int64_t> zeroPoints = getZeroPoints(type);
  if (std::optional<int32_t> axis = getAxis(type)) {
    info.axis = *axis;
    info.scales.assign(scales.begin(), scales.end());
    info.offsets.assign(zeroPoints.begin(), zeroPoints.end());
  }
  numerics::Range range = getStorageRange(type);
  return {scales.front(), zeroPoints.front(), range.min, range.max,
          getDTypeName(type, info.producer)};
}

/// Everything an argument's or result's attributes say.
static std::optional<TensorInfo> getTensorInfo(Type type, DictionaryAttr attrs,
                                               const Twine &fallbackName) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  std::optional<runtime::DType> dtype =
      tensor ? getDType(tensor.getElementType()) : std::nullopt;
  if (!dtype)
    return std::nullopt;
  TensorInfo info;
  info.dtype = *dtype;
  info.shape.assign(tensor.getShape().begin(), tensor.getShape().end());
  info.name = fallbackName.str();
  if (!attrs)
    return info;
  if (auto name = attrs.getAs<StringAttr>(QBiasDialect::kNameAttr))
    info.name = name.str();
  if (auto producer = attrs.getAs<StringAttr>(QBiasDialect::kProducerAttr))
    info.producer = producer.str();
  if (auto quantized = attrs.getAs<TypeAttr>(QBiasDialect::kTypeAttr))
    if (auto type = dyn_cast<quant::QuantizedType>(quantized.getValue())) {
      info.quantization = getQuantization(type, info);
      // Below the integer stage the tensor is signless; the file's type is not.
      info.dtype = *getDType(getIntegerType(type));
    }
  info.isReal = attrs.contains(QBiasDialect::kRealAttr);
  info.isUnused = attrs.contains(QBiasDialect::kUnusedAttr);
  info.isObserved = attrs.contains(QBiasDialect::kObservedAttr);
  if (auto scales = attrs.getAs<DenseF64ArrayAttr>(QBiasDialect::kScalesAttr))
    info.scales = scales.asArrayRef().vec();
  if (auto offsets = attrs.getAs<DenseF64ArrayAttr>(QBiasDialect::kOffsetsAttr))
    info.offsets = offsets.asArrayRef().vec();
  if (auto axis = attrs.getAs<IntegerAttr>(QBiasDialect::kAxisAttr))
    info.axis = axis.getInt();
  info.tail = getTail(attrs.getAs<ArrayAttr>(QBiasDialect::kTailAttr));
  return info;
}

FailureOr<Interface> qbias::getInterface(ModuleOp module) {
  auto func = module.lookupSymbol<func::FuncOp>("main");
  if (!func && module.lookupSymbol<LLVM::LLVMFuncOp>("main"))
    return module.emitError(
        "is in the LLVM dialect, which does not say how arrays become "
        "its inputs; expected a source model, or a module of the stage "
        "import, integer or linalg");
  if (!func)
    return module.emitError("expects a function 'main', found none");
  Interface result;
  for (unsigned i = 0; i < func.getNumArguments(); ++i) {
    auto info = getTensorInfo(func.getArgumentTypes()[i], func.getArgAttrDict(i),
                              "input" + Twine(i));
    if (!info)
      return func.emitError("input ")
             << i << " is " << func.getArgumentTypes()[i]
             << ", expected a quantized tensor; every float input has to be quantized "
                "once";
    result.inputs.push_back(std::move(*info));
  }
  for (unsigned i = 0; i < func.getNumResults(); ++i) {
    auto info = getTensorInfo(func.getResultTypes()[i], func.getResultAttrDict(i),
                              "output" + Twine(i));
    if (!info)
      return func.emitError("output ")
             << i << " is " << func.getResultTypes()[i] << ", expected an integer tensor";
    result.outputs.push_back(std::move(*info));
  }
  return result;
}

//===----------------------------------------------------------------------===//
// Compiling and running
//===----------------------------------------------------------------------===//

static llvm::CodeGenOptLevel codeLevel(const CompileOptions &options) {
  return options.machine.optimize ? llvm::CodeGenOptLevel::Aggressive
                                  : llvm::CodeGenOptLevel::None;
}

/// A target machine for this host: all its features, or those of the cpu that
/// `options` name.
static std::unique_ptr<llvm::TargetMachine>
makeHostMachine(ModuleOp module, const CompileOptions &options) {
  llvm::InitializeNativeTarget();
  llvm::InitializeNativeTargetAsmPrinter();
  llvm::InitializeNativeTargetAsmParser(); // of inline assembly
  auto builder = llvm::orc::JITTargetMachineBuilder::detectHost();
  if (!builder) {
    module.emitError("cannot describe this machine: ")
        << llvm::toString(builder.takeError());
    return nullptr;
  }
  if (options.machine.cpu != "native" && !options.machine.cpu.empty()) {
    builder->setCPU(options.machine.cpu);
    builder->getFeatures() = llvm::SubtargetFeatures();
  }
  llvm::SmallVector<llvm::StringRef> features;
  llvm::StringRef(options.machine.features).split(features, ',', -1, /*KeepEmpty=*/false);
  for (llvm::StringRef feature : features)
    builder->getFeatures().AddFeature(feature);
  builder->setCodeGenOptLevel(codeLevel(options));
  auto machine = builder->createTargetMachine();
  if (!machine) {
    module.emitError("cannot generate code for this machine: ")
        << llvm::toString(machine.takeError());
    return nullptr;
  }
  return std::move(*machine);
}

using runtime::kWorkspaceAlignment;

std::unique_ptr<Program> Program::compile(ModuleOp module,
                                          const CompileOptions &options) {
  if (failed(lowerTo(module, Stage::Integer, options)))
    return nullptr;
  auto program = std::make_unique<Program>();
  FailureOr<Interface> interface = getInterface(module);
  CompileOptions certified = options;
  certified.certified = true;
  if (failed(interface) || failed(lowerTo(module, Stage::LLVM, certified)))
    return nullptr;
  program->tensors = std::move(*interface);
  auto main = module.lookupSymbol<LLVM::LLVMFuncOp>("main");
  auto bytes = main ? main->getAttrOfType<IntegerAttr>(kWorkspaceAttr) : IntegerAttr();
  if (!bytes) {
    module.emitError("lowered module has no planned function 'main'");
    return nullptr;
  }
  program->workspace.resize(bytes.getInt() + kWorkspaceAlignment);
  std::unique_ptr<llvm::TargetMachine> machine = makeHostMachine(module, options);
  if (!machine)
    return nullptr;
  ExecutionEngineOptions engineOptions;
  auto optimize = [&](llvm::Module *program) {
    return optimizeModule(*program, *machine);
  };
  engineOptions.transformer = optimize;
  engineOptions.jitCodeGenOptLevel = codeLevel(options);
  program->memory = std::make_unique<LargePages>();
  engineOptions.sectionMemoryMapper = program->memory.get();
  auto engine =
      ExecutionEngine::create(module, engineOptions, makeHostMachine(module, options));
  if (!engine) {
    module.emitError("cannot compile: ") << llvm::toString(engine.takeError());
    return nullptr;
  }
  program->engine = std::move(*engine);
  auto entry = program->engine->lookupPacked(options.name + "_run");
  if (!entry) {
    module.emitError("cannot find the entry point: ")
        << llvm::toString(entry.takeError());
    return nullptr;
  }
  program->entry = *entry;
  auto names = main->getAttrOfType<ArrayAttr>(kPhaseNamesAttr);
  if (!names)
    return program;
  auto phaseEntry = program->engine->lookupPacked(options.name + "_run_phase");
  if (!phaseEntry) {
    module.emitError("cannot find the entry point of phases: ")
        << llvm::toString(phaseEntry.takeError());
    return nullptr;
  }
  program->phaseEntry = *phaseEntry;
  for (Attribute name : names)
    program->phaseNames.push_back(cast<StringAttr>(name).str());
  program->pool = std::make_unique<runtime::Pool>(options.threads);
  return program;
}

namespace {

/// The arguments of an entry point in packed form: the address of each, then of
/// the result.
class PackedArguments {
public:
  PackedArguments(const std::vector<const void *> &inputs,
                  const std::vector<void *> &outputs, std::vector<char> &workspace)
      : aligned(reinterpret_cast<void *>(llvm::alignTo(
            reinterpret_cast<uintptr_t>(workspace.data()), kWorkspaceAlignment))),
        bytes(workspace.size() - kWorkspaceAlignment) {
    for (const void *input : inputs)
      pointers.push_back(const_cast<void *>(input));
    llvm::append_range(pointers, outputs);
  }

  SmallVector<void *> with(ArrayRef<void *> others) {
    SmallVector<void *> packed;
    for (void *&pointer : pointers)
      packed.push_back(&pointer);
    packed.append({&aligned, &bytes});
    llvm::append_range(packed, others);
    return packed;
  }

private:
  SmallVector<void *> pointers;
  void *aligned;
  int64_t bytes;
};

} // namespace

/// `onPhase` is called as the caller's thread begins each phase.
int Program::runPhases(const std::vector<const void *> &inputs,
                       const std::vector<void *> &outputs,
                       llvm::function_ref<void(int64_t)> onPhase) {
  PackedArguments packed(inputs, outputs, workspace);
  std::atomic<int32_t> failure{0};
  pool->run(phaseNames.size(), [&](int64_t phase, int64_t slice) {
    if (slice == 0)
      onPhase(phase);
    int32_t own = 0;
    phaseEntry(packed.with({&phase, &slice, &own}).data());
    if (own)
      failure = own;
  });
  return failure;
}

int Program::run(const std::vector<const void *> &inputs,
                 const std::vector<void *> &outputs) {
  if (pool)
    return runPhases(inputs, outputs, [](int64_t) {});
  int32_t status = 0;
  entry(PackedArguments(inputs, outputs, workspace).with({&status}).data());
  return status;
}

int Program::runTimed(const std::vector<const void *> &inputs,
                      const std::vector<void *> &outputs, std::vector<double> &ms) {
  if (!pool)
    return run(inputs, outputs);
  using Clock = std::chrono::steady_clock;
  std::vector<Clock::time_point> begins(phaseNames.size() + 1);
  int status =
      runPhases(inputs, outputs, [&](int64_t phase) { begins[phase] = Clock::now(); });
  begins.back() = Clock::now();
  for (size_t phase = 0; phase < phaseNames.size(); ++phase)
    ms[phase] =
        std::chrono::duration<double, std::milli>(begins[phase + 1] - begins[phase])
            .count();
  return status;
}
