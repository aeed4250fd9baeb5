//===- EmulationTest.cpp ----------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Kernels with one fault each: that the emulation finds it.
//
//===----------------------------------------------------------------------===//

#include "../Runtime.h"
#include "../emulation/Machine.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

using namespace commuter::rt;
using namespace commuter::rt::cuda;

namespace {

struct Parameters {
  float *data;
};

__global__ void reverseBlock(const Parameters p) {
  float *shared = static_cast<float *>(sharedMemory());
  shared[threadIdx.x] = loadGlobal<float>(p.data + threadIdx.x);
  __syncthreads();
  storeGlobal(p.data + threadIdx.x, shared[blockDim.x - 1 - threadIdx.x]);
}

__global__ void reverseBlockWithoutBarrier(const Parameters p) {
  float *shared = static_cast<float *>(sharedMemory());
  shared[threadIdx.x] = loadGlobal<float>(p.data + threadIdx.x);
  storeGlobal(p.data + threadIdx.x, shared[blockDim.x - 1 - threadIdx.x]);
}

__global__ void writeWhatOthersStillRead(const Parameters p) {
  float *shared = static_cast<float *>(sharedMemory());
  float sum = 0;
  for (int i = 0; i < 4; ++i) {
    if (threadIdx.x % kWarp == 0)
      shared[threadIdx.x / kWarp] = loadGlobal<float>(p.data + i);
    __syncthreads();
    sum += __shfl_xor_sync(0xffffffff, shared[1 - threadIdx.x / kWarp], 1);
  }
  storeGlobal(p.data + threadIdx.x, sum);
}

__global__ void readPastTheEnd(const Parameters p) {
  storeGlobal(p.data + threadIdx.x,
              loadGlobal<float>(p.data + threadIdx.x + 1));
}

__global__ void writeBeforeTheStart(const Parameters p) {
  storeGlobal(p.data + threadIdx.x - 1, 1.0f);
}

__global__ void readUnaligned(const Parameters p) {
  loadGlobal<uint4>(p.data + threadIdx.x % 4);
}

__global__ void leaveBeforeTheBarrier(const Parameters) {
  if (threadIdx.x == 5)
    return;
  __syncthreads();
}

__global__ void waitAtTwoBarriers(const Parameters) {
  if (threadIdx.x < 32)
    __syncthreads();
  else
    __syncthreads();
}

__global__ void shuffleInHalfAWarp(const Parameters) {
  if (threadIdx.x % 32 < 16)
    __shfl_xor_sync(0xffffffff, 1.0f, 1);
}

__global__ void shuffleBesideABarrier(const Parameters) {
  if (threadIdx.x == 40)
    __syncthreads();
  else
    __shfl_xor_sync(0xffffffff, 1.0f, 1);
}

__global__ void writePastSharedMemory(const Parameters) {
  static_cast<float *>(sharedMemory())[64 + threadIdx.x % 4] = 1;
}

__global__ void passRound(const Parameters p) {
  float *shared = static_cast<float *>(sharedMemory());
  if (threadIdx.x == 0)
    *shared = loadGlobal<float>(p.data + clusterRank());
  clusterSync();
  const int next = (clusterRank() + 1) % clusterSize();
  if (threadIdx.x == 0)
    storeGlobal(p.data + clusterRank(), *sharedOf(shared, next));
  clusterSync();
}

__global__ void leaveTheCluster(const Parameters) {
  float *shared = static_cast<float *>(sharedMemory());
  clusterSync();
  if (clusterRank() == 0)
    return;
  for (int i = 0; i < 2; ++i)
    __syncthreads();
  *shared = *sharedOf(shared, 0);
}

__global__ void leaveBeforeTheClustersBarrier(const Parameters) {
  if (clusterRank() == 1)
    clusterSync();
}

__global__ void readBeforeTheWait(const Parameters p) {
  const float value = loadGlobal<float>(p.data + threadIdx.x);
  waitForPreviousKernel();
  storeGlobal(p.data + threadIdx.x, value);
}

__global__ void waitInOneThread(const Parameters) {
  if (threadIdx.x == 0)
    waitForPreviousKernel();
}

__global__ void negateAfterTheWait(const Parameters p) {
  waitForPreviousKernel();
  startNextKernel();
  const float value = loadGlobal<float>(p.data + threadIdx.x);
  storeGlobal(p.data + threadIdx.x, -value);
}

class EmulationTest : public testing::Test {
protected:
  static constexpr int kThreads = 64;

