/*===- Program.h - compile and run a model in one process ---*- C -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The C interface of libqbias.so, which python/qbias is made of. Functions that
// can fail return 0 for success and 1 otherwise, with a message of the compiler
// in *message, to be released with qbias_free. A program may be used by one
// thread at a time.
//
//===----------------------------------------------------------------------===*/

#ifndef QBIAS_CAPI_PROGRAM_H
#define QBIAS_CAPI_PROGRAM_H

#include <stddef.h>
#include <stdint.h>

#define QBIAS_EXPORT __attribute__((visibility("default")))

#ifdef __cplusplus
extern "C" {
#endif

typedef struct qbias_program qbias_program;

/* Zero means the default; `size` is sizeof(qbias_options). */
typedef struct qbias_options {
  size_t size;
  const char *requant;       /* exact, or a mode of docs/Numerics.md, section 4 */
  int64_t threads;           /* that may share one run; 1 */
  int64_t batch;             /* extent of a symbolic first dimension; 1 */
  const char *const *shapes; /* NAME=1x3x224x224, ..., null: of open dimensions */
  const char *bias;          /* residue, or int32, int8, float (docs/Bias.md) */
  const char *const *layers; /* NAME=MODE, ..., null: requantization of layers */
} qbias_options;

/* One input or output. Strings and arrays belong to the program. */
typedef struct qbias_tensor {
  const char *name;
  const char *dtype; /* of one element in memory, NumPy's spelling */
  int64_t rank;
  const int64_t *shape;
  int32_t is_real;   /* the model's own end is float32 */
  int32_t is_unused; /* an input nothing reads */
  /* Quantized: real = (q - zero_point) * scale, for q in min .. max; with channels > 0
     that is the first channel's pair, and scales and offsets hold scales and zero points.
   */
  int32_t is_quantized;
  double scale;
  int64_t zero_point, min, max;
  /* Else an accumulator: real = acc * scales[c] + offsets[c] along `axis` (-1: one
     pair for all), before the steps that only float outputs take. */
  int64_t axis, channels;
  const double *scales, *offsets;
} qbias_tensor;

/* Reads a model (the content tells its format), compiles it for this machine. Where it
   succeeds with warnings, they are in *message, which is left alone otherwise. */
QBIAS_EXPORT int qbias_compile(const char *path, const qbias_options *options,
                               qbias_program **program, char **message);
QBIAS_EXPORT void qbias_release(qbias_program *program);
QBIAS_EXPORT void qbias_free(char *text);

QBIAS_EXPORT int64_t qbias_num_inputs(const qbias_program *program);
QBIAS_EXPORT int64_t qbias_num_outputs(const qbias_program *program);
QBIAS_EXPORT void qbias_get_input(const qbias_program *program, int64_t index,
                                  qbias_tensor *tensor);
QBIAS_EXPORT void qbias_get_output(const qbias_program *program, int64_t index,
                                   qbias_tensor *tensor);

/* Runs `samples` samples, back to back in each array. With `raw` arrays hold the
   integers of the tensors; otherwise those of tensors that are real hold float32,
   which enters by the framework's own formula, or exactly with `exact_boundary`.
   Integers are checked against the tensor's range. */
QBIAS_EXPORT int qbias_run(qbias_program *program, int64_t samples,
                           const void *const *inputs, void *const *outputs, int32_t raw,
                           int32_t exact_boundary, char **message);

/* The report (docs/Report.md) and the certificate (docs/Certificate.md) as JSON. */
QBIAS_EXPORT int qbias_report(qbias_program *program, char **json, char **message);
QBIAS_EXPORT int qbias_certificate(qbias_program *program, char **json, char **message);

#ifdef __cplusplus
}
#endif

#endif /* QBIAS_CAPI_PROGRAM_H */
