//===- Program.cpp ----------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Kernels of compiled programs: their PTX is compiled by the driver once a
// process, for each GPU that runs it.
//
//===----------------------------------------------------------------------===//

#include "Launch.h"
#include "Runtime.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <mutex>
#include <string>
#include <vector>

using namespace commuter::rt::cuda;

namespace {

/// Libraries by their text. They are never unloaded: a program that is closed
/// and opened again finds its own.
struct Libraries {
  std::mutex mutex;
  std::map<std::string, cudaLibrary_t> byText;
};
Libraries &libraries() {
  static auto *libraries = new Libraries; // outlives what runs at exit
  return *libraries;
}

} // namespace

/// What the driver's compiler says, if it is there, tells more than the error.
static LaunchStatus loadText(const commuter_image_t &image,
                             cudaLibrary_t &library) {
  static thread_local char log[512];
  log[0] = '\0';
  cudaJitOption names[] = {cudaJitErrorLogBuffer,
                           cudaJitErrorLogBufferSizeBytes};
  void *values[] = {log, reinterpret_cast<void *>(sizeof(log))};
  LaunchStatus status = statusOf(cudaLibraryLoadData(
      &library, image.data, names, values, 2, nullptr, nullptr, 0));
  if (status.ok())
    return status;
  if (char *end = std::strchr(log, '\n'))
    *end = '\0';
  return log[0] ? LaunchStatus{status.code, log} : status;
}

/// The kernel, which is the same on every GPU. What was found before is in the
/// kernel itself.
static LaunchStatus find(commuter_kernel_t &kernel, cudaKernel_t &found) {
  found = static_cast<cudaKernel_t>(
      __atomic_load_n(&kernel.loaded, __ATOMIC_ACQUIRE));
  if (found)
    return {};
  commuter_image_t &image = *kernel.image;
  Libraries &all = libraries();
  std::lock_guard<std::mutex> lock(all.mutex);
  auto library = static_cast<cudaLibrary_t>(image.loaded);
  if (!library) {
    cudaLibrary_t &known =
        all.byText[std::string(image.data, static_cast<size_t>(image.size))];
    if (!known)
      TRY_LAUNCH(loadText(image, known));
    image.loaded = library = known;
  }
  TRY_LAUNCH(statusOf(cudaLibraryGetKernel(&found, library, kernel.name)));
  __atomic_store_n(&kernel.loaded, static_cast<void *>(found),
                   __ATOMIC_RELEASE);
  return {};
}

LaunchStatus commuter::rt::cuda::launchKernel(commuter_kernel_t &kernel,
                                              int64_t blocks, int64_t threads,
                                              const void *arguments,
                                              void *stream) {
  if (kernel.image->size == 0)
    return {COMMUTER_UNSUPPORTED,
            "is compiled for an emulation, not for a GPU"};
  DeviceLimits limits;
  TRY_LAUNCH(readLimits(limits));
  cudaKernel_t found = nullptr;
  TRY_LAUNCH(find(kernel, found));
  std::vector<void *> places;
  for (int32_t i = 0; i < kernel.parameter_count; ++i)
    places.push_back(const_cast<char *>(static_cast<const char *>(arguments)) +
                     kernel.parameters[i].offset);
  cudaLaunchConfig_t config = {};
  config.gridDim =
      dim3(static_cast<unsigned>(std::min<int64_t>(blocks, limits.blocks)));
  config.blockDim = dim3(static_cast<unsigned>(threads));
  config.stream = static_cast<cudaStream_t>(stream);
  return statusOf(cudaLaunchKernelExC(
      &config, reinterpret_cast<const void *>(found), places.data()));
}
