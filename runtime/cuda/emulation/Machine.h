//===- Machine.h ------------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A machine for the kernels' source on the host: each thread is a fiber that
// runs until it has to wait for others. It shows what the kernels compute, and
// how they misuse memory or barriers; nothing about a GPU's execution or speed.
//
//===----------------------------------------------------------------------===//

// Any of these ends the launch with a message that names the place:
//   * an access to memory that no buffer has, or whose address is not a
//     multiple of its size;
//   * threads of a warp, block or cluster that wait at different places, or for
//     threads that have ended;
//   * a write past the block's shared memory, and an access to that of a block
//     that has ended;
//   * in a launch that may start before the previous kernel has ended, an
//   access
//     before the wait for that, and a thread that ends without: the next kernel
//     waits for this one alone.
// What one order of the threads hides (a missing barrier) shows in the results
// of another: see Settings::order. Shared memory starts with NaN.

#ifndef COMMUTER_RUNTIME_CUDA_EMULATION_MACHINE_H
#define COMMUTER_RUNTIME_CUDA_EMULATION_MACHINE_H

#include "../Family.h"

#include <cmath>
#include <cstring>
#include <functional>
#include <source_location>

// What nvcc has for keywords.
#define __device__
#define __global__
#define __launch_bounds__(...)
#define COMMUTER_DEVICE static inline

namespace commuter::rt::cuda {

namespace emulation {

typedef std::source_location Place;

/// InStep: from the first to the last, each as far as the others. Ahead: from
/// the last to the first, each warp as far ahead of the others as it gets.
enum class Order { InStep, Ahead };

struct Settings {
  Order order = Order::InStep; ///< of threads; and of blocks
  DeviceLimits limits = {9, 227 * 1024, 0x7fffffff};
};
Settings &settings();

/// `bytes` bytes of the machine's memory, from an address that is `offset` more
/// than a multiple of 256; null if there is no such. What lies around them is
/// of no buffer. The host faults where it uses the address.
void *allocate(size_t bytes, size_t offset);
void deallocate(void *data);

/// True for addresses of the machine's memory, whether or not a buffer has it.
bool isAddress(const void *address);
/// True if one buffer has all of these bytes.
bool isBuffer(const void *address, size_t size);
/// Where the host finds what the machine has at this address.
char *hostOf(const void *address);

/// Work of a stream; there is one at a time.
typedef std::function<LaunchStatus()> Work;
/// Puts work on a stream. It is done when something waits for it, and no
/// sooner: what misses an event meets memory that is not written yet, or is
/// again. On no stream it is done at once.
LaunchStatus submit(void *stream, Work work);

/// Work that other processes take part in: asked again and again, without a
/// wait, until it says that it is done. As on a GPU it goes on by itself, and
/// what precedes it on its stream is done for it; what follows is not.
typedef std::function<LaunchStatus(bool &isDone)> SharedWork;
void submitShared(void *stream, SharedWork work);

/// Runs `kernel` for each thread of the launch.
LaunchStatus run(const LaunchShape &launch,
                 const std::function<void()> &kernel);

// What kernels call, behind the names that they know.
/// Where the host finds it.
char *checkAccess(const void *address, size_t size, const Place &place);
void syncBlock(const Place &place);
void syncCluster(const Place &place);
uint32_t shuffleXor(uint32_t mask, uint32_t value, int distance,
                    const Place &place);
void waitForPrevious();
char *shared();
int clusterSize();
int clusterRank();
const void *sharedOf(const void *address, int rank, const Place &place);

} // namespace emulation

//===----------------------------------------------------------------------===//
// CUDA's names
//===----------------------------------------------------------------------===//

struct Index {
  unsigned x = 0, y = 0, z = 0;
};
/// Of the thread that runs.
extern Index threadIdx, blockIdx, blockDim, gridDim;

struct uint2 {
  uint32_t x, y;
};
struct uint4 {
  uint32_t x, y, z, w;
};

COMMUTER_DEVICE void
__syncthreads(emulation::Place place = emulation::Place::current()) {
  emulation::syncBlock(place);
}

template <typename T>
T __shfl_xor_sync(uint32_t mask, T value, int distance,
                  emulation::Place place = emulation::Place::current()) {
  static_assert(sizeof(T) == sizeof(uint32_t));
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  bits = emulation::shuffleXor(mask, bits, distance, place);
  std::memcpy(&value, &bits, sizeof(bits));
  return value;
}

//===----------------------------------------------------------------------===//
// The names of ../Machine.h
//===----------------------------------------------------------------------===//

template <typename Access>
Access loadGlobal(const void *address,
                  emulation::Place place = emulation::Place::current()) {
  Access value;
  std::memcpy(&value, emulation::checkAccess(address, sizeof(Access), place),
              sizeof(value));
  return value;
}
template <typename Access>
void storeGlobal(void *address, Access value,
                 emulation::Place place = emulation::Place::current()) {
  std::memcpy(emulation::checkAccess(address, sizeof(Access), place), &value,
              sizeof(value));
}

COMMUTER_DEVICE void *sharedMemory() { return emulation::shared(); }

void unpackHalves(uint32_t word, float *v);
uint32_t packHalves(const float *v);
uint32_t packBFloats(const float *v);

template <bool kIsE5M2>
bool encodeFloat8(const float *, uint32_t &) {
  return false;
}

COMMUTER_DEVICE void
raiseToLargest(uint32_t *address, uint32_t value,
               emulation::Place place = emulation::Place::current()) {
  const uint32_t old = loadGlobal<uint32_t>(address, place);
  storeGlobal(address, value > old ? value : old, place);
}
COMMUTER_DEVICE void
lowerToLeast(uint64_t *address, uint64_t value,
             emulation::Place place = emulation::Place::current()) {
  const uint64_t old = loadGlobal<uint64_t>(address, place);
  storeGlobal(address, value < old ? value : old, place);
}

COMMUTER_DEVICE int64_t notKnown(int64_t value) { return value; }

COMMUTER_DEVICE int clusterSize() { return emulation::clusterSize(); }
COMMUTER_DEVICE int clusterRank() { return emulation::clusterRank(); }
COMMUTER_DEVICE void
clusterSync(emulation::Place place = emulation::Place::current()) {
  emulation::syncCluster(place);
}
template <typename T>
const T *sharedOf(T *address, int rank,
                  emulation::Place place = emulation::Place::current()) {
  return static_cast<const T *>(emulation::sharedOf(address, rank, place));
}

COMMUTER_DEVICE void waitForPreviousKernel() { emulation::waitForPrevious(); }
COMMUTER_DEVICE void startNextKernel() {}

//===----------------------------------------------------------------------===//
// The names of ../Launch.h
//===----------------------------------------------------------------------===//

template <typename Parameters>
LaunchStatus launch(void (*kernel)(Parameters), const LaunchShape &shape,
                    void *stream, const Parameters &parameters) {
  return emulation::submit(stream, [=] {
    return emulation::run(shape, [&] { kernel(parameters); });
  });
}

} // namespace commuter::rt::cuda

#endif // COMMUTER_RUNTIME_CUDA_EMULATION_MACHINE_H
