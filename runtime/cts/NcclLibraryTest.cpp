//===- NcclLibraryTest.cpp --------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// How NCCL is found, and what is said where it is not, or is too old. Each test
// asks in a process of its own, since a process loads it once.
//
//===----------------------------------------------------------------------===//

#include "../transport/NcclLibrary.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>

using namespace commuter::rt;

namespace {

/// Loads, says what came of it, and exits.
[[noreturn]] void loadAndSay(const char *file, const char *version) {
  file ? setenv("COMMUTER_NCCL_LIBRARY", file, 1)
       : unsetenv("COMMUTER_NCCL_LIBRARY");
  version ? setenv("COMMUTER_NCCL_DOUBLE_VERSION", version, 1)
          : unsetenv("COMMUTER_NCCL_DOUBLE_VERSION");
  const nccl::Library *library = nullptr;
  Status status = nccl::load(library);
  std::fprintf(stderr, "%d: %s", status.code,
               status.ok() ? library->describe().c_str()
                           : status.message.c_str());
  if (status.ok() && !library->canRegister())
    std::fprintf(stderr, ", without registered memory");
  if (status.ok() && !library->hasWindows())
    std::fprintf(stderr, ", without windows");
  std::fprintf(stderr, "\n");
  std::_Exit(0);
}

void expectSaid(const char *file, const char *version, const char *said) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_EXIT(loadAndSay(file, version), testing::ExitedWithCode(0), said);
}

TEST(NcclLibraryTest, TheDoubleHasEverything) {
  expectSaid(COMMUTER_NCCL_DOUBLE, nullptr, "0: the double of NCCL 2.28.0\n");
}

TEST(NcclLibraryTest, AnOldOneLacksWhatIsNotNeeded) {
  expectSaid(COMMUTER_NCCL_OLD_DOUBLE, nullptr,
             "0: the double of NCCL 2.14.0, without registered memory, without "
             "windows\n");
}

TEST(NcclLibraryTest, AFileThatIsNotThere) {
  expectSaid("/nowhere/libnccl.so.2", nullptr,
             "6: transport nccl is not there: /nowhere/libnccl.so.2: cannot "
             "open shared object file: No such file or directory "
             ".COMMUTER_NCCL_LIBRARY names another NCCL.");
}

TEST(NcclLibraryTest, ALibraryThatIsAnother) {
  expectSaid("libc.so.6", nullptr,
             "6: transport nccl is not there: libc.so.6 has no ncclGetVersion");
}

TEST(NcclLibraryTest, AVersionThatIsTooOld) {
  expectSaid(COMMUTER_NCCL_DOUBLE, "21304",
             "6: transport nccl is not there: .*libCommuterNcclDouble.so is of "
             "version 21304, before 2.14.0");
}

TEST(NcclLibraryTest, TheOneOfThisMachine) {
  unsetenv("COMMUTER_NCCL_LIBRARY");
  const nccl::Library *library = nullptr;
  Status status = nccl::load(library);
  if (!status.ok())
    GTEST_SKIP() << status.message;
  EXPECT_FALSE(library->isDouble);
  EXPECT_EQ(library->check(nccl::Success, "ncclSend").code, COMMUTER_OK);
  EXPECT_EQ(library->check(nccl::InProgress, "ncclSend").code, COMMUTER_OK);
  Status failed = library->check(nccl::SystemError, "ncclSend");
  EXPECT_EQ(failed.code, COMMUTER_INTERNAL);
  EXPECT_NE(failed.message.find(library->describe() + ": ncclSend: "),
            std::string::npos)
      << failed.message;
}

} // namespace
