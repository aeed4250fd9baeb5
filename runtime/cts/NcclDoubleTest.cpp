//===- NcclDoubleTest.cpp ---------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// That the double of NCCL ends a process that uses NCCL as it must not be used:
// what the suite shows of the transport rests on that. Each misuse has a
// process of its own.
//
//===----------------------------------------------------------------------===//

#include "../transport/NcclLibrary.h"

#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <dlfcn.h>
#include <string>

using namespace commuter::rt;

namespace {

constexpr int64_t kBytes = 4096;

/// Communicators of the double, and memory of the emulated GPU.
class NcclDoubleTest : public testing::Test {
protected:
  NcclDoubleTest() {
    testing::FLAGS_gtest_death_test_style = "threadsafe";
    setenv("COMMUTER_NCCL_LIBRARY", COMMUTER_NCCL_DOUBLE, 1);
    unsetenv("COMMUTER_NCCL_DOUBLE_VERSION");
  }

  void SetUp() override {
    // The double finds it where it has been loaded.
    if (!dlopen(COMMUTER_EMULATED_DEVICE, RTLD_NOW))
      GTEST_SKIP() << dlerror();
  }

  /// Loads it at the first call, and so in no process but those that die.
  const nccl::Library &use() {
    if (nccl)
      return *nccl;
    const Status status = nccl::load(nccl);
    if (!status.ok() || nccl->MemAlloc(&memory, kBytes) != nccl::Success)
      std::_Exit(1);
    data = static_cast<char *>(memory);
    return *nccl;
  }

  /// One of `size` ranks, of which the first is here.
  nccl::Comm begin(int size) {
    nccl::UniqueId id;
    nccl::Config config;
    nccl::Comm comm = nullptr;
    EXPECT_EQ(use().GetUniqueId(&id), nccl::Success);
    EXPECT_EQ(use().CommInitRankConfig(&comm, size, id, 0, &config),
              nccl::InProgress);
    return comm;
  }
  void await(nccl::Comm comm) {
    nccl::Result state = nccl::InProgress;
    while (state == nccl::InProgress)
      ASSERT_EQ(use().CommGetAsyncError(comm, &state), nccl::Success);
    EXPECT_EQ(state, nccl::Success);
  }
  nccl::Comm connect() {
    nccl::Comm comm = begin(1);
    await(comm);
    return comm;
  }
  nccl::Comm aborted() {
    nccl::Comm comm = connect();
    EXPECT_EQ(use().CommAbort(comm), nccl::Success);
    return comm;
  }
  nccl::Result gather(nccl::Comm comm, int64_t to = 1024,
                      void *stream = nullptr) {
    return use().AllGather(data, data + to, 1024, nccl::Uint8, comm, stream);
  }

