//===- KernelTable.h --------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The kernels of one instruction set. Each table comes from a translation unit
// with its own compiler flags; the device picks one when it starts.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_RUNTIME_CPU_KERNEL_TABLE_H
#define COMMUTER_RUNTIME_CPU_KERNEL_TABLE_H

#include <stdint.h>

// Nothing but plain declarations may stand here, and the kernel units include
// no C++ library: an inline function compiled for AVX-512 must never be the
// copy that the linker keeps for everyone.

namespace commuter::rt {

/// Rows of contiguous elements, of any alignment, from `data` on every `step`
/// bytes.
struct Rows {
  char *data;
  int64_t step;
};

/// The most rows that a call of a norm's kernel may have.
constexpr int64_t kMostRows = 16;

/// Rows to normalise, of a length that is not 0. `scale` and `bias` are of the
/// type of the statistics (f64 for f64, else f32), with the offset added; null
/// if absent. `residual` and `sum` are both null or not.
struct NormRows {
  int64_t count;
  int64_t length;
  double eps;
  Rows x, residual, sum, output;
  const void *scale;
  const void *bias;
  /// Store around the caches what is aligned to an element and no input, and
  /// fetch the rows that lie `ahead` rows behind these meanwhile.
  bool streamsSum;
  bool streamsOutput;
  int64_t ahead;
  /// Memory of x's type, needed if `sum` is streamed.
  Rows kept;
};

/// A row to quantise or dequantise: `groups` times `length` contiguous
/// elements, one scale for each group.
struct QuantizeRow {
  const void *input;
  void *output;
  float *scales;
  int64_t groups;
  int64_t length;
};

struct KernelTable {
  const char *name;

  /// Indexed by [f32, f64, f16, bf16].
  void (*layerNorm[4])(const NormRows &rows);
  void (*rmsNorm[4])(const NormRows &rows);
  /// After rows that stream, before another thread may read them.
  void (*finishStreaming)();

  /// Indexed by dtype; null for the 8-bit floating-point types. `output` may
  /// be one of the inputs. `kind` is a commuter_reduction_t.
  void (*reduce[11])(int kind, const void *const *inputs, int64_t count,
                     int64_t length, void *output);

  /// To the type of the statistics of [f32, f64, f16, bf16] rows: `source` has
  /// dtype `sourceType`.
  void (*toF32)(int sourceType, const void *source, int64_t length,
                float *target);

  // Quantisation. Indexed by [f32, f64, f16, bf16], of which f64 has none, and
  // [f8E4M3FN, f8E5M2, i8].

  /// The bits of the largest magnitude as an f32; a NaN is above all.
  uint32_t (*largest[4])(const void *x, int64_t length);
  /// The scale of a group whose largest magnitude has these bits.
  float (*scaleOf[3])(uint32_t largest);
  /// With `computes`, the scales are results; else they are given.
  void (*quantize[4][3])(const QuantizeRow &row, bool computes);
  void (*dequantize[3][4])(const QuantizeRow &row);
};

const KernelTable &portableKernels();
#if defined(COMMUTER_X86_KERNELS)
const KernelTable &avx2Kernels();
const KernelTable &avx512Kernels();
const KernelTable &avx512bf16Kernels();
#endif

} // namespace commuter::rt

#endif // COMMUTER_RUNTIME_CPU_KERNEL_TABLE_H
