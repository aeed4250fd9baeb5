//===- CpuDevice.cpp --------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The CPU device: reductions in blocks, norms and quantisations, and the choice
// of kernels for this processor. Contractions are in Contract.cpp.
//
//===----------------------------------------------------------------------===//

#include "../src/Device.h"
#include "../src/Environment.h"
#include "Contract.h"
#include "KernelTable.h"
#include "RowLoop.h"

#include <algorithm>
#include <atomic>
#include <cinttypes>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <unistd.h>

using namespace commuter::rt;

//===----------------------------------------------------------------------===//
// Kernels
//===----------------------------------------------------------------------===//

namespace {
struct KernelChoice {
  const KernelTable &rows;
  const ContractTable &contractions;
};
} // namespace

/// COMMUTER_ISA: the most that kernels may use of the instruction sets, as the
/// levels of chooseKernels.
static Status readIsa(int &level) {
  const char *wish = getVariable("COMMUTER_ISA");
  if (!wish)
    return {};
  const char *names[] = {"portable", "avx2", "avx512"};
  for (level = 0; level < 3; ++level)
    if (std::strcmp(wish, names[level]) == 0)
      return {};
  return fail(COMMUTER_INVALID_ARGUMENT,
              "COMMUTER_ISA=%s: expected portable, avx2 or avx512", wish);
}

/// The best kernels that the processor can run, up to `mostLevel`.
static KernelChoice chooseKernels([[maybe_unused]] int mostLevel) {
#if defined(COMMUTER_X86_KERNELS)
  int level = 0;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
      __builtin_cpu_supports("f16c"))
    level = 1;
  if (level == 1 && __builtin_cpu_supports("avx512f") &&
      __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq"))
    level = 2;
  if (level == 2 && __builtin_cpu_supports("avx512bf16"))
    level = 3;
  switch (std::min(level, mostLevel)) {
  case 3:
    return {avx512bf16Kernels(), avx512ContractTable()};
  case 2:
    return {avx512Kernels(), avx512ContractTable()};
  case 1:
    return {avx2Kernels(), avx2ContractTable()};
  }
#endif
  return {portableKernels(), portableContractTable()};
}

//===----------------------------------------------------------------------===//
// Device
//===----------------------------------------------------------------------===//

namespace {

/// One rank's; the kernels are the process's.
class CpuDevice final : public Device {
public:
  CpuDevice(const KernelChoice &choice, Share share, int64_t cacheBytes)
      : kernels(choice.rows), contractions(choice.contractions),
        pool(std::move(share)), cacheBytes(cacheBytes) {}

  const char *name() const override { return "cpu"; }
  void *allocate(size_t alignment, size_t size) override {
    return allocateHost(alignment, size);
  }
  void deallocate(void *data) override { freeHost(data); }
  void copy(const View &source, const View &target) noexcept override {
    copyHost(source, target);
  }
  void fillIdentity(const View &target) noexcept override;
  void reduce(commuter_reduction_t kind, const View *const *inputs,
              int64_t count, int64_t begin, int64_t end,
              const View &output) noexcept override;
  void copyRange(const View &source, const View &target, int64_t begin,
                 int64_t end) noexcept override;
  int64_t firstDifference(const View &a, const View &b) noexcept override;
  Status norm(const NormCall &call) override;
  Status quantize(const QuantizeCall &call) override;
  Status dequantize(const QuantizeCall &call) override;
  Status contract(const ContractCall &call) override {
    return commuter::rt::contract(contractions, call);
  }
  int64_t takeWorkerCpuNs() override { return pool.takeCpuNs(); }

private:
  Status computeTensorScale(const QuantizeCall &call);
  template <typename Body>
  Status forEachScaledRow(const QuantizeCall &call,
                          const Quantization &quantization, Body body);

  const KernelTable &kernels;
  const ContractTable &contractions;
  Pool pool;
  /// What the rank can hope to find in the last-level cache.
  const int64_t cacheBytes;
};

} // namespace

/// The size of the last-level cache that a core has, alone or with others: of
/// some processors sysconf tells the sum of all that there are.
/// COMMUTER_CACHE_BYTES is for systems that tell of one they do not have.
static Status readCacheBytes(int64_t &bytes) {
  bytes = 0;
  if (FILE *file =
          fopen("/sys/devices/system/cpu/cpu0/cache/index3/size", "re")) {
    if (fscanf(file, "%" SCNd64 "K", &bytes) == 1)
      bytes *= 1024;
    fclose(file);
  }
  if (bytes <= 0)
    bytes = sysconf(_SC_LEVEL3_CACHE_SIZE);
  if (bytes <= 0)
    bytes = 32 << 20;
  return readNumber<int64_t>("COMMUTER_CACHE_BYTES", "bytes", 1, INT64_MAX,
                             bytes);
}

