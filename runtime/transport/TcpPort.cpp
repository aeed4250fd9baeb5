//===- TcpPort.cpp ----------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A port over TCP connections, one to each other process.
//
// No call waits: sockets do not block, and a call moves a bounded number of
// bytes. A link that was cut without a word is not looked for: the deadline of
// whoever waits for it is.
//
//===----------------------------------------------------------------------===//

#include "TcpPort.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <poll.h>
#include <sys/uio.h>

using namespace commuter::rt;

/// What one call moves on a link, so that others get their turn.
static constexpr int64_t kBytesPerTurn = 4 << 20;

/// Ranks meet before they send each other data: nothing comes near this.
static constexpr int64_t kMaxUnexpected = 64 << 20;

//===----------------------------------------------------------------------===//
// Requests
//===----------------------------------------------------------------------===//

void TcpLink::send(TcpRequest &request) {
  // The peer is unreachable: complete the send as if it had been sent just
  // before the loss.
  if (!isOpen() || !writeError.empty())
    return request.finish();
  if (request.bytes <= limits.whole) {
    frames.push_back(
        {{TcpFrame::Whole, request.tag, request.bytes, 0}, &request});
  } else {
    request.id = ++lastId;
    offered[request.id] = &request;
    frames.push_back(
        {{TcpFrame::Offer, request.tag, request.bytes, request.id}, nullptr});
  }
  write();
}

void TcpLink::receive(TcpRequest &request) {
  auto arrivals = unexpected.find(request.tag);
  if (arrivals != unexpected.end()) {
    Arrival arrival = std::move(arrivals->second.front());
    arrivals->second.pop_front();
    if (arrivals->second.empty())
      unexpected.erase(arrivals);
    unexpectedBytes -= static_cast<int64_t>(arrival.data.size());
    match(request, std::move(arrival));
    return write();
  }
  if (!isOpen())
    return request.finish(lostStatus());
  expected[request.tag].push_back(&request);
}

template <typename Container>
static void eraseValue(Container &container, TcpRequest *request) {
  container.erase(std::remove(container.begin(), container.end(), request),
                  container.end());
}

/// If part of the frame is already on the wire, the rest is sent from a copy
/// that the link owns.
void TcpLink::cancelSend(TcpRequest &request) {
  if (request.isDone)
    return;
  frames.erase(std::remove_if(frames.begin(), frames.end(),
                              [&](const Outgoing &entry) {
                                return entry.request == &request;
                              }),
               frames.end());
  offered.erase(request.id);
  eraseValue(streams, &request);
  if (writing.isActive && writing.request == &request) {
    writing.rest.assign(writing.data, writing.bytes - sizeof(TcpFrame));
    writing.data = writing.rest.data();
    writing.request = nullptr;
  }
  request.finish();
}

/// What still comes of it is dropped.
void TcpLink::cancelReceive(TcpRequest &request) {
  if (request.isDone)
    return;
  auto queue = expected.find(request.tag);
  if (queue != expected.end()) {
    eraseValue(queue->second, &request);
    if (queue->second.empty())
      expected.erase(queue);
  }
  for (auto &[id, stream] : accepted)
    if (stream.request == &request)
      stream.request = nullptr;
  if (reading.isActive && reading.request == &request) {
    reading.request = nullptr;
    reading.target = nullptr;
  }
  request.finish();
}

bool TcpLink::probe(int32_t tag, int64_t &bytes) const {
  auto arrivals = unexpected.find(tag);
  if (arrivals == unexpected.end())
    return false;
  bytes = arrivals->second.front().frame.bytes;
  return true;
}

//===----------------------------------------------------------------------===//
// Loss
//===----------------------------------------------------------------------===//

Status TcpLink::lostStatus() const {
  return {COMMUTER_RANK_LEFT,
          "lost rank " + std::to_string(peer) + " (" + loss + ")"};
}

static void finish(TcpRequest *request, const Status &status) {
  if (request && !request->isDone)
    request->finish(status);
}

void TcpLink::dropSends() {
  for (Outgoing &entry : frames)
    finish(entry.request, {});
  for (auto &[id, request] : offered)
    finish(request, {});
  for (TcpRequest *request : streams)
    finish(request, {});
  if (writing.isActive)
    finish(writing.request, {});
  frames.clear();
  offered.clear();
  streams.clear();
  writing = {};
}

