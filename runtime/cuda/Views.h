//===- Views.h --------------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Moves and reductions of strided views on a GPU: what they are launched with,
// for callers that need no CUDA header.
//
//===----------------------------------------------------------------------===//

// As Norms.h: these put work on a stream and wait for nothing. Elements are
// aligned to their size. All bits are the CPU's, but those of NaN.

#ifndef COMMUTER_RUNTIME_CUDA_VIEWS_H
#define COMMUTER_RUNTIME_CUDA_VIEWS_H

#include "../src/Support.h"
#include "Norms.h"

namespace commuter::rt::cuda {

/// What the views of one call have in common. Dimensions that all of them walk
/// evenly are one; those of size 1 are none.
struct Shape {
  int rank;
  int64_t sizes[kMaxRank];
};

/// Strides count elements.
struct Operand {
  char *data;
  int64_t strides[kMaxRank];
};

/// Members of a reduction that one launch takes: kernels have 4 KiB of
/// parameters.
constexpr int kMaxReduced = 24;

/// Elements [begin, end), in row-major order.
struct CopyParameters {
  Shape shape;
  Operand source, target;
  int64_t begin, end;
};
struct FillParameters {
  Shape shape;
  Operand target;
  uint64_t bits;
  int64_t begin, end;
};
/// Of more members than one launch takes. Each launch but the last leaves what
/// it has so far to the next one, in `partial`: numbers of the type that is
/// computed with, one after the other. The last one writes the output.
struct ReduceParameters {
  Shape shape;
  Operand inputs[kMaxReduced], output;
  char *partial;
  bool isFirst, isLast;
  int count;
  int kind; ///< commuter_reduction_t
  int64_t begin, end;
};
/// The size of a number in `partial`.
constexpr int64_t partialSize(int64_t elementSize, bool isFloat) {
  return isFloat && elementSize < 4 ? 4 : elementSize;
}
struct CompareParameters {
  Shape shape;
  Operand a, b;
  uint64_t *first; ///< the least element that differs, if less than before
  int64_t begin, end;
};

/// `elementSize` is 1, 2, 4 or 8.
LaunchStatus launchCopy(int elementSize, const CopyParameters &parameters,
                        void *stream);
LaunchStatus launchFill(int elementSize, const FillParameters &parameters,
                        void *stream);
/// Bit by bit.
LaunchStatus launchCompare(int elementSize, const CompareParameters &parameters,
                           void *stream);
LaunchStatus launchReduce(commuter_dtype_t type,
                          const ReduceParameters &parameters, void *stream);

} // namespace commuter::rt::cuda

#endif // COMMUTER_RUNTIME_CUDA_VIEWS_H
