//===- Harness.h ------------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Test support: backends to run on, tensors of any type and layout, and worlds,
// whose ranks are threads of this process, or processes of a job.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_RUNTIME_CTS_HARNESS_H
#define COMMUTER_RUNTIME_CTS_HARNESS_H

#include "Numbers.h"
#include "commuter_program.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <barrier>
#include <cmath>
#include <cstring>
#include <functional>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

namespace cts {

/// A transport whose ranks are processes, as the C API has it.
struct ProcessTransport {
  const char *name;
  commuter_status_t (*init)(int32_t *rank, int32_t *size);
  commuter_status_t (*createWorld)(int32_t size,
                                   const commuter_world_options_t *options,
                                   commuter_world_t **world);
  commuter_status_t (*finalize)(int64_t timeoutMs);
  /// Carries the host's memory between the same processes.
  const ProcessTransport *host;
  /// Names of backends start with that of the device.
  const char *backend;

  const ProcessTransport &ofHost() const { return host ? *host : *this; }
};

inline const ProcessTransport kMpi = {"mpi",
                                      commuter_mpi_init,
                                      commuter_mpi_world_create,
                                      commuter_mpi_finalize,
                                      nullptr,
                                      "Mpi"};
inline const ProcessTransport kTcp = {"tcp",
                                      commuter_tcp_init,
                                      commuter_tcp_world_create,
                                      commuter_tcp_finalize,
                                      nullptr,
                                      "Tcp"};
inline const ProcessTransport kProcessTransports[] = {
    kMpi,
    kTcp,
    {"nccl", commuter_nccl_init, commuter_nccl_world_create,
     commuter_nccl_finalize, &kTcp, "Nccl"},
    {"nccl-mpi", commuter_nccl_init, commuter_nccl_world_create,
     commuter_nccl_finalize, &kMpi, "NcclMpi"},
};

/// A device and a transport. The suite runs on each that the machine has.
struct Backend {
  const char *name;
  const char *device;
  commuter_status_t (*createWorld)(int32_t size,
                                   const commuter_world_options_t *options,
                                   commuter_world_t **world);
  bool isHost = true; // the device's memory is the host's
};

/// What --device and --transport ask for, and the machine is known to have.
inline Backend chosenBackend{"CpuThreads", "cpu",
                             commuter_threads_world_create};

/// The processes that run this suite together: one, unless it runs on a
/// transport whose ranks are processes. All of them run the same tests at the
/// same time, each for its own rank.
class Job {
public:
  static Job &get() {
    static Job job;
    return job;
  }

  /// Makes this process a part of a job.
  commuter_status_t join(const ProcessTransport &theTransport) {
    const ProcessTransport &host = theTransport.ofHost();
    commuter_status_t status = host.init(&rank, &size);
    if (status == COMMUTER_OK)
      status = theTransport.init(nullptr, nullptr);
    if (status != COMMUTER_OK)
      return status;
    transport = &theTransport;
    isDistributed = true;
    status = host.createWorld(size, nullptr, &lobby);
    return status == COMMUTER_OK ? enterLobby() : status;
  }

  /// Returns what each process gave, at the same point of its course, and so is
  /// a barrier as well. Empty, after a failure, if a process is lost.
  std::vector<std::string> share(const std::string &own);

  bool isDistributed = false;
  const ProcessTransport *transport = nullptr;
  int32_t rank = 0, size = 1;

private:
  commuter_status_t enterLobby() {
    const char *axis = "process";
    int64_t extent = size;
    commuter_status_t status =
        commuter_context_create(lobby, rank, "cpu", &context);
    if (status == COMMUTER_OK)
      status = commuter_context_add_mesh(context, "lobby", 1, &axis, &extent);
    return status == COMMUTER_OK
               ? commuter_context_group(context, "lobby[process]", &group)
               : status;
  }

