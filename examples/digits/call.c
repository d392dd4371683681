// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Calls the compiled digits program from C; see docs/Abi.md for the commands.

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

// Inputs and outputs in the file's order, then the workspace.
int digits_run(const uint8_t *image, uint8_t *scores, void *workspace, size_t bytes);

// Scale and zero point of the input, from `qbias report`; the workspace may be larger
// than totals.workspace_bytes says.
static const float kScale = 0.007843137718737125f;
static const int kZeroPoint = 128;
enum { kPixels = 64, kClasses = 10, kWorkspaceBytes = 1 << 16 };

// Ink from 0 to 16: the first test image, a 0.
// clang-format off
static const unsigned char kInk[kPixels] = {
     0,  0,  5, 16, 10,  0,  0,  0,
     0,  0,  8, 16, 16,  5,  0,  0,
     0,  0, 14, 14,  1, 12,  0,  0,
     0,  0, 15, 10,  0,  7,  4,  0,
     0,  2, 16,  7,  0,  2,  9,  0,
     0,  2, 16,  8,  0,  6, 11,  0,
     0,  1, 12, 14, 14, 16,  5,  0,
     0,  0,  4, 15, 16,  8,  1,  0,
};
// clang-format on

static uint8_t workspace[kWorkspaceBytes] __attribute__((aligned(64)));

// What ONNX says about QuantizeLinear: round(x / s) + z, ties to even, saturated.
static uint8_t quantize(float x) {
  float q = nearbyintf(x / kScale) + kZeroPoint;
  return (uint8_t)(q < 0 ? 0 : q > 255 ? 255 : q);
}

int main(void) {
  uint8_t image[kPixels], scores[kClasses];
  for (int i = 0; i < kPixels; ++i)
    image[i] = quantize(kInk[i] / 8.0f - 1.0f);
  int status = digits_run(image, scores, workspace, sizeof workspace);
  int best = 0;
  for (int i = 1; i < kClasses; ++i)
    best = scores[i] > scores[best] ? i : best;
  printf("status %d, class %d, scores", status, best);
  for (int i = 0; i < kClasses; ++i)
    printf(" %d", scores[i]);
  printf("\nnull pointer: %d\n", digits_run(NULL, scores, workspace, sizeof workspace));
  printf("misaligned: %d\n",
         digits_run(image, scores, workspace + 1, sizeof workspace - 1));
  printf("workspace too small: %d\n", digits_run(image, scores, workspace, 64));
  printf("overlapping: %d\n", digits_run(image, image + 8, workspace, sizeof workspace));
  return status;
}
