//===- Norms.cpp ------------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The launchers: checks, the table of shapes, and what follows from a shape.
//
//===----------------------------------------------------------------------===//

#include "Norms.h"
#include "../src/Support.h"
#include "Family.h"
#include "Shapes.h"

#include <algorithm>
#include <bit>
#include <initializer_list>

using namespace commuter::rt;
using namespace commuter::rt::cuda;

//===----------------------------------------------------------------------===//
// Checks
//===----------------------------------------------------------------------===//

static LaunchStatus invalid(const char *message) {
  return {COMMUTER_INVALID_ARGUMENT, message};
}

static const Family *familyOf(commuter_dtype_t type) {
  switch (type) {
  case COMMUTER_F32:
    return &f32Family();
  case COMMUTER_F16:
    return &f16Family();
  case COMMUTER_BF16:
    return &bf16Family();
  default:
    return nullptr;
  }
}

static int sizeOf(commuter_dtype_t type) {
  return type == COMMUTER_F64                            ? 8
         : type == COMMUTER_F32                          ? 4
         : type == COMMUTER_F16 || type == COMMUTER_BF16 ? 2
                                                         : 1;
}

static int widthOf(commuter_dtype_t type) {
  return kPacketBytes / sizeOf(type);
}

static bool isQuantizedType(commuter_dtype_t type) {
  return type == COMMUTER_F8E4M3FN || type == COMMUTER_F8E5M2 ||
         type == COMMUTER_I8;
}

static LaunchStatus checkTypes(commuter_dtype_t type, bool quantizes,
                               commuter_dtype_t output) {
  if (!familyOf(type))
    return {COMMUTER_UNSUPPORTED,
            type == COMMUTER_F64
                ? "there is no kernel for rows of f64: they are of f32, f16 or "
                  "bf16"
                : "rows are of f32, f16 or bf16"};
  if (quantizes && !isQuantizedType(output))
    return {COMMUTER_UNSUPPORTED, "codes are of f8E4M3FN, f8E5M2 or i8"};
  if (!quantizes && output != type)
    return invalid("the result is of another type than x");
  return {};
}

static LaunchStatus checkScales(const Scales &scales, int64_t length) {
  if (scales.group < 0 || scales.stride < 0)
    return invalid("a group or a stride is negative");
  if (scales.group && length % scales.group)
    return invalid("a row is not whole groups");
  if (scales.group && scales.stride == 0)
    return invalid("groups have scales of their own, which need a stride");
  return {};
}

/// The elements that share a scale, of a row.
static int64_t groupOf(const Scales &scales, int64_t length) {
  return scales.group ? scales.group : length;
}

/// True if accesses of `bytes` bytes to every packet of every row are aligned.
static bool isAlignedTo(const Rows &rows, int64_t elementSize, int64_t bytes) {
  return reinterpret_cast<uintptr_t>(rows.data) % bytes == 0 &&
         rows.stride * elementSize % bytes == 0;
}

//===----------------------------------------------------------------------===//
// Shapes
//===----------------------------------------------------------------------===//

// In order of preference: the first that fits is taken. The reasons are those
// of a design for H100-like and A100-like machines; times are to be measured.
static constexpr NormShape kShapes[] = {
    // A row of 128 bytes keeps 8 lanes busy: a warp has 4 of them.
    {Home::Registers, 8, 1, 1, false},
    // 256 bytes, such as heads of attention: 2 rows for each warp.
    {Home::Registers, 16, 1, 1, false},
    // One warp: no barrier, and its lanes need no more than shuffles.
    {Home::Registers, 32, 1, 1, true},
    {Home::Registers, 32, 2, 1, false},
    // As many warps as the row has segments, for 1 barrier: 2 accesses of each
    // lane are in flight, and a block is small enough for several to share a
    // multiprocessor.
    {Home::Registers, 0, 1, 1, false},
    // More segments for each warp, since a block has no more than 16 of those:
    // with 4 a row takes 32 registers of a thread, which has 128.
    {Home::Registers, 0, 4, 1, true},
    // Longer rows stay in the registers of 2 blocks or more (sm_90), as few as
    // hold them: each exchange costs a barrier of the cluster.
    {Home::Registers, 0, 4, 2, true},
    {Home::Registers, 0, 4, 4, true},
    {Home::Registers, 0, 4, 8, true},
    // And then in the shared memory of 8, which is as many as is portable.
    {Home::Shared, 0, 0, 8, false},
    // Without clusters one block's shared memory is larger than its registers.
    {Home::Shared, 0, 0, 1, false},
    // Everything else is read again.
    {Home::Streamed, 0, 0, 1, true},
};

