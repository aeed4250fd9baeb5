//===- Norms.cpp ------------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Norms and quantisations in front of the devices: checks of shapes and types,
// counters and trace stand here once.
//
//===----------------------------------------------------------------------===//

#include "Objects.h"

#include <algorithm>

using namespace commuter::rt;

//===----------------------------------------------------------------------===//
// Checks
//===----------------------------------------------------------------------===//

/// x's type or a wider one.
static bool isParameterType(int32_t parameter, int32_t x) {
  return parameter == x || parameter == COMMUTER_F64 ||
         (parameter == COMMUTER_F32 && x != COMMUTER_F64);
}

static bool isQuantizedType(int32_t dtype) {
  return isFloat8(dtype) || dtype == COMMUTER_I8;
}

/// What can be quantised, and what dequantising gives.
static bool isQuantizableType(int32_t dtype) {
  return dtype == COMMUTER_F32 || dtype == COMMUTER_F16 ||
         dtype == COMMUTER_BF16;
}

static Status checkQuantizedTypes(const View &x, const View &quantized) {
  if (!isQuantizableType(x.dtype) || !isQuantizedType(quantized.dtype))
    return fail(COMMUTER_UNSUPPORTED, "no quantisation of %s to %s",
                x.describe().c_str(), quantized.describe().c_str());
  return checkOutputShape(x, quantized);
}

/// The scales of `x`, whose last dimension has groups of `group` elements; 0:
/// as many groups as the scales' own last dimension says.
static Status readScales(commuter_context_t *context,
                         const commuter_view_t *source, const View &x,
                         int64_t group, bool computes,
                         Quantization &quantization) {
  View &scales = quantization.scales;
  COMMUTER_TRY(readOperand(context, source, "scales", scales));
  quantization.computes = computes;
  if (group < 0)
    return fail(COMMUTER_INVALID_ARGUMENT, "groups of %lld elements",
                static_cast<long long>(group));
  if (scales.dtype == COMMUTER_F32 && scales.rank == 0 && group == 0)
    return {};
  const int64_t length = x.sizes[x.rank - 1];
  bool fits = scales.dtype == COMMUTER_F32 && scales.rank == x.rank;
  for (int32_t d = 0; fits && d < x.rank - 1; ++d)
    fits = scales.sizes[d] == x.sizes[d];
  if (fits) {
    int64_t groups = scales.sizes[x.rank - 1];
    if (group == 0)
      group = groups ? length / groups : 0;
    // Divided, since the product of a caller's numbers may overflow.
    fits =
        group ? length % group == 0 && length / group == groups : length == 0;
  }
  if (!fits && group)
    return fail(COMMUTER_INVALID_ARGUMENT,
                "scales are %s, which does not fit %s in groups of %lld",
                scales.describe().c_str(), x.describe().c_str(),
                static_cast<long long>(group));
  if (!fits)
    return fail(COMMUTER_INVALID_ARGUMENT,
                "scales are %s, which does not fit %s",
                scales.describe().c_str(), x.describe().c_str());
  quantization.group = group;
  return {};
}

/// True for COMMUTER_SCALES_COMPUTED.
static Status readScalesKind(const commuter_scales_t &kind, bool &computes) {
  int raw = rawValue(kind);
  if (raw != COMMUTER_SCALES_GIVEN && raw != COMMUTER_SCALES_COMPUTED)
    return fail(COMMUTER_INVALID_ARGUMENT, "unknown kind of scales %d", raw);
  computes = raw == COMMUTER_SCALES_COMPUTED;
  return {};
}

namespace {
/// The time of one call. To ask for the thread's processor time takes a
/// microsecond in a virtual machine, longer than many a norm. So that of a
/// short call is what elapsed, up to what it never is unless others had the
/// processor meanwhile.
class Watch {
public:
  /// Once it is known what the call moves.
  void start(int64_t bytes) {
    if (bytes >= kLeastBytes)
      startCpuNs = threadCpuNs();
  }

  /// A finished call: counters and trace.
  void count(commuter_context_t *context, const char *name, int64_t bytes,
             int64_t rows) const {
    const int64_t end = nowNs();
    const int64_t own = startCpuNs ? threadCpuNs() - startCpuNs
                                   : std::min(end - startNs, kMostNs);
    const int64_t workers = context->device->takeWorkerCpuNs();
    context->stats.norm_ns += end - startNs;
    context->stats.norm_cpu_ns += own + workers;
    context->stats.worker_cpu_ns += workers;
    context->emit(name, "norm", "", startNs, end, bytes, rows);
  }

private:
  static constexpr int64_t kLeastBytes = 1 << 20;
  static constexpr int64_t kMostNs = 1000000;
  const int64_t startNs = nowNs();
  int64_t startCpuNs = 0;
};
} // namespace

