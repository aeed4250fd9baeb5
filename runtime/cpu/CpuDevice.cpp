//===- CpuDevice.cpp --------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The CPU device: strided copies and reductions in blocks, the loop over the
// rows of norms and quantisations, and the choice of kernels for this
// processor. Contractions are in Contract.cpp.
//
//===----------------------------------------------------------------------===//

#include "../src/Device.h"
#include "../src/Environment.h"
#include "Contract.h"
#include "KernelTable.h"
#include "Pool.h"

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
// Strided memory
//===----------------------------------------------------------------------===//

namespace {

/// Two views of one shape, outermost dimension first, without the dimensions
/// of size one and with those merged that both views walk evenly.
struct Walk {
  int32_t rank = 0;
  int64_t sizes[kMaxRank];
  int64_t a[kMaxRank], b[kMaxRank]; // strides in bytes

  Walk(const View &first, const View &second) {
    for (int32_t d = 0; d < first.rank; ++d) {
      int64_t size = first.sizes[d];
      if (size == 1)
        continue;
      int64_t strideA = first.strides[d] * first.elementSize;
      int64_t strideB = second.strides[d] * second.elementSize;
      if (rank && a[rank - 1] == size * strideA &&
          b[rank - 1] == size * strideB) {
        sizes[rank - 1] *= size;
        a[rank - 1] = strideA;
        b[rank - 1] = strideB;
        continue;
      }
      sizes[rank] = size;
      a[rank] = strideA;
      b[rank] = strideB;
      ++rank;
    }
  }
};

} // namespace

template <typename T>
static void copyElements(const char *source, int64_t sourceStride, char *target,
                         int64_t targetStride, int64_t count) {
  for (int64_t i = 0; i < count; ++i) {
    T value;
    std::memcpy(&value, source + i * sourceStride, sizeof(T));
    std::memcpy(target + i * targetStride, &value, sizeof(T));
  }
}

/// Copies `count` elements with strides in bytes.
static void copyLine(int64_t elementSize, const char *source,
                     int64_t sourceStride, char *target, int64_t targetStride,
                     int64_t count) {
  if (sourceStride == elementSize && targetStride == elementSize) {
    std::memcpy(target, source, count * elementSize);
    return;
  }
  switch (elementSize) {
  case 1:
    return copyElements<uint8_t>(source, sourceStride, target, targetStride,
                                 count);
  case 2:
    return copyElements<uint16_t>(source, sourceStride, target, targetStride,
                                  count);
  case 4:
    return copyElements<uint32_t>(source, sourceStride, target, targetStride,
                                  count);
  case 8:
    return copyElements<uint64_t>(source, sourceStride, target, targetStride,
                                  count);
  default:
    for (int64_t i = 0; i < count; ++i)
      std::memcpy(target + i * targetStride, source + i * sourceStride,
                  elementSize);
  }
}

void commuter::rt::copyHost(const View &source, const View &target) {
  if (source.elements() == 0)
    return;
  Walk walk(source, target);
  int64_t elementSize = source.elementSize;
  const char *from = source.data;
  char *to = target.data;
  if (walk.rank == 0) {
    std::memcpy(to, from, elementSize);
    return;
  }
  int32_t inner = walk.rank - 1;
  int64_t index[kMaxRank] = {};
  while (true) {
    copyLine(elementSize, from, walk.a[inner], to, walk.b[inner],
             walk.sizes[inner]);
    int32_t d = inner - 1;
    for (; d >= 0; --d) {
      from += walk.a[d];
      to += walk.b[d];
      if (++index[d] < walk.sizes[d])
        break;
      from -= walk.a[d] * walk.sizes[d];
      to -= walk.b[d] * walk.sizes[d];
      index[d] = 0;
    }
    if (d < 0)
      return;
  }
}

/// Calls visit(address, stride in bytes, count) for the lines that elements
/// [begin, end), in row-major order, consist of.
template <typename Visit>
static void forEachLine(const View &view, int64_t begin, int64_t end,
                        Visit visit) {
  Walk walk(view, view);
  if (begin >= end)
    return;
  if (walk.rank == 0) {
    visit(view.data, view.elementSize, int64_t(1));
    return;
  }
  int32_t inner = walk.rank - 1;
  int64_t index[kMaxRank];
  int64_t rest = begin;
  char *line = view.data;
  for (int32_t d = inner; d >= 0; --d) {
    index[d] = rest % walk.sizes[d];
    rest /= walk.sizes[d];
    line += index[d] * walk.a[d];
  }
  while (true) {
    int64_t count = std::min(walk.sizes[inner] - index[inner], end - begin);
    visit(line, walk.a[inner], count);
    begin += count;
    if (begin == end)
      return;
    line -= index[inner] * walk.a[inner];
    index[inner] = 0;
    for (int32_t d = inner - 1; d >= 0; --d) {
      line += walk.a[d];
      if (++index[d] < walk.sizes[d])
        break;
      line -= walk.a[d] * walk.sizes[d];
      index[d] = 0;
    }
  }
}

