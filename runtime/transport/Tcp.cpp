//===- Tcp.cpp --------------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Transport tcp: the message transport over TCP connections, between processes
// that any launcher has started.
//
//===----------------------------------------------------------------------===//

#include "../src/Environment.h"
#include "../src/Objects.h"
#include "MessageJob.h"
#include "Rendezvous.h"
#include "TcpPort.h"

using namespace commuter::rt;

/// The variable is for tests: few messages of a test are longer than the limits
/// that there are without it.
static Status readLimits(TcpLimits &limits) {
  int64_t bytes = 0;
  COMMUTER_TRY(readNumber<int64_t>("COMMUTER_TCP_FRAME_BYTES", "bytes", 1,
                                   1 << 30, bytes));
  if (bytes)
    limits.whole = limits.part = bytes;
  return {};
}

static Status openTcpPort(std::unique_ptr<Port> &port) {
  Launch launch;
  COMMUTER_TRY(readLaunch(launch));
  int64_t timeoutMs = 0;
  COMMUTER_TRY(readTimeout(timeoutMs));
  TcpLimits limits;
  COMMUTER_TRY(readLimits(limits));
  std::vector<Socket> sockets;
  COMMUTER_TRY(meet(launch, timeoutMs, sockets));
  port = std::make_unique<TcpPort>(launch.rank, std::move(sockets), limits);
  return {};
}

MessageJob &commuter::rt::tcpJob() {
  static MessageJob *theJob = new MessageJob("tcp", openTcpPort);
  return *theJob;
}

commuter_status_t commuter_tcp_init(int32_t *outRank, int32_t *outSize) {
  return tcpJob().init(outRank, outSize);
}

commuter_status_t
commuter_tcp_world_create(int32_t size, const commuter_world_options_t *options,
                          commuter_world_t **outWorld) {
  return tcpJob().createWorld(size, options, outWorld);
}

commuter_status_t commuter_tcp_finalize(int64_t timeoutMs) {
  return tcpJob().finalize(timeoutMs);
}
