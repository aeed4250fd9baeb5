//===- Harness.h ------------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Test support: tensors in a device's memory, and launches that are run in
// every order.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_RUNTIME_CUDA_TEST_HARNESS_H
#define COMMUTER_RUNTIME_CUDA_TEST_HARNESS_H

#include "../../cts/NormReference.h"
#include "../Norms.h"
#include "Device.h"

namespace cts::gpu {

namespace cuda = commuter::rt::cuda;

/// Where a tensor's rows lie in the device's memory, in elements.
struct Placement {
  int64_t gap = 0;      ///< between rows
  int64_t misalign = 0; ///< of the first row
};

/// A tensor of two dimensions, or one, and its copy in the device's memory.
/// There rows may have gaps, which hold NaN, and must hold them afterwards.
class Operand {
public:
  explicit Operand(Tensor &tensor, Placement placement = {})
      : tensor(tensor), length(tensor.sizes.back()),
        rows(length ? tensor.count / length : 0),
        stride(length + placement.gap) {
    int64_t elements = rows ? (rows - 1) * stride + length : 0;
    initial.assign(elements * tensor.width, kGap);
    for (int64_t i = 0; i < tensor.count; ++i)
      std::memcpy(at(initial, i), tensor.at(i), tensor.width);
    device = allocate(initial.size(), placement.misalign * tensor.width);
  }
  Operand(const Operand &) = delete;
  ~Operand() { deallocate(device); }

  cuda::Rows asRows() const { return {device, stride}; }
  cuda::Columns asColumns() const { return {device, tensor.type()}; }
  cuda::Scales asScales(int64_t group, bool computes) const {
    return {static_cast<float *>(device), stride, group, computes};
  }
  cuda::Scales asScaleOfAll(bool computes) const {
    return {static_cast<float *>(device), 0, 0, computes};
  }

  void upload() { copyIn(device, initial.data(), initial.size()); }
  void download() {
    std::vector<char> found(initial.size());
    copyOut(found.data(), device, found.size());
    for (int64_t i = 0; i < tensor.count; ++i) {
      std::memcpy(tensor.at(i), at(found, i), tensor.width);
      std::memset(at(found, i), kGap, tensor.width);
    }
    EXPECT_TRUE(std::all_of(found.begin(), found.end(), [](char c) {
      return c == kGap;
    })) << "something was written between the rows";
  }

  Tensor &tensor;

private:
  static constexpr char kGap = char(0xff);

  char *at(std::vector<char> &bytes, int64_t linear) const {
    return bytes.data() +
           (linear / length * stride + linear % length) * tensor.width;
  }

  const int64_t length, rows, stride;
  std::vector<char> initial;
  void *device;
};

inline std::vector<uint64_t> bitsOf(const Tensor &tensor) {
  std::vector<uint64_t> bits(tensor.count);
  for (int64_t i = 0; i < tensor.count; ++i)
    bits[i] = tensor.bits(i);
  return bits;
}

/// Runs one launch, in every order; the results must be the same.
inline void expectLaunch(const Architecture &architecture,
                         const std::vector<Operand *> &operands,
                         const std::function<cuda::LaunchStatus()> &launch,
                         unsigned blocks = 0) {
  std::vector<std::vector<uint64_t>> first;
  for (int order = 0; order < orders(); ++order) {
    prepare(architecture, order, blocks);
    for (Operand *operand : operands)
      operand->upload();
    cuda::LaunchStatus status = launch();
    ASSERT_EQ(status.code, COMMUTER_OK) << status.message;
    ASSERT_EQ(synchronize(), "");
    for (size_t i = 0; i < operands.size(); ++i) {
      operands[i]->download();
      std::vector<uint64_t> bits = bitsOf(operands[i]->tensor);
      if (order == 0)
        first.push_back(bits);
      else
        EXPECT_EQ(bits, first[i]) << "depends on the order of the threads";
    }
  }
}

class GpuTest : public testing::TestWithParam<Architecture> {};

/// Of what gives the CPU's bits.
class GpuBesideCpuTest : public GpuTest {
protected:
  /// `body` gets a rank of the CPU to compare with.
  void run(const std::function<void(Rank &)> &body) {
    World world({"CpuThreads", "cpu", commuter_threads_world_create}, kOne);
    world.run(body);
  }
};

/// Where there is no GPU there are none of these tests; LaunchTest says so.
#define GPU_INSTANTIATE(suite)                                                 \
  GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(suite);                        \
  INSTANTIATE_TEST_SUITE_P(Gpu, suite, testing::ValuesIn(architectures()),     \
                           [](const auto &info) { return info.param.name; })

} // namespace cts::gpu

#endif // COMMUTER_RUNTIME_CUDA_TEST_HARNESS_H
