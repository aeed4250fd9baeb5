//===- Program.cpp ----------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Kernels of compiled programs on the emulated machine. They are functions of
// the host; what they read and write is not checked, but what their arguments
// point to is.
//
//===----------------------------------------------------------------------===//

#include "../Runtime.h"
#include "Machine.h"

#include <algorithm>
#include <string>
#include <vector>

using namespace commuter::rt::cuda;
using namespace commuter::rt::cuda::emulation;

/// Makes the pointers among the arguments the host's.
static LaunchStatus translate(const commuter_kernel_t &kernel,
                              std::vector<char> &arguments) {
  for (int32_t i = 0; i < kernel.parameter_count; ++i) {
    const commuter_parameter_t &parameter = kernel.parameters[i];
    if (!parameter.is_pointer)
      continue;
    char *at = arguments.data() + parameter.offset, *pointer;
    std::memcpy(&pointer, at, sizeof(pointer));
    if (!pointer)
      continue; // an empty array's
    if (!isAddress(pointer) || !isBuffer(pointer, 0)) {
      static std::string message;
      message = "kernel " + std::string(kernel.name) + ": argument " +
                std::to_string(i) + " points to no buffer";
      return {COMMUTER_INTERNAL, message.c_str()};
    }
    pointer = hostOf(pointer);
    std::memcpy(at, &pointer, sizeof(pointer));
  }
  return {};
}

static void run(const commuter_kernel_t &kernel, int64_t blocks,
                int64_t threads, const void *arguments) {
  const bool isForwards = settings().order == Order::InStep;
  const int64_t count = blocks * threads;
  for (int64_t i = 0; i < count; ++i) {
    const int64_t number = isForwards ? i : count - 1 - i;
    kernel.emulated(arguments, number / threads, blocks, number % threads);
  }
}

LaunchStatus commuter::rt::cuda::launchKernel(commuter_kernel_t &kernel,
                                              int64_t blocks, int64_t threads,
                                              const void *arguments,
                                              void *stream) {
  if (!kernel.emulated)
    return {COMMUTER_UNSUPPORTED,
            "is compiled for a GPU, not for an emulation"};
  const char *first = static_cast<const char *>(arguments);
  std::vector<char> copy(first, first + kernel.arguments_size);
  const int64_t limit = settings().limits.blocks;
  blocks = std::min(blocks, limit);
  return submit(stream, [=, &kernel]() mutable -> LaunchStatus {
    TRY_LAUNCH(translate(kernel, copy));
    run(kernel, blocks, threads, copy.data());
    return {};
  });
}
