//===- Report.cpp ---------------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a run ends with: the comparison, the table, JSON and the trace.
//
//===----------------------------------------------------------------------===//

#include "Report.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/JSON.h"

#include <cmath>
#include <limits>

using namespace llvm;
using namespace commuter;
using namespace commuter::run;
using namespace commuter::tools;

//===----------------------------------------------------------------------===//
// Comparison
//===----------------------------------------------------------------------===//

/// The larger of two errors: what is no number is larger than any.
static double getLarger(double a, double b) {
  return a <= b || std::isnan(b) ? b : a;
}

static double getLargestError(const Array &a, const Array &b,
                              const ValueInfo &info) {
  if (a.shape != b.shape)
    return std::numeric_limits<double>::infinity();
  double largest = 0;
  for (int64_t at = 0; at < a.size; at += info.width) {
    const char *left = a.data.get() + at, *right = b.data.get() + at;
    if (std::memcmp(left, right, info.width) == 0)
      continue;
    double error =
        std::fabs(decode(left, info.element) - decode(right, info.element));
    largest = getLarger(largest, error);
  }
  return largest;
}

std::vector<ResultComparison> run::compareResults(const Signature &signature,
                                                  const Version &a,
                                                  const Version &b) {
  std::vector<ResultComparison> comparison(signature.results.size());
  for (auto [i, result] : llvm::enumerate(comparison))
    for (auto [x, y] : llvm::zip_equal(a.ranks, b.ranks)) {
      if (x.results.empty())
        continue; // another process's
      const Array &left = x.results[i], &right = y.results[i];
      if (left.shape == right.shape && left.getBytes() == right.getBytes()) {
        ++result.exactRanks;
        continue;
      }
      double error = getLargestError(left, right, signature.results[i]);
      result.largestError = getLarger(result.largestError, error);
    }
  return comparison;
}

//===----------------------------------------------------------------------===//
// Other processes
//===----------------------------------------------------------------------===//

namespace {
/// Bytes for another process of this program.
class Packer {
public:
  template <typename T>
  void add(const T &value) {
    static_assert(std::is_trivially_copyable_v<T>);
    bytes.append(reinterpret_cast<const char *>(&value), sizeof(value));
  }
  void add(const std::string &text) { addList(text); }
  void add(const PartSummary &part) {
    addList(part.shape);
    addList(part.digest);
  }
  void add(const TraceEvent &event) {
    addList(event.name);
    addList(event.group);
    addList(event.location);
    add(event.isNorm);
    for (int64_t number : {event.startNs, event.endNs, event.bytes, event.rows})
      add(number);
  }
  template <typename List>
  void addList(const List &list) {
    add(list.size());
    for (const auto &entry : list)
      add(entry);
  }
  std::string bytes;
};

/// Takes apart what a Packer made.
class Unpacker {
public:
  explicit Unpacker(StringRef bytes) : bytes(bytes) {}

  template <typename T>
  void take(T &value) {
    std::memcpy(&value, bytes.data(), sizeof(value));
    bytes = bytes.drop_front(sizeof(value));
  }
  void take(PartSummary &part) {
    takeList(part.shape);
    takeList(part.digest);
  }
  void take(TraceEvent &event) {
    takeList(event.name);
    takeList(event.group);
    takeList(event.location);
    take(event.isNorm);
    for (int64_t *number :
         {&event.startNs, &event.endNs, &event.bytes, &event.rows})
      take(*number);
  }
  template <typename List>
  void takeList(List &list) {
    size_t size;
    take(size);
    list.resize(size);
    for (auto &entry : list)
      take(entry);
  }

private:
  StringRef bytes;
};
} // namespace

