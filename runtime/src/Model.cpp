//===- Model.cpp ------------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One rank's run of a described program: arguments to MLIR's packed calling
// convention, memref descriptors to results.
//
//===----------------------------------------------------------------------===//

#include "commuter_model.h"

#include "Objects.h"

#include <cstring>

using namespace commuter::rt;

//===----------------------------------------------------------------------===//
// Results
//===----------------------------------------------------------------------===//

namespace {
struct BufferDeleter {
  void operator()(void *data) const { commuter_buffer_free(data); }
};
using Buffer = std::unique_ptr<void, BufferDeleter>;
} // namespace

struct commuter_results_t {
  std::atomic<int64_t> references{1};
  std::vector<commuter_view_t> views;
  // What the views point into.
  std::map<void *, Buffer> buffers; // several results may lie in one
  std::vector<std::unique_ptr<int64_t[]>> shapes;
  std::vector<uint64_t> memory; // of the numbers
};

const commuter_view_t *commuter_results_get(const commuter_results_t *results,
                                            int32_t i) {
  if (!results || i < 0 || static_cast<size_t>(i) >= results->views.size())
    return nullptr;
  return &results->views[i];
}

void commuter_results_retain(commuter_results_t *results) {
  if (results)
    results->references.fetch_add(1, std::memory_order_relaxed);
}

void commuter_results_release(commuter_results_t *results) {
  if (results &&
      results->references.fetch_sub(1, std::memory_order_acq_rel) == 1)
    delete results;
}

//===----------------------------------------------------------------------===//
// Arguments
//===----------------------------------------------------------------------===//

static int64_t widthOf(const commuter_model_value_t &value) {
  return commuter_dtype_size(static_cast<commuter_dtype_t>(value.dtype));
}

static bool fits(const commuter_view_t &view,
                 const commuter_model_value_t &value) {
  if (view.dtype != value.dtype || view.rank != value.rank)
    return false;
  for (int32_t d = 0; d < view.rank; ++d)
    if (view.sizes[d] < 0 ||
        (value.sizes[d] >= 0 && view.sizes[d] != value.sizes[d]))
      return false;
  return true;
}

static Status checkArgument(const commuter_view_t &view,
                            const commuter_model_value_t &value, int32_t i) {
  if (view.rank < 0 || view.rank > kMaxRank)
    return fail(COMMUTER_INVALID_ARGUMENT,
                "argument %d has rank %d, not 0 to %d", i, view.rank, kMaxRank);
  if (view.rank > 0 && (!view.sizes || !view.strides))
    return fail(COMMUTER_INVALID_ARGUMENT,
                "argument %d has no sizes or no strides", i);
  if (!fits(view, value))
    return fail(
        COMMUTER_INVALID_ARGUMENT, "argument %d is %s, but the model takes %s",
        i, describeShape(view.dtype, view.rank, view.sizes).c_str(),
        describeShape(value.dtype, value.rank, value.sizes, "?").c_str());
  bool isEmpty = false;
  int64_t expected = 1;
  bool isDense = true;
  for (int32_t d = view.rank; d-- > 0;) {
    isEmpty |= view.sizes[d] == 0;
    isDense &= view.sizes[d] == 1 || view.strides[d] == expected;
    if (view.sizes[d] &&
        __builtin_mul_overflow(expected, view.sizes[d], &expected))
      return fail(COMMUTER_INVALID_ARGUMENT,
                  "argument %d has too many elements", i);
  }
  if (!isEmpty && !isDense)
    return fail(COMMUTER_INVALID_ARGUMENT,
                "argument %d is not dense and row-major", i);
  if (!isEmpty && !view.data)
    return fail(COMMUTER_INVALID_ARGUMENT, "argument %d has no data", i);
  return {};
}

/// Where a checked argument is: see commuter_model_run.
static Status checkMemory(Device &device, const commuter_view_t &view,
                          const commuter_model_value_t &value, int32_t i) {
  if (device.isHost())
    return {};
  const std::string what = "argument " + std::to_string(i);
  View checked;
  COMMUTER_TRY(readView(&view, what.c_str(), checked));
  if (!value.is_number && std::strcmp(value.element, "index") != 0)
    return device.checkMemory(checked, what.c_str());
  if (checked.elements() && device.isHidden(view.data))
    return fail(COMMUTER_INVALID_ARGUMENT,
                "%s, of %s, is memory of device %s, but has to be the host's",
                what.c_str(), value.element, device.name());
  return {};
}

