//===- Runtime.h ------------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the CUDA device asks of CUDA besides kernels: streams, events, memory
// and copies. An emulation has the same names.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_RUNTIME_CUDA_RUNTIME_H
#define COMMUTER_RUNTIME_CUDA_RUNTIME_H

#include "Norms.h"

#include "commuter_program.h"

#include <cstddef>

namespace commuter::rt::cuda {

// A stream is a cudaStream_t, an event a cudaEvent_t, a pool a cudaMemPool_t.
// Functions that are given a stream put work on it and wait for nothing, but
// for synchronize.

/// Makes `number` the calling thread's current GPU; `previous` was it before.
LaunchStatus useDevice(int number, int &previous);
LaunchStatus countDevices(int &count);
/// The PCI bus id, or what else tells this GPU from others of the host.
constexpr size_t kBusIdBytes = 64;
LaunchStatus readBusId(int number, char (&text)[kBusIdBytes]);

LaunchStatus createStream(void *&stream);
LaunchStatus createEvent(void *&event);
/// Keeps what is freed for what is allocated next.
LaunchStatus createPool(int number, void *&pool);
void destroyStream(void *stream);
void destroyEvent(void *event);
void destroyPool(void *pool);

LaunchStatus recordEvent(void *event, void *stream);
/// What is put on the stream later comes after what the event was recorded at.
LaunchStatus awaitEvent(void *event, void *stream);
/// Whether the work that the event was recorded after is done; one that was
/// never recorded waits for none. On any thread.
LaunchStatus queryEvent(void *event, bool &isDone);
/// Waits, and returns what failed.
LaunchStatus synchronize(void *stream);

/// Aligned to 256 bytes. `size` is not 0, which CUDA refuses; of more than
/// kMostBytes there is never enough.
constexpr size_t kMostBytes = size_t(1) << 47;
LaunchStatus allocateMemory(void *pool, size_t size, void *stream, void *&data);
LaunchStatus freeMemory(void *data, void *stream);

/// Between any two memories.
LaunchStatus copyMemory(void *target, const void *source, size_t size,
                        void *stream);
/// `count` lines of `width` bytes, within the GPU's memory; pitches, of at most
/// kMaxPitch, are bytes between the starts of lines.
constexpr int64_t kMaxPitch = 0x7fffffff;
LaunchStatus copyLines(void *target, int64_t targetPitch, const void *source,
                       int64_t sourcePitch, int64_t width, int64_t count,
                       void *stream);

/// Runs a program's kernel: see commuter_program_launch. What it points to is
/// checked by an emulation only. A GPU loads each program's kernels once.
LaunchStatus launchKernel(commuter_kernel_t &kernel, int64_t blocks,
                          int64_t threads, const void *arguments, void *stream);

/// Whose memory it is.
enum class Owner { Host, Device, OtherDevice };
Owner ownerOf(const void *address, int number);

} // namespace commuter::rt::cuda

#endif // COMMUTER_RUNTIME_CUDA_RUNTIME_H
