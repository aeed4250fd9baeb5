//===- Rendezvous.cpp -------------------------------------------*- C++ -*-===//
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

#include "Rendezvous.h"
#include "Line.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <list>
#include <poll.h>
#include <sstream>
#include <thread>

using namespace commuter::rt;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

/// What an error may take to reach all.
static constexpr milliseconds kGrace(500);

/// Between attempts to reach a rank 0 that does not listen yet.
static constexpr milliseconds kRetry(50);

//===----------------------------------------------------------------------===//
// Hellos and failures
//===----------------------------------------------------------------------===//

/// FNV-1a: jobs are told apart, not kept apart.
static uint64_t hashJob(const std::string &text) {
  uint64_t hash = 0xcbf29ce484222325;
  for (unsigned char c : text)
    hash = (hash ^ c) * 0x100000001b3;
  return hash;
}

/// What is wrong with a hello, if anything.
static std::string checkHello(const Hello &hello, const Launch &launch) {
  if (hello.order != kOrder)
    return "the order of its bytes is another";
  if (hello.version != kVersion)
    return "it is of version " + std::to_string(hello.version) + ", not " +
           std::to_string(kVersion);
  if (hello.job != hashJob(launch.job))
    return "it is of another job (COMMUTER_JOB_ID, or the launcher's name of "
           "the job)";
  return {};
}

static Status parseFailure(const std::string &text) {
  int code = std::atoi(text.c_str());
  size_t space = text.find(' ');
  if (code <= COMMUTER_OK || code > COMMUTER_INTERNAL ||
      space == std::string::npos)
    return {COMMUTER_INTERNAL, text};
  return {static_cast<commuter_status_t>(code), text.substr(space + 1)};
}

static std::string listRanks(const std::vector<int32_t> &ranks) {
  constexpr size_t kShown = 16;
  std::string text = ranks.size() == 1 ? "rank " : "ranks ";
  for (size_t i = 0; i < std::min(ranks.size(), kShown); ++i) {
    if (i)
      text += i + 1 == ranks.size() ? " and " : ", ";
    text += std::to_string(ranks[i]);
  }
  if (ranks.size() > kShown)
    text += " and " + std::to_string(ranks.size() - kShown) + " more";
  return text;
}

//===----------------------------------------------------------------------===//
// What rank 0 and the others have in common
//===----------------------------------------------------------------------===//

namespace {

class Party {
public:
  Party(const Launch &launch, int64_t timeoutMs)
      : launch(launch), timeoutMs(timeoutMs),
        deadline(Clock::now() + milliseconds(timeoutMs)) {}

protected:
  /// Until there is something to do, or it is time.
  void wait(Clock::time_point until);
  void accept();

  /// Sends what is left to be sent, to its end if the other side reads.
  void drain(Clock::time_point until, bool untilClosed);

  void setFault(Status status) {
    if (fault.ok())
      fault = std::move(status);
  }

  const Launch &launch;
  // What ends the rendezvous; rank 0's may become another's.
  int64_t timeoutMs;
  Clock::time_point deadline;
  std::vector<Socket> listeners;
  std::list<Line> lines;
  Status fault;
};

} // namespace

static int untilMs(Clock::time_point until) {
  auto left = std::chrono::ceil<milliseconds>(until - Clock::now()).count();
  return static_cast<int>(std::clamp<int64_t>(left, 0, 1000));
}

void Party::wait(Clock::time_point until) {
  std::vector<pollfd> polled;
  for (const Socket &listener : listeners)
    polled.push_back({listener.get(), POLLIN, 0});
  for (const Line &line : lines)
    if (line.isOpen())
      polled.push_back(
          {line.socket.get(),
           static_cast<short>(line.hasToWrite() ? POLLIN | POLLOUT : POLLIN),
           0});
  poll(polled.data(), polled.size(), untilMs(until));
}

void Party::accept() {
  for (Socket &listener : listeners)
    while (true) {
      Socket socket;
      if (int error = acceptNext(listener, socket))
        setFault({COMMUTER_INTERNAL,
                  "rank " + std::to_string(launch.rank) +
                      " cannot accept a connection: " + errorText(error)});
      if (!socket)
        break;
      lines.emplace_back(std::move(socket), /*isConnecting=*/false);
    }
}

void Party::drain(Clock::time_point until, bool untilClosed) {
  while (Clock::now() < until) {
    bool isOver = true;
    for (Line &line : lines) {
      if (!line.isOpen())
        continue;
      line.flush();
      if (untilClosed && !line.hasToWrite()) {
        shutdown(line.socket.get(), SHUT_WR);
        char dropped[4096];
        ssize_t got;
        do
          got = recv(line.socket.get(), dropped, sizeof(dropped), MSG_DONTWAIT);
        while (got > 0 || (got < 0 && errno == EINTR));
        if (got == 0 || (errno != EAGAIN && errno != EWOULDBLOCK))
          line.error = "closed";
      }
      isOver &= !line.isOpen() || (!untilClosed && !line.hasToWrite());
    }
    if (isOver)
      return;
    std::this_thread::sleep_for(milliseconds(2));
  }
}

