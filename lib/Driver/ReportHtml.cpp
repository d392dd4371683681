//===- ReportHtml.cpp - the report as a page ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One file without scripts and without references to others. Names come from the
// model and are escaped wherever they stand.
//
//===----------------------------------------------------------------------===//

#include "qbias/Driver/Report.h"

#include "llvm/Support/Format.h"

using namespace qbias;
namespace json = llvm::json;

static constexpr const char *kStyle = R"(
body { font: 15px/1.45 system-ui, sans-serif; margin: 2em auto; max-width: 110em; padding: 0 1em; }
div.table { overflow-x: auto; }
table { border-collapse: collapse; font-size: 13px; }
th, td { padding: 3px 9px; text-align: left; white-space: nowrap; border-bottom: 1px solid #8884; }
th { border-bottom: 2px solid #8888; }
td { font-variant-numeric: tabular-nums; }
summary { cursor: pointer; padding: 3px 0; }
)";

/// Text as HTML, harmless in content and in quoted attributes.
static std::string escape(llvm::StringRef text) {
  std::string valid = json::fixUTF8(text), result;
  for (char c : valid) {
    switch (c) {
    case '&':
      result += "&amp;";
      break;
    case '<':
      result += "&lt;";
      break;
    case '>':
      result += "&gt;";
      break;
    case '"':
      result += "&quot;";
      break;
    case '\'':
      result += "&#39;";
      break;
    default:
      result += c;
    }
  }
  return result;
}

static void printRow(llvm::raw_ostream &os, const std::vector<std::string> &cells,
                     llvm::StringRef tag) {
  os << "<tr>";
  for (const std::string &cell : cells)
    os << "<" << tag << ">" << escape(cell) << "</" << tag << ">";
  os << "</tr>\n";
}

static void printTable(llvm::raw_ostream &os,
                       const std::vector<std::vector<std::string>> &rows) {
  os << "<div class=\"table\"><table>\n";
  for (size_t i = 0; i < rows.size(); ++i)
    printRow(os, rows[i], i == 0 ? "th" : "td");
  os << "</table></div>\n";
}

/// Entry `c` of a list with an entry for each channel, or of one for all.
static std::string entryOf(const json::Value *value, int64_t c) {
  const json::Array *array = value ? value->getAsArray() : nullptr;
  if (!array || array->empty() || (array->size() != 1 && c >= int64_t(array->size())))
    return "-";
  const json::Value &entry = (*array)[array->size() == 1 ? 0 : c];
  if (auto integer = entry.getAsInteger())
    return std::to_string(*integer);
  std::string text;
  llvm::raw_string_ostream(text) << llvm::format("%.9g", entry.getAsNumber().value_or(0));
  return text;
}

/// The numbers of every channel of a layer with a multiplier, folded up.
static void printChannels(const json::Object &layer, llvm::raw_ostream &os) {
  const json::Array *multipliers = layer.getArray("multiplier");
  if (!multipliers || layer.getString("op") == "add")
    return;
  const json::Object &bias = *layer.getObject("bias");
  std::vector<std::vector<std::string>> rows = {
      {"channel", "bias (float)", "bias (int32)", "bias scale", "residue", "multiplier",
       "shift", "rounding constant", "accumulator from", "to"}};
  for (int64_t c = 0; c < layer.getInteger("channels").value_or(0); ++c)
    rows.push_back({std::to_string(c), entryOf(bias.get("float"), c),
                    entryOf(bias.get("int"), c), entryOf(bias.get("scale"), c),
                    entryOf(bias.get("residue"), c), entryOf(layer.get("multiplier"), c),
                    entryOf(layer.get("shift"), c),
                    entryOf(layer.get("rounding_constant"), c),
                    entryOf(layer.get("acc_min"), c), entryOf(layer.get("acc_max"), c)});
  os << "<details><summary>" << escape(layer.getString("name").value_or(""))
     << "</summary>\n";
  printTable(os, rows);
  os << "</details>\n";
}

void qbias::printHtml(const json::Object &report, llvm::raw_ostream &os) {
  ReportText text = summarizeReport(report);
  os << "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>"
     << escape(text.title) << "</title>\n<style>" << kStyle
     << "</style>\n</head>\n<body>\n<h1>" << escape(text.title) << "</h1>\n<p>"
     << escape(text.totals) << "</p>\n";
  for (const ReportTable &table : text.tables) {
    os << "<h2>" << escape(table.title) << "</h2>\n";
    printTable(os, table.rows);
    if (!table.note.empty())
      os << "<p>" << escape(table.note) << "</p>\n";
  }
  os << "<h2>Channels</h2>\n";
  for (const json::Value &layer : *report.getArray("layers"))
    printChannels(*layer.getAsObject(), os);
  os << "</body>\n</html>\n";
}