  const nccl::Library *nccl = nullptr;
  void *memory = nullptr;
  char *data = nullptr;
};

#define EXPECT_MISUSE(statement, what)                                         \
  EXPECT_EXIT(statement, testing::KilledBySignal(SIGABRT),                     \
              std::string("double of NCCL: ") + what + "\n")

/// The work itself is the suite's to test: here there is no stream to do it.
TEST_F(NcclDoubleTest, ProperUse) {
  EXPECT_EXIT(
      {
        nccl::Comm comm = connect();
        nccl::Window window = nullptr;
        void *registration = nullptr;
        EXPECT_EQ(use().CommWindowRegister(comm, memory, kBytes, &window,
                                           nccl::kWindowSymmetric),
                  nccl::InProgress);
        await(comm);
        EXPECT_EQ(use().CommRegister(comm, memory, kBytes, &registration),
                  nccl::Success);
        EXPECT_EQ(use().GroupStart(), nccl::Success);
        EXPECT_EQ(gather(comm), nccl::Success);
        EXPECT_EQ(gather(comm, 0), nccl::Success);
        EXPECT_EQ(use().GroupEnd(), nccl::InProgress);
        EXPECT_EQ(use().CommDeregister(comm, registration), nccl::Success);
        EXPECT_EQ(use().CommWindowDeregister(comm, window), nccl::Success);
        EXPECT_EQ(use().CommAbort(comm), nccl::Success);
        EXPECT_EQ(use().MemFree(memory), nccl::Success);
        std::_Exit(HasFailure());
      },
      testing::ExitedWithCode(0), "");
}

TEST_F(NcclDoubleTest, ACommunicatorThatIsNotThere) {
  constexpr char kOther[64] = {};
  EXPECT_MISUSE(gather(nullptr), "a communicator is used that was not made");
  EXPECT_MISUSE(
      gather(reinterpret_cast<nccl::Comm>(const_cast<char *>(kOther))),
      "a communicator is used that was not made");
}

TEST_F(NcclDoubleTest, ACommunicatorThatWasAborted) {
  constexpr char kUsed[] = "a communicator is used that was aborted";
  nccl::Result state;
  void *registration;
  nccl::Window window;
  EXPECT_MISUSE(gather(aborted()), kUsed);
  EXPECT_MISUSE(use().Send(data, 1, nccl::Uint8, 0, aborted(), nullptr), kUsed);
  EXPECT_MISUSE(use().CommGetAsyncError(aborted(), &state), kUsed);
  EXPECT_MISUSE(use().GetLastError(aborted()), kUsed);
  EXPECT_MISUSE(use().CommRegister(aborted(), memory, kBytes, &registration),
                kUsed);
  EXPECT_MISUSE(use().CommWindowRegister(aborted(), memory, kBytes, &window,
                                         nccl::kWindowSymmetric),
                kUsed);
  EXPECT_MISUSE(use().CommAbort(aborted()), kUsed);
}

TEST_F(NcclDoubleTest, WorkBeforeACommunicatorIsDone) {
  constexpr char kEarly[] = "a communicator is given work before it is done";
  void *registration;
  nccl::Window window;
  // Its other rank never comes.
  EXPECT_MISUSE(gather(begin(2)), kEarly);
  EXPECT_MISUSE(use().CommRegister(begin(2), memory, kBytes, &registration),
                kEarly);
  EXPECT_MISUSE(use().CommWindowRegister(begin(2), memory, kBytes, &window,
                                         nccl::kWindowSymmetric),
                kEarly);
  EXPECT_MISUSE(
      {
        nccl::Comm comm = connect();
        gather(comm);
        gather(comm);
      },
      kEarly);
}

TEST_F(NcclDoubleTest, Groups) {
  EXPECT_MISUSE(use().GroupEnd(), "a group ends that was not begun");
  EXPECT_MISUSE(
      {
        nccl::Comm comm = connect();
        use().GroupStart();
        gather(comm);
        use().GroupEnd();
        use().GroupEnd();
      },
      "a group ends that was not begun");
  EXPECT_MISUSE(
      {
        nccl::Comm comm = connect();
        use().GroupStart();
        gather(comm);
        use().CommAbort(comm);
      },
      "a communicator is aborted in a group");
  EXPECT_MISUSE(
      {
        nccl::Comm comm = connect();
        use().GroupStart();
        gather(comm);
        gather(comm, 1024, &comm);
      },
      "a group has several streams");
}

TEST_F(NcclDoubleTest, OutputsThatOverlap) {
  constexpr char kOverlap[] =
      "an output overlaps an input, and is not in place";
  EXPECT_MISUSE(gather(connect(), 8), kOverlap);
  EXPECT_MISUSE(
      use().Broadcast(data + 8, data, 64, nccl::Uint8, 0, connect(), nullptr),
      kOverlap);
  EXPECT_MISUSE(use().AllReduce(data + 8, data, 16, nccl::Float32, nccl::Sum,
                                connect(), nullptr),
                kOverlap);
  EXPECT_MISUSE(use().ReduceScatter(data, data + 8, 16, nccl::Float32,
                                    nccl::Sum, connect(), nullptr),
                kOverlap);
}

TEST_F(NcclDoubleTest, RegisteredMemory) {
  auto registered = [&](nccl::Comm comm) {
    void *registration = nullptr;
    EXPECT_EQ(use().CommRegister(comm, memory, kBytes, &registration),
              nccl::Success);
    return registration;
  };
  EXPECT_MISUSE(
      {
        nccl::Comm comm = connect();
        void *registration = registered(comm);
        use().CommDeregister(comm, registration);
        use().CommDeregister(comm, registration);
      },
      "a communicator does not have what it is to deregister");
  EXPECT_MISUSE(
      {
        nccl::Comm comm = connect();
        use().CommWindowDeregister(comm,
                                   static_cast<nccl::Window>(registered(comm)));
      },
      "a communicator does not have what it is to deregister");
  EXPECT_MISUSE(use().CommDeregister(connect(), registered(connect())),
                "a communicator does not have what it is to deregister");
  EXPECT_MISUSE(
      {
        registered(connect());
        use().MemFree(memory);
      },
      "memory is freed that a communicator has registered");
  EXPECT_MISUSE(
      {
        use().MemFree(memory);
        use().MemFree(memory);
      },
      "memory is freed that was not allocated");
}

} // namespace
