//===- Loop.cpp -------------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A rank of the transport nccl that goes on until it is told of a fault: what
// faults.py breaks where there is no compiled program for the device. Takes the
// part of the command line of commuter-run that it needs.
//
//   commuter-loop [--device NAME] [--entry mismatch] ...
//
//===----------------------------------------------------------------------===//

#include "commuter_rt.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <unistd.h>

static int32_t rank = -1;

static void require(commuter_status_t status) {
  if (status == COMMUTER_OK)
    return;
  std::fprintf(stderr, "commuter-run: error: rank %d: %s\n", rank,
               commuter_last_error());
  // The others may have to hear of it.
  usleep(700000);
  _exit(1);
}

int main(int argc, char **argv) {
  const char *device = "cuda-emulated";
  bool isMismatch = false;
  for (int i = 1; i + 1 < argc; ++i) {
    if (std::strcmp(argv[i], "--device") == 0)
      device = argv[i + 1];
    if (std::strcmp(argv[i], "--entry") == 0)
      isMismatch = std::strcmp(argv[i + 1], "mismatch") == 0;
  }
  int32_t size = 0;
  require(commuter_nccl_init(&rank, &size));
  commuter_world_t *world = nullptr;
  commuter_context_t *context = nullptr;
  commuter_group_t *pair = nullptr, *all = nullptr;
  require(commuter_nccl_world_create(size, nullptr, &world));
  require(commuter_context_create(world, rank, device, &context));
  const char *axes[] = {"dp", "tp"};
  const int64_t extents[] = {2, size / 2};
  require(commuter_context_add_mesh(context, "mesh", 2, axes, extents));
  require(commuter_context_group(context, "mesh[tp]", &pair));
  require(commuter_context_group(context, "mesh[dp,tp]", &all));

  constexpr int64_t kElements = 4096;
  void *data = nullptr, *result = nullptr;
  require(commuter_buffer_alloc(context, kElements * sizeof(float), &data));
  require(commuter_buffer_alloc(context, size * kElements * sizeof(float),
                                &result));
  const int64_t count = kElements, total = size * kElements, stride = 1;
  const commuter_view_t input = {data, COMMUTER_F32, 1, &count, &stride},
                        output = {result, COMMUTER_F32, 1, &total, &stride};
  float first = 1;
  require(commuter_buffer_write(context, data, &first, sizeof(first)));
  while (true) {
    require(commuter_all_reduce(
        context, pair, isMismatch && rank == 0 ? COMMUTER_MIN : COMMUTER_MAX,
        &input, &input));
    require(commuter_all_gather(context, all, &input, &output, 0, nullptr));
    require(commuter_buffer_read(context, result, &first, sizeof(first)));
  }
}
