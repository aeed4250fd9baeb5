//===- Runtime.cu ----------------------------------------------*- CUDA -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the launchers and the device ask of CUDA besides kernels. The emulation
// has its own.
//
//===----------------------------------------------------------------------===//

#include "Launch.h"
#include "Runtime.h"

using namespace commuter::rt::cuda;

LaunchStatus commuter::rt::cuda::readLimits(DeviceLimits &limits) {
  int device = 0, shared = 0, blocks = 0;
  cudaError_t error = cudaGetDevice(&device);
  auto read = [&](cudaDeviceAttr attribute, int &value) {
    if (error == cudaSuccess)
      error = cudaDeviceGetAttribute(&value, attribute, device);
  };
  read(cudaDevAttrComputeCapabilityMajor, limits.major);
  read(cudaDevAttrMaxSharedMemoryPerBlockOptin, shared);
  read(cudaDevAttrMaxGridDimX, blocks);
  limits.sharedBytes = static_cast<uint32_t>(shared);
  limits.blocks = static_cast<uint32_t>(blocks);
  return statusOf(error);
}

LaunchStatus commuter::rt::cuda::clearWord(void *address, void *stream) {
  return statusOf(cudaMemsetAsync(address, 0, sizeof(uint32_t),
                                  static_cast<cudaStream_t>(stream)));
}

static cudaStream_t asStream(void *stream) {
  return static_cast<cudaStream_t>(stream);
}
static cudaEvent_t asEvent(void *event) {
  return static_cast<cudaEvent_t>(event);
}

LaunchStatus commuter::rt::cuda::useDevice(int number, int &previous) {
  previous = number;
  cudaError_t error = cudaGetDevice(&previous);
  if (error == cudaSuccess && previous != number)
    error = cudaSetDevice(number);
  return statusOf(error);
}

LaunchStatus commuter::rt::cuda::countDevices(int &count) {
  count = 0;
  return statusOf(cudaGetDeviceCount(&count));
}

LaunchStatus commuter::rt::cuda::readBusId(int number,
                                           char (&text)[kBusIdBytes]) {
  return statusOf(cudaDeviceGetPCIBusId(text, kBusIdBytes, number));
}

LaunchStatus commuter::rt::cuda::createStream(void *&stream) {
  // Nothing of this library is put on the default stream, nor waits for it.
  cudaStream_t created = nullptr;
  cudaError_t error =
      cudaStreamCreateWithFlags(&created, cudaStreamNonBlocking);
  stream = created;
  return statusOf(error);
}

LaunchStatus commuter::rt::cuda::createEvent(void *&event) {
  cudaEvent_t created = nullptr;
  cudaError_t error =
      cudaEventCreateWithFlags(&created, cudaEventDisableTiming);
  event = created;
  return statusOf(error);
}

LaunchStatus commuter::rt::cuda::createPool(int number, void *&pool) {
  cudaMemPoolProps properties = {};
  properties.allocType = cudaMemAllocationTypePinned;
  properties.location.type = cudaMemLocationTypeDevice;
  properties.location.id = number;
  cudaMemPool_t created = nullptr;
  cudaError_t error = cudaMemPoolCreate(&created, &properties);
  pool = created;
  if (error != cudaSuccess)
    return statusOf(error);
  uint64_t everything = UINT64_MAX;
  return statusOf(cudaMemPoolSetAttribute(
      created, cudaMemPoolAttrReleaseThreshold, &everything));
}

// At the end there is nobody to tell of an error.
void commuter::rt::cuda::destroyStream(void *stream) {
  if (stream)
    (void)statusOf(cudaStreamDestroy(asStream(stream)));
}
void commuter::rt::cuda::destroyEvent(void *event) {
  if (event)
    (void)statusOf(cudaEventDestroy(asEvent(event)));
}
void commuter::rt::cuda::destroyPool(void *pool) {
  if (pool)
    (void)statusOf(cudaMemPoolDestroy(static_cast<cudaMemPool_t>(pool)));
}

LaunchStatus commuter::rt::cuda::recordEvent(void *event, void *stream) {
  return statusOf(cudaEventRecord(asEvent(event), asStream(stream)));
}
LaunchStatus commuter::rt::cuda::awaitEvent(void *event, void *stream) {
  return statusOf(cudaStreamWaitEvent(asStream(stream), asEvent(event), 0));
}
LaunchStatus commuter::rt::cuda::queryEvent(void *event, bool &isDone) {
  cudaError_t error = cudaEventQuery(asEvent(event));
  isDone = error == cudaSuccess;
  if (error == cudaErrorNotReady) {
    cudaGetLastError();
    return {};
  }
  return statusOf(error);
}
LaunchStatus commuter::rt::cuda::synchronize(void *stream) {
  return statusOf(cudaStreamSynchronize(asStream(stream)));
}

LaunchStatus commuter::rt::cuda::allocateMemory(void *pool, size_t size,
                                                void *stream, void *&data) {
  // More than a GPU can address may be an invalid value to CUDA, as if the
  // device were at fault.
  if (size > kMostBytes)
    return statusOf(cudaErrorMemoryAllocation);
  return statusOf(cudaMallocFromPoolAsync(
      &data, size, static_cast<cudaMemPool_t>(pool), asStream(stream)));
}
LaunchStatus commuter::rt::cuda::freeMemory(void *data, void *stream) {
  return statusOf(cudaFreeAsync(data, asStream(stream)));
}

LaunchStatus commuter::rt::cuda::copyMemory(void *target, const void *source,
                                            size_t size, void *stream) {
  return statusOf(cudaMemcpyAsync(target, source, size, cudaMemcpyDefault,
                                  asStream(stream)));
}
LaunchStatus commuter::rt::cuda::copyLines(void *target, int64_t targetPitch,
                                           const void *source,
                                           int64_t sourcePitch, int64_t width,
                                           int64_t count, void *stream) {
  return statusOf(cudaMemcpy2DAsync(target, targetPitch, source, sourcePitch,
                                    width, count, cudaMemcpyDeviceToDevice,
                                    asStream(stream)));
}

Owner commuter::rt::cuda::ownerOf(const void *address, int number) {
  cudaPointerAttributes attributes = {};
  if (!statusOf(cudaPointerGetAttributes(&attributes, address)).ok())
    return Owner::Host;
  if (attributes.type == cudaMemoryTypeManaged)
    return Owner::Device;
  if (attributes.type != cudaMemoryTypeDevice)
    return Owner::Host;
  return attributes.device == number ? Owner::Device : Owner::OtherDevice;
}
