//===- Description.cpp - a program's description as JSON ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "qbias/Runtime/Description.h"

#define JSON_NOEXCEPTION
#include <nlohmann/json.hpp>

#include <cmath>

using json = nlohmann::json;

namespace qbias::runtime {

namespace {

constexpr int kFormatVersion = 1;
/// Bytes of one tensor or workspace a description may claim.
constexpr int64_t kMaxBytes = int64_t(1) << 40;

constexpr DType kDTypes[] = {DType::Int8,   DType::UInt8, DType::Int16,
                             DType::UInt16, DType::Int32, DType::Int64};

/// Typed access to the members of an object; `ok` turns false at the first
/// member that is missing or of another type.
class Reader {
public:
  Reader(const json &object, bool &ok) : object(object), ok(ok) {}

  bool has(const char *key) const { return object.is_object() && object.contains(key); }
  const json &at(const char *key) const {
    static const json null;
    if (!has(key)) {
      ok = false;
      return null;
    }
    return object[key];
  }
  std::string text(const char *key) const {
    const json &value = at(key);
    ok &= value.is_string();
    return value.is_string() ? value.get<std::string>() : std::string();
  }
  int64_t integer(const char *key) const {
    const json &value = at(key);
    ok &= value.is_number_integer();
    return value.is_number_integer() ? value.get<int64_t>() : 0;
  }
  double number(const char *key) const {
    const json &value = at(key);
    ok &= value.is_number();
    return value.is_number() ? value.get<double>() : 0;
  }
  bool flag(const char *key) const {
    return has(key) && object[key].is_boolean() && object[key].get<bool>();
  }
  std::optional<double> optionalNumber(const char *key) const {
    return has(key) ? std::optional(number(key)) : std::nullopt;
  }

private:
  const json &object;
  bool &ok;
};

} // namespace

int64_t Tensor::elements() const {
  int64_t count = 1;
  for (int64_t d : shape)
    count *= d;
  return count;
}

int64_t Tensor::bytes() const {
  return elements() * static_cast<int64_t>(dtypeSize(dtype));
}

size_t Tensor::channelOf(int64_t i) const {
  if (scales.size() <= 1)
    return 0;
  int64_t inner = 1;
  for (size_t d = axis ? *axis + 1 : 0; d < shape.size(); ++d)
    inner *= shape[d];
  return (i / inner) % scales.size();
}

std::string layoutName(const Tensor &tensor) {
  if (tensor.shape.size() != 4)
    return "row-major";
  if (tensor.producer == "tflite")
    return "NHWC";
  return "NCHW";
}

//===----------------------------------------------------------------------===//
// Writing
//===----------------------------------------------------------------------===//

static json toJson(const Step &step) {
  json object{{"function", step.function}};
  for (auto [key, value] :
       {std::pair("a", step.a), std::pair("b", step.b), std::pair("c", step.c)})
    if (value)
      object[key] = *value;
  return object;
}

static json toJson(const Tensor &tensor) {
  json object{{"name", tensor.name},   {"storage", std::string(dtypeName(tensor.dtype))},
              {"shape", tensor.shape}, {"layout", layoutName(tensor)},
              {"real", tensor.isReal}, {"producer", tensor.producer}};
  if (tensor.isUnused)
    object["unused"] = true;
  if (const std::optional<Quantization> &quantization = tensor.quantization) {
    object["dtype"] = quantization->dtype;
    object["scale"] = quantization->scale;
    object["zero_point"] = quantization->zeroPoint;
    object["qmin"] = quantization->min;
    object["qmax"] = quantization->max;
    if (tensor.axis) {
      object["scales"] = tensor.scales;
      object["zero_points"] = tensor.offsets;
      object["axis"] = *tensor.axis;
    }
  } else {
    object["dtype"] = std::string(dtypeName(tensor.dtype));
    object["scales"] = tensor.scales;
    object["offsets"] = tensor.offsets;
    if (tensor.axis)
      object["axis"] = *tensor.axis;
  }
  if (!tensor.quantization || !tensor.tail.empty()) {
    json tail = json::array();
    for (const Step &step : tensor.tail)
      tail.push_back(toJson(step));
    object["tail"] = std::move(tail);
  }
  return object;
}

std::string toJson(const Description &description) {
  json inputs = json::array(), outputs = json::array();
  for (const Tensor &tensor : description.inputs)
    inputs.push_back(toJson(tensor));
  for (const Tensor &tensor : description.outputs)
    outputs.push_back(toJson(tensor));
  json object{{"format", "qbias-program"},
              {"format_version", kFormatVersion},
              {"name", description.name},
              {"entry", description.name + "_run"},
              {"model", description.model},
              {"model_sha256", description.modelHash},
              {"qbias_version", description.version},
              {"target", description.target},
              {"workspace_bytes", description.workspaceBytes},
              {"macs", description.macs},
              {"inputs", std::move(inputs)},
              {"outputs", std::move(outputs)}};
  // Names of a model need not be UTF-8.
  return object.dump(-1, ' ', /*ensure_ascii=*/true, json::error_handler_t::replace);
}

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

static std::optional<DType> parseDType(const std::string &name) {
  for (DType dtype : kDTypes)
    if (dtypeName(dtype) == name)
      return dtype;
  return std::nullopt;
}

/// Dimensions whose product stays below kMaxBytes elements.
static std::vector<int64_t> parseShape(const json &value, bool &ok) {
  std::vector<int64_t> shape;
  int64_t count = 1;
  ok &= value.is_array();
  for (const json &d : value.is_array() ? value : json::array()) {
    if (!d.is_number_integer() || d.get<int64_t>() < 1 ||
        d.get<int64_t>() > kMaxBytes / count) {
      ok = false;
      return {};
    }
    shape.push_back(d.get<int64_t>());
    count *= shape.back();
  }
  return shape;
}

static std::vector<double> parseNumbers(const json &value, bool &ok) {
  std::vector<double> numbers;
  ok &= value.is_array();
  for (const json &number : value.is_array() ? value : json::array()) {
    ok &= number.is_number();
    numbers.push_back(number.is_number() ? number.get<double>() : 0);
  }
  return numbers;
}

static std::vector<Step> parseSteps(const json &values, bool &ok) {
  std::vector<Step> steps;
  for (const json &value : values.is_array() ? values : json()) {
    Reader step(value, ok);
    steps.push_back({step.text("function"), step.optionalNumber("a"),
                     step.optionalNumber("b"), step.optionalNumber("c")});
  }
  return steps;
}

/// `offsets`: what the second array is called.
static void parseChannels(const Reader &reader, const char *offsets, Tensor &tensor,
                          bool &ok) {
  tensor.scales = parseNumbers(reader.at("scales"), ok);
  tensor.offsets = parseNumbers(reader.at(offsets), ok);
  if (reader.has("axis"))
    tensor.axis = reader.integer("axis");
  ok &= tensor.scales.size() == tensor.offsets.size();
  bool isIndex = tensor.scales.empty() && !tensor.isReal;
  bool isPerChannel = tensor.scales.size() != 1;
  if (isPerChannel && !isIndex && !tensor.isUnused)
    ok &= tensor.axis && *tensor.axis >= 0 &&
          *tensor.axis < static_cast<int64_t>(tensor.shape.size()) &&
          tensor.shape[*tensor.axis] == static_cast<int64_t>(tensor.scales.size());
}

static Tensor parseTensor(const json &value, bool &ok) {
  Reader reader(value, ok);
  Tensor tensor;
  tensor.name = reader.text("name");
  std::optional<DType> dtype = parseDType(reader.text("storage"));
  ok &= dtype.has_value();
  tensor.dtype = dtype.value_or(DType::Int8);
  tensor.shape = parseShape(reader.at("shape"), ok);
  tensor.isReal = reader.flag("real");
  tensor.isUnused = reader.flag("unused");
  tensor.producer = reader.text("producer");
  if (!reader.has("scale")) {
    parseChannels(reader, "offsets", tensor, ok);
    tensor.tail = parseSteps(reader.at("tail"), ok);
    return tensor;
  }
  if (reader.has("tail"))
    tensor.tail = parseSteps(reader.at("tail"), ok);
  for (const Step &step : tensor.tail)
    ok &= step.function == "clamp";
  Quantization quantization{reader.number("scale"), reader.integer("zero_point"),
                            reader.integer("qmin"), reader.integer("qmax"),
                            reader.text("dtype")};
  if (reader.has("axis"))
    parseChannels(reader, "zero_points", tensor, ok);
  tensor.scales.push_back(quantization.scale);
  for (double scale : tensor.scales)
    ok &= std::isfinite(scale) && scale > 0;
  tensor.scales.pop_back();
  for (double zero : tensor.offsets)
    ok &= zero >= quantization.min && zero <= quantization.max;
  ok &= quantization.min <= quantization.max;
  tensor.quantization = quantization;
  return tensor;
}

std::optional<Description> parseDescription(std::string_view text, std::string &error) {
  json object = json::parse(text, nullptr, /*allow_exceptions=*/false);
  bool ok = object.is_object();
  Reader reader(object, ok);
  if (!ok || reader.text("format") != "qbias-program") {
    error = "its description is not a JSON object of the format qbias-program";
    return std::nullopt;
  }
  if (int64_t version = reader.integer("format_version"); version != kFormatVersion) {
    error = "its description has version " + std::to_string(version) + ", expected " +
            std::to_string(kFormatVersion) + "; compile the model again";
    return std::nullopt;
  }
  Description description{reader.text("name"),
                          reader.text("model"),
                          reader.text("model_sha256"),
                          reader.text("qbias_version"),
                          reader.text("target"),
                          reader.integer("workspace_bytes"),
                          reader.integer("macs"),
                          {},
                          {}};
  for (auto [key, tensors] : {std::pair("inputs", &description.inputs),
                              std::pair("outputs", &description.outputs)}) {
    const json &array = reader.at(key);
    ok &= array.is_array();
    for (const json &value : array.is_array() ? array : json())
      tensors->push_back(parseTensor(value, ok));
  }
  ok &= description.workspaceBytes >= 0 && description.workspaceBytes <= kMaxBytes;
  if (!ok) {
    error = "its description lacks a member or contradicts itself; compile the model "
            "again";
    return std::nullopt;
  }
  return description;
}

} // namespace qbias::runtime
