//===- Execute.cpp --------------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Runs models on all ranks.
//
//===----------------------------------------------------------------------===//

#include "Execute.h"
#include "Threads.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MemAlloc.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/raw_ostream.h"

#include <chrono>
#include <condition_variable>
#include <ctime>
#include <deque>
#include <mutex>
#include <optional>

using namespace llvm;
using namespace commuter;
using namespace commuter::run;
using namespace commuter::tools;
using Clock = std::chrono::steady_clock;

/// How much longer than a collective's deadline a rank may take to notice that
/// another has failed.
static constexpr std::chrono::seconds kGrace(2);

static int64_t threadCpuNs() {
  timespec time;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return time.tv_sec * int64_t(1000000000) + time.tv_nsec;
}

//===----------------------------------------------------------------------===//
// World
//===----------------------------------------------------------------------===//

namespace {
/// The ranks of one model.
class World {
public:
  explicit World(Job &job) : job(job) {}
  World(const World &) = delete;
  ~World() {
    for (commuter_context_t *context : contexts)
      commuter_context_release(context);
    if (world)
      job.releaseWorld(world);
  }

  /// Returns what went wrong, or nothing.
  std::string create(const Signature &signature, const std::string &device);

  commuter_world_t *world = nullptr;
  std::vector<commuter_context_t *> contexts; // null: in another process

private:
  Job &job;
};
} // namespace

std::string World::create(const Signature &signature,
                          const std::string &device) {
  if (job.createWorld(signature.ranks, &world) != COMMUTER_OK)
    return commuter_last_error();
  contexts.resize(signature.ranks);
  for (int64_t r : job.getLocalRanks(signature.ranks)) {
    commuter_context_t *&context = contexts[r];
    if (commuter_context_create(world, r, device.c_str(), &context) !=
        COMMUTER_OK)
      return commuter_last_error();
    for (const Mesh &mesh : signature.meshes) {
      auto axes = map_to_vector(
          mesh.axes, [](const std::string &axis) { return axis.c_str(); });
      if (commuter_context_add_mesh(context, mesh.name.c_str(), axes.size(),
                                    axes.data(),
                                    mesh.sizes.data()) != COMMUTER_OK)
        return commuter_context_error(context);
    }
  }
  return "";
}

//===----------------------------------------------------------------------===//
// Arguments and results
//===----------------------------------------------------------------------===//

namespace {
/// A rank's arguments as the runtime takes them.
class ArgumentViews {
public:
  /// The arguments must outlive this.
  ArgumentViews(const Signature &signature, ArrayRef<Array> arguments) {
    for (auto [info, array] : zip_equal(signature.arguments, arguments)) {
      int32_t rank = array.shape.size();
      std::vector<int64_t> &stride = strides.emplace_back(rank, 1);
      for (int32_t d = rank - 1; d-- > 0;)
        stride[d] = stride[d + 1] * array.shape[d + 1];
      views.push_back({array.data.get(), info.element.dtype, rank,
                       array.shape.data(), stride.data()});
    }
  }
  ArgumentViews(const ArgumentViews &) = delete;
  ~ArgumentViews() {
    for (void *copy : copies)
      commuter_buffer_free(copy);
  }
  ArrayRef<commuter_view_t> get() const { return views; }

  /// Makes them views of copies in the memory of the context's device.
  commuter_status_t copyTo(commuter_context_t *context,
                           const Signature &signature,
                           ArrayRef<Array> arguments);

private:
  std::deque<std::vector<int64_t>> strides; // addresses stay
  std::vector<commuter_view_t> views;
  std::vector<void *> copies;
};
} // namespace

/// True for what is in the memory of a device that has some.
static bool isOfDevice(const ValueInfo &info) {
  return info.isTensor && !info.element.isIndex();
}

