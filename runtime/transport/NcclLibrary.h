//===- NcclLibrary.h --------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// NCCL as it is found when a program asks for the transport nccl: what is used
// of its C ABI, and the table of its functions.
//
// The declarations are ours, so that the library is the same whether or not
// there was an NCCL where it was built, and runs with any from 2.14 on. What is
// newer than that may be absent; NcclHeaderTest.cpp compares all of it with
// nccl.h where there is one.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_RUNTIME_NCCLLIBRARY_H
#define COMMUTER_RUNTIME_NCCLLIBRARY_H

#include "../src/Support.h"

namespace commuter::rt::nccl {

//===----------------------------------------------------------------------===//
// The ABI: each name is that of nccl.h without its prefix
//===----------------------------------------------------------------------===//

typedef struct OpaqueComm *Comm;
typedef struct OpaqueWindow *Window;

enum Result : int {
  Success = 0,
  UnhandledCudaError = 1,
  SystemError = 2,
  InternalError = 3,
  InvalidArgument = 4,
  InvalidUsage = 5,
  RemoteError = 6,
  InProgress = 7
};

enum DataType : int {
  Int8 = 0,
  Uint8 = 1,
  Int32 = 2,
  Uint32 = 3,
  Int64 = 4,
  Uint64 = 5,
  Float16 = 6,
  Float32 = 7,
  Float64 = 8,
  Bfloat16 = 9
};

enum RedOp : int { Sum = 0, Prod = 1, Max = 2, Min = 3 };

/// NCCL_WIN_COLL_SYMMETRIC.
constexpr int kWindowSymmetric = 1;

struct UniqueId {
  char internal[128];
};

/// ncclConfig_t of 2.14. Later ones have more behind it, which a library takes
/// from its defaults when it is told this version.
struct Config {
  size_t size = sizeof(Config);
  unsigned int magic = 0xcafebeef;
  unsigned int version = 21400;
  int blocking = 0;
};

// X(name, result, (parameters)): what is looked up, nothing else is used.

/// Of 2.14: without one of them there is no transport.
#define COMMUTER_NCCL_FUNCTIONS(X)                                             \
  X(GetVersion, Result, (int *version))                                        \
  X(GetUniqueId, Result, (UniqueId * id))                                      \
  X(CommInitRankConfig, Result,                                                \
    (Comm * comm, int size, UniqueId id, int rank, Config *config))            \
  X(CommGetAsyncError, Result, (Comm comm, Result * error))                    \
  X(CommAbort, Result, (Comm comm))                                            \
  X(GetErrorString, const char *, (Result result))                             \
  X(GetLastError, const char *, (Comm comm))                                   \
  X(GroupStart, Result, ())                                                    \
  X(GroupEnd, Result, ())                                                      \
  X(Send, Result,                                                              \
    (const void *data, size_t count, DataType type, int peer, Comm comm,       \
     void *stream))                                                            \
  X(Recv, Result,                                                              \
    (void *data, size_t count, DataType type, int peer, Comm comm,             \
     void *stream))                                                            \
  X(Broadcast, Result,                                                         \
    (const void *input, void *output, size_t count, DataType type, int root,   \
     Comm comm, void *stream))                                                 \
  X(AllGather, Result,                                                         \
    (const void *input, void *output, size_t count, DataType type, Comm comm,  \
     void *stream))                                                            \
  X(AllReduce, Result,                                                         \
    (const void *input, void *output, size_t count, DataType type, RedOp op,   \
     Comm comm, void *stream))                                                 \
  X(ReduceScatter, Result,                                                     \
    (const void *input, void *output, size_t count, DataType type, RedOp op,   \
     Comm comm, void *stream))

/// Of 2.19: null in a library that is older.
#define COMMUTER_NCCL_REGISTRATION(X)                                          \
  X(MemAlloc, Result, (void **data, size_t size))                              \
  X(MemFree, Result, (void *data))                                             \
  X(CommRegister, Result,                                                      \
    (const Comm comm, void *data, size_t size, void **handle))                 \
  X(CommDeregister, Result, (const Comm comm, void *handle))

/// Of 2.27.
#define COMMUTER_NCCL_WINDOWS(X)                                               \
  X(CommWindowRegister, Result,                                                \
    (Comm comm, void *data, size_t size, Window *window, int flags))           \
  X(CommWindowDeregister, Result, (Comm comm, Window window))

//===----------------------------------------------------------------------===//
// The library
//===----------------------------------------------------------------------===//

struct Library {
#define COMMUTER_NCCL_MEMBER(name, result, parameters)                         \
  result(*name) parameters = nullptr;
  COMMUTER_NCCL_FUNCTIONS(COMMUTER_NCCL_MEMBER)
  COMMUTER_NCCL_REGISTRATION(COMMUTER_NCCL_MEMBER)
  COMMUTER_NCCL_WINDOWS(COMMUTER_NCCL_MEMBER)
#undef COMMUTER_NCCL_MEMBER

  std::string file;
  int version = 0; // as 22809
  /// It moves the memory of the emulated GPU, for tests, and no other.
  bool isDouble = false;

  bool canRegister() const {
    return MemAlloc && MemFree && CommRegister && CommDeregister;
  }
  bool hasWindows() const { return CommWindowRegister && CommWindowDeregister; }

  /// For example "NCCL 2.28.9".
  std::string describe() const;

  /// OK for Success and InProgress; else an error that says what failed, of
  /// which library, and what it says itself. `comm` may be null.
  Status check(Result result, const char *what, Comm comm = nullptr) const;
};

/// Loads COMMUTER_NCCL_LIBRARY, or libnccl.so.2, at the first call. Lives as
/// long as the process. UNSUPPORTED, and why.
Status load(const Library *&library);

} // namespace commuter::rt::nccl

#endif // COMMUTER_RUNTIME_NCCLLIBRARY_H
