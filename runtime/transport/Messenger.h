//===- Messenger.h ----------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A process's part in a job: its messages, and the worlds that they are for.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_RUNTIME_MESSENGER_H
#define COMMUTER_RUNTIME_MESSENGER_H

#include "Carrier.h"
#include "Port.h"
#include "Transport.h"

#include <deque>
#include <map>
#include <mutex>

namespace commuter::rt {

class MessageTransport;

/// This process's part in the job: the port, what is under way on it, and the
/// worlds that messages are for. Every process creates its worlds in the same
/// order: a world's number is what its messages carry.
class Messenger {
public:
  explicit Messenger(std::unique_ptr<Port> port);
  ~Messenger();

  int32_t rank() const { return port->rank(); }
  int32_t size() const { return port->size(); }

  /// A world whose data goes the way that `makeCarrier` makes.
  std::unique_ptr<Transport> createWorld(int64_t timeoutMs,
                                         const MakeCarrier &makeCarrier);

  /// Says farewell to the other processes and ends the port, unless one of them
  /// is lost or does not answer within `timeoutMs`: then the port is left as it
  /// is, and the process can only exit.
  Status finalize(int64_t timeoutMs);

private:
  friend class MessageTransport;

  struct Outgoing {
    std::string bytes;
    PortRequest request;
  };

  /// Takes messages in and hands them to their worlds; lets go of those that
  /// were sent. This and everything below needs the mutex.
  void progress();
  void takeMessages();
  void post(int32_t peer, std::string bytes);
  void postToAll(const std::string &bytes);
  void dispatch(int32_t peer, const std::string &bytes);
  void deliver(MessageTransport &world, int32_t peer, const std::string &bytes);

  /// From now on the port is not touched, and every world has failed.
  void retire(const Status &status);
  void retireMalformed(int32_t peer);

  std::unique_ptr<Port> port;
  std::timed_mutex mutex;
  std::deque<Outgoing> outgoing; // addresses stay
  bool isReceiving = false;
  int32_t incomingPeer = 0;
  std::string incoming;
  PortRequest incomingRequest;

  uint32_t nextWorld = 0;
  std::map<uint32_t, MessageTransport *> worlds;
  /// For worlds that this process has yet to create.
  std::multimap<uint32_t, std::pair<int32_t, std::string>> early;
  std::vector<char> farewells;           // by process
  std::map<int32_t, std::string> losses; // without a farewell, and why
  bool isRetired = false;
  Status retirement;
};

} // namespace commuter::rt

#endif // COMMUTER_RUNTIME_MESSENGER_H
