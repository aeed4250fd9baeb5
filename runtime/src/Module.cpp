//===- Module.cpp -----------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Where modules are looked for.
//
//===----------------------------------------------------------------------===//

#include "Module.h"

#include <dlfcn.h>

void *commuter::rt::loadModule(const char *file, int flags,
                               std::string &error) {
  Dl_info self;
  std::string path;
  if (dladdr(reinterpret_cast<void *>(&loadModule), &self) && self.dli_fname) {
    path = self.dli_fname;
    path = path.substr(0, path.rfind('/') + 1) + file;
  }
  for (const std::string &name : {path, std::string(file)}) {
    if (name.empty())
      continue;
    if (void *module = dlopen(name.c_str(), RTLD_NOW | flags))
      return module;
    if (error.empty())
      error = dlerror();
  }
  return nullptr;
}
