/* What the trial program needs of the machine it runs on. */
#ifndef MACHINE_H
#define MACHINE_H
#include <stddef.h>
#include <stdint.h>

void put(const char *text);
/* Memory of exactly that many bytes, aligned to 16 and no more than 16; all of it is given back at once. */
void *take(size_t bytes);
void give_back(void);
void *memcpy(void *to, const void *from, size_t bytes);
void *memset(void *to, int value, size_t bytes);

#endif
