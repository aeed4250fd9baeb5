//===- Machine.cpp ----------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Fibers, where they meet, and the memory that they may touch.
//
//===----------------------------------------------------------------------===//

#include "Machine.h"
#include "../../cts/Numbers.h"

#include <algorithm>
#include <cstdlib>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include <setjmp.h>
#include <sys/mman.h>
#include <ucontext.h>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

namespace commuter::rt::cuda {
Index threadIdx, blockIdx, blockDim, gridDim;
} // namespace commuter::rt::cuda

using namespace commuter::rt::cuda;
using namespace commuter::rt::cuda::emulation;

Settings &emulation::settings() {
  static Settings settings;
  return settings;
}

//===----------------------------------------------------------------------===//
// Faults
//===----------------------------------------------------------------------===//

namespace {
struct Fault {
  std::string message;
};
} // namespace

static std::string describe(const Place &place) {
  std::string file = place.file_name();
  return file.substr(file.rfind('/') + 1) + ":" + std::to_string(place.line());
}

static bool isSame(const Place &a, const Place &b) {
  return a.line() == b.line() && a.column() == b.column() &&
         (a.file_name() == b.file_name() ||
          std::strcmp(a.file_name(), b.file_name()) == 0);
}

//===----------------------------------------------------------------------===//
// Fibers
//===----------------------------------------------------------------------===//

namespace {

constexpr size_t kStackBytes = 256 * 1024;

/// Stacks are kept: a launch has thousands of them.
class Stacks {
public:
  ~Stacks() {
    for (void *stack : free)
      munmap(stack, kStackBytes);
  }
  void *take() {
    if (free.empty()) {
      void *stack = mmap(nullptr, kStackBytes, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
      if (stack == MAP_FAILED)
        throw std::bad_alloc();
      return stack;
    }
    void *stack = free.back();
    free.pop_back();
#if defined(__SANITIZE_ADDRESS__)
    __asan_unpoison_memory_region(stack, kStackBytes);
#endif
    return stack;
  }
  void give(void *stack) { free.push_back(stack); }

private:
  std::vector<void *> free;
};
Stacks stacks;

struct Fiber;

/// Where threads meet: all `members` of them, at one place.
struct Meeting {
  size_t members = 0, ended = 0;
  std::vector<Fiber *> waiting;
  Place place;
};

struct Warp {
  Meeting meeting;
  uint32_t given[kWarp], taken[kWarp];
};

/// As large as the launch says, between two guards.
struct Shared {
  static constexpr size_t kGuard = 256;
  static constexpr unsigned char kUnset = 0xff;
  std::vector<uint4> words;
  size_t bytes;

  explicit Shared(size_t bytes)
      : words((bytes + 2 * kGuard) / sizeof(uint4) + 1), bytes(bytes) {
    std::memset(words.data(), kUnset, words.size() * sizeof(uint4));
  }
  char *data() { return reinterpret_cast<char *>(words.data()) + kGuard; }
  bool isGuardIntact() {
    auto *all = reinterpret_cast<unsigned char *>(words.data());
    size_t end = words.size() * sizeof(uint4);
    return std::all_of(all, all + kGuard, [](auto b) { return b == kUnset; }) &&
           std::all_of(all + kGuard + bytes, all + end,
                       [](auto b) { return b == kUnset; });
  }
};

struct Block {
  Index index;
  int rank;
  Meeting meeting;
  std::vector<Warp> warps;
  Shared shared;
};

/// A place in the run of a fiber, or of the scheduler.
struct Context {
  ucontext_t started;
  jmp_buf suspended;
  bool isSuspended = false;
};

struct Fiber {
  Context context;
  void *stack;
  Index index;
  Block *block;
  Warp *warp;
  int lane;
  bool hasWaited = false; // for the previous kernel
  Meeting *waitsAt = nullptr;
#if defined(__SANITIZE_ADDRESS__)
  void *fakeStack = nullptr;
#endif
};

/// The cluster that runs. Clusters run one after the other.
struct Machine {
  const std::function<void()> *kernel;
  bool isDependent = false;
  Context scheduler;
  Fiber *current = nullptr;
  std::deque<Fiber *> runnable;
  std::vector<Block> blocks;
  std::vector<Fiber> fibers;
  Meeting cluster;
  std::string fault;
#if defined(__SANITIZE_ADDRESS__)
  void *fakeStack = nullptr;
  const void *stack = nullptr;
  size_t stackBytes = 0;
#endif

