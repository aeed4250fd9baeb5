//===- SplitAllReduce.cpp ------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// dist-split-all-reduce: splits the sums that feed norms into a reduce_scatter
// and a gather, lets the norms move between the two, and joins again what did
// not pay.
//
//===----------------------------------------------------------------------===//

#include "CollectiveBytes.h"
#include "GatherForms.h"
#include "SplitCandidates.h"
#include "SplitSums.h"

#include "commuter/Dialect/Dist/Transforms/MotionRemarks.h"
#include "commuter/Dialect/Dist/Transforms/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "llvm/Support/CheckedArithmetic.h"

namespace commuter::dist {
#define GEN_PASS_DEF_SPLITALLREDUCEPASS
#include "commuter/Dialect/Dist/Transforms/Passes.h.inc"
} // namespace commuter::dist

using namespace mlir;
using namespace commuter;
using namespace commuter::dist;

namespace {

/// A norm that a candidate feeds, and what became of it.
struct Norm {
  Norm(Location loc, unsigned group) : loc(loc), group(group) {}

  Location loc;
  unsigned group;
  bool isFedBySplit = false;
  std::optional<MotionOutcome> refusal, motion;

  bool hasMoved() const { return motion && motion->reason.empty(); }
};

/// A sum that is split, or was.
struct Sum {
  bool isOfGather = false;
  llvm::SmallDenseSet<int64_t, 2> triedDims = {};
};

/// Functions that slices may go between, by calls; most are alone.
struct CalledGroup {
  SmallVector<FunctionOpInterface, 1> functions;
  std::optional<int64_t> bytesBefore, bytesAfter;
  bool isSplit = false; ///< a candidate in it is
};

struct SplitOptions {
  uint64_t minRows;
  bool padRows, allowExtraGather;
};

/// One run of the pass over what is below `top`.
class SplitRun {
public:
  SplitRun(Operation *top, const SplitOptions &options,
           const ShardingAnalysis &asWritten)
      : top(top), options(options), asWritten(asWritten) {}

  /// Finds what may be split. Returns true if there is something.
  bool collect();
  /// Splits it, moves the norms, and joins what did not pay.
  LogicalResult run();
  void emitRemarks();

  unsigned numSplit = 0, numMoved = 0, numMissed = 0;

private:
  void visitCandidate(const SplitCandidate &candidate);
  FedNorms collectNewNorms(const SplitCandidate &candidate, bool isSplit);
  void noteRefusal(const SplitCandidate &candidate,
                   const SetVector<Operation *> &ops,
                   const ReasonToStay &refusal);
  void findCalls();
  std::optional<int64_t> getReceivedBytes(const CalledGroup &group);
  unsigned getGroup(Operation *op);
  Norm &getNorm(Operation *op);

  void mark(AllReduceOp reduce, bool isOfGather);
  Sum &getSum(Operation *op);
  bool isWorthAnotherTry(AllReduceOp reduce);
  void splitSums();
  void split(AllReduceOp reduce);
  void moveNorms();
  void noteOutcome(MotionOutcome outcome);
  void hideSums();
  LogicalResult mergeNestedGathers();
  SetVector<Norm *> sortNorms();
  void emitRemark(Norm &norm);

  /// Goes through the groups' functions.
  template <typename Visit>
  void walk(Visit visit) {
    for (CalledGroup &group : groups)
      for (FunctionOpInterface function : group.functions)
        function->walk(visit);
  }
  template <typename OpTy>
  SmallVector<OpTy> collectMarked();

  Operation *const top;
  const SplitOptions options;
  const ShardingAnalysis &asWritten;

  /// The ops that are to be found again: `norms` and, from `kFirstSum` on,
  /// `sums`, as what they are split into is marked too.
  NumbersOfOps marks;
  static constexpr unsigned kFirstSum = 1u << 31;
  SumSplitter splitter{marks};

