//===- Main.cpp -------------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Runs the suite on the transport threads or, with --transport=mpi or =tcp, as
// one process of a job. There, rank 0 reports; a failure of any rank is one of
// its tests. --device=cuda runs it on a device other than the processor; where
// there is none it says why, and exits with 77.
//
//===----------------------------------------------------------------------===//

#include "Harness.h"

#include <cstdio>
#include <unistd.h>

using namespace cts;

namespace {

/// Between tests, where all processes meet.
class Agreement : public testing::EmptyTestEventListener {
  void OnTestPartResult(const testing::TestPartResult &result) override {
    if (Job::get().rank != 0 && result.failed())
      std::fprintf(stderr, "rank %d: %s:%d: %s\n", Job::get().rank,
                   result.file_name() ? result.file_name() : "?",
                   result.line_number(), result.message());
  }

  void OnTestEnd(const testing::TestInfo &test) override {
    bool hasFailed = test.result()->Failed();
    std::vector<std::string> all = Job::get().share(hasFailed ? "failed" : "");
    for (size_t r = 0; r < all.size(); ++r)
      if (Job::get().rank == 0 && r != 0 && !all[r].empty())
        ADD_FAILURE() << "failed on rank " << r;
  }
};

} // namespace

/// Null: threads.
static const ProcessTransport *wantedTransport(int argc, char **argv) {
  for (int i = 1; i < argc; ++i)
    for (const ProcessTransport &transport : kProcessTransports)
      if (argv[i] == std::string("--transport=") + transport.name)
        return &transport;
  return nullptr;
}

static constexpr int kSkipped = 77;

namespace {
struct DeviceBackend {
  const char *device, *name;
};
} // namespace

/// False, and why, if the machine lacks it.
static bool useDevice(const char *device, std::string &reason) {
  const DeviceBackend known[] = {{"cpu", "CpuThreads"},
                                 {"cuda", "CudaThreads"},
                                 {"cuda-emulated", "CudaEmulatedThreads"}};
  for (const DeviceBackend &backend : known) {
    if (std::string(device) != backend.device)
      continue;
    threadsBackend.device = backend.device;
    threadsBackend.name = backend.name;
    threadsBackend.isHost = &backend == known;
    commuter_world_t *world = nullptr;
    commuter_context_t *context = nullptr;
    const bool isThere =
        commuter_threads_world_create(1, nullptr, &world) == COMMUTER_OK &&
        commuter_context_create(world, 0, device, &context) == COMMUTER_OK;
    reason = isThere ? "" : commuter_last_error();
    commuter_context_release(context);
    commuter_world_release(world);
    return isThere;
  }
  reason = std::string("the suite knows no device '") + device + "'";
  return false;
}

int main(int argc, char **argv) {
  constexpr char kDevice[] = "--device=";
  for (int i = 1; i < argc; ++i)
    if (std::string reason; std::string(argv[i]).rfind(kDevice, 0) == 0 &&
                            !useDevice(argv[i] + sizeof(kDevice) - 1, reason)) {
      std::printf("commuter-cts: skipped: %s\n", reason.c_str());
      return kSkipped;
    }
  const ProcessTransport *transport = wantedTransport(argc, argv);
  if (!transport) {
    testing::InitGoogleTest(&argc, argv);
    return RUN_ALL_TESTS();
  }
  // Before the tests are made up: which there are depends on the job.
  if (!Job::get().join(*transport)) {
    std::fprintf(stderr, "commuter-cts: error: %s\n", commuter_last_error());
    return 1;
  }
  testing::InitGoogleTest(&argc, argv);
  // A death test starts a process that would take this one's place in the job.
  std::string filter = testing::GTEST_FLAG(filter);
  testing::GTEST_FLAG(filter) =
      filter + (filter.find('-') == std::string::npos ? "-" : ":") +
      "*DeathTest*";
  auto &listeners = testing::UnitTest::GetInstance()->listeners();
  if (Job::get().rank != 0) {
    delete listeners.Release(listeners.default_result_printer());
    delete listeners.Release(listeners.default_xml_generator());
  }
  // The last one: it hears of the end of a test before the others do.
  listeners.Append(new Agreement);
  int result = RUN_ALL_TESTS();
  std::fflush(stdout);
  if (transport->finalize(10000) != COMMUTER_OK) {
    std::fprintf(stderr, "commuter-cts: error: %s\n", commuter_last_error());
    _exit(1);
  }
  return result;
}
