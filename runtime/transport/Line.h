//===- Line.h ---------------------------------------------------*- C++ -*-===//
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

#ifndef COMMUTER_RUNTIME_LINE_H
#define COMMUTER_RUNTIME_LINE_H

#include "Socket.h"

namespace commuter::rt {

/// What a process that connects says first.
struct Hello {
  char magic[8];
  uint32_t order; // of bytes
  uint32_t version;
  uint64_t job;
  int32_t rank, size;
  int64_t timeoutMs, patienceMs; // its deadline, and what is left of it
  int32_t port;                  // that it listens at
  int32_t unused;
};

/// What is said after that, between rank 0 and the others.
struct Note {
  enum Kind : uint32_t {
    Table = 1, // from rank 0: an address on each line
    Ready,     // to rank 0
    Go,        // from rank 0
    Failure    // a status's code, a space and its message
  };
  uint32_t mark, kind, bytes, unused;
};

inline constexpr char kMagic[8] = {'C', 'o', 'm', 'm', 'u', 't', 'e', 'r'};
inline constexpr uint32_t kOrder = 0x01020304;
/// Of what is said here and in TcpPort.h and MessageWire.h.
inline constexpr uint32_t kVersion = 4;

/// A connection before it is the port's. It never reads more than it must: what
/// follows may be for the port.
class Line {
public:
  Line(Socket socket, bool isConnecting)
      : socket(std::move(socket)), isConnecting(isConnecting),
        remote(remoteAddress(this->socket)) {}

  void say(const Hello &hello) {
    outgoing.append(reinterpret_cast<const char *>(&hello), sizeof(hello));
  }
  void say(Note::Kind kind, const std::string &text = {});
  void say(const Status &failure) {
    say(Note::Failure, std::to_string(failure.code) + " " + failure.message);
  }

  /// Completes the connection and sends what it can.
  void flush();

  /// False if there is none yet, or if what came is none: then `isStranger`.
  bool readHello(Hello &hello);
  bool readNote(Note::Kind &kind, std::string &text);

  bool isOpen() const { return error.empty() && !isStranger; }
  bool hasToWrite() const { return isConnecting || !outgoing.empty(); }

  Socket socket;
  bool isConnecting;
  Address remote;
  int32_t rank = -1; // once it is known
  int32_t port = 0;  // that the process listens at
  bool isReady = false;
  bool isStranger = false;
  std::string error; // what ended the connection

private:
  bool fill(size_t count);

  std::string incoming, outgoing;
};

} // namespace commuter::rt

#endif // COMMUTER_RUNTIME_LINE_H
