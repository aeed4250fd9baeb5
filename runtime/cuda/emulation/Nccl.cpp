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
//   no-memory     NCCL has none to give
//   no-windows    nor windows: as where memory cannot be symmetric
//   no-register   nor other registered buffers
//
// What NCCL leaves undefined ends the process here, if a rank alone can see it:
//   a communicator is used that is not there, or not any more; is given work
//     before it is done with what it was asked for; or is aborted in a group
//   a group ends that was not begun, or has several streams
//   an output overlaps an input, and is not in place
//   memory is freed twice, or while it is registered; or deregistered twice
// What the ranks of registered memory must agree on is found by comparing with
// the peers: see "Registered memory". Built with COMMUTER_NCCL_DOUBLE_IS_OLD it
// is NCCL 2.14, which has none of that.
//
//===----------------------------------------------------------------------===//

#include "../../cts/Numbers.h"
#include "../../transport/NcclLibrary.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
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
  void *(*allocate)(size_t size) = nullptr;
  void (*deallocate)(void *data) = nullptr;

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
    auto find = [&](auto &function, const char *name) {
      function = reinterpret_cast<std::decay_t<decltype(function)>>(
          dlsym(module, name));
    };
    find(submit, "commuter_emulation_submit");
    find(host, "commuter_emulation_host");
    find(allocate, "commuter_emulation_allocate");
    find(deallocate, "commuter_emulation_deallocate");
  }
  bool isThere() const { return submit && host && allocate && deallocate; }

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

[[noreturn]] void misuse(const char *what) {
  std::fprintf(stderr, "double of NCCL: %s\n", what);
  std::abort();
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
  /// Registers a window, of which a communicator has one here.
  void arriveAtWindow(uint64_t bytes) {
    header->windowBytes.fetch_add(bytes);
    header->windows.fetch_add(1);
  }
  bool haveAllWindows() const {
    return static_cast<int>(header->windows.load()) >= size;
  }
  bool areWindowsOf(uint64_t bytes) const {
    return header->windowBytes.load() == bytes * static_cast<uint64_t>(size);
  }
  Ring &ring(int from, int to) {
    return reinterpret_cast<Ring *>(header + 1)[from * size + to];
  }

private:
  struct alignas(64) Header {
    std::atomic<uint32_t> arrived, windows;
    std::atomic<uint64_t> windowBytes; // of all
  };
  const std::string name;
  const int size;
  const size_t bytes;
  Header *header = nullptr;
};

//===----------------------------------------------------------------------===//
// Groups
//===----------------------------------------------------------------------===//

/// What both sides of a message compare.
struct Header {
  uint64_t bytes;
  uint64_t place; // of a collective's memory: see placeOf
};

struct Operation {
  bool isSend;
  int peer;
  char *data;
  uint64_t bytes;
  uint64_t moved = 0, headerMoved = 0;
  Header header = {};
};

struct Communicator;

/// What one group asks of a communicator.
struct Group {
  std::shared_ptr<Communicator> comm;
  void *stream = nullptr;
  std::vector<Operation> operations;
  std::vector<std::function<void()>> before, after; // local work
  uint64_t place = 0;                               // of its collective
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

struct Registration {
  char *begin;
  uint64_t bytes;
  bool isWindow;
};

struct Communicator {
  int rank = 0, size = 1;
  std::list<Registration> registered; // their addresses are the handles
  Window *window = nullptr;           // to be set once all have registered
  Registration windowMemory = {};
  std::unique_ptr<Segment> segment;
  std::atomic<int> state{InProgress};
  std::atomic<bool> isAborted{false};
  std::atomic<const char *> failure{nullptr}; // static
  bool isReady = false;
  std::deque<std::unique_ptr<Group>> waiting; // to be put on their streams
  int polls = 0;                              // since there are any
  int groups = 0;
  std::atomic<int> openGroups{0};
  // What to break.
  std::map<std::string, int> faults;
  bool isToBreak(const char *how) const {
    auto found = faults.find(how);
    return found != faults.end() && found->second == groups;
  }
};

} // namespace

/// What the C API's handle is. It stays after the communicator's end, so that
/// no later one is taken for it.
struct commuter::rt::nccl::OpaqueComm {
  std::shared_ptr<Communicator> comm; // null after its end
};

