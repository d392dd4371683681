//===- FormGroups.cpp - epilogues that kernels can compute ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What alone reads a requantized result and needs 32 bits, as a residual sum does,
// becomes part of the epilogue, and a table of bytes the last part, where the target has
// instructions for it:
//
//   %1 = linalg.generic ins(%sums, ...)      i32 -> i8
//   %2 = linalg.generic ins(%1, %x, ...)     i8, i8 -> i8    =>  one operation
//
// An epilogue without a vector form (a table of sums) leaves the group; sums are stored:
//
//   %1 = linalg.generic ins(%sums)           i32 -> i32, the identity
//   %2 = linalg.generic ins(%1, ...)         i32 -> i8
//
//===----------------------------------------------------------------------===//

#include "Group.h"

#include "qbias/Codegen/Passes.h"
#include "qbias/Codegen/Target.h"
#include "qbias/Dialect/QBias/IR/Names.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace qbias {
#define GEN_PASS_DEF_FORMGROUPS
#include "qbias/Codegen/Passes.h.inc"
} // namespace qbias

using namespace mlir;
using namespace qbias;

namespace {

struct FormGroups : qbias::impl::FormGroupsBase<FormGroups> {
  using FormGroupsBase::FormGroupsBase;
  void runOnOperation() override;
};

} // namespace

/// The operand through which an operation alone reads `epilogue` and may become part
/// of it; null when there is none.
static OpOperand *findFollower(linalg::GenericOp epilogue, bool takesTables) {
  Value result = epilogue.getResult(0);
  if (!result.hasOneUse())
    return nullptr;
  OpOperand &use = *result.use_begin();
  auto user = dyn_cast<linalg::GenericOp>(use.getOwner());
  if (!user || !user.isDpsInput(&use))
    return nullptr;
  std::string reason;
  std::optional<VectorEpilogue> form = VectorEpilogue::match(user, result, reason);
  bool isSame = user.getResult(0).getType() == result.getType();
  bool isTaken = form && form->canFollow() && (takesTables || !form->hasTable());
  return isTaken && isSame ? &use : nullptr;
}

/// Makes what follows the epilogue of `contraction` part of it, as far as that goes.
static void takeFollowers(RewriterBase &rewriter, Operation *contraction,
                          bool takesTables) {
  std::string reason;
  while (std::optional<Group> group = Group::match(contraction, reason)) {
    bool isOpen = group->epilogue->isNarrow() && !group->epilogue->hasTable();
    OpOperand *operand = isOpen ? findFollower(group->epilogueOp, takesTables) : nullptr;
    if (!operand)
      return;
    Location follower = operand->getOwner()->getLoc();
    if (!fuseWithProducer(rewriter, *operand))
      return;
    addStore(contraction, follower);
  }
}

/// Puts an identity between sums and an epilogue without a vector form, where that
/// makes a group.
static void storeSums(RewriterBase &rewriter, Operation *contraction) {
  Value sums;
  linalg::GenericOp epilogue = findEpilogue(contraction, sums);
  std::string reason;
  if (!epilogue || VectorEpilogue::match(epilogue, sums, reason))
    return;
  auto type = cast<RankedTensorType>(sums.getType());
  rewriter.setInsertionPoint(epilogue);
  Location loc = contraction->getLoc();
  AffineMap identity = rewriter.getMultiDimIdentityMap(type.getRank());
  SmallVector<utils::IteratorType> iterators(type.getRank(),
                                             utils::IteratorType::parallel);
  Value empty =
      tensor::EmptyOp::create(rewriter, loc, type.getShape(), type.getElementType());
  auto stored = linalg::GenericOp::create(
      rewriter, loc, type, sums, empty, ArrayRef<AffineMap>{identity, identity},
      iterators, [&](OpBuilder &inner, Location, ValueRange arguments) {
        linalg::YieldOp::create(inner, loc, arguments[0]);
      });
  rewriter.replaceUsesWithIf(sums, stored.getResult(0),
                             [&](OpOperand &use) { return use.getOwner() == epilogue; });
  if (Group::match(contraction, reason))
    return;
  rewriter.replaceOp(stored, sums);
  rewriter.eraseOp(empty.getDefiningOp());
}

void FormGroups::runOnOperation() {
  std::optional<Target> target = Target::get(getOperation(), triple, cpu, features);
  if (!target)
    return signalPassFailure();
  IRRewriter rewriter(&getContext());
  SmallVector<Operation *> contractions;
  getOperation().walk([&](Operation *op) {
    if (isContraction(op))
      contractions.push_back(op);
  });
  for (Operation *op : contractions) {
    storeSums(rewriter, op);
    takeFollowers(rewriter, op, ByteTable::isSupported(*target));
  }
}
