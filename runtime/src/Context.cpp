//===- Context.cpp ----------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Worlds, contexts, meshes and groups: reference counts, name look-ups and the
// mixed-radix arithmetic of mesh coordinates.
//
//===----------------------------------------------------------------------===//

#include "Environment.h"
#include "Objects.h"

#include <algorithm>
#include <cstring>
#include <string_view>

using namespace commuter::rt;

//===----------------------------------------------------------------------===//
// World
//===----------------------------------------------------------------------===//

Status commuter::rt::checkTimeout(int64_t &timeoutMs) {
  constexpr int64_t kTenYearsMs = INT64_C(315360000000);
  if (timeoutMs < 0)
    return fail(COMMUTER_INVALID_ARGUMENT, "a timeout of %lld ms",
                static_cast<long long>(timeoutMs));
  timeoutMs = std::min(timeoutMs, kTenYearsMs);
  return {};
}

Status commuter::rt::readTimeout(int64_t &timeoutMs) {
  timeoutMs = 60000;
  COMMUTER_TRY(readNumber<int64_t>("COMMUTER_TIMEOUT_MS", "milliseconds", 1,
                                   INT64_MAX, timeoutMs));
  return checkTimeout(timeoutMs);
}

Status commuter::rt::checkWorld(int32_t size,
                                const commuter_world_options_t *options,
                                commuter_world_t **outWorld,
                                int64_t &timeoutMs) {
  if (!outWorld)
    return fail(COMMUTER_INVALID_ARGUMENT, "out_world is NULL");
  if (size < 1)
    return fail(COMMUTER_INVALID_ARGUMENT, "a world of %d ranks", size);
  timeoutMs = options ? options->timeout_ms : 0;
  return timeoutMs ? checkTimeout(timeoutMs) : readTimeout(timeoutMs);
}

commuter_status_t
commuter_threads_world_create(int32_t size,
                              const commuter_world_options_t *options,
                              commuter_world_t **outWorld) {
  return guarded(nullptr, [&]() -> Status {
    int64_t timeoutMs = 0;
    COMMUTER_TRY(checkWorld(size, options, outWorld, timeoutMs));
    auto world = std::make_unique<commuter_world_t>();
    world->size = size;
    world->transport = createThreadsTransport(size, timeoutMs);
    *outWorld = world.release();
    return {};
  });
}

void commuter_world_retain(commuter_world_t *world) {
  if (world)
    world->references.fetch_add(1, std::memory_order_relaxed);
}

void commuter_world_release(commuter_world_t *world) {
  if (world && world->references.fetch_sub(1, std::memory_order_acq_rel) == 1)
    delete world;
}

int32_t commuter_world_size(const commuter_world_t *world) {
  return world ? world->size : 0;
}

int32_t commuter_world_rank(const commuter_world_t *world) {
  return world ? world->localRank : -1;
}

void commuter_world_describe(commuter_world_t *world, char *buffer,
                             size_t size) {
  if (!buffer || size == 0)
    return;
  buffer[0] = '\0';
  if (!world)
    return;
  guarded(nullptr, [&]() -> Status {
    std::string text = world->transport->describe();
    buffer[text.copy(buffer, size - 1)] = '\0';
    return {};
  });
}

void commuter_world_abort(commuter_world_t *world, const char *reason) {
  if (!world)
    return;
  guarded(nullptr, [&]() -> Status {
    world->transport->abort(
        {COMMUTER_RANK_LEFT, reason ? reason : "the world was aborted"});
    return {};
  });
}

//===----------------------------------------------------------------------===//
// Context
//===----------------------------------------------------------------------===//

/// The ranks of one process read each other's memory. Where they have a process
/// each, devices are their transport's business.
static Status checkDevice(commuter_world_t &world, int32_t rank,
                          const Device &device) {
  if (world.localRank >= 0)
    return {};
  std::lock_guard<std::mutex> lock(world.mutex);
  if (world.device.empty())
    world.device = device.name();
  else if (world.device != device.name())
    return fail(COMMUTER_UNSUPPORTED,
                "rank %d cannot have device %s, since another rank has %s: the "
                "ranks of a process read each other's memory",
                rank, device.name(), world.device.c_str());
  return {};
}

