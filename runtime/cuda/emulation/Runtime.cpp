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

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include <unistd.h>

using namespace commuter::rt::cuda;
using namespace commuter::rt::cuda::emulation;

namespace {

/// The machine has no parts that work at the same time. Recursive, since work
/// waits for other streams'.
std::recursive_mutex mutex;
typedef std::lock_guard<std::recursive_mutex> Lock;

struct Stream {
  std::deque<SharedWork> work;
  uint64_t submitted = 0, done = 0;
  uint64_t lastShared = 0; // the number of the last such work
  bool isRunning = false;
  LaunchStatus status;
  std::string message; // of the status

  /// Does the first `count` that were ever submitted. False if it has to wait
  /// for other processes.
  bool runTo(uint64_t count) {
    // It waits for itself: in work that asks how far the stream is.
    if (isRunning)
      return done >= count;
    isRunning = true;
    bool isDone = true;
    while (isDone && done < count) {
      LaunchStatus result = work.front()(isDone);
      if (!result.ok() && status.ok()) {
        message = result.message;
        status = {result.code, message.c_str()};
      }
      if (isDone) {
        work.pop_front();
        ++done;
      }
    }
    isRunning = false;
    return isDone;
  }
};

struct Event {
  std::shared_ptr<Stream> stream;
  uint64_t count = 0;
};

std::shared_ptr<Stream> &asStream(void *stream) {
  return *static_cast<std::shared_ptr<Stream> *>(stream);
}
Event &asEvent(void *event) { return *static_cast<Event *>(event); }

/// Lets go of the machine for a moment.
void letGo() { std::this_thread::sleep_for(std::chrono::microseconds(20)); }

/// A thread that moves shared work on while the host is elsewhere.
void moveShared(std::shared_ptr<Stream> stream) {
  std::thread([stream = std::move(stream)] {
    for (bool isDone = false; !isDone; letGo()) {
      Lock lock(mutex);
      isDone = stream->runTo(stream->lastShared);
    }
  }).detach();
}

} // namespace

LaunchStatus emulation::submit(void *stream, Work work) {
  Lock lock(mutex);
  if (!stream)
    return work();
  Stream &queue = *asStream(stream);
  queue.work.push_back([work = std::move(work)](bool &isDone) {
    isDone = true;
    return work();
  });
  ++queue.submitted;
  return {};
}

void emulation::submitShared(void *stream, SharedWork work) {
  Lock lock(mutex);
  Stream &queue = *asStream(stream);
  const bool isMoving = queue.lastShared > queue.done;
  queue.work.push_back(std::move(work));
  queue.lastShared = ++queue.submitted;
  if (!isMoving)
    moveShared(asStream(stream));
}

LaunchStatus commuter::rt::cuda::useDevice(int number, int &previous) {
  previous = 0;
  if (number != 0)
    return {COMMUTER_UNSUPPORTED, "there is one emulated GPU, number 0"};
  return {};
}

LaunchStatus commuter::rt::cuda::countDevices(int &count) {
  count = 1;
  return {};
}

/// Each process emulates a GPU of its own, unless they are told that they share
/// one.
LaunchStatus commuter::rt::cuda::readBusId(int, char (&text)[kBusIdBytes]) {
  const char *chosen = std::getenv("COMMUTER_EMULATED_BUS_ID");
  if (chosen)
    std::snprintf(text, kBusIdBytes, "%s", chosen);
  else
    std::snprintf(text, kBusIdBytes, "emulated by process %d",
                  static_cast<int>(getpid()));
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
  Stream &queue = *asStream(stream);
  queue.work.push_back([event = asEvent(event)](bool &isDone) -> LaunchStatus {
    isDone = event.stream->runTo(event.count);
    return {};
  });
  ++queue.submitted;
  return {};
}

/// The stream moves while it is asked, by one piece of work: whoever asks again
/// and again sees it on its way.
LaunchStatus commuter::rt::cuda::queryEvent(void *event, bool &isDone) {
  Lock lock(mutex);
  const Event &asked = asEvent(event);
  isDone = !asked.stream || asked.stream->done >= asked.count;
  if (!isDone) {
    Stream &queue = *asked.stream;
    isDone = queue.runTo(queue.done + 1) && queue.done >= asked.count;
  }
  return asked.stream ? asked.stream->status : LaunchStatus();
}

LaunchStatus commuter::rt::cuda::synchronize(void *stream) {
  std::shared_ptr<Stream> queue = asStream(stream);
  for (;; letGo()) {
    Lock lock(mutex);
    if (queue->runTo(queue->submitted))
      return queue->status;
  }
}

LaunchStatus commuter::rt::cuda::allocateMemory(void *, size_t size, void *,
                                                void *&data) {
  if (size == 0)
    return {COMMUTER_INTERNAL, "memory of no bytes was asked for"};
  data = size > kMostBytes ? nullptr : emulation::allocate(size, 0);
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
