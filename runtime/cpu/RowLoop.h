//===- RowLoop.h ------------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The rows of a norm or quantisation as its kernels see them, one rank's
// threads at work on them, and their scales.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_RUNTIME_CPU_ROWLOOP_H
#define COMMUTER_RUNTIME_CPU_ROWLOOP_H

#include "../src/Device.h"
#include "KernelTable.h"
#include "Pool.h"
#include "Strided.h"

#include <algorithm>
#include <cstring>
#include <memory>

namespace commuter::rt {

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

} // namespace commuter::rt

#endif // COMMUTER_RUNTIME_CPU_ROWLOOP_H
