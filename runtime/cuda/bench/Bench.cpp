//===- Bench.cpp ------------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Times of the kernels on a GPU, each beside that of a copy which moves as many
// bytes. Writes a line of JSON for the GPU and one for each case; see
// benchmarks/README.md for what they mean.
//
//===----------------------------------------------------------------------===//

#include "../Norms.h"

#include <cuda_runtime_api.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <vector>

using namespace commuter::rt::cuda;

static void check(cudaError_t error, const char *what) {
  if (error == cudaSuccess)
    return;
  std::fprintf(stderr, "commuter-cuda-bench: error: %s: %s\n", what,
               cudaGetErrorString(error));
  std::exit(1);
}

static void check(const LaunchStatus &status, const char *what) {
  if (status.ok())
    return;
  std::fprintf(stderr, "commuter-cuda-bench: error: %s: %s\n", what,
               status.message);
  std::exit(1);
}

//===----------------------------------------------------------------------===//
// Cases
//===----------------------------------------------------------------------===//

namespace {

struct Kernel {
  const char *name;
  commuter_norm_kind_t kind;
  bool normalizes, hasResidual, quantizes;
};

struct Case {
  Kernel kernel;
  commuter_dtype_t type;
  int64_t rows, length;

  int64_t width() const {
    return static_cast<int64_t>(commuter_dtype_size(type));
  }
  /// Of one operand of x's shape and type.
  int64_t operand() const { return rows * length * width(); }
  int64_t output() const {
    return kernel.quantizes ? rows * length : operand();
  }
  /// Read and written, but for the vectors that all rows have in common.
  int64_t bytes() const {
    return operand() * (kernel.hasResidual ? 3 : 1) + output() +
           (kernel.quantizes ? rows * 4 : 0);
  }
};

/// The operands of one launch, one after the other.
struct Operands {
  char *x, *residual, *sum, *output, *scales;
};

} // namespace

static constexpr Kernel kKernels[] = {
    {"layer_norm", COMMUTER_LAYER_NORM, true, false, false},
    {"rms_norm", COMMUTER_RMS_NORM, true, false, false},
    {"add_rms_norm", COMMUTER_RMS_NORM, true, true, false},
    {"rms_norm_quantize", COMMUTER_RMS_NORM, true, false, true},
    {"add_rms_norm_quantize", COMMUTER_RMS_NORM, true, true, true},
    {"quantize", COMMUTER_RMS_NORM, false, false, true},
};
static constexpr commuter_dtype_t kTypes[] = {COMMUTER_BF16, COMMUTER_F32};
/// From a head of attention to more than the registers of a block hold.
static constexpr int64_t kLengths[] = {128, 1024, 4096, 7168, 16384, 65536};
/// Of one operand: of a step of decoding, and far beyond every L2.
static constexpr int64_t kOperandBytes[] = {int64_t(1) << 20, int64_t(256)
                                                                  << 20};

static LaunchStatus launchCase(const Case &c, const Operands &o,
                               const void *weight, void *stream) {
  const Scales scales = {reinterpret_cast<float *>(o.scales), 1, 0, true};
  if (!c.kernel.normalizes) {
    QuantizeArguments a;
    a.type = c.type;
    a.format = COMMUTER_F8E4M3FN;
    a.rows = c.rows;
    a.length = c.length;
    a.input = {o.x, c.length};
    a.output = {o.output, c.length};
    a.scales = scales;
    return launchQuantize(a, stream);
  }
  NormArguments a;
  a.kind = c.kernel.kind;
  a.type = c.type;
  a.outputType = c.kernel.quantizes ? COMMUTER_F8E4M3FN : c.type;
  a.rows = c.rows;
  a.length = c.length;
  a.x = {o.x, c.length};
  if (c.kernel.hasResidual) {
    a.residual = {o.residual, c.length};
    a.sum = {o.sum, c.length};
  }
  a.scale = {weight, c.type};
  a.output = {o.output, c.length};
  if (c.kernel.quantizes)
    a.scales = scales;
  a.eps = 1e-6;
  return launchNorm(a, stream);
}

//===----------------------------------------------------------------------===//
// Times
//===----------------------------------------------------------------------===//

/// Microseconds of one of `count` launches: of replays of a graph that has them
/// all, the median.
static double measure(cudaStream_t stream, int count,
                      const std::function<void(int)> &launch) {
  constexpr int kWarmups = 3, kReplays = 25;
  cudaGraph_t graph = nullptr;
  cudaGraphExec_t executable = nullptr;
  // CUDA loads a kernel when it is first launched, which no capture should be
  // in the way of.
  launch(0);
  check(cudaStreamSynchronize(stream), "the first launch");
  check(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal),
        "capture");
  for (int i = 0; i < count; ++i)
    launch(i);
  check(cudaStreamEndCapture(stream, &graph), "capture");
  check(cudaGraphInstantiate(&executable, graph, 0), "instantiate");
  cudaEvent_t begin = nullptr, end = nullptr;
  check(cudaEventCreate(&begin), "event");
  check(cudaEventCreate(&end), "event");
  std::vector<float> times;
  for (int i = 0; i < kWarmups + kReplays; ++i) {
    float milliseconds = 0;
    check(cudaEventRecord(begin, stream), "record");
    check(cudaGraphLaunch(executable, stream), "replay");
    check(cudaEventRecord(end, stream), "record");
    check(cudaEventSynchronize(end), "replay");
    check(cudaEventElapsedTime(&milliseconds, begin, end), "time");
    if (i >= kWarmups)
      times.push_back(milliseconds);
  }
  check(cudaEventDestroy(begin), "event");
  check(cudaEventDestroy(end), "event");
  check(cudaGraphExecDestroy(executable), "graph");
  check(cudaGraphDestroy(graph), "graph");
  std::nth_element(times.begin(), times.begin() + times.size() / 2,
                   times.end());
  return 1000.0 * times[times.size() / 2] / count;
}

