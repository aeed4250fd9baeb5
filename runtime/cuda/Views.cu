//===- Views.cu ------------------------------------------------*- CUDA -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The kernels for strided views, a thread for each element, and their launch.
// The emulation compiles this file as C++.
//
//===----------------------------------------------------------------------===//

#include "Elements.h"
#include "Views.h"

using namespace commuter::rt;
using namespace commuter::rt::cuda;

namespace commuter::rt::cuda {

//===----------------------------------------------------------------------===//
// Indices
//===----------------------------------------------------------------------===//

/// Where element `linear` lies.
COMMUTER_DEVICE int64_t offsetOf(const Shape &shape, const Operand &operand,
                                 int64_t linear) {
  int64_t offset = 0;
  // A division of 64 bits is much code, and there are as many as dimensions.
#pragma unroll 1
  for (int d = shape.rank - 1; d > 0; --d) {
    offset += linear % shape.sizes[d] * operand.strides[d];
    linear /= shape.sizes[d];
  }
  return shape.rank ? offset + linear * operand.strides[0] : 0;
}

template <typename T>
COMMUTER_DEVICE char *addressOf(const Shape &shape, const Operand &operand,
                                int64_t linear) {
  return operand.data +
         offsetOf(shape, operand, linear) * static_cast<int64_t>(sizeof(T));
}

//===----------------------------------------------------------------------===//
// Moves
//===----------------------------------------------------------------------===//

template <typename T>
__global__ void __launch_bounds__(kViewThreads)
    copyElements(const CopyParameters p) {
  forEachElement(p.begin, p.end, [&](int64_t i) {
    storeGlobal(addressOf<T>(p.shape, p.target, i),
                loadGlobal<T>(addressOf<T>(p.shape, p.source, i)));
  });
}

template <typename T>
__global__ void __launch_bounds__(kViewThreads)
    fillElements(const FillParameters p) {
  forEachElement(p.begin, p.end, [&](int64_t i) {
    storeGlobal(addressOf<T>(p.shape, p.target, i), static_cast<T>(p.bits));
  });
}

template <typename T>
__global__ void __launch_bounds__(kViewThreads)
    compareElements(const CompareParameters p) {
  forEachElement(p.begin, p.end, [&](int64_t i) {
    if (loadGlobal<T>(addressOf<T>(p.shape, p.a, i)) !=
        loadGlobal<T>(addressOf<T>(p.shape, p.b, i)))
      lowerToLeast(p.first, static_cast<uint64_t>(i));
  });
}

//===----------------------------------------------------------------------===//
// Reductions
//===----------------------------------------------------------------------===//

// As the CPU's, in cpu/Kernels.h.

template <typename V>
COMMUTER_DEVICE V largerOf(V a, V b) {
  return b > a || b != b ? b : a;
}
template <typename V>
COMMUTER_DEVICE V lesserOf(V a, V b) {
  return b < a || b != b ? b : a;
}

/// Types that are computed with as they are.
template <typename T>
struct Plain {
  typedef T Stored;
  typedef T Compute;
  COMMUTER_DEVICE T load(const void *address) { return loadGlobal<T>(address); }
  COMMUTER_DEVICE void store(void *address, T value) {
    storeGlobal(address, value);
  }
  COMMUTER_DEVICE T sum(T a, T b) { return a + b; }
};

/// Sums wrap: they are those of unsigned integers.
template <typename T>
struct Wrapping : Plain<T> {
  COMMUTER_DEVICE T sum(T a, T b) {
    typedef std::make_unsigned_t<T> U;
    return static_cast<T>(
        static_cast<U>(static_cast<U>(a) + static_cast<U>(b)));
  }
};

struct Bit : Plain<uint8_t> {
  COMMUTER_DEVICE uint8_t sum(uint8_t a, uint8_t b) { return a ^ b; }
};

/// Reads each element of every input before it writes that of the output. The
/// kind is no template's parameter, nor is the launch's place among those of
/// one reduction: their branches, which all threads take the same way, are
/// nothing beside the divisions of an index.
template <typename E>
__global__ void __launch_bounds__(kViewThreads)
    reduceElements(const ReduceParameters p) {
  typedef typename E::Stored T;
  typedef typename E::Compute V;
  forEachElement(p.begin, p.end, [&](int64_t i) {
    char *partial = p.partial + (i - p.begin) * static_cast<int64_t>(sizeof(V));
    V value = p.isFirst ? E::load(addressOf<T>(p.shape, p.inputs[0], i))
                        : loadGlobal<V>(partial);
#pragma unroll 1
    for (int k = p.isFirst ? 1 : 0; k < p.count; ++k) {
      const auto next = E::load(addressOf<T>(p.shape, p.inputs[k], i));
      value = p.kind == COMMUTER_SUM   ? E::sum(value, next)
              : p.kind == COMMUTER_MAX ? largerOf(value, next)
                                       : lesserOf(value, next);
    }
    if (p.isLast)
      E::store(addressOf<T>(p.shape, p.output, i), value);
    else
      storeGlobal(partial, value);
  });
}

} // namespace commuter::rt::cuda

