//===- TestPasses.h ------------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Passes for tests alone.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_TEST_LIB_TESTPASSES_H
#define COMMUTER_TEST_LIB_TESTPASSES_H

namespace commuter {
void registerUncheckedFolds();
void registerUncheckedMotion();

inline void registerTestPasses() {
  registerUncheckedFolds();
  registerUncheckedMotion();
}
} // namespace commuter

#endif // COMMUTER_TEST_LIB_TESTPASSES_H
