//===- Collectives.cpp ----------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// commuter-bench-collectives: the runtime's collectives in turn with what they
// are measured against, in one process or job. benchmarks/README.md says how
// the figures are taken; collectives.py runs this and writes the tables.
//
//===----------------------------------------------------------------------===//

#include "commuter_rt.h"

#include <algorithm>
#include <barrier>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#if COMMUTER_HAS_MPI
#include <mpi.h>
#endif

namespace {

[[noreturn]] void die(const std::string &message) {
  std::fprintf(stderr, "commuter-bench-collectives: %s\n", message.c_str());
  std::exit(1);
}

void check(commuter_status_t status) {
  if (status != COMMUTER_OK)
    die(commuter_last_error());
}

int64_t nowNs() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

struct Options {
  std::string transport = "threads";
  int ranks = 2;
  int64_t budgetMs = 1000; // for one line of a table
  std::vector<int64_t> sizes{1 << 10, 16 << 10, 256 << 10, 4 << 20, 64 << 20};
};

/// How the ranks meet outside of the runtime, so that all begin at once and
/// their times come together.
class Meeting {
public:
  virtual ~Meeting() = default;
  virtual void wait() = 0;
  /// The largest of the ranks' values, on all ranks.
  virtual int64_t max(int rank, int64_t value) = 0;
};

class ThreadMeeting final : public Meeting {
public:
  explicit ThreadMeeting(int ranks) : barrier(ranks), values(ranks) {}
  void wait() override { barrier.arrive_and_wait(); }
  int64_t max(int rank, int64_t value) override {
    values[rank] = value;
    wait();
    int64_t most = *std::max_element(values.begin(), values.end());
    wait();
    return most;
  }

private:
  std::barrier<> barrier;
  std::vector<int64_t> values;
};

#if COMMUTER_HAS_MPI
class MpiMeeting final : public Meeting {
public:
  void wait() override { MPI_Barrier(MPI_COMM_WORLD); }
  int64_t max(int, int64_t value) override {
    int64_t most;
    MPI_Allreduce(&value, &most, 1, MPI_INT64_T, MPI_MAX, MPI_COMM_WORLD);
    return most;
  }
};
#endif

/// A dense row of elements, and the view of it.
class Row {
public:
  Row(commuter_dtype_t type, void *data, int64_t elements)
      : sizes{elements}, strides{1}, view{data, type, 1, sizes, strides} {}
  Row(const Row &) = delete;

private:
  int64_t sizes[1], strides[1];

public:
  const commuter_view_t view;
};

/// What is timed: `count` calls of it, one after the other.
using Contender = std::function<void(int64_t count)>;

/// One rank.
class Runner {
public:
  Runner(const Options &options, commuter_world_t *world, int rank, int ranks,
         Meeting &meeting, std::vector<char *> &inputs)
      : options(options), rank(rank), ranks(ranks), meeting(meeting),
        inputs(inputs) {
    check(commuter_context_create(world, rank, "cpu", &context));
    const char *axis = "dp";
    int64_t size = ranks;
    check(commuter_context_add_mesh(context, "mesh", 1, &axis, &size));
    check(commuter_context_group(context, "mesh[dp]", &group));
  }
  ~Runner() { commuter_context_release(context); }

  void run() {
    time("barrier", 0,
         {each([&] { check(commuter_barrier(context, group)); }),
          each([&] { meeting.wait(); })});
    for (int64_t bytes : options.sizes)
      runSize(bytes);
  }

private:
  void runSize(int64_t bytes) {
    struct alignas(64) Line {
      char bytes[64];
    };
    std::vector<Line> input(bytes / 64), output(bytes / 64 * ranks);
    inputs[rank] = input.data()->bytes;
    gather(bytes, input.data()->bytes, output.data()->bytes);
    for (commuter_dtype_t type : {COMMUTER_F32, COMMUTER_BF16})
      reduce(type, bytes, input.data()->bytes, output.data()->bytes);
  }

