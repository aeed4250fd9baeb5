//===- Support.h ------------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Statuses with a message, element types and strided views, as the runtime's
// own code passes them around.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_RUNTIME_SUPPORT_H
#define COMMUTER_RUNTIME_SUPPORT_H

#include "commuter_rt.h"

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <string>

namespace commuter::rt {

/// A status and, unless it is OK, the one line that says what was wrong.
struct [[nodiscard]] Status {
  commuter_status_t code = COMMUTER_OK;
  std::string message;

  bool ok() const { return code == COMMUTER_OK; }
};

/// Builds a failing status from a printf format.
Status fail(commuter_status_t code, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/// Makes `status` the calling thread's last error and, when there is one, the
/// context's. Returns its code.
commuter_status_t recordError(commuter_context_t *context,
                              const Status &status) noexcept;

#define COMMUTER_TRY(expression)                                               \
  do {                                                                         \
    if (::commuter::rt::Status status_ = (expression); !status_.ok())          \
      return status_;                                                          \
  } while (false)

/// The number behind an enumerator that comes in through the C API, where it
/// may be none of the enumeration's: reading it as one would be undefined.
template <typename Enum>
int rawValue(const Enum &value) {
  int raw;
  static_assert(sizeof(raw) == sizeof(value));
  __builtin_memcpy(&raw, &value, sizeof(raw));
  return raw;
}

/// The host's memory: null when out of it. `alignment` is a power of two, of a
/// pointer's size or more.
inline void *allocateHost(size_t alignment, size_t size) {
  void *data = nullptr;
  return posix_memalign(&data, alignment, size) == 0 ? data : nullptr;
}
inline void freeHost(void *data) { std::free(data); }

/// For a unique_ptr to such memory.
struct FreeHost {
  void operator()(void *data) const { freeHost(data); }
};

inline int64_t nowNs() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

/// Processor time of the calling thread.
inline int64_t threadCpuNs() {
  timespec time;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return time.tv_sec * int64_t(1000000000) + time.tv_nsec;
}

/// Starts with its construction, on the thread that it is constructed on.
struct Stopwatch {
  const int64_t startNs = nowNs();
  const int64_t startCpuNs = threadCpuNs();
  int64_t cpuNs() const { return threadCpuNs() - startCpuNs; }
};

inline bool isFloat(int32_t dtype) { return dtype <= COMMUTER_F8E5M2; }
inline bool isFloat8(int32_t dtype) {
  return dtype == COMMUTER_F8E4M3FN || dtype == COMMUTER_F8E5M2;
}

/// More dimensions than any program has; bounds the size of a View, so that
/// views need no allocation.
constexpr int32_t kMaxRank = 16;

/// A checked view with its own copy of sizes and strides.
struct View {
  char *data = nullptr;
  int32_t dtype = COMMUTER_I8;
  int32_t rank = 0;
  int64_t elementSize = 1;
  int64_t sizes[kMaxRank];
  int64_t strides[kMaxRank];

  int64_t elements() const {
    int64_t count = 1;
    for (int32_t d = 0; d < rank; ++d)
      count *= sizes[d];
    return count;
  }
  int64_t bytes() const { return elements() * elementSize; }

  /// True if the elements lie one after the other in row-major order.
  bool isDense() const;

  /// A view of the same shape and type whose elements do so from `place` on.
  View denseAt(char *place) const;

  /// The part [offset, offset + size) of dimension `dim`.
  View slice(int64_t dim, int64_t offset, int64_t size) const;

  /// True if both views have the same elements at the same addresses.
  bool isSameAs(const View &other) const;

  bool hasShapeOf(const View &other) const;

  /// As describeShape.
  std::string describe() const;
};

/// A type and a shape, for example "bf16[128x7168]"; a size below 0 is printed
/// as `negative`, or as it is.
std::string describeShape(int32_t dtype, int32_t rank, const int64_t *sizes,
                          const char *negative = nullptr);

/// Checks `source` and copies it to `view`; `what` names it in the message.
Status readView(const commuter_view_t *source, const char *what, View &view);

/// These name what differs; `what` names the number.
Status checkDim(const char *what, int64_t dim, const View &view);
Status checkSameType(const View &input, const View &output);
Status checkOutputShape(const View &expected, const View &output);

} // namespace commuter::rt

#endif // COMMUTER_RUNTIME_SUPPORT_H
