//===- QuantizeTest.cpp -----------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Quantisation against a reference that shares no code with the kernels, bit
// for bit: every code, every 16-bit value, the numbers around every tie, rows
// that hold nothing but zeros, subnormals, infinities and NaN.
//
//===----------------------------------------------------------------------===//

#include "Harness.h"

#include <map>

using namespace cts;

namespace {

class QuantizeTest : public testing::TestWithParam<Backend> {
protected:
  void run(const std::function<void(Rank &)> &body) {
    World world(GetParam(), kOne);
    world.run(body);
  }
};

CTS_INSTANTIATE(QuantizeTest, backends(1));

const commuter_dtype_t kTypes[] = {COMMUTER_F32, COMMUTER_F16, COMMUTER_BF16};
const commuter_dtype_t kFormats[] = {COMMUTER_F8E4M3FN, COMMUTER_F8E5M2,
                                     COMMUTER_I8};

//===----------------------------------------------------------------------===//
// Reference
//===----------------------------------------------------------------------===//

/// What a code stands for, from the OFP8 specification's tables.
double decodeReference(commuter_dtype_t format, int code) {
  if (format == COMMUTER_I8)
    return static_cast<int8_t>(code);
  bool wide = format == COMMUTER_F8E5M2;
  int mantissaBits = wide ? 2 : 3, bias = wide ? 15 : 7;
  int magnitude = code & 127;
  double sign = code & 128 ? -1 : 1;
  if (wide && magnitude >= 124)
    return magnitude == 124 ? sign * INFINITY : NAN;
  if (!wide && magnitude == 127)
    return NAN;
  int exponent = magnitude >> mantissaBits;
  int fraction = magnitude & ((1 << mantissaBits) - 1);
  int hidden = exponent ? 1 << mantissaBits : 0;
  return sign * std::ldexp(hidden + fraction,
                           std::max(exponent, 1) - bias - mantissaBits);
}

double largestReference(commuter_dtype_t format) {
  return format == COMMUTER_F8E4M3FN ? 448
         : format == COMMUTER_F8E5M2 ? 57344
                                     : 127;
}

/// The nearest finite number, found by looking at all; of two that are as near
/// the one with the even code.
int encodeReference(commuter_dtype_t format, float value) {
  bool isInteger = format == COMMUTER_I8;
  if (std::isnan(value))
    return isInteger ? 0 : 0x7f;
  int sign = !isInteger && std::signbit(value) ? 0x80 : 0;
  // Far beyond every format, and so near that distances are exact.
  value = std::clamp(value, -1e6f, 1e6f);
  int best = -1;
  double bestDistance = INFINITY;
  for (int code = 0; code < 256; ++code) {
    double candidate = decodeReference(format, code);
    if (!std::isfinite(candidate) || (!isInteger && (code & 0x80) != sign))
      continue;
    double distance = std::isinf(value) ? (value > 0 ? -candidate : candidate)
                                        : std::fabs(candidate - value);
    if (best < 0 || distance < bestDistance ||
        (distance == bestDistance && code % 2 == 0)) {
      best = code;
      bestDistance = distance;
    }
  }
  return best;
}

float scaleReference(commuter_dtype_t format, double largest) {
  if (std::isnan(largest))
    return bitCast<float>(0x7fc00000);
  float scale = static_cast<float>(largest) /
                static_cast<float>(largestReference(format));
  return std::max(scale, 0x1p-126f);
}

/// The largest magnitude of elements [begin, end); NaN if one is NaN.
double magnitudeReference(const Tensor &x, int64_t begin, int64_t end) {
  double largest = 0;
  for (int64_t i = begin; i < end; ++i) {
    if (std::isnan(x.get(i)))
      return NAN;
    largest = std::max(largest, std::fabs(x.get(i)));
  }
  return largest;
}

/// encodeReference for many values: most are met again.
struct Encoder {
  commuter_dtype_t format;
  std::map<uint32_t, int> known;
  int operator()(float value) {
    auto [it, isNew] = known.try_emplace(bitCast<uint32_t>(value), 0);
    if (isNew)
      it->second = encodeReference(format, value);
    return it->second;
  }
};

/// Checks `output` and, if they were computed, `scales`; one for every `group`
/// elements, 0: one for all.
void expectQuantized(const Tensor &x, const Tensor &output,
                     const Tensor &scales, int64_t group, bool computed) {
  commuter_dtype_t format = output.type();
  Encoder encode{format, {}};
  int wrong = 0;
  int64_t step = group ? group : std::max<int64_t>(x.count, 1);
  for (int64_t begin = 0, g = 0; begin < x.count; begin += step, ++g) {
    int64_t end = std::min(begin + step, x.count);
    float scale =
        computed ? scaleReference(format, magnitudeReference(x, begin, end))
                 : static_cast<float>(scales.get(g));
    if (scales.bits(g) != bitCast<uint32_t>(scale) && ++wrong < 4)
      ADD_FAILURE() << "scale " << g << ": " << scales.get(g) << ", expected "
                    << scale;
    float inverse = 1.0f / scale;
    for (int64_t i = begin; i < end; ++i) {
      int expected = encode(static_cast<float>(x.get(i)) * inverse);
      if (output.bits(i) != static_cast<uint64_t>(expected) && ++wrong < 4)
        ADD_FAILURE() << commuter_dtype_string(format) << " of element " << i
                      << ", " << x.get(i) << " / " << scale << ": code "
                      << output.bits(i) << ", expected " << expected;
    }
  }
  EXPECT_EQ(wrong, 0);
}

commuter_status_t quantize(Rank &rank, const Tensor &x, const Tensor &output,
                           const Tensor &scales, bool computed,
                           int64_t group = 0) {
  return commuter_quantize(rank.context, &x.view(), &output.view(),
                           computed ? COMMUTER_SCALES_COMPUTED
                                    : COMMUTER_SCALES_GIVEN,
                           &scales.view(), group);
}

//===----------------------------------------------------------------------===//
// Tests
//===----------------------------------------------------------------------===//

TEST_P(QuantizeTest, AgainstReference) {
  run([&](Rank &rank) {
    for (commuter_dtype_t type : kTypes)
      for (commuter_dtype_t format : kFormats)
        for (int64_t length :
             {1, 2, 3, 15, 16, 17, 31, 64, 65, 127, 128, 129, 1000, 7168})
          for (Layout layout : kLayouts) {
            int64_t rows = length > 1000 ? 2 : 3;
            Tensor x(type, {rows, length}, layout),
                output(format, {rows, length}, layout), one(COMMUTER_F32, {}),
                perRow(COMMUTER_F32, {rows, 1}, layout);
            fillRandom(x, length + type, 0.2, length % 3 ? 3 : 1e-3);
            EXPECT_OK(rank, quantize(rank, x, output, perRow, true));
            expectQuantized(x, output, perRow, length, true);
            EXPECT_OK(rank, quantize(rank, x, output, one, true));
            expectQuantized(x, output, one, 0, true);
            one.set(0, 0.037);
            EXPECT_OK(rank, quantize(rank, x, output, one, false));
            expectQuantized(x, output, one, 0, false);
            for (int64_t group : {1, 8, 43, 128}) {
              if (length % group || (group == 1 && length > 100))
                continue;
              Tensor scales(COMMUTER_F32, {rows, length / group}, layout);
              EXPECT_OK(rank, quantize(rank, x, output, scales, true, group));
              expectQuantized(x, output, scales, group, true);
            }
          }
  });
}

TEST_P(QuantizeTest, EveryCodeDequantizes) {
  run([&](Rank &rank) {
    for (commuter_dtype_t format : kFormats)
      for (commuter_dtype_t type : kTypes)
        for (float scale : {1.0f, 0.3f, 0x1p-126f, 1e30f}) {
          Tensor codes(format, {256}), x(type, {256}), one(COMMUTER_F32, {}),
              tail(type, {256}, Layout::Padded);
          one.set(0, scale);
          for (int code = 0; code < 256; ++code)
            codes.set(code, code);
          EXPECT_OK(rank, commuter_dequantize(rank.context, &codes.view(),
                                              &one.view(), &x.view()));
          // Again from the second element on: through the scalar tail.
          auto a = codes.slice(0, 1, 255), b = tail.slice(0, 1, 255);
          EXPECT_OK(rank, commuter_dequantize(rank.context, &a.view(),
                                              &one.view(), &b.view()));
          for (int code = 0; code < 256; ++code) {
            float product =
                static_cast<float>(decodeReference(format, code)) * scale;
            Tensor expected(type, {1});
            expected.set(0, roundTo(product, type));
            if (type == COMMUTER_BF16 && std::isfinite(product) &&
                std::fabs(product) > 3.38e38)
              continue; // the reference has no overflow to infinity here
            uint64_t bits = expected.bits(0);
            if (std::isnan(product))
              bits = type == COMMUTER_F32   ? 0x7fc00000
                     : type == COMMUTER_F16 ? 0x7e00
                                            : 0x7fc0;
            // Signs of NaN are none of the reference's business.
            EXPECT_EQ(x.bits(code) & (std::isnan(product) ? ~0u >> 1 : ~0u),
                      bits)
                << commuter_dtype_string(format) << " " << code << " * "
                << scale;
            EXPECT_EQ(tail.bits(code), code ? x.bits(code) : tail.bits(0));
          }
        }
  });
}

TEST_P(QuantizeTest, ScalesOfRowsAndGroupsDequantize) {
  run([&](Rank &rank) {
    for (Layout layout : kLayouts)
      for (int64_t group : {1, 5, 70}) {
        Tensor codes(COMMUTER_F8E4M3FN, {2, 3, 70}, layout),
            x(COMMUTER_BF16, {2, 3, 70}, layout),
            scales(COMMUTER_F32, {2, 3, 70 / group}, layout);
        fillRandom(scales, 3, 2, 0.5);
        for (int64_t i = 0; i < codes.count; ++i)
          codes.set(i, i % 127);
        EXPECT_OK(rank, commuter_dequantize(rank.context, &codes.view(),
                                            &scales.view(), &x.view()));
        int wrong = 0;
        for (int64_t i = 0; i < codes.count; ++i) {
          float product =
              static_cast<float>(decodeReference(COMMUTER_F8E4M3FN, i % 127)) *
              static_cast<float>(scales.get(i / group));
          wrong += x.get(i) != roundTo(product, COMMUTER_BF16);
        }
        EXPECT_EQ(wrong, 0);
      }
  });
}

/// Every bit pattern of the 16-bit types: subnormals, infinities, NaN.
TEST_P(QuantizeTest, EveryHalfQuantizes) {
  run([&](Rank &rank) {
    for (commuter_dtype_t type : {COMMUTER_F16, COMMUTER_BF16})
      for (commuter_dtype_t format : kFormats)
        for (float scale : {1.0f, 0.0371f, 0x1p-20f}) {
          Tensor x(type, {65536}), output(format, {65536}),
              one(COMMUTER_F32, {});
          for (int64_t i = 0; i < x.count; ++i) {
            uint16_t bits = static_cast<uint16_t>(i);
            std::memcpy(x.at(i), &bits, sizeof(bits));
          }
          one.set(0, scale);
          EXPECT_OK(rank, quantize(rank, x, output, one, false));
          expectQuantized(x, output, one, 0, false);
        }
  });
}

TEST_P(QuantizeTest, OneScaleOfManyRows) {
  // Enough of them for several threads; the largest is any thread's.
  run([&](Rank &rank) {
    for (Layout layout : kLayouts) {
      const int64_t rows = 300;
      Tensor x(COMMUTER_F32, {rows, 1000}, layout),
          output(COMMUTER_F8E4M3FN, {rows, 1000}, layout),
          one(COMMUTER_F32, {});
      for (int64_t i = 0; i < x.count; ++i)
        x.set(i, 1);
      for (int64_t i :
           {int64_t(0), x.count / 2 - 1, x.count / 2, x.count - 1}) {
        x.set(i, -896);
        EXPECT_OK(rank, quantize(rank, x, output, one, true));
        EXPECT_EQ(one.get(0), 2);
        x.set(i, 1);
      }
    }
  });
}

/// Numbers on each tie between two codes, just below and just above it; each as
/// an element of a vector and of the scalar tail.
TEST_P(QuantizeTest, TiesGoToEven) {
  run([&](Rank &rank) {
    for (commuter_dtype_t format : kFormats) {
      std::vector<float> values{0.0f,     -0.0f, 1e-45f, -1e-45f,   1e-38f,
                                INFINITY, NAN,   1e38f,  -INFINITY, 3.4e38f};
      for (int code = 0; code < 127; ++code) {
        double low = decodeReference(format, code),
               high = decodeReference(format, code + 1);
        // Past the largest number stands no other: as far as the last step.
        if (!std::isfinite(high))
          high = low + (low - decodeReference(format, code - 1));
        float tie = static_cast<float>((low + high) / 2);
        for (float v :
             {tie, std::nextafter(tie, 0.0f), std::nextafter(tie, INFINITY)}) {
          values.push_back(v);
          values.push_back(-v);
        }
      }
      values.insert(values.end(), {-128.5f, -128.4f, -129.0f, 1e9f, -1e9f});
      int64_t count = static_cast<int64_t>(values.size());
      Tensor x(COMMUTER_F32, {count}), scattered(COMMUTER_F32, {count, 1}),
          output(format, {count}), each(format, {count, 1}),
          one(COMMUTER_F32, {});
      for (int64_t i = 0; i < count; ++i) {
        x.set(i, values[i]);
        scattered.set(i, values[i]);
      }
      one.set(0, 1);
      EXPECT_OK(rank, quantize(rank, x, output, one, false));
      expectQuantized(x, output, one, 0, false);
      EXPECT_OK(rank, quantize(rank, scattered, each, one, false));
      expectQuantized(scattered, each, one, 0, false);
    }
  });
}

/// Rows of one kind only, and with one odd element anywhere.
TEST_P(QuantizeTest, SpecialRows) {
  run([&](Rank &rank) {
    const double specials[] = {0.0,       -0.0,  1e-45,  1e-40,
                               0x1p-126,  3e-37, 3.4e38, INFINITY,
                               -INFINITY, NAN,   5e4};
    for (commuter_dtype_t type : kTypes)
      for (commuter_dtype_t format : kFormats)
        for (double special : specials) {
          if (type == COMMUTER_BF16 && special == 3.4e38)
            continue; // rounds to infinity, for which the harness has no code
          const int64_t length = 150;
          Tensor x(type, {length + 1, length}),
              output(format, {length + 1, length}),
              scales(COMMUTER_F32, {length + 1, 1});
          for (int64_t i = 0; i < x.count; ++i) {
            int64_t row = i / length;
            bool isSpecial = row == length || i % length == row;
            x.set(i, isSpecial ? special : i % 5 - 2);
          }
          EXPECT_OK(rank, quantize(rank, x, output, scales, true));
          expectQuantized(x, output, scales, length, true);
        }
    // What has a NaN or an infinity dequantises to NaN.
    for (commuter_dtype_t format : kFormats)
      for (double special : {static_cast<double>(NAN), -INFINITY * 1.0}) {
        Tensor x(COMMUTER_F32, {40}), output(format, {40}),
            scales(COMMUTER_F32, {1}), back(COMMUTER_F32, {40});
        fillRandom(x, 1);
        x.set(7, special);
        EXPECT_OK(rank, quantize(rank, x, output, scales, true));
        EXPECT_OK(rank, commuter_dequantize(rank.context, &output.view(),
                                            &scales.view(), &back.view()));
        for (int64_t i = 0; i < 40; ++i)
          EXPECT_TRUE(std::isnan(back.get(i)) ||
                      (std::isinf(special) && i == 7 && format == COMMUTER_I8))
              << i;
      }
  });
}

TEST_P(QuantizeTest, EmptyTensors) {
  run([&](Rank &rank) {
    Tensor x(COMMUTER_BF16, {0, 64}), output(COMMUTER_I8, {0, 64}),
        perRow(COMMUTER_F32, {0, 1}), one(COMMUTER_F32, {});
    EXPECT_OK(rank, quantize(rank, x, output, perRow, true));
    EXPECT_OK(rank, quantize(rank, x, output, one, true));
    EXPECT_EQ(one.get(0), 0x1p-126);
    Tensor thin(COMMUTER_F32, {2, 0}), none(COMMUTER_I8, {2, 0}),
        two(COMMUTER_F32, {2, 1});
    EXPECT_OK(rank, quantize(rank, thin, none, two, true));
    EXPECT_EQ(two.get(0), 0x1p-126);
    EXPECT_EQ(two.get(1), 0x1p-126);
    EXPECT_OK(rank, commuter_norm_quantize(
                        rank.context, COMMUTER_RMS_NORM, &thin.view(), nullptr,
                        nullptr, nullptr, nullptr, &none.view(),
                        COMMUTER_SCALES_COMPUTED, &two.view(), 0, 1, 1e-5, 0));
    EXPECT_EQ(two.get(1), 0x1p-126);
  });
}

TEST_P(QuantizeTest, RowsDependOnThemselvesAlone) {
  run([&](Rank &rank) {
    for (commuter_dtype_t type : kTypes)
      for (commuter_dtype_t format : kFormats)
        for (int64_t group : {200, 40}) {
          const int64_t length = 200;
          Tensor x(type, {5, length}), output(format, {5, length}),
              scales(COMMUTER_F32, {5, length / group});
          fillRandom(x, 7);
          EXPECT_OK(rank, quantize(rank, x, output, scales, true, group));
          for (Layout layout : kLayouts)
            for (int64_t row = 0; row < 5; ++row) {
              Tensor in(type, {2, length}, layout, (row + 1) * x.width),
                  out(format, {2, length}, layout, row),
                  own(COMMUTER_F32, {2, length / group}, layout);
              for (int64_t i = 0; i < length; ++i) {
                in.set(i, 9);
                in.set(length + i, x.get(row * length + i));
              }
              EXPECT_OK(rank, quantize(rank, in, out, own, true, group));
              int wrong = 0;
              for (int64_t i = 0; i < length; ++i)
                wrong += out.bits(length + i) != output.bits(row * length + i);
              for (int64_t g = 0; g < scales.sizes[1]; ++g)
                wrong += own.bits(scales.sizes[1] + g) !=
                         scales.bits(row * scales.sizes[1] + g);
              EXPECT_EQ(wrong, 0);
            }
        }
  });
}

/// One call gives the bits of two.
TEST_P(QuantizeTest, FusedWithNorm) {
  run([&](Rank &rank) {
    for (commuter_dtype_t type : kTypes)
      for (commuter_dtype_t format : kFormats)
        for (commuter_norm_kind_t kind :
             {COMMUTER_LAYER_NORM, COMMUTER_RMS_NORM})
          for (Layout layout : kLayouts)
            for (int64_t axis : {1, 2})
              for (int64_t group : {0, 65, 13})
                for (bool hasResidual : {false, true}) {
                  std::vector<int64_t> shape{2, 3, 65};
                  Tensor x(type, shape, layout), residual(type, shape, layout),
                      sum(type, shape, layout), sumApart(type, shape),
                      normed(type, shape), output(format, shape, layout),
                      expected(format, shape);
                  Tensor weight(COMMUTER_F32,
                                {shape.begin() + axis, shape.end()});
                  std::vector<int64_t> scaleShape;
                  if (group)
                    scaleShape = {2, 3, 65 / group};
                  Tensor scales(COMMUTER_F32, scaleShape, layout),
                      scalesApart(COMMUTER_F32, scaleShape);
                  fillRandom(x, 21);
                  fillRandom(residual, 22);
                  fillRandom(weight, 23, 1, 0.3);
                  commuter_scales_t computed =
                      group ? COMMUTER_SCALES_COMPUTED : COMMUTER_SCALES_GIVEN;
                  if (!group) {
                    scales.set(0, 0.011);
                    scalesApart.set(0, 0.011);
                  }
                  EXPECT_OK(rank, commuter_norm_quantize(
                                      rank.context, kind, &x.view(),
                                      hasResidual ? &residual.view() : nullptr,
                                      hasResidual ? &sum.view() : nullptr,
                                      &weight.view(), nullptr, &output.view(),
                                      computed, &scales.view(), group, axis,
                                      1e-5, 0.5));
                  EXPECT_OK(rank, commuter_norm(
                                      rank.context, kind, &x.view(),
                                      hasResidual ? &residual.view() : nullptr,
                                      hasResidual ? &sumApart.view() : nullptr,
                                      &weight.view(), nullptr, &normed.view(),
                                      axis, 1e-5, 0.5));
                  EXPECT_OK(rank, quantize(rank, normed, expected, scalesApart,
                                           group != 0, group));
                  int wrong = 0;
                  for (int64_t i = 0; i < x.count; ++i)
                    wrong += output.bits(i) != expected.bits(i) ||
                             (hasResidual && sum.bits(i) != sumApart.bits(i));
                  for (int64_t i = 0; i < scales.count; ++i)
                    wrong += scales.bits(i) != scalesApart.bits(i);
                  EXPECT_EQ(wrong, 0);
                }
  });
}

TEST_P(QuantizeTest, CountersAndTrace) {
  run([&](Rank &rank) {
    static std::vector<std::string> names;
    names.clear();
    commuter_context_set_trace(
        rank.context,
        [](void *, const commuter_event_t *event) {
          EXPECT_STREQ(event->category, "norm");
          names.push_back(event->name);
        },
        nullptr);
    Tensor x(COMMUTER_F32, {4, 8}), output(COMMUTER_I8, {4, 8}),
        scales(COMMUTER_F32, {4, 1});
    fillRandom(x, 1);
    EXPECT_OK(rank, quantize(rank, x, output, scales, true));
    EXPECT_OK(rank, commuter_dequantize(rank.context, &output.view(),
                                        &scales.view(), &x.view()));
    EXPECT_OK(rank, commuter_norm_quantize(rank.context, COMMUTER_LAYER_NORM,
                                           &x.view(), nullptr, nullptr, nullptr,
                                           nullptr, &output.view(),
                                           COMMUTER_SCALES_COMPUTED,
                                           &scales.view(), 0, 1, 1e-5, 0));
    commuter_stats_t stats;
    commuter_context_stats(rank.context, &stats);
    EXPECT_EQ(stats.quantize_rows, 8);
    EXPECT_EQ(stats.norm_rows, 4);
    EXPECT_GT(stats.norm_ns, 0);
    EXPECT_EQ(names, (std::vector<std::string>{"quantize", "dequantize",
                                               "layer_norm_quantize"}));
  });
}

TEST_P(QuantizeTest, InvalidArguments) {
  run([&](Rank &rank) {
    Tensor x(COMMUTER_F32, {2, 8}), output(COMMUTER_I8, {2, 8}),
        perRow(COMMUTER_F32, {2, 1}), one(COMMUTER_F32, {}),
        wide(COMMUTER_F64, {2, 8}), wrongShape(COMMUTER_I8, {2, 7}),
        half(COMMUTER_F16, {2, 1}), three(COMMUTER_F32, {2, 3}),
        otherRows(COMMUTER_F32, {3, 1}), pairs(COMMUTER_F32, {2, 4});
    auto expect = [&](commuter_status_t status, commuter_status_t expected,
                      const char *text) {
      EXPECT_EQ(status, expected);
      EXPECT_NE(rank.error().find(text), std::string::npos) << rank.error();
    };
    EXPECT_OK(rank, quantize(rank, x, output, pairs, true, 2));
    expect(quantize(rank, wide, output, perRow, true), COMMUTER_UNSUPPORTED,
           "no quantisation of f64[2x8] to i8[2x8]");
    expect(quantize(rank, x, x, perRow, true), COMMUTER_UNSUPPORTED,
           "no quantisation of f32[2x8] to f32[2x8]");
    expect(quantize(rank, x, wrongShape, perRow, true),
           COMMUTER_INVALID_ARGUMENT, "the output is i8[2x7], not f32[2x8]");
    for (const Tensor *scales : {&half, &three, &otherRows})
      expect(quantize(rank, x, output, *scales, true),
             COMMUTER_INVALID_ARGUMENT, "which does not fit f32[2x8]");
    expect(quantize(rank, x, output, pairs, true, 4), COMMUTER_INVALID_ARGUMENT,
           "scales are f32[2x4], which does not fit f32[2x8] in groups of 4");
    expect(quantize(rank, x, output, one, true, 4), COMMUTER_INVALID_ARGUMENT,
           "in groups of 4");
    expect(quantize(rank, x, output, pairs, true, -2),
           COMMUTER_INVALID_ARGUMENT, "groups of -2 elements");
    // 4 such groups have 8 elements, modulo 2^64.
    expect(quantize(rank, x, output, pairs, true, (INT64_C(1) << 62) + 2),
           COMMUTER_INVALID_ARGUMENT, "in groups of 4611686018427387906");
    expect(commuter_dequantize(rank.context, &x.view(), &perRow.view(),
                               &output.view()),
           COMMUTER_UNSUPPORTED, "no quantisation of i8[2x8] to f32[2x8]");
    expect(quantize(rank, one, one, one, true), COMMUTER_INVALID_ARGUMENT,
           "x is a scalar");
    expect(commuter_norm_quantize(rank.context, COMMUTER_RMS_NORM, &x.view(),
                                  nullptr, nullptr, nullptr, nullptr,
                                  &output.view(), COMMUTER_SCALES_COMPUTED,
                                  &one.view(), 0, 1, 1e-5, 0),
           COMMUTER_INVALID_ARGUMENT, "before every row is normalised");
  });
}

/// As NormTest's: one number for every instruction set.
TEST_P(QuantizeTest, BitsDoNotDependOnTheInstructionSet) {
  if (!GetParam().isHost)
    GTEST_SKIP() << "the norm of a GPU sums in an order of its own";
  run([&](Rank &rank) {
    uint64_t hash = 1469598103934665603u;
    auto add = [&](const Tensor &tensor) {
      for (int64_t i = 0; i < tensor.count; ++i)
        hash = (hash ^ tensor.bits(i)) * 1099511628211u;
    };
    for (commuter_dtype_t type : kTypes)
      for (commuter_dtype_t format : kFormats)
        for (int64_t length : {37, 1000, 7168}) {
          Tensor x(type, {2, length}), output(format, {2, length}),
              scales(COMMUTER_F32, {2, 1}), weight(type, {length}),
              back(type, {2, length});
          fillRandom(x, 12, 0.5, 2);
          fillRandom(weight, 13, 1, 0.5);
          EXPECT_OK(rank, quantize(rank, x, output, scales, true));
          add(output);
          add(scales);
          EXPECT_OK(rank, commuter_dequantize(rank.context, &output.view(),
                                              &scales.view(), &back.view()));
          add(back);
          EXPECT_OK(rank, commuter_norm_quantize(
                              rank.context, COMMUTER_LAYER_NORM, &x.view(),
                              nullptr, nullptr, &weight.view(), nullptr,
                              &output.view(), COMMUTER_SCALES_COMPUTED,
                              &scales.view(), 0, 1, 1e-5, 0));
          add(output);
          add(scales);
        }
    EXPECT_EQ(hash, UINT64_C(14927508469096616853));
  });
}

} // namespace
