//===- Rendezvous.h ---------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// How the processes of a job find each other, given where rank 0 is.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_RUNTIME_RENDEZVOUS_H
#define COMMUTER_RUNTIME_RENDEZVOUS_H

#include "Launch.h"
#include "Socket.h"

namespace commuter::rt {

// How the processes meet
//   Rank 0 listens at the job's address. Every other process listens at a port
//   of its own, connects to rank 0 and says hello. Once all have come, rank 0
//   tells each where the others are, and each connects to those of lower ranks;
//   the connection to rank 0 is there already. Who has all of its connections
//   is ready; once all are, rank 0 says go.
//
//   All connections are made at the start, since the ranks of a world tell each
//   other of their contexts before anything else; and a process that ends is
//   seen to end by all.
//
// How errors become everyone's
//   A process that finds an error reports it to rank 0, which tells every
//   process that has connected. Rank 0 waits for the missing ones until the
//   earliest deadline among those that have connected.

/// Returns one connection to each other process, by rank. Ends within
/// `timeoutMs` and half a second.
Status meet(const Launch &launch, int64_t timeoutMs,
            std::vector<Socket> &sockets);

} // namespace commuter::rt

#endif // COMMUTER_RUNTIME_RENDEZVOUS_H
