//===- SkippedTaps.h - kernel taps that lie in padding ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_LIB_CODEGEN_SKIPPEDTAPS_H
#define QBIAS_LIB_CODEGEN_SKIPPEDTAPS_H

#include "Kernels.h"

namespace qbias {

/// Taps of a dense convolution whose inputs are padding, which is one known value:
/// their products are constants, added to the bias instead.
///
/// Of output row r the kernel rows first .. end - 1 are left; of a column alike.
/// The bias depends on what is left: a table of biases, one for every pair of how
/// many kernel rows are cut at the start and at the end, and within it one for
/// every different cut of columns.
class SkippedTaps {
public:
  /// `knowsRows`: all pixels of a tile are of one row, that of the loop around it.
  /// `knowsColumns`: the code knows the column of every pixel of a tile.
  SkippedTaps(const Group &group, bool knowsRows, bool knowsColumns);

  bool skipsRows() const { return rows; }
  bool skipsColumns() const { return columns; }

  /// Kernel rows that are left of output row `row`, and the number of their cut.
  struct Range {
    mlir::Value first, end, cut;
  };
  Range emitRows(KernelBuilder &kernel, mlir::Value row) const;

  /// Columns `first` .. `end` - 1 have a product with kernel column `kc`.
  std::pair<int64_t, int64_t> columnsOf(int64_t kc) const;
  /// Which cut a column has.
  int64_t columnCut(int64_t column) const { return cutOfColumn[column]; }
  int64_t columnCuts() const { return cutsOfColumns.size(); }

  /// [cut of rows][cut of columns][channel], for inputs moved by `inputOffset`;
  /// channels in `order`, 0 for -1.
  llvm::SmallVector<int64_t> makeBias(int64_t inputOffset,
                                      llvm::ArrayRef<int64_t> order) const;

private:
  struct Cut {
    int64_t first, end;
    bool operator==(const Cut &other) const {
      return first == other.first && end == other.end;
    }
  };

  const Group &group;
  bool rows = false, columns = false;
  int64_t mostAtStart = 0, mostAtEnd = 0; ///< kernel rows that are ever cut
  llvm::SmallVector<Cut> cutsOfColumns;
  llvm::SmallVector<int64_t> cutOfColumn;
};

} // namespace qbias

#endif // QBIAS_LIB_CODEGEN_SKIPPEDTAPS_H
