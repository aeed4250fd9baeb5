//===- MessageJob.cpp -------------------------------------------*- C++ -*-===//
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

#include "MessageJob.h"
#include "../src/Objects.h"

using namespace commuter::rt;

/// Opens the port at the first call.
Status MessageJob::start(Messenger *&started) {
  std::lock_guard<std::mutex> lock(mutex);
  if (hasEnded)
    return fail(COMMUTER_INVALID_ARGUMENT, "transport %s has ended", transport);
  if (!hasStarted) {
    hasStarted = true;
    std::unique_ptr<Port> port;
    failure = open(port);
    if (failure.ok())
      messenger = std::make_unique<Messenger>(std::move(port));
  }
  started = messenger.get();
  return failure;
}

commuter_status_t MessageJob::init(int32_t *outRank, int32_t *outSize) {
  return guarded(nullptr, [&]() -> Status {
    Messenger *messenger = nullptr;
    COMMUTER_TRY(start(messenger));
    if (outRank)
      *outRank = messenger->rank();
    if (outSize)
      *outSize = messenger->size();
    return {};
  });
}

bool MessageJob::isStarted() {
  std::lock_guard<std::mutex> lock(mutex);
  return hasStarted;
}

Status MessageJob::createWorld(int32_t size,
                               const commuter_world_options_t *options,
                               const MakeCarrier &makeCarrier,
                               commuter_world_t **outWorld) {
  int64_t timeoutMs = 0;
  COMMUTER_TRY(checkWorld(size, options, outWorld, timeoutMs));
  Messenger *messenger = nullptr;
  COMMUTER_TRY(start(messenger));
  if (size != messenger->size())
    return fail(COMMUTER_INVALID_ARGUMENT,
                "a world of %d ranks, but the job of transport %s has %d "
                "process%s",
                size, transport, messenger->size(),
                messenger->size() == 1 ? "" : "es");
  auto world = std::make_unique<commuter_world_t>();
  world->size = size;
  world->localRank = messenger->rank();
  world->transport = messenger->createWorld(timeoutMs, makeCarrier);
  *outWorld = world.release();
  return {};
}

commuter_status_t
MessageJob::createWorld(int32_t size, const commuter_world_options_t *options,
                        commuter_world_t **outWorld) {
  return guarded(nullptr, [&] {
    return createWorld(size, options, makeMessageCarrier, outWorld);
  });
}

commuter_status_t MessageJob::finalize(int64_t timeoutMs) {
  return guarded(nullptr, [&]() -> Status {
    COMMUTER_TRY(checkTimeout(timeoutMs));
    std::lock_guard<std::mutex> lock(mutex);
    if (!hasEnded && messenger) {
      ending = messenger->finalize(timeoutMs);
      hasEnded = true;
    }
    return ending;
  });
}
