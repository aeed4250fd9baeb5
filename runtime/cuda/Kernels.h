//===- Kernels.h ------------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Norm and quantisation kernels for GPUs. They need nothing but Machine.h, and
// so run on its emulation as well.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_RUNTIME_CUDA_KERNELS_H
#define COMMUTER_RUNTIME_CUDA_KERNELS_H

// Bits. The order of every sum is that of Arguments.h. Compile without
// contraction of products and sums (nvcc -fmad=false, g++ -ffp-contract=off),
// as the CPU's kernels are: then each operation is one of IEEE 754's, and
// architectures and the emulation agree to the last bit.

#include "Arguments.h"
#include "Machine.h"
#include "commuter_rt.h"

#include <type_traits>

#define COMMUTER_INLINE COMMUTER_DEVICE
#include "../src/QuantizedTypes.h"

namespace commuter::rt::cuda {

//===----------------------------------------------------------------------===//
// Element types
//===----------------------------------------------------------------------===//

// Elements stay in words as they are stored until they are computed with: a row
// then takes as many registers as it has words. kAbsent is a word of -0.0, the
// identity of the sum.

struct F32 {
  typedef uint32_t Stored;
  static constexpr int kType = COMMUTER_F32;
  static constexpr int kPerWord = 1;
  static constexpr int kWidth = 4;
  static constexpr uint32_t kAbsent = 0x80000000;
  static constexpr uint32_t kNaN = 0x7fc00000;
  COMMUTER_DEVICE void unpack(uint32_t word, float *v) { v[0] = floatOf(word); }
  COMMUTER_DEVICE uint32_t pack(const float *v) { return bitsOf(v[0]); }
};

struct F16 {
  typedef uint16_t Stored;
  static constexpr int kType = COMMUTER_F16;
  static constexpr int kPerWord = 2;
  static constexpr int kWidth = 8;
  static constexpr uint32_t kAbsent = 0x80008000;
  static constexpr uint32_t kNaN = 0x7e00;
  COMMUTER_DEVICE void unpack(uint32_t word, float *v) {
    unpackHalves(word, v);
  }
  COMMUTER_DEVICE uint32_t pack(const float *v) { return packHalves(v); }
};

struct BF16 {
  typedef uint16_t Stored;
  static constexpr int kType = COMMUTER_BF16;
  static constexpr int kPerWord = 2;
  static constexpr int kWidth = 8;
  static constexpr uint32_t kAbsent = 0x80008000;
  static constexpr uint32_t kNaN = 0x7fc0;
  COMMUTER_DEVICE void unpack(uint32_t word, float *v) {
    v[0] = floatOf(word << 16);
    v[1] = floatOf(word & 0xffff0000);
  }
  COMMUTER_DEVICE uint32_t pack(const float *v) { return packBFloats(v); }
};

//===----------------------------------------------------------------------===//
// Packets: 16 bytes of a row
//===----------------------------------------------------------------------===//

struct alignas(kPacketBytes) Packet {
  uint32_t words[4];
};

/// As many elements as packet number `packet` of a row has. kAligned: packets
/// are whole or absent, and lie at multiples of 16 bytes; else elements are
/// accessed one by one, but stay in the same lanes.
template <typename E, bool kAligned>
COMMUTER_DEVICE int countOf(int64_t length, int64_t packet) {
  const int64_t rest = length - packet * E::kWidth;
  if (kAligned)
    return rest > 0 ? E::kWidth : 0;
  return rest <= 0 ? 0 : rest < E::kWidth ? static_cast<int>(rest) : E::kWidth;
}

/// True if a packet of `count` elements has element `j`.
template <bool kAligned>
COMMUTER_DEVICE bool has(int count, int j) {
  return kAligned ? count != 0 : j < count;
}

template <typename E>
COMMUTER_DEVICE Packet absentPacket() {
  return {{E::kAbsent, E::kAbsent, E::kAbsent, E::kAbsent}};
}

COMMUTER_DEVICE Packet loadPacket(const void *address) {
  const uint4 v = loadGlobal<uint4>(address);
  return {{v.x, v.y, v.z, v.w}};
}

template <typename E>
COMMUTER_DEVICE void setElement(Packet &packet, int j, uint32_t bits) {
  constexpr int kBits = 8 * sizeof(typename E::Stored);
  constexpr uint32_t kMask = static_cast<typename E::Stored>(~0u);
  const int shift = j % E::kPerWord * kBits;
  uint32_t &word = packet.words[j / E::kPerWord];
  word = (word & ~(kMask << shift)) | bits << shift;
}

template <typename E, bool kAligned>
COMMUTER_DEVICE Packet loadPacket(const void *row, int64_t packet, int count) {
  typedef typename E::Stored Stored;
  const Stored *from = static_cast<const Stored *>(row) + packet * E::kWidth;
  Packet loaded = absentPacket<E>();
  if constexpr (kAligned) {
    if (count)
      loaded = loadPacket(from);
  } else {
#pragma unroll
    for (int j = 0; j < E::kWidth; ++j)
      if (j < count)
        setElement<E>(loaded, j, loadGlobal<Stored>(from + j));
  }
  return loaded;
}

template <typename E, bool kAligned>
COMMUTER_DEVICE void storePacket(void *row, int64_t packet, int count,
                                 const Packet &value) {
  typedef typename E::Stored Stored;
  Stored *to = static_cast<Stored *>(row) + packet * E::kWidth;
  if constexpr (kAligned) {
    if (count)
      storeGlobal(to, uint4{value.words[0], value.words[1], value.words[2],
                            value.words[3]});
  } else {
#pragma unroll
    for (int j = 0; j < E::kWidth; ++j)
      if (j < count)
        storeGlobal(to + j, static_cast<Stored>(
                                value.words[j / E::kPerWord] >>
                                (j % E::kPerWord * 8 * sizeof(Stored))));
  }
}

template <typename E>
COMMUTER_DEVICE void unpack(const Packet &packet, float *v) {
#pragma unroll
  for (int w = 0; w < 4; ++w)
    E::unpack(packet.words[w], v + w * E::kPerWord);
}

template <typename E>
COMMUTER_DEVICE Packet pack(const float *v) {
  Packet packed;
#pragma unroll
  for (int w = 0; w < 4; ++w)
    packed.words[w] = E::pack(v + w * E::kPerWord);
  return packed;
}

/// Element `i` of a row.
template <typename E>
COMMUTER_DEVICE float loadElement(const void *row, int64_t i) {
  float v[2];
  E::unpack(loadGlobal<typename E::Stored>(
                static_cast<const typename E::Stored *>(row) + i),
            v);
  return v[0];
}

/// `v`, rounded to the type.
template <typename E>
COMMUTER_DEVICE float rounded(float v) {
  float pair[2] = {v, 0};
  E::unpack(E::pack(pair), pair);
  return pair[0];
}

//===----------------------------------------------------------------------===//
// Parameters: of the row's type or a wider one, computed with in f32
//===----------------------------------------------------------------------===//

template <typename E>
COMMUTER_DEVICE float parameterAt(const Parameter &parameter, int64_t i) {
  if (parameter.type == E::kType)
    return loadElement<E>(parameter.data, i);
  if (parameter.type == COMMUTER_F32)
    return loadElement<F32>(parameter.data, i);
  return static_cast<float>(
      loadGlobal<double>(static_cast<const double *>(parameter.data) + i));
}

/// The elements that stand beside those of packet `packet`.
template <typename E, bool kAligned>
COMMUTER_DEVICE void loadParameter(const Parameter &parameter, int64_t packet,
                                   int count, float *v) {
  if (parameter.type == E::kType) {
    unpack<E>(loadPacket<E, kAligned>(parameter.data, packet, count), v);
    return;
  }
  if (kAligned && parameter.type == COMMUTER_F32) {
    constexpr int kPackets = E::kWidth / F32::kWidth;
#pragma unroll
    for (int k = 0; k < kPackets; ++k)
      unpack<F32>(loadPacket<F32, kAligned>(parameter.data,
                                            packet * kPackets + k, count),
                  v + k * F32::kWidth);
    return;
  }
#pragma unroll
  for (int j = 0; j < E::kWidth; ++j)
    v[j] = has<kAligned>(count, j)
               ? parameterAt<E>(parameter, packet * E::kWidth + j)
               : 0.0f;
}

//===----------------------------------------------------------------------===//
// Statistics
//===----------------------------------------------------------------------===//

constexpr uint32_t kAllLanes = 0xffffffff;

/// The sum of what `kLanes` neighbouring lanes have; each of them gets it.
template <int kLanes>
COMMUTER_DEVICE float sumOfLanes(float v) {
#pragma unroll
  for (int distance = 1; distance < kLanes; distance *= 2)
    v += __shfl_xor_sync(kAllLanes, v, distance);
  return v;
}

COMMUTER_DEVICE uint32_t largestOfLanes(uint32_t v, int lanes) {
  for (int distance = 1; distance < lanes; distance *= 2) {
    const uint32_t other = __shfl_xor_sync(kAllLanes, v, distance);
    v = other > v ? other : v;
  }
  return v;
}

/// The sum of term(x) over two packets.
template <typename E, bool kAligned, typename Term>
COMMUTER_DEVICE float sumOfPackets(const Packet *packets, const int *counts,
                                   Term term) {
  float a[E::kWidth], b[E::kWidth];
  unpack<E>(packets[0], a);
  unpack<E>(packets[1], b);
#pragma unroll
  for (int j = 0; j < E::kWidth; ++j)
    a[j] = (has<kAligned>(counts[0], j) ? term(a[j]) : -0.0f) +
           (has<kAligned>(counts[1], j) ? term(b[j]) : -0.0f);
#pragma unroll
  for (int half = E::kWidth / 2; half; half /= 2)
#pragma unroll
    for (int j = 0; j < half; ++j)
      a[j] += a[j + half];
  return a[0];
}

/// Of the `count` elements that `kLanes` lanes have in two packets each. What
/// the deviations sum up to is the rounding error of the mean, which is taken
/// out of the squares, and later of the result.
template <typename E, bool kAligned, int kLanes>
COMMUTER_DEVICE Statistics statisticsOf(const Packet *packets,
                                        const int *counts, float count,
                                        bool centred) {
  Statistics s = {count, 0, 0, 0};
  if (centred)
    s.mean = sumOfLanes<kLanes>(sumOfPackets<E, kAligned>(
                 packets, counts, [](float v) { return v; })) /
             count;
  s.squares = sumOfLanes<kLanes>(
      sumOfPackets<E, kAligned>(packets, counts, [mean = s.mean](float v) {
        v -= mean;
        return v * v;
      }));
  if (centred) {
    const float deviations = sumOfLanes<kLanes>(sumOfPackets<E, kAligned>(
        packets, counts, [mean = s.mean](float v) { return v - mean; }));
    s.shift = deviations / count;
    s.squares -= deviations * s.shift;
  }
  return s;
}

/// Chan, Golub, LeVeque (1983). The mean of all is expressed by that of the
/// left part: `shift` keeps the digits that a sum of the two would lose.
COMMUTER_DEVICE Statistics merge(const Statistics &left,
                                 const Statistics &right) {
  if (right.count == 0)
    return left;
  if (left.count == 0)
    return right;
  const float delta = (right.mean - left.mean) + (right.shift - left.shift);
  const float count = left.count + right.count;
  const float weight = right.count / count;
  return {count, left.mean, left.shift + delta * weight,
          left.squares +
              (right.squares + delta * delta * (left.count * weight))};
}

/// Of what all lanes have, neighbours first; each of them gets it.
COMMUTER_DEVICE Statistics mergeLanes(Statistics s) {
#pragma unroll
  for (int distance = 1; distance < kWarp; distance *= 2) {
    const Statistics other = {__shfl_xor_sync(kAllLanes, s.count, distance),
                              __shfl_xor_sync(kAllLanes, s.mean, distance),
                              __shfl_xor_sync(kAllLanes, s.shift, distance),
                              __shfl_xor_sync(kAllLanes, s.squares, distance)};
    s = threadIdx.x & distance ? merge(other, s) : merge(s, other);
  }
  return s;
}

/// Of a row whose chunks are shared out to the blocks of the cluster; lane i
/// of each warp has those of this block's chunk i.
COMMUTER_DEVICE Statistics mergeCluster(Statistics chunk, int64_t blockChunks,
                                        BlockState &state) {
  if (clusterSize() > 1) {
    if (threadIdx.x < blockChunks)
      state.chunks[threadIdx.x] = chunk;
    clusterSync();
    const int lane = threadIdx.x % kWarp;
    const int rank = lane / static_cast<int>(blockChunks);
    chunk = Statistics{};
    if (rank < clusterSize())
      chunk = *sharedOf(&state.chunks[lane % blockChunks], rank);
  }
  return mergeLanes(chunk);
}

/// The row's result is ((x - mean) - shift) * factor.
struct Moments {
  float mean, shift, factor;
};

COMMUTER_DEVICE Moments momentsOf(const Statistics &row, float eps) {
  float variance = row.squares / row.count;
  variance = variance > 0.0f || variance != variance ? variance : 0.0f;
  return {row.mean, row.shift, 1.0f / sqrtf(variance + eps)};
}

//===----------------------------------------------------------------------===//
// Quantisation
//===----------------------------------------------------------------------===//

/// Calls body(F8E4M3FN()), body(F8E5M2()) or body(I8()).
template <typename Body>
COMMUTER_DEVICE void withFormat(int format, Body body) {
  switch (format) {
  case COMMUTER_F8E4M3FN:
    return body(F8E4M3FN());
  case COMMUTER_F8E5M2:
    return body(F8E5M2());
  default:
    return body(I8());
  }
}

COMMUTER_DEVICE uint32_t magnitudeOf(float v) { return bitsOf(v) & 0x7fffffff; }

/// The bits of a packet's largest magnitude; a NaN is above all.
template <typename E, bool kAligned>
COMMUTER_DEVICE uint32_t largestOf(const Packet &packet, int count) {
  float v[E::kWidth];
  unpack<E>(packet, v);
  uint32_t largest = 0;
#pragma unroll
  for (int j = 0; j < E::kWidth; ++j) {
    const uint32_t magnitude = has<kAligned>(count, j) ? magnitudeOf(v[j]) : 0;
    largest = magnitude > largest ? magnitude : largest;
  }
  return largest;
}

COMMUTER_DEVICE float scaleOfLargest(int format, uint32_t largest) {
  float scale = 0;
  withFormat(format, [&](auto q) { scale = scaleOf<decltype(q)>(largest); });
  return scale;
}

/// Four codes, the first one in the lowest byte.
template <typename Q>
COMMUTER_DEVICE uint32_t encodeFour(const float *v) {
  uint32_t word = 0;
  if constexpr (!std::is_same_v<Q, I8>)
    if (encodeFloat8<std::is_same_v<Q, F8E5M2>>(v, word))
      return word;
#pragma unroll
  for (int j = 0; j < 4; ++j)
    word |= (Q::template encode<int32_t>(v[j]) & 0xff) << 8 * j;
  return word;
}

/// Stores the codes of `v`, values that are scaled already.
template <typename Q, bool kAligned, int kWidth>
COMMUTER_DEVICE void storeCodes(void *row, int64_t packet, int count,
                                const float *v) {
  uint8_t *to = static_cast<uint8_t *>(row) + packet * kWidth;
  uint32_t words[kWidth / 4];
#pragma unroll
  for (int w = 0; w < kWidth / 4; ++w)
    words[w] = encodeFour<Q>(v + 4 * w);
  if constexpr (!kAligned) {
#pragma unroll
    for (int j = 0; j < kWidth; ++j)
      if (j < count)
        storeGlobal(to + j, static_cast<uint8_t>(words[j / 4] >> j % 4 * 8));
  } else if (count) {
    if constexpr (kWidth == 8)
      storeGlobal(to, uint2{words[0], words[1]});
    else
      storeGlobal(to, words[0]);
  }
}

template <bool kAligned, int kWidth>
COMMUTER_DEVICE void loadCodes(const void *row, int64_t packet, int count,
                               uint32_t *words) {
  const uint8_t *from = static_cast<const uint8_t *>(row) + packet * kWidth;
#pragma unroll
  for (int w = 0; w < kWidth / 4; ++w)
    words[w] = 0;
  if constexpr (!kAligned) {
#pragma unroll
    for (int j = 0; j < kWidth; ++j)
      if (j < count)
        words[j / 4] |= static_cast<uint32_t>(loadGlobal<uint8_t>(from + j))
                        << j % 4 * 8;
  } else if (count) {
    if constexpr (kWidth == 8) {
      const uint2 v = loadGlobal<uint2>(from);
      words[0] = v.x;
      words[1] = v.y;
    } else {
      words[0] = loadGlobal<uint32_t>(from);
    }
  }
}

/// Stores the codes of a packet of the row's type.
template <typename E, bool kAligned>
COMMUTER_DEVICE void quantizePacket(void *row, int64_t packet, int count,
                                    const Packet &value, float inverse,
                                    int format) {
  float v[E::kWidth];
  unpack<E>(value, v);
#pragma unroll
  for (int j = 0; j < E::kWidth; ++j)
    v[j] *= inverse;
  withFormat(format, [&](auto q) {
    storeCodes<decltype(q), kAligned, E::kWidth>(row, packet, count, v);
  });
}

//===----------------------------------------------------------------------===//
// Rows
//===----------------------------------------------------------------------===//

/// One row's operands.
struct Row {
  const void *x, *residual;
  void *sum, *output;
  float *scales;
  int64_t length;
};

template <typename E>
COMMUTER_DEVICE Row rowOf(const NormParameters &p, int64_t row) {
  typedef typename E::Stored Stored;
  Row r = {static_cast<const Stored *>(p.x) + row * p.xStride,
           nullptr,
           nullptr,
           nullptr,
           p.scales + row * p.scalesStride,
           row < p.rows ? p.length : 0};
  if (p.residual) {
    r.residual =
        static_cast<const Stored *>(p.residual) + row * p.residualStride;
    r.sum = static_cast<Stored *>(p.sum) + row * p.sumStride;
  }
  const int64_t size = p.scaling == Scaling::None ? sizeof(Stored) : 1;
  r.output = static_cast<char *>(p.output) + row * p.outputStride * size;
  return r;
}

/// x and the norm's parameters for one element.
COMMUTER_DEVICE float normalized(float x, const Moments &m, bool hasScale,
                                 float scale, bool hasBias, float bias) {
  float v = (x - m.mean) - m.shift;
  v *= m.factor;
  if (hasScale)
    v *= scale;
  if (hasBias)
    v += bias;
  return v;
}

/// A lane's part of `kCount` times 32 neighbouring packets: each 32nd.
template <typename E, bool kAligned, int kCount>
struct Tile {
  Packet packets[kCount];
  int counts[kCount];
  int64_t first;

