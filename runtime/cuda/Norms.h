//===- Norms.h --------------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Norms and quantisations on a GPU, for callers that need no CUDA header. What
// they compute is what commuter_rt.h says of commuter_norm and the others.
//
//===----------------------------------------------------------------------===//

// All of these put work on `stream`, a cudaStream_t, of the calling thread's
// current device, wait for nothing, and keep none of their arguments. Pointers
// are to memory of that device, of any alignment that the elements have.
// Nothing may overlap, except where commuter_norm says so.
//
// Bits. Quantising and dequantising give the CPU's. A norm sums in an order of
// its own (Arguments.h), the same on every architecture; a row's result depends
// on that row and the parameters alone, bit for bit.

#ifndef COMMUTER_RUNTIME_CUDA_NORMS_H
#define COMMUTER_RUNTIME_CUDA_NORMS_H

#include "commuter_rt.h"

namespace commuter::rt::cuda {

struct NormShape;

/// `message` is static.
struct [[nodiscard]] LaunchStatus {
  commuter_status_t code = COMMUTER_OK;
  const char *message = "";

  bool ok() const { return code == COMMUTER_OK; }
};

/// Rows whose elements lie one after the other. `stride`: elements between the
/// starts of two.
struct Rows {
  void *data = nullptr;
  int64_t stride = 0;
};

/// One element for each column; absent if `data` is null.
struct Columns {
  const void *data = nullptr;
  commuter_dtype_t type = COMMUTER_F32;
};

/// f32. Of a row each `group` elements have one, one after the other; rows are
/// `stride` apart. group 0: all elements of a row, or, with stride 0, of all
/// rows.
struct Scales {
  float *data = nullptr;
  int64_t stride = 0;
  int64_t group = 0;
  bool computes = false; ///< they are results, else they are given
};

/// As commuter_norm, or commuter_norm_quantize if scales.data is not null.
/// `type` is f32, f16 or bf16. residual and sum are both present or absent.
struct NormArguments {
  commuter_norm_kind_t kind = COMMUTER_LAYER_NORM;
  commuter_dtype_t type = COMMUTER_F32, outputType = COMMUTER_F32;
  int64_t rows = 0, length = 0;
  Rows x, residual, sum;
  Columns scale, bias;
  Rows output;
  Scales scales;
  double eps = 0, offset = 0;
};

/// As commuter_quantize, or commuter_dequantize, where `input` has the codes.
/// `type` is that of what is, or was, not quantised.
struct QuantizeArguments {
  commuter_dtype_t type = COMMUTER_F32, format = COMMUTER_I8;
  int64_t rows = 0, length = 0;
  Rows input, output;
  Scales scales;
};

/// Errors: INVALID_ARGUMENT; UNSUPPORTED (types; no device, or none that these
/// kernels run on); INTERNAL (what CUDA said).
LaunchStatus launchNorm(const NormArguments &arguments, void *stream);

/// Scales that are computed for all rows (stride 0) take three kernels: the
/// largest magnitude of all, the scale, the codes.
LaunchStatus launchQuantize(const QuantizeArguments &arguments, void *stream);
LaunchStatus launchDequantize(const QuantizeArguments &arguments, void *stream);

/// As launchNorm, with a shape of the caller's choice, for tests and timings.
/// INVALID_ARGUMENT also if the rows, or how they are quantised, do not fit it.
LaunchStatus launchNormWithShape(const NormArguments &arguments,
                                 const NormShape &shape, void *stream);

} // namespace commuter::rt::cuda

#endif // COMMUTER_RUNTIME_CUDA_NORMS_H
