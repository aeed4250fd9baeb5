//===- Device.h -------------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a device must do for the runtime. All views that reach it are checked.
//
// A device is one rank's, and does its work in the order of the calls. That of
// the host is done when a call returns; another one may do it later. Moves and
// reductions return nothing and throw nothing, so that a collective whose
// members have met always ends: what fails of them is the device's failure from
// then on.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_RUNTIME_DEVICE_H
#define COMMUTER_RUNTIME_DEVICE_H

#include "Support.h"

#include "commuter_program.h"

#include <memory>

namespace commuter::rt {

class GpuStream;

/// Where the scales are, and what shares one.
struct Quantization {
  View scales;           ///< f32; of rank 0: one scale for everything
  bool computes = false; ///< they are results, else they are given
  int64_t group = 0;     ///< elements of the last dimension that share a scale
};

/// A checked call of commuter_norm or commuter_norm_quantize: the latter has
/// scales. The views other than x and output are present if their data is not
/// null.
struct NormCall {
  commuter_norm_kind_t kind;
  View x, residual, sum, scale, bias, output;
  Quantization quantization;
  int64_t axis;
  int64_t rows, length;
  double eps, offset;
};

/// A checked call of commuter_quantize, or of commuter_dequantize, where x is
/// what is quantised. A row is the last dimension.
struct QuantizeCall {
  View x, output;
  Quantization quantization;
  int64_t rows, length;
};

/// A checked call of commuter_contract. The views have one shape.
struct ContractCall {
  View a, b, c;
};

/// The rank that a device is for.
struct RankPlace {
  int32_t rank, ranks;  ///< of the world
  bool isOnlyOfProcess; ///< else all of them are threads of this one
  /// Which GPU a device name without a number means: this index modulo the
  /// number of visible GPUs; -1: GPU 0.
  int32_t gpuShare;
};

class Device {
public:
  virtual ~Device() = default;

  virtual const char *name() const = 0;

  /// True if its memory is the host's, and its work is done when a call
  /// returns. Then the functions of the next two sections are those below.
  virtual bool isHost() const { return true; }

  //===--------------------------------------------------------------------===//
  // Memory that the host does not have
  //===--------------------------------------------------------------------===//

  /// An error that names `what`, unless the view's elements are memory that the
  /// device can access.
  virtual Status checkMemory(const View &, const char * /*what*/) { return {}; }

  /// True if the host cannot access what is there.
  virtual bool isHidden(const void * /*address*/) { return false; }

  /// Between the host's memory, which may change when they return, and the
  /// device's.
  virtual Status write(void *target, const void *source, size_t size) {
    if (size)
      __builtin_memcpy(target, source, size);
    return {};
  }
  virtual Status read(void *target, const void *source, size_t size) {
    return write(target, source, size);
  }

  //===--------------------------------------------------------------------===//
  // Work that is done later
  //===--------------------------------------------------------------------===//

  /// Waits for all work, and returns the failure.
  virtual Status synchronize() { return {}; }

  /// What is known to have failed, without waiting; once failed, always failed.
  virtual Status failure() { return {}; }

  /// Where the work is now: valid until the next call. Another rank's device of
  /// the same kind does what comes after `await` when this one has come there.
  virtual const void *mark() noexcept { return nullptr; }
  virtual void await(const void * /*mark*/) noexcept {}

  /// The stream that the work is on, of a device that has one. Lives as long as
  /// the device.
  virtual GpuStream *gpuStream() { return nullptr; }

  //===--------------------------------------------------------------------===//
  // Work
  //===--------------------------------------------------------------------===//

  /// `alignment` is a power of two. Null when out of memory.
  virtual void *allocate(size_t alignment, size_t size) = 0;
  /// On any thread.
  virtual void deallocate(void *data) = 0;

  /// Copies between views of one shape that do not overlap.
  virtual void copy(const View &source, const View &target) noexcept = 0;

  /// Fills with the identity of the sum: -0.0, or 0 for integers.
  virtual void fillIdentity(const View &target) noexcept = 0;

  /// Elements [begin, end), in row-major order, of the reduction of `count`
  /// views of one shape. It adds in the order of `inputs` and reads each
  /// element of every input before it writes that of `output`.
  virtual void reduce(commuter_reduction_t kind, const View *const *inputs,
                      int64_t count, int64_t begin, int64_t end,
                      const View &output) noexcept = 0;

  /// Copies elements [begin, end), in row-major order.
  virtual void copyRange(const View &source, const View &target, int64_t begin,
                         int64_t end) noexcept = 0;

  /// The first element, in row-major order, whose bits differ; -1 if none, or
  /// if the device fails. Waits for the work.
  virtual int64_t firstDifference(const View &a, const View &b) noexcept = 0;

  /// These fail for lack of memory, or of a kernel.
  virtual Status norm(const NormCall &call) = 0;
  virtual Status quantize(const QuantizeCall &call) = 0;
  virtual Status dequantize(const QuantizeCall &call) = 0;
  virtual Status contract(const ContractCall &call) = 0;

  /// See commuter_program_launch; there are blocks.
  virtual Status launch(commuter_kernel_t &kernel, int64_t /*blocks*/,
                        int64_t /*threads*/, const void * /*arguments*/) {
    return fail(COMMUTER_UNSUPPORTED, "kernel %s: device %s runs no kernels",
                kernel.name, name());
  }

  /// Processor time that threads other than the calling one have spent on the
  /// work since this was last asked.
  virtual int64_t takeWorkerCpuNs() { return 0; }
};

/// The host's processor. An error if a variable of the environment makes no
/// sense.
Status createCpuDevice(const RankPlace &place, std::shared_ptr<Device> &device);

/// The device of a rank by its name in the C API. UNSUPPORTED if there is none.
Status createDevice(const char *name, const RankPlace &place,
                    std::shared_ptr<Device> &device);

} // namespace commuter::rt

#endif // COMMUTER_RUNTIME_DEVICE_H
