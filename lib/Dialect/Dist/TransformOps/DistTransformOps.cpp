//===- DistTransformOps.cpp ----------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The ops of the transform dialect that act on collectives.
//
//===----------------------------------------------------------------------===//

#include "commuter/Dialect/Dist/TransformOps/DistTransformOps.h"

#include "commuter/Dialect/Dist/Transforms/MotionRemarks.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Transform/IR/TransformTypes.h"
#include "mlir/IR/BuiltinOps.h"

using namespace mlir;
using namespace commuter;
using namespace commuter::dist;

#define GET_OP_CLASSES
#include "commuter/Dialect/Dist/TransformOps/DistTransformOps.cpp.inc"

namespace {

/// Collects what a motion makes, and tells handles of what it erases.
struct HandleUpdater final : public MotionListener {
  explicit HandleUpdater(OpBuilder::Listener *listener)
      : handles(llvm::dyn_cast_if_present<RewriterBase::Listener>(listener)) {}

  void notifyMoved(Operation *, Operation *local) override {
    moved.push_back(local);
  }
  void notifyGathered(AllGatherOp gather) override {
    gathers.push_back(gather);
  }
  void notifyErased(Operation *op) override {
    if (handles)
      op->walk(
          [&](Operation *erased) { handles->notifyOperationErased(erased); });
  }

  RewriterBase::Listener *handles;
  SmallVector<Operation *> moved, gathers;
};

} // namespace

/// What the pass would run on; null for an op that is in no module.
static ModuleOp getOutermostModule(Operation *op) {
  ModuleOp outermost;
  for (auto module = op->getParentOfType<ModuleOp>(); module;
       module = module->getParentOfType<ModuleOp>())
    outermost = module;
  return outermost;
}

/// Why nothing moved.
static DiagnosedSilenceableFailure
explainStay(DiagnosedSilenceableFailure failure, Operation *gather,
            ArrayRef<MotionOutcome> outcomes) {
  if (outcomes.empty()) {
    failure << "moves nothing: the gather feeds no norm or reduction";
    failure.attachNote(gather->getLoc()) << "the gather";
    return failure;
  }
  failure << "moves nothing: " << outcomes.front().reason;
  for (const MotionOutcome &outcome : outcomes) {
    Diagnostic &note = failure.attachNote(outcome.loc);
    note << "stays: " << outcome.reason;
    if (!outcome.suggestion.empty())
      note << "; suggestion: " << outcome.suggestion;
    if (outcome.blocker && *outcome.blocker != outcome.loc)
      failure.attachNote(*outcome.blocker) << "blocked by this";
  }
  return failure;
}

DiagnosedSilenceableFailure
transform::CommuteGatherOp::apply(transform::TransformRewriter &rewriter,
                                  transform::TransformResults &results,
                                  transform::TransformState &state) {
  HandleUpdater updater(rewriter.getListener());
  MotionOptions options;
  options.completeSums = getCompleteSums();
  options.allowExtraGather = getAllowExtraGather();
  options.listener = &updater;
  Operation *first = nullptr;
  for (Operation *op : state.getPayloadOps(getTarget())) {
    if (!isa<AllGatherOp>(op)) {
      DiagnosedSilenceableFailure failure = emitSilenceableError();
      failure << "expects a handle to dist.all_gather";
      failure.attachNote(op->getLoc()) << "this is " << op->getName();
      return failure;
    }
    options.onlyGathers.insert(op);
    first = first ? first : op;
  }

  if (first) {
    ModuleOp top = getOutermostModule(first);
    if (!top)
      return emitSilenceableError()
             << "expects gathers in a module, which has their mesh";
    ShardingAnalysis analysis(top);
    SmallVector<MotionOutcome> outcomes =
        moveInFrontOfGathers(getFunctions(top), analysis, options);
    for (MotionOutcome &outcome : outcomes)
      emitMotionRemark("transform.dist.commute_gather", outcome,
                       analysis.getAxes());
    auto stays = [](const MotionOutcome &outcome) {
      return !outcome.reason.empty();
    };
    if (llvm::all_of(outcomes, stays))
      return explainStay(emitSilenceableError(), first, outcomes);
  }
  results.set(cast<OpResult>(getGathers()), updater.gathers);
  results.set(cast<OpResult>(getMoved()), updater.moved);
  return DiagnosedSilenceableFailure::success();
}

namespace {

class DistTransformDialectExtension
    : public transform::TransformDialectExtension<
          DistTransformDialectExtension> {
public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(DistTransformDialectExtension)

  void init() {
    declareGeneratedDialect<arith::ArithDialect>();
    declareGeneratedDialect<DistDialect>();
    declareGeneratedDialect<scf::SCFDialect>();
    declareGeneratedDialect<tensor::TensorDialect>();
    registerTransformOps<
#define GET_OP_LIST
#include "commuter/Dialect/Dist/TransformOps/DistTransformOps.cpp.inc"
        >();
  }
};

} // namespace

void commuter::dist::registerTransformDialectExtension(
    DialectRegistry &registry) {
  registry.addExtensions<DistTransformDialectExtension>();
}
