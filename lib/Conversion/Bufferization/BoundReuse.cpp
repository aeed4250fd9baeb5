//===- BoundReuse.cpp -----------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// commuter-bound-reuse: at most so many ops write to one buffer.
//
//===----------------------------------------------------------------------===//

#include "commuter/Conversion/Passes.h"
#include "commuter/Dialect/Dist/IR/Dist.h"
#include "commuter/Interfaces/WrittenElements.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"

namespace commuter {
#define GEN_PASS_DEF_BOUNDREUSEPASS
#include "commuter/Conversion/Passes.h.inc"
} // namespace commuter

using namespace mlir;
using namespace commuter;

namespace {

/// Bufferisation compares each read of a buffer with each write to it, for each
/// op that writes: n ops on one buffer cost n^3.
constexpr unsigned kMaxWrites = 16;

struct BoundReuse : public commuter::impl::BoundReusePassBase<BoundReuse> {
  void runOnOperation() override {
    buffers.clear();
    writes.clear();
    renewed.clear();
    getOperation()->walk<WalkOrder::PreOrder>(
        [&](Operation *op) { visit(op); });
  }

private:
  void visit(Operation *op) {
    if (isa<tensor::CastOp, tensor::ExpandShapeOp, tensor::CollapseShapeOp,
            tensor::ExtractSliceOp, dist::AllSliceOp, dist::AssertShardingOp>(
            op)) {
      unsigned buffer = getBuffer(op->getOperand(0));
      buffers[op->getResult(0)] = buffer;
      return;
    }
    auto destination = dyn_cast<DestinationStyleOpInterface>(op);
    if (!destination)
      return;
    for (OpOperand &init : destination.getDpsInitsMutable()) {
      if (!isa<RankedTensorType>(init.get().getType()))
        continue;
      auto op = dyn_cast<linalg::LinalgOp>(destination.getOperation());
      if (op && isFull(init.get()) && isOverwritten(op, init))
        init.set(renew(init));
      unsigned buffer = getBuffer(init.get());
      ++writes[buffer];
      buffers[destination.getTiedOpResult(&init)] = buffer;
    }
  }

  /// Law: an op that writes every element and reads none of what it overwrites
  /// gives the same result in any memory. Precondition: isOverwritten. Returns
  /// other memory of the same type; ops that shared a tensor.empty share the
  /// next.
  Value renew(OpOperand &init) {
    if (auto empty = init.get().getDefiningOp<tensor::EmptyOp>()) {
      Value &next = renewed[empty];
      if (!next || isFull(next))
        next = OpBuilder(empty).clone(*empty)->getResult(0);
      return next;
    }
    OpBuilder builder(init.getOwner());
    Location loc = init.getOwner()->getLoc();
    auto type = cast<RankedTensorType>(init.get().getType());
    return tensor::EmptyOp::create(
        builder, loc, tensor::getMixedSizes(builder, loc, init.get()),
        type.getElementType(), type.getEncoding());
  }

  bool isFull(Value value) { return writes[getBuffer(value)] >= kMaxWrites; }

  /// The buffer that a value may be in, by the values that are followed here.
  unsigned getBuffer(Value value) {
    auto [it, isNew] = buffers.try_emplace(value, writes.size());
    if (isNew)
      writes.push_back(0);
    return it->second;
  }

  DenseMap<Value, unsigned> buffers;
  SmallVector<unsigned> writes; ///< of each buffer, so far
  DenseMap<Value, Value> renewed;
};

} // namespace