std::span<const NormShape> commuter::rt::cuda::normShapes() { return kShapes; }

namespace {

/// What is to be done with each row, whatever kernel does it.
struct RowWork {
  int64_t packets;
  Scaling scaling;
  bool isAligned;

  int64_t segments() const { return divideUp(packets, kSegmentPackets); }
  int64_t chunks() const { return divideUp(packets, kChunkPackets); }
  /// Chunks that each block of a cluster has.
  int64_t blockChunks(int cluster) const {
    return std::max<int64_t>(divideUp(chunks(), cluster), 1);
  }
  uint32_t sharedBytes(const NormShape &shape) const {
    if (shape.lanes)
      return 0;
    if (shape.home != Home::Shared)
      return sizeof(BlockState);
    int64_t block = blockChunks(shape.cluster) * kChunkPackets;
    return static_cast<uint32_t>(sizeof(BlockState) +
                                 kPacketBytes * std::min(packets, block));
  }
  bool fits(const NormShape &shape, const DeviceLimits &limits) const;
};

} // namespace

bool RowWork::fits(const NormShape &shape, const DeviceLimits &limits) const {
  constexpr int kMaxWarps = kHeldThreads / kWarp;
  if (shape.cluster > 1 && limits.major < 9)
    return false;
  if (!isAligned && !shape.takesUnaligned)
    return false;
  if (scaling == Scaling::Elements && shape.home != Home::Streamed)
    return false;
  if (shape.home == Home::Streamed)
    return shape.cluster == 1;
  if (shape.lanes)
    return packets <= (shape.lanes < kWarp ? shape.lanes
                                           : shape.segments * kSegmentPackets);
  int64_t chunks = blockChunks(shape.cluster);
  if (shape.home == Home::Shared)
    return chunks <=
               (shape.cluster > 1 ? kMaxClusterBlockChunks : kSpanChunks) &&
           sharedBytes(shape) <= limits.sharedBytes;
  int64_t held = kMaxWarps * shape.segments;
  return shape.cluster > 1 ? chunks * kChunkSegments <= held
                           : segments() <= held;
}

static LaunchShape launchOf(const NormShape &shape, const RowWork &work,
                            int64_t rows, const DeviceLimits &limits) {
  LaunchShape launch;
  launch.isDependent = limits.major >= 9;
  launch.cluster = shape.cluster;
  launch.sharedBytes = work.sharedBytes(shape);
  launch.threads = kLongThreads;
  if (shape.lanes) {
    launch.threads = kThreadsOfLanes;
    launch.gridX =
        static_cast<uint32_t>(divideUp(rows, kThreadsOfLanes / shape.lanes));
    return launch;
  }
  launch.gridX = static_cast<uint32_t>(rows * shape.cluster);
  if (shape.home == Home::Registers) {
    int64_t segments = shape.cluster == 1
                           ? work.segments()
                           : work.blockChunks(shape.cluster) * kChunkSegments;
    launch.threads = kWarp * static_cast<uint32_t>(std::max<int64_t>(
                                 divideUp(segments, shape.segments), 1));
  }
  return launch;
}

/// As many rows as one grid can have.
static int64_t rowsOfGrid(const NormShape &shape, const DeviceLimits &limits) {
  return shape.lanes ? int64_t(limits.blocks) * (kThreadsOfLanes / shape.lanes)
                     : limits.blocks / shape.cluster;
}

