//===- ReportText.cpp - the report as tables of text ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "qbias/Driver/Report.h"

#include "llvm/Support/Format.h"

using namespace qbias;
namespace json = llvm::json;

/// Printable form of a name: control characters would break the table.
static std::string printable(llvm::StringRef text) {
  std::string result;
  for (char c : text)
    result += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
  return result;
}

/// One number, or "first .. last (n)" of an array.
static std::string summarize(const json::Value *value) {
  if (!value || value->kind() == json::Value::Null)
    return "-";
  auto number = [](const json::Value &v) -> std::string {
    if (auto integer = v.getAsInteger())
      return std::to_string(*integer);
    std::string text;
    if (auto real = v.getAsNumber())
      llvm::raw_string_ostream(text) << llvm::format("%.6g", *real);
    return text.empty() ? "-" : text;
  };
  const json::Array *array = value->getAsArray();
  if (!array)
    return number(*value);
  if (array->empty())
    return "-";
  if (array->size() == 1)
    return number(array->front());
  double low = 0, high = 0;
  const json::Value *min = nullptr, *max = nullptr;
  for (const json::Value &v : *array) {
    double d = v.getAsNumber().value_or(0);
    if (!min || d < low)
      min = &v, low = d;
    if (!max || d > high)
      max = &v, high = d;
  }
  if (low == high)
    return number(*min);
  return number(*min) + ".." + number(*max);
}

static std::string shapeText(const json::Array *shape) {
  std::string text;
  if (shape)
    for (const json::Value &d : *shape)
      text += (text.empty() ? "" : "x") + std::to_string(d.getAsInteger().value_or(0));
  return text.empty() ? "scalar" : text;
}

static std::string textOf(const json::Object &object, llvm::StringRef key) {
  auto text = object.getString(key);
  return text ? printable(*text) : "-";
}

using Rows = std::vector<std::vector<std::string>>;

/// Prints rows with columns as wide as their widest cell.
static void printTable(llvm::raw_ostream &os, const Rows &rows) {
  std::vector<size_t> widths;
  for (const auto &row : rows)
    for (size_t i = 0; i < row.size(); ++i) {
      if (widths.size() <= i)
        widths.push_back(0);
      widths[i] = std::max(widths[i], row[i].size());
    }
  for (const auto &row : rows) {
    for (size_t i = 0; i < row.size(); ++i) {
      os << row[i];
      if (i + 1 < row.size())
        os.indent(widths[i] - row[i].size() + 2);
    }
    os << "\n";
  }
}

static Rows tabulateTensors(const json::Object &report) {
  Rows rows = {{"tensor", "kind", "dtype", "shape", "scale", "zero point", "range"}};
  for (const json::Value &value : *report.getArray("tensors")) {
    const json::Object &t = *value.getAsObject();
    rows.push_back(
        {textOf(t, "name"), textOf(t, "kind"), textOf(t, "dtype"),
         shapeText(t.getArray("shape")), summarize(t.get("scale")),
         summarize(t.get("zero_point")),
         "[" + summarize(t.get("qmin")) + ", " + summarize(t.get("qmax")) + "]"});
  }
  return rows;
}

static Rows tabulateLayers(const json::Object &report) {
  Rows rows = {{"layer", "op", "bias case", "bias (float)", "bias (int32)", "bias scale",
                "multiplier", "shift", "rounding constant", "accumulator", "certificate",
                "MACs", "plan", "why this plan"}};
  for (const json::Value &value : *report.getArray("layers")) {
    const json::Object &l = *value.getAsObject();
    const json::Object &bias = *l.getObject("bias");
    std::string certified =
        std::to_string(l.getInteger("certified_channels").value_or(0)) + "/" +
        std::to_string(l.getInteger("channels").value_or(0)) + " " +
        textOf(l, "certificate");
    const json::Value *min = l.get("acc_min"), *max = l.get("acc_max");
    std::string range = "-";
    if (min && min->getAsArray()) {
      int64_t low = INT64_MAX, high = INT64_MIN;
      for (const json::Value &v : *min->getAsArray())
        low = std::min(low, v.getAsInteger().value_or(0));
      for (const json::Value &v : *max->getAsArray())
        high = std::max(high, v.getAsInteger().value_or(0));
      range = "[" + std::to_string(low) + ", " + std::to_string(high) + "]";
    }
    rows.push_back({textOf(l, "name"), textOf(l, "op"), textOf(bias, "case"),
                    summarize(bias.get("float")), summarize(bias.get("int")),
                    summarize(bias.get("scale")), summarize(l.get("multiplier")),
                    summarize(l.get("shift")), summarize(l.get("rounding_constant")),
                    range, certified, std::to_string(l.getInteger("macs").value_or(0)),
                    textOf(l, "plan"), textOf(l, "plan_reason")});
  }
  return rows;
}

