//===- Launch.h -------------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a launcher tells a process of its job, through the environment.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_RUNTIME_LAUNCH_H
#define COMMUTER_RUNTIME_LAUNCH_H

#include "../src/Support.h"

namespace commuter::rt {

struct Launch {
  int32_t rank = 0, size = 1;
  /// The variables that told so, for messages.
  std::string rankName, sizeName;
  /// Where the processes meet; not asked for by a job of one.
  std::string host;
  int32_t port = 0;
  std::string rendezvous; // the variable and its value, for messages
  /// The same for all processes of a job, and likely not for those of others.
  std::string job;
};

/// Reads the environment: see runtime/README.md. Errors name the variable.
Status readLaunch(Launch &launch);

/// The process's number among those of its host, or -1 if no launcher tells.
Status readLocalRank(int32_t &rank);

} // namespace commuter::rt

#endif // COMMUTER_RUNTIME_LAUNCH_H
