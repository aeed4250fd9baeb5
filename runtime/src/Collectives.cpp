//===- Collectives.cpp ------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Collectives in front of the transports: checks of shapes and types, counters
// and trace stand here once. Groups of one are copies.
//
//===----------------------------------------------------------------------===//

#include "Objects.h"

using namespace commuter::rt;

const char *commuter::rt::operationName(Operation operation) {
  switch (operation) {
  case Operation::AllGather:
    return "all_gather";
  case Operation::AllReduce:
    return "all_reduce";
  case Operation::ReduceScatter:
    return "reduce_scatter";
  case Operation::AllToAll:
    return "all_to_all";
  case Operation::ExchangeExtents:
    return "exchange_extents";
  case Operation::Barrier:
    return "barrier";
  case Operation::CheckReplicated:
    return "check_replicated";
  }
  return "unknown";
}

//===----------------------------------------------------------------------===//
// Checks
//===----------------------------------------------------------------------===//

Status commuter::rt::readOperand(commuter_context_t *context,
                                 const commuter_view_t *source,
                                 const char *what, View &view) {
  COMMUTER_TRY(readView(source, what, view));
  return context->device->checkMemory(view, what);
}

static Status checkGroup(const commuter_context_t *context,
                         const commuter_group_t *group) {
  if (!context || !group)
    return fail(COMMUTER_INVALID_ARGUMENT, "context or group is NULL");
  if (group->context != context)
    return fail(COMMUTER_INVALID_ARGUMENT,
                "group %s belongs to another context", group->spec.c_str());
  return {};
}

static Status checkReduction(const commuter_reduction_t &kind,
                             const View &input) {
  if (int raw = rawValue(kind); raw < COMMUTER_SUM || raw > COMMUTER_MIN)
    return fail(COMMUTER_INVALID_ARGUMENT, "unknown reduction %d", raw);
  if (isFloat8(input.dtype))
    return fail(COMMUTER_UNSUPPORTED, "no reduction of %s",
                input.describe().c_str());
  return {};
}

/// Checks a view of one i64 for each of the group's members.
static Status readExtentsView(commuter_context_t *context,
                              const commuter_view_t *source, int64_t count,
                              View &view) {
  COMMUTER_TRY(readView(source, "extents", view));
  if (view.dtype != COMMUTER_I64 || view.rank != 1 || view.sizes[0] != count)
    return fail(COMMUTER_INVALID_ARGUMENT, "extents are %s, not i64[%lld]",
                view.describe().c_str(), static_cast<long long>(count));
  if (context->device->isHidden(view.data))
    return fail(COMMUTER_INVALID_ARGUMENT,
                "extents are memory of device %s, but have to be the host's",
                context->device->name());
  return {};
}

static Status readExtents(commuter_context_t *context,
                          const commuter_view_t *source, int64_t count,
                          std::vector<int64_t> &extents, int64_t &sum) {
  View view;
  COMMUTER_TRY(readExtentsView(context, source, count, view));
  extents.resize(count);
  sum = 0;
  for (int64_t i = 0; i < count; ++i) {
    __builtin_memcpy(&extents[i],
                     view.data + i * view.strides[0] * view.elementSize,
                     sizeof(int64_t));
    if (extents[i] < 0 || __builtin_add_overflow(sum, extents[i], &sum))
      return fail(COMMUTER_INVALID_ARGUMENT, "extents[%lld] is %lld",
                  static_cast<long long>(i),
                  static_cast<long long>(extents[i]));
  }
  return {};
}

static void writeExtents(const View &target,
                         const std::vector<int64_t> &extents) {
  for (size_t i = 0; i < extents.size(); ++i)
    __builtin_memcpy(target.data + static_cast<int64_t>(i) * target.strides[0] *
                                       target.elementSize,
                     &extents[i], sizeof(int64_t));
}

//===----------------------------------------------------------------------===//
// Execution
//===----------------------------------------------------------------------===//

static Collective makeCall(Operation operation, commuter_context_t *context,
                           commuter_group_t *group) {
  Collective call;
  call.operation = operation;
  call.device = context->device;
  call.channel = group->channel;
  call.spec = group->spec.c_str();
  call.location = context->location;
  call.rank = context->rank;
  call.index = group->index;
  call.size = static_cast<int64_t>(group->members.size());
  return call;
}

