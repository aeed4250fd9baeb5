//===- NormBenchmark.cpp ----------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Norms on the processor beside copies of as many bytes and oneDNN. A benchmark
// is named op/type/rows:R/columns:C/who; benchmarks/norms.py runs all that
// share an op, a type and a size interleaved, and makes ratios of them.
//
//===----------------------------------------------------------------------===//

#include "commuter_rt.h"

#include <benchmark/benchmark.h>
#include <omp.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <string>

#if defined(__x86_64__)
#include <immintrin.h>
#endif
#if defined(COMMUTER_HAS_ONEDNN)
#include <oneapi/dnnl/dnnl.hpp>
#endif

namespace {

void check(bool ok, const char *what) {
  if (ok)
    return;
  std::fprintf(stderr, "%s\n", what);
  std::exit(1);
}

/// Memory that lives as long as the process: benchmarks of one size share it,
/// so that all of them find it mapped. Filled with numbers in [1, 2). Each
/// block has a place of its own in its first page, the same in each run: a
/// processor takes a load for one of what was just stored a little way behind
/// it, if all but their pages are the same.
char *shared(const std::string &name, commuter_dtype_t type, int64_t elements) {
  constexpr size_t kPage = 4096, kDistance = 576;
  struct Block {
    size_t place;
    std::unique_ptr<char, void (*)(void *)> memory{nullptr, std::free};
    char *data = nullptr;
    int64_t bytes = 0;
    int type = -1;
  };
  static std::map<std::string, Block> blocks;
  if (blocks.empty())
    for (const char *each :
         {"x", "residual", "scale", "bias", "scales", "output", "sum"})
      blocks.emplace(each, Block{blocks.size() * kDistance});
  Block &block = blocks.at(name);
  int64_t width = static_cast<int64_t>(commuter_dtype_size(type));
  int64_t bytes = (elements * width + 63) / 64 * 64;
  if (block.bytes >= bytes && block.type == type)
    return block.data;
  size_t pages = (block.place + bytes + kPage - 1) / kPage;
  block.memory.reset(
      static_cast<char *>(std::aligned_alloc(kPage, pages * kPage)));
  check(block.memory != nullptr, "out of memory");
  block.data = block.memory.get() + block.place;
  block.bytes = bytes;
  block.type = type;
  uint32_t state = 1;
  for (int64_t at = 0; at < bytes; at += width) {
    state = state * 1664525u + 1013904223u;
    uint32_t bits = type == COMMUTER_F32    ? 0x3f800000 | state >> 9
                    : type == COMMUTER_BF16 ? 0x3f80 | state >> 25
                    : type == COMMUTER_F16  ? 0x3c00 | state >> 22
                                            : state >> 24;
    std::memcpy(block.data + at, &bits, width);
  }
  return block.data;
}

//===----------------------------------------------------------------------===//
// What is measured
//===----------------------------------------------------------------------===//

struct Case {
  const char *op;
  commuter_norm_kind_t kind;
  bool adds, quantizes;
  commuter_dtype_t type;
  int64_t rows, columns;

  int64_t elements() const { return rows * columns; }
  int64_t width() const {
    return static_cast<int64_t>(commuter_dtype_size(type));
  }
  commuter_dtype_t outputType() const {
    return quantizes ? COMMUTER_F8E4M3FN : type;
  }
  /// Read and written, parameters aside.
  int64_t bytes() const {
    return elements() * (width() * (adds ? 3 : 1) + (quantizes ? 1 : width()));
  }
};

/// One call, again and again. Before the clock starts, calls for 5 ms: others'
/// threads, which wait for work by looping, have given up by then.
void measure(benchmark::State &state, const Case &c,
             const std::function<void()> &call) {
  auto start = std::chrono::steady_clock::now();
  do
    call();
  while (std::chrono::steady_clock::now() - start <
         std::chrono::milliseconds(5));
  for (auto _ : state)
    call();
  state.SetBytesProcessed(state.iterations() * c.bytes());
}

struct Matrix {
  int64_t sizes[2], strides[2];
  commuter_view_t view;

