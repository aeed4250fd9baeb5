//===- Support.cpp ----------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Status and type strings, the thread's last error, and checks of views that
// come in through the C API.
//
//===----------------------------------------------------------------------===//

#include "Support.h"

#include "Objects.h"

#include <cstdarg>
#include <cstdio>

using namespace commuter::rt;

namespace {
thread_local std::string lastError;
} // namespace

Status commuter::rt::fail(commuter_status_t code, const char *format, ...) {
  char text[512];
  va_list arguments, again;
  va_start(arguments, format);
  va_copy(again, arguments);
  int length = vsnprintf(text, sizeof(text), format, arguments);
  va_end(arguments);
  Status status{code, {}};
  if (length >= static_cast<int>(sizeof(text))) {
    status.message.resize(length + 1);
    vsnprintf(status.message.data(), status.message.size(), format, again);
    status.message.resize(length);
  } else {
    status.message = text;
  }
  va_end(again);
  return status;
}

commuter_status_t commuter::rt::recordError(commuter_context_t *context,
                                            const Status &status) noexcept {
  try {
    lastError = status.message;
    if (context)
      context->error = status.message;
  } catch (...) {
    // The code still tells; only the text is lost.
  }
  return status.code;
}

const char *commuter_last_error(void) { return lastError.c_str(); }

const char *commuter_status_string(commuter_status_t status) {
  switch (rawValue(status)) {
  case COMMUTER_OK:
    return "ok";
  case COMMUTER_INVALID_ARGUMENT:
    return "invalid argument";
  case COMMUTER_OUT_OF_MEMORY:
    return "out of memory";
  case COMMUTER_MISMATCH:
    return "mismatch";
  case COMMUTER_TIMEOUT:
    return "timeout";
  case COMMUTER_RANK_LEFT:
    return "rank left";
  case COMMUTER_UNSUPPORTED:
    return "unsupported";
  case COMMUTER_INTERNAL:
    return "internal error";
  case COMMUTER_ASSERTION_FAILED:
    return "assertion failed";
  }
  return "unknown status";
}

size_t commuter_dtype_size(commuter_dtype_t dtype) {
  switch (rawValue(dtype)) {
  case COMMUTER_F64:
  case COMMUTER_I64:
    return 8;
  case COMMUTER_F32:
  case COMMUTER_I32:
    return 4;
  case COMMUTER_F16:
  case COMMUTER_BF16:
  case COMMUTER_I16:
    return 2;
  case COMMUTER_F8E4M3FN:
  case COMMUTER_F8E5M2:
  case COMMUTER_I1:
  case COMMUTER_I8:
    return 1;
  }
  return 0;
}

const char *commuter_dtype_string(commuter_dtype_t dtype) {
  switch (rawValue(dtype)) {
  case COMMUTER_F32:
    return "f32";
  case COMMUTER_F64:
    return "f64";
  case COMMUTER_F16:
    return "f16";
  case COMMUTER_BF16:
    return "bf16";
  case COMMUTER_F8E4M3FN:
    return "f8E4M3FN";
  case COMMUTER_F8E5M2:
    return "f8E5M2";
  case COMMUTER_I1:
    return "i1";
  case COMMUTER_I8:
    return "i8";
  case COMMUTER_I16:
    return "i16";
  case COMMUTER_I32:
    return "i32";
  case COMMUTER_I64:
    return "i64";
  }
  return "unknown";
}

bool View::isDense() const {
  int64_t expected = 1;
  for (int32_t d = rank - 1; d >= 0; --d) {
    if (sizes[d] != 1 && strides[d] != expected)
      return elements() == 0;
    expected *= sizes[d];
  }
  return true;
}

View View::denseAt(char *place) const {
  View dense = *this;
  dense.data = place;
  int64_t stride = 1;
  for (int32_t d = rank - 1; d >= 0; --d) {
    dense.strides[d] = stride;
    stride *= sizes[d];
  }
  return dense;
}

View View::slice(int64_t dim, int64_t offset, int64_t size) const {
  View part = *this;
  part.sizes[dim] = size;
  // The address of an empty part is never used, and need not be in bounds.
  if (size != 0 && data)
    part.data += offset * strides[dim] * elementSize;
  return part;
}

bool View::hasShapeOf(const View &other) const {
  if (rank != other.rank)
    return false;
  for (int32_t d = 0; d < rank; ++d)
    if (sizes[d] != other.sizes[d])
      return false;
  return true;
}