//===----------------------------------------------------------------------===//
// Norms
//===----------------------------------------------------------------------===//

static LaunchStatus check(const NormArguments &a) {
  if (const int raw = rawValue(a.kind);
      raw != COMMUTER_LAYER_NORM && raw != COMMUTER_RMS_NORM)
    return invalid("unknown norm");
  const bool quantizes = a.scales.data;
  TRY_LAUNCH(checkTypes(a.type, quantizes, a.outputType));
  if (a.rows < 0 || a.length < 0)
    return invalid("the number of rows, or their length, is negative");
  if (!a.residual.data != !a.sum.data)
    return invalid("residual and sum come together or not at all");
  for (const Columns *columns : {&a.scale, &a.bias})
    if (columns->data && columns->type != a.type &&
        columns->type != COMMUTER_F32 && columns->type != COMMUTER_F64)
      return invalid("scale and bias are of x's type or a wider one");
  if (a.rows && a.length && (!a.x.data || !a.output.data))
    return invalid("x or the result is missing");
  if (!quantizes)
    return {};
  TRY_LAUNCH(checkScales(a.scales, a.length));
  if (a.scales.computes && a.scales.stride == 0)
    return invalid("a scale of all rows is not known before every row is "
                   "normalised");
  return {};
}

static Scaling scalingOf(const NormArguments &a) {
  if (!a.scales.data)
    return Scaling::None;
  const int64_t group = groupOf(a.scales, a.length), width = widthOf(a.type);
  if (group == a.length)
    return Scaling::Row;
  const bool isLanes = group % width == 0 && group / width <= kWarp &&
                       std::has_single_bit(uint64_t(group / width));
  return isLanes ? Scaling::Lanes : Scaling::Elements;
}

static bool isAligned(const NormArguments &a, Scaling scaling) {
  const int size = sizeOf(a.type), width = widthOf(a.type);
  if (a.length % width)
    return false;
  for (const Rows *rows : {&a.x, &a.residual, &a.sum})
    if (!isAlignedTo(*rows, size, kPacketBytes))
      return false;
  for (const Columns *columns : {&a.scale, &a.bias})
    if (reinterpret_cast<uintptr_t>(columns->data) % kPacketBytes)
      return false;
  return scaling == Scaling::None ? isAlignedTo(a.output, size, kPacketBytes)
                                  : isAlignedTo(a.output, 1, width);
}

static NormParameters parametersOf(const NormArguments &a, bool normalizes,
                                   Scaling scaling) {
  NormParameters p = {};
  p.x = a.x.data;
  p.residual = a.residual.data;
  p.sum = a.sum.data;
  p.scale = {a.scale.data, a.scale.type};
  p.bias = {a.bias.data, a.bias.type};
  p.output = a.output.data;
  p.length = a.length;
  p.xStride = a.x.stride;
  p.residualStride = a.residual.stride;
  p.sumStride = a.sum.stride;
  p.outputStride = a.output.stride;
  p.eps = static_cast<float>(a.eps);
  p.offset = static_cast<float>(a.offset);
  p.normalizes = normalizes;
  p.centred = a.kind == COMMUTER_LAYER_NORM;
  p.scaling = scaling;
  p.format = a.outputType;
  p.computes = a.scales.computes;
  p.scales = a.scales.data;
  p.scalesStride = a.scales.stride;
  p.group = groupOf(a.scales, a.length);
  if (scaling == Scaling::Lanes)
    p.lanesLog2 = std::countr_zero(uint64_t(p.group / widthOf(a.type)));
  return p;
}

template <typename Pointer>
static Pointer advanced(Pointer data, int64_t bytes) {
  return data ? static_cast<char *>(const_cast<void *>(data)) + bytes : nullptr;
}

