//===- NcclLibrary.cpp ------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Finds NCCL, and checks that it has what is used of it.
//
//===----------------------------------------------------------------------===//

#include "NcclLibrary.h"

#include "../src/Environment.h"

#include <dlfcn.h>
#include <type_traits>

using namespace commuter::rt;
using namespace commuter::rt::nccl;

static constexpr char kFile[] = "libnccl.so.2";
/// The first with communicators that do not block.
static constexpr int kOldest = 21400;

static std::string versionText(int version) {
  return std::to_string(version / 10000) + "." +
         std::to_string(version / 100 % 100) + "." +
         std::to_string(version % 100);
}

std::string Library::describe() const {
  return (isDouble ? "the double of NCCL " : "NCCL ") + versionText(version);
}

Status Library::check(Result result, const char *what, Comm comm) const {
  if (result == Success || result == InProgress)
    return {};
  std::string message =
      describe() + ": " + what + ": " + GetErrorString(result);
  const char *last = GetLastError(comm);
  if (last && *last)
    message += std::string(" (") + last + ")";
  return {COMMUTER_INTERNAL, message};
}

/// Its text has a line break where NCCL's, or the loader's, has one.
static std::string oneLine(std::string text) {
  for (char &character : text)
    if (character == '\n')
      character = ' ';
  return text;
}

static Status open(Library &library) {
  const char *chosen = getVariable("COMMUTER_NCCL_LIBRARY");
  library.file = chosen ? chosen : kFile;
  void *loaded = dlopen(library.file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!loaded)
    return fail(COMMUTER_UNSUPPORTED,
                "transport nccl is not there: %s (COMMUTER_NCCL_LIBRARY names "
                "another NCCL)",
                oneLine(dlerror()).c_str());
  auto look = [&](auto &function, const char *name) {
    function =
        reinterpret_cast<std::decay_t<decltype(function)>>(dlsym(loaded, name));
    return function != nullptr;
  };
  auto find = [&](auto &function, const char *name) -> Status {
    if (!look(function, name))
      return fail(COMMUTER_UNSUPPORTED,
                  "transport nccl is not there: %s has no %s",
                  library.file.c_str(), name);
    return {};
  };
  COMMUTER_TRY(find(library.GetVersion, "ncclGetVersion"));
  if (library.GetVersion(&library.version) != Success)
    return fail(COMMUTER_UNSUPPORTED,
                "transport nccl is not there: %s does not tell its version",
                library.file.c_str());
  // Until 2.8 a version was 2804 rather than 20804.
  if (library.version < kOldest)
    return fail(COMMUTER_UNSUPPORTED,
                "transport nccl is not there: %s is of version %d, before %s",
                library.file.c_str(), library.version,
                versionText(kOldest).c_str());
#define COMMUTER_NCCL_FIND(name, result, parameters)                           \
  COMMUTER_TRY(find(library.name, "nccl" #name));
  COMMUTER_NCCL_FUNCTIONS(COMMUTER_NCCL_FIND)
#undef COMMUTER_NCCL_FIND
#define COMMUTER_NCCL_LOOK(name, result, parameters)                           \
  look(library.name, "nccl" #name);
  COMMUTER_NCCL_REGISTRATION(COMMUTER_NCCL_LOOK)
  COMMUTER_NCCL_WINDOWS(COMMUTER_NCCL_LOOK)
#undef COMMUTER_NCCL_LOOK
  library.isDouble = dlsym(loaded, "commuter_nccl_double") != nullptr;
  return {};
}

Status commuter::rt::nccl::load(const Library *&library) {
  static Library theLibrary;
  static const Status status = open(theLibrary);
  library = &theLibrary;
  return status;
}
