/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* The two functions of string.h that programs use, where there is no C library. */
#include <stddef.h>
void *memcpy(void *to, const void *from, size_t count);
void *memset(void *to, int value, size_t count);