  // A world beside those that are tested, and broken.
  commuter_world_t *lobby = nullptr;
  commuter_context_t *context = nullptr;
  commuter_group_t *group = nullptr;
};

/// Those that can run a world of so many ranks.
inline std::vector<Backend> backends(int32_t ranks) {
  const Job &job = Job::get();
  if (job.isDistributed && job.size != ranks)
    return {};
  return {chosenBackend};
}

/// Of these, those whose device's memory is the host's, and the others.
inline std::vector<Backend> backends(int32_t ranks, bool isHost) {
  std::vector<Backend> found;
  for (const Backend &backend : backends(ranks))
    if (backend.isHost == isHost)
      found.push_back(backend);
  return found;
}

inline const commuter_dtype_t kAllTypes[] = {
    COMMUTER_F32,      COMMUTER_F64,    COMMUTER_F16, COMMUTER_BF16,
    COMMUTER_F8E4M3FN, COMMUTER_F8E5M2, COMMUTER_I1,  COMMUTER_I8,
    COMMUTER_I16,      COMMUTER_I32,    COMMUTER_I64};

inline bool isFloat8(commuter_dtype_t t) {
  return t == COMMUTER_F8E4M3FN || t == COMMUTER_F8E5M2;
}

//===----------------------------------------------------------------------===//
// Tensors
//===----------------------------------------------------------------------===//

enum class Layout {
  Dense,
  Padded,     // every second element, gaps after each row
  ColumnMajor // first dimension fastest
};
inline const Layout kLayouts[] = {Layout::Dense, Layout::Padded,
                                  Layout::ColumnMajor};

/// On the threads of ranks whose device has memory of its own: the rank's.
inline thread_local commuter_context_t *deviceContext = nullptr;

/// A tensor. Values go in and out as f64; those of the 8-bit floating-point
/// types are their bit patterns. They lie in the host's memory, and move to the
/// rank's device and back when a view or a value is asked for.
class Tensor {
public:
  Tensor(commuter_dtype_t type, std::vector<int64_t> shape,
         Layout layout = Layout::Dense, int64_t misalign = 0,
         commuter_context_t *context = deviceContext)
      : sizes(std::move(shape)), strides(sizes.size()), context(context) {
    int64_t step = layout == Layout::Padded ? 2 : 1;
    auto visit = [&](size_t d) {
      strides[d] = step;
      step *= sizes[d] + (layout == Layout::Padded ? 1 : 0);
    };
    if (layout == Layout::ColumnMajor)
      for (size_t d = 0; d < sizes.size(); ++d)
        visit(d);
    else
      for (size_t d = sizes.size(); d-- > 0;)
        visit(d);
    width = commuter_dtype_size(type);
    storage.assign((step + 1) * width + misalign + 64, char(0xa5));
    elements = storage.data() + misalign;
    whole = {elements, type, static_cast<int32_t>(sizes.size()), sizes.data(),
             strides.data()};
    count = 1;
    for (int64_t size : sizes)
      count *= size;
    if (!context)
      return;
    EXPECT_EQ(commuter_buffer_alloc(context, storage.size(), &block),
              COMMUTER_OK)
        << commuter_context_error(context);
    whole.data = static_cast<char *>(block) + (elements - storage.data());
  }
  Tensor(const Tensor &) = delete;
  ~Tensor() { commuter_buffer_free(block); }

  commuter_dtype_t type() const {
    return static_cast<commuter_dtype_t>(whole.dtype);
  }

  /// For calls of the runtime, which may write to it.
  const commuter_view_t &view() const {
    if (!context)
      return whole;
    if (state == Newer::Host) {
      EXPECT_EQ(
          commuter_buffer_write(context, block, storage.data(), storage.size()),
          COMMUTER_OK)
          << commuter_context_error(context);
    }
    state = Newer::Device;
    return whole;
  }

  /// Where the host may change an element.
  char *at(int64_t linear) const {
    bringToHost();
    state = Newer::Host;
    return addressOf(linear);
  }

  double get(int64_t linear) const {
    uint64_t bits = this->bits(linear);
    switch (type()) {
    case COMMUTER_F32:
      return bitCast<float>(static_cast<uint32_t>(bits));
    case COMMUTER_F64:
      return bitCast<double>(bits);
    case COMMUTER_F16:
      return fromHalf(bits);
    case COMMUTER_BF16:
      return bitCast<float>(static_cast<uint32_t>(bits << 16));
    case COMMUTER_I8:
      return static_cast<int8_t>(bits);
    case COMMUTER_I16:
      return static_cast<int16_t>(bits);
    case COMMUTER_I32:
      return static_cast<int32_t>(bits);
    case COMMUTER_I64:
      return static_cast<int64_t>(bits);
    default:
      return bits;
    }
  }