commuter_status_t commuter_context_create(commuter_world_t *world, int32_t rank,
                                          const char *device,
                                          commuter_context_t **outContext) {
  return guarded(nullptr, [&]() -> Status {
    if (!world || !device || !outContext)
      return fail(COMMUTER_INVALID_ARGUMENT,
                  "world, device or out_context is NULL");
    if (rank < 0 || rank >= world->size)
      return fail(COMMUTER_INVALID_ARGUMENT, "rank %d of a world of %d", rank,
                  world->size);
    std::shared_ptr<Device> opened;
    COMMUTER_TRY(createDevice(
        device, {rank, world->size, world->localRank >= 0, world->gpuShare},
        opened));
    COMMUTER_TRY(checkDevice(*world, rank, *opened));
    auto context = std::make_unique<commuter_context_t>();
    context->world = world;
    context->rank = rank;
    context->device = opened.get();
    context->buffers.reset(new BufferTracker(std::move(opened)));
    COMMUTER_TRY(world->transport->join(rank, *context->device));
    commuter_world_retain(world);
    *outContext = context.release();
    return {};
  });
}

void commuter_context_retain(commuter_context_t *context) {
  if (context)
    context->references.fetch_add(1, std::memory_order_relaxed);
}

void commuter_context_release(commuter_context_t *context) {
  if (!context ||
      context->references.fetch_sub(1, std::memory_order_acq_rel) != 1)
    return;
  guarded(nullptr, [&]() -> Status {
    context->world->transport->leave(context->rank);
    return {};
  });
  commuter_world_release(context->world);
  delete context;
}

commuter_status_t commuter_context_synchronize(commuter_context_t *context) {
  return guarded(context, [&]() -> Status {
    if (!context)
      return fail(COMMUTER_INVALID_ARGUMENT, "context is NULL");
    return context->device->synchronize();
  });
}

int32_t commuter_context_rank(const commuter_context_t *context) {
  return context ? context->rank : -1;
}

const char *commuter_context_error(const commuter_context_t *context) {
  return context ? context->error.c_str() : "";
}

void commuter_context_stats(const commuter_context_t *context,
                            commuter_stats_t *outStats) {
  if (!outStats)
    return;
  if (!context) {
    *outStats = {};
    return;
  }
  *outStats = context->stats;
  context->buffers->read(*outStats);
}

void commuter_context_reset_stats(commuter_context_t *context) {
  if (!context)
    return;
  context->stats = {};
  context->buffers->resetPeak();
}

void commuter_context_set_trace(commuter_context_t *context,
                                commuter_trace_fn fn, void *user) {
  if (!context)
    return;
  context->trace = fn;
  context->traceUser = user;
}

//===----------------------------------------------------------------------===//
// Meshes and groups
//===----------------------------------------------------------------------===//

/// Names are free of the characters that a group's spec is made of.
static bool isName(std::string_view name) {
  return !name.empty() &&
         name.find_first_of("[], \t\n") == std::string_view::npos;
}

commuter_status_t commuter_context_add_mesh(commuter_context_t *context,
                                            const char *name, int32_t axisCount,
                                            const char *const *axisNames,
                                            const int64_t *axisSizes) {
  return guarded(context, [&]() -> Status {
    if (!context || !name || axisCount < 0 ||
        (axisCount > 0 && (!axisNames || !axisSizes)))
      return fail(COMMUTER_INVALID_ARGUMENT,
                  "context, name, axis_names or axis_sizes is NULL");
    if (!isName(name))
      return fail(COMMUTER_INVALID_ARGUMENT, "'%s' is no name for a mesh",
                  name);
    if (context->meshes.count(std::string_view(name)))
      return fail(COMMUTER_INVALID_ARGUMENT, "there is a mesh '%s' already",
                  name);
    Mesh mesh;
    int64_t product = 1;
    for (int32_t i = 0; i < axisCount; ++i) {
      if (!axisNames[i] || !isName(axisNames[i]))
        return fail(COMMUTER_INVALID_ARGUMENT,
                    "mesh '%s': axis %d has no proper name", name, i);
      for (const std::string &axis : mesh.axes)
        if (axis == axisNames[i])
          return fail(COMMUTER_INVALID_ARGUMENT,
                      "mesh '%s' has two axes named '%s'", name, axis.c_str());
      if (axisSizes[i] < 1)
        return fail(COMMUTER_INVALID_ARGUMENT,
                    "mesh '%s': axis '%s' has size %lld", name, axisNames[i],
                    static_cast<long long>(axisSizes[i]));
      if (__builtin_mul_overflow(product, axisSizes[i], &product))
        product = INT64_MAX;
      mesh.axes.emplace_back(axisNames[i]);
      mesh.sizes.push_back(axisSizes[i]);
    }
    if (product != context->world->size)
      return fail(COMMUTER_INVALID_ARGUMENT,
                  "mesh '%s' has %lld ranks, but the world has %d", name,
                  static_cast<long long>(product), context->world->size);
    context->meshes.emplace(name, std::move(mesh));
    return {};
  });
}

