/* What machines without a C library share: memory from one piece, and the two functions that compilers call. */
#include "machine.h"

static unsigned char pool[24 << 20] __attribute__((aligned(16), section(".pool")));
static size_t used;

void *take(size_t bytes) {
  void *p = pool + used;
  used += (bytes + 15u) & ~(size_t)15;
  if (used > sizeof pool) __builtin_trap();
  return p;
}
void give_back(void) { used = 0; }

void *memcpy(void *to, const void *from, size_t bytes) {
  volatile unsigned char *t = to;
  const unsigned char *f = from;
  for (size_t n = 0; n < bytes; n++) t[n] = f[n];
  return to;
}
void *memset(void *to, int value, size_t bytes) {
  volatile unsigned char *t = to;
  for (size_t n = 0; n < bytes; n++) t[n] = (unsigned char)value;
  return to;
}
