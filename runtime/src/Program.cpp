//===- Program.cpp ----------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Entry points of compiled programs, and commuter_context_run, which a failure
// inside them unwinds to.
//
//===----------------------------------------------------------------------===//

#include "commuter_program.h"

#include "../cpu/Strided.h"
#include "Objects.h"

#include <csetjmp>
#include <cstdio>
#include <cstdlib>
#include <cstring>

using namespace commuter::rt;

namespace {

/// One commuter_context_run on the stack of its thread.
struct RunFrame {
  RunFrame *previous;
  commuter_context_t *context;
  uint64_t run, previousRun;
  commuter_status_t status;
  std::jmp_buf target;
};

thread_local RunFrame *currentFrame = nullptr;

} // namespace

/// Says where the program failed, and tells the others why this rank is gone.
/// Where ranks do not meet, the message has the place of each.
/// Apart from `raise`, so that its strings are destroyed before the jump.
[[gnu::noinline]] static void poisonWorld(commuter_context_t *context,
                                          commuter_status_t status) noexcept {
  guarded(nullptr, [&]() -> Status {
    if (context->location && status != COMMUTER_MISMATCH &&
        status != COMMUTER_TIMEOUT)
      context->error.insert(0, std::string(context->location) + ": ");
    context->world->transport->abort(fail(COMMUTER_RANK_LEFT,
                                          "rank %d failed: %s", context->rank,
                                          context->error.c_str()));
    return {};
  });
}

/// Leaves the program. Nothing between here and commuter_context_run may have
/// a destructor: the entry points below hold plain values only.
[[noreturn, gnu::noinline]] static void raise(commuter_status_t status) {
  RunFrame *frame = currentFrame;
  poisonWorld(frame->context, status);
  frame->status = status;
  std::longjmp(frame->target, 1);
}

static void check(commuter_status_t status) {
  if (status != COMMUTER_OK)
    raise(status);
}

[[noreturn]] static void die(const char *function) {
  std::fprintf(stderr, "commuter: %s called outside of commuter_context_run\n",
               function);
  std::abort();
}

/// The context of an entry point, which the program called at `location`.
static commuter_context_t *enter(const char *location, const char *function) {
  if (!currentFrame)
    die(function);
  currentFrame->context->location = location;
  return currentFrame->context;
}

static commuter_group_t *lookUp(commuter_context_t *context, const char *spec) {
  commuter_group_t *group = nullptr;
  check(commuter_context_group(context, spec, &group));
  return group;
}

commuter_status_t commuter_context_run(commuter_context_t *context,
                                       void (*entry)(void *), void *argument) {
  if (!context || !entry)
    return guarded(context, []() -> Status {
      return fail(COMMUTER_INVALID_ARGUMENT, "context or entry is NULL");
    });
  RunFrame frame;
  frame.previous = currentFrame;
  frame.context = context;
  frame.previousRun = context->run;
  frame.run = context->run = ++context->lastRun;
  frame.status = COMMUTER_OK;
  commuter_context_retain(context);
  currentFrame = &frame;
  if (setjmp(frame.target) == 0)
    entry(argument);
  // After a jump only what lives in `frame` is certain to have its value.
  RunFrame *volatile done = &frame;
  currentFrame = done->previous;
  done->context->run = done->previousRun;
  done->context->location = nullptr;
  const bool isFailed = done->status != COMMUTER_OK;
  if (isFailed)
    done->context->buffers->freeSince(done->run);
  freeConstants(done->context, done->run, /*isLost=*/isFailed);
  commuter_status_t status = done->status;
  commuter_context_release(done->context);
  return status;
}

//===----------------------------------------------------------------------===//
// Collectives
//===----------------------------------------------------------------------===//

void commuter_program_all_gather(const char *location, const char *group,
                                 const commuter_gather_t *gathers,
                                 int64_t count) {
  commuter_context_t *context = enter(location, __func__);
  check(commuter_all_gather_coalesced(context, lookUp(context, group), gathers,
                                      count));
}

void commuter_program_all_reduce(const char *location, const char *group,
                                 const commuter_view_t *input,
                                 const commuter_view_t *output,
                                 int32_t reduction) {
  commuter_context_t *context = enter(location, __func__);
  check(commuter_all_reduce(context, lookUp(context, group),
                            static_cast<commuter_reduction_t>(reduction), input,
                            output));
}