/// "cuda:1" runs what is compiled for "cuda".
static Status checkDevice(const commuter_model_t &model, const Device &device) {
  const std::string name = device.name();
  if (name.substr(0, name.find(':')) == model.device)
    return {};
  return fail(COMMUTER_UNSUPPORTED,
              "the model is compiled for device %s, but the context's device "
              "is %s",
              model.device, device.name());
}

//===----------------------------------------------------------------------===//
// The call
//===----------------------------------------------------------------------===//

/// Words of MLIR's memref descriptor: allocated, aligned, offset, sizes,
/// strides.
static size_t wordsOf(int32_t rank) { return 3 + 2 * rank; }

namespace {
/// The packed arguments of a call, and the memory of what it returns.
class ModelCall {
public:
  ModelCall(const commuter_model_t &model, const commuter_view_t *arguments);
  ModelCall(const ModelCall &) = delete;

  static void enter(void *self) {
    auto *call = static_cast<ModelCall *>(self);
    call->model.run(call->packed.data());
  }

  Status takeResults(commuter_results_t &results);

private:
  void layOutResults();
  void addDescriptor(const commuter_view_t &view);
  Status takeArray(const commuter_model_value_t &value, int32_t i,
                   const int64_t *words, commuter_results_t &results);

  const commuter_model_t &model;
  std::vector<size_t> offsets;  // of the results in `memory`, in bytes
  std::vector<uint64_t> memory; // a struct of all results
  std::vector<std::unique_ptr<int64_t[]>> descriptors;
  std::vector<void *> pointers; // what the packed arguments point to
  std::vector<void *> packed;
};
} // namespace

void ModelCall::layOutResults() {
  size_t size = 0;
  for (int32_t i = 0; i < model.result_count; ++i) {
    const commuter_model_value_t &value = model.results[i];
    size_t alignment = value.is_number ? widthOf(value) : 8;
    size = (size + alignment - 1) / alignment * alignment;
    offsets.push_back(size);
    size += value.is_number ? widthOf(value) : wordsOf(value.rank) * 8;
  }
  memory.resize(size / 8 + 1);
}

void ModelCall::addDescriptor(const commuter_view_t &view) {
  auto words = std::make_unique<int64_t[]>(wordsOf(view.rank));
  words[0] = words[1] = reinterpret_cast<int64_t>(view.data);
  int64_t stride = 1;
  for (int32_t d = view.rank; d-- > 0;) {
    words[3 + d] = view.sizes[d];
    words[3 + view.rank + d] = stride;
    stride *= view.sizes[d];
  }
  pointers.push_back(words.get());
  packed.push_back(&pointers.back());
  descriptors.push_back(std::move(words));
}

ModelCall::ModelCall(const commuter_model_t &model,
                     const commuter_view_t *arguments)
    : model(model) {
  layOutResults();
  pointers.reserve(1 + model.argument_count); // addresses stay
  // Several results, or an array, come back through a pointer to a struct.
  bool byPointer = model.result_count > 1 ||
                   (model.result_count == 1 && !model.results[0].is_number);
  if (byPointer) {
    pointers.push_back(memory.data());
    packed.push_back(&pointers.back());
  }
  for (int32_t i = 0; i < model.argument_count; ++i) {
    if (model.arguments[i].is_number)
      packed.push_back(arguments[i].data);
    else
      addDescriptor(arguments[i]);
  }
  if (!byPointer && model.result_count)
    packed.push_back(memory.data());
}

