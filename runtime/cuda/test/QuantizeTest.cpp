//===- QuantizeTest.cpp -----------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The GPU's quantisations against the CPU's, bit for bit, alone and behind a
// norm.
//
//===----------------------------------------------------------------------===//

#include "Harness.h"

using namespace cts;
using namespace cts::gpu;

namespace {

class GpuQuantizeTest : public GpuBesideCpuTest {};
GPU_INSTANTIATE(GpuQuantizeTest);

const commuter_dtype_t kTypes[] = {COMMUTER_F32, COMMUTER_F16, COMMUTER_BF16};
const commuter_dtype_t kFormats[] = {COMMUTER_F8E4M3FN, COMMUTER_F8E5M2,
                                     COMMUTER_I8};

/// What shares a scale.
enum class Sharing { All, Row, Group };

struct ScaleCase {
  Sharing sharing;
  int64_t group;
  bool computes;
};

/// Scales of `rows` rows of `length` elements for the CPU and for the GPU; both
/// have the same values in the beginning.
struct ScaleTensors {
  Tensor cpu, gpu;

  ScaleTensors(const ScaleCase &scale, int64_t rows, int64_t length)
      : cpu(COMMUTER_F32, shapeOf(scale, rows, length)),
        gpu(COMMUTER_F32, scale.sharing == Sharing::All
                              ? std::vector<int64_t>{1}
                              : shapeOf(scale, rows, length)) {
    fillRandom(cpu, 5, 0.04, 0.005);
    for (int64_t i = 0; i < cpu.count; ++i)
      gpu.set(i, cpu.get(i));
  }

  static std::vector<int64_t> shapeOf(const ScaleCase &scale, int64_t rows,
                                      int64_t length) {
    if (scale.sharing == Sharing::All)
      return {};
    return {rows, scale.sharing == Sharing::Row ? 1 : length / scale.group};
  }

