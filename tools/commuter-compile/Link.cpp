//===- Link.cpp -----------------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// From an object file to a shared library, by the system's compiler driver.
//
//===----------------------------------------------------------------------===//

#include "Link.h"

#include "commuter_program.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/BinaryFormat/Magic.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/Signals.h"

#include <chrono>
#include <csignal>
#include <dlfcn.h>
#include <thread>

using namespace llvm;
using namespace commuter;
using namespace commuter::tools;

FailureOr<std::string> compile::findDriver(StringRef name) {
  ErrorOr<std::string> driver = sys::findProgramByName(name);
  // A path is taken as it is.
  if (!driver || !sys::fs::can_execute(*driver))
    return fail("--cc " + name +
                ": no such program: a compiler driver, such "
                "as gcc or clang, has to link a .so; write "
                "a .o to do without");
  return *driver;
}

/// The runtime that this process has loaded.
static std::string getRuntimeLibrary() {
  Dl_info info;
  if (!dladdr(reinterpret_cast<void *>(&commuter_program_symbols), &info))
    return "-lCommuterRuntime";
  return info.dli_fname;
}

static std::string readMessages(StringRef path) {
  auto buffer = MemoryBuffer::getFile(path);
  return buffer ? (*buffer)->getBuffer().take_front(2000).str() : "";
}

//===----------------------------------------------------------------------===//
// The driver's processes
//===----------------------------------------------------------------------===//

namespace {
/// Signals that tell the tool to end are noted, and do nothing, while there is
/// one of these.
class NotedSignals {
public:
  NotedSignals() {
    struct sigaction action = {};
    action.sa_handler = [](int signal) { noted = signal; };
    sigemptyset(&action.sa_mask);
    for (auto [signal, previous] : zip_equal(kSignals, actions)) {
      sigaction(signal, &action, &previous);
      if (previous.sa_handler == SIG_IGN) // as nohup has it
        sigaction(signal, &previous, nullptr);
    }
  }
  ~NotedSignals() {
    for (auto [signal, previous] : zip_equal(kSignals, actions))
      sigaction(signal, &previous, nullptr);
  }
  NotedSignals(const NotedSignals &) = delete;

  /// The last one; 0 if there was none.
  static inline volatile std::sig_atomic_t noted = 0;

private:
  static constexpr int kSignals[] = {SIGHUP, SIGINT, SIGTERM};
  struct sigaction actions[std::size(kSignals)];
};
} // namespace

/// As sys::ExecuteAndWait, but a signal that ends the tool first ends the
/// program and all that it has started: what those are about to write would
/// appear when the tool has tidied up.
static int execute(ArrayRef<StringRef> command,
                   ArrayRef<std::optional<StringRef>> redirects,
                   std::string &error) {
  constexpr std::chrono::milliseconds kPause(5);
  constexpr int kPatience = 200; // in pauses
  sys::ProcessInfo ended;
  {
    NotedSignals signals;
    bool hasFailed = false;
    // A session, and so a process group, of its own.
    sys::ProcessInfo process = sys::ExecuteNoWait(
        command[0], command, /*Env=*/std::nullopt, redirects,
        /*MemoryLimit=*/0, &error, &hasFailed, /*AffinityMask=*/nullptr,
        /*DetachProcess=*/true);
    if (hasFailed)
      return -1;
    int pauses = 0;
    while (!(ended = sys::Wait(process, /*SecondsToWait=*/0, &error)).Pid) {
      if (signals.noted)
        kill(-process.Pid, ++pauses < kPatience ? SIGTERM : SIGKILL);
      std::this_thread::sleep_for(kPause);
    }
    // Those that it has left behind; they count until somebody reaps them.
    for (pauses = 0; signals.noted && pauses < kPatience &&
                     kill(-process.Pid, SIGKILL) == 0;
         ++pauses)
      std::this_thread::sleep_for(kPause);
  }
  if (NotedSignals::noted)
    std::raise(NotedSignals::noted);
  return ended.ReturnCode;
}

//===----------------------------------------------------------------------===//
// The link
//===----------------------------------------------------------------------===//

LogicalResult compile::linkLibrary(StringRef driver, StringRef object,
                                   StringRef file, StringRef path) {
  SmallString<128> messages;
  if (std::error_code error =
          sys::fs::createTemporaryFile("commuter-link", "txt", messages))
    return fail("a temporary file: " + error.message());
  sys::RemoveFileOnSignal(messages);
  FileRemover remover(messages);
  std::string runtime = getRuntimeLibrary();
  StringRef soname = sys::path::filename(path);
  std::string error;
  int status = execute({driver, "-shared", "-o", file, object, runtime, "-lm",
                        "-Xlinker", "-soname", "-Xlinker", soname,
                        // Names that nothing defines are an error here, not
                        // when it is loaded.
                        "-Wl,-z,defs"},
                       {StringRef(), messages.str(), messages.str()}, error);
  const std::string why = (path + ": cannot be linked: " + driver).str();
  if (status != 0)
    return fail(why +
                " failed: " + (error.empty() ? readMessages(messages) : error));
  file_magic kind = file_magic::unknown;
  if (identify_magic(file, kind) || kind != file_magic::elf_shared_object)
    return fail(why + " has written no library");
  return success();
}
