//===- Socket.h -------------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Sockets and addresses of TCP, none of which block.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_RUNTIME_SOCKET_H
#define COMMUTER_RUNTIME_SOCKET_H

#include "../src/Support.h"

#include <sys/socket.h>
#include <utility>
#include <vector>

namespace commuter::rt {

/// Owns a descriptor.
class Socket {
public:
  Socket() = default;
  explicit Socket(int descriptor) : descriptor(descriptor) {}
  Socket(Socket &&other) noexcept
      : descriptor(std::exchange(other.descriptor, -1)) {}
  Socket &operator=(Socket &&other) noexcept {
    std::swap(descriptor, other.descriptor);
    return *this;
  }
  ~Socket() { close(); }

  explicit operator bool() const { return descriptor >= 0; }
  int get() const { return descriptor; }
  void close();

private:
  int descriptor = -1;
};

struct Address {
  sockaddr_storage storage{};
  socklen_t size = sizeof(storage);

  sockaddr *get() { return reinterpret_cast<sockaddr *>(&storage); }
  const sockaddr *get() const {
    return reinterpret_cast<const sockaddr *>(&storage);
  }
  int32_t port() const;
  bool isLoopback() const;
  /// Without the port.
  std::string host() const;
  /// host:port, as COMMUTER_RENDEZVOUS has it.
  std::string text() const;
};

/// The message of an errno.
std::string errorText(int error);

/// May wait for a name server. Errors tell of `host` alone.
Status resolve(const std::string &host, int32_t port,
               std::vector<Address> &addresses);

Address localAddress(const Socket &socket);
Address remoteAddress(const Socket &socket);

/// Each returns the errno of what failed, or 0.
int listenAt(const Address &address, Socket &socket);
/// At a port that the system chooses, for every address of this host.
int listenAnywhere(Socket &socket);
/// Whether it came to be is known when the socket can be written to.
int startConnect(const Address &address, Socket &socket);
int finishConnect(const Socket &socket);
/// No socket and 0: none waits.
int acceptNext(const Socket &listener, Socket &socket);

} // namespace commuter::rt

#endif // COMMUTER_RUNTIME_SOCKET_H
