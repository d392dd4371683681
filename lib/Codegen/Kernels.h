//===- Kernels.h - kernels that compute a group ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_LIB_CODEGEN_KERNELS_H
#define QBIAS_LIB_CODEGEN_KERNELS_H

#include "Group.h"

#include "qbias/Codegen/Target.h"

namespace qbias {

/// How a kernel multiplies and adds.
///
///   dot8    sums of four products of u8 and s8 in one instruction (vpdpbusd);
///           inputs are moved by 128, the weights' sum corrects the bias
///   dot8s   the same of s8 and s8 (sdot)
///   pair16  sums of two products of s16 (vpmaddwd, vpdpwssd, smlal)
///   pair8   16-bit sums of two products of u8 and s8 that are proven not to saturate
///           (vpmaddubsw), then of two of these (vpmaddwd by 1)
///   mmla8   sums of eight products of s8 and s8, of two pixels and two channels
///           (smmla): the sums of two pixels are [pixel][channel] in one register for
///           the first half of a vector's channels, in another for the second
///   tile8   sums of up to 64 products of s8 and s8, of 16 pixels and 16 channels
///           (tdpbssd): TileKernel.cpp
enum class DotKind { Dot8, Dot8Signed, Pair16, Pair8, Mmla8, Tile8 };

/// A dot step on one register.
struct DotStep {
  DotKind kind;
  int64_t lanes; ///< 32-bit sums in a register
  int64_t registers;
  int64_t slices; ///< threads that share the work of a kernel
  bool hasAvx2;   ///< vpmaddwd, saturating packs
  /// Of a weight in memory: what inputBits() says, or less, widened when it is read.
  unsigned weightBits = 8;
  /// What is added to weights of four bits, two to a byte; none: whole elements.
  std::optional<int64_t> weightOffset = std::nullopt;
  /// What is added to every input: the bias is corrected by it.
  int64_t inputOffset = 0;
  /// No moved input is larger in magnitude.
  int64_t largestInput = 128;

  int64_t group() const {
    return kind == DotKind::Pair16 ? 2 : kind == DotKind::Mmla8 ? 8 : 4;
  }
  unsigned inputBits() const { return kind == DotKind::Pair16 ? 16 : 8; }

  /// Weights of one register.
  int64_t width() const { return lanes * group(); }
  /// Weights in so many bytes of memory.
  int64_t weightsIn(int64_t bytes) const {
    return bytes * 8 / (weightOffset ? 4 : weightBits);
  }
  /// `count` inputs from `at` on, fewer than a group, in every lane.
  mlir::Value assemble(KernelBuilder &kernel, mlir::Value inputs, mlir::Value at,
                       int64_t count) const;
  /// The register of weights from place `at` on, in the buffer that makeConstants()
  /// made of packed ones.
  mlir::Value loadWeights(KernelBuilder &kernel, mlir::Value buffer,
                          mlir::Value at) const;
  /// Asks for the cache line of the weights at a place.
  void prefetchWeights(KernelBuilder &kernel, mlir::Value buffer, mlir::Value at) const;
  /// Asks for `count` weights some 4 KB behind a place, up to the `last` one: of a
  /// stream that is read once, which hardware does not follow past a page.
  void askAhead(KernelBuilder &kernel, mlir::Value buffer, mlir::Value at, int64_t count,
                int64_t last) const;
  /// sums + products of `lanes` groups. Of pair8, sums of 16 bits, or none yet (null).
  mlir::Value emit(KernelBuilder &kernel, mlir::Value sums, mlir::Value inputs,
                   mlir::Value weights) const;
  /// sums + sums of fewer bits.
  mlir::Value addPartial(KernelBuilder &kernel, mlir::Value sums,
                         mlir::Value partial) const;

private:
  mlir::Value multiplyPairs(KernelBuilder &kernel, mlir::Value a, mlir::Value b) const;
};

/// The buffers of a kernel, by what they hold.
struct KernelBuffers {
  KernelBuffers() = default;
  KernelBuffers(const Group &group, mlir::ValueRange buffers, size_t scratches);

