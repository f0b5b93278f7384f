/* A Cortex-M55 (mps3-an547) without anything: vectors, the floating-point unit switched on, text by semihosting. */
#include "bare.h"

int main(void);
void reset(void);
void stop(void);
extern unsigned char stack_end[];

static int semihost(int what, const void *with) {
  register int x __asm__("r0") = what;
  register const void *y __asm__("r1") = with;
  __asm__ volatile("bkpt 0xab" : "+r"(x) : "r"(y) : "memory");
  return x;
}

void put(const char *text) { semihost(0x04, text); }

static void leave(int code) {
  const uint32_t why[2] = {0x20026u, (uint32_t)code};
  semihost(0x20, why);
  for (;;) {
  }
}

void stop(void) { leave(99); }

void reset(void) {
  *(volatile uint32_t *)0xe000ed88u |= 0xfu << 20;
  __asm__ volatile("dsb\n isb" ::: "memory");
  leave(main());
}

__attribute__((section(".vectors"), used)) static const void *const vectors[16] = {
    stack_end, (const void *)reset, (const void *)stop, (const void *)stop, (const void *)stop,
    (const void *)stop, (const void *)stop, (const void *)stop};

/* Arm's compilers have names of their own for memcpy and memset. */
void __aeabi_memcpy(void *to, const void *from, size_t bytes);
void __aeabi_memcpy4(void *to, const void *from, size_t bytes);
void __aeabi_memcpy8(void *to, const void *from, size_t bytes);
void __aeabi_memset(void *to, size_t bytes, int value);
void __aeabi_memclr(void *to, size_t bytes);
void __aeabi_memclr4(void *to, size_t bytes);
void __aeabi_memclr8(void *to, size_t bytes);
void __aeabi_memcpy(void *to, const void *from, size_t bytes) { memcpy(to, from, bytes); }
void __aeabi_memcpy4(void *to, const void *from, size_t bytes) { memcpy(to, from, bytes); }
void __aeabi_memcpy8(void *to, const void *from, size_t bytes) { memcpy(to, from, bytes); }
void __aeabi_memset(void *to, size_t bytes, int value) { memset(to, value, bytes); }
void __aeabi_memclr(void *to, size_t bytes) { memset(to, 0, bytes); }
void __aeabi_memclr4(void *to, size_t bytes) { memset(to, 0, bytes); }
void __aeabi_memclr8(void *to, size_t bytes) { memset(to, 0, bytes); }