  void gather(int64_t bytes, char *input, char *output) {
    const Row part(COMMUTER_I8, input, bytes);
    const Row slot(COMMUTER_I8, output + rank * bytes, bytes);
    const Row whole(COMMUTER_I8, output, bytes * ranks);
    auto ours = [&](const Row &from, const commuter_view_t *extents) {
      return each([&, extents] {
        check(commuter_all_gather(context, group, &from.view, &whole.view, 0,
                                  extents));
      });
    };
    std::vector<int64_t> counts(ranks, bytes);
    const Row extents(COMMUTER_I64, counts.data(), ranks);
    if (!isThreads()) {
#if COMMUTER_HAS_MPI
      int n = static_cast<int>(bytes);
      std::vector<int> sizes(ranks, n), places(ranks);
      for (int r = 0; r < ranks; ++r)
        places[r] = r * n;
      time("all_gather", bytes, {ours(part, nullptr), each([&] {
                                   MPI_Allgather(input, n, MPI_BYTE, output, n,
                                                 MPI_BYTE, MPI_COMM_WORLD);
                                 })});
      time("all_gather in place", bytes,
           {ours(slot, nullptr), each([&] {
              MPI_Allgather(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, output, n,
                            MPI_BYTE, MPI_COMM_WORLD);
            })});
      time("all_gather of extents", bytes,
           {ours(part, &extents.view), each([&] {
              MPI_Allgatherv(input, n, MPI_BYTE, output, sizes.data(),
                             places.data(), MPI_BYTE, MPI_COMM_WORLD);
            })});
#endif
      return;
    }
    auto copy = [&](int first) {
      return [=, this] {
        for (int k = first; k < ranks; ++k) {
          int from = (rank + k) % ranks;
          std::memcpy(output + from * bytes, inputs[from], bytes);
        }
      };
    };
    time("all_gather", bytes,
         {ours(part, nullptr), each(copy(0)), eachMet(copy(0))});
    time("all_gather in place", bytes,
         {ours(slot, nullptr), each(copy(1)), eachMet(copy(1))});
  }

  /// Of inputs of `bytes`: the least that memory has to move is to read each
  /// input once and to write each output once.
  void reduce(commuter_dtype_t type, int64_t bytes, char *input, char *output) {
    int64_t elements = bytes / static_cast<int64_t>(commuter_dtype_size(type));
    std::string name = commuter_dtype_string(type);
    const Row whole(type, input, elements), same(type, output, elements);
    const Row part(type, output, elements / ranks);
    Contender scatter = each([&] {
      check(commuter_reduce_scatter(context, group, COMMUTER_SUM, &whole.view,
                                    &part.view, 0));
    });
    Contender all = each([&] {
      check(commuter_all_reduce(context, group, COMMUTER_SUM, &whole.view,
                                &same.view));
    });
    if (!isThreads()) {
#if COMMUTER_HAS_MPI
      if (type != COMMUTER_F32)
        return;
      int n = static_cast<int>(elements);
      time("reduce_scatter f32", bytes,
           {scatter, each([&] {
              MPI_Reduce_scatter_block(input, output, n / ranks, MPI_FLOAT,
                                       MPI_SUM, MPI_COMM_WORLD);
            })});
      time("all_reduce f32", bytes, {all, each([&] {
                                       MPI_Allreduce(input, output, n,
                                                     MPI_FLOAT, MPI_SUM,
                                                     MPI_COMM_WORLD);
                                     })});
#endif
      return;
    }
    // A copy of n bytes moves 2 n.
    auto copy = [&](int64_t n) {
      return [=, this] { std::memcpy(output, inputs[(rank + 1) % ranks], n); };
    };
    int64_t traffic = (bytes + bytes / ranks) / 2;
    time("reduce_scatter " + name, bytes,
         {scatter, each(copy(traffic)), eachMet(copy(traffic))});
    time("all_reduce " + name, bytes,
         {all, each(copy(bytes)), eachMet(copy(bytes))});
  }

  template <typename Call>
  static Contender each(Call call) {
    return [call](int64_t count) {
      for (int64_t i = 0; i < count; ++i)
        call();
    };
  }

  /// Nobody may read before all have written, nor write before all have read.
  template <typename Call>
  Contender eachMet(Call call) {
    return each([call, this] {
      meeting.wait();
      call();
      meeting.wait();
    });
  }

  bool isThreads() const { return options.transport == "threads"; }

