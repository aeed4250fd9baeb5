//===- JobTest.cpp ----------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// How a job ends, and how it does not: jobs of two processes over TCP, started
// here.
//
//===----------------------------------------------------------------------===//

#include "commuter_rt.h"

#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <string>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

/// Of this host, and nobody's a moment ago.
std::string freeAddress() {
  int listener = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto *generic = reinterpret_cast<sockaddr *>(&address);
  EXPECT_EQ(bind(listener, generic, size), 0);
  EXPECT_EQ(getsockname(listener, generic, &size), 0);
  close(listener);
  return "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
}

/// Runs `body` in a process for each of two ranks; what fails there, fails
/// here.
void runTwo(const std::function<void(int rank)> &body) {
  setenv("COMMUTER_RENDEZVOUS", freeAddress().c_str(), 1);
  setenv("COMMUTER_WORLD_SIZE", "2", 1);
  pid_t processes[2];
  for (int rank : {0, 1}) {
    setenv("COMMUTER_RANK", std::to_string(rank).c_str(), 1);
    processes[rank] = fork();
    if (processes[rank] == 0) {
      EXPECT_EQ(commuter_tcp_init(nullptr, nullptr), COMMUTER_OK)
          << commuter_last_error();
      body(rank);
      _exit(testing::Test::HasFailure());
    }
  }
  for (int rank : {0, 1}) {
    int status = -1;
    EXPECT_EQ(waitpid(processes[rank], &status, 0), processes[rank]);
    EXPECT_EQ(status, 0) << "of rank " << rank;
  }
}

TEST(JobTest, AnEndThatFailedHasFailedForGood) {
  runTwo([](int rank) {
    if (rank == 1)
      return;
    for (int attempt = 0; attempt < 2; ++attempt) {
      EXPECT_EQ(commuter_tcp_finalize(20000), COMMUTER_RANK_LEFT);
      EXPECT_NE(std::string(commuter_last_error()).find("lost rank 1"),
                std::string::npos)
          << commuter_last_error();
    }
  });
}

TEST(JobTest, NoTimeoutIsTooLongForTheEnd) {
  runTwo([](int rank) {
    if (rank == 1)
      usleep(300000);
    EXPECT_EQ(commuter_tcp_finalize(INT64_MAX), COMMUTER_OK)
        << commuter_last_error();
    EXPECT_EQ(commuter_tcp_finalize(INT64_MAX), COMMUTER_OK);
  });
}

TEST(JobTest, AnEndBelowZeroIsNoAttempt) {
  runTwo([](int) {
    for (auto finalize : {commuter_tcp_finalize, commuter_mpi_finalize,
                          commuter_nccl_finalize}) {
      EXPECT_EQ(finalize(-1), COMMUTER_INVALID_ARGUMENT);
      EXPECT_STREQ(commuter_last_error(), "a timeout of -1 ms");
    }
    EXPECT_EQ(commuter_tcp_finalize(20000), COMMUTER_OK)
        << commuter_last_error();
  });
}

} // namespace
