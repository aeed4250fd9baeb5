//===- ValueNumbers.h -----------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The values of a program, numbered in the order in which they are met.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_ANALYSIS_VALUENUMBERS_H
#define COMMUTER_ANALYSIS_VALUENUMBERS_H

#include "mlir/IR/Value.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/MathExtras.h"

namespace commuter {

/// Numbers of values, by which what is known of each can be held in arrays.
///
/// There are as many values as ops, and each is looked up several times. In a
/// large program what this costs is waiting for memory: a `DenseMap<Value, ..>`
/// holds 16 bytes a bucket, and its hash scatters values that lie side by side.
/// Here a bucket is a number, and values that follow one another in memory are
/// found in lines of the cache that do.
class ValueNumbers {
public:
  static constexpr unsigned kNone = UINT_MAX;

  unsigned size() const { return values.size(); }
  void reserve(unsigned numValues) {
    values.reserve(numValues);
    if (numValues > buckets.size() / 2)
      rehash(llvm::PowerOf2Ceil(uint64_t(numValues) * 2));
  }
  unsigned getOrCreate(mlir::Value value) {
    if (values.size() >= buckets.size() / 2)
      rehash(std::max<size_t>(buckets.size() * 2, 64));
    unsigned &number = buckets[findBucket(value.getAsOpaquePointer())];
    if (number == kNone) {
      number = values.size();
      values.push_back(value.getAsOpaquePointer());
    }
    return number;
  }
  /// kNone if the value has no number.
  unsigned lookup(mlir::Value value) const {
    return values.empty() ? kNone
                          : buckets[findBucket(value.getAsOpaquePointer())];
  }

private:
  /// The value's bucket, or the one that it would be given. There is always an
  /// empty one, and steps of 1, 2, 3.. come to every bucket of a power of two.
  size_t findBucket(void *value) const {
    const auto address = reinterpret_cast<uintptr_t>(value);
    const size_t mask = buckets.size() - 1;
    size_t bucket = ((address >> 4) ^ (address >> 9)) & mask;
    for (size_t step = 1; buckets[bucket] != kNone; ++step) {
      if (values[buckets[bucket]] == value)
        break;
      bucket = (bucket + step) & mask;
    }
    return bucket;
  }
  void rehash(size_t numBuckets) {
    buckets.assign(numBuckets, kNone);
    for (unsigned number = 0; number < values.size(); ++number)
      buckets[findBucket(values[number])] = number;
  }

  llvm::SmallVector<void *, 0> values; ///< by number
  llvm::SmallVector<unsigned, 0> buckets;
};

} // namespace commuter

#endif // COMMUTER_ANALYSIS_VALUENUMBERS_H