  mlir::Value x, weight, bias;
  mlir::ValueRange arrays;   ///< constants of the epilogue
  mlir::ValueRange elements; ///< operands of the epilogue
  mlir::ValueRange scratch;
  mlir::ValueRange results; ///< in every form
};

/// Where pixel (image, row, column) of a group's results is counted, past the padding
/// around its image.
mlir::Value resultAt(KernelBuilder &kernel, const Group &group, mlir::Value image,
                     mlir::Value row, mlir::Value column);
/// How far from there every form has the pixels of a row; null: it has them there.
using Shifts = KernelBuilder::Values;
Shifts shiftsAt(KernelBuilder &kernel, const Group &group, mlir::Value image,
                mlir::Value row);
/// The same of the row that is `rows` below that of `shifts`.
Shifts shiftsBelow(KernelBuilder &kernel, const Group &group, mlir::ValueRange shifts,
                   int64_t rows);
/// Of sums [pixel][vector], the largest of each window of pixels, lane by lane.
KernelBuilder::Values takeLargest(KernelBuilder &kernel, const Group &group,
                                  mlir::ValueRange sums, int64_t vectors);
/// Fills the padding around the images of `y`, which is a form of the results.
void fillPadding(KernelBuilder &kernel, const Group &group, const ResultForm &form,
                 mlir::Value y);

/// Stores `count` lanes of results from `first` on, as wide as the elements of `y`.
void storeResults(KernelBuilder &kernel, mlir::Value results, mlir::Value y,
                  mlir::Value at, int64_t count, int64_t first = 0);
/// The same in every form. The first is the one that the epilogue makes.
void storeForms(KernelBuilder &kernel, const Group &group, mlir::Value results,
                mlir::ValueRange forms, mlir::Value at, mlir::ValueRange shifts,
                int64_t count, int64_t first = 0);

/// `packed`, of which parts of vectors are stored. LLVM 22 does not end on 8 of 16 bytes
/// taken from a permutation that it sees.
mlir::Value hideParts(KernelBuilder &kernel, mlir::Value packed, bool hasParts);

/// Where results of a tile go: requantizes vectors of sums and stores them.
class ResultStore {
public:
  /// `inOrder`: channels have the order in which packs put vectors together.
  ResultStore(KernelBuilder &kernel, const Group &group, DotStep step,
              const KernelBuffers &memory, bool inOrder = false)
      : kernel(kernel), group(group), memory(memory), lanes(step.lanes),
        packs(step.hasAvx2 && group.epilogue->canPack()), inOrder(inOrder) {}

  /// In the row of the results that come next.
  void setShifts(Shifts ofRow) { shifts = std::move(ofRow); }
  /// The first `valid` results of `sums` belong at `at`. `follows`: right behind
  /// the vector before, which is full.
  void add(mlir::Value sums, const KernelBuilder::Values &loaded, mlir::Value at,
           int64_t valid, bool follows = false);
  /// Stores what add() still holds.
  void flush();

private:
  struct Entry {
    mlir::Value sums, at;
    Shifts shifts;
    int64_t valid;
    bool follows;
  };

