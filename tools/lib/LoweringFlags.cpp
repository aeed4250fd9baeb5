//===- LoweringFlags.cpp --------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The flags that say how to lower a program.
//
//===----------------------------------------------------------------------===//

#include "LoweringFlags.h"

using namespace commuter::tools;
namespace cl = llvm::cl;

LoweringFlags::LoweringFlags(cl::OptionCategory &category)
    : pipeline("pipeline",
               cl::desc("none, commute, optimize or a textual pass pipeline"),
               cl::init("optimize"), cl::value_desc("pipeline"),
               cl::cat(category)),
      checkAssertions(
          "check-assertions",
          cl::desc("Check at run time what dist.assert_sharding, and the "
                   "annotations of called functions, promise"),
          cl::cat(category)),
      checkBounds("check-bounds",
                  cl::desc("Check at run time that the shapes of linalg's and "
                           "tensor's ops fit, as generate-runtime-verification "
                           "does"),
                  cl::cat(category)),
      contractionLoops(
          "contraction-loops",
          cl::desc("Matrix products as loops, not as calls of the runtime"),
          cl::cat(category)),
      cudaPath("cuda-path",
               cl::desc("CUDA toolkit, for its library of math functions "
                        "(default: CUDA_HOME, CUDA_PATH, or /usr/local/cuda)"),
               cl::value_desc("dir"), cl::cat(category)) {}

LoweringOptions LoweringFlags::get() const {
  LoweringOptions options;
  options.pipeline = pipeline;
  options.checkAssertions = checkAssertions;
  options.checkBounds = checkBounds;
  options.contractionLoops = contractionLoops;
  options.cudaPath = cudaPath;
  return options;
}

std::string LoweringFlags::findGiven() const {
  for (const cl::Option *flag : std::initializer_list<const cl::Option *>{
           &pipeline, &checkAssertions, &checkBounds, &contractionLoops,
           &cudaPath})
    if (flag->getNumOccurrences())
      return ("--" + flag->ArgStr).str();
  return "";
}
