//===- Report.h - what a program consists of ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_DRIVER_REPORT_H
#define QBIAS_DRIVER_REPORT_H

#include "qbias/Dialect/QBias/IR/QBias.h"
#include "qbias/Driver/Model.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/JSON.h"

namespace qbias {

/// One quantized tensor of the source model: activation, weight or bias.
struct TensorEntry {
  std::string name, kind, producer;
  std::vector<int64_t> shape;
  mlir::quant::QuantizedType type;
};

/// The framework whose formula quantizes the inputs of a function; empty when
/// none of them is float.
std::string getProducer(mlir::func::FuncOp func);

/// Every quantized tensor of an import-stage module, in the file's own layout.
std::vector<TensorEntry> collectTensors(mlir::ModuleOp module);

/// Multiplications of one run of an integer-stage module.
int64_t countMacs(mlir::ModuleOp module);
/// The same of every layer, in order, with its name.
std::vector<std::pair<std::string, int64_t>> countMacsOfLayers(mlir::ModuleOp module);

/// How the code of a layer is made, and why so.
struct LayerPlan {
  std::string name, reason;
};

/// What code generation decides: read off lower stages of the same module.
struct Lowered {
  llvm::StringMap<LayerPlan> plans; ///< by name of the operation's location
  llvm::json::Object memory;        ///< `memory` of the report
};

/// Plans of the contractions of a linalg-stage module.
llvm::StringMap<LayerPlan> collectPlans(mlir::ModuleOp module);

/// Plans and workspace of a lowered copy of an integer-stage module.
Lowered lowerCopy(mlir::ModuleOp module, const CompileOptions &options);

/// The report of an integer-stage module as JSON (docs/Report.md). `tensors`
/// were collected before the module was integerized.
llvm::json::Object makeReport(mlir::ModuleOp module, llvm::StringRef model,
                              llvm::ArrayRef<TensorEntry> tensors,
                              const Lowered &lowered);

/// Rows of texts, the first of them names of columns.
struct ReportTable {
  std::string title;
  std::vector<std::vector<std::string>> rows;
  std::string note; ///< sums, or empty
};

/// What people read of a report; no text holds control characters.
struct ReportText {
  std::string title, totals;
  std::vector<ReportTable> tables; ///< tensors, layers, workspace, data
};
ReportText summarizeReport(const llvm::json::Object &report);

/// The report as text.
void printReport(const llvm::json::Object &report, llvm::raw_ostream &os);

/// The report as one HTML page that needs no other file, with the numbers of
/// every channel.
void printHtml(const llvm::json::Object &report, llvm::raw_ostream &os);

/// The quantized tensor that each concatenation of an import-stage module ends
/// in, by the concatenation's own name. Integer data movement keeps no tensor
/// name of its own.
llvm::StringMap<std::string> collectConcatTensors(mlir::ModuleOp module);

/// Certificate of an integer-stage module (docs/Certificate.md): what an
/// independent program needs to check that it equals the source model.
/// `concatTensors` were collected before the module was integerized.
llvm::json::Object makeCertificate(mlir::ModuleOp module, llvm::StringRef model,
                                   const llvm::StringMap<std::string> &concatTensors);

} // namespace qbias

#endif // QBIAS_DRIVER_REPORT_H
