//===- Nccl.cpp -------------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A double of NCCL, for tests: the functions that the transport uses, between
// processes that emulate a GPU each. As NCCL with communicators that do not
// block, it does nothing before it is asked how far it is, works in the order
// of the stream, at a time of its own, and notices nothing when a peer is gone.
//
// COMMUTER_NCCL_DOUBLE_FAULT, read when a communicator is made, breaks it:
//   refuse-init   the communicator is refused
//   refuse:N      its Nth group is refused
//   fail:N        its Nth group fails later
//   stall:N       its Nth group never ends
//   hang          and an abort does not return
//
//===----------------------------------------------------------------------===//

#include "../../cts/Numbers.h"
#include "../../transport/NcclLibrary.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

using namespace commuter::rt::nccl;

#define EXPORT extern "C" __attribute__((visibility("default")))

namespace {

//===----------------------------------------------------------------------===//
// The emulated GPU, which is another module's
//===----------------------------------------------------------------------===//

struct Gpu {
  void (*submit)(void *stream, bool (*advance)(void *, const char **),
                 void (*destroy)(void *), void *work) = nullptr;
  void *(*host)(const void *address, size_t size) = nullptr;

  Gpu() {
    Dl_info self;
    if (!dladdr(reinterpret_cast<void *>(&ncclAnchor), &self))
      return;
    std::string path = self.dli_fname;
    path = path.substr(0, path.rfind('/') + 1) +
           "libCommuterDeviceCudaEmulated.so";
    void *module = dlopen(path.c_str(), RTLD_NOW | RTLD_NOLOAD);
    if (!module)
      return;
    submit = reinterpret_cast<decltype(submit)>(
        dlsym(module, "commuter_emulation_submit"));
    host = reinterpret_cast<decltype(host)>(
        dlsym(module, "commuter_emulation_host"));
  }
  bool isThere() const { return submit && host; }

  static void ncclAnchor() {}
};

const Gpu &gpu() {
  static const Gpu theGpu;
  return theGpu;
}

thread_local std::string lastError;

Result refuse(Result result, const std::string &why) {
  lastError = why;
  return result;
}

//===----------------------------------------------------------------------===//
// Memory that the processes of a communicator share
//===----------------------------------------------------------------------===//

/// Bytes from one process to another.
struct Ring {
  static constexpr uint64_t kBytes = 64 * 1024;
  std::atomic<uint64_t> written, read;
  char bytes[kBytes];

  size_t write(const char *from, size_t count) {
    uint64_t at = written.load(std::memory_order_relaxed);
    count = std::min<uint64_t>(
        count, kBytes - (at - read.load(std::memory_order_acquire)));
    for (size_t i = 0; i < count; ++i)
      bytes[(at + i) % kBytes] = from[i];
    written.store(at + count, std::memory_order_release);
    return count;
  }
  size_t take(char *to, size_t count) {
    uint64_t at = read.load(std::memory_order_relaxed);
    count =
        std::min<uint64_t>(count, written.load(std::memory_order_acquire) - at);
    for (size_t i = 0; i < count; ++i)
      to[i] = bytes[(at + i) % kBytes];
    read.store(at + count, std::memory_order_release);
    return count;
  }
};
static_assert(std::atomic<uint64_t>::is_always_lock_free);

class Segment {
public:
  Segment(const std::string &name, int size)
      : name(name), size(size),
        bytes(sizeof(Header) + sizeof(Ring) * size * size) {
    int file = shm_open(name.c_str(), O_CREAT | O_RDWR, 0600);
    if (file < 0)
      return;
    if (ftruncate(file, static_cast<off_t>(bytes)) == 0) {
      void *mapped =
          mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
      if (mapped != MAP_FAILED)
        header = static_cast<Header *>(mapped);
    }
    close(file);
  }
  ~Segment() {
    shm_unlink(name.c_str());
    if (header)
      munmap(header, bytes);
  }
  Segment(const Segment &) = delete;