Status commuter::rt::createCpuDevice(const RankPlace &place,
                                     std::shared_ptr<Device> &device) {
  int level = INT_MAX;
  COMMUTER_TRY(readIsa(level));
  Share share;
  COMMUTER_TRY(place.isOnlyOfProcess
                   ? getShareOfProcess(place.rank, place.ranks, share)
                   : getShare(place.rank, place.ranks, share));
  int64_t cache = 0;
  COMMUTER_TRY(readCacheBytes(cache));
  // A quarter of the rank's part: the cache is shared with others, often with
  // other virtual machines.
  cache = cache / 4 / share.ranks;
  device = std::make_shared<CpuDevice>(chooseKernels(level), std::move(share),
                                       cache);
  return {};
}

void CpuDevice::fillIdentity(const View &target) noexcept {
  // Of floating-point types -0.0, whose only set bit is the sign.
  char element[8] = {};
  if (isFloat(target.dtype)) {
    uint64_t sign = uint64_t(1) << (8 * target.elementSize - 1);
    std::memcpy(element, &sign, target.elementSize);
  }
  int64_t size = target.elementSize;
  forEachLine(target, 0, target.elements(),
              [&](char *line, int64_t stride, int64_t count) {
                if (stride == size && !isFloat(target.dtype)) {
                  std::memset(line, 0, count * size);
                  return;
                }
                // A source of stride zero repeats the element.
                copyLine(size, element, 0, line, stride, count);
              });
}

/// Scratch for strided views lives on the stack: reductions cannot fail. (Those
/// of more views than fit there end the process where the heap has no memory.)
static constexpr int64_t kBlockBytes = 16384;

namespace {
/// `count` elements, on the stack if they are `most` or fewer.
template <typename T, int64_t most>
class Few {
public:
  explicit Few(int64_t count) {
    if (count > most)
      many.reset(new T[count]);
  }
  T *get() { return many ? many.get() : few; }

private:
  alignas(64) T few[most];
  std::unique_ptr<T[]> many;
};
} // namespace

void CpuDevice::reduce(commuter_reduction_t kind, const View *const *inputs,
                       int64_t count, int64_t begin, int64_t end,
                       const View &output) noexcept {
  int64_t size = output.elementSize;
  auto kernel = kernels.reduce[output.dtype];
  // At least one vector a view, however many there are.
  constexpr int64_t kVector = 64, kMostViews = kBlockBytes / kVector;
  Few<const void *, kMostViews> addressesOf(count);
  const void **addresses = addressesOf.get();
  int64_t strided = !output.isDense();
  for (int64_t i = 0; i < count; ++i)
    strided += !inputs[i]->isDense();
  if (!strided) {
    for (int64_t i = 0; i < count; ++i)
      addresses[i] = inputs[i]->data + begin * size;
    kernel(kind, addresses, count, end - begin, output.data + begin * size);
    return;
  }
  int64_t bytes = std::max(kBlockBytes / strided / kVector * kVector, kVector);
  Few<char, kBlockBytes> scratchOf(bytes * strided);
  char *scratch = scratchOf.get();
  int64_t block = bytes / size;
  bool dense = output.isDense();
  for (; begin < end; begin += block) {
    int64_t stop = std::min(begin + block, end);
    char *next = scratch + (dense ? 0 : bytes);
    for (int64_t i = 0; i < count; ++i) {
      if (inputs[i]->isDense()) {
        addresses[i] = inputs[i]->data + begin * size;
        continue;
      }
      pack(*inputs[i], begin, stop, next);
      addresses[i] = next;
      next += bytes;
    }
    kernel(kind, addresses, count, stop - begin,
           dense ? output.data + begin * size : scratch);
    if (!dense)
      unpack(scratch, output, begin, stop);
  }
}

void CpuDevice::copyRange(const View &source, const View &target, int64_t begin,
                          int64_t end) noexcept {
  int64_t size = source.elementSize;
  if (begin >= end)
    return;
  if (source.isDense()) {
    unpack(source.data + begin * size, target, begin, end);
    return;
  }
  if (target.isDense()) {
    pack(source, begin, end, target.data + begin * size);
    return;
  }
  char scratch[kBlockBytes];
  int64_t block = kBlockBytes / size;
  for (; begin < end; begin += block) {
    int64_t stop = std::min(begin + block, end);
    pack(source, begin, stop, scratch);
    unpack(scratch, target, begin, stop);
  }
}

