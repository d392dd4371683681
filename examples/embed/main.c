/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Reads an 8x8 image (.pgm, plain text) and prints the digit on it. */
#include "digits.h"

#include <stdio.h>

static uint8_t image[digits_x_ELEMENTS], scores[digits_y_ELEMENTS];
#if defined(__GNUC__)
__attribute__((aligned(digits_WORKSPACE_ALIGNMENT)))
#endif
static uint8_t workspace[digits_WORKSPACE_BYTES];

/* The network was trained on ink from -1 (none) to 1. */
static int read_image(const char *path, float *pixels) {
  int width = 0, height = 0, most = 0, value = 0, i;
  FILE *file = fopen(path, "r");
  if (!file)
    return 0;
  if (fscanf(file, "P2 %d %d %d", &width, &height, &most) != 3 || most < 1 ||
      width * height != digits_x_ELEMENTS) {
    fclose(file);
    return 0;
  }
  for (i = 0; i < digits_x_ELEMENTS && fscanf(file, "%d", &value) == 1; ++i)
    pixels[i] = 2.0f * (float)value / (float)most - 1.0f;
  fclose(file);
  return i == digits_x_ELEMENTS;
}

int main(int argc, char **argv) {
  float pixels[digits_x_ELEMENTS];
  int i, best = 0, status;
  if (argc != 2 || !read_image(argv[1], pixels)) {
    fprintf(stderr, "usage: digit IMAGE.pgm, plain text (P2), 8 x 8\n");
    return 2;
  }
  digits_quantize_x(pixels, image);
  status = digits_run(image, scores, workspace, sizeof workspace);
  if (status) {
    fprintf(stderr, "digits_run returned %d\n", status);
    return 1;
  }
  for (i = 1; i < digits_y_ELEMENTS; ++i)
    if (scores[i] > scores[best])
      best = i;
  printf("%d\n", best);
  return 0;
}