  __device__ Tile(int64_t length, int64_t first) : first(first) {
#pragma unroll
    for (int k = 0; k < kCount; ++k)
      counts[k] = countOf<E, kAligned>(length, at(k));
  }

  __device__ int64_t at(int k) const { return first + k * kWarp; }

  /// All accesses are in flight before the first value is used.
  __device__ void load(const void *row) {
#pragma unroll
    for (int k = 0; k < kCount; ++k)
      packets[k] = loadPacket<E, kAligned>(row, at(k), counts[k]);
  }

  __device__ void store(void *row) const {
#pragma unroll
    for (int k = 0; k < kCount; ++k)
      storePacket<E, kAligned>(row, at(k), counts[k], packets[k]);
  }

  /// What the norm is taken of: x, or the rounded sum, which is stored.
  __device__ void loadRow(const Row &row) {
    load(row.x);
    if (!row.residual)
      return;
    Tile other = *this;
    other.load(row.residual);
#pragma unroll
    for (int k = 0; k < kCount; ++k) {
      float a[E::kWidth], b[E::kWidth];
      unpack<E>(packets[k], a);
      unpack<E>(other.packets[k], b);
#pragma unroll
      for (int j = 0; j < E::kWidth; ++j)
        a[j] += b[j];
      packets[k] = pack<E>(a);
    }
    store(row.sum);
  }