  void set(int64_t linear, double v) {
    uint64_t bits;
    switch (type()) {
    case COMMUTER_F32:
      bits = bitCast<uint32_t>(static_cast<float>(v));
      break;
    case COMMUTER_F64:
      bits = bitCast<uint64_t>(v);
      break;
    case COMMUTER_F16:
      bits = toHalf(v);
      break;
    case COMMUTER_BF16:
      bits = toBFloat(v);
      break;
    default:
      bits = static_cast<uint64_t>(static_cast<int64_t>(v));
    }
    std::memcpy(at(linear), &bits, width);
  }

  uint64_t bits(int64_t linear) const {
    bringToHost();
    uint64_t bits = 0;
    std::memcpy(&bits, addressOf(linear), width);
    return bits;
  }

  /// A view of [offset, offset + size) of dimension `dim`.
  struct Slice {
    const Tensor &tensor;
    std::vector<int64_t> sizes;
    int64_t offset; // in bytes
    commuter_view_t part;

    const commuter_view_t &view() {
      part = tensor.view();
      part.data = static_cast<char *>(part.data) + offset;
      part.sizes = sizes.data();
      return part;
    }
  };
  Slice slice(int64_t dim, int64_t offset, int64_t size) const {
    Slice part{*this, sizes, offset * strides[dim] * width, {}};
    part.sizes[dim] = size;
    return part;
  }

  std::vector<int64_t> sizes, strides;
  int64_t count, width;

private:
  char *addressOf(int64_t linear) const {
    int64_t offset = 0;
    for (size_t d = sizes.size(); d-- > 0;) {
      offset += linear % sizes[d] * strides[d];
      linear /= sizes[d];
    }
    return elements + offset * width;
  }

  void bringToHost() const {
    if (state != Newer::Device)
      return;
    EXPECT_EQ(
        commuter_buffer_read(context, block, storage.data(), storage.size()),
        COMMUTER_OK)
        << commuter_context_error(context);
    state = Newer::Neither;
  }