//===----------------------------------------------------------------------===//
// Rank 0
//===----------------------------------------------------------------------===//

namespace {

class Leader : public Party {
public:
  Leader(const Launch &launch, int64_t timeoutMs)
      : Party(launch, timeoutMs), byRank(launch.size) {}

  Status run(std::vector<Socket> &sockets);

private:
  Status listen();
  void advance(Line &line);
  void admit(Line &line, const Hello &hello);
  void sendTables();
  std::vector<int32_t> missing(bool isReady) const;
  Status timedOut() const;
  Status giveUp();

  std::vector<Line *> byRank;
  bool hasTables = false;
  std::string turnedAway; // the last that was, and why
};

} // namespace

Status Leader::listen() {
  std::vector<Address> addresses;
  Status status = resolve(launch.host, launch.port, addresses);
  if (!status.ok())
    return {status.code, launch.rendezvous + ": " + status.message};
  auto cannot = [&](const std::string &why) -> Status {
    return {COMMUTER_INVALID_ARGUMENT,
            launch.rendezvous + ": rank 0 cannot listen at " + why};
  };
  std::string why;
  for (const Address &address : addresses) {
    Socket listener;
    int error = listenAt(address, listener);
    if (!error) {
      listeners.push_back(std::move(listener));
      continue;
    }
    why = address.text() + ": " + errorText(error);
    if (error == EADDRINUSE)
      return cannot(why + "; is there another rank 0, or another job?");
  }
  // A name may have addresses of which this host has but some.
  return listeners.empty() ? cannot(why) : Status();
}

/// The ranks that have not come; or, of those that have, are not ready.
std::vector<int32_t> Leader::missing(bool isReady) const {
  std::vector<int32_t> ranks;
  for (int32_t rank = 1; rank < launch.size; ++rank)
    if (!byRank[rank] || (isReady && !byRank[rank]->isReady))
      ranks.push_back(rank);
  return ranks;
}

Status Leader::timedOut() const {
  std::string text = listRanks(missing(hasTables));
  if (hasTables)
    text += " did not get connections to all others within ";
  else
    text += " did not come to " + launch.host + ":" +
            std::to_string(launch.port) + " within ";
  text += std::to_string(timeoutMs) + " ms";
  if (!turnedAway.empty())
    text += " (turned away: " + turnedAway + ")";
  return {COMMUTER_TIMEOUT, text};
}

void Leader::admit(Line &line, const Hello &hello) {
  std::string from = line.remote.text();
  std::string wrong = checkHello(hello, launch);
  if (!wrong.empty()) {
    turnedAway = from + ", since " + wrong;
    line.say(
        {COMMUTER_MISMATCH, "rank 0 turned this process away, since " + wrong});
    line.flush();
    line.isStranger = true;
    return;
  }
  if (hello.size != launch.size) {
    setFault({COMMUTER_MISMATCH,
              launch.sizeName + " is " + std::to_string(launch.size) +
                  " on rank 0, but rank " + std::to_string(hello.rank) + " (" +
                  from + ") is one of " + std::to_string(hello.size)});
  } else if (hello.rank < 1 || hello.rank >= launch.size) {
    setFault({COMMUTER_MISMATCH,
              from + " says that it is rank " + std::to_string(hello.rank)});
  } else if (byRank[hello.rank]) {
    setFault({COMMUTER_MISMATCH,
              "two processes are rank " + std::to_string(hello.rank) + ": " +
                  byRank[hello.rank]->remote.text() + " and " + from + " (" +
                  launch.rankName + ")"});
  } else {
    byRank[hello.rank] = &line;
  }
  line.rank = std::max(hello.rank, 0);
  line.port = hello.port;
  Clock::time_point theirs =
      Clock::now() +
      milliseconds(std::clamp<int64_t>(hello.patienceMs, 0, timeoutMs));
  if (theirs < deadline) {
    deadline = theirs;
    timeoutMs = hello.timeoutMs;
  }
}

void Leader::advance(Line &line) {
  line.flush();
  Hello hello;
  if (line.rank < 0) {
    if (line.readHello(hello))
      admit(line, hello);
    return;
  }
  Note::Kind kind;
  std::string text;
  while (line.readNote(kind, text)) {
    if (kind == Note::Ready)
      line.isReady = true;
    else
      setFault(parseFailure(text));
  }
  if (!line.isOpen())
    setFault(
        {COMMUTER_RANK_LEFT,
         "lost rank " + std::to_string(line.rank) + " (" +
             (line.isStranger ? "what it sent makes no sense" : line.error) +
             ") before all had met"});
}