LogicalResult Report::gather(Job &job) {
  if (!job.isDistributed())
    return success();
  int64_t own = *job.getLocalRanks(signature.ranks).begin();
  Packer packer;
  for (const Version &version : versions) {
    const RankRun &run = version.ranks[own];
    packer.addList(run.summaries);
    packer.addList(run.stats);
    packer.addList(run.totalNs);
    packer.addList(run.cpuNs);
    packer.addList(run.trace);
  }
  if (comparison)
    packer.addList(*comparison);
  auto all = job.gather(packer.bytes);
  if (failed(all))
    return failure();
  for (auto [r, bytes] : llvm::enumerate(*all)) {
    if (int64_t(r) == own)
      continue;
    Unpacker unpacker(bytes);
    for (Version &version : versions) {
      RankRun &run = version.ranks[r];
      unpacker.takeList(run.summaries);
      unpacker.takeList(run.stats);
      unpacker.takeList(run.totalNs);
      unpacker.takeList(run.cpuNs);
      unpacker.takeList(run.trace);
    }
    if (!comparison)
      continue;
    std::vector<ResultComparison> theirs;
    unpacker.takeList(theirs);
    for (auto [ours, other] : llvm::zip_equal(*comparison, theirs)) {
      ours.exactRanks += other.exactRanks;
      ours.largestError = getLarger(ours.largestError, other.largestError);
    }
  }
  return success();
}

bool Report::agrees() const {
  return !comparison ||
         llvm::all_of(*comparison, [&](const ResultComparison &result) {
           return result.exactRanks == signature.ranks;
         });
}

//===----------------------------------------------------------------------===//
// Figures
//===----------------------------------------------------------------------===//

static double getMedian(std::vector<double> values) {
  if (values.empty())
    return 0;
  llvm::sort(values);
  size_t middle = values.size() / 2;
  return values.size() % 2 ? values[middle]
                           : (values[middle - 1] + values[middle]) / 2;
}

namespace {
enum class Over { Sum, Max };

struct Figures {
  /// Largest over the ranks: it is what bounds the time.
  int64_t normRows = 0, bytesReceived = 0, bytesCopied = 0, peakBytes = 0;
  int64_t collectives = 0;
  /// Medians over the iterations, in milliseconds. Phases are processor time,
  /// summed over the ranks: ranks that share a core do not count each other's
  /// work. Waiting is elapsed time, the total that of the slowest rank.
  double normMs, collectiveMs, otherMs, waitMs, totalMs;

  explicit Figures(const Version &version) {
    for (const RankRun &rank : version.ranks) {
      const commuter_stats_t &stats = rank.stats.back();
      normRows = std::max(normRows, stats.norm_rows);
      bytesReceived = std::max(bytesReceived, stats.bytes_received);
      bytesCopied = std::max(bytesCopied, stats.bytes_copied);
      peakBytes = std::max(peakBytes, stats.peak_bytes);
      collectives = std::max(collectives, stats.collective_count);
    }
    auto overRanks = [&](Over over, auto get) {
      std::vector<double> values;
      for (size_t i = 0; i < version.ranks[0].stats.size(); ++i) {
        double value = 0;
        for (const RankRun &rank : version.ranks) {
          double ms = get(rank, i) * 1e-6;
          value = over == Over::Sum ? value + ms : std::max(value, ms);
        }
        values.push_back(value);
      }
      return getMedian(std::move(values));
    };
    normMs = overRanks(Over::Sum, [](const RankRun &rank, size_t i) {
      return rank.stats[i].norm_cpu_ns;
    });
    collectiveMs = overRanks(Over::Sum, [](const RankRun &rank, size_t i) {
      return rank.stats[i].collective_cpu_ns;
    });
    // Of short norms the time that passed is taken for the processor's, though
    // another thread may have had the processor meanwhile.
    otherMs = overRanks(Over::Sum, [](const RankRun &rank, size_t i) {
      return std::max<int64_t>(0, rank.cpuNs[i] + rank.stats[i].worker_cpu_ns -
                                      rank.stats[i].norm_cpu_ns -
                                      rank.stats[i].collective_cpu_ns);
    });
    waitMs = overRanks(Over::Sum, [](const RankRun &rank, size_t i) {
      return rank.stats[i].wait_ns;
    });
    totalMs = overRanks(Over::Max, [](const RankRun &rank, size_t i) {
      return rank.totalNs[i];
    });
  }
};
} // namespace

