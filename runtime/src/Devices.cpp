//===- Devices.cpp ----------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Devices by name: the processor, and those of modules that are loaded when a
// program first asks for them.
//
//===----------------------------------------------------------------------===//

#include "Device.h"
#include "Module.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>

using namespace commuter::rt;

namespace {
struct DeviceModule {
  const char *name, *file;
};
} // namespace

static constexpr DeviceModule kModules[] = {
    {"cuda", "libCommuterDeviceCuda.so"},
    {"cuda-emulated", "libCommuterDeviceCudaEmulated.so"},
};

static constexpr int kNoNumber = -1;

/// "cuda" has none, "cuda:3" number 3.
static bool parseName(const char *name, const DeviceModule &module,
                      int &number) {
  const size_t length = std::strlen(module.name);
  number = kNoNumber;
  if (std::strncmp(name, module.name, length) != 0)
    return false;
  if (name[length] == '\0')
    return true;
  if (name[length] != ':' || name[length + 1] < '0' || name[length + 1] > '9')
    return false;
  char *end = nullptr;
  errno = 0;
  long value = std::strtol(name + length + 1, &end, 10);
  number = static_cast<int>(value);
  return *end == '\0' && errno == 0 && value == number;
}

static Status openDevice(const DeviceModule &module, int number, int32_t share,
                         std::shared_ptr<Device> &device) {
  std::string error;
  void *loaded = loadModule(module.file, RTLD_LOCAL, error);
  if (!loaded)
    return fail(COMMUTER_UNSUPPORTED,
                "device %s is not there (it is built where CUDA is found): %s",
                module.name, error.c_str());
  auto open = reinterpret_cast<void (*)(int, Device **, Status *)>(
      dlsym(loaded, "commuter_open_device"));
  auto count =
      reinterpret_cast<int (*)()>(dlsym(loaded, "commuter_count_devices"));
  if (!open || !count)
    return fail(COMMUTER_INTERNAL, "%s: is another version's", module.file);
  if (number == kNoNumber)
    number = share < 0 ? 0 : share % std::max(count(), 1);
  Device *opened = nullptr;
  Status status;
  open(number, &opened, &status);
  device.reset(opened);
  return status;
}

Status commuter::rt::createDevice(const char *name, const RankPlace &place,
                                  std::shared_ptr<Device> &device) {
  if (std::strcmp(name, "cpu") == 0)
    return createCpuDevice(place, device);
  int number;
  for (const DeviceModule &module : kModules)
    if (parseName(name, module, number))
      return openDevice(module, number, place.gpuShare, device);
  return fail(COMMUTER_UNSUPPORTED, "this build has no device '%s'", name);
}
