//===- NormTest.cpp ---------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The GPU's norms against the reference of the conformance suite, and what is
// promised bit for bit: shapes, architectures, rows, layouts, alignment and
// calls in place make no difference.
//
//===----------------------------------------------------------------------===//

#include "../Shapes.h"
#include "Harness.h"

#include <optional>

using namespace cts;
using namespace cts::gpu;

namespace {

class GpuNormTest : public GpuTest {};
GPU_INSTANTIATE(GpuNormTest);

const commuter_dtype_t kTypes[] = {COMMUTER_F32, COMMUTER_F16, COMMUTER_BF16};
const commuter_norm_kind_t kKinds[] = {COMMUTER_LAYER_NORM, COMMUTER_RMS_NORM};

/// Elements of a packet of 16 bytes.
int64_t widthOf(commuter_dtype_t type) { return type == COMMUTER_F32 ? 4 : 8; }

/// A norm of `x` into `output`.
cuda::NormArguments argumentsOf(commuter_norm_kind_t kind, const Operand &x,
                                const Operand &output) {
  cuda::NormArguments a;
  a.kind = kind;
  a.type = x.tensor.type();
  a.outputType = output.tensor.type();
  a.length = x.tensor.sizes.back();
  a.rows = x.tensor.sizes[0];
  a.x = x.asRows();
  a.output = output.asRows();
  a.eps = 1e-5;
  return a;
}

TEST_P(GpuNormTest, AgainstReference) {
  for (commuter_dtype_t type : kTypes)
    for (commuter_norm_kind_t kind : kKinds)
      for (int64_t length :
           {1,    2,     3,     7,     8,     9,    31,   32,   33,
            63,   64,    65,    100,   127,   128,  129,  255,  256,
            257,  511,   512,   513,   777,   520,  800,  1000, 1023,
            1024, 1032,  2048,  2056,  4096,  5120, 5121, 7168, 8192,
            8200, 12288, 16383, 16384, 16400, 20000})
        for (int parameters = 0; parameters < 4; ++parameters) {
          if (length > 65 && (length / 8 + length + parameters) % 4)
            continue;
          const int64_t rows = length > 1000 ? 2 : 11;
          Tensor x(type, {rows, length}), output(type, {rows, length});
          // Parameters of x's type and of wider ones.
          const commuter_dtype_t types[] = {type, type, COMMUTER_F32,
                                            COMMUTER_F64};
          Tensor scale(types[parameters], {length}),
              bias(types[(parameters + length) % 4], {length});
          fillRandom(x, length + type, 0.3, 1.5);
          fillRandom(scale, 1, 1, 0.3);
          fillRandom(bias, 2, 0, 0.5);
          const bool hasBias = parameters >= 2 && kind == COMMUTER_LAYER_NORM;
          // Rows that are aligned, those that are not, and some of each.
          const Placement placements[] = {
              {0, 0}, {8, 8}, {3, 0}, {0, length % 5}};
          const Placement placement = placements[(length + parameters) % 4];
          Operand dx(x, placement), dy(output, placement), ds(scale), db(bias);
          cuda::NormArguments a = argumentsOf(kind, dx, dy);
          if (parameters)
            a.scale = ds.asColumns();
          if (hasBias)
            a.bias = db.asColumns();
          a.offset = parameters == 2 ? 1.0 : 0.0;
          expectLaunch(GetParam(), {&dx, &dy, &ds, &db},
                       [&] { return cuda::launchNorm(a, nullptr); });
          expectNorm(x, parameters ? &scale : nullptr,
                     hasBias ? &bias : nullptr, output, kind, length, 1e-5,
                     a.offset);
          if (HasFailure()) {
            ADD_FAILURE() << commuter_dtype_string(type) << " " << length;
            return;
          }
        }
}

/// Rows for clusters, for shared memory and for several passes.
TEST_P(GpuNormTest, LongRows) {
  for (commuter_dtype_t type : kTypes)
    for (int64_t packets :
         {4097, 8192, 8193, 10000, 17000, 33000, 65537, 70001})
      for (int64_t rest : {0, 1}) {
        const int64_t length = packets * widthOf(type) - rest;
        const int64_t rows = packets < 8192 ? 2 : 1;
        const auto kind = kKinds[(packets + rest + type) % 2];
        if (packets > 20000 && (packets + type + rest) % 3)
          continue;
        Tensor x(type, {rows, length}), residual(type, {rows, length}),
            sum(type, {rows, length}), output(type, {rows, length}),
            scale(COMMUTER_F32, {length});
        fillRandom(x, packets, 0.3, 1.5);
        fillRandom(residual, packets + 1);
        fillRandom(scale, 1, 1, 0.3);
        Operand dx(x), dr(residual), dsum(sum), dy(output), ds(scale);
        cuda::NormArguments a = argumentsOf(kind, dx, dy);
        a.residual = dr.asRows();
        a.sum = dsum.asRows();
        a.scale = ds.asColumns();
        expectLaunch(GetParam(), {&dx, &dr, &dsum, &dy, &ds},
                     [&] { return cuda::launchNorm(a, nullptr); });
        int wrong = 0;
        for (int64_t i = 0; i < x.count; ++i)
          wrong += sum.get(i) != roundTo(x.get(i) + residual.get(i), type);
        EXPECT_EQ(wrong, 0);
        expectNorm(sum, &scale, nullptr, output, kind, length, 1e-5, 0);
        if (HasFailure())
          return;
      }
}

/// The variance is 1 and the mean 4096: a one-pass variance would lose every
/// digit, and so would a merge that adds up means.
TEST_P(GpuNormTest, MeanFarAboveDeviation) {
  for (int64_t length : {65, 200, 7168, 40000, 131072, 270000}) {
    Tensor x(COMMUTER_F32, {2, length}), output(COMMUTER_F32, {2, length});
    fillRandom(x, 3, 4096, 1);
    // In the second row the parts of the row have means of their own.
    for (int64_t i = 0; i < length; ++i)
      x.set(length + i, x.get(length + i) + 3.0 * (i / 257 % 5));
    Operand dx(x), dy(output);
    const cuda::NormArguments a = argumentsOf(COMMUTER_LAYER_NORM, dx, dy);
    expectLaunch(GetParam(), {&dx, &dy},
                 [&] { return cuda::launchNorm(a, nullptr); });
    expectNorm(x, nullptr, nullptr, output, COMMUTER_LAYER_NORM, length, 1e-5,
               0);
  }
  // A constant row has no deviation at all.
  for (int64_t length : {1000, 50000}) {
    Tensor x(COMMUTER_F32, {1, length}), output(COMMUTER_F32, {1, length});
    for (int64_t i = 0; i < length; ++i)
      x.set(i, 1234.567);
    Operand dx(x), dy(output);
    const cuda::NormArguments a = argumentsOf(COMMUTER_LAYER_NORM, dx, dy);
    expectLaunch(GetParam(), {&dx, &dy},
                 [&] { return cuda::launchNorm(a, nullptr); });
    for (int64_t i = 0; i < length; ++i)
      ASSERT_NEAR(output.get(i), 0, 1e-2);
  }
}

/// Which kernel of the family has a row is a matter of speed alone.
TEST_P(GpuNormTest, BitsDoNotDependOnTheShape) {
  std::vector<int> uses(cuda::normShapes().size());
  for (commuter_dtype_t type : kTypes)
    for (commuter_norm_kind_t kind : kKinds)
      for (int64_t packets : {1, 5, 8, 13, 16, 31, 40, 64, 100, 128, 500, 1024,
                              2000, 2048, 3000, 4096, 6000, 8200, 20000})
        for (int64_t rest : {0, 1}) {
          if (packets >= 3000 &&
              (type == COMMUTER_F16 || rest || (packets / 8 + kind) % 2))
            continue;
          const int64_t length = packets * widthOf(type) - rest;
          Tensor x(type, {2, length}), output(type, {2, length}),
              scale(type, {length});
          fillRandom(x, packets, 1, 2);
          fillRandom(scale, 1, 1, 0.3);
          Operand dx(x), dy(output), ds(scale);
          cuda::NormArguments a = argumentsOf(kind, dx, dy);
          a.scale = ds.asColumns();
          std::vector<uint64_t> expected;
          for (size_t s = 0; s < uses.size(); ++s) {
            const cuda::NormShape &shape = cuda::normShapes()[s];
            // Blocks of a cluster that have nothing to do: once is enough.
            if (shape.cluster > 1 && packets < 2000 && packets != 100)
              continue;
            prepare(GetParam(), 0, 0);
            dx.upload();
            ds.upload();
            dy.upload();
            cuda::LaunchStatus status =
                cuda::launchNormWithShape(a, shape, nullptr);
            if (rest && !shape.takesUnaligned) {
              ASSERT_EQ(status.code, COMMUTER_INVALID_ARGUMENT);
            }
            if (status.code == COMMUTER_INVALID_ARGUMENT)
              continue; // does not fit
            ASSERT_EQ(status.code, COMMUTER_OK) << status.message;
            ASSERT_EQ(synchronize(), "");
            dy.download();
            ++uses[s];
            if (expected.empty())
              expected = bitsOf(output);
            ASSERT_EQ(bitsOf(output), expected)
                << "shape " << s << ", " << packets << " packets of "
                << commuter_dtype_string(type);
          }
        }
  for (size_t s = 0; s < uses.size(); ++s)
    EXPECT_TRUE(uses[s] > 2 ||
                (cuda::normShapes()[s].cluster > 1 && GetParam().major < 9))
        << "shape " << s << " was not used";
}

TEST_P(GpuNormTest, RowsDependOnThemselvesAlone) {
  for (commuter_dtype_t type : kTypes)
    for (commuter_norm_kind_t kind : kKinds)
      for (int64_t length : {1, 63, 64, 200, 201, 1000, 7168, 7169, 33000}) {
        const int64_t rows = length > 1000 ? 3 : 37;
        Tensor scale(type, {length}), x(type, {rows, length}),
            output(type, {rows, length});
        fillRandom(scale, 6, 1, 0.2);
        fillRandom(x, 7);
        Operand dx(x), dy(output), ds(scale);
        cuda::NormArguments a = argumentsOf(kind, dx, dy);
        a.scale = ds.asColumns();
        expectLaunch(GetParam(), {&dx, &dy, &ds},
                     [&] { return cuda::launchNorm(a, nullptr); });
        // In several grids, because one cannot have so many blocks.
        Tensor split(type, {rows, length});
        Operand dsplit(split, {5, 1});
        a.output = dsplit.asRows();
        expectLaunch(
            GetParam(), {&dx, &dsplit, &ds},
            [&] { return cuda::launchNorm(a, nullptr); }, 8);
        EXPECT_EQ(bitsOf(split), bitsOf(output));
        // Each row alone, at other addresses, and in place.
        for (int64_t row = 0; row < rows; row += 1 + rows / 4) {
          Tensor in(type, {1, length}), weight(type, {length});
          for (int64_t i = 0; i < length; ++i) {
            in.set(i, x.get(row * length + i));
            weight.set(i, scale.get(i));
          }
          Operand din(in, {0, row + 1}), dweight(weight, {0, 1});
          cuda::NormArguments alone = argumentsOf(kind, din, din);
          alone.scale = dweight.asColumns();
          expectLaunch(GetParam(), {&din, &dweight},
                       [&] { return cuda::launchNorm(alone, nullptr); });
          int wrong = 0;
          for (int64_t i = 0; i < length; ++i)
            wrong += in.bits(i) != output.bits(row * length + i);
          EXPECT_EQ(wrong, 0) << length;
        }
      }
}

TEST_P(GpuNormTest, FusedResidual) {
  for (commuter_dtype_t type : kTypes)
    for (commuter_norm_kind_t kind : kKinds)
      for (int64_t length : {5, 64, 1001, 7168, 35000, 70000})
        for (int target = 0; target < 3; ++target) {
          if (length > 10000 && (target + kind + length / 8) % 3)
            continue;
          const int64_t rows = length > 10000 ? 1 : 3;
          Tensor x(type, {rows, length}), residual(type, {rows, length}),
              fresh(type, {rows, length}), output(type, {rows, length}),
              expected(type, {rows, length}), separate(type, {rows, length});
          fillRandom(x, 4);
          fillRandom(residual, 5);
          for (int64_t i = 0; i < x.count; ++i)
            expected.set(i, roundTo(x.get(i) + residual.get(i), type));
          Operand dx(x), dr(residual), df(fresh), dy(output), de(expected),
              dn(separate);
          Operand &sum = target == 0 ? df : target == 1 ? dx : dr;
          cuda::NormArguments a = argumentsOf(kind, dx, dy);
          a.residual = dr.asRows();
          a.sum = sum.asRows();
          expectLaunch(GetParam(), {&dx, &dr, &df, &dy},
                       [&] { return cuda::launchNorm(a, nullptr); });
          cuda::NormArguments b = argumentsOf(kind, de, dn);
          expectLaunch(GetParam(), {&de, &dn},
                       [&] { return cuda::launchNorm(b, nullptr); });
          EXPECT_EQ(bitsOf(sum.tensor), bitsOf(expected));
          EXPECT_EQ(bitsOf(output), bitsOf(separate));
        }
}

TEST_P(GpuNormTest, EmptyAndNaN) {
  cuda::NormArguments none;
  none.type = none.outputType = COMMUTER_BF16;
  none.length = 64;
  EXPECT_EQ(cuda::launchNorm(none, nullptr).code, COMMUTER_OK);
  for (int64_t length : {70, 40000})
    for (commuter_norm_kind_t kind : kKinds)
      for (double special : {double(NAN), double(INFINITY)}) {
        Tensor x(COMMUTER_F32, {2, length}), output(COMMUTER_F32, {2, length});
        fillRandom(x, 11);
        x.set(length - 1, special);
        Operand dx(x), dy(output);
        const cuda::NormArguments a = argumentsOf(kind, dx, dy);
        expectLaunch(GetParam(), {&dx, &dy},
                     [&] { return cuda::launchNorm(a, nullptr); });
        // RMS norm divides by an infinite root: zeros beside one NaN.
        const bool isZero = kind == COMMUTER_RMS_NORM && std::isinf(special);
        for (int64_t i = 0; i < length; ++i) {
          ASSERT_EQ(std::isnan(output.get(i)), !isZero || i == length - 1);
          ASSERT_TRUE(std::isfinite(output.get(length + i)));
        }
      }
}

/// A fingerprint of many results: the number of every architecture, and of the
/// emulation.
TEST_P(GpuNormTest, BitsDoNotDependOnTheArchitecture) {
  uint64_t hash = 1469598103934665603u;
  for (commuter_dtype_t type : kTypes)
    for (commuter_norm_kind_t kind : kKinds)
      for (int64_t length : {37, 1000, 7168, 40001, 290000}) {
        const int64_t rows = length > 10000 ? 1 : 2;
        Tensor x(type, {rows, length}), output(type, {rows, length}),
            scale(type, {length});
        fillRandom(x, 12, 0.5, 2);
        fillRandom(scale, 13, 1, 0.5);
        Operand dx(x), dy(output), ds(scale);
        cuda::NormArguments a = argumentsOf(kind, dx, dy);
        a.scale = ds.asColumns();
        expectLaunch(GetParam(), {&dx, &dy, &ds},
                     [&] { return cuda::launchNorm(a, nullptr); });
        for (int64_t i = 0; i < output.count; ++i)
          hash = (hash ^ output.bits(i)) * 1099511628211u;
      }
  EXPECT_EQ(hash, UINT64_C(6766595737184357664));
}

TEST_P(GpuNormTest, InvalidArguments) {
  Tensor x(COMMUTER_F32, {2, 8}), scale(COMMUTER_F32, {8}),
      codes(COMMUTER_I8, {2, 8}), scales(COMMUTER_F32, {2, 4});
  Operand dx(x), ds(scale), dq(codes), dscales(scales);
  const cuda::NormArguments valid = argumentsOf(COMMUTER_RMS_NORM, dx, dx);
  auto expect = [&](commuter_status_t code, auto change) {
    cuda::NormArguments a = valid;
    change(a);
    EXPECT_EQ(cuda::launchNorm(a, nullptr).code, code);
  };
  prepare(GetParam(), 0, 0);
  expect(COMMUTER_OK, [](auto &) {});
  expect(COMMUTER_UNSUPPORTED,
         [](auto &a) { a.type = a.outputType = COMMUTER_F64; });
  expect(COMMUTER_INVALID_ARGUMENT,
         [](auto &a) { a.outputType = COMMUTER_F16; });
  expect(COMMUTER_INVALID_ARGUMENT, [](auto &a) { a.rows = -1; });
  expect(COMMUTER_INVALID_ARGUMENT, [&](auto &a) { a.residual = dx.asRows(); });
  expect(COMMUTER_INVALID_ARGUMENT,
         [&](auto &a) { a.scale = {ds.asColumns().data, COMMUTER_F16}; });
  expect(COMMUTER_INVALID_ARGUMENT,
         [](auto &a) { a.kind = static_cast<commuter_norm_kind_t>(7); });
  expect(COMMUTER_INVALID_ARGUMENT, [](auto &a) { a.output.data = nullptr; });
  auto quantized = [&](int64_t group, int64_t stride) {
    return [&, group, stride](auto &a) {
      a.output = dq.asRows();
      a.outputType = COMMUTER_I8;
      a.scales = {static_cast<float *>(dscales.asRows().data), stride, group,
                  true};
    };
  };
  expect(COMMUTER_OK, quantized(2, 4));
  expect(COMMUTER_INVALID_ARGUMENT, quantized(3, 4));
  expect(COMMUTER_INVALID_ARGUMENT, quantized(-2, 4));
  expect(COMMUTER_INVALID_ARGUMENT, quantized(2, 0));
  expect(COMMUTER_INVALID_ARGUMENT, quantized(0, 0));
  expect(COMMUTER_UNSUPPORTED, [&](auto &a) {
    quantized(2, 4)(a);
    a.outputType = COMMUTER_I16;
  });
  EXPECT_EQ(synchronize(), "");
}

} // namespace