//===----------------------------------------------------------------------===//
// Table
//===----------------------------------------------------------------------===//

static std::string describeMeshes(const Signature &signature) {
  std::string text;
  for (const Mesh &mesh : signature.meshes) {
    text += (text.empty() ? "@" : ", @") + mesh.name + "(";
    for (size_t i = 0; i < mesh.axes.size(); ++i)
      text += (i ? ", " : "") + mesh.axes[i] + " = " +
              std::to_string(mesh.sizes[i]);
    text += ")";
  }
  return text.empty() ? "no mesh" : text;
}

/// A column's head; the text of a pipeline is too long for one.
static std::string getTitle(const Version &version) {
  StringRef names[] = {"as written", "none", "commute", "optimize"};
  return llvm::is_contained(names, version.name) ? version.name : "pipeline";
}

void Report::printTable(llvm::raw_ostream &os) const {
  os << "@" << signature.entry << " on " << signature.ranks
     << (signature.ranks == 1 ? " rank, " : " ranks, ")
     << describeMeshes(signature) << ", " << device << ", " << transport << "; "
     << (versions[0].ranks[0].stats.size() == 1
             ? std::string("1 run")
             : "medians of " +
                   std::to_string(versions[0].ranks[0].stats.size()) + " runs")
     << "\n\n";
  std::vector<Figures> figures(versions.begin(), versions.end());
  bool isPair = figures.size() == 2;
  os << llvm::format("%-36s", "");
  for (const Version &version : versions)
    os << llvm::format(" %14s", getTitle(version).c_str());
  os << (isPair ? "   ratio\n" : "\n");
  auto row = [&](const char *name, auto get, auto print) {
    os << llvm::format("%-36s", name);
    for (const Figures &f : figures)
      os << llvm::format(" %14s", print(get(f)).c_str());
    if (isPair) {
      double before = get(figures[0]), after = get(figures[1]);
      if (before != 0)
        os << llvm::format("  %6.3f", after / before);
      else
        os << "       -";
    }
    os << '\n';
  };
  auto count = [](int64_t value) { return std::to_string(value); };
  auto ms = [](double value) {
    char text[32];
    std::snprintf(text, sizeof(text), "%.3f ms", value);
    return std::string(text);
  };
  row("norm rows per rank", [](auto &f) { return f.normRows; }, count);
  row(
      "bytes received per rank", [](auto &f) { return f.bytesReceived; },
      count);
  row("bytes copied per rank", [](auto &f) { return f.bytesCopied; }, count);
  row("collectives per rank", [](auto &f) { return f.collectives; }, count);
  row("norms, processor time, all ranks", [](auto &f) { return f.normMs; }, ms);
  row("collectives, likewise", [](auto &f) { return f.collectiveMs; }, ms);
  row("everything else, likewise", [](auto &f) { return f.otherMs; }, ms);
  row("waiting, elapsed, all ranks", [](auto &f) { return f.waitMs; }, ms);
  row("total, elapsed, slowest rank", [](auto &f) { return f.totalMs; }, ms);

  if (!comparison)
    return;
  os << '\n';
  int64_t ranks = signature.ranks;
  if (agrees()) {
    os << comparison->size()
       << (comparison->size() == 1 ? " result: " : " results: ")
       << "bit-exact on " << ranks << "/" << ranks << " ranks\n";
    return;
  }
  for (auto [i, result] : llvm::enumerate(*comparison)) {
    os << "result " << i << ": bit-exact on " << result.exactRanks << "/"
       << ranks << " ranks";
    if (result.exactRanks != ranks)
      os << ", largest error " << llvm::format("%g", result.largestError);
    os << '\n';
  }
}

//===----------------------------------------------------------------------===//
// JSON
//===----------------------------------------------------------------------===//

