//===- NormTest.cpp ------------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Conformance: the norms against f64 references, and their row-invariance.
//
//===----------------------------------------------------------------------===//

#include "cts/Harness.h"

#include <cmath>
#include <cstring>
#include <random>

using namespace cts;

namespace {

float fromBF16(uint16_t value) {
  uint32_t bits = static_cast<uint32_t>(value) << 16;
  float result;
  std::memcpy(&result, &bits, 4);
  return result;
}
uint16_t toBF16(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, 4);
  return (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
}

/// The definition, in f64.
std::vector<double> reference(commuter_norm_kind_t kind,
                              const std::vector<double> &x,
                              const std::vector<double> &w,
                              const std::vector<double> &b, double eps,
                              double offset) {
  double mean = 0, variance = 0;
  if (kind == COMMUTER_LAYER_NORM) {
    for (double v : x)
      mean += v / x.size();
  }
  for (double v : x)
    variance += (v - mean) * (v - mean) / x.size();
  std::vector<double> y;
  for (size_t i = 0; i < x.size(); ++i)
    y.push_back((x[i] - mean) / std::sqrt(variance + eps) *
                    (w.empty() ? 1 : w[i] + offset) +
                (b.empty() ? 0 : b[i]));
  return y;
}

void withContext(const std::function<void(commuter_context_t *)> &body) {
  World world({{"a", 1}});
  commuter_context_t *c = world.create(0);
  body(c);
  commuter_context_release(c);
}

} // namespace

class Norms : public testing::TestWithParam<int64_t> {};
INSTANTIATE_TEST_SUITE_P(Columns, Norms,
                         testing::Values(1, 2, 3, 31, 32, 33, 63, 64, 257, 1000,
                                         7168, 12288));

TEST_P(Norms, F32AgainstF64) {
  withContext([&](commuter_context_t *c) {
    const int64_t n = GetParam();
    std::mt19937 random(n);
    std::normal_distribution<float> normal(3, 2);
    Tensor<float> x(COMMUTER_F32, {2, n}), y(COMMUTER_F32, {2, n}),
        w(COMMUTER_F32, {n}), b(COMMUTER_F32, {n});
    for (auto *t : {&x, &w, &b})
      for (float &v : t->data)
        v = normal(random);
    for (auto kind : {COMMUTER_LAYER_NORM, COMMUTER_RMS_NORM}) {
      bool layer = kind == COMMUTER_LAYER_NORM;
      commuter_view_t xv = x.view(), yv = y.view(), wv = w.view(),
                      bv = b.view();
      ASSERT_EQ(COMMUTER_OK, commuter_norm(c, kind, &xv, nullptr, nullptr, &wv,
                                           layer ? &bv : nullptr, &yv, 1, 1e-5,
                                           layer ? 0 : 1));
      for (int row = 0; row < 2; ++row) {
        std::vector<double> xs(&x.data[row * n], &x.data[row * n] + n);
        std::vector<double> ws(w.data.begin(), w.data.begin() + n), bs;
        if (layer)
          bs.assign(b.data.begin(), b.data.begin() + n);
        auto expected = reference(kind, xs, ws, bs, 1e-5, layer ? 0 : 1);
        // f32 rounds x_hat, the product and the sum: a few ulp of the largest
        // term. Rows of 1 have x_hat = 0 exactly.
        for (int64_t i = 0; i < n; ++i)
          ASSERT_NEAR(y.data[row * n + i], expected[i],
                      4e-6 * (10 + std::fabs(expected[i])))
              << "column " << i;
      }
    }
  });
}

TEST_P(Norms, BF16RoundsOnce) {
  withContext([&](commuter_context_t *c) {
    const int64_t n = GetParam();
    std::mt19937 random(n);
    std::normal_distribution<float> normal(0, 2);
    Tensor<uint16_t> x(COMMUTER_BF16, {1, n}), r(COMMUTER_BF16, {1, n}),
        s(COMMUTER_BF16, {1, n}), y(COMMUTER_BF16, {1, n});
    for (auto *t : {&x, &r})
      for (uint16_t &v : t->data)
        v = toBF16(normal(random));
    commuter_view_t xv = x.view(), rv = r.view(), sv = s.view(), yv = y.view();
    ASSERT_EQ(COMMUTER_OK, commuter_norm(c, COMMUTER_RMS_NORM, &xv, &rv, &sv,
                                         nullptr, nullptr, &yv, 1, 1e-6, 0));
    std::vector<double> xs;
    for (int64_t i = 0; i < n; ++i) {
      ASSERT_EQ(s.data[i], toBF16(fromBF16(x.data[i]) + fromBF16(r.data[i])));
      xs.push_back(fromBF16(s.data[i]));
    }
    auto expected = reference(COMMUTER_RMS_NORM, xs, {}, {}, 1e-6, 0);
    // One ulp of bf16 (2^-7 relative) beyond the correctly rounded result
    // covers f32's own rounding next to a tie.
    for (int64_t i = 0; i < n; ++i)
      ASSERT_NEAR(fromBF16(y.data[i]), expected[i],
                  std::fabs(expected[i]) / 128 + 1e-30);
  });
}