/// A process on rank 0's host may have come by way of that host's own address,
/// which means nothing to the others: to them it is where rank 0 is.
void Leader::sendTables() {
  for (int32_t to = 1; to < launch.size; ++to) {
    bool isLocal = byRank[to]->remote.isLoopback();
    std::string table;
    for (int32_t of = 1; of < launch.size; ++of) {
      Address address = byRank[of]->remote;
      if (address.isLoopback() && !isLocal)
        address = localAddress(byRank[to]->socket);
      table += address.host() + " " + std::to_string(byRank[of]->port) + "\n";
    }
    byRank[to]->say(Note::Table, table);
    byRank[to]->flush();
  }
  hasTables = true;
}

/// Tells all that have come, and waits for them to hear it.
Status Leader::giveUp() {
  for (Line &line : lines) {
    if (line.rank >= 0)
      line.say(fault);
    else
      line.isStranger = true;
  }
  drain(Clock::now() + kGrace, /*untilClosed=*/true);
  return fault;
}

Status Leader::run(std::vector<Socket> &sockets) {
  COMMUTER_TRY(listen());
  while (true) {
    wait(deadline);
    accept();
    for (Line &line : lines)
      advance(line);
    lines.remove_if(
        [](const Line &line) { return !line.isOpen() && line.rank < 0; });
    if (fault.ok() && !hasTables && missing(false).empty())
      sendTables();
    if (fault.ok() && hasTables && missing(true).empty())
      break;
    if (fault.ok() && Clock::now() >= deadline)
      setFault(timedOut());
    if (!fault.ok())
      return giveUp();
  }
  for (int32_t rank = 1; rank < launch.size; ++rank)
    byRank[rank]->say(Note::Go);
  drain(Clock::now() + kGrace, /*untilClosed=*/false);
  for (int32_t rank = 1; rank < launch.size; ++rank)
    sockets[rank] = std::move(byRank[rank]->socket);
  return {};
}

//===----------------------------------------------------------------------===//
// The others
//===----------------------------------------------------------------------===//

namespace {

class Follower : public Party {
public:
  Follower(const Launch &launch, int64_t timeoutMs)
      : Party(launch, timeoutMs), byRank(launch.size) {}

  Status run(std::vector<Socket> &sockets);

private:
  Status connectToLeader();
  Hello hello() const;
  void advance(Line &line);
  void heed(Note::Kind kind, const std::string &text);
  void connectToPeers(const std::string &table);
  std::vector<int32_t> missing() const;
  Status giveUp();

  std::vector<Line *> byRank;
  bool hasTable = false, isReady = false, mayGo = false;
};

} // namespace

Hello Follower::hello() const {
  Hello hello{};
  std::memcpy(hello.magic, kMagic, sizeof(kMagic));
  hello.order = kOrder;
  hello.version = kVersion;
  hello.job = hashJob(launch.job);
  hello.rank = launch.rank;
  hello.size = launch.size;
  hello.timeoutMs = timeoutMs;
  hello.patienceMs = std::max<int64_t>(
      std::chrono::duration_cast<milliseconds>(deadline - Clock::now()).count(),
      0);
  hello.port = localAddress(listeners.front()).port();
  return hello;
}

/// Again and again: rank 0 may start later.
Status Follower::connectToLeader() {
  std::vector<Address> addresses;
  Status status = resolve(launch.host, launch.port, addresses);
  if (!status.ok())
    return {status.code, launch.rendezvous + ": " + status.message};
  std::string why = "no address";
  while (Clock::now() < deadline) {
    for (const Address &address : addresses) {
      Socket socket;
      int error = startConnect(address, socket);
      // One that does not answer must not keep from the next.
      Clock::time_point until =
          addresses.size() == 1
              ? deadline
              : std::min(deadline, Clock::now() + milliseconds(1000));
      pollfd entry{socket.get(), POLLOUT, 0};
      while (!error && poll(&entry, 1, untilMs(until)) <= 0)
        if (Clock::now() >= until)
          error = ETIMEDOUT;
      if (!error)
        error = finishConnect(socket);
      if (!error) {
        lines.emplace_back(std::move(socket), /*isConnecting=*/false);
        byRank[0] = &lines.back();
        byRank[0]->rank = 0;
        return {};
      }
      why = address.text() + ": " + errorText(error);
    }
    std::this_thread::sleep_for(kRetry);
  }
  return {COMMUTER_TIMEOUT,
          launch.rendezvous + ": rank 0 did not come within " +
              std::to_string(timeoutMs) + " ms (" + why + ")"};
}

