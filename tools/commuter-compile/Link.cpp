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

#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/Signals.h"

#include <dlfcn.h>

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
  int status = sys::ExecuteAndWait(
      driver,
      // Names that nothing defines are an error here, not when it is loaded.
      {driver, "-shared", "-o", file, object, runtime, "-lm", "-Xlinker",
       "-soname", "-Xlinker", soname, "-Wl,-z,defs"},
      /*Env=*/std::nullopt, {StringRef(), messages.str(), messages.str()},
      /*SecondsToWait=*/0, /*MemoryLimit=*/0, &error);
  if (status == 0)
    return success();
  return fail(path + ": cannot be linked: " + driver +
              " failed: " + (error.empty() ? readMessages(messages) : error));
}
