//===- ProgramDevice.cpp ----------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What programs for a device with memory of its own ask for: constants, what
// goes between the memories, and kernels.
//
//===----------------------------------------------------------------------===//

#include "../cpu/Strided.h"
#include "Objects.h"

using namespace commuter::rt;

//===----------------------------------------------------------------------===//
// Constants
//===----------------------------------------------------------------------===//

commuter_status_t commuter::rt::findConstant(commuter_context_t *context,
                                             const void *data, int64_t size,
                                             const void **outCopy) {
  return guarded(context, [&]() -> Status {
    void *&copy = context->constants[{context->run, data}];
    if (!copy) {
      void *made = nullptr;
      COMMUTER_TRY(allocateBuffer(context, Memory::Device, 64,
                                  static_cast<size_t>(size), &made));
      copy = made; // freed with the run, whether or not it is written
      COMMUTER_TRY(
          context->device->write(copy, data, static_cast<size_t>(size)));
    }
    *outCopy = copy;
    return {};
  });
}

void commuter::rt::freeConstants(commuter_context_t *context, uint64_t run,
                                 bool isLost) {
  auto &constants = context->constants;
  auto first = constants.lower_bound({run, nullptr});
  auto last = constants.lower_bound({run + 1, nullptr});
  for (auto entry = first; entry != last && !isLost; ++entry)
    commuter_buffer_free(entry->second);
  constants.erase(first, last);
}

//===----------------------------------------------------------------------===//
// Between the memories
//===----------------------------------------------------------------------===//

/// Dense copies of the host's elements go to and fro.
static Status transfer(Device &device, const View &from, const View &to) {
  const bool isWrite = device.isHidden(to.data);
  const View &host = isWrite ? from : to, &other = isWrite ? to : from;
  if (!other.isDense())
    return fail(COMMUTER_INVALID_ARGUMENT,
                "what is the device's in a transfer is not dense");
  const auto bytes = static_cast<size_t>(host.bytes());
  if (host.isDense())
    return isWrite ? device.write(to.data, from.data, bytes)
                   : device.read(to.data, from.data, bytes);
  std::vector<char> staged(bytes);
  View dense = other; // has the shape, and the strides of a dense view
  dense.data = staged.data();
  if (isWrite) {
    copyHost(from, dense);
    return device.write(to.data, staged.data(), bytes);
  }
  COMMUTER_TRY(device.read(staged.data(), from.data, bytes));
  copyHost(dense, to);
  return {};
}

commuter_status_t commuter::rt::transferViews(commuter_context_t *context,
                                              const commuter_view_t *source,
                                              const commuter_view_t *target) {
  return guarded(context, [&]() -> Status {
    View from, to;
    COMMUTER_TRY(readView(source, "source", from));
    COMMUTER_TRY(readView(target, "target", to));
    COMMUTER_TRY(checkSameType(from, to));
    COMMUTER_TRY(checkOutputShape(from, to));
    Device &device = *context->device;
    if (from.elements() == 0)
      return {};
    if (device.isHidden(from.data) != device.isHidden(to.data))
      return transfer(device, from, to);
    if (!device.isHost())
      return fail(COMMUTER_INVALID_ARGUMENT,
                  "a transfer is not between the host's memory and that of "
                  "device %s",
                  device.name());
    device.copy(from, to);
    return device.failure();
  });
}

//===----------------------------------------------------------------------===//
// Kernels
//===----------------------------------------------------------------------===//

commuter_status_t commuter::rt::launchKernel(commuter_context_t *context,
                                             commuter_kernel_t *kernel,
                                             int64_t blocks, int64_t threads,
                                             const void *arguments) {
  return guarded(context, [&]() -> Status {
    if (blocks == 0)
      return {};
    return context->device->launch(*kernel, blocks, threads, arguments);
  });
}