void Follower::connectToPeers(const std::string &table) {
  std::istringstream entries(table);
  std::string host;
  int32_t port = 0;
  for (int32_t rank = 1; rank < launch.rank && entries >> host >> port;
       ++rank) {
    std::vector<Address> addresses;
    Socket socket;
    Status status = resolve(host, port, addresses);
    int error = 0;
    if (status.ok())
      error = startConnect(addresses.front(), socket);
    if (error)
      status = {COMMUTER_INTERNAL, errorText(error)};
    if (!status.ok())
      return setFault(
          {COMMUTER_INTERNAL, "rank " + std::to_string(launch.rank) +
                                  " cannot reach rank " + std::to_string(rank) +
                                  " at " + host + ": " + status.message});
    Line &line = lines.emplace_back(std::move(socket), /*isConnecting=*/true);
    line.remote = addresses.front();
    line.rank = rank;
    line.say(hello());
    byRank[rank] = &line;
  }
  hasTable = true;
}

/// What rank 0 says.
void Follower::heed(Note::Kind kind, const std::string &text) {
  switch (kind) {
  case Note::Table:
    return connectToPeers(text);
  case Note::Go:
    mayGo = true;
    return;
  case Note::Failure:
    return setFault(parseFailure(text));
  case Note::Ready:
    return;
  }
}

void Follower::advance(Line &line) {
  line.flush();
  Hello theirs;
  if (line.rank < 0) {
    if (!line.readHello(theirs))
      return;
    line.isStranger = !checkHello(theirs, launch).empty() ||
                      theirs.rank <= launch.rank ||
                      theirs.rank >= launch.size || byRank[theirs.rank];
    if (line.isStranger)
      return;
    line.rank = theirs.rank;
    byRank[line.rank] = &line;
    return;
  }
  if (line.rank == 0) {
    Note::Kind kind;
    std::string text;
    while (!mayGo && line.readNote(kind, text))
      heed(kind, text);
    if (line.isStranger)
      setFault({COMMUTER_MISMATCH,
                launch.rendezvous + ": what answers there is no rank 0"});
    else if (!line.isOpen())
      setFault({COMMUTER_RANK_LEFT,
                "lost rank 0 (" + line.error + ") before all had met"});
    return;
  }
  if (!line.error.empty())
    setFault({COMMUTER_INTERNAL, "rank " + std::to_string(launch.rank) +
                                     " cannot reach rank " +
                                     std::to_string(line.rank) + " at " +
                                     line.remote.text() + ": " + line.error});
}

std::vector<int32_t> Follower::missing() const {
  std::vector<int32_t> ranks;
  for (int32_t rank = 0; rank < launch.size; ++rank)
    if (rank != launch.rank && (!byRank[rank] || byRank[rank]->hasToWrite()))
      ranks.push_back(rank);
  return ranks;
}

Status Follower::giveUp() {
  for (Line &line : lines)
    if (line.rank == 0)
      line.say(fault);
    else
      line.isStranger = true;
  drain(Clock::now() + kGrace, /*untilClosed=*/false);
  return fault;
}

Status Follower::run(std::vector<Socket> &sockets) {
  if (int error = listenAnywhere(listeners.emplace_back()))
    return {COMMUTER_INTERNAL, "rank " + std::to_string(launch.rank) +
                                   " cannot listen: " + errorText(error)};
  COMMUTER_TRY(connectToLeader());
  byRank[0]->say(hello());
  while (!mayGo) {
    // Rank 0 knows best what is wrong: it may have the last word.
    Clock::time_point last = deadline + kGrace;
    wait(last);
    accept();
    for (Line &line : lines)
      advance(line);
    lines.remove_if(
        [](const Line &line) { return !line.isOpen() && line.rank < 0; });
    if (fault.ok() && hasTable && !isReady && missing().empty()) {
      isReady = true;
      byRank[0]->say(Note::Ready);
      byRank[0]->flush();
    }
    if (fault.ok() && Clock::now() >= last)
      setFault({COMMUTER_TIMEOUT,
                hasTable && !missing().empty()
                    ? "rank " + std::to_string(launch.rank) +
                          " got no connection to " + listRanks(missing()) +
                          " within " + std::to_string(timeoutMs) + " ms"
                    : launch.rendezvous + ": rank 0 did not answer within " +
                          std::to_string(timeoutMs) + " ms"});
    if (!fault.ok())
      return giveUp();
  }
  for (int32_t rank = 0; rank < launch.size; ++rank)
    if (rank != launch.rank)
      sockets[rank] = std::move(byRank[rank]->socket);
  return {};
}

Status commuter::rt::meet(const Launch &launch, int64_t timeoutMs,
                          std::vector<Socket> &sockets) {
  sockets.resize(launch.size);
  if (launch.size == 1)
    return {};
  return launch.rank == 0 ? Leader(launch, timeoutMs).run(sockets)
                          : Follower(launch, timeoutMs).run(sockets);
}