  KernelBuilder &kernel;
  const Group &group;
  const KernelBuffers &memory;
  Shifts shifts;
  int64_t lanes;
  bool packs, inOrder;
  llvm::SmallVector<Entry> waiting;
  llvm::SmallVector<KernelBuilder::Values> loadedOf, elementsOf;
};

/// A kernel as a function of flat buffers: the input, constants, elementwise
/// operands of the epilogue, scratch, the result in every form.
/// Its work is a range of independent units that slices share.
class Kernel {
public:
  virtual ~Kernel() = default;
  /// Equal keys, equal code.
  virtual std::string getKey() const = 0;
  /// Weights, bias and arrays in the order the code reads them.
  virtual llvm::SmallVector<mlir::ElementsAttr> packConstants(llvm::StringRef name) = 0;
  /// Element width of the input buffer.
  virtual unsigned inputBits() const = 0;
  /// What a slice does: units begin .. end - 1. All are index values.
  struct Share {
    mlir::Value begin, end, slice;
  };
  virtual int64_t getUnits() const = 0;
  /// Memory a slice needs for itself, in front of the result.
  struct Scratch {
    int64_t elements;
    unsigned bits;
  };
  virtual llvm::SmallVector<Scratch> getScratch() const { return {}; }
  /// Emits the body. `buffers` as above, all of one dimension; scratch holds that
  /// of every slice.
  virtual void emit(KernelBuilder &builder, mlir::ValueRange buffers, Share share) = 0;
};

/// The constants of a kernel: weights as it reads them, the bias corrected for
/// what `step` adds to inputs, or as given, the arrays of the epilogue. `order` has the
/// channel of every lane, -1 for none. An empty one: channels in turn.
llvm::SmallVector<mlir::ElementsAttr> makeConstants(const Group &group, DotStep step,
                                                    llvm::ArrayRef<int64_t> packed,
                                                    llvm::StringRef name,
                                                    llvm::ArrayRef<int64_t> order = {});
llvm::SmallVector<mlir::ElementsAttr> makeConstants(const Group &group, DotStep step,
                                                    llvm::ArrayRef<int64_t> packed,
                                                    llvm::ArrayRef<int64_t> bias,
                                                    llvm::ArrayRef<int64_t> order,
                                                    llvm::StringRef name);

/// Takes apart bytes of packNibbles(): each unit is `block` integers.
void emitUnpacking(KernelBuilder &kernel, mlir::Value bytes, mlir::Value integers,
                   Kernel::Share share, int64_t block, int64_t offset);

/// A copy of images into the form that a kernel reads.
struct Copy {
  /// Of the images that `pad` reads, with what it puts around them; nullopt for others,
  /// or elements that kernels do not read.
  static std::optional<Copy> match(mlir::tensor::PadOp pad);
  /// Takes what makes `source` into the copy: planes of few channels that are put
  /// together, an addition to every element.
  void takeSource(mlir::Value &source);

  Group images;            ///< extents, and `outer` around them
  bool fromPlanes = false; ///< one for every channel, not pixel by pixel
  int64_t added = 0;       ///< to every element, modulo its bits
};
/// Takes the constant that alone makes `source`, by an addition to every element, to
/// `added`, and what it is added to in place of it; false where that is something else.
bool takeAddition(mlir::Value &source, int64_t &added);
/// Copies, sign-extended where the result has wider elements.
std::unique_ptr<Kernel> makeCopyKernel(const Copy &copy);

/// A max pool.
struct Pool {
  /// nullopt where extents, or what windows start from, are not known.
  static std::optional<Pool> match(mlir::linalg::PoolingNhwcMaxOp op);

  Group images;  ///< extents of the windows as those of a convolution
  int64_t start; ///< no result is less
};
std::unique_ptr<Kernel> makePoolKernel(const Pool &pool);
/// The plan of max pools that have a kernel of their own.
inline constexpr llvm::StringLiteral kPoolPlan = "pool";
/// Dense contractions: convolutions, matrix products.
std::unique_ptr<Kernel> makeDenseKernel(const Group &group, DotStep step);
/// "" when F(4x4, 3x3) is proven exact for a convolution, else why not.
std::string checkWinograd(const Group &group);
/// Cycles until so many bytes of weights are read from memory, by all slices: they
/// share one way there. 14.5 GB/s were measured on Zen 3 and Emerald Rapids. Weights
/// that are read again in the same layer are held by a cache where they fit.
double streamCycles(double bytes, bool isReadAgain = true);
/// Cycles of that kernel until its last slice is done, roughly.
double estimateWinograd(const Group &group, DotStep step);
/// 3x3 convolutions by F(4x4, 3x3) on 16-bit pairs, exact modulo 2^32.
std::unique_ptr<Kernel> makeWinogradKernel(const Group &group, DotStep step);
/// Depthwise convolutions that this kernel takes: the channels of one input channel
/// are in one vector.
bool isDepthwiseKernel(const Group &group, DotStep step);
std::unique_ptr<Kernel> makeDepthwiseKernel(const Group &group, DotStep step);

} // namespace qbias

#endif // QBIAS_LIB_CODEGEN_KERNELS_H