void commuter_program_reduce_scatter(const char *location, const char *group,
                                     const commuter_view_t *input,
                                     const commuter_view_t *output, int64_t dim,
                                     int32_t reduction) {
  commuter_context_t *context = enter(location, __func__);
  check(commuter_reduce_scatter(context, lookUp(context, group),
                                static_cast<commuter_reduction_t>(reduction),
                                input, output, dim));
}

void commuter_program_all_to_all(const char *location, const char *group,
                                 const commuter_view_t *input,
                                 const commuter_view_t *output,
                                 int64_t splitDim, int64_t concatDim) {
  commuter_context_t *context = enter(location, __func__);
  check(commuter_all_to_all(context, lookUp(context, group), input, output,
                            splitDim, concatDim));
}

void commuter_program_exchange_extents(const char *location, const char *group,
                                       const commuter_view_t *extents,
                                       int64_t extent) {
  commuter_context_t *context = enter(location, __func__);
  check(commuter_exchange_extents(context, lookUp(context, group), extent,
                                  extents));
}

void commuter_program_to_partial(const char *location, const char *group,
                                 const commuter_view_t *input,
                                 const commuter_view_t *output) {
  commuter_context_t *context = enter(location, __func__);
  check(commuter_to_partial(context, lookUp(context, group), input, output));
}

int64_t commuter_program_axis_index(const char *location, const char *group) {
  return commuter_group_index(lookUp(enter(location, __func__), group));
}

int64_t commuter_program_axis_size(const char *location, const char *group) {
  return commuter_group_size(lookUp(enter(location, __func__), group));
}

static commuter_status_t getShard(commuter_context_t *context,
                                  const char *group,
                                  const commuter_view_t *extents,
                                  int64_t extent, int64_t expected,
                                  int64_t &offset, int64_t &size) {
  commuter_status_t status = commuter_shard_bounds(
      context, lookUp(context, group), extent, extents, &offset, &size);
  if (status != COMMUTER_OK || expected < 0 || size == expected)
    return status;
  return guarded(context, [&]() -> Status {
    return fail(COMMUTER_INVALID_ARGUMENT,
                "this rank's slice over %s has %lld elements, but the program "
                "has %lld",
                group, static_cast<long long>(size),
                static_cast<long long>(expected));
  });
}

int64_t commuter_program_shard_offset(const char *location, const char *group,
                                      const commuter_view_t *extents,
                                      int64_t extent, int64_t expected) {
  commuter_context_t *context = enter(location, __func__);
  int64_t offset = 0, size = 0;
  check(getShard(context, group, extents, extent, expected, offset, size));
  return offset;
}

int64_t commuter_program_shard_size(const char *location, const char *group,
                                    const commuter_view_t *extents,
                                    int64_t extent, int64_t expected) {
  commuter_context_t *context = enter(location, __func__);
  int64_t offset = 0, size = 0;
  check(getShard(context, group, extents, extent, expected, offset, size));
  return size;
}

void commuter_program_check_replicated(const char *location, const char *group,
                                       const commuter_view_t *view) {
  commuter_context_t *context = enter(location, __func__);
  check(checkReplicated(context, lookUp(context, group), view));
}

//===----------------------------------------------------------------------===//
// Norms
//===----------------------------------------------------------------------===//

void commuter_program_layer_norm(const char *location, const commuter_view_t *x,
                                 const commuter_view_t *residual,
                                 const commuter_view_t *sum,
                                 const commuter_view_t *scale,
                                 const commuter_view_t *bias,
                                 const commuter_view_t *output, int64_t axis,
                                 double eps) {
  check(commuter_norm(enter(location, __func__), COMMUTER_LAYER_NORM, x,
                      residual, sum, scale, bias, output, axis, eps, 0.0));
}

void commuter_program_rms_norm(const char *location, const commuter_view_t *x,
                               const commuter_view_t *residual,
                               const commuter_view_t *sum,
                               const commuter_view_t *scale,
                               const commuter_view_t *output, int64_t axis,
                               double eps, double offset) {
  check(commuter_norm(enter(location, __func__), COMMUTER_RMS_NORM, x, residual,
                      sum, scale, nullptr, output, axis, eps, offset));
}

void commuter_program_quantize(const char *location, const commuter_view_t *x,
                               const commuter_view_t *output,
                               const commuter_view_t *scales, int64_t group,
                               int32_t computed) {
  check(commuter_quantize(enter(location, __func__), x, output,
                          static_cast<commuter_scales_t>(computed), scales,
                          group));
}

