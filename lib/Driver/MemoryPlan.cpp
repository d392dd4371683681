//===- MemoryPlan.cpp - where tensors lie in the workspace ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "qbias/Driver/MemoryPlan.h"

#include "qbias/Analysis/Arena.h"
#include "qbias/Codegen/Passes.h"
#include "qbias/Driver/Json.h"
#include "qbias/Runtime/Description.h"

#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace qbias;
namespace json = llvm::json;

json::Object qbias::describeMemoryPlan(LLVM::LLVMFuncOp main) {
  auto bytes = main ? main->getAttrOfType<IntegerAttr>(kWorkspaceAttr) : IntegerAttr();
  auto plan = main ? main->getAttrOfType<ArrayAttr>(kMemoryPlanAttr) : ArrayAttr();
  json::Array entries;
  SmallVector<ArenaBuffer> buffers;
  for (Attribute attribute : plan ? plan.getValue() : ArrayRef<Attribute>()) {
    auto entry = cast<DictionaryAttr>(attribute);
    auto number = [&](StringRef key) {
      auto value = entry.getAs<IntegerAttr>(key);
      return value ? value.getInt() : 0;
    };
    auto name = entry.getAs<StringAttr>("name");
    buffers.push_back({number("bytes"), number("first"), number("last")});
    entries.push_back(json::Object{{"name", toJsonString(name ? name.getValue() : "")},
                                   {"bytes", number("bytes")},
                                   {"offset", number("offset")},
                                   {"first", number("first")},
                                   {"last", number("last")}});
  }
  return json::Object{{"workspace_bytes", bytes ? bytes.getInt() : 0},
                      {"live_bytes", getLiveBytes(buffers, runtime::kWorkspaceAlignment)},
                      {"buffers", std::move(entries)}};
}

//===----------------------------------------------------------------------===//
// Picture
//===----------------------------------------------------------------------===//

/// Text of an XML document; control characters are none.
static std::string escapeForXml(llvm::StringRef text) {
  std::string escaped;
  for (char c : text)
    switch (c) {
    case '&':
      escaped += "&amp;";
      break;
    case '<':
      escaped += "&lt;";
      break;
    case '>':
      escaped += "&gt;";
      break;
    default:
      escaped += static_cast<unsigned char>(c) < ' ' || c == '\x7f' ? '?' : c;
    }
  return escaped;
}

namespace {

/// Sizes of the picture in pixels.
constexpr double kWidth = 960, kHeight = 480, kMargin = 40;
/// Buffers taller than a line of text carry their name.
constexpr double kLineHeight = 14, kCharacterWidth = 6.5;

/// One buffer in the units of the report.
struct Box {
  llvm::StringRef name;
  int64_t bytes, offset, first, last;
};

} // namespace

static SmallVector<Box> getBoxes(const json::Object &memory) {
  SmallVector<Box> boxes;
  for (const json::Value &value : *memory.getArray("buffers")) {
    const json::Object &buffer = *value.getAsObject();
    auto number = [&](llvm::StringRef key) { return buffer.getInteger(key).value_or(0); };
    boxes.push_back({buffer.getString("name").value_or(""), number("bytes"),
                     number("offset"), number("first"), number("last")});
  }
  return boxes;
}

/// A rectangle with a tooltip, and its name where there is room.
static void drawBox(llvm::raw_ostream &os, const Box &box, double x, double y,
                    double width, double height, unsigned number) {
  // Neighbours differ: steps around the colour circle that share no divisor with it.
  constexpr unsigned kCircle = 360, kStep = 47;
  std::string name = escapeForXml(box.name);
  os << llvm::formatv("<g><rect x='{0:f1}' y='{1:f1}' width='{2:f1}' height='{3:f1}' "
                      "fill='hsl({4},60%,75%)' stroke='#444'/><title>{5}: {6} bytes at "
                      "{7}</title>",
                      x, y, width, height, number * kStep % kCircle, name, box.bytes,
                      box.offset);
  auto room = static_cast<size_t>(width / kCharacterWidth);
  if (height >= kLineHeight && box.name.size() <= room)
    os << llvm::formatv("<text x='{0:f1}' y='{1:f1}'>{2}</text>", x + 3,
                        y + kLineHeight - 3, name);
  os << "</g>\n";
}

void qbias::printMemoryPlan(const json::Object &report, llvm::raw_ostream &os) {
  const json::Object &memory = *report.getObject("memory");
  SmallVector<Box> boxes = getBoxes(memory);
  int64_t total = std::max<int64_t>(1, memory.getInteger("workspace_bytes").value_or(0));
  int64_t begin = INT64_MAX, end = 0;
  for (const Box &box : boxes) {
    begin = std::min(begin, box.first);
    end = std::max(end, box.last + 1);
  }
  double perStep = kWidth / static_cast<double>(std::max<int64_t>(1, end - begin));
  double perByte = kHeight / static_cast<double>(total);
  os << llvm::formatv("<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {0} {1}' "
                      "font-family='sans-serif' font-size='11'>\n",
                      kWidth + 2 * kMargin, kHeight + 2 * kMargin);
  os << llvm::formatv("<text x='{0}' y='{1}'>{2}: {3} bytes of workspace, at most {4} "
                      "alive at once; time to the right, addresses upwards</text>\n",
                      kMargin, kMargin - kLineHeight,
                      escapeForXml(report.getString("model").value_or("")),
                      memory.getInteger("workspace_bytes").value_or(0),
                      memory.getInteger("live_bytes").value_or(0));
  os << llvm::formatv(
      "<rect x='{0}' y='{0}' width='{1}' height='{2}' fill='none' stroke='#999'/>\n",
      kMargin, kWidth, kHeight);
  for (auto [number, box] : llvm::enumerate(boxes)) {
    double height = perByte * static_cast<double>(box.bytes);
    double bottom = kMargin + kHeight - perByte * static_cast<double>(box.offset);
    drawBox(os, box, kMargin + perStep * static_cast<double>(box.first - begin),
            bottom - height, perStep * static_cast<double>(box.last + 1 - box.first),
            height, number);
  }
  os << "</svg>\n";
}
