//===- main.cpp - A host of models ----------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Runs a model of commuter-compile with f32 arguments on the ranks of its mesh,
// as threads, and prints a checksum of each result.
//
//   host MODEL.so [AXIS=SIZE ...]     sizes of axes that the model leaves open
//
//===----------------------------------------------------------------------===//

#include "commuter_model.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <dlfcn.h>
#include <filesystem>
#include <map>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

struct Mesh {
  std::vector<const char *> axes;
  std::vector<int64_t> sizes;
};

static void die(const std::string &message) {
  std::fprintf(stderr, "host: error: %s\n", message.c_str());
  std::_Exit(1);
}

/// The runtime keeps the last message of each thread.
static void check(commuter_status_t status) {
  if (status != COMMUTER_OK)
    die(commuter_last_error());
}

/// The library stays open until the process ends.
static const commuter_model_t &loadModel(const char *path) {
  // Without a slash, dlopen would search the system's folders.
  void *library = dlopen(std::filesystem::absolute(path).c_str(), RTLD_NOW);
  if (!library)
    die(dlerror());
  auto *model =
      static_cast<const commuter_model_t *>(dlsym(library, "commuter_model"));
  if (!model)
    die(std::string(path) + " is no model");
  // Before anything else of it is read.
  check(commuter_model_check(model));
  return *model;
}

/// Adds AXIS=SIZE.
static void readAxis(const std::string &text,
                     std::map<std::string, int64_t> &axes) {
  const size_t equals = std::min(text.find('='), text.size());
  const char *end = text.data() + text.size();
  int32_t size = 0; // as ranks are numbered
  auto [rest, error] =
      std::from_chars(std::min(text.data() + equals + 1, end), end, size);
  if (equals == 0 || error != std::errc() || rest != end || size < 1)
    die(text + ": expected AXIS=SIZE, with a size from 1 to " +
        std::to_string(INT32_MAX));
  if (!axes.emplace(text.substr(0, equals), size).second)
    die(text + ": the axis has a size already");
}

static void checkAxes(const commuter_model_t &model,
                      const std::map<std::string, int64_t> &given) {
  for (const auto &[name, size] : given) {
    bool isOpen = false;
    for (int32_t m = 0; m < model.mesh_count; ++m)
      for (int32_t i = 0; i < model.meshes[m].axis_count; ++i) {
        const commuter_model_axis_t &axis = model.meshes[m].axes[i];
        isOpen |= axis.size < 0 && name == axis.name;
      }
    if (!isOpen)
      die(name + "=" + std::to_string(size) + ": the model leaves no axis " +
          name + " open");
  }
}

static Mesh readMesh(const commuter_model_mesh_t &described,
                     const std::map<std::string, int64_t> &given) {
  Mesh mesh;
  for (int32_t i = 0; i < described.axis_count; ++i) {
    const auto &[name, size] = described.axes[i];
    auto found = given.find(name);
    if (size < 0 && found == given.end())
      die(std::string("give the size of axis ") + name + ": " + name + "=N");
    mesh.axes.push_back(name);
    mesh.sizes.push_back(size < 0 ? found->second : size);
  }
  return mesh;
}

/// As many as the mesh has.
static int32_t countRanks(const Mesh &mesh) {
  int64_t ranks = 1;
  for (int64_t size : mesh.sizes)
    if ((ranks *= size) > INT32_MAX)
      die("a mesh of more than " + std::to_string(INT32_MAX) + " ranks");
  return int32_t(ranks);
}

/// The rank's number among those that hold different parts of a value: its
/// coordinates along all axes over which the value is not replicated.
static int64_t getPlace(const commuter_model_sharding_t &sharding,
                        const Mesh &mesh, int64_t rank) {
  int64_t place = 0, stride = 1;
  for (size_t axis = mesh.axes.size(); axis-- > 0;) {
    int64_t coordinate = rank % mesh.sizes[axis];
    rank /= mesh.sizes[axis];
    bool isReplicated = false;
    for (int32_t i = 0; i < sharding.replicated.count; ++i)
      isReplicated |= sharding.replicated.numbers[i] == int32_t(axis);
    if (isReplicated)
      continue;
    place += coordinate * stride;
    stride *= mesh.sizes[axis];
  }
  return place;
}

/// An argument of one rank, with the memory that its view points to: the
/// device's. (The host's own device takes any memory of the host.)
struct Argument {
  std::vector<int64_t> sizes, strides;
  commuter_view_t view;

