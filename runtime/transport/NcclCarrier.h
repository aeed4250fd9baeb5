//===- NcclCarrier.h --------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Data of GPUs, moved by NCCL on the devices' streams.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_RUNTIME_NCCLCARRIER_H
#define COMMUTER_RUNTIME_NCCLCARRIER_H

#include "../src/GpuStream.h"
#include "Carrier.h"
#include "NcclLibrary.h"
#include "NcclSegment.h"

#include <atomic>
#include <map>
#include <mutex>

namespace commuter::rt {

// Communicators
//   A group gets one when it first has data to move. Its first member makes the
//   id and sends it to the others as a message, and each joins with its index.
//   Splitting a communicator of the world's would be a collective of the world,
//   and a rank that has left, or is busy in another group, would hold up all
//   groups; this needs the members alone, who have met for this very call.
//
//   They do not block, and are asked until they are done. So each wait for NCCL
//   is one of ours: it takes in messages, and ends at the deadline.
//
// The end of a call
//   A call returns when its work is on the stream. Whoever waits for the stream
//   later asks `check`, which finds out whether the wait is in vain: a rank is
//   lost, NCCL has failed, the deadline is over, another rank tells of a fault.
//
// The end of a world
//   After a fault every communicator is aborted, each on a thread of its own:
//   that frees its kernels, and with them the stream. What the stream had yet
//   to do is not done, and the device fails. An abort that does not return
//   within kPatience is left behind, and so is the stream.
//
//   Without a fault, they are aborted as well, when all ranks have left.
//   Before, another member's GPU may still read what it was sent from memory of
//   this communicator; afterwards nothing is under way that could be lost.
//   Other than ncclCommDestroy this waits for nobody.

class NcclCarrier final : public Carrier, StreamWatch {
public:
  NcclCarrier(MessageTransport &transport, const nccl::Library &library,
              bool usesReductions, int64_t segmentBytes)
      : transport(transport), library(library), usesReductions(usesReductions),
        segmentBytes(segmentBytes) {}

  Status attach(Device &device) override;
  void detach() override;
  std::string place() override { return gpu; }
  Status exchange(const Running &running,
                  const std::vector<Transfer> &transfers) override;
  Status gather(const Running &running,
                const std::vector<PartGather> &gathers) override;
  bool hasReduction(const Collective &call) override;
  Status reduce(const Running &running, const char *input, char *output,
                int64_t elements) override;
  void close() override;
  Status failure() override;
  void abort() override;

private:
  Status check(std::chrono::steady_clock::time_point start,
               bool isDone) override;

  /// Where a call of NCCL reads, and where it writes.
  struct Ends {
    Part input, output;
  };

  /// What a group's data is moved with.
  struct Connection {
    nccl::Comm comm;
    NcclSegment segment;
  };

  Status checkPlaces(const Running &running);
  Status connectionOf(const Running &running, Connection *&connection);
  Status connect(const Running &running, Connection *&connection);
  Status shareSegment(const Running &running, Connection &connection);
  Status agree(const Running &running, int64_t own, bool &isCommon);
  Status awaitReady(const Running &running, nccl::Comm comm, const char *what);
  Status awaitTurn(const Running &running);
  template <typename Body>
  Status enqueue(const Running &running, const Connection &connection,
                 const char *what, Body body);
  template <typename Body>
  Status enqueueStaged(const Running &running, const char *what,
                       const std::vector<Ends> &ends, Body body);
  bool hasPassedSegments();
  void freeSegments();
  Status hasPassed(GpuStream::Point point, bool &hasPassed);
  void startAborts();
  bool haveAborted();

  /// What the threads that abort share with a carrier that may be gone.
  struct Aborts {
    std::atomic<int> running{0};
  };

  MessageTransport &transport;
  const nccl::Library &library;
  const bool usesReductions;
  const int64_t segmentBytes;

  // The owner of the rank's context alone has these.
  Device *device = nullptr;
  std::string gpu; // of the communicators, once there are any
  /// Collectives that the stream was given since it is known to have passed
  /// its oldest point, and when that was set.
  int64_t outstanding = 0;
  std::chrono::steady_clock::time_point outstandingSince;

  // Nothing else uses a communicator while one has the mutex, and nothing does
  // once they are aborted.
  std::mutex mutex;
  GpuStream *stream = nullptr;
  std::map<const MessageChannel *, Connection> connections;
  bool isAborted = false;
  bool wasCutOff = false;  // work was under way when they were
  bool isStranded = false; // a stream may still work with the segments
  const std::shared_ptr<Aborts> aborts = std::make_shared<Aborts>();
};

} // namespace commuter::rt

#endif // COMMUTER_RUNTIME_NCCLCARRIER_H
