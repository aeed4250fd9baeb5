//===- CollectiveBytes.cpp ------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a collective moves between ranks.
//
//===----------------------------------------------------------------------===//

#include "CollectiveBytes.h"

#include "llvm/Support/CheckedArithmetic.h"

using namespace mlir;
using namespace commuter;
using namespace commuter::dist;

std::optional<int64_t>
commuter::dist::getReceivedBytes(Value whole,
                                 std::optional<int64_t> groupSize) {
  auto type = cast<RankedTensorType>(whole.getType());
  Type element = type.getElementType();
  if (!groupSize || !type.hasStaticShape() || !element.isIntOrIndexOrFloat())
    return std::nullopt;
  std::optional<int64_t> bytes = getElementBytes(element);
  for (int64_t size : type.getShape())
    bytes = bytes ? llvm::checkedMul(*bytes, size) : std::nullopt;
  return bytes ? std::optional(*bytes / *groupSize * (*groupSize - 1))
               : std::nullopt;
}

/// An all_reduce is a reduce_scatter and a gather.
static std::optional<int64_t>
getAllReduceBytes(Value whole, std::optional<int64_t> groupSize) {
  std::optional<int64_t> bytes = getReceivedBytes(whole, groupSize);
  return bytes ? llvm::checkedMul<int64_t>(2, *bytes) : std::nullopt;
}

std::optional<int64_t>
commuter::dist::getReceivedBytes(MeshGroupOpInterface op) {
  if (isa<AllReduceOp>(op))
    return getAllReduceBytes(op->getOperand(0), getGroupSize(op));
  if (isa<ReduceScatterOp, AllToAllOp>(op))
    return getReceivedBytes(op->getOperand(0), getGroupSize(op));
  if (isa<ExchangeExtentsOp>(op))
    return getReceivedBytes(op->getResult(0), getGroupSize(op));
  auto gather = dyn_cast<AllGatherOp>(op.getOperation());
  if (!gather)
    return 0;
  std::optional<int64_t> bytes =
      getReceivedBytes(gather.getResult(), getGroupSize(op));
  if (!gather.getSummingAttr())
    return bytes;
  std::optional<int64_t> sum = getAllReduceBytes(
      gather.getInput(),
      getGroupSize(lookupMesh(op, op.getMeshAttr()), gather.getSummingAttr()));
  return bytes && sum ? llvm::checkedAdd(*bytes, *sum) : std::nullopt;
}