/// Places in the workspace; only a header where nothing lives there.
static Rows tabulateMemory(const json::Object &report) {
  Rows rows = {{"tensor in the workspace", "bytes", "offset", "from", "to"}};
  for (const json::Value &value : *report.getObject("memory")->getArray("buffers")) {
    const json::Object &b = *value.getAsObject();
    rows.push_back({textOf(b, "name"), summarize(b.get("bytes")),
                    summarize(b.get("offset")), summarize(b.get("first")),
                    summarize(b.get("last"))});
  }
  return rows;
}

/// Layers on data: how far from both references, saturation, noise.
static Rows tabulateData(const json::Object &report) {
  Rows rows = {{"layer", "elements", "not exact", "by at most", "not as float32",
                "by at most", "rectified", "saturated low", "saturated high",
                "SQNR (dB)"}};
  for (const json::Value &value : *report.getArray("layers")) {
    const json::Object &layer = *value.getAsObject();
    const json::Object *data = layer.getObject("data");
    if (!data)
      continue;
    std::vector<std::string> row = {textOf(layer, "name")};
    for (llvm::StringRef key :
         {"elements", "differing", "largest_difference", "float32_differing",
          "float32_largest_difference", "rectified", "saturated_low", "saturated_high",
          "sqnr_db"})
      row.push_back(summarize(data->get(key)));
    rows.push_back(std::move(row));
  }
  return rows;
}

/// The sums under the table of layers on data.
static std::string summarizeData(const json::Object &data) {
  auto sum = [&](llvm::StringRef key) {
    return std::to_string(data.getInteger(key).value_or(0));
  };
  return sum("samples") + " samples, " + sum("elements") + " integers of layers, " +
         sum("differing") + " differ from the exact meaning, " +
         sum("float32_differing") + " from float32, " + sum("saturated") + " saturated";
}

static std::string summarizeTotals(const json::Object &totals) {
  auto total = [&](llvm::StringRef key) {
    return std::to_string(totals.getInteger(key).value_or(0));
  };
  return total("layers") + " layers, " + total("macs") + " MACs, " +
         total("certified_channels") + " of " + total("channels") +
         " channels certified, " + total("float_ops") + " float operations, " +
         total("weight_bytes") + " bytes of constants, " + total("workspace_bytes") +
         " bytes of workspace";
}

ReportText qbias::summarizeReport(const json::Object &report) {
  ReportText text;
  text.title =
      "model " + textOf(report, "model") + ", requantization " + textOf(report, "mode");
  text.tables.push_back({"Tensors", tabulateTensors(report), ""});
  text.tables.push_back({"Layers", tabulateLayers(report), ""});
  Rows memory = tabulateMemory(report);
  if (memory.size() > 1)
    text.tables.push_back({"Workspace", std::move(memory), ""});
  if (const json::Object *data = report.getObject("data"))
    text.tables.push_back({"Layers on data", tabulateData(report), summarizeData(*data)});
  text.totals = summarizeTotals(*report.getObject("totals"));
  return text;
}

void qbias::printReport(const json::Object &report, llvm::raw_ostream &os) {
  ReportText text = summarizeReport(report);
  os << text.title << "\n\n";
  for (const ReportTable &table : text.tables) {
    printTable(os, table.rows);
    os << "\n";
    if (!table.note.empty())
      os << table.note << "\n";
  }
  os << text.totals << "\n";
}