  /// Of the device that has the block; null: views are of the storage.
  commuter_context_t *const context;
  mutable std::vector<char> storage;
  char *elements; // in the storage
  void *block = nullptr;
  commuter_view_t whole;
  /// Which of the two memories has changed.
  enum class Newer { Host, Neither, Device };
  mutable Newer state = Newer::Host;
};

/// For extents, which are the host's on every device.
class HostTensor : public Tensor {
public:
  HostTensor(commuter_dtype_t type, std::vector<int64_t> shape,
             Layout layout = Layout::Dense)
      : Tensor(type, std::move(shape), layout, 0, nullptr) {}
};

/// Splits a linear index of `sizes` into one for each dimension.
inline std::vector<int64_t> unravel(int64_t linear,
                                    const std::vector<int64_t> &sizes) {
  std::vector<int64_t> index(sizes.size());
  for (size_t d = sizes.size(); d-- > 0;) {
    index[d] = linear % sizes[d];
    linear /= sizes[d];
  }
  return index;
}
inline int64_t ravel(const std::vector<int64_t> &index,
                     const std::vector<int64_t> &sizes) {
  int64_t linear = 0;
  for (size_t d = 0; d < sizes.size(); ++d)
    linear = linear * sizes[d] + index[d];
  return linear;
}

/// What element `linear` of rank `rank`'s input is: small integers, whose sums
/// every type holds exactly.
inline double value(commuter_dtype_t type, int64_t rank, int64_t linear) {
  int64_t v = (rank * 7 + linear * 3 + linear / 11) % 6;
  if (type == COMMUTER_I1)
    return v & 1;
  if (isFloat8(type))
    return v * 40 + 1;
  return static_cast<double>(v - 2);
}

inline void fill(Tensor &tensor, int64_t rank) {
  for (int64_t i = 0; i < tensor.count; ++i)
    tensor.set(i, value(tensor.type(), rank, i));
}

/// Roughly normal values, the same for the same seed.
struct Random {
  uint64_t state;
  double operator()() {
    double sum = 0;
    for (int i = 0; i < 4; ++i) {
      state = state * 6364136223846793005u + 1442695040888963407u;
      sum += static_cast<double>(state >> 40) / (1 << 24) - 0.5;
    }
    return sum * 1.7;
  }
};

inline void fillRandom(Tensor &tensor, uint64_t seed, double mean = 0,
                       double sigma = 1) {
  Random random{seed * 977 + 5};
  for (int64_t i = 0; i < tensor.count; ++i)
    tensor.set(i, mean + sigma * random());
}

inline std::vector<std::string> Job::share(const std::string &own) {
  if (size == 1)
    return {own};
  HostTensor extents(COMMUTER_I64, {size});
  commuter_status_t status = commuter_exchange_extents(
      context, group, static_cast<int64_t>(own.size()), &extents.view());
  int64_t total = 0;
  for (int32_t r = 0; r < size && status == COMMUTER_OK; ++r)
    total += static_cast<int64_t>(extents.get(r));
  HostTensor input(COMMUTER_I8, {static_cast<int64_t>(own.size())}),
      output(COMMUTER_I8, {total});
  std::copy(own.begin(), own.end(), static_cast<char *>(input.view().data));
  if (status == COMMUTER_OK)
    status = commuter_all_gather(context, group, &input.view(), &output.view(),
                                 0, &extents.view());
  EXPECT_EQ(status, COMMUTER_OK) << commuter_context_error(context);
  if (status != COMMUTER_OK)
    return {};
  std::vector<std::string> all;
  auto *at = static_cast<const char *>(output.view().data);
  for (int32_t r = 0; r < size; ++r) {
    all.emplace_back(at, static_cast<size_t>(extents.get(r)));
    at += all.back().size();
  }
  return all;
}

//===----------------------------------------------------------------------===//
// Worlds
//===----------------------------------------------------------------------===//

struct MeshCase {
  const char *name;
  std::vector<const char *> axes;
  std::vector<int64_t> sizes;
  const char *spec;
  std::vector<size_t> named; // the axes of `spec`

  int32_t ranks() const {
    int64_t product = 1;
    for (int64_t size : sizes)
      product *= size;
    return static_cast<int32_t>(product);
  }

  /// By brute force: the ranks that agree in the axes not named, ordered by the
  /// coordinates in those that are.
  std::vector<int32_t> members(int32_t rank) const {
    std::vector<std::pair<std::vector<int64_t>, int32_t>> found;
    std::vector<int64_t> mine = unravel(rank, sizes);
    for (int32_t r = 0; r < ranks(); ++r) {
      std::vector<int64_t> theirs = unravel(r, sizes);
      bool same = true;
      for (size_t d = 0; d < sizes.size(); ++d)
        if (std::find(named.begin(), named.end(), d) == named.end())
          same &= mine[d] == theirs[d];
      if (!same)
        continue;
      std::vector<int64_t> key;
      for (size_t d : named)
        key.push_back(theirs[d]);
      found.emplace_back(key, r);
    }
    std::sort(found.begin(), found.end());
    std::vector<int32_t> members;
    for (auto &entry : found)
      members.push_back(entry.second);
    return members;
  }
};

inline std::vector<MeshCase> meshCases() {
  return {
      {"Eight", {"dp"}, {8}, "mesh[dp]", {0}},
      {"FourTwoFirst", {"dp", "tp"}, {4, 2}, "mesh[dp]", {0}},
      {"FourTwoLast", {"dp", "tp"}, {4, 2}, "mesh[tp]", {1}},
      {"FourTwoBoth", {"dp", "tp"}, {4, 2}, "mesh[dp,tp]", {0, 1}},
      {"FourTwoSwapped", {"dp", "tp"}, {4, 2}, "mesh[tp,dp]", {1, 0}},
      {"TwoThreeFirst", {"a", "b"}, {2, 3}, "mesh[a]", {0}},
      {"TwoThreeLast", {"a", "b"}, {2, 3}, "mesh[b]", {1}},
      {"TwoThreeSwapped", {"a", "b"}, {2, 3}, "mesh[b,a]", {1, 0}},
      {"TwoTwoSwapped", {"a", "b"}, {2, 2}, "mesh[b,a]", {1, 0}},
      {"TwoTwoFirst", {"a", "b"}, {2, 2}, "mesh[a]", {0}},
      {"Three", {"dp"}, {3}, "mesh[dp]", {0}},
      {"Two", {"dp"}, {2}, "mesh[dp]", {0}},
      {"One", {"a", "b"}, {3, 1}, "mesh[b]", {1}},
  };
}

/// For what one rank does alone.
inline const MeshCase kOne{"One", {"dp"}, {1}, "mesh[dp]", {0}};

/// A rank as its thread sees it.
struct Rank {
  commuter_context_t *context;
  commuter_group_t *group;
  int32_t rank;
  int64_t index, size;
  std::vector<int32_t> members;

