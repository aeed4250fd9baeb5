//===- CheckShardings.cpp ------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// dist-check-shardings: reports misuse of pending sums, and prints states.
//
//===----------------------------------------------------------------------===//

#include "commuter/Analysis/ShardingAnalysis.h"
#include "commuter/Dialect/Dist/Transforms/Passes.h"

#include "mlir/Interfaces/FunctionInterfaces.h"

namespace commuter::dist {
#define GEN_PASS_DEF_CHECKSHARDINGSPASS
#include "commuter/Dialect/Dist/Transforms/Passes.h.inc"
} // namespace commuter::dist

using namespace mlir;
using namespace commuter;
using namespace commuter::dist;

namespace {

/// True if a value in state `found` cannot be what `promised` says. A varying
/// value may be anything; a replicated one is a slice of its own repetition.
bool contradicts(AxisState found, AxisState promised) {
  if (found.isVarying() || promised.isVarying())
    return false;
  if (found.isReplicated())
    return promised.isPartial();
  return !(found == promised);
}

struct CheckShardings
    : public commuter::dist::impl::CheckShardingsPassBase<CheckShardings> {
  using CheckShardingsPassBase::CheckShardingsPassBase;

  void runOnOperation() override {
    const auto &analysis = getAnalysis<ShardingAnalysis>();
    bool failed = false;
    getOperation()->walk<WalkOrder::PreOrder>([&](Operation *op) {
      if (std::optional<StateMisuse> misuse = analysis.findMisuse(op)) {
        report(op, *misuse, analysis);
        failed = true;
      }
      if (op->hasTrait<OpTrait::ReturnLike>() &&
          isa<FunctionOpInterface>(op->getParentOp()))
        failed |= mlir::failed(checkReturn(op, analysis));
      if (printStates)
        print(op, analysis);
    });
    if (failed)
      return signalPassFailure();
    markAllAnalysesPreserved();
  }

private:
  static void report(Operation *op, const StateMisuse &misuse,
                     const ShardingAnalysis &analysis) {
    const MeshAxes::Axis &axis = analysis.getAxes()[misuse.axis];
    InFlightDiagnostic diag = op->emitOpError();
    if (misuse.kind == StateMisuse::NonLinearOnPartial)
      diag << "is not linear, and a sum over @" << axis.mesh.getValue() << '['
           << axis.name.getValue() << "] is pending in an operand";
    else
      diag << "adds a value that is replicated over @" << axis.mesh.getValue()
           << '[' << axis.name.getValue()
           << "] to a pending sum: it would be counted once per rank; "
              "dist.to_partial counts it once";
    diag.attachNote(misuse.operand.getLoc()) << "the pending sum is here";
  }

  static LogicalResult checkReturn(Operation *op,
                                   const ShardingAnalysis &analysis) {
    auto function = cast<FunctionOpInterface>(op->getParentOp());
    const MeshAxes &axes = analysis.getAxes();
    for (OpOperand &operand : op->getOpOperands()) {
      auto sharding = function.getResultAttrOfType<ShardingAttr>(
          operand.getOperandNumber(), ShardingAttr::kAttrName);
      if (!sharding)
        continue;
      ValueState promised = getAnnotatedState(axes, sharding);
      for (unsigned axis = 0; axis < axes.size(); ++axis) {
        AxisState found = analysis.getState(operand.get(), axis);
        if (axes[axis].size == 1 || !contradicts(found, promised[axis]))
          continue;
        std::string foundText, promisedText;
        llvm::raw_string_ostream(foundText) << found;
        llvm::raw_string_ostream(promisedText) << promised[axis];
        InFlightDiagnostic diag = op->emitOpError();
        diag << "expects result #" << operand.getOperandNumber() << " to be "
             << promisedText << " over @" << axes[axis].mesh.getValue() << '['
             << axes[axis].name.getValue()
             << "], as its annotation says, found " << foundText;
        diag.attachNote(operand.get().getLoc()) << "the value is made here";
        return failure();
      }
    }
    return success();
  }

  static void print(Operation *op, const ShardingAnalysis &analysis) {
    auto emit = [&](Location loc, StringRef kind, unsigned number,
                    Value value) {
      if (!isa<ShapedType, IndexType, IntegerType, FloatType>(value.getType()))
        return;
      std::string text;
      llvm::raw_string_ostream os(text);
      analysis.print(os, value);
      emitRemark(loc) << kind << " #" << number << ": " << text;
    };
    for (OpResult result : op->getResults())
      emit(op->getLoc(), "result", result.getResultNumber(), result);
    for (Region &region : op->getRegions())
      for (Block &block : region)
        for (BlockArgument argument : block.getArguments())
          emit(argument.getLoc(), "argument", argument.getArgNumber(),
               argument);
  }
};

} // namespace