/// Ends all that is under way. What arrived in whole can still be received.
void TcpLink::lose(std::string why) {
  if (!isOpen())
    return;
  socket.close();
  loss = writeError.empty() ? std::move(why) : writeError;
  dropSends();
  Status status = lostStatus();
  for (auto &[tag, queue] : expected)
    for (TcpRequest *request : queue)
      finish(request, status);
  for (auto &[id, stream] : accepted)
    finish(stream.request, status);
  if (reading.isActive)
    finish(reading.request, status);
  expected.clear();
  accepted.clear();
  reading = {};
  buffered = 0;
  for (auto entry = unexpected.begin(); entry != unexpected.end();) {
    std::deque<Arrival> &queue = entry->second;
    queue.erase(std::remove_if(queue.begin(), queue.end(),
                               [](const Arrival &arrival) {
                                 return arrival.frame.kind == TcpFrame::Offer;
                               }),
                queue.end());
    entry = queue.empty() ? unexpected.erase(entry) : std::next(entry);
  }
}

//===----------------------------------------------------------------------===//
// Writing
//===----------------------------------------------------------------------===//

/// Frames of short messages overtake the parts of long ones.
void TcpLink::nextFrame() {
  writing = {};
  writing.isActive = true;
  if (!frames.empty()) {
    Outgoing &next = frames.front();
    writing.frame = next.frame;
    writing.request = next.request;
    if (next.request)
      writing.data = next.request->data;
    writing.bytes = next.request ? next.frame.bytes : 0;
    frames.pop_front();
  } else {
    TcpRequest *request = streams.front();
    writing.request = request;
    writing.data = request->data + request->moved;
    writing.bytes = std::min(limits.part, request->bytes - request->moved);
    writing.frame = {TcpFrame::Part, request->tag, writing.bytes, request->id};
  }
  writing.bytes += sizeof(TcpFrame);
}

void TcpLink::finishWriting() {
  writing.isActive = false;
  TcpRequest *request = writing.request;
  if (!request)
    return;
  if (writing.frame.kind == TcpFrame::Part) {
    request->moved += writing.frame.bytes;
    if (request->moved < request->bytes)
      return;
    eraseValue(streams, request);
  }
  request->finish();
}

