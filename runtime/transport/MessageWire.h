//===- MessageWire.h --------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the ranks of the message transport tell each other, and how it travels.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_RUNTIME_MESSAGEWIRE_H
#define COMMUTER_RUNTIME_MESSAGEWIRE_H

#include "Issued.h"

#include <algorithm>
#include <cstring>

namespace commuter::rt {

enum class Kind : uint8_t {
  Join,     // a rank has a context
  Leave,    // and has none any more
  Header,   // what it issued
  Fault,    // it found a fault
  State,    // where it is, since it heard of one
  Verdict,  // the world's fault
  Farewell, // the process is about to end, and has left all worlds
};

/// What a member of a group tells the others.
struct Header {
  Issued issued;
  std::vector<int32_t> group;
  int64_t extent = 0;
};

/// All processes run the same program on machines of one kind: numbers travel
/// as they lie in memory. (Where processes meet over TCP, that is checked.)
class Writer {
public:
  Writer(Kind kind, uint32_t world) {
    number(kind);
    number(world);
  }

  template <typename Number>
  void number(Number value) {
    bytes.append(reinterpret_cast<const char *>(&value), sizeof(value));
  }
  template <typename Number>
  void numbers(const Number *values, size_t count) {
    number<uint64_t>(count);
    bytes.append(reinterpret_cast<const char *>(values),
                 count * sizeof(Number));
  }
  void text(const std::string &value) { numbers(value.data(), value.size()); }

  void issued(const Issued &value) {
    number(value.sequence);
    number(value.operation);
    number(value.kind);
    number<uint64_t>(value.gathers.size());
    for (const Gather &gather : value.gathers) {
      shape(gather.input);
      number(gather.dim);
      numbers(gather.extents.data(), gather.extents.size());
    }
    shape(value.input);
    number(value.dim);
    number(value.concatDim);
    text(value.spec);
    text(value.location);
  }
  void shape(const View &view) {
    number(view.dtype);
    number(view.elementSize);
    numbers(view.sizes, view.rank);
  }

  std::string bytes;
};

/// Reads what a Writer wrote; gives zeros once that was too short.
class Reader {
public:
  explicit Reader(const std::string &bytes) : bytes(bytes) {}

  template <typename Number>
  Number number() {
    Number value{};
    if (const char *from = take(sizeof(value)))
      std::memcpy(&value, from, sizeof(value));
    return value;
  }
  template <typename Number>
  std::vector<Number> numbers() {
    size_t count = number<uint64_t>();
    std::vector<Number> values;
    if (count > bytes.size()) {
      isGood = false;
    } else if (const char *from = take(count * sizeof(Number))) {
      values.resize(count);
      if (count)
        std::memcpy(values.data(), from, count * sizeof(Number));
    }
    return values;
  }
  std::string text() {
    std::vector<char> characters = numbers<char>();
    return {characters.begin(), characters.end()};
  }

  Issued issued() {
    Issued value;
    value.sequence = number<uint64_t>();
    value.operation = number<Operation>();
    value.kind = number<commuter_reduction_t>();
    for (uint64_t i = 0, count = number<uint64_t>(); i < count && isGood; ++i) {
      Gather &gather = value.gathers.emplace_back();
      gather.input = shape();
      gather.dim = number<int64_t>();
      gather.extents = numbers<int64_t>();
    }
    value.input = shape();
    value.dim = number<int64_t>();
    value.concatDim = number<int64_t>();
    value.spec = text();
    value.location = text();
    return value;
  }
  View shape() {
    View view;
    view.dtype = number<int32_t>();
    view.elementSize = number<int64_t>();
    std::vector<int64_t> sizes = numbers<int64_t>();
    if (sizes.size() > kMaxRank)
      isGood = false;
    else
      view.rank = static_cast<int32_t>(sizes.size());
    std::copy_n(sizes.begin(), view.rank, view.sizes);
    return view;
  }

  bool isGood = true;

private:
  const char *take(size_t count) {
    if (!isGood || bytes.size() - at < count) {
      isGood = false;
      return nullptr;
    }
    at += count;
    return bytes.data() + at - count;
  }

  const std::string &bytes;
  size_t at = 0;
};

} // namespace commuter::rt

#endif // COMMUTER_RUNTIME_MESSAGEWIRE_H