/// What a collective over this rank alone does.
static Status runAlone(commuter_context_t *context, Collective &call,
                       CollectiveCounters &counters) {
  COMMUTER_TRY(context->world->transport->failure());
  auto copy = [&](const View &input, const View &output) {
    if (input.isSameAs(output))
      return;
    call.device->copy(input, output);
    counters.bytesCopied += output.bytes();
  };
  switch (call.operation) {
  case Operation::AllGather:
    for (const Gather &gather : call.gathers)
      copy(gather.input, gather.output);
    return call.device->failure();
  case Operation::AllReduce:
  case Operation::ReduceScatter:
  case Operation::AllToAll:
    copy(call.input, call.output);
    return call.device->failure();
  case Operation::ExchangeExtents:
    call.extents.assign(1, call.extent);
    break;
  case Operation::Barrier:
  case Operation::CheckReplicated:
    break;
  }
  return {};
}

/// `received` is the payload that this rank needs from the others.
static Status execute(commuter_context_t *context, Collective &call,
                      const Stopwatch &watch, int64_t received) {
  CollectiveCounters counters;
  Status status;
  bool alone = call.size == 1;
  if (alone) {
    status = runAlone(context, call, counters);
  } else {
    call.sequence = ++context->sequence;
    status = context->world->transport->run(call, counters);
  }
  int64_t end = nowNs();
  commuter_stats_t &stats = context->stats;
  stats.collective_ns += end - watch.startNs;
  stats.collective_cpu_ns += watch.cpuNs();
  stats.wait_ns += counters.waitNs;
  stats.bytes_copied += counters.bytesCopied;
  if (!status.ok())
    return status;
  if (alone) {
    received = 0;
  } else {
    ++stats.collective_count;
    stats.bytes_received += received;
  }
  context->emit(operationName(call.operation), "collective", call.spec,
                watch.startNs, end, received, 0);
  return {};
}

static Status readGather(commuter_context_t *context,
                         const commuter_group_t *group,
                         const commuter_gather_t &source, Gather &gather) {
  const auto size = static_cast<int64_t>(group->members.size());
  COMMUTER_TRY(readOperand(context, source.input, "input", gather.input));
  COMMUTER_TRY(readOperand(context, source.output, "output", gather.output));
  COMMUTER_TRY(checkSameType(gather.input, gather.output));
  COMMUTER_TRY(checkDim("dim", source.dim, gather.input));
  gather.dim = source.dim;
  int64_t own = gather.input.sizes[gather.dim], sum;
  if (source.extents) {
    COMMUTER_TRY(
        readExtents(context, source.extents, size, gather.extents, sum));
    if (gather.extents[group->index] != own)
      return fail(COMMUTER_INVALID_ARGUMENT,
                  "extents[%lld] is %lld, but dimension %lld of the input "
                  "has size %lld",
                  static_cast<long long>(group->index),
                  static_cast<long long>(gather.extents[group->index]),
                  static_cast<long long>(gather.dim),
                  static_cast<long long>(own));
  } else {
    gather.extents.assign(size, own);
    if (__builtin_mul_overflow(own, size, &sum))
      return fail(COMMUTER_INVALID_ARGUMENT, "the output is too large");
  }
  View expected = gather.input;
  expected.sizes[gather.dim] = sum;
  return checkOutputShape(expected, gather.output);
}

commuter_status_t
commuter_all_gather_coalesced(commuter_context_t *context,
                              commuter_group_t *group,
                              const commuter_gather_t *gathers, int64_t count) {
  Stopwatch watch;
  return guarded(context, [&]() -> Status {
    COMMUTER_TRY(checkGroup(context, group));
    if (!gathers || count < 1)
      return fail(COMMUTER_INVALID_ARGUMENT, "there is nothing to gather");
    Collective call = makeCall(Operation::AllGather, context, group);
    int64_t received = 0;
    for (int64_t i = 0; i < count; ++i) {
      Gather &gather = call.gathers.emplace_back();
      COMMUTER_TRY(readGather(context, group, gathers[i], gather));
      received += gather.output.bytes() - gather.input.bytes();
    }
    return execute(context, call, watch, received);
  });
}

commuter_status_t
commuter_all_gather(commuter_context_t *context, commuter_group_t *group,
                    const commuter_view_t *input, const commuter_view_t *output,
                    int64_t dim, const commuter_view_t *extents) {
  const commuter_gather_t gather = {input, output, extents, dim};
  return commuter_all_gather_coalesced(context, group, &gather, 1);
}

