//===- Harness.h ---------------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Runs a function on every rank of a world, each on a thread of its own. A
// further transport or device joins the suite here.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_RUNTIME_CTS_HARNESS_H
#define COMMUTER_RUNTIME_CTS_HARNESS_H

#include "commuter_program.h"
#include <functional>
#include <gtest/gtest.h>
#include <string>
#include <thread>
#include <vector>

namespace cts {

/// A row-major tensor that a test owns.
template <typename T>
struct Tensor {
  std::vector<int64_t> sizes, strides;
  std::vector<T> data;
  commuter_dtype_t dtype;

  Tensor(commuter_dtype_t dtype, std::vector<int64_t> shape, T value = {})
      : sizes(shape), strides(shape.size()), dtype(dtype) {
    int64_t stride = 1;
    for (size_t dim = shape.size(); dim-- > 0; stride *= shape[dim])
      strides[dim] = stride;
    data.assign(stride + 1, value); // never empty
  }
  commuter_view_t view() {
    return {data.data(), dtype, static_cast<int32_t>(sizes.size()),
            sizes.data(), strides.data()};
  }
};

struct Axis {
  const char *name;
  int64_t size;
};

/// A world of threads on the CPU, with the mesh @m of the given axes.
class World {
public:
  explicit World(std::vector<Axis> axes, int64_t timeoutMs = 20000)
      : axes(axes) {
    for (const Axis &axis : axes)
      size *= axis.size;
    commuter_world_options_t options{timeoutMs};
    EXPECT_EQ(COMMUTER_OK,
              commuter_threads_world_create(size, &options, &world));
  }
  ~World() { commuter_world_release(world); }

  using Body = std::function<void(commuter_context_t *, int rank)>;
  void run(const Body &body) {
    std::vector<commuter_context_t *> contexts(size);
    for (int rank = 0; rank < size; ++rank)
      contexts[rank] = create(rank);
    std::vector<std::thread> threads;
    for (int rank = 0; rank < size; ++rank)
      threads.emplace_back([&, rank] {
        body(contexts[rank], rank);
        commuter_context_release(contexts[rank]);
      });
    for (std::thread &thread : threads)
      thread.join();
  }

  commuter_context_t *create(int rank) {
    commuter_context_t *context = nullptr;
    EXPECT_EQ(COMMUTER_OK,
              commuter_context_create(world, rank, "cpu", &context));
    std::vector<const char *> names;
    std::vector<int64_t> sizes;
    for (const Axis &axis : axes) {
      names.push_back(axis.name);
      sizes.push_back(axis.size);
    }
    EXPECT_EQ(COMMUTER_OK,
              commuter_context_add_mesh(context, "m", names.size(),
                                        names.data(), sizes.data()));
    return context;
  }

  commuter_world_t *world = nullptr;
  std::vector<Axis> axes;
  int size = 1;
};

inline commuter_group_t *group(commuter_context_t *context, const char *spec) {
  commuter_group_t *result = nullptr;
  EXPECT_EQ(COMMUTER_OK, commuter_context_group(context, spec, &result))
      << commuter_context_error(context);
  return result;
}

} // namespace cts

#endif // COMMUTER_RUNTIME_CTS_HARNESS_H