TEST(NormRows, MeanFarAboveSigma) {
  withContext([](commuter_context_t *c) {
    const int64_t n = 4096;
    Tensor<float> x(COMMUTER_F32, {1, n}), y(COMMUTER_F32, {1, n});
    for (int64_t i = 0; i < n; ++i)
      x.data[i] = 10000 + (i % 2 ? 1 : -1); // exactly representable
    commuter_view_t xv = x.view(), yv = y.view();
    ASSERT_EQ(COMMUTER_OK,
              commuter_norm(c, COMMUTER_LAYER_NORM, &xv, nullptr, nullptr,
                            nullptr, nullptr, &yv, 1, 0, 0));
    for (int64_t i = 0; i < n; ++i)
      ASSERT_EQ(y.data[i], i % 2 ? 1.0f : -1.0f);
  });
}

TEST(NormRows, ARowsBitsDependOnTheRowAlone) {
  withContext([](commuter_context_t *c) {
    for (int64_t n : {5, 100, 7168}) {
      const int64_t rows = 9;
      std::mt19937 random(7);
      std::normal_distribution<float> normal;
      Tensor<float> x(COMMUTER_F32, {rows, n}), y(COMMUTER_F32, {rows, n});
      for (float &v : x.data)
        v = normal(random);
      commuter_view_t xv = x.view(), yv = y.view();
      ASSERT_EQ(COMMUTER_OK,
                commuter_norm(c, COMMUTER_LAYER_NORM, &xv, nullptr, nullptr,
                              nullptr, nullptr, &yv, 1, 1e-5, 0));
      for (int64_t row = 0; row < rows; ++row)
        for (int64_t shift : {0, 1, 3}) {
          // Alone, elsewhere in memory, with strided columns for shift 3.
          int64_t step = shift == 3 ? 2 : 1;
          std::vector<float> in(n * step + shift), out(n * step + shift);
          for (int64_t i = 0; i < n; ++i)
            in[shift + i * step] = x.data[row * n + i];
          int64_t sizes[] = {1, n}, strides[] = {n * step, step};
          commuter_view_t a{&in[shift], COMMUTER_F32, 2, sizes, strides};
          commuter_view_t b{&out[shift], COMMUTER_F32, 2, sizes, strides};
          ASSERT_EQ(COMMUTER_OK,
                    commuter_norm(c, COMMUTER_LAYER_NORM, &a, nullptr, nullptr,
                                  nullptr, nullptr, &b, 1, 1e-5, 0));
          for (int64_t i = 0; i < n; ++i)
            ASSERT_EQ(0, std::memcmp(&out[shift + i * step],
                                     &y.data[row * n + i], 4));
        }
    }
  });
}

TEST(NormRows, BadArgumentsAreNamed) {
  withContext([](commuter_context_t *c) {
    Tensor<float> x(COMMUTER_F32, {2, 3}), w(COMMUTER_F32, {4});
    commuter_view_t xv = x.view(), wv = w.view();
    EXPECT_EQ(COMMUTER_INVALID_ARGUMENT,
              commuter_norm(c, COMMUTER_RMS_NORM, &xv, nullptr, nullptr, &wv,
                            nullptr, &xv, 1, 0, 0));
    EXPECT_NE(std::string(commuter_context_error(c)).find("scale is f32[4]"),
              std::string::npos);
    EXPECT_EQ(COMMUTER_INVALID_ARGUMENT,
              commuter_norm(c, COMMUTER_RMS_NORM, &xv, nullptr, nullptr,
                            nullptr, nullptr, &xv, 2, 0, 0));
  });
}