Status ModelCall::takeArray(const commuter_model_value_t &value, int32_t i,
                            const int64_t *words, commuter_results_t &results) {
  auto shape = std::make_unique<int64_t[]>(2 * value.rank);
  int64_t *sizes = shape.get(), *strides = sizes + value.rank;
  std::memcpy(sizes, words + 3, value.rank * sizeof(int64_t));
  // The function's boundary has the identity layout: the elements are dense.
  int64_t stride = 1, bytes = widthOf(value);
  bool isPossible = true;
  for (int32_t d = value.rank; d-- > 0;) {
    strides[d] = stride;
    isPossible &= sizes[d] >= 0;
    if (sizes[d] > 0)
      isPossible &= !__builtin_mul_overflow(stride, sizes[d], &stride) &&
                    !__builtin_mul_overflow(bytes, sizes[d], &bytes);
  }
  if (!isPossible)
    return fail(COMMUTER_INTERNAL, "result %d has an impossible size: %s", i,
                describeShape(value.dtype, value.rank, sizes).c_str());
  char *data = reinterpret_cast<char *>(words[1]) + words[2] * widthOf(value);
  results.views.push_back({data, value.dtype, value.rank, sizes, strides});
  results.shapes.push_back(std::move(shape));
  return {};
}

Status ModelCall::takeResults(commuter_results_t &results) {
  results.memory = std::move(memory);
  auto *base = reinterpret_cast<char *>(results.memory.data());
  // All buffers first: an error frees them, too.
  for (int32_t i = 0; i < model.result_count; ++i)
    if (!model.results[i].is_number) {
      void *allocated = *reinterpret_cast<void **>(base + offsets[i]);
      Buffer &buffer = results.buffers[allocated];
      if (!buffer)
        buffer.reset(allocated);
    }
  for (int32_t i = 0; i < model.result_count; ++i) {
    const commuter_model_value_t &value = model.results[i];
    char *at = base + offsets[i];
    if (value.is_number)
      results.views.push_back({at, value.dtype, 0, nullptr, nullptr});
    else
      COMMUTER_TRY(
          takeArray(value, i, reinterpret_cast<int64_t *>(at), results));
  }
  return {};
}

//===----------------------------------------------------------------------===//
// The API
//===----------------------------------------------------------------------===//

static Status checkModel(const commuter_model_t *model) {
  if (!model)
    return fail(COMMUTER_INVALID_ARGUMENT, "model is NULL");
  if (model->abi_version != COMMUTER_MODEL_ABI_VERSION)
    return fail(COMMUTER_UNSUPPORTED,
                "the model was compiled for version %d of the ABI, but this "
                "runtime has version %d: compile it again",
                model->abi_version, COMMUTER_MODEL_ABI_VERSION);
  return {};
}

commuter_status_t commuter_model_check(const commuter_model_t *model) {
  return guarded(nullptr, [&] { return checkModel(model); });
}

commuter_status_t commuter_model_run(commuter_context_t *context,
                                     const commuter_model_t *model,
                                     const commuter_view_t *arguments,
                                     commuter_results_t **outResults) {
  return guarded(context, [&]() -> Status {
    COMMUTER_TRY(checkModel(model));
    if (!context || !outResults || (model->argument_count && !arguments))
      return fail(COMMUTER_INVALID_ARGUMENT,
                  "context, arguments or out_results is NULL");
    COMMUTER_TRY(checkDevice(*model, *context->device));
    for (int32_t i = 0; i < model->argument_count; ++i) {
      COMMUTER_TRY(checkArgument(arguments[i], model->arguments[i], i));
      COMMUTER_TRY(
          checkMemory(*context->device, arguments[i], model->arguments[i], i));
    }

    ModelCall call(*model, arguments);
    auto results = std::make_unique<commuter_results_t>();
    uint64_t run = context->lastRun + 1;
    commuter_status_t status =
        commuter_context_run(context, ModelCall::enter, &call);
    if (status != COMMUTER_OK)
      return {status, context->error};
    Status taken = call.takeResults(*results);
    int64_t left = context->buffers->countSince(run) -
                   static_cast<int64_t>(results->buffers.size());
    if (taken.ok() && left)
      taken =
          fail(COMMUTER_INTERNAL, "the program left %lld %s behind",
               static_cast<long long>(left), left == 1 ? "buffer" : "buffers");
    if (!taken.ok()) {
      results.reset();
      context->buffers->freeSince(run);
      return taken;
    }
    *outResults = results.release();
    return {};
  });
}