int64_t CpuDevice::firstDifference(const View &a, const View &b) noexcept {
  char scratchA[kBlockBytes], scratchB[kBlockBytes];
  int64_t size = a.elementSize, elements = a.elements();
  int64_t block = kBlockBytes / size;
  bool denseA = a.isDense(), denseB = b.isDense();
  for (int64_t begin = 0; begin < elements; begin += block) {
    int64_t stop = std::min(begin + block, elements);
    const char *blockA = denseA ? a.data + begin * size : scratchA;
    const char *blockB = denseB ? b.data + begin * size : scratchB;
    if (!denseA)
      pack(a, begin, stop, scratchA);
    if (!denseB)
      pack(b, begin, stop, scratchB);
    if (std::memcmp(blockA, blockB, (stop - begin) * size) == 0)
      continue;
    for (int64_t i = 0; i < stop - begin; ++i)
      if (std::memcmp(blockA + i * size, blockB + i * size, size) != 0)
        return begin + i;
  }
  return -1;
}

//===----------------------------------------------------------------------===//
// Norms
//===----------------------------------------------------------------------===//

static int quantizedIndex(int32_t dtype) {
  return dtype == COMMUTER_I8 ? 2 : dtype - COMMUTER_F8E4M3FN;
}

/// A batch is read again: short rows had better be in the first-level cache
/// then, longer ones in the second. Four rows share the loads of scale and
/// bias.
static int64_t rowsOfBatch(int64_t bytesOfRow) {
  constexpr int64_t kFirstCache = 16 << 10, kSecondCache = 256 << 10;
  const int64_t bytes = std::max<int64_t>(1, bytesOfRow);
  const int64_t most = std::min(kMostRows, kSecondCache / bytes);
  return std::max<int64_t>(
      1, std::min(most, std::max<int64_t>(4, kFirstCache / bytes)));
}

Status CpuDevice::norm(const NormCall &call) {
  const int64_t length = call.length;
  const bool wide = call.x.dtype == COMMUTER_F64;
  const int64_t computeSize = wide ? 8 : 4;
  const bool quantizes = call.output.dtype != call.x.dtype;

  const int64_t bytes =
      call.x.bytes() * (call.residual.data ? 3 : 1) + call.output.bytes();
  const Sharing sharing(pool, call.rows, bytes);

  // Nobody will find in the caches what does not fit them. (A row's ends share
  // lines with its neighbours: short rows would be slower.)
  auto streams = [&](const View &target) {
    return bytes > cacheBytes && length * target.elementSize >= 1024 &&
           target.strides[target.rank - 1] == 1 && target.data != call.x.data &&
           target.data != call.residual.data &&
           reinterpret_cast<uintptr_t>(target.data) % target.elementSize == 0;
  };
  const bool streamsSum = call.residual.data && streams(call.sum);
  const bool streamsOutput = !quantizes && streams(call.output);

  RowLoop loop(call.x, call.axis);
  loop.setBatch(rowsOfBatch(length * call.x.elementSize));
  loop.add(call.x, RowLoop::Reads);
  loop.add(call.residual, RowLoop::Reads);
  loop.add(call.sum, RowLoop::Writes);
  // A norm that quantises is the norm, rounded to x's type, and then the
  // quantisation: but the row between the two never leaves the cache.
  RowScales scales(call.quantization, call.axis, length);
  if (quantizes)
    loop.addTemporary(length * call.x.elementSize);
  else
    loop.add(call.output, RowLoop::Writes);
  loop.addTemporary(streamsSum ? length * call.x.elementSize : 0);
  if (quantizes) {
    loop.add(call.output, RowLoop::Writes);
    scales.addTo(loop);
  }

  // Parameters in the type of the statistics.
  const View *parameters[] = {&call.scale, &call.bias};
  bool direct[2];
  int64_t total = loop.scratchBytes() * sharing.threads;
  for (int i = 0; i < 2; ++i) {
    const View &view = *parameters[i];
    direct[i] = view.data && view.isDense() &&
                view.dtype == (wide ? COMMUTER_F64 : COMMUTER_F32) &&
                (i == 1 || call.offset == 0.0);
    if (view.data && !direct[i])
      total += Scratch::lines(length * computeSize) +
               Scratch::lines(length * view.elementSize);
  }
  Scratch scratch;
  COMMUTER_TRY(scratch.allocate(total));

  NormRows batch{};
  batch.length = length;
  batch.eps = call.eps;
  batch.streamsSum = streamsSum;
  batch.streamsOutput = streamsOutput;
  for (int i = 0; i < 2; ++i) {
    const View &view = *parameters[i];
    const void *values = view.data;
    if (view.data && !direct[i]) {
      char *packed = scratch.take(length * view.elementSize);
      pack(view, 0, length, packed);
      char *converted = scratch.take(length * computeSize);
      if (wide)
        std::memcpy(converted, packed, length * computeSize);
      else
        kernels.toF32(view.dtype, packed, length,
                      reinterpret_cast<float *>(converted));
      if (i == 0 && call.offset != 0.0)
        for (int64_t k = 0; k < length; ++k) {
          if (wide)
            reinterpret_cast<double *>(converted)[k] += call.offset;
          else
            reinterpret_cast<float *>(converted)[k] +=
                static_cast<float>(call.offset);
        }
      values = converted;
    }
    (i == 0 ? batch.scale : batch.bias) = values;
  }

  auto normalize = call.kind == COMMUTER_RMS_NORM
                       ? kernels.rmsNorm[call.x.dtype]
                       : kernels.layerNorm[call.x.dtype];
  auto quantize =
      quantizes
          ? kernels.quantize[call.x.dtype][quantizedIndex(call.output.dtype)]
          : nullptr;
  char *buffers = scratch.take(loop.scratchBytes() * sharing.threads);
  pool.run(call.rows, sharing.threads, sharing.woken,
           [&](int32_t thread, int64_t begin, int64_t end) {
             NormRows own = batch;
             loop.run(buffers + thread * loop.scratchBytes(), begin, end,
                      [&](const Rows *rows, int64_t count, bool hasNext) {
                        own.count = count;
                        own.x = rows[0];
                        own.residual = rows[1];
                        own.sum = rows[2];
                        own.output = rows[3];
                        own.kept = rows[4];
                        own.ahead = hasNext ? count : 0;
                        if (length)
                          normalize(own);
                        for (int64_t r = 0; quantize && r < count; ++r)
                          quantize(scales.at(rows[3], rows[5], rows[6], r),
                                   call.quantization.computes);
                      });
             if (streamsSum || streamsOutput)
               kernels.finishStreaming();
           });
  return {};
}

