//===- Header.cpp - the C header of a compiled program ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The helpers round by hand: no library is needed for them, and their result
// does not depend on the rounding mode.
//
//===----------------------------------------------------------------------===//

#include "qbias/Target/Header.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

#include <cmath>

using namespace qbias;
using runtime::DType;
using runtime::Quantization;
using runtime::Tensor;

//===----------------------------------------------------------------------===//
// Names and numbers
//===----------------------------------------------------------------------===//

std::string Identifiers::make(std::string_view name, std::string_view fallback) {
  constexpr size_t kMaxLength = 48; // compilers need tell 63 characters apart
  std::string identifier;
  for (char c : name) {
    bool isPlain = llvm::isAlnum(c) || c == '_';
    if (isPlain)
      identifier += c;
    else if (!identifier.empty() && identifier.back() != '_')
      identifier += '_';
  }
  while (!identifier.empty() && identifier.back() == '_')
    identifier.pop_back();
  if (identifier.size() > kMaxLength)
    identifier.resize(kMaxLength);
  if (identifier.empty())
    identifier = fallback;
  std::string unique = identifier;
  for (int count = 2; !taken.insert(unique).second; ++count)
    unique = identifier + "_" + std::to_string(count);
  return unique;
}

std::string qbias::escapeForC(std::string_view text) {
  constexpr size_t kMaxLength = 200;
  std::string escaped;
  for (unsigned char c : text.substr(0, kMaxLength)) {
    // Quotes, line splices, trigraphs and ends of comments.
    bool isPlain = c >= 0x20 && c < 0x7f && !std::strchr("\"\\?*", c);
    escaped += isPlain ? std::string(1, static_cast<char>(c))
                       : "%" + llvm::utohexstr(c, /*LowerCase=*/false, /*Width=*/2);
  }
  return text.size() > kMaxLength ? escaped + "..." : escaped;
}

std::string qbias::getCType(DType dtype) {
  return std::string(runtime::dtypeName(dtype)) + "_t";
}

/// Digits of `value`, with a point or an exponent.
static std::string toLiteral(double value, int digits) {
  std::string text;
  llvm::raw_string_ostream(text) << llvm::format("%.*g", digits, value);
  bool isInteger = text.find_first_of(".e") == std::string::npos;
  return isInteger ? text + ".0" : text;
}

std::string qbias::toCDouble(double value) {
  constexpr int kDigits = 17; // tell all doubles apart
  return toLiteral(value, kDigits);
}

static std::string toCFloat(float value) {
  constexpr int kDigits = 9; // tell all float32 values apart
  return toLiteral(value, kDigits) + "f";
}

/// What C calls the tensors of a program, inputs then outputs.
static std::vector<std::string> nameTensors(const runtime::Description &description) {
  Identifiers identifiers;
  std::vector<std::string> names;
  for (auto [i, tensor] : llvm::enumerate(description.inputs))
    names.push_back(identifiers.make(tensor.name, "input" + std::to_string(i)));
  for (auto [i, tensor] : llvm::enumerate(description.outputs))
    names.push_back(identifiers.make(tensor.name, "output" + std::to_string(i)));
  return names;
}

std::string qbias::getParameters(const runtime::Description &description) {
  std::vector<std::string> names = nameTensors(description);
  std::string text;
  size_t i = 0;
  // A prefix keeps names that are words of C or C++ from being that.
  for (const Tensor &tensor : description.inputs)
    text += "const " + getCType(tensor.dtype) + " *in_" + names[i++] + ", ";
  for (const Tensor &tensor : description.outputs)
    text += getCType(tensor.dtype) + " *out_" + names[i++] + ", ";
  return text + "void *workspace, size_t workspace_bytes";
}

//===----------------------------------------------------------------------===//
// Parts of the header
//===----------------------------------------------------------------------===//

static void printTensorComment(llvm::raw_ostream &os, const Tensor &tensor,
                               llvm::StringRef direction) {
  std::string dtype = tensor.quantization ? tensor.quantization->dtype
                                          : std::string(runtime::dtypeName(tensor.dtype));
  os << "/* " << direction << " '" << escapeForC(tensor.name) << "': " << dtype << " "
     << runtime::shapeToString(tensor.shape) << ", " << runtime::layoutName(tensor)
     << ", contiguous\n";
  if (tensor.isUnused) {
    os << "   nothing reads it */\n";
  } else if (const auto &quantization = tensor.quantization;
             tensor.axis && quantization) {
    os << "   real = (q - zero point) * scale, one of both per entry of dimension "
       << *tensor.axis << ", q in " << quantization->min << " .. " << quantization->max
       << " */\n";
  } else if (quantization) {
    os << "   real = (q - " << quantization->zeroPoint << ") * "
       << toCDouble(quantization->scale) << ", q in " << quantization->min << " .. "
       << quantization->max << " */\n";
  } else if (tensor.scales.empty()) {
    os << "   indices */\n";
  } else {
    os << "   a sum: real = acc * scale + offset, " << tensor.scales.size()
       << (tensor.scales.size() == 1 ? " scale" : " scales, one per channel") << " */\n";
  }
}

