//===- Contractions.cu -----------------------------------------*- CUDA -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The kernels of contractions, and their launch. The emulation compiles this
// file as C++.
//
//===----------------------------------------------------------------------===//

// Bits. As the loops of a program have it, each product and each sum is rounded
// by itself, and the products of an element of c are added in the loops' order:
// by one thread, so that no kernel splits a sum, and its bits depend neither on
// the kernel nor on the other rows and columns.

#include "Contractions.h"
#include "Elements.h"

using namespace commuter::rt;
using namespace commuter::rt::cuda;

namespace commuter::rt::cuda {

//===----------------------------------------------------------------------===//
// Indices and elements
//===----------------------------------------------------------------------===//

/// In elements, from the start of each view.
struct Offsets {
  int64_t a, b, c;
};

/// Of step `step` of all steps of `loops`.
COMMUTER_DEVICE Offsets offsetsOf(const Loops &loops, int64_t step) {
  Offsets offsets = {0, 0, 0};
  for (int d = loops.rank - 1; d >= 0; --d) {
    const Loop &loop = loops.loops[d];
    const int64_t i = step % loop.size;
    step /= loop.size;
    offsets.a += i * loop.a;
    offsets.b += i * loop.b;
    offsets.c += i * loop.c;
  }
  return offsets;
}

/// Calls body(E()) with the element type that `type` is.
template <typename Body>
COMMUTER_DEVICE void withFactor(int type, Body body) {
  switch (type) {
  case COMMUTER_F32:
    return body(F32());
  case COMMUTER_F16:
    return body(F16());
  default:
    return body(BF16());
  }
}

COMMUTER_DEVICE int64_t sizeOf(int type) {
  return type == COMMUTER_F32 ? 4 : 2;
}

COMMUTER_DEVICE float loadFactor(int type, const char *address) {
  float value;
  withFactor(type,
             [&](auto e) { value = Rounded<decltype(e)>::load(address); });
  return value;
}

template <typename E>
COMMUTER_DEVICE char *elementOf(char *data, int64_t offset) {
  return data + offset * static_cast<int64_t>(sizeof(typename E::Stored));
}

template <typename E>
COMMUTER_DEVICE float addProduct(float sum, float a, float b) {
  return rounded<E>(sum + rounded<E>(a * b));
}

//===----------------------------------------------------------------------===//
// A thread for each element
//===----------------------------------------------------------------------===//

template <typename E>
__global__ void __launch_bounds__(kViewThreads)
    contractElements(const ContractParameters p) {
  const int64_t sizeA = sizeOf(p.typeA), sizeB = sizeOf(p.typeB);
  const int64_t stepA = p.depth.a * sizeA, stepB = p.depth.b * sizeB;
  forEachElement(p.begin, p.end, [&](int64_t i) {
    const int64_t column = i % p.columns.size;
    const int64_t row = i / p.columns.size % p.rows.size;
    const Offsets at = offsetsOf(p.outer, i / p.columns.size / p.rows.size);
    char *c = elementOf<E>(p.c, at.c + row * p.rows.c + column * p.columns.c);
    float sum = Rounded<E>::load(c);
    for (int64_t step = 0; step < p.sumCount; ++step) {
      const Offsets in = offsetsOf(p.sums, step);
      const char *a = p.a + (at.a + row * p.rows.a + in.a) * sizeA;
      const char *b = p.b + (at.b + column * p.columns.b + in.b) * sizeB;
      for (int64_t k = 0; k < p.depth.size; ++k)
        sum = addProduct<E>(sum, loadFactor(p.typeA, a + k * stepA),
                            loadFactor(p.typeB, b + k * stepB));
    }
    Rounded<E>::store(c, sum);
  });
}

//===----------------------------------------------------------------------===//
// Tiles: a block has kRows x kColumns elements at a time
//===----------------------------------------------------------------------===//

constexpr int kTileThreads = 256;

/// What a block has of one factor at a time: `kLines` rows of a, or columns of
/// b, by `kDepth`. Threads take it from memory to their registers, and from
/// there to shared memory when all have done with what is there: so the way
/// from memory is walked while the block computes.
template <int kLines, int kDepth>
struct Panel {
  /// Element k of a line is at [k * kPitch + line]. Aligned for 16 bytes.
  static constexpr int kPitch = kLines + 4;
  static constexpr int kFloats = kDepth * kPitch;
  static constexpr int kCount = kLines * kDepth / kTileThreads;

