/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* The part of stdio.h that test programs use, over semihosting (semihosting.c). */
#include <stddef.h>
typedef int FILE; /* handle + 1 */
FILE *fopen(const char *path, const char *mode);
size_t fread(void *to, size_t size, size_t count, FILE *file);
size_t fwrite(const void *from, size_t size, size_t count, FILE *file);
int fclose(FILE *file);
