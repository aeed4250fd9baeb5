//===- NcclOneRankTest.cpp --------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// NCCL's functions as the transport calls them, by a communicator of one rank:
// all that a machine with one GPU can show of NCCL itself. The double does the
// same.
//
//===----------------------------------------------------------------------===//

#include "../src/Device.h"
#include "../src/GpuStream.h"
#include "../transport/NcclSegment.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <dlfcn.h>
#include <numeric>
#include <thread>
#include <vector>

using namespace commuter::rt;

namespace {

using Clock = std::chrono::steady_clock;

constexpr int64_t kElements = 1000;
constexpr size_t kBytes = kElements * sizeof(float);

/// The first GPU of the module's kind, and NCCL.
Status open(const char *file, std::unique_ptr<Device> &device,
            const nccl::Library *&library) {
  void *module = dlopen(file, RTLD_NOW);
  if (!module)
    return {COMMUTER_UNSUPPORTED, dlerror()};
  Device *opened = nullptr;
  Status status;
  reinterpret_cast<void (*)(int, Device **, Status *)>(
      dlsym(module, "commuter_open_device"))(0, &opened, &status);
  device.reset(opened);
  return status.ok() ? nccl::load(library) : status;
}

/// One rank on one GPU.
class OneRank {
public:
  OneRank(Device &device, const nccl::Library &library)
      : device(device), stream(*device.gpuStream()), library(library) {}

  void connect() {
    nccl::UniqueId id;
    nccl::Config config;
    use([&] { return library.GetUniqueId(&id); });
    use([&] { return library.CommInitRankConfig(&comm, 1, id, 0, &config); });
    awaitReady();
  }
  void abort() {
    EXPECT_EQ(library.CommAbort(comm), nccl::Success);
    comm = nullptr;
  }

  /// With the GPU current.
  template <typename Body>
  void use(Body body) {
    nccl::Result result = nccl::Success;
    const Status status = stream.use([&] {
      result = body();
      return library.check(result, "NCCL", comm);
    });
    EXPECT_TRUE(status.ok()) << status.message;
  }

  /// Until the communicator has done what it was asked for.
  void awaitReady() {
    nccl::Result state = nccl::InProgress;
    await([&] {
      EXPECT_EQ(library.CommGetAsyncError(comm, &state), nccl::Success);
      return state != nccl::InProgress;
    });
    EXPECT_EQ(state, nccl::Success) << library.GetLastError(comm);
  }

  /// body(input, output, stream) is to copy.
  template <typename Body>
  void expectCopy(const char *what, char *input, char *output, Body body) {
    SCOPED_TRACE(what);
    std::vector<float> numbers(kElements), found(kElements);
    std::iota(numbers.begin(), numbers.end(), 1.0f);
    EXPECT_TRUE(device.write(output, found.data(), kBytes).ok());
    EXPECT_TRUE(device.write(input, numbers.data(), kBytes).ok());
    use([&] { return body(input, output, stream.handle()); });
    awaitReady();
    EXPECT_TRUE(stream.setPoint(GpuStream::Point::Latest).ok());
    await([&] {
      bool hasPassed = false;
      EXPECT_TRUE(stream.hasPassed(GpuStream::Point::Latest, hasPassed).ok());
      return hasPassed;
    });
    if (testing::Test::HasFailure())
      return; // the stream may never be done
    EXPECT_TRUE(device.read(found.data(), output, kBytes).ok());
    EXPECT_EQ(found, numbers);
  }

  nccl::Comm comm = nullptr;

private:
  template <typename Done>
  static void await(Done isDone) {
    const Clock::time_point end = Clock::now() + std::chrono::seconds(30);
    while (!isDone()) {
      if (Clock::now() > end) {
        ADD_FAILURE() << "NCCL is not done in time";
        return;
      }
      std::this_thread::sleep_for(std::chrono::microseconds(50));
    }
  }

  Device &device;
  GpuStream &stream;
  const nccl::Library &library;
};

void useEveryFunction(Device &device, const nccl::Library &library) {
  OneRank rank(device, library);
  rank.connect();
  ASSERT_FALSE(testing::Test::HasFailure());
  auto *memory = static_cast<char *>(device.allocate(256, 2 * kBytes));
  ASSERT_NE(memory, nullptr);
  char *const output = memory + kBytes;

  auto gather = [&](char *from, char *to, void *stream) {
    return library.AllGather(from, to, kBytes, nccl::Uint8, rank.comm, stream);
  };
  rank.expectCopy("AllGather", memory, output, gather);
  rank.expectCopy(
      "Broadcast", memory, output, [&](char *from, char *to, void *stream) {
        EXPECT_EQ(library.GroupStart(), nccl::Success);
        EXPECT_TRUE(library
                        .check(library.Broadcast(from, to, kBytes, nccl::Uint8,
                                                 0, rank.comm, stream),
                               "ncclBroadcast")
                        .ok());
        return library.GroupEnd();
      });
  rank.expectCopy("AllReduce", memory, output,
                  [&](char *from, char *to, void *stream) {
                    return library.AllReduce(from, to, kElements, nccl::Float32,
                                             nccl::Sum, rank.comm, stream);
                  });
  rank.expectCopy(
      "ReduceScatter", memory, output, [&](char *from, char *to, void *stream) {
        return library.ReduceScatter(from, to, kElements, nccl::Float32,
                                     nccl::Max, rank.comm, stream);
      });

  // Registered memory, if this NCCL has any.
  NcclSegment segment;
  rank.use([&] {
    segment.allocate(library, 4 * kBytes);
    return nccl::Success;
  });
  for (NcclSegment::Kind kind :
       {NcclSegment::Kind::Window, NcclSegment::Kind::Buffer}) {
    if (!segment.hasMemory())
      break;
    rank.use([&] {
      segment.registerAs(kind, library, rank.comm);
      return nccl::Success;
    });
    rank.awaitReady();
    if (segment.isRegistered())
      rank.expectCopy("registered memory", segment.input(),
                      segment.output(kBytes), gather);
    segment.deregister(library, rank.comm);
  }
  rank.abort();
  segment.free(library);
  device.deallocate(memory);
}

TEST(NcclOneRankTest, Gpu) {
  std::unique_ptr<Device> device;
  const nccl::Library *library = nullptr;
  const Status status = open(COMMUTER_CUDA_DEVICE, device, library);
  if (!status.ok())
    GTEST_SKIP() << status.message;
  if (library->isDouble)
    GTEST_SKIP() << "NCCL is the double";
  useEveryFunction(*device, *library);
}

/// In a process of its own, which has no other NCCL.
TEST(NcclOneRankTest, Double) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  if (!dlopen(COMMUTER_EMULATED_DEVICE, RTLD_NOW))
    GTEST_SKIP() << dlerror();
  EXPECT_EXIT(
      {
        setenv("COMMUTER_NCCL_LIBRARY", COMMUTER_NCCL_DOUBLE, 1);
        std::unique_ptr<Device> device;
        const nccl::Library *library = nullptr;
        const Status status = open(COMMUTER_EMULATED_DEVICE, device, library);
        EXPECT_TRUE(status.ok()) << status.message;
        if (status.ok())
          useEveryFunction(*device, *library);
        std::_Exit(HasFailure());
      },
      testing::ExitedWithCode(0), "");
}

} // namespace