  Argument(const commuter_model_value_t &value, const std::vector<Mesh> &meshes,
           int64_t rank, commuter_context_t *context)
      : sizes(value.sizes, value.sizes + value.rank), strides(value.rank) {
    if (value.dtype != COMMUTER_F32 || !value.sharding)
      die("this host gives f32 arguments that have a sharding, no others");
    int64_t place =
        getPlace(*value.sharding, meshes[value.sharding->mesh], rank);
    int64_t count = 1;
    for (int32_t d = value.rank; d-- > 0;) {
      if (sizes[d] < 0)
        sizes[d] = 3 + place; // as many as the host has
      strides[d] = count;
      count *= sizes[d];
    }
    std::vector<float> elements;
    for (int64_t i = 0; i < count; ++i)
      elements.push_back(float((i * 7 + place * 5) % 31 - 15) / 4);
    view = {nullptr, value.dtype, value.rank, sizes.data(), strides.data()};
    const size_t bytes = count * sizeof(float);
    check(commuter_buffer_alloc(context, bytes, &view.data));
    check(commuter_buffer_write(context, view.data, elements.data(), bytes));
  }
  Argument(const Argument &) = delete;
  ~Argument() { commuter_buffer_free(view.data); }
};

/// The bytes of a result. Numbers, and arrays of `index`, are the host's.
static std::vector<uint8_t> readResult(commuter_context_t *context,
                                       const commuter_model_value_t &value,
                                       const commuter_view_t &view) {
  size_t size = commuter_dtype_size(commuter_dtype_t(view.dtype));
  for (int32_t d = 0; d < view.rank; ++d)
    size *= view.sizes[d];
  auto *data = static_cast<const uint8_t *>(view.data);
  if (value.is_number || value.element == std::string("index"))
    return {data, data + size};
  std::vector<uint8_t> bytes(size);
  check(commuter_buffer_read(context, data, bytes.data(), size));
  return bytes;
}

/// FNV-1a.
static uint64_t getChecksum(const std::vector<uint8_t> &bytes) {
  uint64_t hash = 0xcbf29ce484222325;
  for (uint8_t byte : bytes)
    hash = (hash ^ byte) * 0x100000001b3;
  return hash;
}

/// What one rank's thread does. Returns the checksums of the results.
static std::vector<uint64_t> runRank(commuter_world_t *world, int32_t rank,
                                     const commuter_model_t &model,
                                     const std::vector<Mesh> &meshes) {
  commuter_context_t *context;
  check(commuter_context_create(world, rank, model.device, &context));
  for (size_t m = 0; m < meshes.size(); ++m)
    check(commuter_context_add_mesh(
        context, model.meshes[m].name, int32_t(meshes[m].axes.size()),
        meshes[m].axes.data(), meshes[m].sizes.data()));
  std::deque<Argument> arguments; // views point into them
  std::vector<commuter_view_t> views;
  for (int32_t i = 0; i < model.argument_count; ++i) {
    arguments.emplace_back(model.arguments[i], meshes, rank, context);
    views.push_back(arguments.back().view);
  }
  commuter_results_t *results;
  check(commuter_model_run(context, &model, views.data(), &results));
  std::vector<uint64_t> checksums;
  for (int32_t i = 0; i < model.result_count; ++i)
    checksums.push_back(getChecksum(readResult(
        context, model.results[i], *commuter_results_get(results, i))));
  commuter_results_release(results);
  commuter_context_release(context);
  return checksums;
}

int main(int argc, char **argv) {
  if (argc < 2)
    die("usage: host MODEL.so [AXIS=SIZE ...]");
  std::map<std::string, int64_t> axes;
  for (int i = 2; i < argc; ++i)
    readAxis(argv[i], axes);
  const commuter_model_t &model = loadModel(argv[1]);
  checkAxes(model, axes);
  std::vector<Mesh> meshes;
  int32_t ranks = 1;
  for (int32_t m = 0; m < model.mesh_count; ++m) {
    meshes.push_back(readMesh(model.meshes[m], axes));
    ranks = countRanks(meshes.back()); // the meshes have equally many
  }
  commuter_world_t *world;
  check(commuter_threads_world_create(ranks, nullptr, &world));
  std::vector<std::vector<uint64_t>> checksums(ranks);
  std::vector<std::thread> threads;
  for (int32_t rank = 0; rank < ranks; ++rank)
    try {
      threads.emplace_back(
          [&, rank] { checksums[rank] = runRank(world, rank, model, meshes); });
    } catch (const std::system_error &error) {
      die("no thread for rank " + std::to_string(rank) + ": " + error.what());
    }
  for (std::thread &thread : threads)
    thread.join();
  commuter_world_release(world);
  std::printf("@%s on %d ranks\n", model.entry, ranks);
  for (int32_t rank = 0; rank < ranks; ++rank)
    for (int32_t i = 0; i < model.result_count; ++i)
      std::printf("rank %d, result %d: %016llx\n", rank, i,
                  static_cast<unsigned long long>(checksums[rank][i]));
  if (std::fflush(stdout) != 0 || std::ferror(stdout))
    die("standard output cannot be written");
}
