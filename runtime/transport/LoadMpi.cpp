//===- LoadMpi.cpp ----------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Transport mpi: the message transport over the port of a module that is loaded
// when a program first asks for it. This library is the same with and without
// MPI.
//
//===----------------------------------------------------------------------===//

#include "../src/Objects.h"
#include "Messenger.h"

#include <dlfcn.h>

using namespace commuter::rt;

static constexpr char kModule[] = "libCommuterTransportMpi.so";

namespace {
/// MPI starts and ends once in a process.
struct Job {
  std::mutex mutex;
  bool hasStarted = false, hasEnded = false;
  Status failure;
  Messenger *messenger = nullptr; // never deleted: messages may be under way
};
} // namespace

static Job &job() {
  static Job *theJob = new Job;
  return *theJob;
}

/// Next to this library; else wherever the system looks. Global, since Open
/// MPI's plugins take its symbols for granted.
static void *loadModule(std::string &error) {
  Dl_info self;
  std::string path;
  if (dladdr(reinterpret_cast<void *>(&loadModule), &self) && self.dli_fname) {
    path = self.dli_fname;
    path = path.substr(0, path.rfind('/') + 1) + kModule;
  }
  for (const std::string &name : {path, std::string(kModule)}) {
    if (name.empty())
      continue;
    if (void *module = dlopen(name.c_str(), RTLD_NOW | RTLD_GLOBAL))
      return module;
    if (error.empty())
      error = dlerror();
  }
  return nullptr;
}

static Status openMessenger(Messenger *&messenger) {
  std::string error;
  void *module = loadModule(error);
  if (!module)
    return {COMMUTER_UNSUPPORTED,
            "transport mpi is not there (it is built where MPI is found): " +
                error};
  auto open = reinterpret_cast<void (*)(Port **, Status *)>(
      dlsym(module, "commuter_open_mpi_port"));
  if (!open)
    return {COMMUTER_INTERNAL, std::string(kModule) + ": is another version's"};
  Port *port = nullptr;
  Status status;
  open(&port, &status);
  COMMUTER_TRY(status);
  messenger = new Messenger(std::unique_ptr<Port>(port));
  return {};
}

/// Starts MPI at the first call.
static Status getMessenger(Messenger *&messenger) {
  Job &job = ::job();
  std::lock_guard<std::mutex> lock(job.mutex);
  if (job.hasEnded)
    return fail(COMMUTER_INVALID_ARGUMENT, "transport mpi has ended");
  if (!job.hasStarted) {
    job.failure = openMessenger(job.messenger);
    job.hasStarted = true;
  }
  messenger = job.messenger;
  return job.failure;
}

commuter_status_t commuter_mpi_init(int32_t *outRank, int32_t *outSize) {
  return guarded(nullptr, [&]() -> Status {
    Messenger *messenger = nullptr;
    COMMUTER_TRY(getMessenger(messenger));
    if (outRank)
      *outRank = messenger->rank();
    if (outSize)
      *outSize = messenger->size();
    return {};
  });
}

commuter_status_t
commuter_mpi_world_create(int32_t size, const commuter_world_options_t *options,
                          commuter_world_t **outWorld) {
  return guarded(nullptr, [&]() -> Status {
    int64_t timeoutMs = 0;
    COMMUTER_TRY(checkWorld(size, options, outWorld, timeoutMs));
    Messenger *messenger = nullptr;
    COMMUTER_TRY(getMessenger(messenger));
    if (size != messenger->size())
      return fail(COMMUTER_INVALID_ARGUMENT,
                  "a world of %d ranks, but MPI runs %d process%s", size,
                  messenger->size(), messenger->size() == 1 ? "" : "es");
    auto world = std::make_unique<commuter_world_t>();
    world->size = size;
    world->localRank = messenger->rank();
    world->transport = messenger->createWorld(timeoutMs);
    *outWorld = world.release();
    return {};
  });
}

commuter_status_t commuter_mpi_finalize(int64_t timeoutMs) {
  return guarded(nullptr, [&]() -> Status {
    Job &job = ::job();
    std::lock_guard<std::mutex> lock(job.mutex);
    if (job.hasEnded || !job.messenger)
      return {};
    job.hasEnded = true;
    return job.messenger->finalize(timeoutMs);
  });
}
