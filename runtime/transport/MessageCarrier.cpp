//===- MessageCarrier.cpp ---------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Data as messages, between pairs of members.
//
//===----------------------------------------------------------------------===//

#include "Backoff.h"
#include "MessageTransport.h"

using namespace commuter::rt;

namespace {

class MessageCarrier final : public Carrier {
public:
  explicit MessageCarrier(MessageTransport &transport) : transport(transport) {}

  Status attach(Device &device) override {
    if (device.isHost())
      return {};
    return fail(COMMUTER_UNSUPPORTED,
                "device %s needs the transport threads or nccl: this one "
                "carries the host's memory alone",
                device.name());
  }

  Status exchange(const Running &running,
                  const std::vector<Transfer> &transfers) override {
    return transport.exchange(running, transfers);
  }

private:
  MessageTransport &transport;
};

} // namespace

std::unique_ptr<Carrier>
commuter::rt::makeMessageCarrier(MessageTransport &transport) {
  return std::make_unique<MessageCarrier>(transport);
}

/// Starting at oneself spreads the members over the sources.
Status Carrier::gather(const Running &running,
                       const std::vector<PartGather> &gathers) {
  const Collective &call = running.call;
  std::vector<Transfer> transfers;
  for (int64_t k = 1; k < call.size; ++k) {
    int64_t to = (call.index + k) % call.size;
    int64_t from = (call.index + call.size - k) % call.size;
    for (const auto &[own, parts] : gathers) {
      transfers.push_back({to, /*isSend=*/true, own.data, own.bytes});
      transfers.push_back(
          {from, /*isSend=*/false, parts[from].data, parts[from].bytes});
    }
  }
  return exchange(running, transfers);
}

//===----------------------------------------------------------------------===//
// Messages of the host's memory
//===----------------------------------------------------------------------===//

/// Messages are as long as the port can have them; both sides cut alike.
Status MessageTransport::start(const Running &running,
                               const std::vector<Transfer> &transfers,
                               std::vector<Pending> &pending) {
  Port &port = *messenger.port;
  int64_t count = 0;
  for (const Transfer &transfer : transfers)
    count += (transfer.bytes + port.maxBytes() - 1) / port.maxBytes();
  pending.reserve(count); // none that the port has is forgotten
  // Receives first: then nothing arrives unexpected, and is copied twice.
  for (bool isSend : {false, true})
    for (const Transfer &transfer : transfers) {
      if (transfer.isSend != isSend)
        continue;
      int32_t peer = running.rankOf(transfer.member);
      for (int64_t at = 0; at < transfer.bytes; at += port.maxBytes()) {
        int64_t bytes = std::min(port.maxBytes(), transfer.bytes - at);
        Pending next{peer, isSend, {}};
        COMMUTER_TRY(isSend ? port.send(peer, dataTag, transfer.data + at,
                                        bytes, next.request)
                            : port.receive(peer, dataTag, transfer.data + at,
                                           bytes, next.request));
        pending.push_back(next);
      }
    }
  return {};
}

/// Drops the requests that are done.
Status MessageTransport::advance(std::vector<Pending> &pending) {
  Status error;
  auto isOver = [&](Pending &entry) {
    bool isDone = false;
    Status status = messenger.port->test(entry.request, isDone);
    if (!status.ok())
      error = std::move(status);
    return isDone || !status.ok();
  };
  pending.erase(std::remove_if(pending.begin(), pending.end(), isOver),
                pending.end());
  return error;
}

/// After a fault: makes sure that the port has nothing more to do with the
/// caller's memory.
void MessageTransport::abandon(std::vector<Pending> &pending) {
  if (messenger.isRetired)
    return;
  for (Pending &entry : pending)
    messenger.port->cancel(entry.request, entry.isSend);
  (void)advance(pending);
  if (!pending.empty())
    messenger.retire(isPoisoned ? fault
                                : Status{COMMUTER_OUT_OF_MEMORY,
                                         "out of memory with data under way"});
}

Status MessageTransport::exchange(const Running &running,
                                  const std::vector<Transfer> &transfers) {
  std::unique_lock<std::timed_mutex> lock(messenger.mutex);
  if (messenger.isRetired)
    return fault;
  std::vector<Pending> pending;
  // However this ends, by an exception too.
  auto abandonAll = [this](std::vector<Pending> *left) { abandon(*left); };
  std::unique_ptr<std::vector<Pending>, decltype(abandonAll)> guard(&pending,
                                                                    abandonAll);
  Status error = start(running, transfers, pending);
  Awaited awaited;
  awaited.advance = [&](bool &isDone) {
    if (error.ok())
      error = advance(pending);
    isDone = pending.empty();
    return error;
  };
  awaited.describe = [&] {
    std::string with;
    for (int32_t rank : running.channel.members)
      if (std::any_of(pending.begin(), pending.end(),
                      [&](const Pending &p) { return p.peer == rank; }))
        with += (with.empty() ? "" : " and rank ") + std::to_string(rank);
    return "in transfers with rank " + with;
  };
  // Slower than 50 MB/s is a peer that stalls, or a link that can wait.
  int64_t bytes = 0;
  for (const Transfer &transfer : transfers)
    bytes += transfer.bytes;
  awaited.busy = std::chrono::nanoseconds(1000000 + 20 * bytes);
  return await(lock, running, awaited);
}