  /// Of segment `s`, by `kLanes` lanes, the first of which has packet `begin`.
  template <int kLanes>
  __device__ Statistics statistics(int s, int64_t length, int64_t begin,
                                   bool centred) const {
    int64_t rest = length - (begin + s * kSegmentPackets) * E::kWidth;
    constexpr int64_t kAll = kSegmentPackets * E::kWidth;
    rest = rest < 0 ? 0 : rest < kAll ? rest : kAll;
    return statisticsOf<E, kAligned, kLanes>(packets + 2 * s, counts + 2 * s,
                                             static_cast<float>(rest), centred);
  }

  /// Replaces what is here by the norm's result, rounded.
  __device__ void normalize(const NormParameters &p, const Moments &m) {
    if (!p.normalizes)
      return;
    const bool hasScale = p.scale.data, hasBias = p.bias.data;
#pragma unroll
    for (int k = 0; k < kCount; ++k) {
      float v[E::kWidth], scale[E::kWidth], bias[E::kWidth];
      unpack<E>(packets[k], v);
      if (hasScale)
        loadParameter<E, kAligned>(p.scale, at(k), counts[k], scale);
      if (hasBias)
        loadParameter<E, kAligned>(p.bias, at(k), counts[k], bias);
      if (hasScale && p.offset != 0.0f)
#pragma unroll
        for (int j = 0; j < E::kWidth; ++j)
          scale[j] += p.offset;
#pragma unroll
      for (int j = 0; j < E::kWidth; ++j)
        v[j] = normalized(v[j], m, hasScale, scale[j], hasBias, bias[j]);
      packets[k] = pack<E>(v);
    }
  }

