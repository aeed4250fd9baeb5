//===- Buffer.cpp -----------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Buffers: a 64-byte header ties each block to its context's tracker, so that
// any thread can free it, even when the context is gone. It stands in front of
// the data where that is the host's memory; else a map leads to it. A device
// that has memory of its own has buffers of both kinds.
//
//===----------------------------------------------------------------------===//

#include "Objects.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <unordered_map>

using namespace commuter::rt;

namespace commuter::rt {
struct BufferHeader {
  uint64_t magic;
  BufferTracker *tracker;
  void *block;  // what was allocated
  bool isApart; // from the data, which is `block`: the device's, not the host's
  size_t size;
  uint64_t run; // the run that allocated it, 0: none
  BufferHeader *previous, *next;
};
} // namespace commuter::rt

static_assert(sizeof(BufferHeader) == 64, "keeps the data 64-byte aligned");
static constexpr uint64_t kLive = 0x66756265766c6976;
static constexpr uint64_t kFreed = 0x6675626565657266;

namespace {

/// The headers that stand apart.
class HeaderMap {
public:
  void add(BufferHeader *buffer) {
    std::lock_guard<std::mutex> lock(mutex);
    headers.emplace(buffer->block, buffer);
    count.store(headers.size(), std::memory_order_release);
  }
  void remove(BufferHeader *buffer) {
    std::lock_guard<std::mutex> lock(mutex);
    headers.erase(buffer->block);
    count.store(headers.size(), std::memory_order_release);
  }
  /// Null if there is none. Programs of the host alone take no lock.
  BufferHeader *find(void *data) {
    if (count.load(std::memory_order_acquire) == 0)
      return nullptr;
    std::lock_guard<std::mutex> lock(mutex);
    auto found = headers.find(data);
    return found == headers.end() ? nullptr : found->second;
  }

private:
  std::atomic<size_t> count{0};
  std::mutex mutex;
  std::unordered_map<void *, BufferHeader *> headers;
};

HeaderMap &headersApart() {
  static HeaderMap *map = new HeaderMap; // outlives what frees at exit
  return *map;
}

} // namespace

static void destroy(BufferHeader *buffer) {
  BufferTracker *tracker = buffer->tracker;
  buffer->magic = kFreed;
  if (buffer->isApart) {
    // Before the device gives the same address to another thread.
    headersApart().remove(buffer);
    tracker->device->deallocate(buffer->block);
    delete buffer;
  } else {
    freeHost(buffer->block);
  }
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
  unlink(buffer);
}

void BufferTracker::unlink(BufferHeader *buffer) {
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
        unlink(buffer);
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

Status commuter::rt::allocateBuffer(commuter_context_t *context, Memory memory,
                                    size_t alignment, size_t size,
                                    void **outData) {
  if (alignment < sizeof(BufferHeader))
    alignment = sizeof(BufferHeader);
  if (alignment & (alignment - 1))
    return fail(COMMUTER_INVALID_ARGUMENT,
                "an alignment of %zu is not a power of two", alignment);
  Device &device = *context->device;
  const bool isHost = memory == Memory::Host || device.isHost();
  // In front of the data the header takes one unit of the alignment.
  const size_t front = isHost ? alignment : 0;
  std::unique_ptr<BufferHeader> apart(isHost ? nullptr : new BufferHeader);
  size_t total, needed; // to align it may take as much again
  char *block = nullptr;
  if (!__builtin_add_overflow(size, alignment, &total) &&
      !__builtin_add_overflow(total, alignment, &needed) &&
      needed <= PTRDIFF_MAX)
    block = static_cast<char *>(
        isHost ? allocateHost(alignment, total)
               : device.allocate(alignment, std::max<size_t>(size, 1)));
  if (!block) {
    COMMUTER_TRY(device.failure());
    return fail(COMMUTER_OUT_OF_MEMORY, "no memory for a buffer of %zu bytes",
                size);
  }
  BufferHeader *buffer =
      isHost ? reinterpret_cast<BufferHeader *>(block + front) - 1
             : apart.get();
  buffer->magic = kLive;
  buffer->tracker = context->buffers.get();
  buffer->block = block;
  buffer->isApart = !isHost;
  buffer->size = size;
  buffer->run = context->run;
  if (apart) {
    auto deallocate = [&](void *data) { device.deallocate(data); };
    std::unique_ptr<void, decltype(deallocate)> guard(block, deallocate);
    headersApart().add(buffer);
    (void)guard.release();
    (void)apart.release();
  }
  context->buffers->add(buffer);
  *outData = block + front;
  return {};
}

commuter_status_t commuter_buffer_alloc(commuter_context_t *context,
                                        size_t size, void **outData) {
  return guarded(context, [&]() -> Status {
    if (!context || !outData)
      return fail(COMMUTER_INVALID_ARGUMENT, "context or out_data is NULL");
    return allocateBuffer(context, Memory::Device, 64, size, outData);
  });
}

/// `size` bytes of the device's memory and of the host's.
static Status checkBytes(commuter_context_t *context, const void *data,
                         const void *host, size_t size) {
  if (!context)
    return fail(COMMUTER_INVALID_ARGUMENT, "context is NULL");
  if (size == 0)
    return {};
  if (!data || !host)
    return fail(COMMUTER_INVALID_ARGUMENT, "%s is NULL",
                data ? "the host's memory" : "data");
  View bytes;
  bytes.data = static_cast<char *>(const_cast<void *>(data));
  return context->device->checkMemory(bytes, "data");
}

commuter_status_t commuter_buffer_write(commuter_context_t *context, void *data,
                                        const void *source, size_t size) {
  return guarded(context, [&]() -> Status {
    COMMUTER_TRY(checkBytes(context, data, source, size));
    return context->device->write(data, source, size);
  });
}

commuter_status_t commuter_buffer_read(commuter_context_t *context,
                                       const void *data, void *target,
                                       size_t size) {
  return guarded(context, [&]() -> Status {
    COMMUTER_TRY(checkBytes(context, data, target, size));
    return context->device->read(target, data, size);
  });
}

void commuter_buffer_free(void *data) {
  if (!data)
    return;
  BufferHeader *buffer = headersApart().find(data);
  if (!buffer)
    buffer = static_cast<BufferHeader *>(data) - 1;
  if (buffer->magic != kLive) {
    // Memory is corrupt, or the caller frees twice: nothing can be saved.
    std::fprintf(stderr, "commuter: %p is not a live buffer of the runtime\n",
                 data);
    std::abort();
  }
  buffer->tracker->remove(buffer);
  destroy(buffer);
}
