//===- Devices.cpp --------------------------------------------------------===//
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

#include "Devices.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringRef.h"

using namespace llvm;
using namespace commuter;

StringRef tools::getDeviceKind(StringRef device) {
  auto [kind, number] = device.split(':');
  unsigned ignored;
  if (kind != device && (kind == "cpu" || number.getAsInteger(10, ignored)))
    return "";
  return is_contained({"cpu", "cuda", "cuda-emulated"}, kind) ? kind : "";
}

LogicalResult tools::checkDevice(StringRef device, bool takesNumber) {
  StringRef kind = getDeviceKind(device);
  if (!kind.empty() && (takesNumber || kind == device))
    return success();
  return fail("--device " + device + ": there is: cpu, cuda" +
              (takesNumber ? ", cuda:N" : "") + ", cuda-emulated");
}