Status commuter::rt::resolveGroup(
    const std::map<std::string, Mesh, std::less<>> &meshes, const char *spec,
    int32_t rank, std::vector<int32_t> &members, int64_t &index) {
  std::string_view text(spec);
  size_t open = text.find('[');
  if (open == std::string_view::npos || text.back() != ']')
    return fail(COMMUTER_INVALID_ARGUMENT,
                "group '%s' is not of the form mesh[axis,axis]", spec);
  auto found = meshes.find(text.substr(0, open));
  if (found == meshes.end())
    return fail(COMMUTER_INVALID_ARGUMENT, "group '%s': no such mesh", spec);
  const Mesh &mesh = found->second;

  // The distance in ranks between neighbours along each axis: last axis 1.
  std::vector<int64_t> distance(mesh.sizes.size(), 1);
  for (size_t i = mesh.sizes.size(); i-- > 1;)
    distance[i - 1] = distance[i] * mesh.sizes[i];

  std::vector<size_t> axes;
  std::string_view list = text.substr(open + 1, text.size() - open - 2);
  while (true) {
    size_t comma = list.find(',');
    std::string_view name = list.substr(0, comma);
    size_t axis = 0;
    while (axis < mesh.axes.size() && mesh.axes[axis] != name)
      ++axis;
    if (axis == mesh.axes.size())
      return fail(COMMUTER_INVALID_ARGUMENT,
                  "group '%s': the mesh has no axis '%s'", spec,
                  std::string(name).c_str());
    for (size_t other : axes)
      if (other == axis)
        return fail(COMMUTER_INVALID_ARGUMENT, "group '%s' repeats axis '%s'",
                    spec, mesh.axes[axis].c_str());
    axes.push_back(axis);
    if (comma == std::string_view::npos)
      break;
    list.remove_prefix(comma + 1);
  }

  // The member with zero in all named coordinates, then each axis in turn, so
  // that the last named one ends up fastest.
  int64_t base = rank;
  index = 0;
  for (size_t axis : axes) {
    int64_t coordinate = rank / distance[axis] % mesh.sizes[axis];
    base -= coordinate * distance[axis];
    index = index * mesh.sizes[axis] + coordinate;
  }
  members.assign(1, static_cast<int32_t>(base));
  for (size_t axis : axes) {
    std::vector<int32_t> next;
    next.reserve(members.size() * mesh.sizes[axis]);
    for (int32_t member : members)
      for (int64_t i = 0; i < mesh.sizes[axis]; ++i)
        next.push_back(static_cast<int32_t>(member + i * distance[axis]));
    members = std::move(next);
  }
  return {};
}

commuter_status_t commuter_context_group(commuter_context_t *context,
                                         const char *spec,
                                         commuter_group_t **outGroup) {
  return guarded(context, [&]() -> Status {
    if (!context || !spec || !outGroup)
      return fail(COMMUTER_INVALID_ARGUMENT,
                  "context, spec or out_group is NULL");
    auto found = context->groups.find(std::string_view(spec));
    if (found == context->groups.end()) {
      auto group = std::make_unique<commuter_group_t>();
      group->context = context;
      group->spec = spec;
      COMMUTER_TRY(resolveGroup(context->meshes, spec, context->rank,
                                group->members, group->index));
      group->channel = group->members.size() > 1
                           ? context->world->transport->channel(group->members)
                           : nullptr;
      found = context->groups.emplace(spec, std::move(group)).first;
    }
    *outGroup = found->second.get();
    return {};
  });
}

int64_t commuter_group_size(const commuter_group_t *group) {
  return group ? static_cast<int64_t>(group->members.size()) : 0;
}

int64_t commuter_group_index(const commuter_group_t *group) {
  return group ? group->index : -1;
}