/// `#define`s of one tensor.
static void printConstants(llvm::raw_ostream &os, const Tensor &tensor,
                           const std::string &prefix) {
  os << "#define " << prefix << "_ELEMENTS " << tensor.elements() << "\n";
  os << "#define " << prefix << "_RANK " << tensor.shape.size() << "\n";
  if (!tensor.shape.empty()) {
    os << "#define " << prefix << "_SHAPE {";
    llvm::interleaveComma(tensor.shape, os);
    os << "}\n";
  }
  if (const auto &quantization = tensor.quantization) {
    if (!tensor.axis) {
      os << "#define " << prefix << "_SCALE "
         << toCFloat(static_cast<float>(quantization->scale)) << "\n";
      os << "#define " << prefix << "_ZERO_POINT (" << quantization->zeroPoint << ")\n";
    }
    os << "#define " << prefix << "_QMIN (" << quantization->min << ")\n";
    os << "#define " << prefix << "_QMAX (" << quantization->max << ")\n";
  }
}

/// A qbias.unary function of double `x` as C.
static std::string getUnaryExpression(const runtime::Step &step) {
  std::string alpha = toCDouble(step.a.value_or(0)), beta = toCDouble(step.b.value_or(0));
  auto clampUnit = [](const std::string &y) { return "fmin(fmax(" + y + ", 0.0), 1.0)"; };
  const std::string softplus = "(fmax(x, 0.0) + log1p(exp(-fabs(x))))";
  const std::pair<const char *, std::string> kExpressions[] = {
      {"sigmoid", "1.0 / (1.0 + exp(-x))"},
      {"tanh", "tanh(x)"},
      {"hard_sigmoid", clampUnit(alpha + " * x + " + beta)},
      {"hard_swish", "x * " + clampUnit("x / 6.0 + 0.5")},
      {"leaky_relu", "x >= 0.0 ? x : " + alpha + " * x"},
      {"gelu", "x / 2.0 * (1.0 + erf(x / sqrt(2.0)))"},
      {"gelu_tanh", "x / 2.0 * (1.0 + tanh(" + toCDouble(std::sqrt(2 / M_PI)) +
                        " * (x + 0.044715 * x * x * x)))"},
      {"silu", "x / (1.0 + exp(-x))"},
      {"elu", "x >= 0.0 ? x : " + alpha + " * expm1(x)"},
      {"exp", "exp(x)"},
      {"sqrt", "sqrt(fmax(x, 0.0))"},
      {"abs", "fabs(x)"},
      {"square", "x * x"},
      {"erf", "erf(x)"},
      {"log", "log(fmax(x, 0.0))"},
      {"softplus", softplus},
      {"mish", "x * tanh(" + softplus + ")"},
      {"softsign", "x / (1.0 + fabs(x))"},
      {"reciprocal", "x == 0.0 ? HUGE_VAL : 1.0 / x"},
      {"rsqrt", "1.0 / sqrt(fmax(x, 0.0))"},
      {"floor", "floor(x)"},
      {"ceil", "ceil(x)"},
      {"round", "nearbyint(x)"},
      {"sign", "(double)((x > 0.0) - (x < 0.0))"},
      {"threshold", "x > " + alpha + " ? x : 0.0"}};
  for (auto &[name, expression] : kExpressions)
    if (step.function == name)
      return expression;
  return "x";
}

static void printStep(llvm::raw_ostream &os, const runtime::Step &step) {
  if (step.function == "clamp") {
    if (step.a)
      os << "    if (x < " << toCDouble(*step.a) << ")\n      x = " << toCDouble(*step.a)
         << ";\n";
    if (step.b)
      os << "    if (x > " << toCDouble(*step.b) << ")\n      x = " << toCDouble(*step.b)
         << ";\n";
    return;
  }
  if (step.function == "linear")
    os << "    x = x * " << toCDouble(step.a.value_or(1)) << " / "
       << toCDouble(step.c.value_or(1)) << " + " << toCDouble(step.b.value_or(0))
       << ";\n";
  else
    os << "    x = " << getUnaryExpression(step) << ";\n";
}

