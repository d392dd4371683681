//===- qbias-translate.cpp - files in, files out ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "qbias/Driver/Binary.h"
#include "qbias/Import/ONNX.h"
#include "qbias/Import/PyTorch.h"
#include "qbias/Import/TFLite.h"
#include "qbias/InitAll.h"
#include "qbias/Target/CSource.h"

#include "mlir/InitAllDialects.h"
#include "mlir/InitAllTranslations.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Tools/mlir-translate/MlirTranslateMain.h"
#include "mlir/Tools/mlir-translate/Translation.h"
#include "llvm/Support/SourceMgr.h"

/// Registers `--NAME`: a file of the format to the real family.
static void registerImport(llvm::StringRef name, llvm::StringRef description,
                           mlir::OwningOpRef<mlir::ModuleOp> (*import)(
                               llvm::MemoryBufferRef, mlir::MLIRContext *,
                               const qbias::ImportOptions &)) {
  mlir::TranslateToMLIRRegistration registration(
      name, description,
      [import](llvm::SourceMgr &sources,
               mlir::MLIRContext *context) -> mlir::OwningOpRef<mlir::Operation *> {
        auto id = sources.getMainFileID();
        return mlir::OwningOpRef<mlir::Operation *>(
            import(sources.getMemoryBuffer(id)->getMemBufferRef(), context, {})
                .release());
      },
      [](mlir::DialectRegistry &registry) {
        qbias::registerDialects(registry);
        registry.insert<mlir::func::FuncDialect>();
      });
}

/// One C99 file with its header inside; the program is called `qbias`.
static void registerQBiasToC() {
  mlir::TranslateFromMLIRRegistration registration(
      "qbias-to-c", "Certified integer program to C99",
      [](mlir::ModuleOp module, llvm::raw_ostream &os) -> llvm::LogicalResult {
        // Certificates of a file are claims: proven before anything is written.
        if (failed(qbias::lowerTo(module, qbias::Stage::Integer, {})))
          return mlir::failure();
        auto description = qbias::describeProgram(module, {});
        if (failed(description))
          return mlir::failure();
        auto source = qbias::emitC(module, *description, /*header=*/"");
        if (failed(source))
          return mlir::failure();
        os << source->text;
        return mlir::success();
      },
      [](mlir::DialectRegistry &registry) { qbias::registerForDriver(registry); });
}

int main(int argc, char **argv) {
  mlir::registerAllTranslations();
  registerImport("import-onnx", "ONNX model (QDQ or float) to the qbias real family",
                 qbias::importOnnx);
  registerImport("import-pt2",
                 "PyTorch program (.pt2, PT2E or float) to the qbias real family",
                 qbias::importPyTorch);
  registerImport("import-tflite", "TensorFlow Lite model to the qbias real family",
                 qbias::importTflite);
  registerQBiasToC();
  mlir::registerPassManagerCLOptions(); // lowering reads them
  return mlir::failed(mlir::mlirTranslateMain(argc, argv, "qbias translation driver\n"));
}