  void makeRunnable(Fiber *fiber) {
    if (settings().order == Order::InStep)
      runnable.push_back(fiber);
    else
      runnable.push_front(fiber);
  }
  void resume(Fiber &fiber);
  void suspend(bool ends);
  void meet(Meeting &meeting, const Place &place);
  void end(Meeting &meeting);
  /// False: the previous kernel may still be at work.
  bool isAlone() const { return !isDependent || current->hasWaited; }
};
Machine machine;

} // namespace

/// swapcontext asks the kernel for the signal mask each time. It is there for
/// the first time only, when there is nothing to jump back to.
static void switchContext(Context &from, Context &to) {
#if defined(__SANITIZE_ADDRESS__)
  swapcontext(&from.started, &to.started);
#else
  from.isSuspended = true;
  if (_setjmp(from.suspended))
    return;
  if (to.isSuspended)
    _longjmp(to.suspended, 1);
  setcontext(&to.started);
#endif
}

void Machine::resume(Fiber &fiber) {
  current = &fiber;
  threadIdx = fiber.index;
  blockIdx = fiber.block->index;
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_start_switch_fiber(&fakeStack, fiber.stack, kStackBytes);
#endif
  switchContext(scheduler, fiber.context);
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(fakeStack, nullptr, nullptr);
#endif
}

void Machine::suspend(bool ends) {
  Fiber &fiber = *current;
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_start_switch_fiber(ends ? nullptr : &fiber.fakeStack, stack,
                                 stackBytes);
#else
  (void)ends;
#endif
  switchContext(fiber.context, scheduler);
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(fiber.fakeStack, &stack, &stackBytes);
#endif
}

void Machine::meet(Meeting &meeting, const Place &place) {
  if (meeting.ended)
    throw Fault{"a thread waits at " + describe(place) +
                " for threads that have ended"};
  if (!meeting.waiting.empty() && !isSame(meeting.place, place))
    throw Fault{"a thread waits at " + describe(place) + ", others wait at " +
                describe(meeting.place)};
  meeting.place = place;
  if (meeting.waiting.size() + 1 == meeting.members) {
    for (Fiber *fiber : meeting.waiting) {
      fiber->waitsAt = nullptr;
      makeRunnable(fiber);
    }
    meeting.waiting.clear();
    return;
  }
  meeting.waiting.push_back(current);
  current->waitsAt = &meeting;
  suspend(false);
}

void Machine::end(Meeting &meeting) {
  ++meeting.ended;
  if (!meeting.waiting.empty())
    throw Fault{"a thread has ended, others wait for it at " +
                describe(meeting.place)};
}

static void runFiber() {
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(nullptr, &machine.stack, &machine.stackBytes);
#endif
  try {
    (*machine.kernel)();
    if (!machine.isAlone())
      throw Fault{"a thread has ended without a wait for the previous kernel"};
    machine.end(machine.current->warp->meeting);
    machine.end(machine.current->block->meeting);
    machine.end(machine.cluster);
  } catch (const Fault &fault) {
    const Index &t = machine.current->index, &b = machine.current->block->index;
    machine.fault = "thread " + std::to_string(t.x) + " of block " +
                    std::to_string(b.x) + "," + std::to_string(b.y) + ": " +
                    fault.message;
  }
  machine.suspend(true);
}

static void makeFiber(Fiber &fiber) {
  ucontext_t &context = fiber.context.started;
  getcontext(&context);
  context.uc_stack.ss_sp = fiber.stack;
  context.uc_stack.ss_size = kStackBytes;
  context.uc_link = nullptr;
  makecontext(&context, runFiber, 0);
}

/// Runs the blocks whose first one is `first`, of the grid's row `y`.
static void runCluster(const LaunchShape &launch, unsigned first, unsigned y) {
  const int count = static_cast<int>(launch.cluster);
  const size_t threads = launch.threads;
  machine.blocks.clear();
  machine.blocks.reserve(count);
  machine.fibers.clear();
  machine.fibers.resize(count * threads);
  machine.runnable.clear();
  machine.cluster = Meeting{count * threads, 0, {}, {}};
  for (int b = 0; b < count; ++b) {
    machine.blocks.push_back(
        Block{Index{first + b, y, 0}, b, Meeting{threads, 0, {}, {}},
              std::vector<Warp>(threads / kWarp), Shared(launch.sharedBytes)});
    Block &block = machine.blocks.back();
    for (size_t t = 0; t < threads; ++t) {
      Fiber &fiber = machine.fibers[b * threads + t];
      fiber.index = {static_cast<unsigned>(t), 0, 0};
      fiber.block = &block;
      fiber.warp = &block.warps[t / kWarp];
      fiber.warp->meeting.members = kWarp;
      fiber.lane = static_cast<int>(t % kWarp);
      fiber.stack = stacks.take();
      makeFiber(fiber);
    }
  }
  for (Fiber &fiber : machine.fibers)
    machine.makeRunnable(&fiber);
  while (!machine.runnable.empty() && machine.fault.empty()) {
    Fiber *next = machine.runnable.front();
    machine.runnable.pop_front();
    machine.resume(*next);
  }
  for (Fiber &fiber : machine.fibers) {
    // Of which some wait at the barrier of a warp, others at that of a block.
    if (machine.fault.empty() && fiber.waitsAt)
      machine.fault = "threads wait for ever at " +
                      describe(fiber.waitsAt->place) + " and elsewhere";
    stacks.give(fiber.stack);
  }
  for (Block &block : machine.blocks)
    if (machine.fault.empty() && !block.shared.isGuardIntact())
      machine.fault = "block " + std::to_string(block.index.x) +
                      " has written past its shared memory";
}

LaunchStatus emulation::run(const LaunchShape &launch,
                            const std::function<void()> &kernel) {
  static std::string message;
  if (launch.threads == 0 || launch.threads % kWarp || launch.threads > 1024 ||
      launch.cluster == 0 || launch.gridX == 0 || launch.gridY == 0 ||
      launch.gridX % launch.cluster || launch.gridY > 65535 ||
      launch.gridX > settings().limits.blocks ||
      launch.sharedBytes > settings().limits.sharedBytes ||
      (settings().limits.major < 9 &&
       (launch.cluster > 1 || launch.isDependent)))
    return {COMMUTER_INTERNAL, "this machine has no such launch"};
  machine.kernel = &kernel;
  machine.isDependent = launch.isDependent;
  machine.fault.clear();
  gridDim = {launch.gridX, launch.gridY, 1};
  blockDim = {launch.threads, 1, 1};
  const bool isForwards = settings().order == Order::InStep;
  const unsigned clusters = launch.gridX / launch.cluster;
  for (unsigned y = 0; y < launch.gridY; ++y)
    for (unsigned c = 0; c < clusters && machine.fault.empty(); ++c)
      runCluster(launch, (isForwards ? c : clusters - 1 - c) * launch.cluster,
                 y);
  if (machine.fault.empty())
    return {};
  message = machine.fault;
  return {COMMUTER_INTERNAL, message.c_str()};
}

//===----------------------------------------------------------------------===//
// What kernels call
//===----------------------------------------------------------------------===//

void emulation::syncBlock(const Place &place) {
  machine.meet(machine.current->block->meeting, place);
}

void emulation::syncCluster(const Place &place) {
  machine.meet(machine.cluster, place);
}

uint32_t emulation::shuffleXor(uint32_t mask, uint32_t value, int distance,
                               const Place &place) {
  if (mask != 0xffffffff || distance < 1 || distance >= kWarp)
    throw Fault{"a shuffle that the emulation does not know, at " +
                describe(place)};
  Fiber &fiber = *machine.current;
  Warp &warp = *fiber.warp;
  warp.given[fiber.lane] = value;
  const bool isLast = warp.meeting.waiting.size() + 1 == kWarp;
  // No lane gives a new value before the last one has: by then all have taken.
  if (isLast)
    std::memcpy(warp.taken, warp.given, sizeof(warp.taken));
  machine.meet(warp.meeting, place);
  return warp.taken[fiber.lane ^ distance];
}

void emulation::waitForPrevious() { machine.current->hasWaited = true; }

char *emulation::shared() { return machine.current->block->shared.data(); }
int emulation::clusterSize() { return static_cast<int>(machine.blocks.size()); }
int emulation::clusterRank() { return machine.current->block->rank; }

const void *emulation::sharedOf(const void *address, int rank,
                                const Place &place) {
  const ptrdiff_t offset = static_cast<const char *>(address) - shared();
  if (rank < 0 || rank >= emulation::clusterSize() || offset < 0 ||
      offset >= static_cast<ptrdiff_t>(machine.blocks[rank].shared.bytes))
    throw Fault{"there is no such shared memory, at " + describe(place)};
  if (machine.blocks[rank].meeting.ended)
    throw Fault{"the shared memory of a block that has ended, at " +
                describe(place)};
  return machine.blocks[rank].shared.data() + offset;
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

/// A bit that no address of the host has.
static constexpr uintptr_t kMachineBit = uintptr_t(1) << 55;

bool emulation::isAddress(const void *address) {
  return reinterpret_cast<uintptr_t>(address) & kMachineBit;
}
char *emulation::hostOf(const void *address) {
  return reinterpret_cast<char *>(reinterpret_cast<uintptr_t>(address) &
                                  ~kMachineBit);
}

/// By the first byte. Guarded, since any thread frees.
static std::mutex buffersMutex;
static std::map<uintptr_t, size_t> &buffers() {
  static auto *buffers = new std::map<uintptr_t, size_t>;
  return *buffers;
}

static constexpr size_t kAlignment = 256;

void *emulation::allocate(size_t bytes, size_t offset) {
  if (bytes > PTRDIFF_MAX / 2)
    return nullptr;
  const size_t whole = (offset + bytes + kAlignment) / kAlignment * kAlignment;
  void *block = std::aligned_alloc(kAlignment, whole);
  if (!block)
    return nullptr;
  const uintptr_t data =
      (reinterpret_cast<uintptr_t>(block) | kMachineBit) + offset;
  std::lock_guard<std::mutex> lock(buffersMutex);
  buffers()[data] = bytes;
  return reinterpret_cast<void *>(data);
}

void emulation::deallocate(void *data) {
  {
    std::lock_guard<std::mutex> lock(buffersMutex);
    buffers().erase(reinterpret_cast<uintptr_t>(data));
  }
  const uintptr_t first = reinterpret_cast<uintptr_t>(hostOf(data));
  std::free(reinterpret_cast<void *>(first / kAlignment * kAlignment));
}

bool emulation::isBuffer(const void *address, size_t size) {
  const uintptr_t first = reinterpret_cast<uintptr_t>(address);
  std::lock_guard<std::mutex> lock(buffersMutex);
  auto found = buffers().upper_bound(first);
  return found != buffers().begin() &&
         first + size <= (--found)->first + found->second;
}

char *emulation::checkAccess(const void *address, size_t size,
                             const Place &place) {
  if (!machine.isAlone())
    throw Fault{"an access before the wait for the previous kernel, at " +
                describe(place)};
  if (reinterpret_cast<uintptr_t>(address) % size)
    throw Fault{"an access of " + std::to_string(size) +
                " bytes is not aligned, at " + describe(place)};
  if (!isBuffer(address, size))
    throw Fault{"an access of " + std::to_string(size) +
                " bytes is outside of all buffers, at " + describe(place)};
  return hostOf(address);
}

LaunchStatus commuter::rt::cuda::readLimits(DeviceLimits &limits) {
  limits = settings().limits;
  return {};
}

LaunchStatus commuter::rt::cuda::clearWord(void *address, void *stream) {
  return submit(stream, [=]() -> LaunchStatus {
    std::memset(hostOf(address), 0, sizeof(uint32_t));
    return {};
  });
}

//===----------------------------------------------------------------------===//
// Numbers
//===----------------------------------------------------------------------===//

// As the instructions cvt.rn.f16.f32 and cvt.rn.bf16.f32: of NaN there is one.
static constexpr uint32_t kNaN = 0x7fff;

void commuter::rt::cuda::unpackHalves(uint32_t word, float *v) {
  for (int i = 0; i < 2; ++i)
    v[i] = static_cast<float>(
        cts::fromHalf(static_cast<uint16_t>(word >> 16 * i)));
}

uint32_t commuter::rt::cuda::packHalves(const float *v) {
  uint32_t word = 0;
  for (int i = 0; i < 2; ++i)
    word |= (std::isnan(v[i]) ? kNaN : cts::toHalf(v[i])) << 16 * i;
  return word;
}

uint32_t commuter::rt::cuda::packBFloats(const float *v) {
  uint32_t word = 0;
  for (int i = 0; i < 2; ++i)
    word |= (std::isnan(v[i]) ? kNaN : cts::toBFloat(v[i])) << 16 * i;
  return word;
}