commuter_status_t ArgumentViews::copyTo(commuter_context_t *context,
                                        const Signature &signature,
                                        ArrayRef<Array> arguments) {
  for (auto [info, array, view] :
       zip_equal(signature.arguments, arguments, views)) {
    if (!isOfDevice(info))
      continue;
    commuter_status_t status =
        commuter_buffer_alloc(context, array.size, &view.data);
    if (status != COMMUTER_OK)
      return status;
    copies.push_back(view.data);
    status =
        commuter_buffer_write(context, view.data, array.data.get(), array.size);
    if (status != COMMUTER_OK)
      return status;
  }
  return COMMUTER_OK;
}

/// Arrays that share what `owner` holds, or copies of what the host cannot
/// read.
static commuter_status_t
takeResults(const std::shared_ptr<commuter_results_t> &owner,
            const Signature &signature, commuter_context_t *context,
            bool isHost, std::vector<Array> &arrays) {
  for (auto [i, info] : enumerate(signature.results)) {
    const commuter_view_t *view = commuter_results_get(owner.get(), i);
    std::vector<int64_t> shape(view->sizes, view->sizes + view->rank);
    int64_t size = *getNumBytes(shape, info.width);
    std::shared_ptr<char> data(owner, static_cast<char *>(view->data));
    if (!isHost && isOfDevice(info)) {
      data = {static_cast<char *>(safe_malloc(size)), std::free};
      commuter_status_t status =
          commuter_buffer_read(context, view->data, data.get(), size);
      if (status != COMMUTER_OK)
        return status;
    }
    arrays.push_back({std::move(shape), std::move(data), size});
  }
  return COMMUTER_OK;
}

//===----------------------------------------------------------------------===//
// Progress
//===----------------------------------------------------------------------===//

namespace {
/// A line on stderr for runs that take long.
class Progress {
public:
  explicit Progress(int64_t total)
      : total(total), isTerminal(sys::Process::StandardErrIsDisplayed()) {}
  ~Progress() {
    if (shown && isTerminal)
      errs() << "\r\033[K";
  }

  void show(int64_t done) {
    Clock::time_point now = Clock::now();
    if (now < next)
      return;
    next = now + std::chrono::seconds(isTerminal ? 1 : 10);
    shown = true;
    errs() << (isTerminal ? "\r" : "") << "run " << done << " of " << total
           << (isTerminal ? "" : "\n");
  }

private:
  int64_t total;
  bool isTerminal, shown = false;
  Clock::time_point next = Clock::now() + std::chrono::seconds(2);
};
} // namespace

//===----------------------------------------------------------------------===//
// Execution
//===----------------------------------------------------------------------===//

namespace {
/// How a rank ended.
struct Outcome {
  commuter_status_t status = COMMUTER_OK;
  std::string error;
  bool ended = false;
};

class Execution {
public:
  Execution(Job &job, const Signature &signature, ArrayRef<Model> models,
            const std::vector<std::vector<Array>> &arguments,
            const ExecuteOptions &options)
      : job(job), signature(signature), models(models), arguments(arguments),
        options(options), ranks(signature.ranks),
        localRanks(job.getLocalRanks(ranks)),
        total(options.warmups + options.iterations), outcomes(ranks) {}

  FailureOr<std::vector<std::vector<RankRun>>> run();

private:
  LogicalResult create();
  LogicalResult create(World &world);
  void end(int64_t rank, Outcome outcome);
  bool waitForRanks();
  LogicalResult reportFault();

  // On the rank's thread.
  Outcome runRank(int64_t rank);
  void setDone(int64_t iterations);
  Outcome meet(size_t model, int64_t rank);
  Outcome runOnce(size_t model, int64_t rank,
                  ArrayRef<commuter_view_t> arguments, int64_t iteration);

  Job &job;
  const Signature &signature;
  ArrayRef<Model> models;
  const std::vector<std::vector<Array>> &arguments;
  const ExecuteOptions &options;
  const int64_t ranks;
  const iota_range<int64_t> localRanks;
  const int64_t total;
  const bool isHost = options.device == "cpu";
  std::deque<World> worlds;    // addresses stay
  std::optional<World> inputs; // of the arguments in the device's memory
  std::string everyone;        // the group of all ranks; "" if there is no mesh
  std::vector<std::vector<RankRun>> runs;