namespace {

struct Handles {
  std::mutex mutex;
  std::set<const OpaqueComm *> made;
};
Handles &handles() {
  static auto *theHandles = new Handles;
  return *theHandles;
}

std::shared_ptr<Communicator> communicatorOf(const OpaqueComm *handle) {
  std::lock_guard<std::mutex> lock(handles().mutex);
  if (!handles().made.count(handle))
    misuse("a communicator is used that was not made");
  if (!handle->comm)
    misuse("a communicator is used that was aborted");
  return handle->comm;
}

/// One that does not block may be asked for more when it is done.
void requireReady(const Communicator &comm) {
  if (comm.state == InProgress)
    misuse("a communicator is given work before it is done");
}

} // namespace

/// True if it has moved something.
bool Group::move(Operation &operation) {
  Segment &segment = *comm->segment;
  Ring &ring = operation.isSend ? segment.ring(comm->rank, operation.peer)
                                : segment.ring(operation.peer, comm->rank);
  uint64_t before = operation.moved + operation.headerMoved;
  const Header own = {operation.bytes, place};
  if (operation.isSend)
    operation.header = own;
  char *header = reinterpret_cast<char *>(&operation.header);
  if (uint64_t rest = sizeof(Header) - operation.headerMoved)
    operation.headerMoved +=
        operation.isSend ? ring.write(header + operation.headerMoved, rest)
                         : ring.take(header + operation.headerMoved, rest);
  if (operation.headerMoved == sizeof(Header)) {
    if (operation.header.bytes != own.bytes)
      invalid = "a peer of NCCL sends another number of bytes";
    else if (operation.header.place != own.place)
      invalid = "a peer of NCCL gives memory that is registered otherwise";
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
      if (operation.headerMoved == sizeof(Header) &&
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
  const std::shared_ptr<Communicator> comm = communicatorOf(handle);
  ncclGroupStart();
  std::unique_ptr<Group> &group = openGroups[handle];
  if (!group) {
    requireReady(*comm);
    ++comm->openGroups;
    group = std::make_unique<Group>();
    group->comm = comm;
    group->stream = stream;
  } else if (group->stream != stream) {
    misuse("a group has several streams");
  }
  body(*group, *comm);
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
  if (!groupDepth)
    misuse("a group ends that was not begun");
  if (--groupDepth)
    return Success;
  Result result = Success;
  for (auto &[handle, group] : openGroups) {
    Communicator &comm = *group->comm;
    ++comm.groups;
    --comm.openGroups;
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
#ifdef COMMUTER_NCCL_DOUBLE_IS_OLD
  constexpr int kVersion = 21400;
#else
  constexpr int kVersion = 22800;
#endif
  *version = text ? std::atoi(text) : kVersion;
  return Success;
}

EXPORT Result ncclGetUniqueId(UniqueId *id) {
  static std::atomic<int> made{0};
  // The number of a process is another one's later, and what a process leaves
  // that was killed stays.
  static const auto start = static_cast<long long>(
      std::chrono::system_clock::now().time_since_epoch().count());
  std::snprintf(id->internal, sizeof(id->internal), "/commuter-nccl-%d-%llx-%d",
                static_cast<int>(getpid()), start, made++);
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
  std::lock_guard<std::mutex> lock(handles().mutex);
  handles().made.insert(*handle);
  return InProgress;
}

static void makeWindow(Communicator &comm);

/// Moves on what does not block: the communicator, or what it has to launch.
EXPORT Result ncclCommGetAsyncError(Comm handle, Result *error) {
  const std::shared_ptr<Communicator> owner = communicatorOf(handle);
  Communicator &comm = *owner;
  if (comm.window && comm.segment->haveAllWindows())
    makeWindow(comm);
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

static void forget(Communicator &comm);

EXPORT Result ncclCommAbort(Comm handle) {
  const std::shared_ptr<Communicator> comm = communicatorOf(handle);
  if (comm->openGroups)
    misuse("a communicator is aborted in a group");
  while (comm->faults.count("hang"))
    std::this_thread::sleep_for(std::chrono::seconds(1));
  comm->isAborted = true;
  forget(*comm);
  std::lock_guard<std::mutex> lock(handles().mutex);
  handle->comm.reset();
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
  const char *failure =
      handle ? communicatorOf(handle)->failure.load() : nullptr;
  return failure ? failure : lastError.c_str();
}

//===----------------------------------------------------------------------===//
// Registered memory
//===----------------------------------------------------------------------===//

namespace {

/// What ncclMemAlloc has given, by its address.
struct Allocation {
  void *block; // of the GPU's memory
  uint64_t bytes;
  int registrations = 0; // with communicators that live
};
std::mutex memoryMutex;
std::map<char *, Allocation> &allocations() {
  static auto *map = new std::map<char *, Allocation>;
  return *map;
}
std::atomic<int64_t> registeredCollectives{0};

/// The allocation that has all of it, or null. With the mutex.
Allocation *allocationOf(const void *address, uint64_t bytes) {
  auto *begin = static_cast<char *>(const_cast<void *>(address));
  auto found = allocations().upper_bound(begin);
  if (found == allocations().begin())
    return nullptr;
  --found;
  return begin + bytes <= found->first + found->second.bytes ? &found->second
                                                             : nullptr;
}

/// 1 + the offset in what is registered with the communicator, or 0.
uint64_t placeOf(Communicator &comm, const void *address, uint64_t bytes) {
  const char *begin = static_cast<const char *>(address);
  std::lock_guard<std::mutex> lock(memoryMutex);
  for (const Registration &each : comm.registered)
    if (begin >= each.begin && begin + bytes <= each.begin + each.bytes)
      return 1 + static_cast<uint64_t>(begin - each.begin);
  return 0;
}

} // namespace

/// The ranks of a collective must agree on this: both of its buffers are
/// registered, at the same offsets, or neither is.
static void setPlace(Group &group, Communicator &comm, const void *input,
                     uint64_t inputBytes, const void *output,
                     uint64_t outputBytes) {
  const uint64_t from = placeOf(comm, input, inputBytes);
  const uint64_t to = placeOf(comm, output, outputBytes);
  if (!from != !to)
    group.invalid = "NCCL was given one registered buffer and one that is not";
  group.place = from << 32 | to;
  if (from && to)
    ++registeredCollectives;
}

static void enter(Communicator &comm, const Registration &made) {
  std::lock_guard<std::mutex> lock(memoryMutex);
  ++allocationOf(made.begin, made.bytes)->registrations;
  comm.registered.push_back(made);
}

/// All that a communicator has, at its end. Groups have a share in it.
static void forget(Communicator &comm) {
  comm.waiting.clear();
  std::lock_guard<std::mutex> lock(memoryMutex);
  for (const Registration &each : comm.registered)
    --allocationOf(each.begin, each.bytes)->registrations;
  comm.registered.clear();
}

static void makeWindow(Communicator &comm) {
  Window *window = std::exchange(comm.window, nullptr);
  if (!comm.segment->areWindowsOf(comm.windowMemory.bytes)) {
    comm.failure = "windows of a communicator are of several sizes";
    comm.state = InvalidArgument;
    return;
  }
  if (!comm.faults.count("no-windows")) {
    enter(comm, comm.windowMemory);
    *window = reinterpret_cast<Window>(&comm.registered.back());
  }
  comm.state = Success;
}

/// How many collectives had registered memory, for tests.
EXPORT int64_t commuter_nccl_double_registered() {
  return registeredCollectives;
}

#ifndef COMMUTER_NCCL_DOUBLE_IS_OLD

static constexpr uintptr_t kPage = 4096; // NCCL_WIN_REQUIRED_ALIGNMENT

EXPORT Result ncclMemAlloc(void **data, size_t size) {
  *data = nullptr;
  void *block = gpu().isThere() && !readFaults().count("no-memory")
                    ? gpu().allocate(size + kPage)
                    : nullptr;
  if (!block)
    return refuse(UnhandledCudaError, "there is no memory");
  char *begin = static_cast<char *>(block);
  begin += -reinterpret_cast<uintptr_t>(begin) % kPage;
  std::lock_guard<std::mutex> lock(memoryMutex);
  allocations()[begin] = {block, size};
  *data = begin;
  return Success;
}

EXPORT Result ncclMemFree(void *data) {
  std::lock_guard<std::mutex> lock(memoryMutex);
  auto found = allocations().find(static_cast<char *>(data));
  if (found == allocations().end())
    misuse("memory is freed that was not allocated");
  if (found->second.registrations)
    misuse("memory is freed that a communicator has registered");
  gpu().deallocate(found->second.block);
  allocations().erase(found);
  return Success;
}

static bool isAllocated(const void *data, size_t size) {
  std::lock_guard<std::mutex> lock(memoryMutex);
  return allocationOf(data, size) != nullptr;
}

EXPORT Result ncclCommRegister(const Comm handle, void *data, size_t size,
                               void **registration) {
  *registration = nullptr;
  const std::shared_ptr<Communicator> owner = communicatorOf(handle);
  Communicator &comm = *owner;
  requireReady(comm);
  if (!isAllocated(data, size))
    return refuse(InvalidUsage, "what is registered is not ncclMemAlloc's");
  if (comm.faults.count("no-register"))
    return refuse(SystemError, "told to refuse a registration");
  enter(comm, {static_cast<char *>(data), size, /*isWindow=*/false});
  *registration = &comm.registered.back();
  return Success;
}

static Result deregister(Comm handle, const void *registration, bool isWindow) {
  const std::shared_ptr<Communicator> comm = communicatorOf(handle);
  std::lock_guard<std::mutex> lock(memoryMutex);
  std::list<Registration> &registered = comm->registered;
  for (auto each = registered.begin(); each != registered.end(); ++each)
    if (&*each == registration && each->isWindow == isWindow) {
      --allocationOf(each->begin, each->bytes)->registrations;
      registered.erase(each);
      return Success;
    }
  misuse("a communicator does not have what it is to deregister");
}

EXPORT Result ncclCommDeregister(const Comm handle, void *registration) {
  return deregister(handle, registration, /*isWindow=*/false);
}

/// A collective of the communicator's members.
EXPORT Result ncclCommWindowRegister(Comm handle, void *data, size_t size,
                                     Window *window, int flags) {
  *window = nullptr;
  const std::shared_ptr<Communicator> owner = communicatorOf(handle);
  Communicator &comm = *owner;
  requireReady(comm);
  if (flags != kWindowSymmetric || reinterpret_cast<uintptr_t>(data) % kPage ||
      size % kPage || !isAllocated(data, size))
    return refuse(InvalidArgument, "this is no memory for a window");
  comm.window = window;
  comm.windowMemory = {static_cast<char *>(data), size, /*isWindow=*/true};
  comm.state = InProgress;
  comm.segment->arriveAtWindow(size);
  return InProgress;
}

EXPORT Result ncclCommWindowDeregister(Comm handle, Window window) {
  return deregister(handle, window, /*isWindow=*/true);
}

#endif // COMMUTER_NCCL_DOUBLE_IS_OLD

//===----------------------------------------------------------------------===//
// Operations
//===----------------------------------------------------------------------===//

static uint64_t sizeOf(DataType type) {
  constexpr uint64_t kSizes[] = {1, 1, 4, 4, 8, 8, 2, 4, 8, 2};
  return kSizes[type];
}

/// In place, what a rank gives is its own part of what it gets, or the reverse.
static void checkOverlap(const void *input, uint64_t inputBytes,
                         const void *output, uint64_t outputBytes,
                         bool isInPlace) {
  const char *from = static_cast<const char *>(input),
             *to = static_cast<const char *>(output);
  if (from < to + outputBytes && to < from + inputBytes && !isInPlace)
    misuse("an output overlaps an input, and is not in place");
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
    checkOverlap(input, bytes, output, bytes, input == output);
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
    checkOverlap(input, bytes, output, bytes * comm.size,
                 from == to + comm.rank * bytes);
    setPlace(group, comm, input, bytes, output, bytes * comm.size);
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
    checkOverlap(input, bytes, output, bytes, from == to);
    setPlace(group, comm, input, bytes, output, bytes);
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
    checkOverlap(input, bytes * comm.size, output, bytes,
                 to == from + comm.rank * bytes);
    setPlace(group, comm, input, bytes * comm.size, output, bytes);
    for (int peer = 0; peer < comm.size; ++peer)
      if (peer != comm.rank)
        group.send(peer, from + peer * bytes, bytes);
    reduceInto(group, comm, from + comm.rank * bytes, to, count, type, op);
  });
}
