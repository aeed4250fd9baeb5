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

#include "mlir/IR/Remarks.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Interfaces/LoopLikeInterface.h"
#include "llvm/Support/FormatVariadic.h"

namespace commuter::dist {
#define GEN_PASS_DEF_CHECKSHARDINGSPASS
#include "commuter/Dialect/Dist/Transforms/Passes.h.inc"
} // namespace commuter::dist

using namespace mlir;
using namespace commuter;
using namespace commuter::dist;

namespace {

struct CheckShardings
    : public commuter::dist::impl::CheckShardingsPassBase<CheckShardings> {
  using CheckShardingsPassBase::CheckShardingsPassBase;

  void runOnOperation() override {
    const auto &analysis = getAnalysis<ShardingAnalysis>();
    // A sum that a loop carries, and misuses, varies in its later rounds.
    std::optional<ShardingAnalysis> ofFirstRounds;
    if (hasCarryingLoop())
      ofFirstRounds.emplace(getOperation(), LoopRounds::First);
    SymbolTableCollection symbols;
    bool failed = false;
    getOperation()->walk<WalkOrder::PreOrder>([&](Operation *op) {
      std::optional<StateMisuse> misuse = analysis.findMisuse(op);
      if (misuse) {
        report(op, *misuse, analysis, mayBeRight(*misuse));
        failed |= !mayBeRight(*misuse);
      } else if (ofFirstRounds && op->getParentOfType<LoopLikeOpInterface>()) {
        misuse = ofFirstRounds->findMisuse(op);
        // Later rounds, or a branch in the first one, may make up for it.
        if (misuse)
          report(op, *misuse, *ofFirstRounds, /*isWarning=*/true);
      }
      failed |= mlir::failed(checkPromises(op, analysis, symbols));
      remarkSplitReductions(op, analysis);
      if (printStates)
        print(op, analysis);
    });
    if (failed)
      return signalPassFailure();
    markAllAnalysesPreserved();
  }

private:
  bool hasCarryingLoop() {
    return getOperation()
        ->walk([](LoopLikeOpInterface loop) {
          return loop.getInits().empty() ? WalkResult::advance()
                                         : WalkResult::interrupt();
        })
        .wasInterrupted();
  }

  /// What was to be summed may be, by hand; and what is not seen to be zero may
  /// be.
  static bool mayBeRight(const StateMisuse &misuse) {
    return misuse.kind == StateMisuse::CombinesPartial ||
           misuse.kind == StateMisuse::ReplicatedInit;
  }

  static void report(Operation *op, const StateMisuse &misuse,
                     const ShardingAnalysis &analysis, bool isWarning) {
    const MeshAxes::Axis &axis = analysis.getAxes()[misuse.axis];
    const std::string place = toString(axis);
    InFlightDiagnostic diag = isWarning ? op->emitWarning()
                                              << "'" << op->getName() << "' op "
                                        : op->emitOpError();
    switch (misuse.kind) {
    case StateMisuse::NonLinearOnPartial:
      diag << "is not linear, and a sum over " << place
           << " is pending in an operand";
      break;
    case StateMisuse::ReplicatedPlusPartial:
      diag << "adds a value that is replicated over " << place
           << " to a pending sum: it would be counted once per rank; "
              "dist.to_partial counts it once";
      break;
    case StateMisuse::ReplicatedInit:
      diag << "adds a pending sum to a destination that is replicated over "
           << place
           << ": unless that is zero, it would be counted once per rank; "
              "dist.to_partial counts it once";
      break;
    case StateMisuse::CombinesPartial:
      diag << "acts over " << place
           << ", over which a sum is pending: what the ranks have of it is not "
              "added";
      break;
    case StateMisuse::NotReplicated:
      diag << "expects an operand that is replicated over " << place
           << ", found "
           << toString(analysis.getState(misuse.operand, misuse.axis));
      break;
    }
    diag.attachNote(misuse.operand.getLoc())
        << (misuse.kind == StateMisuse::NotReplicated
                ? "the operand is made here"
                : "the pending sum is here");
  }

  static std::string toString(const MeshAxes::Axis &axis) {
    return llvm::formatv("@{0}[{1}]", axis.mesh.getValue(),
                         axis.name.getValue());
  }

  static std::string toString(AxisState state) {
    std::string text;
    llvm::raw_string_ostream os(text);
    os << state;
    if (state.isSharded() && state.level)
      os << " at level " << state.level;
    return text;
  }

  /// A value against the sharding that is promised of it.
  static LogicalResult check(Operation *op, Value value, Attribute annotation,
                             const Twine &what,
                             const ShardingAnalysis &analysis) {
    auto sharding = dyn_cast_or_null<ShardingAttr>(annotation);
    if (!sharding)
      return success();
    const MeshAxes &axes = analysis.getAxes();
    ValueState promised = getAnnotatedState(axes, sharding);
    for (unsigned axis = 0; axis < axes.size(); ++axis) {
      AxisState found = analysis.getState(value, axis);
      if (axes.isUnit(axis, op).value_or(false) ||
          !contradicts(found, promised[axis]) ||
          (promised[axis].isPartial() && analysis.isAlwaysZero(value)))
        continue;
      InFlightDiagnostic diag = op->emitOpError();
      diag << "expects " << what << " to be " << toString(promised[axis])
           << " over " << toString(axes[axis])
           << ", as its annotation says, found " << toString(found);
      diag.attachNote(value.getLoc()) << "the value is made here";
      return failure();
    }
    return success();
  }

  /// What is returned, passed to a call, or asserted, against the annotations.
  static LogicalResult checkPromises(Operation *op,
                                     const ShardingAnalysis &analysis,
                                     SymbolTableCollection &symbols) {
    StringRef name = ShardingAttr::kAttrName;
    if (auto promise = dyn_cast<AssertShardingOp>(op))
      return check(op, promise.getInput(), promise.getSharding(), "its operand",
                   analysis);
    if (auto call = dyn_cast<CallOpInterface>(op)) {
      auto callee = dyn_cast_or_null<FunctionOpInterface>(
          call.resolveCallableInTable(&symbols));
      if (callee)
        for (auto [i, operand] : llvm::enumerate(call.getArgOperands()))
          if (failed(check(op, operand, callee.getArgAttr(i, name),
                           "argument #" + Twine(i), analysis)))
            return failure();
      return success();
    }
    auto function = dyn_cast_or_null<FunctionOpInterface>(op->getParentOp());
    if (function && op->hasTrait<OpTrait::ReturnLike>())
      for (auto [i, operand] : llvm::enumerate(op->getOperands()))
        if (failed(check(op, operand, function.getResultAttr(i, name),
                         "result #" + Twine(i), analysis)))
          return failure();
    return success();
  }

  /// Whether what the ranks have of a dimension that is split is to be added is
  /// the program's to say.
  static void remarkSplitReductions(Operation *op,
                                    const ShardingAnalysis &analysis) {
    for (OpResult result : op->getResults())
      if (std::optional<unsigned> found = analysis.findSplitReduction(result)) {
        const MeshAxes::Axis &axis = analysis.getAxes()[*found];
        auto function = op->getParentOfType<FunctionOpInterface>();
        remark::analysis(op->getLoc(),
                         remark::RemarkOpts::name("dist-check-shardings")
                             .category("dist")
                             .function(function ? function.getName() : ""))
            << remark::add("each rank along {0} sums over its slice of a "
                           "dimension, and nothing is seen to add the sums",
                           toString(axis))
            << remark::suggest("if they are to be added, dist.assert_sharding "
                               "with unreduced {{{0}}",
                               axis.name.getValue().str());
      }
  }

  static void print(Operation *op, const ShardingAnalysis &analysis) {
    auto emit = [&](Location loc, StringRef kind, unsigned number,
                    Value value) {
      if (!isa<ShapedType, IndexType, IntegerType, FloatType>(value.getType()))
        return;
      std::string text;
      llvm::raw_string_ostream os(text);
      printState(os, analysis.getAxes(), analysis.getState(value));
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