commuter_status_t commuter_all_reduce(commuter_context_t *context,
                                      commuter_group_t *group,
                                      commuter_reduction_t kind,
                                      const commuter_view_t *input,
                                      const commuter_view_t *output) {
  Stopwatch watch;
  return guarded(context, [&]() -> Status {
    COMMUTER_TRY(checkGroup(context, group));
    Collective call = makeCall(Operation::AllReduce, context, group);
    COMMUTER_TRY(readOperand(context, input, "input", call.input));
    COMMUTER_TRY(readOperand(context, output, "output", call.output));
    COMMUTER_TRY(checkSameType(call.input, call.output));
    COMMUTER_TRY(checkReduction(kind, call.input));
    COMMUTER_TRY(checkOutputShape(call.input, call.output));
    call.kind = kind;
    // As a reduce-scatter followed by an all-gather: what the algorithms of
    // the field move, and what bus bandwidth is defined by.
    return execute(context, call, watch,
                   2 * call.input.bytes() / call.size * (call.size - 1));
  });
}

commuter_status_t
commuter_reduce_scatter(commuter_context_t *context, commuter_group_t *group,
                        commuter_reduction_t kind, const commuter_view_t *input,
                        const commuter_view_t *output, int64_t dim) {
  Stopwatch watch;
  return guarded(context, [&]() -> Status {
    COMMUTER_TRY(checkGroup(context, group));
    Collective call = makeCall(Operation::ReduceScatter, context, group);
    COMMUTER_TRY(readOperand(context, input, "input", call.input));
    COMMUTER_TRY(readOperand(context, output, "output", call.output));
    COMMUTER_TRY(checkSameType(call.input, call.output));
    COMMUTER_TRY(checkReduction(kind, call.input));
    COMMUTER_TRY(checkDim("dim", dim, call.input));
    if (call.input.sizes[dim] % call.size)
      return fail(COMMUTER_INVALID_ARGUMENT,
                  "dimension %lld of input %s is not divisible by the group's "
                  "size %lld",
                  static_cast<long long>(dim), call.input.describe().c_str(),
                  static_cast<long long>(call.size));
    View expected = call.input;
    expected.sizes[dim] /= call.size;
    COMMUTER_TRY(checkOutputShape(expected, call.output));
    call.kind = kind;
    call.dim = dim;
    return execute(context, call, watch,
                   call.input.bytes() - call.output.bytes());
  });
}

commuter_status_t commuter_all_to_all(commuter_context_t *context,
                                      commuter_group_t *group,
                                      const commuter_view_t *input,
                                      const commuter_view_t *output,
                                      int64_t splitDim, int64_t concatDim) {
  Stopwatch watch;
  return guarded(context, [&]() -> Status {
    COMMUTER_TRY(checkGroup(context, group));
    Collective call = makeCall(Operation::AllToAll, context, group);
    COMMUTER_TRY(readOperand(context, input, "input", call.input));
    COMMUTER_TRY(readOperand(context, output, "output", call.output));
    COMMUTER_TRY(checkSameType(call.input, call.output));
    COMMUTER_TRY(checkDim("split_dim", splitDim, call.input));
    COMMUTER_TRY(checkDim("concat_dim", concatDim, call.input));
    if (call.input.sizes[splitDim] % call.size)
      return fail(COMMUTER_INVALID_ARGUMENT,
                  "dimension %lld of input %s is not divisible by the group's "
                  "size %lld",
                  static_cast<long long>(splitDim),
                  call.input.describe().c_str(),
                  static_cast<long long>(call.size));
    View expected = call.input;
    expected.sizes[splitDim] /= call.size;
    if (__builtin_mul_overflow(expected.sizes[concatDim], call.size,
                               &expected.sizes[concatDim]))
      return fail(COMMUTER_INVALID_ARGUMENT, "the output is too large");
    COMMUTER_TRY(checkOutputShape(expected, call.output));
    call.dim = splitDim;
    call.concatDim = concatDim;
    return execute(context, call, watch,
                   call.input.bytes() / call.size * (call.size - 1));
  });
}

commuter_status_t commuter_exchange_extents(commuter_context_t *context,
                                            commuter_group_t *group,
                                            int64_t extent,
                                            const commuter_view_t *extents) {
  Stopwatch watch;
  return guarded(context, [&]() -> Status {
    COMMUTER_TRY(checkGroup(context, group));
    Collective call = makeCall(Operation::ExchangeExtents, context, group);
    View target;
    COMMUTER_TRY(readExtentsView(context, extents, call.size, target));
    if (extent < 0)
      return fail(COMMUTER_INVALID_ARGUMENT, "extent is %lld",
                  static_cast<long long>(extent));
    call.extent = extent;
    COMMUTER_TRY(
        execute(context, call, watch, (call.size - 1) * sizeof(int64_t)));
    writeExtents(target, call.extents);
    return {};
  });
}

