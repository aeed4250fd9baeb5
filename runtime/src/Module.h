//===- Module.h -------------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Modules: what needs a library that not every machine has is a shared object
// beside this one, loaded when it is asked for.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_RUNTIME_MODULE_H
#define COMMUTER_RUNTIME_MODULE_H

#include <string>

namespace commuter::rt {

/// dlopen's handle of `file`, next to this library or else wherever the system
/// looks; null, and why the first of them was not loaded.
void *loadModule(const char *file, int flags, std::string &error);

} // namespace commuter::rt

#endif // COMMUTER_RUNTIME_MODULE_H
