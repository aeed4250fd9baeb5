//===- Instances.h ----------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Makes a Family out of the kernels' templates. Each element type has a unit of
// its own, so that they compile side by side.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_RUNTIME_CUDA_INSTANCES_H
#define COMMUTER_RUNTIME_CUDA_INSTANCES_H

#include "Kernels.h"
#include "Launch.h"

namespace commuter::rt::cuda {

template <typename E, bool kAligned>
LaunchStatus launchNormOf(const NormShape &shape, const LaunchShape &launched,
                          void *stream, const NormParameters &p) {
  auto held = [&](int lanes, int segments) {
    return shape.home == Home::Registers && shape.lanes == lanes &&
           shape.segments == segments;
  };
  if constexpr (kAligned) {
    if (held(8, 1))
      return launch(normHeldRows<E, true, 8, 1>, launched, stream, p);
    if (held(16, 1))
      return launch(normHeldRows<E, true, 16, 1>, launched, stream, p);
    if (held(32, 2))
      return launch(normHeldRows<E, true, 32, 2>, launched, stream, p);
    if (held(0, 1))
      return launch(normHeldRows<E, true, 0, 1>, launched, stream, p);
    if (shape.home == Home::Shared)
      return launch(normLongRows<E, true, Home::Shared>, launched, stream, p);
  }
  if (held(32, 1))
    return launch(normHeldRows<E, kAligned, 32, 1>, launched, stream, p);
  if (held(0, 4))
    return launch(normHeldRows<E, kAligned, 0, 4>, launched, stream, p);
  if (shape.home == Home::Streamed)
    return launch(normLongRows<E, kAligned, Home::Streamed>, launched, stream,
                  p);
  return {COMMUTER_INVALID_ARGUMENT, "there is no kernel of this shape"};
}

template <typename E>
const Family &familyOf() {
  static constexpr Family family = {
      [](const NormShape &shape, bool isAligned, const LaunchShape &launched,
         void *stream, const NormParameters &p) {
        return isAligned ? launchNormOf<E, true>(shape, launched, stream, p)
                         : launchNormOf<E, false>(shape, launched, stream, p);
      },
      [](bool isAligned, const LaunchShape &launched, void *stream,
         const ScaleParameters &p) {
        return launch(isAligned ? quantizeElements<E, true>
                                : quantizeElements<E, false>,
                      launched, stream, p);
      },
      [](bool isAligned, const LaunchShape &launched, void *stream,
         const ScaleParameters &p) {
        return launch(isAligned ? dequantizeElements<E, true>
                                : dequantizeElements<E, false>,
                      launched, stream, p);
      },
      [](bool isAligned, const LaunchShape &launched, void *stream,
         const LargestParameters &p) {
        return launch(isAligned ? findLargest<E, true> : findLargest<E, false>,
                      launched, stream, p);
      },
      [](const LaunchShape &launched, void *stream,
         const TensorScaleParameters &p) {
        return launch(makeTensorScale<E>, launched, stream, p);
      }};
  return family;
}

} // namespace commuter::rt::cuda

#endif // COMMUTER_RUNTIME_CUDA_INSTANCES_H
