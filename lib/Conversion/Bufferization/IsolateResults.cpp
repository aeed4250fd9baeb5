//===- IsolateResults.cpp -------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// commuter-isolate-results: no two results of a function share memory, and none
// is a slice of something larger.
//
//===----------------------------------------------------------------------===//

#include "commuter/Conversion/Passes.h"
#include "commuter/Dialect/Dist/IR/Dist.h"

#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"

namespace commuter {
#define GEN_PASS_DEF_ISOLATERESULTSPASS
#include "commuter/Conversion/Passes.h.inc"
} // namespace commuter

using namespace mlir;
using namespace commuter;

namespace {

/// Where the memory of a tensor comes from.
struct Origin {
  Value value;
  bool isSlice = false; ///< a part of what is there
};

Origin findOrigin(Value value) {
  Origin origin{value};
  while (Operation *op = origin.value.getDefiningOp()) {
    bool isSlice = isa<tensor::ExtractSliceOp, dist::AllSliceOp>(op);
    if (!isSlice && !isa<tensor::CastOp, tensor::ExpandShapeOp,
                         tensor::CollapseShapeOp, dist::AssertShardingOp>(op))
      break;
    origin.value = op->getOperand(0);
    origin.isSlice |= isSlice;
  }
  return origin;
}

/// True if the value's memory may be that of another value of the function,
/// which `findOrigin` does not see: it comes out of a region, a call, or from
/// outside.
bool mayBeShared(Value origin) {
  Operation *op = origin.getDefiningOp();
  return !op || isa<CallOpInterface>(op) ||
         (op->getNumRegions() > 0 && !isa<DestinationStyleOpInterface>(op));
}

struct IsolateResults
    : public commuter::impl::IsolateResultsPassBase<IsolateResults> {
  void runOnOperation() override {
    getOperation()->walk([](Operation *op) {
      if (isa<func::ReturnOp>(op))
        isolate(op, /*areResults=*/true);
      else if (isa<CallOpInterface>(op))
        isolate(op, /*areResults=*/false);
    });
  }

private:
  static void isolate(Operation *op, bool areResults) {
    OpBuilder builder(op);
    SmallVector<Value> seen;
    for (OpOperand &operand : op->getOpOperands()) {
      auto type = dyn_cast<RankedTensorType>(operand.get().getType());
      if (!type)
        continue;
      Origin origin = findOrigin(operand.get());
      bool isShared = areResults && llvm::any_of(seen, [&](Value other) {
                        return other == origin.value || mayBeShared(other) ||
                               mayBeShared(origin.value);
                      });
      seen.push_back(origin.value);
      if (origin.isSlice || isShared)
        operand.set(bufferization::AllocTensorOp::create(
            builder, op->getLoc(), type, ValueRange(), operand.get()));
    }
  }
};

} // namespace