/// Statements that round float `v` into int32_t `n`.
static llvm::StringRef getRounding(const Tensor &tensor) {
  if (tensor.producer == "tflite")
    return "    if (f >= 0.5f)\n      ++n;\n    else if (f <= -0.5f)\n      --n;\n";
  return "    if (f > 0.5f || (f == 0.5f && n % 2 != 0))\n      ++n;\n"
         "    else if (f < -0.5f || (f == -0.5f && n % 2 != 0))\n      --n;\n";
}

/// Names of scale and zero point of element `i`: with several of them, of tables that are
/// written first, with `scale` of what the tables hold.
struct ScaleNames {
  std::string scale, zeroPoint;
};
static ScaleNames printScales(llvm::raw_ostream &os, const Tensor &tensor,
                              const std::string &prefix, bool reciprocal) {
  auto factorOf = [&](double scale) {
    return toCFloat(static_cast<float>(reciprocal ? 1.0 / scale : scale));
  };
  if (!tensor.axis)
    return {reciprocal ? factorOf(tensor.quantization->scale) : prefix + "_SCALE",
            prefix + "_ZERO_POINT"};
  os << "  static const float scale[" << tensor.scales.size() << "] = {";
  llvm::interleaveComma(tensor.scales, os, [&](double x) { os << factorOf(x); });
  os << "};\n  static const int32_t zero[" << tensor.offsets.size() << "] = {";
  llvm::interleaveComma(tensor.offsets, os,
                        [&](double x) { os << static_cast<int64_t>(x); });
  os << "};\n";
  int64_t inner = 1;
  for (size_t d = *tensor.axis + 1; d < tensor.shape.size(); ++d)
    inner *= tensor.shape[d];
  std::string channel = "[i / " + std::to_string(inner) + " % " +
                        std::to_string(tensor.scales.size()) + "]";
  return {"scale" + channel, "zero" + channel};
}

static void printQuantize(llvm::raw_ostream &os, const Tensor &tensor,
                          const std::string &function, const std::string &prefix) {
  std::string type = getCType(tensor.dtype);
  bool multiplies = tensor.producer == "pytorch";
  os << "/* The framework's own float32 formula; NaN becomes the zero point. */\n"
     << "static inline void " << function << "(const float *real, " << type << " *q) {\n";
  ScaleNames names = printScales(os, tensor, prefix, multiplies);
  os << "  size_t i;\n  for (i = 0; i < " << prefix << "_ELEMENTS; ++i) {\n"
     << "    double x = (double)real[i];\n";
  for (const runtime::Step &clamp : tensor.tail)
    printStep(os, clamp);
  os << "    float v = (float)x " << (multiplies ? "* " : "/ ") << names.scale << ";\n"
     << "    float f;\n    int32_t n;\n"
     << "    if (v != v)\n      v = 0.0f;\n"
     << "    if (v > 16777216.0f)\n      v = 16777216.0f;\n"
     << "    if (v < -16777216.0f)\n      v = -16777216.0f;\n"
     << "    n = (int32_t)v;\n    f = v - (float)n;\n"
     << getRounding(tensor) << "    n += " << names.zeroPoint << ";\n"
     << "    if (n < " << prefix << "_QMIN)\n      n = " << prefix << "_QMIN;\n"
     << "    if (n > " << prefix << "_QMAX)\n      n = " << prefix << "_QMAX;\n"
     << "    q[i] = (" << type << ")n;\n  }\n}\n";
}

/// Dequantizes sums: per channel scale and offset, then the file's last steps.
static void printAccumulatorLoop(llvm::raw_ostream &os, const Tensor &tensor,
                                 const std::string &prefix) {
  auto printTable = [&](llvm::StringRef name, llvm::ArrayRef<double> values) {
    os << "  static const double " << name << "[" << values.size() << "] = {";
    llvm::interleaveComma(values, os, [&](double value) { os << toCDouble(value); });
    os << "};\n";
  };
  printTable("scale", tensor.scales);
  printTable("offset", tensor.offsets);
  int64_t inner = 1;
  for (size_t d = tensor.axis ? *tensor.axis + 1 : 0; d < tensor.shape.size(); ++d)
    inner *= tensor.shape[d];
  os << "  size_t i;\n  for (i = 0; i < " << prefix << "_ELEMENTS; ++i) {\n"
     << "    size_t c = i / " << inner << " % " << tensor.scales.size() << ";\n"
     << "    double x = (double)q[i] * scale[c] + offset[c];\n";
  for (const runtime::Step &step : tensor.tail)
    printStep(os, step);
  os << "    real[i] = (float)x;\n  }\n}\n";
}