  bool isThere() const { return header != nullptr; }
  void arrive() { header->arrived.fetch_add(1); }
  /// The name is of no more use then.
  bool haveAllArrived() {
    if (static_cast<int>(header->arrived.load()) < size)
      return false;
    shm_unlink(name.c_str());
    return true;
  }
  Ring &ring(int from, int to) {
    return reinterpret_cast<Ring *>(header + 1)[from * size + to];
  }

private:
  struct alignas(64) Header {
    std::atomic<uint32_t> arrived;
  };
  const std::string name;
  const int size;
  const size_t bytes;
  Header *header = nullptr;
};

//===----------------------------------------------------------------------===//
// Groups
//===----------------------------------------------------------------------===//

/// A message, with a header that both sides compare.
struct Operation {
  bool isSend;
  int peer;
  char *data;
  uint64_t bytes;
  uint64_t moved = 0, headerMoved = 0;
  uint64_t header = 0;
};

struct Communicator;

/// What one group asks of a communicator.
struct Group {
  std::shared_ptr<Communicator> comm;
  void *stream = nullptr;
  std::vector<Operation> operations;
  std::vector<std::function<void()>> before, after; // local work
  const char *invalid = nullptr;
  bool isStalled = false, hasBegun = false;

  bool advance(const char **failure);
  bool move(Operation &operation);

  /// The host's address of memory of the GPU.
  char *at(const void *address, uint64_t bytes) {
    void *host = gpu().host(address, bytes);
    if (!host)
      invalid = "NCCL was given memory that is outside of all buffers";
    return static_cast<char *>(host);
  }
  void send(int peer, char *data, uint64_t bytes) {
    operations.push_back({true, peer, data, bytes});
  }
  void receive(int peer, char *data, uint64_t bytes) {
    operations.push_back({false, peer, data, bytes});
  }
};

struct Communicator {
  int rank = 0, size = 1;
  std::unique_ptr<Segment> segment;
  std::atomic<int> state{InProgress};
  std::atomic<bool> isAborted{false};
  std::atomic<const char *> failure{nullptr}; // static
  bool isReady = false;
  std::deque<std::unique_ptr<Group>> waiting; // to be put on their streams
  int polls = 0;                              // since there are any
  int groups = 0;
  // What to break.
  std::map<std::string, int> faults;
  bool isToBreak(const char *how) const {
    auto found = faults.find(how);
    return found != faults.end() && found->second == groups;
  }
};

} // namespace

/// What the C API's handle is.
struct commuter::rt::nccl::OpaqueComm {
  std::shared_ptr<Communicator> comm;
};

/// True if it has moved something.
bool Group::move(Operation &operation) {
  Segment &segment = *comm->segment;
  Ring &ring = operation.isSend ? segment.ring(comm->rank, operation.peer)
                                : segment.ring(operation.peer, comm->rank);
  uint64_t before = operation.moved + operation.headerMoved;
  if (operation.isSend)
    operation.header = operation.bytes;
  char *header = reinterpret_cast<char *>(&operation.header);
  if (uint64_t rest = sizeof(uint64_t) - operation.headerMoved)
    operation.headerMoved +=
        operation.isSend ? ring.write(header + operation.headerMoved, rest)
                         : ring.take(header + operation.headerMoved, rest);
  if (operation.headerMoved == sizeof(uint64_t)) {
    if (operation.header != operation.bytes)
      invalid = "a peer of NCCL sends another number of bytes";
    else if (uint64_t rest = operation.bytes - operation.moved)
      operation.moved +=
          operation.isSend ? ring.write(operation.data + operation.moved, rest)
                           : ring.take(operation.data + operation.moved, rest);
  }
  return operation.moved + operation.headerMoved != before;
}

/// As kernels of an aborted communicator it ends without a word.
bool Group::advance(const char **failure) {
  if (comm->isAborted)
    return true;
  if (isStalled)
    return false;
  if (!hasBegun && !invalid)
    for (auto &work : before)
      work();
  hasBegun = true;
  bool hasMoved = true, isDone = false;
  while (hasMoved && !isDone && !invalid) {
    hasMoved = false;
    isDone = true;
    std::map<std::pair<int, bool>, bool> isBusy; // the peer's ring
    for (Operation &operation : operations) {
      if (operation.headerMoved == sizeof(uint64_t) &&
          operation.moved == operation.bytes)
        continue;
      isDone = false;
      bool &busy = isBusy[{operation.peer, operation.isSend}];
      if (!busy)
        hasMoved |= move(operation);
      busy = true;
    }
  }
  if (invalid) {
    *failure = invalid;
    comm->failure = invalid;
    comm->state = UnhandledCudaError;
    isStalled = true;
    return false;
  }
  if (isDone)
    for (auto &work : after)
      work();
  return isDone;
}

