//===- NormTest.cpp ---------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Norms against a reference in f64, and what is promised bit for bit: rows,
// layouts, alignment and in-place calls make no difference.
//
//===----------------------------------------------------------------------===//

#include "NormReference.h"

#include <optional>

using namespace cts;

namespace {

class NormTest : public testing::TestWithParam<Backend> {
protected:
  void run(const std::function<void(Rank &)> &body) {
    World world(GetParam(), kOne);
    world.run(body);
  }
};

CTS_INSTANTIATE(NormTest, backends(1));

/// What states the arithmetic of the host's kernels, or is too long elsewhere.
class NormTestOfHosts : public NormTest {};
CTS_INSTANTIATE(NormTestOfHosts, backends(1, true));

class NormTestOfOtherDevices : public NormTest {};
CTS_INSTANTIATE(NormTestOfOtherDevices, backends(1, false));

/// The kernels of GPUs have no f64.
std::vector<commuter_dtype_t> normTypes() {
  std::vector<commuter_dtype_t> types = {COMMUTER_F32, COMMUTER_F16,
                                         COMMUTER_BF16};
  if (chosenBackend.isHost)
    types.insert(types.begin() + 1, COMMUTER_F64);
  return types;
}
const commuter_norm_kind_t kKinds[] = {COMMUTER_LAYER_NORM, COMMUTER_RMS_NORM};

TEST_P(NormTest, AgainstReference) {
  run([&](Rank &rank) {
    for (commuter_dtype_t type : normTypes())
      for (commuter_norm_kind_t kind : kKinds)
        for (int64_t length : {1, 2, 3, 7, 15, 16, 17, 31, 63, 64, 65, 127, 128,
                               129, 255, 1000, 1023, 7168, 12288})
          for (int parameters = 0; parameters < 4; ++parameters) {
            if (length > 1 && length < 7168 && (length + parameters) % 2)
              continue;
            int64_t rows = length > 1000 ? 2 : 3;
            Tensor x(type, {rows, length}), output(type, {rows, length});
            // Parameters of x's type and of wider ones.
            commuter_dtype_t wide = type == COMMUTER_F64 || parameters == 3
                                        ? COMMUTER_F64
                                    : parameters == 2 ? COMMUTER_F32
                                                      : type;
            Tensor scale(wide, {length}), bias(wide, {length});
            fillRandom(x, length + type, 0.3, 1.5);
            fillRandom(scale, 1, 1, 0.3);
            fillRandom(bias, 2, 0, 0.5);
            bool hasBias = parameters >= 2 && kind == COMMUTER_LAYER_NORM;
            double offset = parameters == 2 ? 1.0 : 0.0;
            EXPECT_OK(rank, commuter_norm(rank.context, kind, &x.view(),
                                          nullptr, nullptr,
                                          parameters ? &scale.view() : nullptr,
                                          hasBias ? &bias.view() : nullptr,
                                          &output.view(), 1, 1e-5, offset));
            expectNorm(x, parameters ? &scale : nullptr,
                       hasBias ? &bias : nullptr, output, kind, length, 1e-5,
                       offset);
          }
  });
}

TEST_P(NormTest, MeanFarAboveDeviation) {
  // The variance is 1 and the mean 4096 (f32): a one-pass variance would lose
  // every digit.
  run([&](Rank &rank) {
    for (int64_t length : {65, 7168}) {
      Tensor x(COMMUTER_F32, {2, length}), output(COMMUTER_F32, {2, length});
      fillRandom(x, 3, 4096, 1);
      EXPECT_OK(rank, commuter_norm(rank.context, COMMUTER_LAYER_NORM,
                                    &x.view(), nullptr, nullptr, nullptr,
                                    nullptr, &output.view(), 1, 1e-5, 0));
      expectNorm(x, nullptr, nullptr, output, COMMUTER_LAYER_NORM, length, 1e-5,
                 0);
    }
    // A constant row has no deviation at all.
    Tensor x(COMMUTER_F32, {1, 1000}), output(COMMUTER_F32, {1, 1000});
    for (int64_t i = 0; i < 1000; ++i)
      x.set(i, 1234.567);
    EXPECT_OK(rank, commuter_norm(rank.context, COMMUTER_LAYER_NORM, &x.view(),
                                  nullptr, nullptr, nullptr, nullptr,
                                  &output.view(), 1, 1e-5, 0));
    for (int64_t i = 0; i < 1000; ++i)
      EXPECT_NEAR(output.get(i), 0, 1e-2);
  });
}

/// The bounds that runtime/README.md states. They are of the terms' sizes where
/// scale * x_hat and bias cancel each other by more than 2^7.
TEST_P(NormTestOfHosts, StatedAccuracy) {
  run([&](Rank &rank) {
    struct Rows {
      double mean, sigma;
    };
    for (commuter_dtype_t type : {COMMUTER_F32, COMMUTER_F16, COMMUTER_BF16})
      for (commuter_norm_kind_t kind : kKinds)
        for (int64_t length : {64, 1001, 7168, 16384})
          for (Rows rows : {Rows{0, 1}, Rows{0.3, 1.5}, Rows{0, 1e-3},
                            Rows{300, 2}, Rows{-4096, 32}, Rows{4096, 1}}) {
            Tensor x(type, {2, length}), output(type, {2, length}),
                scale(COMMUTER_F32, {length}), bias(COMMUTER_F32, {length});
            fillRandom(x, 16 + length, rows.mean, rows.sigma);
            fillRandom(scale, 17, 1, 0.3);
            fillRandom(bias, 18, 0, 0.5);
            for (bool hasParameters : {false, true}) {
              const Tensor *w = hasParameters ? &scale : nullptr;
              const Tensor *b = hasParameters && kind == COMMUTER_LAYER_NORM
                                    ? &bias
                                    : nullptr;
              EXPECT_OK(rank,
                        commuter_norm(rank.context, kind, &x.view(), nullptr,
                                      nullptr, w ? &w->view() : nullptr,
                                      b ? &b->view() : nullptr, &output.view(),
                                      1, 1e-5, 0));
              double worst = 0;
              forEachExpected(
                  x, w, b, kind, length, 1e-5, 0,
                  [&](int64_t i, double expected, double terms) {
                    double size = std::max(std::fabs(expected), terms / 128);
                    double error =
                        type == COMMUTER_F32
                            ? std::fabs(output.get(i) - expected) / terms
                            : std::fabs(output.get(i) -
                                        roundTo(expected, type)) /
                                  ulp(type, size);
                    worst = std::max(worst, error);
                  });
              EXPECT_LE(worst, type == COMMUTER_F32 ? 0x1p-21 : 1)
                  << commuter_dtype_string(type) << ", kind " << kind
                  << ", length " << length << ", mean " << rows.mean
                  << ", parameters " << hasParameters;
            }
          }
  });
}

TEST_P(NormTest, FusedResidual) {
  run([&](Rank &rank) {
    for (commuter_dtype_t type : normTypes())
      for (commuter_norm_kind_t kind : kKinds)
        for (int64_t length : {5, 64, 1001})
          for (int target = 0; target < 3; ++target) {
            Tensor x(type, {3, length}), residual(type, {3, length}),
                fresh(type, {3, length}), output(type, {3, length}),
                expected(type, {3, length}), separate(type, {3, length});
            fillRandom(x, 4);
            fillRandom(residual, 5);
            for (int64_t i = 0; i < x.count; ++i)
              expected.set(i, roundTo(x.get(i) + residual.get(i), type));
            Tensor &sum = target == 0 ? fresh : target == 1 ? x : residual;
            EXPECT_OK(rank,
                      commuter_norm(rank.context, kind, &x.view(),
                                    &residual.view(), &sum.view(), nullptr,
                                    nullptr, &output.view(), 1, 1e-6, 0));
            EXPECT_OK(rank, commuter_norm(rank.context, kind, &expected.view(),
                                          nullptr, nullptr, nullptr, nullptr,
                                          &separate.view(), 1, 1e-6, 0));
            int wrong = 0;
            for (int64_t i = 0; i < x.count; ++i)
              wrong += sum.bits(i) != expected.bits(i) ||
                       output.bits(i) != separate.bits(i);
            EXPECT_EQ(wrong, 0);
          }
  });
}

TEST_P(NormTest, RowsDependOnThemselvesAlone) {
  run([&](Rank &rank) {
    for (commuter_dtype_t type : normTypes())
      for (commuter_norm_kind_t kind : kKinds)
        for (int64_t length : {63, 200, 7168}) {
          Tensor scale(type, {length}), x(type, {5, length}),
              output(type, {5, length});
          fillRandom(scale, 6, 1, 0.2);
          fillRandom(x, 7);
          auto norm = [&](const Tensor &in, const Tensor &out,
                          const Tensor &weight) {
            EXPECT_OK(rank, commuter_norm(rank.context, kind, &in.view(),
                                          nullptr, nullptr, &weight.view(),
                                          nullptr, &out.view(), 1, 1e-5, 0));
          };
          norm(x, output, scale);
          // Each row alone, at odd addresses and in other layouts.
          for (Layout layout : kLayouts)
            for (int64_t row = 0; row < 5; ++row) {
              int64_t misalign = (row + 1) * x.width;
              Tensor in(type, {2, length}, layout, misalign),
                  out(type, {2, length}, layout, 3 * misalign),
                  weight(type, {length}, layout, misalign);
              for (int64_t i = 0; i < length; ++i) {
                weight.set(i, scale.get(i));
                in.set(i, 9);
                in.set(length + i, x.get(row * length + i));
              }
              bool inPlace = row % 2;
              norm(in, inPlace ? in : out, weight);
              int wrong = 0;
              for (int64_t i = 0; i < length; ++i)
                wrong += (inPlace ? in : out).bits(length + i) !=
                         output.bits(row * length + i);
              EXPECT_EQ(wrong, 0);
            }
        }
  });
}

/// Enough rows for several threads, at addresses that are and are not those of
/// whole vectors, against the same rows one by one.
TEST_P(NormTestOfHosts, ManyRowsAreTheRowsOneByOne) {
  run([&](Rank &rank) {
    for (commuter_dtype_t type : normTypes())
      for (commuter_norm_kind_t kind : kKinds)
        for (int64_t length : {64, 1024, 1001})
          for (int64_t misalign : {0, 16, 32, 48, 50}) {
            if (misalign % commuter_dtype_size(type))
              continue;
            const int64_t rows = 400;
            Tensor x(type, {rows, length}, Layout::Dense, misalign),
                residual(type, {rows, length}),
                sum(type, {rows, length}, Layout::Dense, misalign),
                output(type, {rows, length}, Layout::Dense, misalign),
                sumOfOne(type, {1, length}), outputOfOne(type, {1, length}),
                scale(type, {length}), bias(type, {length});
            // Cheaper than fillRandom, and no two rows alike.
            // Some have a mean far from zero and from the elements that are
            // tried as pivots: they are summed once more.
            for (int64_t i = 0; i < x.count; ++i) {
              const bool isFar =
                  i / length % 7 == 3 && i % length % (length / 2);
              x.set(i, (i * 7919 % 1021) / 256.0 - 2 + (isFar ? 300 : 0));
              residual.set(i, (i * 104729 % 509) / 128.0 - 2);
            }
            fillRandom(scale, 14, 1, 0.2);
            fillRandom(bias, 15);
            auto norm = [&](const commuter_view_t &in, const commuter_view_t &r,
                            const Tensor &s, const Tensor &out) {
              EXPECT_OK(rank,
                        commuter_norm(rank.context, kind, &in, &r, &s.view(),
                                      &scale.view(), &bias.view(), &out.view(),
                                      1, 1e-5, 0));
            };
            norm(x.view(), residual.view(), sum, output);
            int wrong = 0;
            for (int64_t row = 0; row < rows; row += row % 3 + 1) {
              norm(x.slice(0, row, 1).view(), residual.slice(0, row, 1).view(),
                   sumOfOne, outputOfOne);
              wrong += std::memcmp(sum.at(row * length), sumOfOne.at(0),
                                   length * x.width) != 0;
              wrong += std::memcmp(output.at(row * length), outputOfOne.at(0),
                                   length * x.width) != 0;
            }
            EXPECT_EQ(wrong, 0);
          }
  });
}

/// Among ordinary rows and others, in batches of which all, some, or one are
/// like it, a row comes out as it does alone: its zeros' signs, too.
TEST_P(NormTest, ZerosAndHugeRowsDependOnThemselvesAlone) {
  run([&](Rank &rank) {
    constexpr int64_t kRows = 67, kLength = 12;
    const double kinds[][2] = {
        {-0.0, -0.0},    {0.0, -0.0},   {0.0, 0.0},        {1e-40, -1e-40},
        {INFINITY, 1.0}, {3e38, -3e38}, {-0.0, 1.0 / 1024}};
    for (commuter_dtype_t type : normTypes())
      for (commuter_norm_kind_t kind : kKinds) {
        Tensor x(type, {kRows, kLength}), output(type, {kRows, kLength}),
            alone(type, {1, kLength});
        for (int64_t i = 0; i < x.count; ++i) {
          const int64_t row = i / kLength;
          // A run of rows of each kind, then a mixture, then ordinary ones.
          if (row < 56)
            x.set(i, kinds[row < 35 ? row / 5 : row % 7][i % 5 == 1]);
          else
            x.set(i, i % 7 - 3);
        }
        auto norm = [&](const commuter_view_t &in, const commuter_view_t &out) {
          EXPECT_OK(rank,
                    commuter_norm(rank.context, kind, &in, nullptr, nullptr,
                                  nullptr, nullptr, &out, 1, 1e-5, 0));
        };
        norm(x.view(), output.view());
        for (int64_t row = 0; row < kRows; ++row) {
          norm(x.slice(0, row, 1).view(), alone.view());
          int wrong = 0;
          for (int64_t i = 0; i < kLength; ++i)
            wrong += alone.bits(i) != output.bits(row * kLength + i);
          EXPECT_EQ(wrong, 0) << "row " << row;
        }
      }
  });
}

TEST_P(NormTest, SeveralDimensions) {
  run([&](Rank &rank) {
    for (int64_t axis = 0; axis < 4; ++axis)
      for (Layout layout : kLayouts) {
        std::vector<int64_t> shape{2, 3, 4, 5},
            normed(shape.begin() + axis, shape.end());
        Tensor x(COMMUTER_F32, shape, layout),
            output(COMMUTER_F32, shape, layout),
            scale(COMMUTER_F32, normed, layout),
            bias(COMMUTER_F32, normed, layout);
        fillRandom(x, 8);
        fillRandom(scale, 9);
        fillRandom(bias, 10);
        EXPECT_OK(rank,
                  commuter_norm(rank.context, COMMUTER_LAYER_NORM, &x.view(),
                                nullptr, nullptr, &scale.view(), &bias.view(),
                                &output.view(), axis, 1e-5, 0));
        expectNorm(x, &scale, &bias, output, COMMUTER_LAYER_NORM, scale.count,
                   1e-5, 0);
        commuter_stats_t stats;
        commuter_context_stats(rank.context, &stats);
        EXPECT_EQ(stats.norm_rows, 120 / scale.count);
        commuter_context_reset_stats(rank.context);
      }
  });
}

TEST_P(NormTest, EmptyAndNaN) {
  run([&](Rank &rank) {
    Tensor none(COMMUTER_BF16, {0, 64}), x(COMMUTER_BF16, {2, 70}),
        output(COMMUTER_BF16, {2, 70});
    EXPECT_OK(rank, commuter_norm(rank.context, COMMUTER_RMS_NORM, &none.view(),
                                  nullptr, nullptr, nullptr, nullptr,
                                  &none.view(), 1, 1e-5, 0));
    fillRandom(x, 11);
    x.set(69, NAN);
    for (commuter_norm_kind_t kind : kKinds) {
      EXPECT_OK(rank,
                commuter_norm(rank.context, kind, &x.view(), nullptr, nullptr,
                              nullptr, nullptr, &output.view(), 1, 1e-5, 0));
      for (int64_t i = 0; i < 70; ++i) {
        EXPECT_TRUE(std::isnan(output.get(i)));
        EXPECT_FALSE(std::isnan(output.get(70 + i)));
      }
    }
  });
}

TEST_P(NormTest, InvalidArguments) {
  run([&](Rank &rank) {
    Tensor x(COMMUTER_F32, {2, 8}), half(COMMUTER_F16, {8}),
        scale(COMMUTER_F32, {8}), wrong(COMMUTER_F32, {7}),
        integer(COMMUTER_I32, {2, 8});
    auto norm = [&](const Tensor &in, const Tensor *residual, const Tensor *sum,
                    const Tensor *weight, int64_t axis) {
      return commuter_norm(rank.context, COMMUTER_RMS_NORM, &in.view(),
                           residual ? &residual->view() : nullptr,
                           sum ? &sum->view() : nullptr,
                           weight ? &weight->view() : nullptr, nullptr,
                           &in.view(), axis, 1e-5, 0);
    };
    EXPECT_OK(rank, norm(x, nullptr, nullptr, &scale, 1));
    EXPECT_EQ(norm(x, nullptr, nullptr, &half, 1), COMMUTER_INVALID_ARGUMENT);
    EXPECT_EQ(norm(x, nullptr, nullptr, &wrong, 1), COMMUTER_INVALID_ARGUMENT);
    EXPECT_EQ(norm(x, nullptr, nullptr, nullptr, 2), COMMUTER_INVALID_ARGUMENT);
    EXPECT_EQ(norm(x, nullptr, nullptr, nullptr, -1),
              COMMUTER_INVALID_ARGUMENT);
    EXPECT_EQ(norm(x, &x, nullptr, nullptr, 1), COMMUTER_INVALID_ARGUMENT);
    EXPECT_EQ(norm(integer, nullptr, nullptr, nullptr, 1),
              COMMUTER_UNSUPPORTED);
  });
}

TEST_P(NormTestOfOtherDevices, WhatThereIsNoKernelForIsAnError) {
  run([&](Rank &rank) {
    Tensor x(COMMUTER_F64, {2, 8}), y(COMMUTER_F32, {2, 8});
    EXPECT_EQ(commuter_norm(rank.context, COMMUTER_RMS_NORM, &x.view(), nullptr,
                            nullptr, nullptr, nullptr, &x.view(), 1, 1e-5, 0),
              COMMUTER_UNSUPPORTED);
    EXPECT_NE(rank.error().find("norm: there is no kernel for rows of f64: "
                                "they are of f32, f16 or bf16"),
              std::string::npos)
        << rank.error();
    // And the device goes on.
    EXPECT_OK(rank,
              commuter_norm(rank.context, COMMUTER_RMS_NORM, &y.view(), nullptr,
                            nullptr, nullptr, nullptr, &y.view(), 1, 1e-5, 0));
  });
}

/// Every bit pattern of the 16-bit types goes through load and store.
TEST_P(NormTest, HalfTypesRoundAsTheReferenceDoes) {
  run([&](Rank &rank) {
    for (commuter_dtype_t type : {COMMUTER_F16, COMMUTER_BF16}) {
      // sum = x + residual is rounded to nearest even: 2^16 values against an
      // offset that needs rounding, in steps of an odd length (scalar tails).
      int64_t length = 65536;
      Tensor x(type, {1, length}), residual(type, {1, length}),
          sum(type, {1, length}), output(type, {1, length});
      for (int64_t i = 0; i < length; ++i) {
        uint16_t bits = static_cast<uint16_t>(i);
        std::memcpy(x.at(i), &bits, 2);
        residual.set(i, std::ldexp(1 + i % 7 / 8.0, static_cast<int>(i % 5)));
      }
      for (int64_t part : {65536, 13})
        for (int64_t begin = 0; begin + part <= length;
             begin += part == 13 ? 13 * 40 : part) {
          auto a = x.slice(1, begin, part), b = residual.slice(1, begin, part),
               c = sum.slice(1, begin, part), d = output.slice(1, begin, part);
          EXPECT_OK(rank,
                    commuter_norm(rank.context, COMMUTER_RMS_NORM, &a.view(),
                                  &b.view(), &c.view(), nullptr, nullptr,
                                  &d.view(), 1, 1e-5, 0));
          int wrong = 0;
          for (int64_t i = begin; i < begin + part; ++i) {
            double expected = roundTo(x.get(i) + residual.get(i), type);
            // The reference has no overflow to infinity for bf16; skip it.
            if (type == COMMUTER_BF16 && std::fabs(expected) > 3.38e38)
              continue;
            double actual = sum.get(i);
            bool bad =
                std::isnan(expected) ? !std::isnan(actual) : actual != expected;
            if (bad && ++wrong < 4)
              ADD_FAILURE() << x.get(i) << " + " << residual.get(i) << " = "
                            << actual << ", expected " << expected;
          }
          EXPECT_EQ(wrong, 0);
        }
    }
  });
}

/// A fingerprint of many results. The number is the same on every instruction
/// set: CTest runs this with COMMUTER_ISA lowered as well.
TEST_P(NormTest, BitsDoNotDependOnTheInstructionSet) {
  if (!GetParam().isHost)
    GTEST_SKIP() << "a GPU sums in an order of its own";
  run([&](Rank &rank) {
    uint64_t hash = 1469598103934665603u;
    for (commuter_dtype_t type : normTypes())
      for (commuter_norm_kind_t kind : kKinds)
        for (int64_t length : {37, 1000, 7168})
          // Rows whose mean is far away are summed once more.
          for (double mean : {0.5, 300.0}) {
            Tensor x(type, {2, length}), output(type, {2, length}),
                scale(type, {length});
            fillRandom(x, 12, mean, 2);
            // Where all types look for a pivot.
            for (int64_t i : {int64_t(0), length / 2})
              x.set(i, 0);
            fillRandom(scale, 13, 1, 0.5);
            EXPECT_OK(rank, commuter_norm(rank.context, kind, &x.view(),
                                          nullptr, nullptr, &scale.view(),
                                          nullptr, &output.view(), 1, 1e-5, 0));
            for (int64_t i = 0; i < output.count; ++i)
              hash = (hash ^ output.bits(i)) * 1099511628211u;
          }
    EXPECT_EQ(hash, UINT64_C(12794534799117705944));
  });
}

} // namespace