  SmallVector<CalledGroup, 0> groups;
  DenseMap<Operation *, unsigned> groupNumbers; ///< of functions
  /// Of the program as it is now.
  std::optional<KnownCalls> calls;
  /// By mesh and axes: where slices could come, of what is left as it is, and
  /// of what is split.
  DenseMap<std::pair<Attribute, Attribute>, std::array<SetVector<Place>, 2>>
      places;
  SmallVector<Norm, 0> norms;
  SmallVector<Sum, 0> sums;
  SmallVector<AllReduceOp> reduces;
  SmallVector<AllGatherOp> gathers;
};

void SplitRun::findCalls() { calls.emplace(getFunctions(top)); }

/// What each rank receives in the collectives of the group, as often as they
/// are called.
std::optional<int64_t> SplitRun::getReceivedBytes(const CalledGroup &group) {
  std::optional<int64_t> sum = 0;
  auto add = [&](std::optional<int64_t> bytes) {
    sum = sum && bytes ? llvm::checkedAdd(*sum, *bytes) : std::nullopt;
  };
  for (FunctionOpInterface function : group.functions) {
    const int64_t numCalls = calls->countCalls(function);
    function->walk([&](MeshGroupOpInterface op) {
      std::optional<int64_t> bytes = commuter::dist::getReceivedBytes(op);
      add(bytes ? llvm::checkedMul(*bytes, numCalls) : std::nullopt);
    });
  }
  return sum;
}

/// The number of the op's group.
unsigned SplitRun::getGroup(Operation *op) {
  auto function = op->getParentOfType<FunctionOpInterface>();
  auto [it, isNew] = groupNumbers.try_emplace(function, groups.size());
  if (!isNew)
    return it->second;
  const unsigned number = it->second;
  CalledGroup group;
  group.functions = calls->getConnected(function);
  for (FunctionOpInterface member : group.functions)
    groupNumbers[member] = number;
  group.bytesBefore = getReceivedBytes(group);
  groups.push_back(std::move(group));
  return number;
}

Norm &SplitRun::getNorm(Operation *op) {
  auto [it, isNew] = marks.numbers.try_emplace(op, norms.size());
  if (isNew)
    norms.emplace_back(op->getLoc(), getGroup(op));
  return norms[it->second];
}

void SplitRun::mark(AllReduceOp reduce, bool isOfGather) {
  marks.numbers[reduce] = kFirstSum + sums.size();
  sums.push_back({isOfGather});
}

Sum &SplitRun::getSum(Operation *op) {
  return sums[marks.numbers.at(op) - kFirstSum];
}

void SplitRun::visitCandidate(const SplitCandidate &candidate) {
  if (!candidate.op->getParentOfType<FunctionOpInterface>() ||
      candidate.getGroupSize() == 1)
    return;
  bool feedsSliced = false, feedsOthers = false;
  for (int64_t dim = 0; dim < candidate.getType().getRank(); ++dim) {
    FedNorms fed = candidate.findNorms(dim);
    feedsSliced |= !fed.sliced.empty();
    feedsOthers |= !fed.others.empty();
  }
  if (!feedsSliced && !feedsOthers)
    return;
  ReasonToStay refusal = findRefusal(candidate, feedsSliced, asWritten,
                                     options.minRows, options.padRows);
  bool isSplit = refusal.reason.empty();
  FedNorms fed = collectNewNorms(candidate, isSplit);
  if (!isSplit)
    return noteRefusal(candidate, feedsSliced ? fed.sliced : fed.others,
                       refusal);
  for (Operation *op : fed.sliced)
    getNorm(op).isFedBySplit = true;
  groups[getGroup(candidate.op)].isSplit = true;
  if (auto reduce = dyn_cast<AllReduceOp>(candidate.op))
    reduces.push_back(reduce);
  else
    gathers.push_back(cast<AllGatherOp>(candidate.op));
}

/// The norms that this candidate feeds, minus those already attributed to an
/// earlier candidate over the same axes with the same decision. Along a
/// residual stream every candidate reaches all later norms.
FedNorms SplitRun::collectNewNorms(const SplitCandidate &candidate,
                                   bool isSplit) {
  return candidate.collectNorms(
      places[{candidate.mesh, candidate.axes}][isSplit]);
}

void SplitRun::noteRefusal(const SplitCandidate &candidate,
                           const SetVector<Operation *> &ops,
                           const ReasonToStay &refusal) {
  for (Operation *op : ops) {
    Norm &norm = getNorm(op);
    if (norm.refusal)
      continue;
    norm.refusal = MotionOutcome{op, op->getParentOfType<FunctionOpInterface>(),
                                 norm.loc, refusal.reason};
    norm.refusal->value = candidate.op->getOperand(0);
    norm.refusal->blocker = candidate.op->getLoc();
    norm.refusal->suggestion = refusal.suggestion;
    norm.refusal->state = asWritten.getState(norm.refusal->value);
  }
}

template <typename OpTy>
SmallVector<OpTy> SplitRun::collectMarked() {
  SmallVector<OpTy> ops;
  walk([&](OpTy op) {
    if (marks.numbers.contains(op))
      ops.push_back(op);
  });
  return ops;
}

/// True if the sum would now be split along a dimension along which it was not
/// yet: others are split between it and its norms.
bool SplitRun::isWorthAnotherTry(AllReduceOp reduce) {
  std::optional<int64_t> dim =
      SplitCandidate(reduce, *calls).findSplitDim(options.padRows);
  return dim && !getSum(reduce).triedDims.contains(*dim);
}

void SplitRun::split(AllReduceOp reduce) {
  SplitCandidate candidate(reduce, *calls);
  std::optional<int64_t> dim = candidate.findSplitDim(options.padRows);
  if (dim && getSum(reduce).triedDims.insert(*dim).second)
    splitter.split(reduce, *dim, *candidate.getGroupSize());
}

/// Splits the sums, lets norms move, and joins what did not pay; again, as long
/// as there are other dimensions for what was joined.
void SplitRun::splitSums() {
  SmallVector<AllReduceOp> whole = collectMarked<AllReduceOp>();
  do {
    for (AllReduceOp reduce : whole)
      split(reduce);
    moveNorms();
    for (ReduceScatterOp scatter : collectMarked<ReduceScatterOp>())
      splitter.join(scatter);
    whole = collectMarked<AllReduceOp>();
  } while (llvm::any_of(
      whole, [&](AllReduceOp reduce) { return isWorthAnotherTry(reduce); }));
  numSplit += collectMarked<ReduceScatterOp>().size();
}

/// Moves norms in front of the gathers that there are now. The states are those
/// of the program as it is now.
void SplitRun::moveNorms() {
  ShardingAnalysis analysis(top);
  MotionOptions motion;
  motion.allowExtraGather = options.allowExtraGather;
  motion.listener = &marks;
  // A sum whose gather stays is one again, in front of all ways.
  motion.gathersInFront = true;
  SmallVector<FunctionOpInterface> split;
  for (const CalledGroup &group : groups)
    if (group.isSplit)
      llvm::append_range(split, group.functions);
  moveInFrontOfGathers(split, analysis, motion,
                       [&](MotionOutcome &outcome, DescribeOutcome describe) {
                         describe(outcome);
                         noteOutcome(std::move(outcome));
                       });
  findCalls();
}

/// A norm may move twice, in front of a gather that summed, then in front of
/// the gather that the sum was split into.
void SplitRun::noteOutcome(MotionOutcome outcome) {
  auto mark = marks.numbers.find(outcome.op);
  bool moves = outcome.reason.empty();
  if (mark == marks.numbers.end()) {
    // dist-commute-norms has told of those that stay.
    if (moves) {
      norms.emplace_back(outcome.loc, groupNumbers.at(outcome.function));
      norms.back().motion = std::move(outcome);
    }
    return;
  }
  Norm &norm = norms[mark->second];
  if (norm.hasMoved()) {
    if (moves)
      norm.motion->rowsAfter = outcome.rowsAfter;
    return;
  }
  norm.motion = std::move(outcome);
}

/// What was a gather's own sum, and is not split, is again.
void SplitRun::hideSums() {
  for (AllReduceOp reduce : collectMarked<AllReduceOp>())
    if (getSum(reduce).isOfGather && hideSum(reduce)) {
      marks.notifyErased(reduce);
      reduce.erase();
    }
}

/// A gather over A of a gather over B is one over A and B: the dialect's own
/// canonicalisation.
LogicalResult SplitRun::mergeNestedGathers() {
  SetVector<Operation *> nested;
  walk([&](AllGatherOp gather) {
    auto inner = gather.getInput().getDefiningOp<AllGatherOp>();
    if (inner)
      nested.insert_range(ArrayRef<Operation *>{inner, gather});
  });
  RewritePatternSet patterns(top->getContext());
  AllGatherOp::getCanonicalizationPatterns(patterns, top->getContext());
  GreedyRewriteConfig config;
  config.setStrictness(GreedyRewriteStrictness::ExistingAndNewOps);
  return applyOpPatternsGreedily(nested.getArrayRef(), std::move(patterns),
                                 config);
}

/// The norms in program order.
SetVector<Norm *> SplitRun::sortNorms() {
  SetVector<Norm *> order;
  walk([&](Operation *op) {
    auto mark = marks.numbers.find(op);
    if (mark != marks.numbers.end() && mark->second < kFirstSum)
      order.insert(&norms[mark->second]);
  });
  for (Norm &norm : norms)
    order.insert(&norm);
  return order;
}

void SplitRun::emitRemark(Norm &norm) {
  const CalledGroup &group = groups[norm.group];
  if (norm.refusal && !norm.isFedBySplit && !norm.hasMoved())
    norm.motion = norm.refusal;
  if (!norm.motion)
    return;
  norm.motion->bytesBefore = group.bytesBefore;
  norm.motion->bytesAfter = group.bytesAfter;
  emitMotionRemark("dist-split-all-reduce", *norm.motion, asWritten.getAxes());
  ++(norm.hasMoved() ? numMoved : numMissed);
}

void SplitRun::emitRemarks() {
  for (Norm *norm : sortNorms())
    emitRemark(*norm);
}

bool SplitRun::collect() {
  findCalls();
  top->walk([&](Operation *op) {
    if (auto reduce = dyn_cast<AllReduceOp>(op))
      visitCandidate(SplitCandidate(reduce, *calls));
    else if (auto gather = dyn_cast<AllGatherOp>(op);
             gather && gather.getSummingAttr())
      visitCandidate(SplitCandidate(gather, *calls));
  });
  return !reduces.empty() || !gathers.empty();
}

LogicalResult SplitRun::run() {
  for (AllReduceOp reduce : reduces)
    mark(reduce, /*isOfGather=*/false);
  for (AllGatherOp gather : gathers)
    mark(exposeSum(gather), /*isOfGather=*/true);
  if (!gathers.empty())
    moveNorms();
  splitSums();
  hideSums();
  if (!gathers.empty() && failed(mergeNestedGathers()))
    return failure();
  splitter.eraseUnusedExtents();
  for (CalledGroup &group : groups)
    group.bytesAfter = getReceivedBytes(group);
  return success();
}

struct SplitAllReduce
    : public commuter::dist::impl::SplitAllReducePassBase<SplitAllReduce> {
  using SplitAllReducePassBase::SplitAllReducePassBase;

  void runOnOperation() override {
    SplitRun run(getOperation(), {minRows, padRows, allowExtraGather},
                 getAnalysis<ShardingAnalysis>());
    if (!run.collect())
      markAllAnalysesPreserved();
    else if (failed(run.run()))
      return signalPassFailure();
    run.emitRemarks();
    numSplit += run.numSplit;
    numMoved += run.numMoved;
    numMissed += run.numMissed;
  }
};

} // namespace