  cuda::Scales operandOf(const ScaleCase &scale, const Operand &operand) const {
    return scale.sharing == Sharing::All
               ? operand.asScaleOfAll(scale.computes)
               : operand.asScales(scale.group, scale.computes);
  }
};

commuter_scales_t kindOf(const ScaleCase &scale) {
  return scale.computes ? COMMUTER_SCALES_COMPUTED : COMMUTER_SCALES_GIVEN;
}

/// Quantises `x` on both, and dequantises what comes of it.
void expectCpuBits(Rank &rank, const Architecture &architecture, Tensor &x,
                   commuter_dtype_t format, const ScaleCase &scale,
                   Placement placement = {}) {
  const int64_t rows = x.sizes[0], length = x.sizes[1];
  Tensor codes(format, x.sizes), expected(format, x.sizes),
      back(x.type(), x.sizes), expectedBack(x.type(), x.sizes);
  ScaleTensors scales(scale, rows, length);
  Operand dx(x, placement), dq(codes, placement),
      ds(scales.gpu, {scale.sharing == Sharing::All ? 0 : placement.gap, 0}),
      dback(back, placement);
  cuda::QuantizeArguments a;
  a.type = x.type();
  a.format = format;
  a.rows = rows;
  a.length = length;
  a.input = dx.asRows();
  a.output = dq.asRows();
  a.scales = scales.operandOf(scale, ds);
  expectLaunch(architecture, {&dx, &dq, &ds},
               [&] { return cuda::launchQuantize(a, nullptr); });
  EXPECT_OK(rank,
            commuter_quantize(rank.context, &x.view(), &expected.view(),
                              kindOf(scale), &scales.cpu.view(), scale.group));
  EXPECT_EQ(bitsOf(codes), bitsOf(expected));
  EXPECT_EQ(bitsOf(scales.gpu), bitsOf(scales.cpu));

  Operand dcodes(codes, placement),
      dknown(scales.gpu,
             {scale.sharing == Sharing::All ? 0 : placement.gap, 0});
  a.input = dcodes.asRows();
  a.output = dback.asRows();
  a.scales = scales.operandOf(scale, dknown);
  expectLaunch(architecture, {&dcodes, &dknown, &dback},
               [&] { return cuda::launchDequantize(a, nullptr); });
  EXPECT_OK(rank,
            commuter_dequantize(rank.context, &expected.view(),
                                &scales.cpu.view(), &expectedBack.view()));
  EXPECT_EQ(bitsOf(back), bitsOf(expectedBack));
}

TEST_P(GpuQuantizeTest, GivesTheBitsOfTheCpu) {
  run([&](Rank &rank) {
    const ScaleCase cases[] = {
        {Sharing::All, 0, true},      {Sharing::All, 0, false},
        {Sharing::Row, 0, true},      {Sharing::Row, 0, false},
        {Sharing::Group, 1, true},    {Sharing::Group, 4, true},
        {Sharing::Group, 8, false},   {Sharing::Group, 24, true},
        {Sharing::Group, 43, true},   {Sharing::Group, 43, false},
        {Sharing::Group, 64, true},   {Sharing::Group, 128, true},
        {Sharing::Group, 128, false}, {Sharing::Group, 896, true}};
    for (commuter_dtype_t type : kTypes)
      for (commuter_dtype_t format : kFormats)
        for (int64_t length :
             {1, 2, 8, 15, 24, 43, 64, 128, 129, 1000, 1032, 7168, 33000})
          for (const ScaleCase &scale : cases) {
            if (scale.group && length % scale.group)
              continue;
            if (scale.group == 1 && length > 100)
              continue;
            if (length > 1000 && (type + format + length / 8 + scale.group) % 3)
              continue;
            for (Placement placement :
                 {Placement{0, 0}, Placement{8, 8}, Placement{1, 3}}) {
              if (length > 1000 && placement.gap == 1)
                continue;
              Tensor x(type, {length > 10000  ? 1
                              : length > 1000 ? 2
                                              : 5,
                              length});
              fillRandom(x, length + type, 0.2, length % 3 ? 3 : 1e-3);
              expectCpuBits(rank, GetParam(), x, format, scale, placement);
              if (HasFailure()) {
                ADD_FAILURE() << commuter_dtype_string(type) << " to "
                              << commuter_dtype_string(format) << ", length "
                              << length << ", group " << scale.group;
                return;
              }
            }
          }
  });
}

/// Every bit pattern of the two-byte types, and every code.
TEST_P(GpuQuantizeTest, EveryHalf) {
  run([&](Rank &rank) {
    for (commuter_dtype_t type : {COMMUTER_F16, COMMUTER_BF16})
      for (commuter_dtype_t format : kFormats) {
        Tensor x(type, {1, 65536});
        for (int64_t i = 0; i < x.count; ++i) {
          const uint16_t bits = static_cast<uint16_t>(i);
          std::memcpy(x.at(i), &bits, sizeof(bits));
        }
        expectCpuBits(rank, GetParam(), x, format, {Sharing::All, 0, false});
      }
  });
}

/// Numbers on each tie between two codes, just below and just above it.
TEST_P(GpuQuantizeTest, Ties) {
  run([&](Rank &rank) {
    std::vector<float> values{0.0f,     1e-45f,   1e-38f, INFINITY, NAN,
                              3.4e38f,  128.4f,   128.5f, 129.0f,   1e9f,
                              57344.0f, 61440.0f, 464.0f, 480.0f};
    // Numbers of four significant bits: all codes and what lies between them.
    for (int exponent = -20; exponent < 18; ++exponent)
      for (int mantissa = 16; mantissa < 32; ++mantissa) {
        const float v = std::ldexp(static_cast<float>(mantissa), exponent - 4);
        values.insert(values.end(), {v, std::nextafter(v, 0.0f),
                                     std::nextafter(v, INFINITY)});
      }
    for (float v : std::vector<float>(values))
      values.push_back(-v);
    Tensor x(COMMUTER_F32, {1, static_cast<int64_t>(values.size())});
    for (size_t i = 0; i < values.size(); ++i)
      x.set(i, values[i]);
    for (commuter_dtype_t format : kFormats) {
      Tensor codes(format, x.sizes), expected(format, x.sizes),
          one(COMMUTER_F32, {1});
      one.set(0, 1);
      Operand dx(x), dq(codes), ds(one);
      cuda::QuantizeArguments a;
      a.format = format;
      a.rows = 1;
      a.length = x.count;
      a.input = dx.asRows();
      a.output = dq.asRows();
      a.scales = ds.asScaleOfAll(false);
      expectLaunch(GetParam(), {&dx, &dq, &ds},
                   [&] { return cuda::launchQuantize(a, nullptr); });
      commuter_view_t scalar = one.view();
      scalar.rank = 0;
      EXPECT_OK(rank,
                commuter_quantize(rank.context, &x.view(), &expected.view(),
                                  COMMUTER_SCALES_GIVEN, &scalar, 0));
      EXPECT_EQ(bitsOf(codes), bitsOf(expected));
    }
  });
}

/// Rows of one kind only, and with one odd element anywhere.
TEST_P(GpuQuantizeTest, SpecialRows) {
  run([&](Rank &rank) {
    for (commuter_dtype_t type : kTypes)
      for (commuter_dtype_t format : kFormats)
        for (double special :
             {0.0, -0.0, 1e-45, 1e-40, 0x1p-126, 3e-37, 5e4, double(INFINITY),
              -double(INFINITY), double(NAN)}) {
          const int64_t length = 40;
          Tensor x(type, {length + 1, length});
          for (int64_t i = 0; i < x.count; ++i) {
            const int64_t row = i / length;
            const bool isSpecial = row == length || i % length == row;
            x.set(i, isSpecial ? special : i % 5 - 2);
          }
          for (const ScaleCase &scale : {ScaleCase{Sharing::Row, 0, true},
                                         ScaleCase{Sharing::Group, 8, true},
                                         ScaleCase{Sharing::All, 0, true}})
            expectCpuBits(rank, GetParam(), x, format, scale);
        }
  });
}

/// One launch gives the bits of two.
TEST_P(GpuQuantizeTest, FusedWithNorm) {
  run([&](Rank &rank) {
    const ScaleCase cases[] = {
        {Sharing::All, 0, false},    {Sharing::Row, 0, true},
        {Sharing::Row, 0, false},    {Sharing::Group, 13, true},
        {Sharing::Group, 13, false}, {Sharing::Group, 32, true},
        {Sharing::Group, 64, false}, {Sharing::Group, 128, true},
        {Sharing::Group, 96, true},  {Sharing::Group, 1664, true}};
    for (commuter_dtype_t type : kTypes)
      for (commuter_dtype_t format : kFormats)
        for (int64_t length :
             {1, 13, 64, 65, 128, 416, 1248, 7168, 9984, 36608, 133120})
          for (const ScaleCase &scale : cases)
            for (bool isOdd : {false, true}) {
              if (scale.group && (length % scale.group))
                continue;
              if (length > 1000 && (type + format + scale.group + isOdd) % 3)
                continue;
              if (length > 10000 && (format != COMMUTER_I8 || isOdd))
                continue;
              const bool hasResidual = (length + isOdd) % 2;
              const auto kind = isOdd ? COMMUTER_RMS_NORM : COMMUTER_LAYER_NORM;
              const int64_t rows = length > 10000 ? 1 : length > 1000 ? 2 : 5;
              Tensor x(type, {rows, length}), residual(type, {rows, length}),
                  sum(type, {rows, length}), sumApart(type, {rows, length}),
                  normed(type, {rows, length}), output(format, {rows, length}),
                  expected(format, {rows, length}),
                  weight(COMMUTER_F32, {length});
              fillRandom(x, 21);
              fillRandom(residual, 22);
              fillRandom(weight, 23, 1, 0.3);
              ScaleTensors scales(scale, rows, length);
              const Placement placement = {isOdd ? 1 : 0, isOdd ? 1 : 0};
              Operand dx(x, placement), dr(residual), dsum(sum),
                  dapart(sumApart), dn(normed), dq(output, placement),
                  dw(weight), ds(scales.gpu);
              cuda::NormArguments a;
              a.kind = kind;
              a.type = a.outputType = type;
              a.rows = rows;
              a.length = length;
              a.x = dx.asRows();
              a.scale = dw.asColumns();
              a.eps = 1e-5;
              a.offset = 0.5;
              if (hasResidual)
                a.residual = dr.asRows();
              cuda::NormArguments apart = a;
              if (hasResidual)
                apart.sum = dapart.asRows();
              apart.output = dn.asRows();
              expectLaunch(GetParam(), {&dx, &dr, &dapart, &dw, &dn},
                           [&] { return cuda::launchNorm(apart, nullptr); });
              if (hasResidual)
                a.sum = dsum.asRows();
              a.output = dq.asRows();
              a.outputType = format;
              a.scales = scales.operandOf(scale, ds);
              expectLaunch(GetParam(), {&dx, &dr, &dsum, &dw, &dq, &ds},
                           [&] { return cuda::launchNorm(a, nullptr); });
              EXPECT_OK(rank,
                        commuter_quantize(rank.context, &normed.view(),
                                          &expected.view(), kindOf(scale),
                                          &scales.cpu.view(), scale.group));
              EXPECT_EQ(bitsOf(output), bitsOf(expected));
              EXPECT_EQ(bitsOf(scales.gpu), bitsOf(scales.cpu));
              EXPECT_EQ(bitsOf(sum), bitsOf(sumApart));
              if (HasFailure()) {
                ADD_FAILURE() << commuter_dtype_string(type) << " to "
                              << commuter_dtype_string(format) << ", length "
                              << length << ", group " << scale.group;
                return;
              }
            }
  });
}

TEST_P(GpuQuantizeTest, EmptyTensors) {
  Tensor one(COMMUTER_F32, {1}), two(COMMUTER_F32, {2, 1});
  Operand done(one), dtwo(two);
  // A tensor of no elements has a scale all the same, and so has a row.
  cuda::QuantizeArguments a;
  a.length = 64;
  a.scales = done.asScaleOfAll(true);
  expectLaunch(GetParam(), {&done},
               [&] { return cuda::launchQuantize(a, nullptr); });
  EXPECT_EQ(one.get(0), 0x1p-126);
  a.rows = 2;
  a.length = 0;
  a.scales = dtwo.asScales(0, true);
  expectLaunch(GetParam(), {&dtwo},
               [&] { return cuda::launchQuantize(a, nullptr); });
  EXPECT_EQ(two.get(0), 0x1p-126);
  EXPECT_EQ(two.get(1), 0x1p-126);
  a.scales.computes = false;
  EXPECT_EQ(cuda::launchQuantize(a, nullptr).code, COMMUTER_OK);
  EXPECT_EQ(cuda::launchDequantize(a, nullptr).code, COMMUTER_OK);
}

TEST_P(GpuQuantizeTest, InvalidArguments) {
  Tensor x(COMMUTER_F32, {2, 8}), codes(COMMUTER_I8, {2, 8}),
      scales(COMMUTER_F32, {2, 4});
  Operand dx(x), dq(codes), ds(scales);
  cuda::QuantizeArguments valid;
  valid.rows = 2;
  valid.length = 8;
  valid.input = dx.asRows();
  valid.output = dq.asRows();
  valid.scales = ds.asScales(2, true);
  prepare(GetParam(), 0, 0);
  auto expect = [&](commuter_status_t code, auto change) {
    cuda::QuantizeArguments a = valid;
    change(a);
    EXPECT_EQ(cuda::launchQuantize(a, nullptr).code, code);
  };
  expect(COMMUTER_OK, [](auto &) {});
  expect(COMMUTER_UNSUPPORTED, [](auto &a) { a.type = COMMUTER_F64; });
  expect(COMMUTER_UNSUPPORTED, [](auto &a) { a.format = COMMUTER_F16; });
  expect(COMMUTER_INVALID_ARGUMENT, [](auto &a) { a.length = -1; });
  expect(COMMUTER_INVALID_ARGUMENT, [](auto &a) { a.scales.data = nullptr; });
  expect(COMMUTER_INVALID_ARGUMENT, [](auto &a) { a.scales.group = 3; });
  expect(COMMUTER_INVALID_ARGUMENT, [](auto &a) { a.scales.stride = 0; });
  expect(COMMUTER_INVALID_ARGUMENT, [](auto &a) { a.input.data = nullptr; });
  EXPECT_EQ(synchronize(), "");
}

} // namespace