bool View::isSameAs(const View &other) const {
  if (data != other.data || dtype != other.dtype || !hasShapeOf(other))
    return false;
  for (int32_t d = 0; d < rank; ++d)
    if (sizes[d] > 1 && strides[d] != other.strides[d])
      return false;
  return true;
}

std::string View::describe() const { return describeShape(dtype, rank, sizes); }

std::string commuter::rt::describeShape(int32_t dtype, int32_t rank,
                                        const int64_t *sizes,
                                        const char *negative) {
  std::string text =
      commuter_dtype_string(static_cast<commuter_dtype_t>(dtype));
  text += '[';
  for (int32_t d = 0; d < rank; ++d) {
    if (d)
      text += 'x';
    text += sizes[d] < 0 && negative ? negative : std::to_string(sizes[d]);
  }
  return text + ']';
}

Status commuter::rt::readView(const commuter_view_t *source, const char *what,
                              View &view) {
  if (!source)
    return fail(COMMUTER_INVALID_ARGUMENT, "%s is NULL", what);
  if (source->dtype < COMMUTER_F32 || source->dtype > COMMUTER_I64)
    return fail(COMMUTER_INVALID_ARGUMENT, "%s has an unknown type (%d)", what,
                source->dtype);
  if (source->rank < 0 || source->rank > kMaxRank)
    return fail(COMMUTER_INVALID_ARGUMENT, "%s has rank %d, not 0 to %d", what,
                source->rank, kMaxRank);
  if (source->rank > 0 && (!source->sizes || !source->strides))
    return fail(COMMUTER_INVALID_ARGUMENT, "%s has no sizes or no strides",
                what);
  view.data = static_cast<char *>(source->data);
  view.dtype = source->dtype;
  view.rank = source->rank;
  view.elementSize =
      commuter_dtype_size(static_cast<commuter_dtype_t>(source->dtype));
  bool empty = false, fits = true;
  int64_t bytes = view.elementSize;
  // How far the elements reach in front of that at index 0, and behind it, in
  // bytes.
  int64_t front = 0, back = 0;
  for (int32_t d = 0; d < view.rank; ++d) {
    int64_t size = source->sizes[d];
    if (size < 0)
      return fail(COMMUTER_INVALID_ARGUMENT, "%s has size %lld in dimension %d",
                  what, static_cast<long long>(size), d);
    view.sizes[d] = size;
    view.strides[d] = source->strides[d];
    empty |= size == 0;
    // Zero sizes are left out: the others must not overflow on their own.
    if (size && __builtin_mul_overflow(bytes, size, &bytes))
      return fail(COMMUTER_INVALID_ARGUMENT, "%s has too many elements", what);
    int64_t reach = 0;
    if (size > 1)
      fits &= !__builtin_mul_overflow(size, view.strides[d], &reach) &&
              !__builtin_mul_overflow(reach, view.elementSize, &reach);
    int64_t &end = reach < 0 ? front : back;
    fits &= !__builtin_add_overflow(end, reach, &end);
  }
  // The strides of a view of no elements are never used.
  if (!empty && !fits)
    return fail(COMMUTER_INVALID_ARGUMENT,
                "%s has strides that lead out of memory", what);
  if (!view.data && !empty)
    return fail(COMMUTER_INVALID_ARGUMENT, "%s has no data", what);
  return {};
}

Status commuter::rt::checkDim(const char *what, int64_t dim, const View &view) {
  if (dim < 0 || dim >= view.rank)
    return fail(COMMUTER_INVALID_ARGUMENT, "%s is %lld, but the rank is %d",
                what, static_cast<long long>(dim), view.rank);
  return {};
}

Status commuter::rt::checkSameType(const View &input, const View &output) {
  if (input.dtype != output.dtype || input.rank != output.rank)
    return fail(COMMUTER_INVALID_ARGUMENT,
                "input %s and output %s differ in type or rank",
                input.describe().c_str(), output.describe().c_str());
  return {};
}

Status commuter::rt::checkOutputShape(const View &expected,
                                      const View &output) {
  if (!expected.hasShapeOf(output))
    return fail(COMMUTER_INVALID_ARGUMENT, "the output is %s, not %s",
                output.describe().c_str(), expected.describe().c_str());
  return {};
}