static void pack(const View &view, int64_t begin, int64_t end, char *target) {
  forEachLine(view, begin, end,
              [&](const char *line, int64_t stride, int64_t count) {
                copyLine(view.elementSize, line, stride, target,
                         view.elementSize, count);
                target += count * view.elementSize;
              });
}

static void unpack(const char *source, const View &view, int64_t begin,
                   int64_t end) {
  forEachLine(view, begin, end, [&](char *line, int64_t stride, int64_t count) {
    copyLine(view.elementSize, source, view.elementSize, line, stride, count);
    source += count * view.elementSize;
  });
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
// Rows
//===----------------------------------------------------------------------===//

namespace {

/// Memory for the duration of one call, given out in whole cache lines.
class Scratch {
public:
  static int64_t lines(int64_t bytes) { return (bytes + 63) / 64 * 64; }

  Status allocate(int64_t bytes) {
    if (bytes == 0)
      return {};
    memory.reset(static_cast<char *>(allocateHost(64, bytes)));
    next = memory.get();
    if (!next)
      return fail(COMMUTER_OUT_OF_MEMORY, "no memory for %lld bytes of scratch",
                  static_cast<long long>(bytes));
    return {};
  }
  char *take(int64_t bytes) {
    char *taken = next;
    next += lines(bytes);
    return taken;
  }

private:
  std::unique_ptr<char, FreeHost> memory;
  char *next = nullptr;
};

/// The rows, dimensions `axis` and on, of several views whose other dimensions
/// have the sizes of `shape`. Kernels see contiguous rows: those that are not
/// go through scratch.
class RowLoop {
public:
  enum Access { Reads, Writes };

  RowLoop(const View &shape, int64_t axis) : shape(shape), axis(axis) {}

  /// The body sees the row under the number of this call; null if `view` is
  /// absent. The view stays the caller's.
  void add(const View &view, Access access) {
    Operand &operand = operands[count++];
    operand.access = access;
    operand.strides = view.strides;
    View &row = operand.row = view;
    if (!row.data)
      return;
    row.rank = view.rank - static_cast<int32_t>(axis);
    for (int32_t d = 0; d < row.rank; ++d) {
      row.sizes[d] = view.sizes[axis + d];
      row.strides[d] = view.strides[axis + d];
    }
    operand.scratchBytes = row.isDense() ? 0 : row.bytes();
  }

  /// Rows that the body writes and reads, and nobody keeps.
  void addTemporary(int64_t bytes) { operands[count++].scratchBytes = bytes; }

  /// The body may have up to so many rows at a time; else it has one.
  void setBatch(int64_t rows) { mostRows = rows; }

  /// What one thread needs.
  int64_t scratchBytes() const {
    int64_t total = 0;
    for (int i = 0; i < count; ++i)
      total += batch() * Scratch::lines(operands[i].scratchBytes);
    return total;
  }

  /// Calls body(rows, count, hasNext) for rows [begin, end) in order. Rows of
  /// an operand are evenly spaced. `hasNext`: a further batch of the same size
  /// follows immediately, and may be prefetched.
  template <typename Body>
  void run(char *scratch, int64_t begin, int64_t end, Body body) const {
    char *buffers[kMaxOperands] = {};
    const bool isPacked = packs();
    const int64_t most = batch();
    for (int i = 0; i < count; ++i)
      if (operands[i].scratchBytes) {
        buffers[i] = scratch;
        scratch += most * Scratch::lines(operands[i].scratchBytes);
      }
    auto forEachPacked = [&](Access access, const Rows *rows, auto copy) {
      for (int i = 0; isPacked && i < count; ++i)
        if (buffers[i] && rows[i].data && operands[i].access == access) {
          View row = operands[i].row;
          row.data = rows[i].data;
          copy(row, buffers[i]);
        }
    };
    // Runs of rows that lie evenly, along the last of the other dimensions.
    for (int64_t r = begin; r < end;) {
      Rows rows[kMaxOperands];
      const int64_t run = std::min(end, r + seek(r, rows));
      while (r < run) {
        const int64_t number = std::min(most, run - r);
        Rows seen[kMaxOperands] = {};
        for (int i = 0; i < count; ++i)
          seen[i] = buffers[i] ? Rows{buffers[i],
                                      Scratch::lines(operands[i].scratchBytes)}
                               : rows[i];
        forEachPacked(Reads, rows, [](const View &row, char *buffer) {
          pack(row, 0, row.elements(), buffer);
        });
        body(seen, number, r + 2 * number <= run);
        forEachPacked(Writes, rows, [](const View &row, char *buffer) {
          unpack(buffer, row, 0, row.elements());
        });
        for (int i = 0; i < count; ++i)
          if (rows[i].data)
            rows[i].data += number * rows[i].step;
        r += number;
      }
    }
  }

private:
  static constexpr int kMaxOperands = 7;
  struct Operand {
    View row;
    const int64_t *strides = nullptr; // of the whole view
    Access access = Writes;
    int64_t scratchBytes = 0;
  };

  /// Rows that are packed come one by one.
  bool packs() const {
    for (int i = 0; i < count; ++i)
      if (operands[i].scratchBytes && operands[i].row.data)
        return true;
    return false;
  }
  int64_t batch() const { return packs() ? 1 : mostRows; }

  /// Where row r of each operand is; returns how many rows lie evenly from
  /// there.
  int64_t seek(int64_t r, Rows *rows) const {
    for (int i = 0; i < count; ++i) {
      rows[i].data = operands[i].row.data;
      rows[i].step = rows[i].data && axis ? operands[i].strides[axis - 1] *
                                                operands[i].row.elementSize
                                          : 0;
    }
    int64_t even = 1;
    for (int64_t d = axis - 1; d >= 0; --d) {
      int64_t index = r % shape.sizes[d];
      r /= shape.sizes[d];
      if (d == axis - 1)
        even = shape.sizes[d] - index;
      for (int i = 0; i < count; ++i)
        if (rows[i].data)
          rows[i].data +=
              index * operands[i].strides[d] * operands[i].row.elementSize;
    }
    return even;
  }

  const View &shape;
  const int64_t axis;
  Operand operands[kMaxOperands];
  int count = 0;
  int64_t mostRows = 1;
};

/// How many threads are to share rows, and how many of them even if they have
/// to be woken: see Pool::run.
struct Sharing {
  int32_t threads, woken;

  /// `rows` rows of `bytes` bytes in all: less than so many are not worth a
  /// thread's coming, or its waking.
  Sharing(const Pool &pool, int64_t rows, int64_t bytes) {
    constexpr int64_t kLeastOfAwake = 16 << 10, kLeastOfWoken = 128 << 10;
    auto share = [&](int64_t least) {
      return static_cast<int32_t>(std::clamp<int64_t>(
          std::min(rows, bytes / least), 1, pool.threads()));
    };
    threads = share(kLeastOfAwake);
    woken = share(kLeastOfWoken);
  }
};

/// The scales of one call, as rows see them: rows of their own, or one number
/// for everything.
class RowScales {
public:
  /// Rows of `length` elements, dimensions `axis` and on of `x`.
  RowScales(const Quantization &quantization, int64_t axis, int64_t length)
      : quantization(quantization), isShared(quantization.scales.rank == 0) {
    row.groups = 1;
    row.length = length;
    if (isShared) {
      if (quantization.scales.data && !quantization.computes)
        std::memcpy(&shared, quantization.scales.data, sizeof(shared));
      return;
    }
    row.length = quantization.group;
    const View &scales = quantization.scales;
    for (int32_t d = static_cast<int32_t>(axis); d < scales.rank; ++d)
      row.groups *= scales.sizes[d];
  }

  void addTo(RowLoop &loop) const {
    static const View absent{};
    loop.add(isShared ? absent : quantization.scales,
             quantization.computes ? RowLoop::Writes : RowLoop::Reads);
  }

  /// Row r of what the loop gives; `scales` is of the operand that addTo added.
  QuantizeRow at(Rows input, Rows output, Rows scales, int64_t r) {
    QuantizeRow at = row;
    at.input = input.data + r * input.step;
    at.output = output.data + r * output.step;
    at.scales = isShared
                    ? &shared
                    : reinterpret_cast<float *>(scales.data + r * scales.step);
    return at;
  }

private:
  const Quantization &quantization;
  const bool isShared;
  float shared = 0;
  QuantizeRow row{};
};

} // namespace

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