/// Leaves out the first `rows` rows.
static void skipRows(NormParameters &p, int64_t rows, int64_t size) {
  const int64_t outputSize = p.scaling == Scaling::None ? size : 1;
  p.x = advanced(p.x, rows * p.xStride * size);
  p.residual = advanced(p.residual, rows * p.residualStride * size);
  p.sum = advanced(p.sum, rows * p.sumStride * size);
  p.output = advanced(p.output, rows * p.outputStride * outputSize);
  p.scales += rows * p.scalesStride;
}

/// `chosen` null: the best shape.
static LaunchStatus launchRows(const NormArguments &a, bool normalizes,
                               const NormShape *chosen, void *stream) {
  if (a.rows == 0 || (a.length == 0 && !a.scales.computes))
    return {};
  DeviceLimits limits = {};
  TRY_LAUNCH(readLimits(limits));
  const Scaling scaling = scalingOf(a);
  const RowWork work = {divideUp(a.length, widthOf(a.type)), scaling,
                        isAligned(a, scaling)};
  if (!chosen)
    chosen =
        std::find_if(std::begin(kShapes), std::end(kShapes),
                     [&](const NormShape &s) { return work.fits(s, limits); });
  else if (!work.fits(*chosen, limits))
    return invalid("the rows do not fit this shape");

  NormParameters p = parametersOf(a, normalizes, scaling);
  p.blockChunks = work.blockChunks(chosen->cluster);
  const int64_t most = rowsOfGrid(*chosen, limits);
  for (int64_t done = 0; done < a.rows; done += p.rows) {
    p.rows = std::min(a.rows - done, most);
    TRY_LAUNCH(familyOf(a.type)->norm(*chosen, work.isAligned,
                                      launchOf(*chosen, work, p.rows, limits),
                                      stream, p));
    skipRows(p, p.rows, sizeOf(a.type));
  }
  return {};
}

LaunchStatus commuter::rt::cuda::launchNorm(const NormArguments &arguments,
                                            void *stream) {
  TRY_LAUNCH(check(arguments));
  return launchRows(arguments, true, nullptr, stream);
}

LaunchStatus
commuter::rt::cuda::launchNormWithShape(const NormArguments &arguments,
                                        const NormShape &shape, void *stream) {
  TRY_LAUNCH(check(arguments));
  return launchRows(arguments, true, &shape, stream);
}

//===----------------------------------------------------------------------===//
// Quantisation
//===----------------------------------------------------------------------===//

static LaunchStatus check(const QuantizeArguments &a) {
  TRY_LAUNCH(checkTypes(a.type, true, a.format));
  if (a.rows < 0 || a.length < 0)
    return invalid("the number of rows, or their length, is negative");
  if (!a.scales.data)
    return invalid("the scales are missing");
  if (a.rows && a.length && (!a.input.data || !a.output.data))
    return invalid("an operand is missing");
  return checkScales(a.scales, a.length);
}

/// Rows that lie one after the other, and so do their scales, are one row.
static QuantizeArguments flattened(QuantizeArguments a) {
  const bool isShared = a.scales.stride == 0;
  const int64_t group = groupOf(a.scales, a.length);
  if (a.rows <= 1 || a.length == 0 || a.input.stride != a.length ||
      a.output.stride != a.length ||
      (!isShared && a.scales.stride != a.length / group))
    return a;
  a.length *= a.rows;
  a.rows = 1;
  a.input.stride = a.output.stride = a.length;
  a.scales.group = isShared ? 0 : group;
  a.scales.stride = isShared ? 0 : a.length / group;
  return a;
}

/// A block for each `kElementThreads` packets of a row.
static LaunchShape elementLaunch(const QuantizeArguments &a,
                                 const DeviceLimits &limits) {
  constexpr int64_t kThreads = 256, kMaxGridY = 65535;
  LaunchShape launch;
  launch.threads = kThreads;
  launch.gridX = static_cast<uint32_t>(std::min<int64_t>(
      divideUp(divideUp(a.length, widthOf(a.type)), kThreads), limits.blocks));
  launch.gridY = static_cast<uint32_t>(std::min(a.rows, kMaxGridY));
  launch.isDependent = limits.major >= 9;
  return launch;
}

