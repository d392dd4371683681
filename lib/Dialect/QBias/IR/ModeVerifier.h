//===- ModeVerifier.h - constraints of modes and their forms ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_LIB_DIALECT_QBIAS_IR_MODEVERIFIER_H
#define QBIAS_LIB_DIALECT_QBIAS_IR_MODEVERIFIER_H

#include "SegmentVerifier.h"

namespace qbias {

/// C13 of qbias.int.conv2d: the form is one of the mode, the operation has it,
/// and its arrays are those it reads.
llvm::LogicalResult verifyMode(const Segment &segment);

} // namespace qbias

#endif // QBIAS_LIB_DIALECT_QBIAS_IR_MODEVERIFIER_H
