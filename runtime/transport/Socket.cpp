//===- Socket.cpp -----------------------------------------------*- C++ -*-===//
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

#include "Socket.h"

#include <arpa/inet.h>
#include <cerrno>
#include <cstring>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <system_error>
#include <unistd.h>

using namespace commuter::rt;

static constexpr int kBacklog = 1024;

void Socket::close() {
  if (descriptor >= 0)
    ::close(std::exchange(descriptor, -1));
}

//===----------------------------------------------------------------------===//
// Addresses
//===----------------------------------------------------------------------===//

int32_t Address::port() const {
  return ntohs(storage.ss_family == AF_INET6
                   ? reinterpret_cast<const sockaddr_in6 *>(&storage)->sin6_port
                   : reinterpret_cast<const sockaddr_in *>(&storage)->sin_port);
}

bool Address::isLoopback() const {
  if (storage.ss_family == AF_INET6)
    return IN6_IS_ADDR_LOOPBACK(
        &reinterpret_cast<const sockaddr_in6 *>(&storage)->sin6_addr);
  const auto *address = reinterpret_cast<const sockaddr_in *>(&storage);
  return ntohl(address->sin_addr.s_addr) >> 24 == 127;
}

std::string Address::host() const {
  char text[NI_MAXHOST];
  if (getnameinfo(get(), size, text, sizeof(text), nullptr, 0, NI_NUMERICHOST))
    return "?";
  return text;
}

std::string Address::text() const {
  std::string name = host();
  if (storage.ss_family == AF_INET6)
    name = "[" + name + "]";
  return name + ":" + std::to_string(port());
}

std::string commuter::rt::errorText(int error) {
  return std::generic_category().message(error);
}

Status commuter::rt::resolve(const std::string &host, int32_t port,
                             std::vector<Address> &addresses) {
  addrinfo hints{}, *found = nullptr;
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  int error =
      getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (error)
    return fail(
        COMMUTER_INVALID_ARGUMENT, "cannot resolve '%s': %s", host.c_str(),
        error == EAI_SYSTEM ? errorText(errno).c_str() : gai_strerror(error));
  for (addrinfo *entry = found; entry; entry = entry->ai_next) {
    Address address;
    std::memcpy(&address.storage, entry->ai_addr, entry->ai_addrlen);
    address.size = entry->ai_addrlen;
    addresses.push_back(address);
  }
  freeaddrinfo(found);
  return {};
}

Address commuter::rt::localAddress(const Socket &socket) {
  Address address;
  getsockname(socket.get(), address.get(), &address.size);
  return address;
}

Address commuter::rt::remoteAddress(const Socket &socket) {
  Address address;
  getpeername(socket.get(), address.get(), &address.size);
  return address;
}

//===----------------------------------------------------------------------===//
// Connections
//===----------------------------------------------------------------------===//

static constexpr int kFlags = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;

static void setOption(const Socket &socket, int level, int option, int value) {
  setsockopt(socket.get(), level, option, &value, sizeof(value));
}

int commuter::rt::listenAt(const Address &address, Socket &socket) {
  socket = Socket(::socket(address.storage.ss_family, kFlags, 0));
  if (!socket)
    return errno;
  // The last job's connections may still be about to end.
  setOption(socket, SOL_SOCKET, SO_REUSEADDR, 1);
  if (address.storage.ss_family == AF_INET6)
    setOption(socket, IPPROTO_IPV6, IPV6_V6ONLY, 1);
  if (bind(socket.get(), address.get(), address.size) ||
      listen(socket.get(), kBacklog))
    return errno;
  return 0;
}

int commuter::rt::listenAnywhere(Socket &socket) {
  // One socket for both families; where there is no IPv6, for the other.
  socket = Socket(::socket(AF_INET6, kFlags, 0));
  if (socket) {
    sockaddr_in6 any{};
    any.sin6_family = AF_INET6;
    setOption(socket, IPPROTO_IPV6, IPV6_V6ONLY, 0);
    if (!bind(socket.get(), reinterpret_cast<sockaddr *>(&any), sizeof(any)) &&
        !listen(socket.get(), kBacklog))
      return 0;
  }
  socket = Socket(::socket(AF_INET, kFlags, 0));
  if (!socket)
    return errno;
  sockaddr_in any{};
  any.sin_family = AF_INET;
  if (bind(socket.get(), reinterpret_cast<sockaddr *>(&any), sizeof(any)) ||
      listen(socket.get(), kBacklog))
    return errno;
  return 0;
}

int commuter::rt::startConnect(const Address &address, Socket &socket) {
  socket = Socket(::socket(address.storage.ss_family, kFlags, 0));
  if (!socket)
    return errno;
  setOption(socket, IPPROTO_TCP, TCP_NODELAY, 1);
  if (connect(socket.get(), address.get(), address.size) == 0 ||
      errno == EINPROGRESS || errno == EINTR)
    return 0;
  return errno;
}

int commuter::rt::finishConnect(const Socket &socket) {
  int error = 0;
  socklen_t size = sizeof(error);
  if (getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &size))
    return errno;
  if (error)
    return error;
  // Where nobody listens at a port that the system gives to clients, it may
  // give it to this one, and connect it to itself.
  if (localAddress(socket).text() == remoteAddress(socket).text())
    return ECONNREFUSED;
  return 0;
}

int commuter::rt::acceptNext(const Socket &listener, Socket &socket) {
  int descriptor =
      accept4(listener.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (descriptor >= 0) {
    socket = Socket(descriptor);
    setOption(socket, IPPROTO_TCP, TCP_NODELAY, 1);
    return 0;
  }
  // Those that came and went in the meantime are nobody's error.
  if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ||
      errno == ECONNABORTED)
    return 0;
  return errno;
}