  /// `lines`: as many as there are; there may be fewer than kLines, or more.
  /// Neighbouring threads take neighbours in memory.
  __device__ Panel(const char *data, int type, int64_t offset, int64_t lines,
                   int64_t lineStride, int64_t depthStride)
      : type(type), lines(static_cast<int>(lines < kLines ? lines : kLines)) {
    const int64_t alongLine = depthStride < 0 ? -depthStride : depthStride;
    const int64_t acrossLines = lineStride < 0 ? -lineStride : lineStride;
    if (alongLine <= acrossLines) {
      line = threadIdx.x / kDepth;
      k = threadIdx.x % kDepth;
      lineStep = kTileThreads / kDepth;
      kStep = 0;
    } else {
      line = threadIdx.x % kLines;
      k = threadIdx.x / kLines;
      lineStep = 0;
      kStep = kTileThreads / kLines;
    }
    const int64_t size = sizeOf(type);
    next = data + (offset + line * lineStride + k * depthStride) * size;
    step = (lineStep * lineStride + kStep * depthStride) * size;
    nextPanel = kDepth * depthStride * size;
  }

  /// The next one, whose lines have `depth` more elements; 0 where there is
  /// none.
  __device__ void fetch(int64_t depth) {
    const int there = static_cast<int>(depth < kDepth ? depth : kDepth);
    withFactor(type, [&](auto e) {
#pragma unroll
      for (int i = 0; i < kCount; ++i) {
        const bool isThere =
            line + i * lineStep < lines && k + i * kStep < there;
        values[i] =
            isThere ? Rounded<decltype(e)>::load(next + i * step) : 0.0f;
      }
    });
    next += nextPanel;
  }

  __device__ void put(float *shared) const {
#pragma unroll
    for (int i = 0; i < kCount; ++i)
      shared[(k + i * kStep) * kPitch + line + i * lineStep] = values[i];
  }

private:
  int type;
  int lines;                    ///< that there are in the panel
  int line, k, lineStep, kStep; ///< of this thread's elements in the panel
  const char *next;             ///< and in memory; steps in bytes
  int64_t step, nextPanel;
  float values[kCount];
};

template <typename E, int kRows, int kColumns, int kDepth, int kThreadRows,
          int kThreadColumns>
__global__ void __launch_bounds__(kTileThreads, 2)
    contractTiles(const ContractParameters p) {
  typedef Panel<kRows, kDepth> PanelA;
  typedef Panel<kColumns, kDepth> PanelB;
  constexpr int kAcross = kColumns / kThreadColumns;
  static_assert(kRows / kThreadRows * kAcross == kTileThreads);
  float *panelA = static_cast<float *>(sharedMemory());
  float *panelB = panelA + PanelA::kFloats;
  const int ownRow = threadIdx.x / kAcross * kThreadRows;
  const int ownColumn = threadIdx.x % kAcross * kThreadColumns;

  const int64_t rowTiles = divideUp(p.rows.size, kRows);
  const int64_t columnTiles = divideUp(p.columns.size, kColumns);
  const int64_t products = p.end / (p.rows.size * p.columns.size);
  for (int64_t tile = blockIdx.x; tile < products * rowTiles * columnTiles;
       tile += gridDim.x) {
    const int64_t row = tile % rowTiles * kRows;
    const int64_t column = tile / rowTiles % columnTiles * kColumns;
    const Offsets at = offsetsOf(p.outer, tile / rowTiles / columnTiles);

    // The sums of this thread, whose elements need not all be there.
    float sums[kThreadRows][kThreadColumns];
    auto forEachSum = [&](auto body) {
      // Or sixteen addresses would stay in registers from here to the stores.
      const int64_t firstRow = notKnown(row + ownRow);
      const int64_t firstColumn = notKnown(column + ownColumn);
#pragma unroll
      for (int r = 0; r < kThreadRows; ++r)
#pragma unroll
        for (int c = 0; c < kThreadColumns; ++c) {
          const int64_t i = firstRow + r, j = firstColumn + c;
          const bool isThere = i < p.rows.size && j < p.columns.size;
          body(sums[r][c], isThere,
               elementOf<E>(p.c, at.c + i * p.rows.c + j * p.columns.c));
        }
    };
    forEachSum([](float &sum, bool isThere, char *c) {
      sum = isThere ? Rounded<E>::load(c) : 0.0f;
    });
    auto addProducts = [&](int k) {
      float a[kThreadRows], b[kThreadColumns];
#pragma unroll
      for (int r = 0; r < kThreadRows; ++r)
        a[r] = panelA[k * PanelA::kPitch + ownRow + r];
#pragma unroll
      for (int c = 0; c < kThreadColumns; ++c)
        b[c] = panelB[k * PanelB::kPitch + ownColumn + c];
#pragma unroll
      for (int r = 0; r < kThreadRows; ++r)
#pragma unroll
        for (int c = 0; c < kThreadColumns; ++c)
          sums[r][c] = addProduct<E>(sums[r][c], a[r], b[c]);
    };

    for (int64_t step = 0; step < p.sumCount; ++step) {
      const Offsets in = offsetsOf(p.sums, step);
      PanelA a(p.a, p.typeA, at.a + row * p.rows.a + in.a, p.rows.size - row,
               p.rows.a, p.depth.a);
      PanelB b(p.b, p.typeB, at.b + column * p.columns.b + in.b,
               p.columns.size - column, p.columns.b, p.depth.b);
      a.fetch(p.depth.size);
      b.fetch(p.depth.size);
      for (int64_t rest = p.depth.size; rest > 0; rest -= kDepth) {
        __syncthreads(); // all have done with the panels before
        a.put(panelA);
        b.put(panelB);
        __syncthreads();
        if (rest > kDepth) {
          a.fetch(rest - kDepth);
          b.fetch(rest - kDepth);
        }
        // A product of nothing is 0, which would turn -0.0 to 0.0.
        if (rest >= kDepth) {
#pragma unroll 2
          for (int k = 0; k < kDepth; ++k)
            addProducts(k);
        } else {
#pragma unroll 1
          for (int k = 0; k < static_cast<int>(rest); ++k)
            addProducts(k);
        }
      }
    }
    forEachSum([](float sum, bool isThere, char *c) {
      if (isThere)
        Rounded<E>::store(c, sum);
    });
  }
}

} // namespace commuter::rt::cuda

