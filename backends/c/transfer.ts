/**
 * Copies by the caller's engine, as C text: the interface that a caller implements (fovea_dma.h) and the little that
 * kernels keep about copies under way. Guarantees: neighbouring rows go as one copy; a tile is not read before its
 * channel was waited for; after a failure no channel is left copying into a workspace that is the caller's again.
 */
import type { Helper } from "./math.ts";

/** Rows of one half of the stage, and the channels that kernels use: two for its halves, the others for tiles. */
export const stageRows = 8;
export const channels = 4;

export const transfer: Helper = {
  text: `/* Copies under way: the one that may still grow, and a bit for each channel that nobody has waited for. */
typedef struct {
  const fovea_dma *dma;
  unsigned char *to;
  const unsigned char *from;
  size_t bytes;
  uint32_t channel;
  uint32_t busy;
  int32_t failed;
} fovea_transfer;

static void fovea_begin(fovea_transfer *t) {
  if (t->bytes == 0) return;
  if (t->failed == 0) {
    t->busy |= (uint32_t)1 << t->channel;
    if (t->dma->start(t->dma->context, t->channel, t->to, t->from, t->bytes) != 0) t->failed = 1;
  }
  t->bytes = 0;
}

static void fovea_fetch(fovea_transfer *t, uint32_t channel, void *to, const void *from, size_t bytes) {
  unsigned char *const near = (unsigned char *)to;
  const unsigned char *const far = (const unsigned char *)from;
  if (bytes == 0) return;
  if (t->bytes > 0 && t->channel == channel && near == t->to + t->bytes && far == t->from + t->bytes) {
    t->bytes += bytes;
    return;
  }
  fovea_begin(t);
  t->to = near;
  t->from = far;
  t->bytes = bytes;
  t->channel = channel;
}

/* Waits for a channel. After a failure it waits for all, so that none writes once the workspace is given back. */
static int32_t fovea_arrive(fovea_transfer *t, uint32_t channel) {
  const uint32_t bit = (uint32_t)1 << channel;
  fovea_begin(t);
  if (t->failed == 0 && (t->busy & bit) != 0) {
    t->busy &= ~bit;
    if (t->dma->wait(t->dma->context, channel) != 0) t->failed = 1;
  }
  if (t->failed == 0) return 0;
  for (uint32_t n = 0; n < ${channels}u; n++) {
    if (((t->busy >> n) & 1u) != 0) (void)t->dma->wait(t->dma->context, n);
  }
  t->busy = 0;
  return 1;
}`,
};

export const dmaHeader = `/* SPDX-License-Identifier: 0BSD */
/*
 * How a kernel asks for copies from far to near memory. start begins a copy of bytes on a channel and may return
 * before it is done; wait returns when every copy that was started on the channel is. Both give 0 where all went
 * well. Kernels use channels 0 to ${channels - 1}; copies on different channels may run at once and in any order. Addresses and
 * bytes are multiples of 4, of 2 where a tensor is f16 or bf16. context is handed to both as it is.
 */
#ifndef FOVEA_DMA_H
#define FOVEA_DMA_H

#include <stddef.h>
#include <stdint.h>

typedef struct fovea_dma {
  void *context;
  int32_t (*start)(void *context, uint32_t channel, void *to, const void *from, size_t bytes);
  int32_t (*wait)(void *context, uint32_t channel);
} fovea_dma;

#endif
`;
