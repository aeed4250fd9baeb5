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
  /// What the driver's compiler says. It may be called for a kernel long after
  /// the library was loaded.
  char log[512] = "";
};
Libraries &libraries() {
  static auto *libraries = new Libraries; // outlives what runs at exit
  return *libraries;
}

} // namespace

static LaunchStatus load(const commuter_image_t &image, Libraries &all,
                         cudaLibrary_t &library) {
  cudaJitOption names[] = {cudaJitErrorLogBuffer,
                           cudaJitErrorLogBufferSizeBytes};
  void *values[] = {all.log, reinterpret_cast<void *>(sizeof(all.log))};
  return statusOf(cudaLibraryLoadData(&library, image.data, names, values, 2,
                                      nullptr, nullptr, 0));
}

/// The kernel, compiled for the current GPU.
static LaunchStatus compile(commuter_kernel_t &kernel, Libraries &all,
                            cudaKernel_t &found) {
  commuter_image_t &image = *kernel.image;
  auto library = static_cast<cudaLibrary_t>(image.loaded);
  if (!library) {
    cudaLibrary_t &known =
        all.byText[std::string(image.data, static_cast<size_t>(image.size))];
    if (!known)
      TRY_LAUNCH(load(image, all, known));
    image.loaded = library = known;
  }
  TRY_LAUNCH(statusOf(cudaLibraryGetKernel(&found, library, kernel.name)));
  // Else its first launch would, where nobody looks at the log.
  cudaFuncAttributes attributes;
  return statusOf(cudaFuncGetAttributes(&attributes,
                                        reinterpret_cast<const void *>(found)));
}

/// The kernel, which is the same on every GPU. What was found before is in the
/// kernel itself.
static LaunchStatus find(commuter_kernel_t &kernel, cudaKernel_t &found) {
  found = static_cast<cudaKernel_t>(
      __atomic_load_n(&kernel.loaded, __ATOMIC_ACQUIRE));
  if (found)
    return {};
  Libraries &all = libraries();
  std::lock_guard<std::mutex> lock(all.mutex);
  all.log[0] = '\0';
  LaunchStatus status = compile(kernel, all, found);
  if (status.ok()) {
    __atomic_store_n(&kernel.loaded, static_cast<void *>(found),
                     __ATOMIC_RELEASE);
    return status;
  }
  // The log, if there is one, tells more than the error.
  if (char *end = std::strchr(all.log, '\n'))
    *end = '\0';
  return all.log[0] ? LaunchStatus{status.code, all.log} : status;
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
