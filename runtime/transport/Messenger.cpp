//===- Messenger.cpp --------------------------------------------*- C++ -*-===//
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

#include "Messenger.h"
#include "Backoff.h"
#include "MessageTransport.h"

using namespace commuter::rt;
using Clock = std::chrono::steady_clock;

static constexpr int32_t kControlTag = 0;

Messenger::Messenger(std::unique_ptr<Port> port)
    : port(std::move(port)), farewells(this->port->size()) {}

Messenger::~Messenger() = default;

std::unique_ptr<Transport>
Messenger::createWorld(int64_t timeoutMs, const MakeCarrier &makeCarrier) {
  // Whose destructor takes the mutex: before the lock, for an exception's sake.
  std::unique_ptr<MessageTransport> world;
  std::lock_guard<std::timed_mutex> lock(mutex);
  const uint32_t id = nextWorld;
  world = std::make_unique<MessageTransport>(*this, id, timeoutMs, makeCarrier);
  worlds[id] = world.get();
  if (isRetired)
    world->poison(retirement);
  auto [first, last] = early.equal_range(id);
  for (auto entry = first; entry != last; ++entry)
    deliver(*world, entry->second.first, entry->second.second);
  for (int32_t peer = 0; peer < size(); ++peer)
    if (farewells[peer])
      world->depart(peer);
  for (auto &[peer, why] : losses)
    world->lose(peer, why);
  // Nothing fails from here on: the number is this world's.
  early.erase(first, last);
  ++nextWorld;
  return world;
}

void Messenger::retire(const Status &status) {
  if (isRetired)
    return;
  isRetired = true;
  retirement = status;
  for (auto &entry : worlds)
    entry.second->poison(status);
}

void Messenger::post(int32_t peer, std::string bytes) {
  if (isRetired)
    return;
  outgoing.push_back({std::move(bytes), {}});
  Outgoing &message = outgoing.back();
  Status status = port->send(peer, kControlTag, message.bytes.data(),
                             message.bytes.size(), message.request);
  if (!status.ok()) {
    outgoing.pop_back();
    retire(status);
  }
}

void Messenger::postToAll(const std::string &bytes) {
  for (int32_t peer = 0; peer < size(); ++peer)
    if (peer != rank())
      post(peer, bytes);
}

void Messenger::dispatch(int32_t peer, const std::string &bytes) {
  Reader reader(bytes);
  Kind kind = reader.number<Kind>();
  uint32_t id = reader.number<uint32_t>();
  if (reader.isGood && kind == Kind::Farewell) {
    farewells[peer] = 1;
    for (auto &entry : worlds)
      entry.second->depart(peer);
    return;
  }
  if (reader.isGood && id >= nextWorld) {
    early.emplace(id, std::make_pair(peer, bytes));
    return;
  }
  auto world = worlds.find(id);
  // One that is gone here misses nothing.
  if (reader.isGood && world == worlds.end())
    return;
  if (reader.isGood)
    deliver(*world->second, peer, bytes);
  else
    retireMalformed(peer);
}

void Messenger::deliver(MessageTransport &world, int32_t peer,
                        const std::string &bytes) {
  Reader reader(bytes);
  Kind kind = reader.number<Kind>();
  (void)reader.number<uint32_t>(); // the world's
  if (!world.receive(peer, kind, reader))
    retireMalformed(peer);
}

void Messenger::retireMalformed(int32_t peer) {
  retire(fail(COMMUTER_INTERNAL, "a malformed message from rank %d", peer));
}

void Messenger::progress() {
  Status status;
  bool isDone = true;
  while (!isRetired && !outgoing.empty()) {
    status = port->test(outgoing.front().request, isDone);
    if (!status.ok())
      retire(status);
    if (!isDone)
      break;
    outgoing.pop_front();
  }
  takeMessages();
  // After all that came from it.
  int32_t peer;
  std::string why;
  while (!isRetired && port->takeLoss(peer, why)) {
    if (farewells[peer])
      continue;
    losses[peer] = why;
    for (auto &entry : worlds)
      entry.second->lose(peer, why);
  }
}

void Messenger::takeMessages() {
  Status status;
  bool isDone = true;
  while (!isRetired) {
    if (!isReceiving) {
      int64_t bytes = 0;
      status = port->probe(kControlTag, isReceiving, incomingPeer, bytes);
      if (status.ok() && !isReceiving)
        return;
      incoming.resize(bytes);
      if (status.ok())
        status = port->receive(incomingPeer, kControlTag, incoming.data(),
                               bytes, incomingRequest);
    }
    if (status.ok())
      status = port->test(incomingRequest, isDone);
    if (status.code == COMMUTER_RANK_LEFT) {
      isReceiving = false;
      continue;
    }
    if (!status.ok())
      return retire(status);
    if (!isDone)
      return;
    isReceiving = false;
    dispatch(incomingPeer, incoming);
  }
}

Status Messenger::finalize(int64_t timeoutMs) {
  std::unique_lock<std::timed_mutex> lock(mutex);
  if (isRetired)
    return fail(COMMUTER_INTERNAL, "messages cannot go on: %s",
                retirement.message.c_str());
  Clock::time_point deadline =
      Clock::now() + std::chrono::milliseconds(timeoutMs);
  postToAll(Writer(Kind::Farewell, 0).bytes);
  farewells[rank()] = 1;
  for (auto &entry : worlds)
    entry.second->depart(rank());
  Backoff backoff(port->isCrowded());
  while (true) {
    progress();
    if (isRetired)
      return retirement;
    int32_t missing = 0;
    while (missing < size() && (farewells[missing] || losses.count(missing)))
      ++missing;
    if (missing == size() && outgoing.empty())
      break;
    if (Clock::now() >= deadline)
      return fail(COMMUTER_TIMEOUT, "rank %d did not end within %lld ms",
                  missing, static_cast<long long>(timeoutMs));
    backoff.pause(lock);
  }
  if (!losses.empty())
    return fail(COMMUTER_RANK_LEFT, "lost rank %d before its end (%s)",
                losses.begin()->first, losses.begin()->second.c_str());
  Status status = port->finalize();
  retire(fail(COMMUTER_INVALID_ARGUMENT, "the transport has ended"));
  return status;
}
