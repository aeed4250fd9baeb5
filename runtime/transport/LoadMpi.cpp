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

#include "../src/Module.h"
#include "MessageJob.h"

#include <dlfcn.h>

using namespace commuter::rt;

static constexpr char kModule[] = "libCommuterTransportMpi.so";

static Status openMpiPort(std::unique_ptr<Port> &port) {
  std::string error;
  // Global, since Open MPI's plugins take its symbols for granted.
  void *module = loadModule(kModule, RTLD_GLOBAL, error);
  if (!module)
    return {COMMUTER_UNSUPPORTED,
            "transport mpi is not there (it is built where MPI is found): " +
                error};
  auto open = reinterpret_cast<void (*)(Port **, Status *)>(
      dlsym(module, "commuter_open_mpi_port"));
  if (!open)
    return {COMMUTER_INTERNAL, std::string(kModule) + ": is another version's"};
  Port *opened = nullptr;
  Status status;
  open(&opened, &status);
  port.reset(opened);
  return status;
}

MessageJob &commuter::rt::mpiJob() {
  static MessageJob *theJob = new MessageJob("mpi", openMpiPort);
  return *theJob;
}

commuter_status_t commuter_mpi_init(int32_t *outRank, int32_t *outSize) {
  return mpiJob().init(outRank, outSize);
}

commuter_status_t
commuter_mpi_world_create(int32_t size, const commuter_world_options_t *options,
                          commuter_world_t **outWorld) {
  return mpiJob().createWorld(size, options, outWorld);
}

commuter_status_t commuter_mpi_finalize(int64_t timeoutMs) {
  return mpiJob().finalize(timeoutMs);
}