commuter_status_t commuter_barrier(commuter_context_t *context,
                                   commuter_group_t *group) {
  Stopwatch watch;
  return guarded(context, [&]() -> Status {
    COMMUTER_TRY(checkGroup(context, group));
    Collective call = makeCall(Operation::Barrier, context, group);
    return execute(context, call, watch, 0);
  });
}

commuter_status_t commuter::rt::checkReplicated(commuter_context_t *context,
                                                commuter_group_t *group,
                                                const commuter_view_t *view) {
  Stopwatch watch;
  return guarded(context, [&]() -> Status {
    COMMUTER_TRY(checkGroup(context, group));
    Collective call = makeCall(Operation::CheckReplicated, context, group);
    COMMUTER_TRY(readOperand(context, view, "view", call.input));
    return execute(context, call, watch,
                   call.index == 0 ? 0 : call.input.bytes());
  });
}

//===----------------------------------------------------------------------===//
// Local operations
//===----------------------------------------------------------------------===//

commuter_status_t commuter_to_partial(commuter_context_t *context,
                                      commuter_group_t *group,
                                      const commuter_view_t *input,
                                      const commuter_view_t *output) {
  Stopwatch watch;
  return guarded(context, [&]() -> Status {
    COMMUTER_TRY(checkGroup(context, group));
    View from, to;
    COMMUTER_TRY(readOperand(context, input, "input", from));
    COMMUTER_TRY(readOperand(context, output, "output", to));
    COMMUTER_TRY(checkSameType(from, to));
    COMMUTER_TRY(checkOutputShape(from, to));
    bool written = true;
    if (group->index != 0)
      context->device->fillIdentity(to);
    else if (!from.isSameAs(to))
      context->device->copy(from, to);
    else
      written = false;
    int64_t end = nowNs();
    context->stats.collective_ns += end - watch.startNs;
    context->stats.collective_cpu_ns += watch.cpuNs();
    if (written)
      context->stats.bytes_copied += to.bytes();
    context->emit("to_partial", "collective", group->spec.c_str(),
                  watch.startNs, end, 0, 0);
    return context->device->failure();
  });
}

commuter_status_t commuter_shard_bounds(commuter_context_t *context,
                                        const commuter_group_t *group,
                                        int64_t extent,
                                        const commuter_view_t *extents,
                                        int64_t *outOffset, int64_t *outSize) {
  return guarded(context, [&]() -> Status {
    COMMUTER_TRY(checkGroup(context, group));
    int64_t size = static_cast<int64_t>(group->members.size());
    if (extent < 0)
      return fail(COMMUTER_INVALID_ARGUMENT, "extent is %lld",
                  static_cast<long long>(extent));
    int64_t offset = 0, own;
    if (extents) {
      std::vector<int64_t> values;
      int64_t sum;
      COMMUTER_TRY(readExtents(context, extents, size, values, sum));
      if (sum != extent)
        return fail(
            COMMUTER_INVALID_ARGUMENT, "the extents add up to %lld, not %lld",
            static_cast<long long>(sum), static_cast<long long>(extent));
      for (int64_t i = 0; i < group->index; ++i)
        offset += values[i];
      own = values[group->index];
    } else {
      if (extent % size)
        return fail(COMMUTER_INVALID_ARGUMENT,
                    "%lld is not divisible by the size %lld of group %s",
                    static_cast<long long>(extent),
                    static_cast<long long>(size), group->spec.c_str());
      own = extent / size;
      offset = own * group->index;
    }
    if (outOffset)
      *outOffset = offset;
    if (outSize)
      *outSize = own;
    return {};
  });
}

commuter_status_t commuter::rt::copyViews(commuter_context_t *context,
                                          const commuter_view_t *source,
                                          const commuter_view_t *target) {
  return guarded(context, [&]() -> Status {
    View from, to;
    COMMUTER_TRY(readOperand(context, source, "source", from));
    COMMUTER_TRY(readOperand(context, target, "target", to));
    COMMUTER_TRY(checkSameType(from, to));
    COMMUTER_TRY(checkOutputShape(from, to));
    if (!from.isSameAs(to))
      context->device->copy(from, to);
    return context->device->failure();
  });
}
