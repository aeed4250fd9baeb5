//===- Execute.cpp --------------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Runs compiled programs on all ranks.
//
//===----------------------------------------------------------------------===//

#include "Execute.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/raw_ostream.h"

#include <atomic>
#include <chrono>
#include <ctime>
#include <set>
#include <thread>

using namespace mlir;
using namespace commuter;
using namespace commuter::run;

static int64_t nowNs() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

static int64_t threadCpuNs() {
  timespec time;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return time.tv_sec * int64_t(1000000000) + time.tv_nsec;
}

//===----------------------------------------------------------------------===//
// Calls
//===----------------------------------------------------------------------===//

namespace {

/// MLIR's memref descriptor: allocated, aligned, offset, sizes, strides.
class Descriptor {
public:
  static int64_t getWords(size_t rank) { return 3 + 2 * rank; }

  Descriptor(const Array &array) : words(getWords(array.shape.size())) {
    words[0] = words[1] = reinterpret_cast<int64_t>(array.data.data());
    size_t rank = array.shape.size();
    int64_t stride = 1;
    for (size_t d = rank; d-- > 0;) {
      words[3 + d] = array.shape[d];
      words[3 + rank + d] = stride;
      stride *= array.shape[d];
    }
  }
  void *data() { return words.data(); }

private:
  std::vector<int64_t> words;
};

/// One call of the entry: its packed arguments and the memory of its results.
class Call {
public:
  Call(const Signature &signature, const CompiledProgram &program,
       const std::vector<Array> &arguments)
      : signature(signature), program(program) {
    // Several results, or a memref, come back through a pointer to a struct.
    int64_t size = 0;
    for (const ValueInfo &info : signature.results) {
      int64_t align = info.isTensor ? 8 : info.width;
      size = llvm::alignTo(size, align);
      offsets.push_back(size);
      size += info.isTensor ? Descriptor::getWords(info.shape.size()) * 8
                            : info.width;
    }
    memory.resize(size / 8 + 1);
    resultPointer = memory.data();
    byPointer =
        signature.results.size() > 1 ||
        (signature.results.size() == 1 && signature.results[0].isTensor);
    if (byPointer)
      packed.push_back(&resultPointer);

    descriptors.reserve(arguments.size());
    pointers.reserve(arguments.size());
    for (auto [info, array] : llvm::zip_equal(signature.arguments, arguments)) {
      if (!info.isTensor) {
        packed.push_back(const_cast<char *>(array.data.data()));
        continue;
      }
      descriptors.emplace_back(array);
      pointers.push_back(descriptors.back().data());
      packed.push_back(&pointers.back());
    }
    if (!byPointer && !signature.results.empty())
      packed.push_back(resultPointer);
  }
  Call(const Call &) = delete;

  commuter_status_t run(commuter_context_t *context) {
    return commuter_context_run(
        context,
        [](void *self) {
          auto *call = static_cast<Call *>(self);
          call->program.entry(call->packed.data());
        },
        this);
  }

  /// Copies the results, if wanted, and frees their buffers.
  std::vector<Array> takeResults(bool wanted) {
    std::vector<Array> results;
    std::set<void *> buffers;
    for (auto [info, offset] : llvm::zip_equal(signature.results, offsets)) {
      char *at = reinterpret_cast<char *>(memory.data()) + offset;
      if (info.isTensor)
        buffers.insert(*reinterpret_cast<void **>(at));
      if (wanted)
        results.push_back(info.isTensor ? copyMemref(info, at)
                                        : Array{{}, {at, at + info.width}});
    }
    for (void *buffer : buffers)
      commuter_buffer_free(buffer);
    return results;
  }

private:
  static Array copyMemref(const ValueInfo &info, char *descriptor) {
    auto *words = reinterpret_cast<int64_t *>(descriptor);
    size_t rank = info.shape.size();
    Array array;
    array.shape.assign(words + 3, words + 3 + rank);
    array.data.resize(array.getNumElements() * info.width);
    // The function's boundary has the identity layout: the elements are dense.
    const char *data =
        reinterpret_cast<char *>(words[1]) + words[2] * info.width;
    std::copy_n(data, array.data.size(), array.data.data());
    return array;
  }

  const Signature &signature;
  const CompiledProgram &program;
  std::vector<int64_t> offsets;
  std::vector<uint64_t> memory;
  void *resultPointer;
  bool byPointer;
  std::vector<Descriptor> descriptors;
  std::vector<void *> pointers;
  std::vector<void *> packed;
};

//===----------------------------------------------------------------------===//
// Ranks
//===----------------------------------------------------------------------===//

/// The ranks of one version of the program.
class World {
public:
  ~World() {
    for (commuter_context_t *context : contexts)
      commuter_context_release(context);
    commuter_world_release(world);
  }

  LogicalResult create(const Signature &signature) {
    if (commuter_threads_world_create(signature.ranks, nullptr, &world) !=
        COMMUTER_OK)
      return fail(commuter_last_error());
    for (int64_t r = 0; r < signature.ranks; ++r) {
      commuter_context_t *context;
      if (commuter_context_create(world, r, "cpu", &context) != COMMUTER_OK)
        return fail(commuter_last_error());
      contexts.push_back(context);
      for (const Mesh &mesh : signature.meshes) {
        std::vector<const char *> axes;
        for (const std::string &axis : mesh.axes)
          axes.push_back(axis.c_str());
        if (commuter_context_add_mesh(context, mesh.name.c_str(), axes.size(),
                                      axes.data(),
                                      mesh.sizes.data()) != COMMUTER_OK)
          return fail(commuter_context_error(context));
      }
    }
    return success();
  }

