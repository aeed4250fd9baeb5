//===- Devices.h ------------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Devices that programs are compiled for, by name.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_TOOLS_LIB_DEVICES_H
#define COMMUTER_TOOLS_LIB_DEVICES_H

#include "Support.h"

namespace commuter::tools {

/// What runs programs that are compiled for a device of this name, for example
/// "cuda" for "cuda:1". Empty if there is no such device.
llvm::StringRef getDeviceKind(llvm::StringRef device);

/// Fails unless there is such a device, of which one is chosen by a number only
/// if `takesNumber`.
llvm::LogicalResult checkDevice(llvm::StringRef device, bool takesNumber);

} // namespace commuter::tools

#endif // COMMUTER_TOOLS_LIB_DEVICES_H