static int64_t padded(int64_t bytes) { return (bytes + 255) / 256 * 256; }

/// Launches take turns on as many sets of operands as exceed the L2 four times,
/// so that none finds its own in the cache.
static void runCase(const Case &c, int64_t l2Bytes, char *memory,
                    const void *weight, cudaStream_t stream) {
  const int64_t set =
      3 * padded(c.operand()) + padded(c.output()) + padded(c.rows * 4);
  const int count = static_cast<int>(
      std::max<int64_t>(4 * l2Bytes / std::max<int64_t>(c.bytes(), 1) + 1, 2));
  auto operands = [&](int i) {
    Operands o;
    o.x = memory + i * set;
    o.residual = o.x + padded(c.operand());
    o.sum = o.residual + padded(c.operand());
    o.output = o.sum + padded(c.operand());
    o.scales = o.output + padded(c.output());
    return o;
  };
  const double time = measure(stream, count, [&](int i) {
    check(launchCase(c, operands(i), weight, stream), c.kernel.name);
  });
  // A copy reads a byte for each that it writes.
  const int64_t half = c.bytes() / 2;
  const double copy = measure(stream, count, [&](int i) {
    char *source = memory + i * set;
    check(cudaMemcpyAsync(source + padded(half), source, half,
                          cudaMemcpyDeviceToDevice, stream),
          "copy");
  });
  std::printf("{\"kernel\": \"%s\", \"type\": \"%s\", \"rows\": %lld, "
              "\"length\": %lld, \"sets\": %d, \"bytes\": %lld, \"us\": %.3f, "
              "\"copy_us\": %.3f}\n",
              c.kernel.name, commuter_dtype_string(c.type),
              static_cast<long long>(c.rows), static_cast<long long>(c.length),
              count, static_cast<long long>(c.bytes()), time, copy);
  std::fflush(stdout);
}

static char *allocate(size_t bytes) {
  void *data = nullptr;
  check(cudaMalloc(&data, bytes), "memory");
  return static_cast<char *>(data);
}

static constexpr size_t kWeightBytes = 65536 * 4;

/// Numbers of magnitude 1 to 2, as bf16 and as f32. Not zeros: a GPU draws less
/// power for them, and may run faster.
static void fillRandomly(char *memory, size_t bytes) {
  std::vector<uint16_t> words(size_t(1) << 22);
  uint32_t state = 1;
  for (uint16_t &word : words) {
    state = state * 1664525u + 1013904223u;
    word = static_cast<uint16_t>(state >> 16 & 0x807f) | 0x3f80;
  }
  const size_t block = words.size() * sizeof(uint16_t);
  for (size_t done = 0; done < bytes; done += block)
    check(cudaMemcpy(memory + done, words.data(), std::min(block, bytes - done),
                     cudaMemcpyHostToDevice),
          "memory");
}

static std::vector<Case> allCases() {
  std::vector<Case> cases;
  for (const Kernel &kernel : kKernels)
    for (commuter_dtype_t type : kTypes)
      for (int64_t length : kLengths)
        for (int64_t bytes : kOperandBytes) {
          Case c = {kernel, type, 0, length};
          c.rows = std::max<int64_t>(bytes / (length * c.width()), 1);
          cases.push_back(c);
        }
  return cases;
}

int main() {
  cudaDeviceProp properties = {};
  int device = 0, driver = 0, runtime = 0;
  check(cudaGetDevice(&device), "no GPU");
  check(cudaGetDeviceProperties(&properties, device), "no GPU");
  check(cudaDriverGetVersion(&driver), "driver");
  check(cudaRuntimeGetVersion(&runtime), "runtime");
  const int64_t l2Bytes = properties.l2CacheSize;
  std::printf("{\"gpu\": \"%s\", \"compute\": \"%d.%d\", \"l2_bytes\": %lld, "
              "\"cuda_driver\": %d, \"cuda_runtime\": %d}\n",
              properties.name, properties.major, properties.minor,
              static_cast<long long>(l2Bytes), driver, runtime);

  // The largest case has 2 sets, or as many as exceed the L2; no set is more
  // than 4 of its operands and what lies between them.
  const int64_t largest =
      *std::max_element(std::begin(kOperandBytes), std::end(kOperandBytes));
  const size_t bytes =
      static_cast<size_t>(8 * largest + 16 * l2Bytes + (int64_t(64) << 20));
  char *memory = allocate(bytes), *weight = allocate(kWeightBytes);
  fillRandomly(memory, bytes);
  fillRandomly(weight, kWeightBytes);
  cudaStream_t stream = nullptr;
  check(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), "stream");
  check(cudaDeviceSynchronize(), "memory");
  for (const Case &c : allCases())
    runCase(c, l2Bytes, memory, weight, stream);
  check(cudaStreamSynchronize(stream), "the end");
  return 0;
}
