//===- LaunchTest.cpp -------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the launchers do where there is no GPU.
//
//===----------------------------------------------------------------------===//

#include "../Norms.h"
#include "Device.h"

#include <gtest/gtest.h>

using namespace commuter::rt::cuda;

namespace {

TEST(LaunchTest, WithoutAGpuALaunchIsAnError) {
  if (!cts::gpu::architectures().empty())
    GTEST_SKIP() << "there is a GPU";
  float row[8] = {}, scales[1] = {};
  NormArguments norm;
  norm.rows = 1;
  norm.length = 8;
  norm.x = norm.output = {row, 8};
  QuantizeArguments quantize;
  quantize.rows = 1;
  quantize.length = 8;
  quantize.input = quantize.output = {row, 8};
  quantize.scales = {scales, 1, 0, true};
  for (const LaunchStatus &status :
       {launchNorm(norm, nullptr), launchQuantize(quantize, nullptr),
        launchDequantize(quantize, nullptr)}) {
    EXPECT_EQ(status.code, COMMUTER_UNSUPPORTED);
    EXPECT_STRNE(status.message, "");
  }
}

TEST(LaunchTest, NoRowsNeedNoGpu) {
  NormArguments norm;
  norm.length = 8;
  EXPECT_TRUE(launchNorm(norm, nullptr).ok());
}

TEST(LaunchTest, KernelsRunOnAGpu) {
  if (cts::gpu::architectures().empty())
    GTEST_SKIP() << "there is no GPU: the kernels' tests ran on the emulation "
                    "only";
}

} // namespace