  std::mutex mutex;
  std::condition_variable changed;
  // Guarded by the mutex.
  std::vector<Outcome> outcomes;
  int64_t ended = 0, done = 0;
  bool hasFailed = false;
};
} // namespace

LogicalResult Execution::create(World &world) {
  std::string error = world.create(signature, options.device);
  if (error.empty())
    return success();
  // Ranks of other processes would wait for this one's.
  std::string message =
      ("rank " + Twine(*localRanks.begin()) + " failed: " + error).str();
  for (World &created : worlds)
    if (created.world)
      commuter_world_abort(created.world, message.c_str());
  return fail(error);
}

LogicalResult Execution::create() {
  for (size_t i = 0; i < models.size(); ++i)
    if (failed(create(worlds.emplace_back(job))))
      return failure();
  // Of its own, so that programs do not answer for the arguments' memory.
  if (!isHost && failed(create(inputs.emplace(job))))
    return failure();
  if (!signature.meshes.empty())
    everyone = signature.meshes[0].name + "[" +
               join(signature.meshes[0].axes, ",") + "]";
  runs.assign(models.size(), std::vector<RankRun>(ranks));
  return success();
}

static void recordEvent(void *user, const commuter_event_t *event) {
  static_cast<std::vector<TraceEvent> *>(user)->push_back(
      {event->name, event->group, event->location ? event->location : "",
       StringRef(event->category) == "norm", event->start_ns, event->end_ns,
       event->bytes, event->rows});
}

static Outcome makeOutcome(commuter_context_t *context,
                           commuter_status_t status) {
  if (status == COMMUTER_OK)
    return {};
  return {status, commuter_context_error(context)};
}

/// Waits for all ranks: runs start together, and a rank that never ends makes
/// the others fail in time.
Outcome Execution::meet(size_t model, int64_t rank) {
  if (everyone.empty())
    return {};
  commuter_context_t *context = worlds[model].contexts[rank];
  commuter_group_t *group;
  commuter_status_t status =
      commuter_context_group(context, everyone.c_str(), &group);
  if (status == COMMUTER_OK)
    status = commuter_barrier(context, group);
  return makeOutcome(context, status);
}

Outcome Execution::runOnce(size_t model, int64_t rank,
                           ArrayRef<commuter_view_t> arguments,
                           int64_t iteration) {
  commuter_context_t *context = worlds[model].contexts[rank];
  RankRun &run = runs[model][rank];
  bool isMeasured = iteration >= options.warmups;
  commuter_context_set_trace(
      context, options.trace && isMeasured ? recordEvent : nullptr, &run.trace);
  commuter_context_reset_stats(context);
  commuter_results_t *results;
  Clock::time_point start = Clock::now();
  int64_t startCpu = threadCpuNs();
  if (commuter_status_t status = commuter_model_run(
          context, models[model].get(), arguments.data(), &results);
      status != COMMUTER_OK)
    return makeOutcome(context, status);
  std::shared_ptr<commuter_results_t> owner(results, commuter_results_release);
  if (commuter_status_t status = commuter_context_synchronize(context);
      status != COMMUTER_OK)
    return makeOutcome(context, status);
  int64_t cpuNs = threadCpuNs() - startCpu;
  int64_t totalNs = (Clock::now() - start) / std::chrono::nanoseconds(1);
  commuter_context_set_trace(context, nullptr, nullptr);
  if (isMeasured) {
    run.stats.emplace_back();
    commuter_context_stats(context, &run.stats.back());
    run.totalNs.push_back(totalNs);
    run.cpuNs.push_back(cpuNs);
  }
  if (iteration + 1 < total)
    return {};
  return makeOutcome(
      context, takeResults(owner, signature, context, isHost, run.results));
}

