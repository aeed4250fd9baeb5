//===- Main.cpp -------------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Runs the suite on the transport threads or, with --transport=mpi, =tcp, =nccl
// or =nccl-mpi (nccl, whose processes meet over MPI), as one process of a job.
// There, rank 0 reports; a failure of any rank is one of its tests.
// --device=cuda runs it on a device other than the processor; where there is
// none, or no NCCL, it says why, and exits with 77.
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
struct DeviceName {
  const char *device, *backend;
};
} // namespace

/// The name of --device.
static const char *wantedDevice(int argc, char **argv) {
  constexpr char kDevice[] = "--device=";
  for (int i = 1; i < argc; ++i)
    if (std::string(argv[i]).rfind(kDevice, 0) == 0)
      return argv[i] + sizeof(kDevice) - 1;
  return "cpu";
}

/// Settles what the suite runs on. False, and why, if the machine lacks it.
static bool useBackend(const char *device, const ProcessTransport *transport,
                       std::string &reason) {
  const DeviceName known[] = {
      {"cpu", "Cpu"}, {"cuda", "Cuda"}, {"cuda-emulated", "CudaEmulated"}};
  for (const DeviceName &name : known) {
    if (std::string(device) != name.device)
      continue;
    static std::string backend;
    backend = std::string(name.backend) +
              (transport ? transport->backend : "Threads");
    chosenBackend = {backend.c_str(), name.device,
                     transport ? transport->createWorld
                               : commuter_threads_world_create,
                     &name == known};
    // A world of one: whether a device is there shows when it is asked for.
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
  const ProcessTransport *transport = wantedTransport(argc, argv);
  if (std::string reason;
      !useBackend(wantedDevice(argc, argv), transport, reason)) {
    std::printf("commuter-cts: skipped: %s\n", reason.c_str());
    return kSkipped;
  }
  if (!transport) {
    testing::InitGoogleTest(&argc, argv);
    return RUN_ALL_TESTS();
  }
  // Before the tests are made up: which there are depends on the job.
  if (commuter_status_t status = Job::get().join(*transport);
      status == COMMUTER_UNSUPPORTED) {
    std::printf("commuter-cts: skipped: %s\n", commuter_last_error());
    return kSkipped;
  } else if (status != COMMUTER_OK) {
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