  EmulationTest() {
    emulation::settings() = {};
    data =
        static_cast<float *>(emulation::allocate(kThreads * sizeof(float), 0));
    for (int i = 0; i < kThreads; ++i)
      host()[i] = static_cast<float>(i);
  }
  ~EmulationTest() override { emulation::deallocate(data); }

  /// Where the host finds `data`.
  float *host() const {
    return reinterpret_cast<float *>(emulation::hostOf(data));
  }

  LaunchStatus run(void (*kernel)(Parameters), uint32_t cluster = 1,
                   void *stream = nullptr, bool isDependent = false) {
    LaunchShape shape;
    shape.isDependent = isDependent;
    shape.gridX = shape.cluster = cluster;
    shape.threads = kThreads;
    shape.sharedBytes = kThreads * sizeof(float);
    return launch(kernel, shape, stream, Parameters{data});
  }

  void expectFault(void (*kernel)(Parameters), const char *text,
                   uint32_t cluster = 1, bool isDependent = false) {
    for (emulation::Order order :
         {emulation::Order::InStep, emulation::Order::Ahead}) {
      emulation::settings().order = order;
      const LaunchStatus status = run(kernel, cluster, nullptr, isDependent);
      EXPECT_EQ(status.code, COMMUTER_INTERNAL);
      EXPECT_NE(std::string(status.message).find(text), std::string::npos)
          << status.message;
    }
  }

  float *data;
};

TEST_F(EmulationTest, RunsThreadsAndBarriers) {
  const LaunchStatus status = run(reverseBlock);
  ASSERT_TRUE(status.ok()) << status.message;
  for (int i = 0; i < kThreads; ++i)
    EXPECT_EQ(host()[i], kThreads - 1 - i);
}

TEST_F(EmulationTest, RunsClusters) {
  const LaunchStatus status = run(passRound, 4);
  ASSERT_TRUE(status.ok()) << status.message;
  for (int i = 0; i < 4; ++i)
    EXPECT_EQ(host()[i], (i + 1) % 4);
}

/// One order of the threads hides it, another one does not.
TEST_F(EmulationTest, AMissingBarrierShowsInTheOrders) {
  for (auto *kernel : {reverseBlockWithoutBarrier, writeWhatOthersStillRead}) {
    std::vector<float> results[2];
    for (int order = 0; order < 2; ++order) {
      emulation::settings().order =
          order == 0 ? emulation::Order::InStep : emulation::Order::Ahead;
      for (int i = 0; i < kThreads; ++i)
        host()[i] = static_cast<float>(i);
      ASSERT_TRUE(run(kernel).ok());
      results[order].assign(host(), host() + kThreads);
    }
    EXPECT_NE(results[0], results[1]);
  }
}

TEST_F(EmulationTest, FindsAccessesOutsideOfBuffers) {
  expectFault(readPastTheEnd, "4 bytes is outside of all buffers");
  expectFault(writeBeforeTheStart, "4 bytes is outside of all buffers");
}

TEST_F(EmulationTest, FindsUnalignedAccesses) {
  expectFault(readUnaligned, "16 bytes is not aligned");
}

TEST_F(EmulationTest, FindsThreadsThatMissABarrier) {
  expectFault(leaveBeforeTheBarrier, "ended");
  expectFault(waitAtTwoBarriers, "others wait at EmulationTest.cpp");
  expectFault(shuffleInHalfAWarp, "ended");
  expectFault(shuffleBesideABarrier, "EmulationTest.cpp");
}

TEST_F(EmulationTest, FindsFaultsOfSharedMemory) {
  expectFault(writePastSharedMemory, "past its shared memory");
}

TEST_F(EmulationTest, FindsFaultsOfClusters) {
  expectFault(leaveTheCluster, "a block that has ended", 2);
  expectFault(leaveBeforeTheClustersBarrier, "ended", 2);
}

/// What the previous kernel leaves is there after the wait; kernels further
/// back are done if that one has waited, in every thread.
TEST_F(EmulationTest, FindsDependentKernelsThatDoNotWait) {
  expectFault(readBeforeTheWait, "before the wait for the previous kernel", 1,
              /*isDependent=*/true);
  expectFault(waitInOneThread, "without a wait for the previous kernel", 1,
              /*isDependent=*/true);
  ASSERT_TRUE(run(readBeforeTheWait).ok());
  ASSERT_TRUE(run(negateAfterTheWait, 1, nullptr, /*isDependent=*/true).ok());
  EXPECT_EQ(host()[3], -3);
}

TEST_F(EmulationTest, RefusesMemoryThatNoGpuHas) {
  void *found = nullptr;
  EXPECT_EQ(allocateMemory(nullptr, 0, nullptr, found).code, COMMUTER_INTERNAL);
  EXPECT_EQ(allocateMemory(nullptr, kMostBytes + 1, nullptr, found).code,
            COMMUTER_OUT_OF_MEMORY);
}

TEST_F(EmulationTest, RefusesLaunchesThatNoGpuHas) {
  emulation::settings().limits.major = 8;
  EXPECT_EQ(run(passRound, 2).code, COMMUTER_INTERNAL);
  LaunchShape shape;
  shape.threads = 33;
  EXPECT_EQ(launch(reverseBlock, shape, nullptr, Parameters{data}).code,
            COMMUTER_INTERNAL);
}

//===----------------------------------------------------------------------===//
// Streams
//===----------------------------------------------------------------------===//

class StreamTest : public EmulationTest {
protected:
  StreamTest() {
    EXPECT_TRUE(createStream(first).ok());
    EXPECT_TRUE(createStream(second).ok());
    EXPECT_TRUE(createEvent(event).ok());
  }
  ~StreamTest() override {
    destroyEvent(event);
    destroyStream(second);
    destroyStream(first);
  }