//===----------------------------------------------------------------------===//
// Launch
//===----------------------------------------------------------------------===//

/// Calls body(T()) with the unsigned integer of that size.
template <typename Body>
static LaunchStatus withSize(int elementSize, Body body) {
  switch (elementSize) {
  case 1:
    return body(uint8_t());
  case 2:
    return body(uint16_t());
  case 4:
    return body(uint32_t());
  case 8:
    return body(uint64_t());
  }
  return unsupported("elements of more than 8 bytes are not moved on a GPU");
}

LaunchStatus commuter::rt::cuda::launchCopy(int elementSize,
                                            const CopyParameters &parameters,
                                            void *stream) {
  return withSize(elementSize, [&](auto t) {
    return launchElements(copyElements<decltype(t)>, parameters, stream);
  });
}

LaunchStatus commuter::rt::cuda::launchFill(int elementSize,
                                            const FillParameters &parameters,
                                            void *stream) {
  return withSize(elementSize, [&](auto t) {
    return launchElements(fillElements<decltype(t)>, parameters, stream);
  });
}

LaunchStatus commuter::rt::cuda::launchCompare(
    int elementSize, const CompareParameters &parameters, void *stream) {
  return withSize(elementSize, [&](auto t) {
    return launchElements(compareElements<decltype(t)>, parameters, stream);
  });
}

LaunchStatus commuter::rt::cuda::launchReduce(commuter_dtype_t type,
                                              const ReduceParameters &p,
                                              void *stream) {
  if (p.kind != COMMUTER_SUM && p.kind != COMMUTER_MAX &&
      p.kind != COMMUTER_MIN)
    return unsupported("there is no kernel of this reduction");
  switch (type) {
  case COMMUTER_F32:
    return launchElements(reduceElements<Rounded<F32>>, p, stream);
  case COMMUTER_F64:
    return launchElements(reduceElements<Plain<double>>, p, stream);
  case COMMUTER_F16:
    return launchElements(reduceElements<Rounded<F16>>, p, stream);
  case COMMUTER_BF16:
    return launchElements(reduceElements<Rounded<BF16>>, p, stream);
  case COMMUTER_I1:
    return launchElements(reduceElements<Bit>, p, stream);
  case COMMUTER_I8:
    return launchElements(reduceElements<Wrapping<int8_t>>, p, stream);
  case COMMUTER_I16:
    return launchElements(reduceElements<Wrapping<int16_t>>, p, stream);
  case COMMUTER_I32:
    return launchElements(reduceElements<Wrapping<int32_t>>, p, stream);
  case COMMUTER_I64:
    return launchElements(reduceElements<Wrapping<int64_t>>, p, stream);
  default:
    return unsupported("there is no kernel for reductions of this type");
  }
}