//===----------------------------------------------------------------------===//
// Launches
//===----------------------------------------------------------------------===//

EXPORT Result ncclGroupStart();
EXPORT Result ncclGroupEnd();

static thread_local int groupDepth = 0;
static thread_local std::map<Comm, std::unique_ptr<Group>> openGroups;

/// Adds to the open group: body(group, communicator).
template <typename Body>
static Result add(Comm handle, void *stream, Body body) {
  ncclGroupStart();
  std::unique_ptr<Group> &group = openGroups[handle];
  if (!group) {
    group = std::make_unique<Group>();
    group->comm = handle->comm;
    group->stream = stream;
  }
  body(*group, *handle->comm);
  return ncclGroupEnd();
}

static void launch(std::unique_ptr<Group> group) {
  void *stream = group->stream;
  gpu().submit(
      stream,
      [](void *work, const char **failure) {
        return static_cast<Group *>(work)->advance(failure);
      },
      [](void *work) { delete static_cast<Group *>(work); }, group.release());
}

EXPORT Result ncclGroupStart() {
  ++groupDepth;
  return Success;
}

EXPORT Result ncclGroupEnd() {
  if (--groupDepth)
    return Success;
  Result result = Success;
  for (auto &[handle, group] : openGroups) {
    Communicator &comm = *handle->comm;
    ++comm.groups;
    if (comm.isToBreak("refuse")) {
      result = refuse(InternalError, "told to refuse a group");
      continue;
    }
    group->isStalled = comm.isToBreak("stall");
    if (comm.isToBreak("fail")) {
      group->isStalled = true;
      comm.failure = "told to fail";
      comm.state = RemoteError;
    } else {
      comm.state = InProgress;
      result = InProgress;
    }
    comm.waiting.push_back(std::move(group));
    comm.polls = 0;
  }
  openGroups.clear();
  return result;
}

//===----------------------------------------------------------------------===//
// Communicators
//===----------------------------------------------------------------------===//

EXPORT const int commuter_nccl_double = 1;

EXPORT Result ncclGetVersion(int *version) {
  const char *text = std::getenv("COMMUTER_NCCL_DOUBLE_VERSION");
  *version = text ? std::atoi(text) : 22800;
  return Success;
}

EXPORT Result ncclGetUniqueId(UniqueId *id) {
  static std::atomic<int> made{0};
  std::snprintf(id->internal, sizeof(id->internal), "/commuter-nccl-%d-%d",
                static_cast<int>(getpid()), made++);
  return Success;
}

/// "stall:2,hang": a number for each, or 0.
static std::map<std::string, int> readFaults() {
  std::map<std::string, int> faults;
  const char *text = std::getenv("COMMUTER_NCCL_DOUBLE_FAULT");
  std::string rest = text ? text : "";
  while (!rest.empty()) {
    std::string entry = rest.substr(0, rest.find(','));
    rest.erase(0, entry.size() + 1);
    size_t colon = entry.find(':');
    faults[entry.substr(0, colon)] =
        colon == std::string::npos ? 0 : std::atoi(&entry[colon + 1]);
  }
  return faults;
}

EXPORT Result ncclCommInitRankConfig(Comm *handle, int size, UniqueId id,
                                     int rank, Config *config) {
  *handle = nullptr;
  if (config->magic != Config().magic || config->size < sizeof(Config) ||
      config->blocking)
    return refuse(InvalidArgument, "this double does not block");
  if (!gpu().isThere())
    return refuse(InvalidUsage, "there is no emulated GPU");
  auto comm = std::make_shared<Communicator>();
  comm->rank = rank;
  comm->size = size;
  comm->faults = readFaults();
  if (comm->faults.count("refuse-init"))
    return refuse(SystemError, "told to refuse a communicator");
  comm->segment = std::make_unique<Segment>(id.internal, size);
  if (!comm->segment->isThere())
    return refuse(SystemError, "no shared memory");
  comm->segment->arrive();
  *handle = new OpaqueComm{comm};
  return InProgress;
}

