//===- Line.cpp -------------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A connection between two processes that are about to meet, and what they say
// on it.
//
//===----------------------------------------------------------------------===//

#include "Line.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <poll.h>

using namespace commuter::rt;

static constexpr uint32_t kMark = 0x434d5452;
static constexpr uint32_t kMaxNoteBytes = 16 << 20;

void Line::say(Note::Kind kind, const std::string &text) {
  Note note{kMark, kind, static_cast<uint32_t>(text.size()), 0};
  outgoing.append(reinterpret_cast<const char *>(&note), sizeof(note));
  outgoing += text;
}

void Line::flush() {
  if (isConnecting) {
    pollfd entry{socket.get(), POLLOUT, 0};
    if (poll(&entry, 1, 0) <= 0)
      return;
    if (int failed = finishConnect(socket)) {
      error = errorText(failed);
      return;
    }
    isConnecting = false;
    remote = remoteAddress(socket);
  }
  while (!outgoing.empty()) {
    ssize_t sent = send(socket.get(), outgoing.data(), outgoing.size(),
                        MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno == EINTR)
      continue;
    if (sent < 0) {
      if (errno != EAGAIN && errno != EWOULDBLOCK)
        error = errorText(errno);
      return;
    }
    outgoing.erase(0, sent);
  }
}

/// True once that much of what is being read is there.
bool Line::fill(size_t count) {
  while (incoming.size() < count) {
    char part[4096];
    ssize_t got =
        recv(socket.get(), part,
             std::min(sizeof(part), count - incoming.size()), MSG_DONTWAIT);
    if (got < 0 && errno == EINTR)
      continue;
    if (got <= 0) {
      if (got == 0)
        error = "it closed the connection";
      else if (errno != EAGAIN && errno != EWOULDBLOCK)
        error = errorText(errno);
      return false;
    }
    incoming.append(part, got);
  }
  return true;
}

bool Line::readHello(Hello &hello) {
  bool isWhole = fill(sizeof(hello));
  size_t known = std::min(incoming.size(), sizeof(kMagic));
  isStranger = std::memcmp(incoming.data(), kMagic, known) != 0;
  if (!isWhole || isStranger)
    return false;
  std::memcpy(&hello, incoming.data(), sizeof(hello));
  incoming.clear();
  return true;
}

bool Line::readNote(Note::Kind &kind, std::string &text) {
  Note note;
  if (isConnecting || !fill(sizeof(note)))
    return false;
  std::memcpy(&note, incoming.data(), sizeof(note));
  isStranger = note.mark != kMark || note.kind < Note::Table ||
               note.kind > Note::Failure || note.bytes > kMaxNoteBytes;
  if (isStranger || !fill(sizeof(note) + note.bytes))
    return false;
  kind = static_cast<Note::Kind>(note.kind);
  text = incoming.substr(sizeof(note));
  incoming.clear();
  return true;
}