//===----------------------------------------------------------------------===//
// Launch
//===----------------------------------------------------------------------===//

template <typename E, int kRows, int kColumns, int kDepth, int kThreadRows,
          int kThreadColumns>
static LaunchStatus launchTiles(const ContractParameters &p, void *stream) {
  const int64_t products = p.end / (p.rows.size * p.columns.size);
  const int64_t tiles = products * divideUp(p.rows.size, kRows) *
                        divideUp(p.columns.size, kColumns);
  LaunchShape shape;
  shape.threads = kTileThreads;
  shape.sharedBytes = sizeof(float) * (Panel<kRows, kDepth>::kFloats +
                                       Panel<kColumns, kDepth>::kFloats);
  shape.gridX = static_cast<uint32_t>(std::min(tiles, kMostBlocks));
  return launch(
      contractTiles<E, kRows, kColumns, kDepth, kThreadRows, kThreadColumns>,
      shape, stream, p);
}

/// There are no more rows than columns. A few rows are bound by the reading of
/// b, and take deep panels, so that much of it is on its way; many are bound by
/// arithmetic, and take 16 products for 8 numbers of shared memory. No GPU has
/// timed that yet.
template <typename E>
static LaunchStatus launchAs(const ContractParameters &p, void *stream) {
  if (p.rows.size * p.columns.size < kWarp)
    return launchElements(contractElements<E>, p, stream);
  if (p.rows.size <= 8)
    return launchTiles<E, 8, 64, 32, 2, 1>(p, stream);
  if (p.rows.size <= 32)
    return launchTiles<E, 32, 64, 16, 4, 2>(p, stream);
  return launchTiles<E, 64, 64, 16, 4, 4>(p, stream);
}

LaunchStatus commuter::rt::cuda::launchContract(
    commuter_dtype_t type, const ContractParameters &parameters, void *stream) {
  if (parameters.begin == parameters.end)
    return {};
  switch (type) {
  case COMMUTER_F32:
    return launchAs<F32>(parameters, stream);
  case COMMUTER_F16:
    return launchAs<F16>(parameters, stream);
  case COMMUTER_BF16:
    return launchAs<BF16>(parameters, stream);
  default:
    return unsupported("there is no kernel for contractions to this type");
  }
}