/// `coded` has codes, `plain` elements of a.type.
static bool isAligned(const QuantizeArguments &a, const Rows &plain,
                      const Rows *coded) {
  const int width = widthOf(a.type);
  return a.length % width == 0 && groupOf(a.scales, a.length) % width == 0 &&
         isAlignedTo(plain, sizeOf(a.type), kPacketBytes) &&
         (!coded || isAlignedTo(*coded, 1, width));
}

/// Element for element, by scales that are known.
static LaunchStatus launchElements(const QuantizeArguments &arguments,
                                   bool quantizes, const DeviceLimits &limits,
                                   void *stream) {
  if (arguments.rows == 0 || arguments.length == 0)
    return {};
  const QuantizeArguments a = flattened(arguments);
  ScaleParameters p = {};
  p.input = a.input.data;
  p.output = a.output.data;
  p.format = a.format;
  p.rows = a.rows;
  p.length = a.length;
  p.inputStride = a.input.stride;
  p.outputStride = a.output.stride;
  p.scales = a.scales.data;
  p.scalesStride = a.scales.stride;
  p.group = groupOf(a.scales, a.length);
  const Family &family = *familyOf(a.type);
  const LaunchShape launch = elementLaunch(a, limits);
  if (quantizes)
    return family.quantize(isAligned(a, a.input, &a.output), launch, stream, p);
  return family.dequantize(isAligned(a, a.output, &a.input), launch, stream, p);
}

/// One scale for all: the largest magnitude, in whose place the scale comes.
static LaunchStatus launchTensorScale(const QuantizeArguments &arguments,
                                      const DeviceLimits &limits,
                                      void *stream) {
  const QuantizeArguments a = flattened(arguments);
  const Family &family = *familyOf(a.type);
  TRY_LAUNCH(clearWord(a.scales.data, stream));
  if (a.rows && a.length) {
    LargestParameters p = {a.input.data, a.rows, a.length, a.input.stride,
                           reinterpret_cast<uint32_t *>(a.scales.data)};
    TRY_LAUNCH(family.largest(isAligned(a, a.input, nullptr),
                              elementLaunch(a, limits), stream, p));
  }
  LaunchShape one;
  one.isDependent = limits.major >= 9;
  one.threads = kWarp;
  return family.tensorScale(one, stream, {a.scales.data, a.format});
}

LaunchStatus
commuter::rt::cuda::launchQuantize(const QuantizeArguments &arguments,
                                   void *stream) {
  TRY_LAUNCH(check(arguments));
  QuantizeArguments a = arguments;
  if (!a.scales.computes || a.scales.stride == 0) {
    if (!a.scales.computes && (a.rows == 0 || a.length == 0))
      return {};
    DeviceLimits limits = {};
    TRY_LAUNCH(readLimits(limits));
    if (a.scales.computes)
      TRY_LAUNCH(launchTensorScale(a, limits, stream));
    return launchElements(a, true, limits, stream);
  }
  // A group is a row of its own if nothing lies between the rows.
  const int64_t group = groupOf(a.scales, a.length);
  if (group && a.input.stride == a.length && a.output.stride == a.length &&
      a.scales.stride == a.length / group) {
    a.rows *= a.length / group;
    a.length = group;
    a.input.stride = a.output.stride = group;
    a.scales.stride = 1;
  }
  NormArguments rows;
  rows.type = a.type;
  rows.outputType = a.format;
  rows.rows = a.rows;
  rows.length = a.length;
  rows.x = a.input;
  rows.output = a.output;
  rows.scales = a.scales;
  return launchRows(rows, false, nullptr, stream);
}

LaunchStatus
commuter::rt::cuda::launchDequantize(const QuantizeArguments &arguments,
                                     void *stream) {
  TRY_LAUNCH(check(arguments));
  if (arguments.rows == 0 || arguments.length == 0)
    return {};
  DeviceLimits limits = {};
  TRY_LAUNCH(readLimits(limits));
  return launchElements(arguments, false, limits, stream);
}
