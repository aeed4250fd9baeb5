//===- Buffer.cpp -----------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Buffers: a 64-byte header in front of each block ties it to its context's
// tracker, so that any thread can free it, even when the context is gone.
//
//===----------------------------------------------------------------------===//

#include "Objects.h"

#include <cstdio>
#include <cstdlib>

using namespace commuter::rt;

namespace commuter::rt {
struct BufferHeader {
  uint64_t magic;
  BufferTracker *tracker;
  Device *device;
  void *block; // what the device returned
  size_t size;
  uint64_t run; // the run that allocated it, 0: none
  BufferHeader *previous, *next;
};
} // namespace commuter::rt

static_assert(sizeof(BufferHeader) == 64, "keeps the data 64-byte aligned");
static constexpr uint64_t kLive = 0x66756265766c6976;
static constexpr uint64_t kFreed = 0x6675626565657266;

static void *dataOf(BufferHeader *buffer) { return buffer + 1; }

static void destroy(BufferHeader *buffer) {
  BufferTracker *tracker = buffer->tracker;
  buffer->magic = kFreed;
  buffer->device->deallocate(buffer->block);
  tracker->release();
}

void BufferTracker::release() {
  if (references.fetch_sub(1, std::memory_order_acq_rel) == 1)
    delete this;
}

void BufferTracker::add(BufferHeader *buffer) {
  retain();
  std::lock_guard<std::mutex> lock(mutex);
  buffer->previous = nullptr;
  buffer->next = first;
  if (first)
    first->previous = buffer;
  first = buffer;
  ++liveBuffers;
  liveBytes += static_cast<int64_t>(buffer->size);
  if (liveBytes > peakBytes)
    peakBytes = liveBytes;
}

void BufferTracker::remove(BufferHeader *buffer) {
  std::lock_guard<std::mutex> lock(mutex);
  (buffer->previous ? buffer->previous->next : first) = buffer->next;
  if (buffer->next)
    buffer->next->previous = buffer->previous;
  --liveBuffers;
  liveBytes -= static_cast<int64_t>(buffer->size);
}

void BufferTracker::freeSince(uint64_t run) {
  BufferHeader *doomed = nullptr;
  {
    std::lock_guard<std::mutex> lock(mutex);
    for (BufferHeader *buffer = first; buffer;) {
      BufferHeader *next = buffer->next;
      if (buffer->run >= run) {
        (buffer->previous ? buffer->previous->next : first) = next;
        if (next)
          next->previous = buffer->previous;
        --liveBuffers;
        liveBytes -= static_cast<int64_t>(buffer->size);
        buffer->next = doomed;
        doomed = buffer;
      }
      buffer = next;
    }
  }
  while (doomed) {
    BufferHeader *next = doomed->next;
    destroy(doomed);
    doomed = next;
  }
}

int64_t BufferTracker::countSince(uint64_t run) const {
  std::lock_guard<std::mutex> lock(mutex);
  int64_t count = 0;
  for (BufferHeader *buffer = first; buffer; buffer = buffer->next)
    count += buffer->run >= run;
  return count;
}

void BufferTracker::read(commuter_stats_t &stats) const {
  std::lock_guard<std::mutex> lock(mutex);
  stats.live_buffers = liveBuffers;
  stats.live_bytes = liveBytes;
  stats.peak_bytes = peakBytes;
}

void BufferTracker::resetPeak() {
  std::lock_guard<std::mutex> lock(mutex);
  peakBytes = liveBytes;
}

Status commuter::rt::allocateBuffer(commuter_context_t *context,
                                    size_t alignment, size_t size,
                                    void **outData) {
  if (alignment < sizeof(BufferHeader))
    alignment = sizeof(BufferHeader);
  if (alignment & (alignment - 1))
    return fail(COMMUTER_INVALID_ARGUMENT,
                "an alignment of %zu is not a power of two", alignment);
  size_t total;
  void *block = nullptr;
  // The header takes one unit of the alignment, right in front of the data.
  if (!__builtin_add_overflow(size, alignment, &total) &&
      total <= PTRDIFF_MAX - alignment)
    block = context->device->allocate(alignment, total);
  if (!block)
    return fail(COMMUTER_OUT_OF_MEMORY, "no memory for a buffer of %zu bytes",
                size);
  auto *buffer =
      reinterpret_cast<BufferHeader *>(static_cast<char *>(block) + alignment) -
      1;
  buffer->magic = kLive;
  buffer->tracker = context->buffers;
  buffer->device = context->device;
  buffer->block = block;
  buffer->size = size;
  buffer->run = context->run;
  context->buffers->add(buffer);
  *outData = dataOf(buffer);
  return {};
}

commuter_status_t commuter_buffer_alloc(commuter_context_t *context,
                                        size_t size, void **outData) {
  return guarded(context, [&]() -> Status {
    if (!context || !outData)
      return fail(COMMUTER_INVALID_ARGUMENT, "context or out_data is NULL");
    return allocateBuffer(context, 64, size, outData);
  });
}

void commuter_buffer_free(void *data) {
  if (!data)
    return;
  BufferHeader *buffer = static_cast<BufferHeader *>(data) - 1;
  if (buffer->magic != kLive) {
    // Memory is corrupt, or the caller frees twice: nothing can be saved.
    std::fprintf(stderr, "commuter: %p is not a live buffer of the runtime\n",
                 data);
    std::abort();
  }
  buffer->tracker->remove(buffer);
  destroy(buffer);
}