/// Moves on what does not block: the communicator, or what it has to launch.
EXPORT Result ncclCommGetAsyncError(Comm handle, Result *error) {
  Communicator &comm = *handle->comm;
  if (!comm.isReady && comm.segment->haveAllArrived()) {
    comm.isReady = true;
    comm.state = Success;
  } else if (!comm.waiting.empty() && comm.polls++) {
    while (!comm.waiting.empty()) {
      launch(std::move(comm.waiting.front()));
      comm.waiting.pop_front();
    }
    int expected = InProgress;
    comm.state.compare_exchange_strong(expected, Success);
  }
  *error = static_cast<Result>(comm.state.load());
  return Success;
}

EXPORT Result ncclCommAbort(Comm handle) {
  while (handle->comm->faults.count("hang"))
    std::this_thread::sleep_for(std::chrono::seconds(1));
  handle->comm->isAborted = true;
  delete handle;
  return Success;
}

EXPORT const char *ncclGetErrorString(Result result) {
  switch (result) {
  case UnhandledCudaError:
    return "unhandled cuda error";
  case SystemError:
    return "unhandled system error";
  case RemoteError:
    return "remote process exited or there was a network error";
  case InvalidArgument:
  case InvalidUsage:
    return "invalid usage";
  default:
    return "internal error";
  }
}

EXPORT const char *ncclGetLastError(Comm handle) {
  const char *failure = handle ? handle->comm->failure.load() : nullptr;
  return failure ? failure : lastError.c_str();
}

//===----------------------------------------------------------------------===//
// Operations
//===----------------------------------------------------------------------===//

static uint64_t sizeOf(DataType type) {
  constexpr uint64_t kSizes[] = {1, 1, 4, 4, 8, 8, 2, 4, 8, 2};
  return kSizes[type];
}

EXPORT Result ncclSend(const void *data, size_t count, DataType type, int peer,
                       Comm handle, void *stream) {
  return add(handle, stream, [&](Group &group, Communicator &) {
    uint64_t bytes = count * sizeOf(type);
    group.send(peer, group.at(data, bytes), bytes);
  });
}

EXPORT Result ncclRecv(void *data, size_t count, DataType type, int peer,
                       Comm handle, void *stream) {
  return add(handle, stream, [&](Group &group, Communicator &) {
    uint64_t bytes = count * sizeOf(type);
    group.receive(peer, group.at(data, bytes), bytes);
  });
}

/// Local: overlapping only if it is the same.
static void copyFirst(Group &group, const char *from, char *to,
                      uint64_t bytes) {
  if (from && to && from != to)
    group.before.push_back([=] { std::memcpy(to, from, bytes); });
}

EXPORT Result ncclBroadcast(const void *input, void *output, size_t count,
                            DataType type, int root, Comm handle,
                            void *stream) {
  return add(handle, stream, [&](Group &group, Communicator &comm) {
    uint64_t bytes = count * sizeOf(type);
    if (comm.rank != root)
      return group.receive(root, group.at(output, bytes), bytes);
    char *from = group.at(input, bytes);
    copyFirst(group, from, group.at(output, bytes), bytes);
    for (int peer = 0; peer < comm.size; ++peer)
      if (peer != root)
        group.send(peer, from, bytes);
  });
}

EXPORT Result ncclAllGather(const void *input, void *output, size_t count,
                            DataType type, Comm handle, void *stream) {
  return add(handle, stream, [&](Group &group, Communicator &comm) {
    uint64_t bytes = count * sizeOf(type);
    char *from = group.at(input, bytes);
    char *to = group.at(output, bytes * comm.size);
    if (!from || !to)
      return;
    copyFirst(group, from, to + comm.rank * bytes, bytes);
    for (int peer = 0; peer < comm.size; ++peer) {
      if (peer == comm.rank)
        continue;
      group.send(peer, from, bytes);
      group.receive(peer, to + peer * bytes, bytes);
    }
  });
}