//===----------------------------------------------------------------------===//
// Norms
//===----------------------------------------------------------------------===//

namespace {
/// The arguments of the two entry points; `scales` is NULL for a norm that does
/// not quantise.
struct NormArguments {
  commuter_norm_kind_t kind;
  const commuter_view_t *x, *residual, *sum, *scale, *bias, *output, *scales;
  int64_t group;
  bool computes;
  int64_t axis;
  double eps, offset;
};
} // namespace

static Status readNorm(commuter_context_t *context,
                       const NormArguments &arguments, NormCall &call) {
  if (int raw = rawValue(arguments.kind);
      raw != COMMUTER_LAYER_NORM && raw != COMMUTER_RMS_NORM)
    return fail(COMMUTER_INVALID_ARGUMENT, "unknown norm %d", raw);
  const int64_t axis = arguments.axis;
  call.kind = arguments.kind;
  call.axis = axis;
  call.eps = arguments.eps;
  call.offset = arguments.offset;
  COMMUTER_TRY(readOperand(context, arguments.x, "x", call.x));
  COMMUTER_TRY(readOperand(context, arguments.output, "output", call.output));
  COMMUTER_TRY(checkDim("axis", axis, call.x));
  if (!isFloat(call.x.dtype) || isFloat8(call.x.dtype))
    return fail(COMMUTER_UNSUPPORTED, "no norm of %s",
                call.x.describe().c_str());
  if (arguments.scales) {
    COMMUTER_TRY(checkQuantizedTypes(call.x, call.output));
    COMMUTER_TRY(readScales(context, arguments.scales, call.x, arguments.group,
                            arguments.computes, call.quantization));
    if (arguments.computes && call.quantization.scales.rank == 0)
      return fail(COMMUTER_INVALID_ARGUMENT,
                  "a scale of all rows is not known before every row is "
                  "normalised");
  } else {
    COMMUTER_TRY(checkSameType(call.x, call.output));
    COMMUTER_TRY(checkOutputShape(call.x, call.output));
  }
  if (!arguments.residual != !arguments.sum)
    return fail(COMMUTER_INVALID_ARGUMENT,
                "residual and sum come together or not at all");
  if (arguments.residual) {
    COMMUTER_TRY(
        readOperand(context, arguments.residual, "residual", call.residual));
    COMMUTER_TRY(readOperand(context, arguments.sum, "sum", call.sum));
    for (const View *view : {&call.residual, &call.sum})
      if (view->dtype != call.x.dtype || !view->hasShapeOf(call.x))
        return fail(COMMUTER_INVALID_ARGUMENT,
                    "residual or sum is %s, but x is %s",
                    view->describe().c_str(), call.x.describe().c_str());
  }
  auto readParameter = [&](const commuter_view_t *source, const char *what,
                           View &view) -> Status {
    if (!source)
      return {};
    COMMUTER_TRY(readOperand(context, source, what, view));
    bool same = view.rank == call.x.rank - axis;
    for (int32_t d = 0; same && d < view.rank; ++d)
      same = view.sizes[d] == call.x.sizes[axis + d];
    if (!same || !isParameterType(view.dtype, call.x.dtype))
      return fail(COMMUTER_INVALID_ARGUMENT,
                  "%s is %s, which does not fit x %s normalised from "
                  "dimension %lld on",
                  what, view.describe().c_str(), call.x.describe().c_str(),
                  static_cast<long long>(axis));
    return {};
  };
  COMMUTER_TRY(readParameter(arguments.scale, "scale", call.scale));
  COMMUTER_TRY(readParameter(arguments.bias, "bias", call.bias));
  call.rows = call.length = 1;
  for (int32_t d = 0; d < call.x.rank; ++d)
    (d < axis ? call.rows : call.length) *= call.x.sizes[d];
  return {};
}

static Status runNorm(commuter_context_t *context,
                      const NormArguments &arguments, Watch &watch) {
  NormCall call;
  COMMUTER_TRY(readNorm(context, arguments, call));
  const bool quantizes = arguments.scales;
  int64_t bytes =
      call.x.bytes() * (arguments.residual ? 3 : 1) + call.output.bytes();
  for (const View *view : {&call.scale, &call.bias, &call.quantization.scales})
    bytes += view->data ? view->bytes() : 0;
  watch.start(bytes);
  // A row of no elements has scales all the same.
  if (call.rows && (call.length || quantizes))
    COMMUTER_TRY(context->device->norm(call));
  context->stats.norm_rows += call.rows;
  if (quantizes)
    context->stats.quantize_rows += call.rows;
  const char *names[2][2] = {{"layer_norm", "layer_norm_quantize"},
                             {"rms_norm", "rms_norm_quantize"}};
  watch.count(context, names[call.kind == COMMUTER_RMS_NORM][quantizes], bytes,
              call.rows);
  return {};
}