  commuter_world_t *world = nullptr;
  std::vector<commuter_context_t *> contexts;
};

/// A line on stderr for runs that take long.
class Progress {
public:
  Progress(int64_t total)
      : total(total), isTerminal(llvm::sys::Process::StandardErrIsDisplayed()) {
  }
  ~Progress() {
    if (shown && isTerminal)
      llvm::errs() << "\r\033[K";
  }

  void show(int64_t done) {
    auto now = std::chrono::steady_clock::now();
    if (now < next)
      return;
    next = now + std::chrono::seconds(isTerminal ? 1 : 10);
    shown = true;
    llvm::errs() << (isTerminal ? "\r" : "") << "run " << done << " of "
                 << total << (isTerminal ? "" : "\n");
  }

private:
  int64_t total;
  bool isTerminal, shown = false;
  std::chrono::steady_clock::time_point next =
      std::chrono::steady_clock::now() + std::chrono::seconds(2);
};

} // namespace

static void recordEvent(void *user, const commuter_event_t *event) {
  static_cast<std::vector<TraceEvent> *>(user)->push_back(
      {event->name, event->group, StringRef(event->category) == "norm",
       event->start_ns, event->end_ns, event->bytes, event->rows});
}

FailureOr<std::vector<std::vector<RankRun>>>
run::execute(const Signature &signature, ArrayRef<CompiledProgram> programs,
             const std::vector<std::vector<Array>> &arguments,
             const ExecuteOptions &options) {
  const int64_t ranks = signature.ranks;
  std::vector<World> worlds(programs.size());
  for (World &world : worlds)
    if (failed(world.create(signature)))
      return failure();
  // Start each run together: the group of all ranks.
  std::string everyone;
  if (!signature.meshes.empty())
    everyone = signature.meshes[0].name + "[" +
               llvm::join(signature.meshes[0].axes, ",") + "]";

  std::vector<std::vector<RankRun>> runs(programs.size(),
                                         std::vector<RankRun>(ranks));
  std::vector<std::string> errors(ranks);
  std::vector<commuter_status_t> statuses(ranks, COMMUTER_OK);
  std::atomic<int64_t> done{0}, finished{0};
  const int64_t total = options.warmups + options.iterations;

  auto runRank = [&](int64_t r) -> commuter_status_t {
    std::vector<std::unique_ptr<Call>> calls;
    for (const CompiledProgram &program : programs)
      calls.push_back(std::make_unique<Call>(signature, program, arguments[r]));
    for (int64_t i = 0; i < total; ++i) {
      for (auto [p, call] : llvm::enumerate(calls)) {
        commuter_context_t *context = worlds[p].contexts[r];
        RankRun &run = runs[p][r];
        auto check = [&](commuter_status_t status) {
          if (status != COMMUTER_OK)
            errors[r] = commuter_context_error(context);
          return status;
        };
        if (!everyone.empty()) {
          commuter_group_t *group;
          if (auto s = check(
                  commuter_context_group(context, everyone.c_str(), &group)))
            return s;
          if (auto s = check(commuter_barrier(context, group)))
            return s;
        }
        bool isMeasured = i >= options.warmups;
        commuter_context_set_trace(
            context, options.trace && isMeasured ? recordEvent : nullptr,
            &run.trace);
        commuter_context_reset_stats(context);
        int64_t start = nowNs(), startCpu = threadCpuNs();
        if (auto s = check(call->run(context)))
          return s;
        int64_t end = nowNs(), endCpu = threadCpuNs();
        std::vector<Array> results = call->takeResults(i + 1 == total);
        commuter_stats_t stats;
        commuter_context_stats(context, &stats);
        if (isMeasured) {
          run.stats.push_back(stats);
          run.totalNs.push_back(end - start);
          run.cpuNs.push_back(endCpu - startCpu);
        }
        if (i + 1 == total)
          run.results = std::move(results);
        if (stats.live_buffers != 0) {
          errors[r] = "the program left " + std::to_string(stats.live_buffers) +
                      " buffers behind";
          commuter_world_abort(worlds[p].world, errors[r].c_str());
          return COMMUTER_INTERNAL;
        }
      }
      if (r == 0)
        ++done;
    }
    return COMMUTER_OK;
  };

  std::vector<std::thread> threads;
  for (int64_t r = 0; r < ranks; ++r)
    threads.emplace_back([&, r] {
      statuses[r] = runRank(r);
      ++finished;
    });
  {
    Progress progress(total);
    while (finished < ranks) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      progress.show(done);
    }
  }
  for (std::thread &thread : threads)
    thread.join();

  // The rank that failed first, rather than those that it took along.
  int64_t culprit = -1;
  for (int64_t r = 0; r < ranks; ++r)
    if (statuses[r] != COMMUTER_OK &&
        (culprit < 0 || statuses[culprit] == COMMUTER_RANK_LEFT))
      culprit = r;
  if (culprit >= 0)
    return fail("rank " + Twine(culprit) + ": " + errors[culprit]);
  return runs;
}