/// Where the other side has gone, what it said before is still to be read: it
/// is reading that finds the end of a connection.
void TcpLink::write() {
  constexpr int64_t kHead = sizeof(TcpFrame);
  int64_t left = kBytesPerTurn;
  while (hasToWrite() && left > 0) {
    if (!writing.isActive)
      nextFrame();
    iovec parts[2];
    int count = 0;
    int64_t at = writing.written;
    if (at < kHead)
      parts[count++] = {reinterpret_cast<char *>(&writing.frame) + at,
                        static_cast<size_t>(kHead - at)};
    int64_t from = std::max<int64_t>(at - kHead, 0);
    if (writing.bytes - kHead > from)
      parts[count++] = {const_cast<char *>(writing.data) + from,
                        static_cast<size_t>(writing.bytes - kHead - from)};
    msghdr message{};
    message.msg_iov = parts;
    message.msg_iovlen = count;
    ssize_t sent = sendmsg(socket.get(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno == EINTR)
      continue;
    if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
      return;
    if (sent < 0) {
      writeError = errorText(errno);
      return dropSends();
    }
    writing.written += sent;
    left -= sent;
    if (writing.written < writing.bytes)
      return;
    finishWriting();
  }
}

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

/// Reads once: to where the data belongs and, what follows it, to the buffer.
/// That there is no more is known where less came than there was room for.
ssize_t TcpLink::fill(bool &isDrained) {
  iovec parts[2];
  int count = 0;
  if (reading.isActive && reading.target && buffered == 0)
    parts[count++] = {reading.target, static_cast<size_t>(reading.remaining)};
  parts[count++] = {buffer + buffered, sizeof(buffer) - buffered};
  msghdr message{};
  message.msg_iov = parts;
  message.msg_iovlen = count;
  ssize_t got = recvmsg(socket.get(), &message, MSG_DONTWAIT);
  if (got <= 0)
    return got;
  size_t room = parts[0].iov_len + (count == 2 ? parts[1].iov_len : 0);
  isDrained = static_cast<size_t>(got) < room;
  int64_t direct = count == 2 ? std::min<int64_t>(got, reading.remaining) : 0;
  buffered += got - direct;
  if (direct) {
    reading.target += direct;
    reading.remaining -= direct;
    if (reading.remaining == 0)
      finishReading();
  }
  return got;
}

void TcpLink::read() {
  int64_t left = kBytesPerTurn;
  bool isDrained = false;
  while (isOpen() && left > 0 && !isDrained) {
    ssize_t got = fill(isDrained);
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
      return;
    if (got <= 0)
      return lose(got < 0 ? errorText(errno) : "it closed the connection");
    left -= got;
    parse();
  }
}

void TcpLink::parse() {
  size_t at = 0;
  while (isOpen() && at < buffered) {
    if (reading.isActive) {
      size_t count = std::min<size_t>(buffered - at, reading.remaining);
      if (reading.target) {
        std::memcpy(reading.target, buffer + at, count);
        reading.target += count;
      }
      at += count;
      reading.remaining -= count;
      if (reading.remaining == 0)
        finishReading();
      continue;
    }
    TcpFrame frame;
    if (buffered - at < sizeof(frame))
      break;
    std::memcpy(&frame, buffer + at, sizeof(frame));
    at += sizeof(frame);
    begin(frame);
  }
  if (!isOpen())
    return;
  std::memmove(buffer, buffer + at, buffered - at);
  buffered -= at;
}

void TcpLink::begin(const TcpFrame &frame) {
  static constexpr char kNonsense[] = "what it sent makes no sense";
  switch (frame.kind) {
  case TcpFrame::Whole:
    if (frame.tag < 0 || frame.bytes < 0 || frame.bytes > limits.whole)
      return lose(kNonsense);
    return beginWhole(frame);
  case TcpFrame::Offer:
    if (frame.tag < 0 || frame.bytes <= limits.whole)
      return lose(kNonsense);
    return arrive({frame, {}});
  case TcpFrame::Accept: {
    auto entry = offered.find(frame.id);
    if (entry == offered.end())
      return; // given up
    streams.push_back(entry->second);
    offered.erase(entry);
    return;
  }
  case TcpFrame::Part: {
    auto entry = accepted.find(frame.id);
    if (entry == accepted.end() || frame.bytes <= 0 ||
        frame.bytes > entry->second.remaining)
      return lose(kNonsense);
    TcpRequest *request = entry->second.request;
    reading = {};
    reading.isActive = true;
    reading.frame = frame;
    reading.request = request;
    reading.target = request ? request->data + request->moved : nullptr;
    reading.remaining = frame.bytes;
    return;
  }
  }
  lose(kNonsense);
}

static Status checkSize(const TcpRequest &request, int64_t bytes) {
  if (request.bytes == bytes)
    return {};
  return fail(COMMUTER_INTERNAL,
              "a message of %lld bytes from rank %d, not %lld",
              static_cast<long long>(bytes), request.peer,
              static_cast<long long>(request.bytes));
}

TcpRequest *TcpLink::takeExpected(int32_t tag) {
  auto entry = expected.find(tag);
  if (entry == expected.end())
    return nullptr;
  TcpRequest *request = entry->second.front();
  entry->second.pop_front();
  if (entry->second.empty())
    expected.erase(entry);
  return request;
}

/// A receive that is there gets the data directly.
void TcpLink::beginWhole(const TcpFrame &frame) {
  reading = {};
  reading.isActive = true;
  reading.frame = frame;
  reading.remaining = frame.bytes;
  if (TcpRequest *request = takeExpected(frame.tag)) {
    Status status = checkSize(*request, frame.bytes);
    if (status.ok()) {
      reading.request = request;
      reading.target = request->data;
    } else {
      request->finish(std::move(status));
    }
  } else if (unexpectedBytes + frame.bytes > kMaxUnexpected) {
    return lose("it sent " + std::to_string(kMaxUnexpected >> 20) +
                " MiB that nothing here receives");
  } else {
    reading.isKept = true;
    reading.kept.resize(frame.bytes);
    reading.target = reading.kept.data();
  }
  if (frame.bytes == 0)
    finishReading();
}

void TcpLink::finishReading() {
  reading.isActive = false;
  TcpRequest *request = reading.request;
  if (reading.isKept)
    return arrive({reading.frame, std::move(reading.kept)});
  if (reading.frame.kind == TcpFrame::Whole) {
    if (request)
      request->finish();
    return;
  }
  auto entry = accepted.find(reading.frame.id);
  entry->second.remaining -= reading.frame.bytes;
  if (request)
    request->moved += reading.frame.bytes;
  if (entry->second.remaining > 0)
    return;
  accepted.erase(entry);
  if (request)
    request->finish();
}

void TcpLink::arrive(Arrival arrival) {
  if (TcpRequest *request = takeExpected(arrival.frame.tag))
    return match(*request, std::move(arrival));
  unexpectedBytes += static_cast<int64_t>(arrival.data.size());
  unexpected[arrival.frame.tag].push_back(std::move(arrival));
}

void TcpLink::match(TcpRequest &request, Arrival arrival) {
  const TcpFrame &frame = arrival.frame;
  Status status = checkSize(request, frame.bytes);
  if (!status.ok())
    return request.finish(std::move(status));
  if (frame.kind == TcpFrame::Whole) {
    std::copy(arrival.data.begin(), arrival.data.end(), request.data);
    return request.finish();
  }
  accepted[frame.id] = {&request, frame.bytes};
  frames.push_back({{TcpFrame::Accept, 0, 0, frame.id}, nullptr});
}

//===----------------------------------------------------------------------===//
// The port
//===----------------------------------------------------------------------===//

TcpPort::TcpPort(int32_t rank, std::vector<Socket> sockets, TcpLimits limits)
    : ownRank(rank) {
  for (size_t peer = 0; peer < sockets.size(); ++peer)
    links.push_back(static_cast<int32_t>(peer) == rank
                        ? nullptr
                        : std::make_unique<TcpLink>(static_cast<int32_t>(peer),
                                                    std::move(sockets[peer]),
                                                    limits));
}

static TcpRequest *&get(PortRequest &handle) {
  static_assert(sizeof(TcpRequest *) <= sizeof(handle.storage));
  return *reinterpret_cast<TcpRequest **>(handle.storage);
}

Status TcpPort::send(int32_t peer, int32_t tag, const void *data, int64_t bytes,
                     PortRequest &request) {
  get(request) = new TcpRequest(
      peer, tag, static_cast<char *>(const_cast<void *>(data)), bytes);
  links[peer]->send(*get(request));
  return {};
}

Status TcpPort::receive(int32_t peer, int32_t tag, void *data, int64_t bytes,
                        PortRequest &request) {
  get(request) = new TcpRequest(peer, tag, static_cast<char *>(data), bytes);
  links[peer]->receive(*get(request));
  return {};
}

/// Who waits asks for many requests in turns, and mostly probes as well: links
/// move once for all of that.
Status TcpPort::test(PortRequest &handle, bool &isDone) {
  TcpRequest *request = get(handle);
  if (!request->isDone && request->asked == turn)
    moveAll();
  request->asked = turn;
  isDone = request->isDone;
  if (!isDone)
    return {};
  Status status = std::move(request->status);
  delete request;
  return status;
}

void TcpPort::cancel(PortRequest &request, bool isSend) {
  TcpLink &link = *links[get(request)->peer];
  if (isSend)
    link.cancelSend(*get(request));
  else
    link.cancelReceive(*get(request));
}

Status TcpPort::probe(int32_t tag, bool &isThere, int32_t &peer,
                      int64_t &bytes) {
  moveAll();
  isThere = false;
  for (int32_t k = 0; k < size() && !isThere; ++k) {
    peer = (nextProbed + k) % size();
    isThere = links[peer] && links[peer]->probe(tag, bytes);
  }
  if (isThere)
    nextProbed = (peer + 1) % size();
  return {};
}

void TcpPort::moveAll() {
  ++turn;
  std::vector<pollfd> polled;
  std::vector<TcpLink *> open;
  for (const std::unique_ptr<TcpLink> &link : links) {
    if (!link || !link->isOpen())
      continue;
    short events = POLLIN | (link->hasToWrite() ? POLLOUT : 0);
    polled.push_back({link->descriptor(), events, 0});
    open.push_back(link.get());
  }
  if (poll(polled.data(), polled.size(), 0) <= 0)
    return;
  for (size_t i = 0; i < open.size(); ++i) {
    if (polled[i].revents & ~POLLOUT)
      open[i]->read();
    // What was read may have asked for an answer.
    bool wasIdle = !(polled[i].events & POLLOUT);
    if (wasIdle || polled[i].revents & POLLOUT)
      open[i]->write();
  }
}

bool TcpPort::takeLoss(int32_t &peer, std::string &why) {
  for (peer = 0; peer < size(); ++peer) {
    TcpLink *link = links[peer].get();
    if (!link || link->isOpen() || link->isLossTold)
      continue;
    link->isLossTold = true;
    why = link->loss;
    return true;
  }
  return false;
}

Status TcpPort::finalize() {
  for (std::unique_ptr<TcpLink> &link : links)
    link.reset();
  return {};
}
