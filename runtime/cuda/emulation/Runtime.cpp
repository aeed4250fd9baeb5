//===- Runtime.cpp ----------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Streams, events and memory of the emulated machine. What is put on a stream
// stays there until the host waits for it, or another stream does.
//
//===----------------------------------------------------------------------===//

#include "../Runtime.h"
#include "Machine.h"

#include <deque>
#include <memory>
#include <mutex>
#include <string>

using namespace commuter::rt::cuda;
using namespace commuter::rt::cuda::emulation;

namespace {

struct Stream {
  std::deque<Work> work;
  uint64_t submitted = 0, done = 0;
  LaunchStatus status;
  std::string message; // of the status

  /// Does the first `count` that were ever submitted.
  void runTo(uint64_t count) {
    while (done < count) {
      Work next = std::move(work.front());
      work.pop_front();
      ++done;
      LaunchStatus result = next();
      if (result.ok() || !status.ok())
        continue;
      message = result.message;
      status = {result.code, message.c_str()};
    }
  }
};

struct Event {
  std::shared_ptr<Stream> stream;
  uint64_t count = 0;
};

/// The machine has no parts that work at the same time. Recursive, since work
/// waits for other streams'.
std::recursive_mutex mutex;
typedef std::lock_guard<std::recursive_mutex> Lock;

std::shared_ptr<Stream> &asStream(void *stream) {
  return *static_cast<std::shared_ptr<Stream> *>(stream);
}
Event &asEvent(void *event) { return *static_cast<Event *>(event); }

} // namespace

LaunchStatus emulation::submit(void *stream, Work work) {
  Lock lock(mutex);
  if (!stream)
    return work();
  Stream &queue = *asStream(stream);
  queue.work.push_back(std::move(work));
  ++queue.submitted;
  return {};
}

LaunchStatus commuter::rt::cuda::useDevice(int number, int &previous) {
  previous = 0;
  if (number != 0)
    return {COMMUTER_UNSUPPORTED, "there is one emulated GPU, number 0"};
  return {};
}

LaunchStatus commuter::rt::cuda::createStream(void *&stream) {
  stream = new std::shared_ptr<Stream>(std::make_shared<Stream>());
  return {};
}
LaunchStatus commuter::rt::cuda::createEvent(void *&event) {
  event = new Event;
  return {};
}
LaunchStatus commuter::rt::cuda::createPool(int, void *&pool) {
  pool = nullptr;
  return {};
}

void commuter::rt::cuda::destroyStream(void *stream) {
  if (!stream)
    return;
  (void)synchronize(stream);
  delete &asStream(stream);
}
void commuter::rt::cuda::destroyEvent(void *event) {
  delete static_cast<Event *>(event);
}
void commuter::rt::cuda::destroyPool(void *) {}

LaunchStatus commuter::rt::cuda::recordEvent(void *event, void *stream) {
  Lock lock(mutex);
  asEvent(event) = {asStream(stream), asStream(stream)->submitted};
  return {};
}

LaunchStatus commuter::rt::cuda::awaitEvent(void *event, void *stream) {
  Lock lock(mutex);
  return submit(stream, [event = asEvent(event)]() -> LaunchStatus {
    event.stream->runTo(event.count);
    return {};
  });
}

LaunchStatus commuter::rt::cuda::synchronize(void *stream) {
  Lock lock(mutex);
  Stream &queue = *asStream(stream);
  queue.runTo(queue.submitted);
  return queue.status;
}

LaunchStatus commuter::rt::cuda::allocateMemory(void *, size_t size, void *,
                                                void *&data) {
  data = emulation::allocate(size, 0);
  if (!data)
    return {COMMUTER_OUT_OF_MEMORY, "out of memory"};
  return {};
}

LaunchStatus commuter::rt::cuda::freeMemory(void *data, void *stream) {
  return submit(stream, [=]() -> LaunchStatus {
    emulation::deallocate(data);
    return {};
  });
}

/// Copies checked lines.
static LaunchStatus copyNow(void *target, int64_t targetPitch,
                            const void *source, int64_t sourcePitch,
                            int64_t width, int64_t count) {
  for (int64_t i = 0; i < count; ++i) {
    const char *from = static_cast<const char *>(source) + i * sourcePitch;
    char *to = static_cast<char *>(target) + i * targetPitch;
    if ((isAddress(from) && !isBuffer(from, width)) ||
        (isAddress(to) && !isBuffer(to, width)))
      return {COMMUTER_INTERNAL, "a copy is outside of all buffers"};
    std::memcpy(hostOf(to), hostOf(from), static_cast<size_t>(width));
  }
  return {};
}

/// The host's memory may be another's when this returns: as CUDA does with
/// memory that is not pinned, a copy of it is not put off.
LaunchStatus commuter::rt::cuda::copyMemory(void *target, const void *source,
                                            size_t size, void *stream) {
  const auto width = static_cast<int64_t>(size);
  LaunchStatus status =
      submit(stream, [=] { return copyNow(target, 0, source, 0, width, 1); });
  return isAddress(target) && isAddress(source) ? status : synchronize(stream);
}

LaunchStatus commuter::rt::cuda::copyLines(void *target, int64_t targetPitch,
                                           const void *source,
                                           int64_t sourcePitch, int64_t width,
                                           int64_t count, void *stream) {
  return submit(stream, [=] {
    return copyNow(target, targetPitch, source, sourcePitch, width, count);
  });
}

Owner commuter::rt::cuda::ownerOf(const void *address, int) {
  return isAddress(address) ? Owner::Device : Owner::Host;
}