  /// The bits of the largest magnitude here.
  __device__ uint32_t largest() const {
    uint32_t found = 0;
#pragma unroll
    for (int k = 0; k < kCount; ++k) {
      const uint32_t v = largestOf<E, kAligned>(packets[k], counts[k]);
      found = v > found ? v : found;
    }
    return found;
  }

  /// The result. `inverse` of the scale is for Scaling::Row.
  __device__ void emit(const NormParameters &p, const Row &row,
                       float inverse) const {
    if (p.scaling == Scaling::None)
      return store(row.output);
#pragma unroll
    for (int k = 0; k < kCount; ++k) {
      if (p.scaling == Scaling::Lanes)
        inverse = inverseOfLanes(p, row, k);
      quantizePacket<E, kAligned>(row.output, at(k), counts[k], packets[k],
                                  inverse, p.format);
    }
  }

  /// Of packet `k`, whose scale some neighbouring lanes share.
  __device__ float inverseOfLanes(const NormParameters &p, const Row &row,
                                  int k) const {
    const int64_t index = at(k) >> p.lanesLog2;
    float scale = 1;
    if (p.computes) {
      const uint32_t found = largestOfLanes(
          largestOf<E, kAligned>(packets[k], counts[k]), 1 << p.lanesLog2);
      scale = scaleOfLargest(p.format, found);
      if (counts[k] && (at(k) & ((1 << p.lanesLog2) - 1)) == 0)
        storeGlobal(row.scales + index, scale);
    } else if (counts[k]) {
      scale = loadGlobal<float>(row.scales + index);
    }
    return 1.0f / scale;
  }
};

/// The largest of all threads of the cluster.
COMMUTER_DEVICE uint32_t largestOfCluster(uint32_t v, BlockState &state) {
  const int lane = threadIdx.x % kWarp;
  v = largestOfLanes(v, kWarp);
  if (lane == 0)
    state.largest[threadIdx.x / kWarp] = v;
  __syncthreads();
  v = lane < static_cast<int>(blockDim.x / kWarp) ? state.largest[lane] : 0;
  v = largestOfLanes(v, kWarp);
  if (clusterSize() > 1) {
    if (threadIdx.x == 0)
      state.blockLargest = v;
    clusterSync();
    v = lane < clusterSize() ? *sharedOf(&state.blockLargest, lane) : 0;
    v = largestOfLanes(v, kWarp);
  }
  return v;
}

/// The inverse of a row's scale, which `largest` of all its elements, or the
/// caller, gives. One thread `writes` it.
COMMUTER_DEVICE float inverseOfRow(const NormParameters &p, const Row &row,
                                   uint32_t largest, bool writes) {
  if (!p.computes)
    return 1.0f / loadGlobal<float>(row.scales);
  const float scale = scaleOfLargest(p.format, largest);
  if (writes)
    storeGlobal(row.scales, scale);
  return 1.0f / scale;
}

/// Other blocks read this one's shared memory: it stays until all have.
COMMUTER_DEVICE void leaveCluster() {
  if (clusterSize() > 1)
    clusterSync();
}

//===----------------------------------------------------------------------===//
// Norm kernels
//===----------------------------------------------------------------------===//

/// Home::Registers. `kLanes` lanes of a warp have a row, or (0) the blocks of a
/// cluster; a warp has `kSegments` segments of it.
template <typename E, bool kAligned, int kLanes, int kSegments>
__global__ void __launch_bounds__(kLanes ? kThreadsOfLanes : kHeldThreads)
    normHeldRows(const NormParameters p) {
  constexpr int kTeam = kLanes ? kLanes : kWarp;
  BlockState &state = *static_cast<BlockState *>(sharedMemory());
  const int lane = threadIdx.x % kTeam, warp = threadIdx.x / kWarp;
  int64_t index, begin;
  if (kLanes) {
    index = int64_t(blockIdx.x) * (blockDim.x / kTeam) + threadIdx.x / kTeam;
    begin = 0;
  } else {
    index = blockIdx.x / clusterSize();
    begin = clusterRank() * p.blockChunks * kChunkPackets +
            warp * kSegments * kSegmentPackets;
  }
  const Row row = rowOf<E>(p, index);
  waitForPreviousKernel();
  Tile<E, kAligned, 2 * kSegments> tile(row.length, begin + lane);
  tile.loadRow(row);

  Moments moments = {0, 0, 1};
  if (p.normalizes) {
    Statistics own[kSegments];
#pragma unroll
    for (int s = 0; s < kSegments; ++s)
      own[s] = tile.template statistics<kTeam>(s, row.length, begin, p.centred);
    if constexpr (kLanes != 0) {
#pragma unroll
      for (int distance = 1; distance < kSegments; distance *= 2)
#pragma unroll
        for (int s = 0; s < kSegments; s += 2 * distance)
          own[s] = merge(own[s], own[s + distance]);
    } else {
      if (lane == 0)
#pragma unroll
        for (int s = 0; s < kSegments; ++s)
          state.segments[warp * kSegments + s] = own[s];
      __syncthreads();
      const int segments = blockDim.x / kWarp * kSegments;
      Statistics chunk = {};
      for (int c = 0; c < p.blockChunks; ++c) {
        const int s = c * kChunkSegments + lane;
        own[0] = s < segments ? state.segments[s] : Statistics{};
        own[0] = mergeLanes(own[0]);
        chunk = lane == c ? own[0] : chunk;
      }
      if (p.blockChunks > 1 || clusterSize() > 1)
        own[0] = mergeCluster(chunk, p.blockChunks, state);
    }
    moments = momentsOf(own[0], p.eps);
  }
  startNextKernel();

  tile.normalize(p, moments);
  float inverse = 1;
  if (p.scaling == Scaling::Row) {
    uint32_t largest = 0;
    if (p.computes)
      largest = kLanes ? largestOfLanes(tile.largest(), kTeam)
                       : largestOfCluster(tile.largest(), state);
    if (index < p.rows)
      inverse = inverseOfRow(p, row, largest, lane == 0 && begin == 0);
  }
  tile.emit(p, row, inverse);
  if (!kLanes)
    leaveCluster();
}

/// Scaling::Elements: a warp for each scale, and an access for each element.
template <typename E>
COMMUTER_DEVICE void emitElements(const NormParameters &p, const Row &row,
                                  const Moments &moments) {
  const int lane = threadIdx.x % kWarp;
  const void *source = row.residual ? row.sum : row.x;
  auto resultAt = [&](int64_t i) {
    const float x = loadElement<E>(source, i);
    if (!p.normalizes)
      return x;
    const bool hasScale = p.scale.data, hasBias = p.bias.data;
    float scale = hasScale ? parameterAt<E>(p.scale, i) : 0;
    if (p.offset != 0.0f)
      scale += p.offset;
    return rounded<E>(normalized(x, moments, hasScale, scale, hasBias,
                                 hasBias ? parameterAt<E>(p.bias, i) : 0));
  };
  const int64_t groups = row.length / p.group;
  for (int64_t g = threadIdx.x / kWarp; g < groups; g += blockDim.x / kWarp) {
    const int64_t begin = g * p.group, end = begin + p.group;
    uint32_t largest = 0;
    if (p.computes) {
      for (int64_t i = begin + lane; i < end; i += kWarp) {
        const uint32_t v = magnitudeOf(resultAt(i));
        largest = v > largest ? v : largest;
      }
      largest = largestOfLanes(largest, kWarp);
    }
    Row part = row;
    part.scales += g;
    const float inverse = inverseOfRow(p, part, largest, lane == 0);
    withFormat(p.format, [&](auto q) {
      for (int64_t i = begin + lane; i < end; i += kWarp)
        storeGlobal(static_cast<uint8_t *>(row.output) + i,
                    static_cast<uint8_t>(decltype(q)::template encode<int32_t>(
                        resultAt(i) * inverse)));
    });
  }
}

/// Home::Shared and Home::Streamed: the blocks of a cluster have a row, and go
/// through their chunks of it one by one. Each thread meets the same packets
/// again that it has read before. One block to a multiprocessor is enough: all
/// of the registers are its own.
template <typename E, bool kAligned, Home kHome>
__global__ void __launch_bounds__(kLongThreads, 1)
    normLongRows(const NormParameters p) {
  constexpr int kSegments = kChunkSegments / (kLongThreads / kWarp);
  // One element at a time is enough accesses from one segment.
  constexpr int kAtOnce = kAligned ? kSegments : 1;
  typedef Tile<E, kAligned, 2 * kAtOnce> RowTile;
  BlockState &state = *static_cast<BlockState *>(sharedMemory());
  Packet *parked = reinterpret_cast<Packet *>(&state + 1);
  const int lane = threadIdx.x % kWarp, warp = threadIdx.x / kWarp;
  const Row row = rowOf<E>(p, blockIdx.x / clusterSize());
  const int64_t rowChunks =
      divideUp(row.length, int64_t(kChunkPackets) * E::kWidth);
  const int64_t firstChunk = clusterRank() * p.blockChunks;
  const int64_t endChunk = firstChunk + p.blockChunks < rowChunks
                               ? firstChunk + p.blockChunks
                               : rowChunks;
  const int64_t firstPacket = firstChunk * kChunkPackets;
  /// Calls body(begin, segment) for the tiles of a chunk: the first packet of
  /// each, and which of the warp's segments that starts.
  auto forEachTile = [&](int64_t chunk, auto body) {
#pragma unroll 1
    for (int segment = 0; segment < kSegments; segment += kAtOnce)
      body(chunk * kChunkPackets +
               (warp * kSegments + segment) * kSegmentPackets,
           segment);
  };
  waitForPreviousKernel();

  Statistics spans = {}, chunks = {};
  for (int64_t chunk = firstChunk; chunk < endChunk; ++chunk) {
    // Two buffers: what is read here is written again after the next barrier.
    Statistics *segments = state.segments + chunk % 2 * kChunkSegments;
    forEachTile(chunk, [&](int64_t begin, int segment) {
      RowTile tile(row.length, begin + lane);
      tile.loadRow(row);
      if (kHome == Home::Shared)
#pragma unroll
        for (int k = 0; k < 2 * kAtOnce; ++k)
          if (tile.counts[k])
            parked[tile.at(k) - firstPacket] = tile.packets[k];
      if (!p.normalizes)
        return;
#pragma unroll
      for (int s = 0; s < kAtOnce; ++s) {
        const Statistics own =
            tile.template statistics<kWarp>(s, row.length, begin, p.centred);
        if (lane == 0)
          segments[warp * kSegments + segment + s] = own;
      }
    });
    if (!p.normalizes)
      continue;
    __syncthreads();
    const Statistics all = mergeLanes(segments[lane]);
    const int inSpan = static_cast<int>((chunk - firstChunk) % kSpanChunks);
    chunks = lane == inSpan ? all : chunks;
    if (inSpan == kSpanChunks - 1 && kHome == Home::Streamed) {
      spans = merge(spans, mergeLanes(chunks));
      chunks = Statistics{};
    }
  }
  Moments moments = {0, 0, 1};
  if (p.normalizes) {
    spans = merge(spans, mergeCluster(chunks, p.blockChunks, state));
    moments = momentsOf(spans, p.eps);
  }

  // A scale that is computed takes a pass of its own before that of the result.
  // They are one loop, since what they share is most of the kernel's code.
  const bool findsLargest = p.scaling == Scaling::Row && p.computes;
  uint32_t largest = 0;
  float inverse = 1;
#pragma unroll 1
  for (int rest = findsLargest ? 1 : 0; rest >= 0; --rest) {
    if (rest == 0) {
      if (findsLargest)
        largest = largestOfCluster(largest, state);
      if (p.scaling == Scaling::Row)
        inverse = inverseOfRow(p, row, largest,
                               threadIdx.x == 0 && clusterRank() == 0);
      startNextKernel();
      if (kHome == Home::Streamed && p.scaling == Scaling::Elements) {
        emitElements<E>(p, row, moments);
        break;
      }
    }
    for (int64_t chunk = firstChunk; chunk < endChunk; ++chunk)
      forEachTile(chunk, [&](int64_t begin, int) {
        RowTile tile(row.length, begin + lane);
        if constexpr (kHome == Home::Shared) {
#pragma unroll
          for (int k = 0; k < 2 * kAtOnce; ++k)
            tile.packets[k] = tile.counts[k] ? parked[tile.at(k) - firstPacket]
                                             : absentPacket<E>();
        } else {
          tile.load(row.residual ? row.sum : row.x);
        }
        tile.normalize(p, moments);
        if (rest == 0)
          return tile.emit(p, row, inverse);
        const uint32_t v = tile.largest();
        largest = v > largest ? v : largest;
      });
  }
  leaveCluster();
}

//===----------------------------------------------------------------------===//
// Kernels without rows that belong together
//===----------------------------------------------------------------------===//

constexpr int kElementThreads = 256;

/// Calls body(row, packet, count) for all packets; the grid's second dimension
/// counts rows.
template <typename E, bool kAligned, typename Body>
COMMUTER_DEVICE void forEachPacket(int64_t rows, int64_t length, Body body) {
  const int64_t packets = divideUp(length, E::kWidth);
  for (int64_t row = blockIdx.y; row < rows; row += gridDim.y)
    for (int64_t packet = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
         packet < packets; packet += int64_t(gridDim.x) * blockDim.x)
      body(row, packet, countOf<E, kAligned>(length, packet));
}

/// The scales of a packet's elements. kAligned: it has one.
template <typename E, bool kAligned>
COMMUTER_DEVICE void loadScales(const ScaleParameters &p, int64_t row,
                                int64_t packet, int count, float *v) {
  const float *scales = p.scales + row * p.scalesStride;
  const int64_t first = packet * E::kWidth;
  const bool hasOne = kAligned || p.group >= p.length;
  float one = 1;
  if (hasOne)
    one =
        loadGlobal<float>(scales + (p.group >= p.length ? 0 : first / p.group));
#pragma unroll
  for (int j = 0; j < E::kWidth; ++j)
    v[j] = hasOne || j >= count
               ? one
               : loadGlobal<float>(scales + (first + j) / p.group);
}

template <typename E, bool kAligned>
__global__ void __launch_bounds__(kElementThreads)
    quantizeElements(const ScaleParameters p) {
  waitForPreviousKernel();
  startNextKernel();
  forEachPacket<E, kAligned>(
      p.rows, p.length, [&](int64_t row, int64_t packet, int count) {
        float scales[E::kWidth], v[E::kWidth];
        const Packet x = loadPacket<E, kAligned>(
            static_cast<const typename E::Stored *>(p.input) +
                row * p.inputStride,
            packet, count);
        loadScales<E, kAligned>(p, row, packet, count, scales);
        unpack<E>(x, v);
#pragma unroll
        for (int j = 0; j < E::kWidth; ++j)
          v[j] *= 1.0f / scales[j];
        withFormat(p.format, [&](auto q) {
          storeCodes<decltype(q), kAligned, E::kWidth>(
              static_cast<uint8_t *>(p.output) + row * p.outputStride, packet,
              count, v);
        });
      });
}

template <typename E, bool kAligned>
__global__ void __launch_bounds__(kElementThreads)
    dequantizeElements(const ScaleParameters p) {
  waitForPreviousKernel();
  startNextKernel();
  forEachPacket<E, kAligned>(
      p.rows, p.length, [&](int64_t row, int64_t packet, int count) {
        uint32_t words[E::kWidth / 4];
        float scales[E::kWidth], v[E::kWidth];
        loadCodes<kAligned, E::kWidth>(static_cast<const uint8_t *>(p.input) +
                                           row * p.inputStride,
                                       packet, count, words);
        loadScales<E, kAligned>(p, row, packet, count, scales);
        withFormat(p.format, [&](auto q) {
#pragma unroll
          for (int j = 0; j < E::kWidth; ++j) {
            const int32_t code =
                static_cast<int8_t>(words[j / 4] >> j % 4 * 8 & 0xff);
            v[j] = decltype(q)::template decode<float>(code) * scales[j];
          }
        });
        Packet result = pack<E>(v);
    // Of all NaN one.
#pragma unroll
        for (int j = 0; j < E::kWidth; ++j)
          if (v[j] != v[j])
            setElement<E>(result, j, E::kNaN);
        storePacket<E, kAligned>(static_cast<typename E::Stored *>(p.output) +
                                     row * p.outputStride,
                                 packet, count, result);
      });
}

/// A maximum has no order: the blocks may meet in any.
template <typename E, bool kAligned>
__global__ void __launch_bounds__(kElementThreads)
    findLargest(const LargestParameters p) {
  waitForPreviousKernel();
  startNextKernel();
  uint32_t largest = 0;
  forEachPacket<E, kAligned>(
      p.rows, p.length, [&](int64_t row, int64_t packet, int count) {
        const uint32_t v = largestOf<E, kAligned>(
            loadPacket<E, kAligned>(
                static_cast<const typename E::Stored *>(p.x) + row * p.stride,
                packet, count),
            count);
        largest = v > largest ? v : largest;
      });
  largest = largestOfLanes(largest, kWarp);
  if (threadIdx.x % kWarp == 0 && largest)
    raiseToLargest(p.largest, largest);
}

/// By one thread, of as few as can be launched.
template <typename E>
__global__ void __launch_bounds__(kWarp)
    makeTensorScale(const TensorScaleParameters p) {
  waitForPreviousKernel();
  startNextKernel();
  if (threadIdx.x == 0)
    storeGlobal(p.scale,
                scaleOfLargest(p.format, loadGlobal<uint32_t>(p.scale)));
}

} // namespace commuter::rt::cuda

#endif // COMMUTER_RUNTIME_CUDA_KERNELS_H
