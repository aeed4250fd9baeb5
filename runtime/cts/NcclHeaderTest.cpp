//===- NcclHeaderTest.cpp ---------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Our declarations of NCCL against its own, where there are any. There is
// nothing to run: it compiles, or it does not.
//
//===----------------------------------------------------------------------===//

#include "../transport/NcclLibrary.h"

#include <cstddef>
#include <nccl.h>

namespace ours = commuter::rt::nccl;

static_assert(NCCL_VERSION_CODE >= 21400, "older than what is declared");

static_assert(int(ours::Success) == ncclSuccess);
static_assert(int(ours::UnhandledCudaError) == ncclUnhandledCudaError);
static_assert(int(ours::SystemError) == ncclSystemError);
static_assert(int(ours::InternalError) == ncclInternalError);
static_assert(int(ours::InvalidArgument) == ncclInvalidArgument);
static_assert(int(ours::InvalidUsage) == ncclInvalidUsage);
static_assert(int(ours::RemoteError) == ncclRemoteError);
static_assert(int(ours::InProgress) == ncclInProgress);

static_assert(int(ours::Int8) == ncclInt8);
static_assert(int(ours::Uint8) == ncclUint8);
static_assert(int(ours::Int32) == ncclInt32);
static_assert(int(ours::Uint32) == ncclUint32);
static_assert(int(ours::Int64) == ncclInt64);
static_assert(int(ours::Uint64) == ncclUint64);
static_assert(int(ours::Float16) == ncclFloat16);
static_assert(int(ours::Float32) == ncclFloat32);
static_assert(int(ours::Float64) == ncclFloat64);
static_assert(int(ours::Bfloat16) == ncclBfloat16);

static_assert(int(ours::Sum) == ncclSum);
static_assert(int(ours::Prod) == ncclProd);
static_assert(int(ours::Max) == ncclMax);
static_assert(int(ours::Min) == ncclMin);

static_assert(sizeof(ours::UniqueId) == sizeof(ncclUniqueId));
static_assert(sizeof(ours::Config) <= sizeof(ncclConfig_t));
static_assert(offsetof(ours::Config, size) == offsetof(ncclConfig_t, size));
static_assert(offsetof(ours::Config, magic) == offsetof(ncclConfig_t, magic));
static_assert(offsetof(ours::Config, version) ==
              offsetof(ncclConfig_t, version));
static_assert(offsetof(ours::Config, blocking) ==
              offsetof(ncclConfig_t, blocking));

/// Of one class to the calling convention: what is passed in the same way.
template <typename Ours, typename Theirs>
constexpr bool isPassedAlike() {
  return sizeof(Ours) == sizeof(Theirs) &&
         std::is_pointer_v<Ours> == std::is_pointer_v<Theirs> &&
         std::is_class_v<Ours> == std::is_class_v<Theirs>;
}

template <typename OurResult, typename... Ours, typename TheirResult,
          typename... Theirs>
constexpr bool isCalledAlike(OurResult (*)(Ours...),
                             TheirResult (*)(Theirs...)) {
  if constexpr (sizeof...(Ours) != sizeof...(Theirs))
    return false;
  else
    return isPassedAlike<OurResult, TheirResult>() &&
           (isPassedAlike<Ours, Theirs>() && ...);
}

#define COMPARE(name, result, parameters)                                      \
  static_assert(isCalledAlike(static_cast<result(*) parameters>(nullptr),      \
                              static_cast<decltype(&nccl##name)>(nullptr)));
using namespace ours;
COMMUTER_NCCL_FUNCTIONS(COMPARE)
#if NCCL_VERSION_CODE >= 21900
COMMUTER_NCCL_REGISTRATION(COMPARE)
#endif
#if NCCL_VERSION_CODE >= 22700
COMMUTER_NCCL_WINDOWS(COMPARE)
static_assert(ours::kWindowSymmetric == NCCL_WIN_COLL_SYMMETRIC);
#endif