  float read(void *stream) {
    float value = -1;
    EXPECT_TRUE(copyMemory(&value, data, sizeof(value), stream).ok());
    return value;
  }

  void *first = nullptr, *second = nullptr, *event = nullptr;
};

TEST_F(StreamTest, WorkIsDoneWhenItIsWaitedFor) {
  ASSERT_TRUE(run(reverseBlock, 1, first).ok());
  EXPECT_EQ(host()[0], 0);
  ASSERT_TRUE(cuda::synchronize(first).ok());
  EXPECT_EQ(host()[0], kThreads - 1);
}

TEST_F(StreamTest, AMissingEventShows) {
  ASSERT_TRUE(run(reverseBlock, 1, first).ok());
  EXPECT_EQ(read(second), 0);
  ASSERT_TRUE(recordEvent(event, first).ok());
  ASSERT_TRUE(awaitEvent(event, second).ok());
  EXPECT_EQ(read(second), kThreads - 1);
}

TEST_F(StreamTest, AFaultStaysItsStreams) {
  ASSERT_TRUE(run(readPastTheEnd, 1, first).ok());
  for (int i = 0; i < 2; ++i) {
    const LaunchStatus status = cuda::synchronize(first);
    EXPECT_EQ(status.code, COMMUTER_INTERNAL);
    EXPECT_NE(std::string(status.message).find("outside of all buffers"),
              std::string::npos);
  }
  EXPECT_TRUE(cuda::synchronize(second).ok());
}

TEST_F(StreamTest, ACopyPastTheEndIsAFault) {
  float values[kThreads + 1];
  EXPECT_EQ(copyMemory(values, data, sizeof(values), first).code,
            COMMUTER_INTERNAL);
}

TEST_F(EmulationTest, TheHostHasNoAccess) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_DEATH(*static_cast<volatile float *>(data) = 1, "");
}

} // namespace
