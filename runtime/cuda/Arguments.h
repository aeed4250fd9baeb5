//===- Arguments.h ----------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the kernels are called with, and the order in which they sum: known to
// the code that launches them and to their own.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_RUNTIME_CUDA_ARGUMENTS_H
#define COMMUTER_RUNTIME_CUDA_ARGUMENTS_H

#include <stdint.h>

namespace commuter::rt::cuda {

//===----------------------------------------------------------------------===//
// The order of a sum
//
// A row is summed in one order, which its length and its type give, and nothing
// else: not the number of rows, their alignment, the architecture, nor which
// kernel of the family is at work. That is a tree whose nodes are
//
//   - packets, 16 bytes: the lower half of the elements plus the upper, etc.;
//   - segments, 2 packets for each of 32 lanes: these, then neighbouring lanes;
//   - chunks, 32 segments: neighbours first;
//   - spans, 32 chunks: neighbours first;
//   - the row: its spans, one after the other.
//
// A segment is held by one warp and takes two passes: its mean, and then the
// deviations from that. From there on up statistics are merged as Chan, Golub
// and LeVeque do (1983). Who computes a segment, and where it stays until the
// row's statistics are known, is free: a kernel chooses by speed alone.
//===----------------------------------------------------------------------===//

constexpr int kWarp = 32;
constexpr int kPacketBytes = 16;
constexpr int kSegmentPackets = 2 * kWarp;
constexpr int kChunkSegments = kWarp;
constexpr int kChunkPackets = kChunkSegments * kSegmentPackets;
constexpr int kSpanChunks = kWarp;

#if defined(__CUDACC__)
#define COMMUTER_EVERYWHERE __host__ __device__
#else
#define COMMUTER_EVERYWHERE
#endif

COMMUTER_EVERYWHERE constexpr int64_t divideUp(int64_t a, int64_t b) {
  return (a + b - 1) / b;
}

//===----------------------------------------------------------------------===//
// Where a row stays between the reading of it and the writing of its result
//===----------------------------------------------------------------------===//

enum class Home {
  Registers, ///< of the threads that read it
  Shared,    ///< memory of the block
  Streamed   ///< nowhere: it is read again
};

/// Threads and memory for one row. Neither has an influence on the result.
struct NormShape {
  Home home;
  int lanes;    ///< of a warp that have a row; 0: the whole block has
  int segments; ///< held by a warp; Registers only
  int cluster;  ///< blocks that share a row, of which each has whole chunks
  /// It also takes rows that are not aligned. Those are accessed element by
  /// element, which is what their time goes to: they need few shapes.
  bool takesUnaligned;
};

constexpr int kThreadsOfLanes = 128; ///< in a block where warps have own rows
constexpr int kHeldThreads = 512;    ///< most in a block that holds one row
constexpr int kLongThreads = 256;    ///< in a block that goes through one row
constexpr int kMaxClusterBlockChunks = 4;

/// Of some elements of a row: how many there are, their mean, which is `mean` +
/// `shift`, and the sum of the squares of their deviations from it.
struct Statistics {
  float count, mean, shift, squares;
};

/// What a block that has a row keeps in shared memory; parked packets follow.
/// The other blocks of the cluster read `chunks` and `blockLargest`.
struct alignas(kPacketBytes) BlockState {
  Statistics segments[2 * kChunkSegments];
  Statistics chunks[kMaxClusterBlockChunks];
  uint32_t largest[kWarp];
  uint32_t blockLargest;
};

//===----------------------------------------------------------------------===//
// Arguments of kernels
//===----------------------------------------------------------------------===//

/// Which elements share a scale.
enum class Scaling {
  None,    ///< the result is of x's type
  Row,     ///< a row, or all rows
  Lanes,   ///< packets of neighbouring lanes, a power of two of them
  Elements ///< any number of elements
};

/// A vector that all rows have in common. `type` is a commuter_dtype_t.
struct Parameter {
  const void *data;
  int type;
};

/// Strides count elements between the starts of rows; within a row elements lie
/// one after the other.
struct NormParameters {
  const void *x, *residual;
  void *sum;
  Parameter scale, bias;
  void *output;
  int64_t rows, length;
  int64_t xStride, residualStride, sumStride, outputStride;
  float eps, offset;
  bool normalizes; ///< else the result is x: of a mere quantisation
  bool centred;    ///< layer norm, else RMS norm: the mean is taken to be zero

  Scaling scaling;
  int format; ///< commuter_dtype_t of the quantised result
  bool computes;
  float *scales;
  int64_t scalesStride; ///< 0: one scale for all rows
  int64_t group;
  int lanesLog2; ///< Scaling::Lanes: of the lanes that share a scale

  int64_t blockChunks; ///< chunks of a row that a block has
};

/// Element for element; element i of a row has scale i / group of that row.
struct ScaleParameters {
  const void *input;
  void *output;
  int format;
  int64_t rows, length, inputStride, outputStride;
  const float *scales;
  int64_t scalesStride;
  int64_t group;
};

struct LargestParameters {
  const void *x;
  int64_t rows, length, stride;
  uint32_t *largest; ///< bits of the largest magnitude; starts from 0
};

struct TensorScaleParameters {
  float *scale; ///< in: the bits that LargestParameters::largest has
  int format;
};

} // namespace commuter::rt::cuda

#endif // COMMUTER_RUNTIME_CUDA_ARGUMENTS_H
