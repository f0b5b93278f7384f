/* A machine with a C library: memory from the heap, so that a sanitizer sees every byte beyond it. */
#include <stdio.h>
#include <stdlib.h>
#include "machine.h"

static void *taken[4096];
static int count;

void put(const char *text) { fputs(text, stdout); }
void *take(size_t bytes) {
  void *p = malloc(bytes);
  if ((p == NULL && bytes > 0) || count == 4096) exit(4);
  return taken[count++] = p;
}
void give_back(void) {
  while (count > 0) free(taken[--count]);
}