void commuter_program_dequantize(const char *location,
                                 const commuter_view_t *quantized,
                                 const commuter_view_t *scales,
                                 const commuter_view_t *output) {
  check(commuter_dequantize(enter(location, __func__), quantized, scales,
                            output));
}

void commuter_program_norm_quantize(
    const char *location, const commuter_view_t *x,
    const commuter_view_t *residual, const commuter_view_t *sum,
    const commuter_view_t *scale, const commuter_view_t *bias,
    const commuter_view_t *output, const commuter_view_t *scales, int64_t group,
    int32_t computed, int32_t kind, int64_t axis, double eps, double offset) {
  check(commuter_norm_quantize(enter(location, __func__),
                               static_cast<commuter_norm_kind_t>(kind), x,
                               residual, sum, scale, bias, output,
                               static_cast<commuter_scales_t>(computed), scales,
                               group, axis, eps, offset));
}

//===----------------------------------------------------------------------===//
// Assertions
//===----------------------------------------------------------------------===//

void commuter_program_fail_assertion(const char *location,
                                     const char *message) {
  if (!currentFrame) {
    std::fprintf(stderr, "commuter: %s%sassertion failed: %s\n",
                 location ? location : "", location ? ": " : "", message);
    std::abort();
  }
  check(guarded(enter(location, __func__), [&]() -> Status {
    return fail(COMMUTER_ASSERTION_FAILED, "assertion failed: %s", message);
  }));
}

//===----------------------------------------------------------------------===//
// Contractions
//===----------------------------------------------------------------------===//