  /// From when the first rank begins to when the last one ends. -> ns.
  int64_t measure(const Contender &contender, int64_t count) {
    meeting.wait();
    int64_t start = nowNs();
    contender(count);
    int64_t end = nowNs();
    return meeting.max(rank, end) + meeting.max(rank, -start);
  }

  void time(const std::string &name, int64_t bytes,
            const std::vector<Contender> &contenders) {
    // Every rank counts alike: the times are those of all.
    int64_t once = 0;
    for (int warm = 0; warm < 2; ++warm) {
      once = 0;
      for (const Contender &contender : contenders)
        once += measure(contender, 1);
    }
    const int64_t budget = options.budgetMs * 1000000;
    int64_t rounds = std::clamp<int64_t>(budget / once, 5, 25);
    int64_t count = std::clamp<int64_t>(budget / rounds / once, 1, 500);
    std::vector<std::vector<int64_t>> times(contenders.size());
    for (int64_t round = 0; round < rounds; ++round)
      for (size_t i = 0; i < contenders.size(); ++i) {
        size_t c = (i + round) % contenders.size();
        times[c].push_back(measure(contenders[c], count) / count);
      }
    if (commuter_context_error(context)[0])
      die(commuter_context_error(context));
    if (rank != 0)
      return;
    std::printf("%s\t%lld", name.c_str(), static_cast<long long>(bytes));
    for (const std::vector<int64_t> &series : times) {
      std::printf("\t");
      for (size_t i = 0; i < series.size(); ++i)
        std::printf("%s%lld", i ? "," : "", static_cast<long long>(series[i]));
    }
    std::printf("\n");
    std::fflush(stdout);
  }

  const Options &options;
  const int rank, ranks;
  Meeting &meeting;
  std::vector<char *> &inputs; // by rank; of threads
  commuter_context_t *context = nullptr;
  commuter_group_t *group = nullptr;
};

void runThreads(const Options &options) {
  commuter_world_t *world;
  check(commuter_threads_world_create(options.ranks, nullptr, &world));
  ThreadMeeting meeting(options.ranks);
  std::vector<char *> inputs(options.ranks);
  std::vector<std::thread> threads;
  for (int rank = 0; rank < options.ranks; ++rank)
    threads.emplace_back([&, rank] {
      Runner(options, world, rank, options.ranks, meeting, inputs).run();
    });
  for (std::thread &thread : threads)
    thread.join();
  commuter_world_release(world);
}

#if COMMUTER_HAS_MPI
/// In a job of MPI, also where the transport is tcp: both are measured against
/// the same.
void runProcesses(const Options &options) {
  const bool isTcp = options.transport == "tcp";
  int32_t rank, ranks;
  check(commuter_mpi_init(&rank, &ranks));
  if (isTcp)
    check(commuter_tcp_init(&rank, &ranks));
  commuter_world_t *world;
  check((isTcp ? commuter_tcp_world_create
               : commuter_mpi_world_create)(ranks, nullptr, &world));
  MpiMeeting meeting;
  std::vector<char *> inputs(ranks);
  Runner(options, world, rank, ranks, meeting, inputs).run();
  commuter_world_release(world);
  if (isTcp)
    check(commuter_tcp_finalize(10000));
  check(commuter_mpi_finalize(10000));
}
#endif

} // namespace

int main(int argc, char **argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    auto value = [&](const char *name) -> const char * {
      size_t length = std::strlen(name);
      return std::strncmp(argv[i], name, length) == 0 ? argv[i] + length
                                                      : nullptr;
    };
    if (const char *text = value("--transport=")) {
      options.transport = text;
    } else if (const char *text = value("--ranks=")) {
      options.ranks = std::atoi(text);
    } else if (const char *text = value("--budget-ms=")) {
      options.budgetMs = std::atoll(text);
    } else if (const char *text = value("--bytes=")) {
      options.sizes.clear();
      for (char *next; *text; text = *next ? next + 1 : next)
        options.sizes.push_back(std::strtoll(text, &next, 10));
    } else {
      die(std::string("unknown option ") + argv[i]);
    }
  }
  if (options.transport == "threads") {
    runThreads(options);
    return 0;
  }
#if COMMUTER_HAS_MPI
  runProcesses(options);
  return 0;
#else
  die("built without MPI");
#endif
}
