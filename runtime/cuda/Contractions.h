//===- Contractions.h -------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Contractions on a GPU: what they are launched with, for callers that need no
// CUDA header.
//
//===----------------------------------------------------------------------===//

// As Norms.h: these put work on a stream and wait for nothing. Elements are
// aligned to their size. All bits are the CPU's, but those of NaN.

#ifndef COMMUTER_RUNTIME_CUDA_CONTRACTIONS_H
#define COMMUTER_RUNTIME_CUDA_CONTRACTIONS_H

#include "../src/LoopNest.h"
#include "Norms.h"

namespace commuter::rt::cuda {

/// Some loops of a nest, the last one the innermost.
struct Loops {
  int rank;
  Loop loops[kMaxRank];
};

/// A LoopNest, and its views. Elements [begin, end) of c in the order of
/// `outer`, `rows`, `columns`.
struct ContractParameters {
  const char *a, *b;
  char *c;
  int typeA, typeB; ///< commuter_dtype_t
  Loops outer, sums;
  Loop rows, columns, depth;
  int64_t sumCount; ///< steps of `sums`
  int64_t begin, end;
};

/// `type` is c's: F32, F16 or BF16.
LaunchStatus launchContract(commuter_dtype_t type,
                            const ContractParameters &parameters, void *stream);

} // namespace commuter::rt::cuda

#endif // COMMUTER_RUNTIME_CUDA_CONTRACTIONS_H
