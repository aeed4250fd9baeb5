//===- Array.cpp ----------------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Dense host arrays, and the parts that ranks hold of them.
//
//===----------------------------------------------------------------------===//

#include "Array.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/raw_ostream.h"

#include <cstdlib>

using namespace llvm;
using namespace commuter;
using namespace commuter::run;
using namespace commuter::tools;

FailureOr<Array> run::allocateArray(ArrayRef<int64_t> shape, unsigned width,
                                    const Twine &what) {
  std::optional<int64_t> bytes = getNumBytes(shape, width);
  if (!bytes)
    return fail(what + ": an array of " + printShape(shape) +
                " elements is too large");
  void *data = std::malloc(std::max<int64_t>(*bytes, 1));
  if (!data)
    return fail(what + ": no memory for an array of " + printBytes(*bytes));
  return Array{shape.vec(), {static_cast<char *>(data), std::free}, *bytes};
}

std::string run::printShape(ArrayRef<int64_t> shape) {
  if (shape.empty())
    return "scalar";
  std::string text;
  raw_string_ostream os(text);
  interleave(
      shape, os,
      [&](int64_t size) {
        if (size < 0)
          os << '?';
        else
          os << size;
      },
      "x");
  return text;
}
