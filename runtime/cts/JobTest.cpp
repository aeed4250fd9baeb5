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
#include <chrono>
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

/// A world of two ranks, this one's context, and their group.
struct World {
  explicit World(int rank) {
    const char *axes[] = {"dp"};
    const int64_t sizes[] = {2};
    EXPECT_EQ(commuter_tcp_world_create(2, nullptr, &world), COMMUTER_OK);
    EXPECT_EQ(commuter_context_create(world, rank, "cpu", &context),
              COMMUTER_OK);
    EXPECT_EQ(commuter_context_add_mesh(context, "mesh", 1, axes, sizes),
              COMMUTER_OK);
    EXPECT_EQ(commuter_context_group(context, "mesh[dp]", &group), COMMUTER_OK);
  }

  /// The other rank has left.
  void expectDeparture() const {
    const auto start = std::chrono::steady_clock::now();
    EXPECT_EQ(commuter_barrier(context, group), COMMUTER_RANK_LEFT);
    EXPECT_LT(std::chrono::steady_clock::now() - start,
              std::chrono::seconds(20)); // of 60, or of ever
    EXPECT_NE(
        std::string(commuter_context_error(context)).find("rank 1 left: "),
        std::string::npos)
        << commuter_context_error(context);
  }

  commuter_world_t *world = nullptr;
  commuter_context_t *context = nullptr;
  commuter_group_t *group = nullptr;
};

TEST(JobTest, WhoEndsLeavesAllWorldsThatAreOpen) {
  runTwo([](int rank) {
    World first(rank);
    EXPECT_EQ(commuter_barrier(first.context, first.group), COMMUTER_OK);
    if (rank == 1) {
      World second(rank);
      // The other one comes as soon as it has heard of this.
      EXPECT_EQ(commuter_tcp_finalize(30000), COMMUTER_OK)
          << commuter_last_error();
      return;
    }
    first.expectDeparture();
    // And one that is new here.
    World second(rank);
    second.expectDeparture();
    EXPECT_EQ(commuter_tcp_finalize(30000), COMMUTER_OK)
        << commuter_last_error();
  });
}

TEST(JobTest, WhoEndsAloneIsNoLoss) {
  runTwo([](int rank) {
    World world(rank);
    EXPECT_EQ(commuter_barrier(world.context, world.group), COMMUTER_OK);
    if (rank == 1) {
      EXPECT_EQ(commuter_tcp_finalize(100), COMMUTER_TIMEOUT);
      return;
    }
    usleep(500000); // it is gone
    world.expectDeparture();
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
