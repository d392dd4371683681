/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* What a test program needs on a bare Cortex-M under qemu-system-arm: vectors, start, files of
   the host by semihosting (operations and parameter blocks as in Arm's "Semihosting for
   AArch32 and AArch64", 2.0), and the functions that compilers call. */
#include <stdio.h>
#include <stdint.h>
#include <string.h>

enum { SYS_OPEN = 1, SYS_CLOSE = 2, SYS_WRITE = 5, SYS_READ = 6, SYS_GET_CMDLINE = 0x15,
       SYS_EXIT_EXTENDED = 0x20, ADP_STOPPED_APPLICATION_EXIT = 0x20026 };
enum { FILES = 4, ARGUMENTS = 4, LINE = 1024 };

int main(int argc, char **argv);
static FILE handles[FILES];
static char line[LINE];

static int host(int operation, const void *block) {
  register int r0 __asm__("r0") = operation;
  register const void *r1 __asm__("r1") = block;
  __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
  return r0;
}

FILE *fopen(const char *path, const char *mode) {
  size_t length = 0;
  while (path[length])
    ++length;
  const uintptr_t block[] = {(uintptr_t)path, mode[0] == 'r' ? 1 : 5, length}; /* rb, wb */
  const int handle = host(SYS_OPEN, block);
  for (int i = 0; handle >= 0 && i < FILES; ++i)
    if (!handles[i]) {
      handles[i] = handle + 1;
      return &handles[i];
    }
  return NULL;
}

/* Both answer with the bytes that are left. */
size_t fread(void *to, size_t size, size_t count, FILE *file) {
  const uintptr_t block[] = {(uintptr_t)(*file - 1), (uintptr_t)to, size * count};
  return host(SYS_READ, block) ? 0 : count;
}

size_t fwrite(const void *from, size_t size, size_t count, FILE *file) {
  const uintptr_t block[] = {(uintptr_t)(*file - 1), (uintptr_t)from, size * count};
  return host(SYS_WRITE, block) ? 0 : count;
}

int fclose(FILE *file) {
  const uintptr_t block[] = {(uintptr_t)(*file - 1)};
  return host(SYS_CLOSE, block);
}

void *memcpy(void *to, const void *from, size_t count) {
  for (volatile char *t = to; count > 0; --count)
    *t++ = *(const char *)from, from = (const char *)from + 1;
  return to;
}

void *memset(void *to, int value, size_t count) {
  for (volatile char *t = to; count > 0; --count)
    *t++ = (char)value;
  return to;
}

/* The names and argument orders of Arm's run-time ABI. */
void __aeabi_memcpy(void *to, const void *from, size_t count) { memcpy(to, from, count); }
void __aeabi_memcpy4(void *to, const void *from, size_t count) { memcpy(to, from, count); }
void __aeabi_memcpy8(void *to, const void *from, size_t count) { memcpy(to, from, count); }
void __aeabi_memset(void *to, size_t count, int value) { memset(to, value, count); }
void __aeabi_memset4(void *to, size_t count, int value) { memset(to, value, count); }
void __aeabi_memset8(void *to, size_t count, int value) { memset(to, value, count); }
void __aeabi_memclr(void *to, size_t count) { memset(to, 0, count); }
void __aeabi_memclr4(void *to, size_t count) { memset(to, 0, count); }
void __aeabi_memclr8(void *to, size_t count) { memset(to, 0, count); }

/* Quotient towards zero, bit by bit. */
int64_t divide_signed(int64_t n, int64_t d, int64_t *rest) {
  uint64_t left = n < 0 ? 0 - (uint64_t)n : (uint64_t)n, by = d < 0 ? 0 - (uint64_t)d : (uint64_t)d;
  uint64_t quotient = 0, part = 0;
  for (int bit = 63; bit >= 0; --bit) {
    part = part << 1 | (left >> bit & 1);
    if (part >= by) {
      part -= by;
      quotient |= UINT64_C(1) << bit;
    }
  }
  *rest = (int64_t)(n < 0 ? 0 - part : part);
  return (int64_t)((n < 0) != (d < 0) ? 0 - quotient : quotient);
}

/* Quotient in r0 and r1, rest in r2 and r3. */
__attribute__((naked)) void __aeabi_ldivmod(void) {
  __asm__("push {r4, lr}\n sub sp, #16\n add r4, sp, #8\n str r4, [sp]\n bl divide_signed\n"
          "ldrd r2, r3, [sp, #8]\n add sp, #16\n pop {r4, pc}");
}

static void leave(int code) {
  const uintptr_t block[] = {ADP_STOPPED_APPLICATION_EXIT, (uintptr_t)code};
  for (;;)
    host(SYS_EXIT_EXTENDED, block);
}

static void fault(void) { leave(99); }

void start(void) {
  char *arguments[ARGUMENTS] = {NULL};
  int count = 0;
  uintptr_t block[] = {(uintptr_t)line, LINE};
  if (host(SYS_GET_CMDLINE, block))
    leave(98);
  for (char *c = line; *c && count < ARGUMENTS; ++c) {
    arguments[count++] = c;
    while (*c && *c != ' ')
      ++c;
    if (!*c)
      break;
    *c = 0;
  }
  leave(main(count, arguments));
}

/* Initial stack, reset, NMI, hard fault, ... */
extern char stack_top[];
__attribute__((section(".vectors"), used)) static const void *const vectors[] = {
    stack_top, (void *)start, (void *)fault, (void *)fault, (void *)fault, (void *)fault,
    (void *)fault};
