//===- MessageJob.h ---------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The job whose ranks are processes: what the C API of each such transport
// does, whatever its messages go over.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_RUNTIME_MESSAGEJOB_H
#define COMMUTER_RUNTIME_MESSAGEJOB_H

#include "Messenger.h"

namespace commuter::rt {

/// One a transport. It starts and ends once in a process, and is never deleted:
/// messages may be under way.
class MessageJob {
public:
  using Open = Status (*)(std::unique_ptr<Port> &port);

  MessageJob(const char *transport, Open open)
      : transport(transport), open(open) {}

  // commuter_<transport>_init, _world_create and _finalize: see commuter_rt.h.
  commuter_status_t init(int32_t *outRank, int32_t *outSize);
  commuter_status_t createWorld(int32_t size,
                                const commuter_world_options_t *options,
                                commuter_world_t **outWorld);
  commuter_status_t finalize(int64_t timeoutMs);

  /// Whether the host has asked for it.
  bool isStarted();

  // For another transport, which meets by this job's messages.
  Status start(Messenger *&messenger);
  Status createWorld(int32_t size, const commuter_world_options_t *options,
                     const MakeCarrier &makeCarrier,
                     commuter_world_t **outWorld);

private:
  const char *const transport;
  const Open open;
  std::mutex mutex;
  // Guarded by the mutex.
  bool hasStarted = false, hasEnded = false;
  Status failure; // of the start
  Status ending;
  std::unique_ptr<Messenger> messenger;
};

/// Those of the transports.
MessageJob &mpiJob();
MessageJob &tcpJob();

} // namespace commuter::rt

#endif // COMMUTER_RUNTIME_MESSAGEJOB_H