Outcome Execution::runRank(int64_t rank) {
  ArgumentViews views(signature, arguments[rank]);
  if (!isHost) {
    commuter_context_t *context = inputs->contexts[rank];
    Outcome outcome =
        makeOutcome(context, views.copyTo(context, signature, arguments[rank]));
    if (outcome.status != COMMUTER_OK)
      return outcome;
  }
  Outcome outcome = meet(0, rank);
  for (int64_t i = 0; i < total; ++i) {
    for (size_t m = 0; m < models.size(); ++m) {
      if (outcome.status != COMMUTER_OK)
        return outcome;
      if (m == 0 && rank == *localRanks.begin())
        setDone(i);
      outcome = runOnce(m, rank, views.get(), i);
      // In the model's own world, where a rank that has left a collective out
      // meets those that wait in it.
      if (outcome.status == COMMUTER_OK)
        outcome = meet(m, rank);
    }
  }
  return outcome;
}

/// For the progress: so many iterations are behind all ranks.
void Execution::setDone(int64_t iterations) {
  std::lock_guard<std::mutex> lock(mutex);
  done = iterations;
}

/// Takes note of how a rank ended; if it failed, the others are told in every
/// world, wherever they are.
void Execution::end(int64_t rank, Outcome outcome) {
  bool isFailure = outcome.status != COMMUTER_OK;
  if (isFailure)
    for (World &world : worlds)
      commuter_world_abort(
          world.world,
          ("rank " + Twine(rank) + " failed: " + outcome.error).str().c_str());
  std::lock_guard<std::mutex> lock(mutex);
  outcome.ended = true;
  outcomes[rank] = std::move(outcome);
  ++ended;
  hasFailed |= isFailure;
  changed.notify_all();
}

/// False if a rank has failed and another does not stop.
bool Execution::waitForRanks() {
  std::optional<Progress> progress;
  if (job.isLeader())
    progress.emplace(total);
  int64_t local = localRanks.size();
  std::unique_lock<std::mutex> lock(mutex);
  std::optional<Clock::time_point> deadline;
  while (ended < local) {
    Clock::time_point now = Clock::now();
    if (hasFailed && !deadline)
      deadline = now + std::chrono::milliseconds(options.timeoutMs) + kGrace;
    if (deadline && now >= *deadline)
      return false;
    changed.wait_for(lock, std::chrono::milliseconds(100));
    if (progress)
      progress->show(done);
  }
  return true;
}

/// The message of the rank that failed first, rather than of those that it took
/// along, and the ranks that still run.
LogicalResult Execution::reportFault() {
  std::lock_guard<std::mutex> lock(mutex);
  int64_t culprit = -1;
  std::string running;
  for (int64_t r : localRanks) {
    const Outcome &outcome = outcomes[r];
    if (!outcome.ended)
      running += (running.empty() ? "; did not stop: rank " : ", rank ") +
                 std::to_string(r);
    if (outcome.status != COMMUTER_OK &&
        (culprit < 0 || outcomes[culprit].status == COMMUTER_RANK_LEFT))
      culprit = r;
  }
  if (culprit < 0)
    return success();
  // A process of one rank names it anyway.
  std::string name =
      job.isDistributed() ? "" : "rank " + std::to_string(culprit) + ": ";
  return fail(name + outcomes[culprit].error + running);
}

FailureOr<std::vector<std::vector<RankRun>>> Execution::run() {
  if (failed(create()))
    return failure();
  RankThreads threads;
  for (int64_t r : localRanks) {
    std::error_code error = threads.start(r, [this, r] { end(r, runRank(r)); });
    if (error)
      end(r, {COMMUTER_INTERNAL, "cannot start a thread: " + error.message()});
  }
  bool haveEnded = waitForRanks();
  LogicalResult result = reportFault();
  // The ranks that still run use all there is here: nothing may be destroyed.
  if (!haveEnded)
    leave();
  threads.join();
  if (failed(result))
    return failure();
  for (std::vector<RankRun> &ofProgram : runs)
    for (int64_t r : localRanks)
      for (auto [info, part] :
           zip_equal(signature.results, ofProgram[r].results))
        ofProgram[r].summaries.push_back(summarizePart(info, part));
  return std::move(runs);
}

FailureOr<std::vector<std::vector<RankRun>>>
run::execute(Job &job, const Signature &signature, ArrayRef<Model> models,
             const std::vector<std::vector<Array>> &arguments,
             const ExecuteOptions &options) {
  return Execution(job, signature, models, arguments, options).run();
}