void Report::printJSON(llvm::raw_ostream &os) const {
  llvm::json::OStream json(os, /*IndentSize=*/2);
  json.object([&] {
    json.attribute("entry", llvm::json::fixUTF8(signature.entry));
    json.attribute("ranks", signature.ranks);
    json.attribute("device", device);
    json.attribute("transport", transport);
    json.attributeArray("meshes", [&] {
      for (const Mesh &mesh : signature.meshes)
        json.object([&] {
          json.attribute("name", llvm::json::fixUTF8(mesh.name));
          json.attributeArray("axes", [&] {
            for (const std::string &axis : mesh.axes)
              json.value(llvm::json::fixUTF8(axis));
          });
          json.attribute("sizes", llvm::json::Array(mesh.sizes));
        });
    });
    json.attributeArray("versions", [&] {
      for (const Version &version : versions) {
        Figures figures(version);
        auto perRank = [&](const char *name, int64_t commuter_stats_t::*field) {
          json.attributeArray(name, [&] {
            for (const RankRun &rank : version.ranks)
              json.value(rank.stats.back().*field);
          });
        };
        json.object([&] {
          json.attribute("name", llvm::json::fixUTF8(version.name));
          json.attribute("runs", int64_t(version.ranks[0].stats.size()));
          json.attribute("compile_ms", version.compileNs * 1e-6);
          json.attribute("norm_ms", figures.normMs);
          json.attribute("collective_ms", figures.collectiveMs);
          json.attribute("other_ms", figures.otherMs);
          json.attribute("wait_ms", figures.waitMs);
          json.attribute("total_ms", figures.totalMs);
          perRank("norm_rows", &commuter_stats_t::norm_rows);
          perRank("bytes_received", &commuter_stats_t::bytes_received);
          perRank("bytes_copied", &commuter_stats_t::bytes_copied);
          perRank("collectives", &commuter_stats_t::collective_count);
          perRank("peak_bytes", &commuter_stats_t::peak_bytes);
        });
      }
    });
    if (!comparison)
      return;
    json.attribute("agrees", agrees());
    json.attributeArray("results", [&] {
      for (const ResultComparison &result : *comparison)
        json.object([&] {
          json.attribute("bit_exact", result.exactRanks == signature.ranks);
          json.attribute("exact_ranks", result.exactRanks);
          // JSON has neither infinity nor NaN.
          if (std::isfinite(result.largestError))
            json.attribute("largest_error", result.largestError);
          else
            json.attribute("largest_error", nullptr);
        });
    });
  });
  os << '\n';
}

//===----------------------------------------------------------------------===//
// Trace
//===----------------------------------------------------------------------===//

void Report::printTrace(llvm::raw_ostream &os) const {
  llvm::json::OStream json(os);
  auto metadata = [&](const char *name, int64_t process, int64_t thread,
                      const std::string &value) {
    json.object([&] {
      json.attribute("name", name);
      json.attribute("ph", "M");
      json.attribute("pid", process);
      json.attribute("tid", thread);
      json.attributeObject(
          "args", [&] { json.attribute("name", llvm::json::fixUTF8(value)); });
    });
  };
  json.object([&] {
    json.attribute("displayTimeUnit", "ms");
    json.attributeArray("traceEvents", [&] {
      for (auto [p, version] : llvm::enumerate(versions)) {
        metadata("process_name", p, 0, version.name);
        for (auto [r, rank] : llvm::enumerate(version.ranks)) {
          metadata("thread_name", p, r, "rank " + std::to_string(r));
          for (const TraceEvent &event : rank.trace)
            json.object([&] {
              json.attribute("name", event.name);
              json.attribute("cat", event.isNorm ? "norm" : "collective");
              json.attribute("ph", "X");
              json.attribute("pid", int64_t(p));
              json.attribute("tid", int64_t(r));
              json.attribute("ts", event.startNs * 1e-3);
              json.attribute("dur", (event.endNs - event.startNs) * 1e-3);
              json.attributeObject("args", [&] {
                json.attribute("bytes", event.bytes);
                if (event.isNorm)
                  json.attribute("rows", event.rows);
                else
                  json.attribute("group", event.group);
                if (!event.location.empty())
                  json.attribute("location", event.location);
              });
            });
        }
      }
    });
  });
  os << '\n';
}