void commuter_program_contract(const char *location, const commuter_view_t *a,
                               const commuter_view_t *b,
                               const commuter_view_t *c) {
  check(commuter_contract(enter(location, __func__), a, b, c));
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

void commuter_program_copy(const char *location, const commuter_view_t *source,
                           const commuter_view_t *target) {
  check(copyViews(enter(location, __func__), source, target));
}

static void *allocate(commuter_context_t *context, Memory memory,
                      size_t alignment, size_t size) {
  void *data = nullptr;
  check(guarded(context, [&]() -> Status {
    return allocateBuffer(context, memory, alignment, size, &data);
  }));
  return data;
}

void *_mlir_memref_to_llvm_alloc(uint64_t size) {
  return allocate(enter(nullptr, __func__), Memory::Host, 64, size);
}

void *_mlir_memref_to_llvm_aligned_alloc(uint64_t alignment, uint64_t size) {
  return allocate(enter(nullptr, __func__), Memory::Host, alignment, size);
}

void _mlir_memref_to_llvm_free(void *data) { commuter_buffer_free(data); }

namespace {
/// MLIR's unranked memref, and the ranked descriptor that it points to: sizes
/// are followed by strides.
struct UnrankedMemref {
  int64_t rank;
  void *descriptor;
};
struct RankedMemref {
  char *allocated;
  char *aligned;
  int64_t offset;
  int64_t sizesAndStrides[];
};
} // namespace

static Status readMemref(void *source, int64_t elementSize, View &view) {
  auto *unranked = static_cast<UnrankedMemref *>(source);
  if (unranked->rank < 0 || unranked->rank > kMaxRank)
    return fail(COMMUTER_INVALID_ARGUMENT, "a memref of rank %lld",
                static_cast<long long>(unranked->rank));
  auto *ranked = static_cast<RankedMemref *>(unranked->descriptor);
  view.rank = static_cast<int32_t>(unranked->rank);
  view.elementSize = elementSize;
  for (int32_t d = 0; d < view.rank; ++d) {
    view.sizes[d] = ranked->sizesAndStrides[d];
    view.strides[d] = ranked->sizesAndStrides[view.rank + d];
  }
  view.data = ranked->aligned + ranked->offset * elementSize;
  return {};
}

void memrefCopy(int64_t elementSize, void *source, void *target) {
  commuter_context_t *context = enter(nullptr, __func__);
  check(guarded(context, [&]() -> Status {
    View from, to;
    COMMUTER_TRY(readMemref(source, elementSize, from));
    COMMUTER_TRY(readMemref(target, elementSize, to));
    if (!from.hasShapeOf(to))
      return fail(COMMUTER_INVALID_ARGUMENT,
                  "memref.copy between different shapes");
    for (const View *view : {&from, &to})
      if (context->device->isHidden(view->data))
        return fail(COMMUTER_INTERNAL, "memref.copy on the memory of device %s",
                    context->device->name());
    if (!from.isSameAs(to))
      copyHost(from, to);
    return {};
  }));
}

void *commuter_program_global(const char *location, const void *contents,
                              int64_t size, int64_t alignment) {
  commuter_context_t *context = enter(location, __func__);
  void *memory = nullptr;
  check(guarded(context, [&]() -> Status {
    auto &global = context->globals[contents];
    if (!global) {
      const auto bytes = static_cast<size_t>(size);
      global.reset(allocateHost(static_cast<size_t>(alignment), bytes));
      if (!global)
        return {COMMUTER_OUT_OF_MEMORY, "out of memory"};
      std::memcpy(global.get(), contents, bytes);
    }
    memory = global.get();
    return {};
  }));
  return memory;
}

//===----------------------------------------------------------------------===//
// Devices that have memory of their own
//===----------------------------------------------------------------------===//

void *commuter_program_device_alloc(const char *location, int64_t size) {
  return allocate(enter(location, __func__), Memory::Device, 64,
                  static_cast<size_t>(size));
}

void commuter_program_device_read(const char *location, void *target,
                                  const void *source, int64_t size) {
  check(commuter_buffer_read(enter(location, __func__), source, target,
                             static_cast<size_t>(size)));
}

void commuter_program_device_write(const char *location, void *target,
                                   const void *source, int64_t size) {
  check(commuter_buffer_write(enter(location, __func__), target, source,
                              static_cast<size_t>(size)));
}

const void *commuter_program_device_constant(const char *location,
                                             const void *data, int64_t size) {
  const void *copy = nullptr;
  check(findConstant(enter(location, __func__), data, size, &copy));
  return copy;
}

void commuter_program_transfer(const char *location,
                               const commuter_view_t *source,
                               const commuter_view_t *target) {
  check(transferViews(enter(location, __func__), source, target));
}

void commuter_program_launch(const char *location, commuter_kernel_t *kernel,
                             int64_t blocks, int64_t threads,
                             const void *arguments) {
  check(launchKernel(enter(location, __func__), kernel, blocks, threads,
                     arguments));
}

const commuter_symbol_t *commuter_program_symbols(void) {
#define COMMUTER_SYMBOL(name)                                                  \
  {                                                                            \
    #name, reinterpret_cast<void *>(&name)                                     \
  }
  static const commuter_symbol_t symbols[] = {
      COMMUTER_SYMBOL(commuter_program_all_gather),
      COMMUTER_SYMBOL(commuter_program_all_reduce),
      COMMUTER_SYMBOL(commuter_program_reduce_scatter),
      COMMUTER_SYMBOL(commuter_program_all_to_all),
      COMMUTER_SYMBOL(commuter_program_exchange_extents),
      COMMUTER_SYMBOL(commuter_program_to_partial),
      COMMUTER_SYMBOL(commuter_program_axis_index),
      COMMUTER_SYMBOL(commuter_program_axis_size),
      COMMUTER_SYMBOL(commuter_program_shard_offset),
      COMMUTER_SYMBOL(commuter_program_shard_size),
      COMMUTER_SYMBOL(commuter_program_check_replicated),
      COMMUTER_SYMBOL(commuter_program_layer_norm),
      COMMUTER_SYMBOL(commuter_program_rms_norm),
      COMMUTER_SYMBOL(commuter_program_quantize),
      COMMUTER_SYMBOL(commuter_program_dequantize),
      COMMUTER_SYMBOL(commuter_program_norm_quantize),
      COMMUTER_SYMBOL(commuter_program_fail_assertion),
      COMMUTER_SYMBOL(commuter_program_contract),
      COMMUTER_SYMBOL(commuter_program_copy),
      COMMUTER_SYMBOL(_mlir_memref_to_llvm_alloc),
      COMMUTER_SYMBOL(_mlir_memref_to_llvm_aligned_alloc),
      COMMUTER_SYMBOL(_mlir_memref_to_llvm_free),
      COMMUTER_SYMBOL(memrefCopy),
      COMMUTER_SYMBOL(commuter_program_global),
      COMMUTER_SYMBOL(commuter_program_device_alloc),
      COMMUTER_SYMBOL(commuter_program_device_read),
      COMMUTER_SYMBOL(commuter_program_device_write),
      COMMUTER_SYMBOL(commuter_program_device_constant),
      COMMUTER_SYMBOL(commuter_program_transfer),
      COMMUTER_SYMBOL(commuter_program_launch),
      {nullptr, nullptr},
  };
#undef COMMUTER_SYMBOL
  return symbols;
}
