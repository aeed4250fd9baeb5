//===- Objects.h ------------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The objects behind the C API's opaque handles: world, mesh, group, context
// and the tracker of a context's buffers.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_RUNTIME_OBJECTS_H
#define COMMUTER_RUNTIME_OBJECTS_H

#include "../transport/Transport.h"
#include "Device.h"
#include "Support.h"

#include <atomic>
#include <exception>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <string>
#include <vector>

namespace commuter::rt {

struct BufferHeader;

/// Counts a context's buffers, and keeps its device. Each live buffer holds a
/// reference, so that a buffer can be freed after its context.
class BufferTracker {
public:
  explicit BufferTracker(std::shared_ptr<Device> device)
      : device(std::move(device)) {}

  void retain() { references.fetch_add(1, std::memory_order_relaxed); }
  void release();

  void add(BufferHeader *buffer);
  void remove(BufferHeader *buffer);

  /// Frees the live buffers of runs `run` and later.
  void freeSince(uint64_t run);
  int64_t countSince(uint64_t run) const;

  void read(commuter_stats_t &stats) const;
  void resetPeak();

  const std::shared_ptr<Device> device;

  struct Release {
    void operator()(BufferTracker *tracker) const { tracker->release(); }
  };

private:
  ~BufferTracker() = default;
  void unlink(BufferHeader *buffer); // needs the mutex

  std::atomic<int64_t> references{1};
  mutable std::mutex mutex;
  BufferHeader *first = nullptr;
  int64_t liveBuffers = 0, liveBytes = 0, peakBytes = 0;
};

/// Whose memory a buffer is; on the host's device they are one.
enum class Memory { Device, Host };

Status allocateBuffer(commuter_context_t *context, Memory memory,
                      size_t alignment, size_t size, void **outData);

struct Mesh {
  std::vector<std::string> axes;
  std::vector<int64_t> sizes;
};

/// The members of the group of `rank` over the axes that `spec` names, and the
/// rank's place among them.
Status resolveGroup(const std::map<std::string, Mesh, std::less<>> &meshes,
                    const char *spec, int32_t rank,
                    std::vector<int32_t> &members, int64_t &index);

/// An error if below 0; cuts what the clock could not be advanced by.
Status checkTimeout(int64_t &timeoutMs);

/// COMMUTER_TIMEOUT_MS, or a minute.
Status readTimeout(int64_t &timeoutMs);

/// Checks what every world is created from, and settles its deadline.
Status checkWorld(int32_t size, const commuter_world_options_t *options,
                  commuter_world_t **outWorld, int64_t &timeoutMs);

/// Runs `body`, records its error, and lets no exception through the C API.
template <typename Body>
commuter_status_t guarded(commuter_context_t *context, Body &&body) noexcept {
  try {
    Status status = body();
    return status.ok() ? COMMUTER_OK : recordError(context, status);
  } catch (const std::bad_alloc &) {
    return recordError(context, {COMMUTER_OUT_OF_MEMORY, "out of memory"});
  } catch (const std::exception &error) {
    return recordError(context, {COMMUTER_INTERNAL, error.what()});
  }
}

/// Checks a view of the context's device's memory: as readView.
Status readOperand(commuter_context_t *context, const commuter_view_t *source,
                   const char *what, View &view);

/// Verifies a replicated view: see commuter_program_check_replicated.
commuter_status_t checkReplicated(commuter_context_t *context,
                                  commuter_group_t *group,
                                  const commuter_view_t *view);

/// Checks both views and copies.
commuter_status_t copyViews(commuter_context_t *context,
                            const commuter_view_t *source,
                            const commuter_view_t *target);

/// What the functions of commuter_program.h do that have these names.
commuter_status_t transferViews(commuter_context_t *context,
                                const commuter_view_t *source,
                                const commuter_view_t *target);
commuter_status_t findConstant(commuter_context_t *context, const void *data,
                               int64_t size, const void **outCopy);
commuter_status_t launchKernel(commuter_context_t *context,
                               commuter_kernel_t *kernel, int64_t blocks,
                               int64_t threads, const void *arguments);

/// Frees the constants of a run: those that it has not lost in a failure.
void freeConstants(commuter_context_t *context, uint64_t run, bool isLost);

} // namespace commuter::rt

struct commuter_world_t {
  std::atomic<int64_t> references{1};
  int32_t size = 0;
  int32_t localRank = -1; // the only one in this process; -1: all are
  /// This process's number among those of its host, where each is to have a GPU
  /// of its own; -1: none is.
  int32_t gpuShare = -1;
  std::unique_ptr<commuter::rt::Transport> transport;
  /// What the ranks of this process have, once one has a context: they touch
  /// each other's memory. Under the mutex.
  std::mutex mutex;
  std::string device;
};

struct commuter_group_t {
  commuter_context_t *context;
  std::string spec;
  std::vector<int32_t> members;
  int64_t index;
  commuter::rt::Channel *channel; // null for a group of one
};

struct commuter_context_t {
  std::atomic<int64_t> references{1};
  commuter_world_t *world;
  int32_t rank;
  commuter::rt::Device *device;
  std::unique_ptr<commuter::rt::BufferTracker,
                  commuter::rt::BufferTracker::Release>
      buffers;
  std::map<std::string, commuter::rt::Mesh, std::less<>> meshes;
  std::map<std::string, std::unique_ptr<commuter_group_t>, std::less<>> groups;
  std::string error;
  commuter_stats_t stats{};
  commuter_trace_fn trace = nullptr;
  void *traceUser = nullptr;
  /// Collectives issued over groups of more than one.
  uint64_t sequence = 0;
  /// Copies of constants in the device's memory, by run and constant.
  std::map<std::pair<uint64_t, const void *>, void *> constants;
  /// What programs have of the globals that they write to, by their contents.
  std::map<const void *, std::unique_ptr<void, commuter::rt::FreeHost>> globals;
  /// The run that is active, 0 outside; and the last number given out.
  uint64_t run = 0, lastRun = 0;
  /// Of what the active program called last, in its source; or NULL.
  const char *location = nullptr;

  void emit(const char *name, const char *category, const char *group,
            int64_t start, int64_t end, int64_t bytes, int64_t rows) {
    if (!trace)
      return;
    commuter_event_t event{name, category, group, start,
                           end,  bytes,    rows,  location};
    trace(traceUser, &event);
  }
};

#endif // COMMUTER_RUNTIME_OBJECTS_H
