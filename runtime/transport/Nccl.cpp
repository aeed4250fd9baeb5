//===- Nccl.cpp -------------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Transport nccl: its processes meet by the messages of the transport that the
// host has started, mpi or else tcp, and NCCL moves the data.
//
//===----------------------------------------------------------------------===//

#include "../src/Environment.h"
#include "../src/Objects.h"
#include "Launch.h"
#include "MessageJob.h"
#include "NcclCarrier.h"

#include <string_view>

using namespace commuter::rt;

static MessageJob &job() { return mpiJob().isStarted() ? mpiJob() : tcpJob(); }

/// Whether NCCL adds up, in its own order.
static Status readReductions(bool &isLibrary) {
  const char *text = getVariable("COMMUTER_NCCL_REDUCTIONS");
  std::string_view value = text ? text : "ordered";
  isLibrary = value == "library";
  if (isLibrary || value == "ordered")
    return {};
  return fail(COMMUTER_INVALID_ARGUMENT,
              "COMMUTER_NCCL_REDUCTIONS=%s: expected ordered or library", text);
}

/// The bytes of registered memory of each communicator: 0 is none.
static Status readSegmentBytes(int64_t &bytes) {
  constexpr int64_t kPage = 4096; // NCCL_WIN_REQUIRED_ALIGNMENT
  COMMUTER_TRY(readNumber<int64_t>("COMMUTER_NCCL_REGISTER", "bytes", 0,
                                   int64_t(1) << 30, bytes));
  bytes = (bytes + kPage - 1) / kPage * kPage;
  return {};
}

commuter_status_t commuter_nccl_init(int32_t *outRank, int32_t *outSize) {
  const nccl::Library *library = nullptr;
  if (commuter_status_t status =
          guarded(nullptr, [&] { return nccl::load(library); }))
    return status;
  return job().init(outRank, outSize);
}

commuter_status_t
commuter_nccl_world_create(int32_t size,
                           const commuter_world_options_t *options,
                           commuter_world_t **outWorld) {
  return guarded(nullptr, [&]() -> Status {
    const nccl::Library *library = nullptr;
    COMMUTER_TRY(nccl::load(library));
    bool usesReductions = false;
    COMMUTER_TRY(readReductions(usesReductions));
    int64_t segmentBytes = 0;
    COMMUTER_TRY(readSegmentBytes(segmentBytes));
    int32_t localRank = -1;
    COMMUTER_TRY(readLocalRank(localRank));
    COMMUTER_TRY(job().createWorld(
        size, options,
        [&](MessageTransport &transport) {
          return std::make_unique<NcclCarrier>(transport, *library,
                                               usesReductions, segmentBytes);
        },
        outWorld));
    (*outWorld)->gpuShare = localRank < 0 ? (*outWorld)->localRank : localRank;
    return {};
  });
}

commuter_status_t commuter_nccl_finalize(int64_t timeoutMs) {
  return job().finalize(timeoutMs);
}
