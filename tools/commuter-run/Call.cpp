//===- Call.cpp -----------------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One rank's call of a compiled entry: MLIR's packed calling convention.
//
//===----------------------------------------------------------------------===//

#include "Call.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace commuter;
using namespace commuter::run;

Descriptor::Descriptor(const Array &array)
    : words(getWords(array.shape.size())) {
  words[0] = words[1] = reinterpret_cast<int64_t>(array.data.get());
  size_t rank = array.shape.size();
  int64_t stride = 1;
  for (size_t d = rank; d-- > 0;) {
    words[3 + d] = array.shape[d];
    words[3 + rank + d] = stride;
    stride *= array.shape[d];
  }
}

Call::Call(const Signature &signature, const CompiledProgram &program,
           const std::vector<Array> &arguments)
    : signature(signature), program(program) {
  int64_t size = 0;
  for (const ValueInfo &info : signature.results) {
    size = llvm::alignTo(size, info.isTensor ? 8 : info.width);
    offsets.push_back(size);
    size += info.isTensor ? Descriptor::getWords(info.shape.size()) * 8
                          : info.width;
  }
  memory.resize(size / 8 + 1);
  resultPointer = memory.data();
  // Several results, or a memref, come back through a pointer to a struct.
  bool byPointer =
      signature.results.size() > 1 ||
      (signature.results.size() == 1 && signature.results[0].isTensor);
  if (byPointer)
    packed.push_back(&resultPointer);

  descriptors.reserve(arguments.size());
  pointers.reserve(arguments.size());
  for (auto [info, array] : llvm::zip_equal(signature.arguments, arguments)) {
    if (!info.isTensor) {
      packed.push_back(array.data.get());
      continue;
    }
    descriptors.emplace_back(array);
    pointers.push_back(descriptors.back().data());
    packed.push_back(&pointers.back());
  }
  if (!byPointer && !signature.results.empty())
    packed.push_back(resultPointer);
}

commuter_status_t Call::run(commuter_context_t *context) {
  return commuter_context_run(
      context,
      [](void *self) {
        auto *call = static_cast<Call *>(self);
        call->program.entry(call->packed.data());
      },
      this);
}

/// The array that a memref descriptor describes; `owner` has its memory.
static FailureOr<Array> readDescriptor(const int64_t *words,
                                       const ValueInfo &info,
                                       std::shared_ptr<void> owner) {
  Array array;
  array.shape.assign(words + 3, words + 3 + info.shape.size());
  std::optional<int64_t> size = getNumBytes(array.shape, info.width);
  if (!size ||
      llvm::any_of(array.shape, [](int64_t extent) { return extent < 0; }))
    return failure();
  // The function's boundary has the identity layout: the elements are dense.
  array.data = {owner, reinterpret_cast<char *>(words[1]) +
                           words[2] * int64_t(info.width)};
  array.size = *size;
  return array;
}

LogicalResult Call::takeResults(std::vector<Array> &results, int64_t &buffers,
                                std::string &error) {
  results.clear();
  // Several results may lie in one buffer.
  std::map<void *, std::shared_ptr<void>> owners;
  for (auto [i, info] : llvm::enumerate(signature.results)) {
    char *at = reinterpret_cast<char *>(memory.data()) + offsets[i];
    if (!info.isTensor) {
      std::shared_ptr<char> number(new char[8], std::default_delete<char[]>());
      std::memcpy(number.get(), at, info.width);
      results.push_back({{}, number, info.width});
      continue;
    }
    auto *words = reinterpret_cast<int64_t *>(at);
    void *allocated = reinterpret_cast<void *>(words[0]);
    std::shared_ptr<void> &owner = owners[allocated];
    if (!owner)
      owner = {allocated, commuter_buffer_free};
    FailureOr<Array> array = readDescriptor(words, info, owner);
    if (succeeded(array)) {
      results.push_back(std::move(*array));
      continue;
    }
    ArrayRef<int64_t> sizes(words + 3, info.shape.size());
    error = "result " + std::to_string(i) + " has an impossible size: ";
    llvm::raw_string_ostream os(error);
    llvm::interleave(sizes, os, "x");
  }
  buffers = owners.size();
  return success(error.empty());
}