static void printDequantize(llvm::raw_ostream &os, const Tensor &tensor,
                            const std::string &function, const std::string &prefix) {
  os << "static inline void " << function << "(const " << getCType(tensor.dtype)
     << " *q, float *real) {\n";
  if (!tensor.quantization)
    return printAccumulatorLoop(os, tensor, prefix);
  ScaleNames names = printScales(os, tensor, prefix, /*reciprocal=*/false);
  os << "  size_t i;\n  for (i = 0; i < " << prefix << "_ELEMENTS; ++i)\n"
     << "    real[i] = (float)(q[i] - " << names.zeroPoint << ") * " << names.scale
     << ";\n}\n";
}

/// True when a helper calls the mathematics library.
static bool needsMath(const runtime::Description &description) {
  for (const Tensor &tensor : description.outputs)
    for (const runtime::Step &step : tensor.tail)
      if (step.function != "clamp" && step.function != "linear")
        return true;
  return false;
}

static void printIntroduction(llvm::raw_ostream &os,
                              const runtime::Description &description) {
  const std::string &name = description.name;
  os << "/* " << name << ": a quantized network as an integer program.\n"
     << "   Written by qbias " << description.version << " from "
     << escapeForC(description.model) << ", SHA-256\n   " << description.modelHash
     << ". */\n\n#ifndef QBIAS_PROGRAM_" << name << "_H\n#define QBIAS_PROGRAM_" << name
     << "_H\n\n#include <stddef.h>\n#include <stdint.h>\n";
  if (needsMath(description))
    os << "#include <math.h>\n";
  os << "\n#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n"
     << "#define " << name << "_QBIAS_VERSION \"" << description.version << "\"\n"
     << "#define " << name << "_MODEL \"" << escapeForC(description.model) << "\"\n"
     << "#define " << name << "_MODEL_SHA256 \"" << description.modelHash << "\"\n\n"
     << "/* Memory for everything between inputs and outputs; what is in it before\n"
     << "   and after means nothing. */\n#define " << name << "_WORKSPACE_BYTES "
     << description.workspaceBytes << "\n#define " << name << "_WORKSPACE_ALIGNMENT "
     << runtime::kWorkspaceAlignment << "\n\n";
}

std::string qbias::makeHeader(const runtime::Description &description,
                              llvm::StringRef declarations) {
  std::string text;
  llvm::raw_string_ostream os(text);
  const std::string &name = description.name;
  printIntroduction(os, description);
  std::vector<std::string> names = nameTensors(description);
  auto tensors = llvm::concat<const Tensor>(description.inputs, description.outputs);
  size_t inputs = description.inputs.size();
  for (auto [i, tensor] : llvm::enumerate(tensors)) {
    printTensorComment(os, tensor, i < inputs ? "Input" : "Output");
    printConstants(os, tensor, name + "_" + names[i]);
    os << "\n";
  }
  os << "/* Runs once. Returns 0 when done, 1 when a pointer is null, 2 when one is\n"
     << "   misaligned (64 bytes for the workspace, the element's size otherwise),\n"
     << "   3 when workspace_bytes is less than " << name << "_WORKSPACE_BYTES, 4 when\n"
     << "   an output or the workspace overlaps another argument, 5 when Linux refuses "
        "the\n"
     << "   process tile registers (AMX); outputs are as they were then. Keeps no "
        "state:\n"
     << "   may run in several threads at once, with a workspace each. */\nint " << name
     << "_run(" << getParameters(description) << ");\n\n"
     << declarations << "#ifndef QBIAS_NO_CONVERSIONS\n\n";
  for (auto [i, tensor] : llvm::enumerate(tensors)) {
    std::string prefix = name + "_" + names[i];
    if (i < inputs && tensor.quantization)
      printQuantize(os, tensor, name + "_quantize_" + names[i], prefix);
    else if (i >= inputs && (tensor.quantization || !tensor.scales.empty()))
      printDequantize(os, tensor, name + "_dequantize_" + names[i], prefix);
    os << "\n";
  }
  os << "#endif /* QBIAS_NO_CONVERSIONS */\n\n"
     << "#ifdef __cplusplus\n}\n#endif\n\n#endif /* QBIAS_PROGRAM_" << name << "_H */\n";
  return text;
}