  std::string error() const { return commuter_context_error(context); }
};

class World {
public:
  World(const Backend &backend, const MeshCase &mesh, int64_t timeoutMs = 20000)
      : backend(backend), mesh(mesh), meeting(mesh.ranks()) {
    commuter_world_options_t options{timeoutMs};
    EXPECT_EQ(backend.createWorld(mesh.ranks(), &options, &world), COMMUTER_OK)
        << commuter_last_error();
  }
  ~World() { commuter_world_release(world); }

  /// Runs `body` for every rank at once, here for those of this process; the
  /// contexts go at the end, each on its own thread unless `body` released it
  /// and cleared the pointer.
  void run(const std::function<void(Rank &)> &body) {
    // All contexts first: a rank that starts early must not find another one
    // gone, or not there yet.
    int32_t local = commuter_world_rank(world);
    std::vector<Rank> ranks(local < 0 ? mesh.ranks() : 1);
    for (size_t i = 0; i < ranks.size(); ++i) {
      Rank &rank = ranks[i];
      rank.rank = local < 0 ? static_cast<int32_t>(i) : local;
      ASSERT_EQ(commuter_context_create(world, rank.rank, backend.device,
                                        &rank.context),
                COMMUTER_OK)
          << commuter_last_error();
      ASSERT_EQ(
          commuter_context_add_mesh(rank.context, "mesh",
                                    static_cast<int32_t>(mesh.axes.size()),
                                    mesh.axes.data(), mesh.sizes.data()),
          COMMUTER_OK);
      ASSERT_EQ(commuter_context_group(rank.context, mesh.spec, &rank.group),
                COMMUTER_OK);
      rank.index = commuter_group_index(rank.group);
      rank.size = commuter_group_size(rank.group);
      rank.members = mesh.members(rank.rank);
    }
    Job::get().share("");
    std::vector<std::thread> threads;
    for (Rank &rank : ranks)
      threads.emplace_back([&] {
        deviceContext = backend.isHost ? nullptr : rank.context;
        body(rank);
        commuter_context_release(rank.context);
      });
    for (std::thread &thread : threads)
      thread.join();
  }

  /// Where all ranks' bodies meet, whatever has become of the world.
  void rendezvous() {
    if (Job::get().isDistributed)
      Job::get().share("");
    else
      meeting.arrive_and_wait();
  }

  commuter_world_t *world = nullptr;
  Backend backend;
  MeshCase mesh;

private:
  std::barrier<> meeting;
};

/// What a suite runs for. That may be nothing: a job of processes has one size,
/// and is not the place for worlds of other sizes.
#define CTS_INSTANTIATE(suite, cases)                                          \
  GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(suite);                        \
  INSTANTIATE_TEST_SUITE_P(                                                    \
      Cts, suite, testing::ValuesIn(cases),                                    \
      [](const auto &info) { return nameCase(info.param); })

inline std::string nameCase(const Backend &backend) { return backend.name; }
inline std::string nameCase(const std::tuple<Backend, MeshCase> &both) {
  return std::string(std::get<0>(both).name) + std::get<1>(both).name;
}

#define EXPECT_OK(rank, call) EXPECT_EQ(call, COMMUTER_OK) << (rank).error()

} // namespace cts

#endif // COMMUTER_RUNTIME_CTS_HARNESS_H
