//===- Identities.cpp - operators that change nothing ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Operators.h"

#include "qbias/Dialect/QBias/IR/QuantTypes.h"
#include "qbias/Import/Common/QuantParameters.h"

using namespace mlir;
using namespace qbias;
using namespace qbias::pytorchimport;

static DataType typeOf(const ImportedTensor &tensor) {
  if (tensor.constant)
    return tensor.constant->getType();
  if (tensor.untyped)
    return *tensor.untyped;
  quant::QuantizedType quantized = getQuantElement(tensor.value.getType());
  return quantized ? storageOf(quantized) : DataType::Float;
}

/// Copies, other strides, other devices; a conversion only to float32.
LogicalResult qbias::pytorchimport::importIdentity(NodeView &node) {
  DataType type = DataType::Undefined;
  if (failed(node.read("dtype", type)))
    return failure();
  ImportedTensor *input = node.getInput("self");
  if (!input)
    return failure();
  DataType present = typeOf(*input);
  if (type != DataType::Undefined && type != present)
    return node.reject("argument 'dtype'", nameOf(present) + " as the tensor",
                       nameOf(type),
                       "conversions of data are not supported: convert without the "
                       "reference representation (use_reference_representation=False)");
  return node.forward("self");
}

/// Inference: the identity.
LogicalResult qbias::pytorchimport::importDropout(NodeView &node) {
  bool train = false;
  if (failed(node.read("train", train)))
    return failure();
  if (train)
    return node.reject("argument 'train'", "false", "true",
                       "call move_exported_model_to_eval before export");
  return node.forward("input");
}

//===----------------------------------------------------------------------===//
// Symbolic integers
//===----------------------------------------------------------------------===//

/// An extent: known, once the batch is.
LogicalResult qbias::pytorchimport::importSymSize(NodeView &node) {
  ImportedTensor *input = node.getInput("self");
  int64_t dim = 0;
  if (!input || failed(node.need("dim", dim)))
    return failure();
  SmallVector<int64_t> shape = input->getShape();
  FailureOr<int64_t> axis = node.normalizeAxis(dim, shape.size());
  if (failed(axis))
    return failure();
  node.getImporter().defineInteger(node.getNode().name(), shape[*axis]);
  return success();
}

LogicalResult qbias::pytorchimport::importIntegerArithmetic(NodeView &node) {
  int64_t a = 0, b = 0, result = 0;
  if (failed(node.need("a", a)) || failed(node.need("b", b)))
    return failure();
  StringRef op = node.getOp();
  bool overflows = false;
  if (op.ends_with(".add"))
    overflows = llvm::AddOverflow(a, b, result);
  else if (op.ends_with(".sub"))
    overflows = llvm::SubOverflow(a, b, result);
  else if (op.ends_with(".mul"))
    overflows = llvm::MulOverflow(a, b, result);
  else if (b > 0)
    result = llvm::divideFloorSigned(a, b);
  else
    overflows = true;
  if (overflows)
    return node.reject("operands", "numbers with a result of 64 bits",
                       Twine(a) + " and " + Twine(b));
  node.getImporter().defineInteger(node.getNode().name(), result);
  return success();
}