  Matrix(void *data, commuter_dtype_t type, int64_t rows, int64_t columns)
      : sizes{rows, columns}, strides{columns, 1},
        view{data, type, 2, sizes, strides} {}
};

void runCommuter(benchmark::State &state, const Case &c) {
  commuter_world_t *world = nullptr;
  commuter_context_t *context = nullptr;
  check(commuter_threads_world_create(1, nullptr, &world) == COMMUTER_OK &&
            commuter_context_create(world, 0, "cpu", &context) == COMMUTER_OK,
        "no context");
  auto matrix = [&](const char *name, commuter_dtype_t type) {
    return Matrix(shared(name, type, c.elements()), type, c.rows, c.columns);
  };
  Matrix x = matrix("x", c.type), output = matrix("output", c.outputType());
  Matrix residual = c.adds ? matrix("residual", c.type) : x;
  Matrix sum = c.adds ? matrix("sum", c.type) : x;
  residual.view.sizes = sum.view.sizes = x.sizes;
  residual.view.strides = sum.view.strides = x.strides;
  Matrix scales(shared("scales", COMMUTER_F32, c.rows), COMMUTER_F32, c.rows,
                1);
  const int64_t one = 1;
  commuter_view_t scale{shared("scale", COMMUTER_F32, c.columns), COMMUTER_F32,
                        1, &c.columns, &one};
  commuter_view_t bias{shared("bias", COMMUTER_F32, c.columns), COMMUTER_F32, 1,
                       &c.columns, &one};
  const commuter_view_t *residualView = c.adds ? &residual.view : nullptr;
  const commuter_view_t *sumView = c.adds ? &sum.view : nullptr;
  const commuter_view_t *biasView =
      c.kind == COMMUTER_LAYER_NORM ? &bias : nullptr;
  measure(state, c, [&] {
    commuter_status_t status =
        c.quantizes
            ? commuter_norm_quantize(context, c.kind, &x.view, residualView,
                                     sumView, &scale, biasView, &output.view,
                                     COMMUTER_SCALES_COMPUTED, &scales.view, 0,
                                     1, 1e-5, 0)
            : commuter_norm(context, c.kind, &x.view, residualView, sumView,
                            &scale, biasView, &output.view, 1, 1e-5, 0);
    check(status == COMMUTER_OK, commuter_context_error(context));
  });
  commuter_context_release(context);
  commuter_world_release(world);
}

void streamingCopy(char *target, const char *source, int64_t bytes) {
#if defined(__x86_64__)
  for (int64_t at = 0; at < bytes; at += 16)
    _mm_stream_si128(
        reinterpret_cast<__m128i *>(target + at),
        _mm_load_si128(reinterpret_cast<const __m128i *>(source + at)));
  _mm_sfence();
#else
  std::memcpy(target, source, bytes);
#endif
}

/// Copies as many bytes as the norm moves, in equal parts on `threads` threads.
void runCopy(benchmark::State &state, const Case &c, int threads,
             bool isStreaming) {
  int64_t bytes = c.bytes() / 2 / 64 * 64 + 64;
  const char *source = shared("x", c.type, bytes / c.width());
  char *target = shared("output", c.outputType(),
                        bytes / commuter_dtype_size(c.outputType()));
  auto part = [&](int64_t index) {
    int64_t begin = bytes / 64 * index / threads * 64;
    int64_t end = bytes / 64 * (index + 1) / threads * 64;
    if (isStreaming)
      streamingCopy(target + begin, source + begin, end - begin);
    else
      std::memcpy(target + begin, source + begin, end - begin);
  };
  measure(state, c, [&] {
    if (threads == 1)
      return part(0);
#pragma omp parallel num_threads(threads)
    part(omp_get_thread_num());
  });
}

#if defined(COMMUTER_HAS_ONEDNN)
void runOneDnn(benchmark::State &state, const Case &c) {
  using namespace dnnl;
  static engine cpu(engine::kind::cpu, 0);
  static stream queue(cpu);
  typedef memory::data_type T;
  T type = c.type == COMMUTER_F32 ? T::f32 : T::bf16;
  memory::desc matrix({c.rows, c.columns}, type, memory::format_tag::ab);
  memory::desc row({c.columns}, T::f32, memory::format_tag::a);
  layer_normalization_forward::desc operation(
      prop_kind::forward_inference, matrix, 1e-5f,
      normalization_flags::use_scale | normalization_flags::use_shift);
  layer_normalization_forward norm;
  try {
    norm = layer_normalization_forward({operation, cpu});
  } catch (const dnnl::error &error) {
    // Of bf16 on processors that have no instructions for it.
    return state.SkipWithError(error.what());
  }
  auto at = [&](const memory::desc &desc, const char *name,
                commuter_dtype_t dtype, int64_t elements) {
    return memory(desc, cpu, shared(name, dtype, elements));
  };
  std::unordered_map<int, memory> arguments{
      {DNNL_ARG_SRC, at(matrix, "x", c.type, c.elements())},
      {DNNL_ARG_DST, at(matrix, "output", c.type, c.elements())},
      {DNNL_ARG_SCALE, at(row, "scale", COMMUTER_F32, c.columns)},
      {DNNL_ARG_SHIFT, at(row, "bias", COMMUTER_F32, c.columns)}};
  measure(state, c, [&] {
    norm.execute(queue, arguments);
    queue.wait();
  });
}
#endif

//===----------------------------------------------------------------------===//
// The grid
//===----------------------------------------------------------------------===//

constexpr int64_t kRows[] = {1, 64, 1024, 8192, 32768};
constexpr int64_t kColumns[] = {63,   64,   1001,  1024, 4096,
                                7168, 7169, 12288, 16384};
/// What the buffers of one case may take.
constexpr int64_t kMostBytes = INT64_C(5) << 30;

void add(const Case &c) {
  const char *types[] = {"f32", "f64", "f16", "bf16"};
  std::string name = std::string(c.op) + "/" + types[c.type] +
                     "/rows:" + std::to_string(c.rows) +
                     "/columns:" + std::to_string(c.columns) + "/";
  auto add = [&](const char *who, auto run) {
    benchmark::RegisterBenchmark(
        (name + who).c_str(),
        [c, run](benchmark::State &state) { run(state, c); })
        ->UseRealTime()
        ->Unit(benchmark::kMicrosecond);
  };
  add("commuter", runCommuter);
  auto addCopy = [&](const char *who, int threads, bool isStreaming) {
    add(who, [=](benchmark::State &state, const Case &c) {
      runCopy(state, c, threads, isStreaming);
    });
  };
  addCopy("copy", omp_get_max_threads(), false);
  addCopy("copy-streaming", omp_get_max_threads(), true);
  addCopy("copy-one-thread", 1, false);
#if defined(COMMUTER_HAS_ONEDNN)
  // It has no RMS norm, nor f16 on processors, and fuses nothing.
  if (c.kind == COMMUTER_LAYER_NORM && !c.adds && !c.quantizes &&
      c.type != COMMUTER_F16)
    add("onednn", runOneDnn);
#endif
}

} // namespace

int main(int argc, char **argv) {
  for (int kind = 0; kind < 2; ++kind)
    for (bool adds : {false, true})
      for (bool quantizes : {false, true})
        for (commuter_dtype_t type :
             {COMMUTER_F32, COMMUTER_BF16, COMMUTER_F16})
          for (int64_t rows : kRows)
            for (int64_t columns : kColumns) {
              const char *names[2][2][2] = {
                  {{"layer_norm", "layer_norm_quantize"},
                   {"add_layer_norm", "add_layer_norm_quantize"}},
                  {{"rms_norm", "rms_norm_quantize"},
                   {"add_rms_norm", "add_rms_norm_quantize"}}};
              Case c{names[kind][adds][quantizes],
                     kind ? COMMUTER_RMS_NORM : COMMUTER_LAYER_NORM,
                     adds,
                     quantizes,
                     type,
                     rows,
                     columns};
              if (c.bytes() <= kMostBytes)
                add(c);
            }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv))
    return 1;
  return benchmark::RunSpecifiedBenchmarks() ? 0 : 1;
}