//===----------------------------------------------------------------------===//
// Reductions
//===----------------------------------------------------------------------===//

static double load(const char *from, DataType type) {
  auto as = [&](auto value) {
    std::memcpy(&value, from, sizeof(value));
    return value;
  };
  switch (type) {
  case Int8:
    return as(int8_t());
  case Int32:
    return as(int32_t());
  case Int64:
    return static_cast<double>(as(int64_t()));
  case Float16:
    return cts::fromHalf(as(uint16_t()));
  case Float32:
    return as(float());
  case Float64:
    return as(double());
  case Bfloat16:
    return cts::bitCast<float>(static_cast<uint32_t>(as(uint16_t())) << 16);
  default:
    return as(uint8_t());
  }
}

static void store(char *to, double value, DataType type) {
  auto put = [&](auto bits) { std::memcpy(to, &bits, sizeof(bits)); };
  switch (type) {
  case Int8:
    return put(static_cast<int8_t>(value));
  case Int32:
    return put(static_cast<int32_t>(value));
  case Int64:
    return put(static_cast<int64_t>(value));
  case Float16:
    return put(static_cast<uint16_t>(cts::toHalf(value)));
  case Float32:
    return put(static_cast<float>(value));
  case Float64:
    return put(value);
  case Bfloat16:
    return put(static_cast<uint16_t>(cts::toBFloat(value)));
  default:
    return put(static_cast<uint8_t>(value));
  }
}

/// Reduces `count` elements of all members: this one's at `own`, and for each
/// peer those that it sends. Adds in the order that the transport does not:
/// from the last member to the first.
static void reduceInto(Group &group, Communicator &comm, const char *own,
                       char *output, size_t count, DataType type, RedOp op) {
  const uint64_t width = sizeOf(type), bytes = count * width;
  auto inputs = std::make_shared<std::vector<std::vector<char>>>(comm.size);
  for (int peer = 0; peer < comm.size; ++peer) {
    std::vector<char> &input = (*inputs)[peer];
    input.resize(bytes);
    if (peer != comm.rank)
      group.receive(peer, input.data(), bytes);
  }
  group.before.push_back([=, rank = comm.rank] {
    std::memcpy((*inputs)[rank].data(), own, bytes);
  });
  group.after.push_back([=] {
    for (size_t i = 0; i < count; ++i) {
      double result = load(inputs->back().data() + i * width, type);
      for (size_t r = inputs->size() - 1; r-- > 0;) {
        double next = load((*inputs)[r].data() + i * width, type);
        result = op == Sum   ? result + next
                 : op == Max ? std::max(result, next)
                             : std::min(result, next);
      }
      store(output + i * width, result, type);
    }
  });
}

EXPORT Result ncclAllReduce(const void *input, void *output, size_t count,
                            DataType type, RedOp op, Comm handle,
                            void *stream) {
  return add(handle, stream, [&](Group &group, Communicator &comm) {
    uint64_t bytes = count * sizeOf(type);
    char *from = group.at(input, bytes), *to = group.at(output, bytes);
    if (!from || !to)
      return;
    for (int peer = 0; peer < comm.size; ++peer)
      if (peer != comm.rank)
        group.send(peer, from, bytes);
    reduceInto(group, comm, from, to, count, type, op);
  });
}

EXPORT Result ncclReduceScatter(const void *input, void *output, size_t count,
                                DataType type, RedOp op, Comm handle,
                                void *stream) {
  return add(handle, stream, [&](Group &group, Communicator &comm) {
    uint64_t bytes = count * sizeOf(type);
    char *from = group.at(input, bytes * comm.size);
    char *to = group.at(output, bytes);
    if (!from || !to)
      return;
    for (int peer = 0; peer < comm.size; ++peer)
      if (peer != comm.rank)
        group.send(peer, from + peer * bytes, bytes);
    reduceInto(group, comm, from + comm.rank * bytes, to, count, type, op);
  });
}