//===----------------------------------------------------------------------===//
// Quantisation
//===----------------------------------------------------------------------===//

/// The largest magnitude of all, then its scale. (A maximum has no order.)
Status CpuDevice::computeTensorScale(const QuantizeCall &call) {
  RowLoop loop(call.x, call.x.rank - 1);
  loop.add(call.x, RowLoop::Reads);
  const Sharing sharing(pool, call.rows, call.x.bytes());
  Scratch scratch;
  COMMUTER_TRY(scratch.allocate(loop.scratchBytes() * sharing.threads));
  char *buffers = scratch.take(loop.scratchBytes() * sharing.threads);
  std::atomic<uint32_t> largest{0};
  pool.run(call.rows, sharing.threads, sharing.woken,
           [&](int32_t thread, int64_t begin, int64_t end) {
             uint32_t own = 0;
             loop.run(buffers + thread * loop.scratchBytes(), begin, end,
                      [&](const Rows *rows, int64_t, bool) {
                        own = std::max(own, kernels.largest[call.x.dtype](
                                                rows[0].data, call.length));
                      });
             uint32_t known = largest.load(std::memory_order_relaxed);
             while (known < own && !largest.compare_exchange_weak(known, own))
               ;
           });
  float scale = kernels.scaleOf[quantizedIndex(call.output.dtype)](largest);
  std::memcpy(call.quantization.scales.data, &scale, sizeof(scale));
  return {};
}

Status CpuDevice::quantize(const QuantizeCall &call) {
  Quantization quantization = call.quantization;
  if (quantization.computes && quantization.scales.rank == 0) {
    COMMUTER_TRY(computeTensorScale(call));
    quantization.computes = false;
  }
  return forEachScaledRow(call, quantization, [&](const QuantizeRow &row) {
    kernels.quantize[call.x.dtype][quantizedIndex(call.output.dtype)](
        row, quantization.computes);
  });
}

Status CpuDevice::dequantize(const QuantizeCall &call) {
  return forEachScaledRow(call, call.quantization, [&](const QuantizeRow &row) {
    kernels.dequantize[quantizedIndex(call.x.dtype)][call.output.dtype](row);
  });
}

template <typename Body>
Status CpuDevice::forEachScaledRow(const QuantizeCall &call,
                                   const Quantization &quantization,
                                   Body body) {
  const int64_t axis = call.x.rank - 1;
  RowLoop loop(call.x, axis);
  loop.add(call.x, RowLoop::Reads);
  loop.add(call.output, RowLoop::Writes);
  RowScales scales(quantization, axis, call.length);
  scales.addTo(loop);
  Scratch scratch;
  const Sharing sharing(pool, call.rows, call.x.bytes() + call.output.bytes());
  COMMUTER_TRY(scratch.allocate(loop.scratchBytes() * sharing.threads));
  char *buffers = scratch.take(loop.scratchBytes() * sharing.threads);
  pool.run(call.rows, sharing.threads, sharing.woken,
           [&](int32_t thread, int64_t begin, int64_t end) {
             loop.run(buffers + thread * loop.scratchBytes(), begin, end,
                      [&](const Rows *rows, int64_t, bool) {
                        body(scales.at(rows[0], rows[1], rows[2], 0));
                      });
           });
  return {};
}