commuter_status_t
commuter_norm(commuter_context_t *context, commuter_norm_kind_t kind,
              const commuter_view_t *x, const commuter_view_t *residual,
              const commuter_view_t *sum, const commuter_view_t *scale,
              const commuter_view_t *bias, const commuter_view_t *output,
              int64_t axis, double eps, double offset) {
  Watch watch;
  return guarded(context, [&]() -> Status {
    if (!context)
      return fail(COMMUTER_INVALID_ARGUMENT, "context is NULL");
    return runNorm(context,
                   {kind, x, residual, sum, scale, bias, output, nullptr, 0,
                    false, axis, eps, offset},
                   watch);
  });
}

commuter_status_t commuter_norm_quantize(
    commuter_context_t *context, commuter_norm_kind_t kind,
    const commuter_view_t *x, const commuter_view_t *residual,
    const commuter_view_t *sum, const commuter_view_t *scale,
    const commuter_view_t *bias, const commuter_view_t *output,
    commuter_scales_t scalesKind, const commuter_view_t *scales, int64_t group,
    int64_t axis, double eps, double offset) {
  Watch watch;
  return guarded(context, [&]() -> Status {
    if (!context || !scales)
      return fail(COMMUTER_INVALID_ARGUMENT, "context or scales is NULL");
    bool computes = false;
    COMMUTER_TRY(readScalesKind(scalesKind, computes));
    return runNorm(context,
                   {kind, x, residual, sum, scale, bias, output, scales, group,
                    computes, axis, eps, offset},
                   watch);
  });
}

//===----------------------------------------------------------------------===//
// Quantisation
//===----------------------------------------------------------------------===//

static Status readOperands(commuter_context_t *context,
                           const commuter_view_t *x, const char *what,
                           const commuter_view_t *output, QuantizeCall &call) {
  COMMUTER_TRY(readOperand(context, x, what, call.x));
  COMMUTER_TRY(readOperand(context, output, "output", call.output));
  if (call.x.rank == 0)
    return fail(COMMUTER_INVALID_ARGUMENT, "%s is a scalar, which has no rows",
                what);
  call.rows = 1;
  for (int32_t d = 0; d < call.x.rank - 1; ++d)
    call.rows *= call.x.sizes[d];
  call.length = call.x.sizes[call.x.rank - 1];
  return {};
}

static int64_t bytesOf(const QuantizeCall &call) {
  return call.x.bytes() + call.output.bytes() +
         call.quantization.scales.bytes();
}

commuter_status_t
commuter_quantize(commuter_context_t *context, const commuter_view_t *x,
                  const commuter_view_t *output, commuter_scales_t scalesKind,
                  const commuter_view_t *scales, int64_t group) {
  Watch watch;
  return guarded(context, [&]() -> Status {
    if (!context)
      return fail(COMMUTER_INVALID_ARGUMENT, "context is NULL");
    QuantizeCall call;
    bool computes = false;
    COMMUTER_TRY(readScalesKind(scalesKind, computes));
    COMMUTER_TRY(readOperands(context, x, "x", output, call));
    COMMUTER_TRY(checkQuantizedTypes(call.x, call.output));
    COMMUTER_TRY(readScales(context, scales, call.x, group, computes,
                            call.quantization));
    watch.start(bytesOf(call));
    // A tensor of no elements has a scale all the same.
    if (call.rows || call.quantization.scales.rank == 0)
      COMMUTER_TRY(context->device->quantize(call));
    context->stats.quantize_rows += call.rows;
    watch.count(context, "quantize", bytesOf(call), call.rows);
    return {};
  });
}

commuter_status_t commuter_dequantize(commuter_context_t *context,
                                      const commuter_view_t *quantized,
                                      const commuter_view_t *scales,
                                      const commuter_view_t *output) {
  Watch watch;
  return guarded(context, [&]() -> Status {
    if (!context)
      return fail(COMMUTER_INVALID_ARGUMENT, "context is NULL");
    QuantizeCall call;
    COMMUTER_TRY(readOperands(context, quantized, "quantized", output, call));
    COMMUTER_TRY(checkQuantizedTypes(call.output, call.x));
    COMMUTER_TRY(
        readScales(context, scales, call.x, 0, false, call.quantization));
    watch.start(bytesOf(call));
    if (call.rows)
      COMMUTER_TRY(context->device->dequantize(call));
    watch.count(context, "dequantize", bytesOf(call), call.rows);
    return {};
  });
}
