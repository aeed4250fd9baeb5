//===- MotionGraph.h ------------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What of some functions can be had in slices, and how: the gathers, the ops to
// which the law applies, and the values that control flow and calls join.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_DIALECT_DIST_TRANSFORMS_MOTION_MOTIONGRAPH_H
#define COMMUTER_DIALECT_DIST_TRANSFORMS_MOTION_MOTIONGRAPH_H

#include "commuter/Dialect/Dist/Transforms/GatherMotion.h"

#include "GatherKinds.h"
#include "MotionCalls.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Dominance.h"
#include <variant>

namespace commuter::dist {

/// A value that can be had slice by slice: it is the gather, of kind `kind`
/// along `dim`, of parts that are `localSize` long (kDynamic if not static).
struct Slices {
  unsigned kind;
  int64_t dim;
  int64_t localSize;
};

/// Why something that a gather feeds cannot be had slice by slice.
struct Refusal {
  llvm::StringRef reason;
  mlir::Operation *blocker;
  llvm::StringRef suggestion;
  /// The value whose state is in the way; null: it is no state.
  mlir::Value value = {};
  /// Of the gathers that it is about.
  unsigned kind = 0;
};

/// The suggestion where ranks may part.
inline constexpr llvm::StringLiteral kBranchUniformly =
    "branch on a value that is replicated over the gather's axes";

/// A gather, an op to which the law applies, or a join: values of a branch op
/// (arguments of its blocks, results) that have one type because they are
/// passed the same operands; or a block's argument; or a function's argument,
/// or what its calls return in one place. A join that moves carries slices.
///
/// There are as many units as there are gathers and ops behind them: a unit is
/// small, and what only some of them have is held by the graph.
struct Unit {
  enum Kind : uint8_t { Gather, Op, Join };

  Unit(Kind unitKind, mlir::Operation *op, unsigned kind)
      : unitKind(unitKind), kind(kind), op(op) {}

  Kind unitKind;
  bool completesSum = false;  ///< Gather: its sum is done before it
  bool isNested = false;      ///< Gather: there is in slices what it gathers
  bool isWorthMoving = false; ///< Op
  bool isCollective = false;  ///< Op
  bool moves = false;         ///< decided by the placement
  /// Stays, or else some way of a run would gather more; or as gathers are cut
  /// by what it makes.
  bool isHeldBack = false;
  bool isLate = false;   ///< Join: what comes to it first is no slice
  bool isScaled = false; ///< Op: extents of some operands are multiples
  /// Of the gathers: those of what it makes; of an op, those of its operands,
  /// which it may deal out in other cycles, and of which some may be cut by
  /// multiples (see `getKindOf`).
  unsigned kind;
  /// The gather, the op, the branch op (of a block's argument, a terminator
  /// that passes it) or the function.
  mlir::Operation *op;
  /// What the unit makes, results or what the join joins: a run of the graph's
  /// sliced values.
  unsigned firstValue = 0, endValue = 0;
  /// Op: where its operands' dimensions begin. Join: the number of its sources.
  unsigned details = 0;
  /// Op: the rows of the slicing on each rank (kDynamic if not static).
  int64_t localRows = mlir::ShapedType::kDynamic;

  bool isGather() const { return unitKind == Gather; }
  bool isOp() const { return unitKind == Op; }
  bool isJoin() const { return unitKind == Join; }
};

/// A value that there is in slices, and what its users want of it.
struct SlicedValue {
  mlir::Value value;
  Slices slices;
  // Copied for the placement: to follow `value` again would miss the cache.
  mlir::Block *block;
  int64_t rowBytes;       ///< see `countBytes`, without the sliced dimension
  unsigned unit;          ///< that makes it
  bool isIndices = false; ///< of `index`, which devices do not have
  bool isNeededWhole = false; ///< by a user that is no unit
  bool isUsedInBlock = false; ///< whole or in slices, in its own
  bool isUsedInWays = false;  ///< of a branch alone: it has sites of its own
};

/// Where a value is made whole: in its own block; or, if it is used in some
/// ways of a branch alone, at the begin of each of these that needs it so.
struct Site {
  mlir::Block *block;
  bool isNeededWhole; ///< by a user that it serves, and that is no unit
  llvm::ArrayRef<unsigned> consumers; ///< that take slices instead
};

/// A value that there is in slices, gathered over several axes, of which the
/// first ones may fit a user better.
struct PartialFit {
  mlir::Value value;
  unsigned numAxes;
};

/// The kinds of a join's slices. They differ where a call is between: the
/// extents are values of the caller on one side, and of the function on the
/// other.
struct JoinKinds {
  unsigned ofUnit;
  llvm::SmallVector<unsigned, 2> ofSources, ofValues;
};

/// What a use wants of a value that there is in slices.
struct Demand {
  enum Kind {
    OwnSlice, ///< all_slice(all_gather(x)) = x: the rank's own slice, or a
              ///< slice of it
    Size,     ///< a size that the slices and their extents answer
    Slices,   ///< all slices: the unit `consumer` takes them
    Whole
  } kind;
  unsigned consumer = 0;

  bool isForSlices() const { return kind == Slices; }
  bool isForWhole() const { return kind == Whole; }
};

class MotionGraph {
public:
  MotionGraph(llvm::ArrayRef<mlir::FunctionOpInterface> functions,
              const ShardingAnalysis &analysis, const MotionOptions &options)
      : functions(functions), calls(functions),
        namedCalls(functions, analysis.getCalls()), analysis(analysis),
        options(options) {}

  void build();

  /// Null if the value cannot be had in slices. Valid until the next unit is
  /// added.
  const SlicedValue *find(mlir::Value value) const {
    unsigned sliced = lookUpFate(value).sliced;
    return sliced == Fate::kNone ? nullptr : &values[sliced];
  }
  /// The unit that `op` is, as a gather or an op; null if it is none.
  const Unit *findUnit(mlir::Operation *op) const {
    const SlicedValue *made =
        op->getNumResults() == 0 ? nullptr : find(op->getResult(0));
    const Unit *unit = made ? &units[made->unit] : nullptr;
    return unit && unit->op == op && !unit->isJoin() ? unit : nullptr;
  }
  unsigned getNumber(const Unit &unit) const { return &unit - units.begin(); }
  unsigned getNumber(const SlicedValue &made) const {
    return &made - values.begin();
  }
  llvm::ArrayRef<SlicedValue> getValues(const Unit &unit) const {
    return llvm::ArrayRef<SlicedValue>(values).slice(
        unit.firstValue, unit.endValue - unit.firstValue);
  }
  /// The dimensions along which the op's operands are sliced.
  llvm::ArrayRef<std::optional<int64_t>> getOperandDims(const Unit &op) const {
    return llvm::ArrayRef<std::optional<int64_t>>(operandDims)
        .slice(op.details, op.op->getNumOperands());
  }
  /// The op's answer for the slices that it makes.
  DimSlicing getSlicing(const Unit &op) const;
  /// The kind in which an operand of the op is to come in slices.
  unsigned getKindOf(const Unit &op, unsigned operand) const {
    return op.isScaled ? unusualSlicings.at(op.op).operandKinds[operand]
                       : op.kind;
  }
  llvm::ArrayRef<mlir::OpOperand *> getSources(const Unit &join) const {
    return sources[join.details];
  }
  /// The kind in which a join's source is to come in slices.
  unsigned getKindOf(mlir::OpOperand *source) const {
    return joinOf.at(source).kind;
  }
  /// The units that take the value in slices.
  llvm::ArrayRef<unsigned> getConsumers(const SlicedValue &made) const {
    const unsigned number = getNumber(made);
    const unsigned begin = number == 0 ? 0 : consumerEnds[number - 1];
    return llvm::ArrayRef<unsigned>(consumers).slice(
        begin, consumerEnds[number] - begin);
  }
  /// No run comes to two of a value's sites.
  template <typename Visitor>
  void forEachSite(const SlicedValue &made, Visitor visit) const {
    if (!made.isUsedInWays)
      return visit(Site{made.block, made.isNeededWhole, getConsumers(made)});
    llvm::for_each(sitesInWays.at(getNumber(made)).sites, visit);
  }
  bool hasSitesInWays() const { return !sitesInWays.empty(); }
  /// For an op that is to be erased, or whose operands are to move to other
  /// memory, as `forget` of values.
  void forgetUses(mlir::Operation *op);
  /// That of a use of the value.
  mlir::Block *getSite(mlir::OpOperand &use, const SlicedValue &made) const;
  /// Where each way that a run can take would gather what the unit makes, it is
  /// gathered in front of them.
  void gatherInFront(const Unit &unit);
  /// True if, once the units that are to move have, a user is left that needs
  /// the value whole.
  bool staysWhole(const Site &site) const {
    return site.isNeededWhole || llvm::any_of(site.consumers, [&](unsigned u) {
             return !units[u].moves;
           });
  }
  /// Visits the blocks of the sites where the value stays whole.
  template <typename Visitor>
  void forEachWhole(const SlicedValue &made, Visitor visit) const {
    forEachSite(made, [&](const Site &site) {
      if (staysWhole(site))
        visit(site.block);
    });
  }
  bool staysWhole(const SlicedValue &made) const {
    bool stays = false;
    forEachWhole(made, [&](mlir::Block *) { stays = true; });
    return stays;
  }
  Demand getDemand(mlir::OpOperand &use, const SlicedValue &made) const;
  /// Why a value behind a gather cannot be had in slices; null if no reason was
  /// found.
  const Refusal *findRefusal(mlir::Value value) const;
  /// From now on `value` stands for what `made` is, as its placeholder.
  void replace(SlicedValue &made, mlir::Value value);
  /// For a value that is to be erased: what is at its address next is another.
  void forget(mlir::Value value) {
    getFate(value) = {};
    kinds.forget(value);
  }
  /// True if slices along `dim` of gathers of `kind` are these.
  bool isCutAlike(const Slices &made, int64_t dim, unsigned kind) const {
    return made.dim == dim &&
           (made.kind == kind ||
            options.ignores(reason::kOperandGatheredDifferently));
  }

  llvm::ArrayRef<mlir::FunctionOpInterface> functions;
  KnownCalls calls;
  NamedCalls namedCalls;
  const ShardingAnalysis &analysis;
  const MotionOptions &options;

  GatherKinds kinds;
  llvm::SmallVector<Unit, 0> units;         ///< in program order
  llvm::SmallVector<SlicedValue, 0> values; ///< in the order of their units
  llvm::SmallVector<PartialFit> partialFits;
  /// With the dimensions of gathered rows that they put into groups, of which
  /// ranks have parts.
  llvm::MapVector<mlir::tensor::ExpandShapeOp, int64_t> straddling;
  /// Ops that are worth moving and cannot move.
  llvm::SmallVector<std::pair<mlir::Operation *, Refusal>> missed;
  bool hasNestedGathers = false;

private:
  /// Precondition of a join, for gathers of a kind.
  using JoinCheck =
      llvm::function_ref<std::optional<Refusal>(const GatherKind &kind)>;

  void visitRegion(mlir::Region &region);
  void visitOp(mlir::Operation *op);
  void visitGather(AllGatherOp gather);
  void visitComputation(mlir::Operation *op);
  void visitOperands(mlir::Operation *op);
  void refuseCaptured(mlir::Operation *op);
  llvm::SmallVector<JoinClass> getJoins(mlir::RegionBranchOpInterface branch);
  void visitBranchJoin(mlir::RegionBranchOpInterface branch,
                       const JoinClass &join, unsigned next);
  void visitBlockJoins(mlir::Block &block,
                       const llvm::DenseMap<mlir::Block *, unsigned> &visited);
  void visitCall(mlir::CallOpInterface call, mlir::Operation *callee);
  void visitFunctionJoin(mlir::Operation *function, const JoinClass &join,
                         llvm::ArrayRef<mlir::OpOperand *> known);
  std::optional<Refusal> matchJoin(mlir::Operation *op, const JoinClass &join,
                                   llvm::ArrayRef<mlir::OpOperand *> known,
                                   JoinCheck check);
  void noteAxesOfSources(llvm::ArrayRef<mlir::OpOperand *> known,
                         JoinCheck check);
  void visitJoin(mlir::Operation *op, const JoinClass &join,
                 llvm::ArrayRef<mlir::OpOperand *> known, JoinCheck check);
  bool isSource(mlir::Value value, const Slices &made, bool isInCall) const;
  mlir::OpOperand *findMisfit(const Unit &join) const;
  struct PassedExtents {
    unsigned argument;
    int64_t times;
  };
  std::optional<PassedExtents> findPassed(mlir::CallOpInterface call,
                                          const GatherKind &kind);
  std::optional<JoinKinds> findKinds(mlir::Operation *op, const JoinClass &join,
                                     mlir::OpOperand *source, unsigned kind);

  std::optional<Refusal> findGatherRefusal(AllGatherOp gather,
                                           bool &completesSum) const;
  std::optional<Refusal> findDivergence(mlir::Operation *op, unsigned kind);
  bool movesAsOp(AllGatherOp gather);
  struct LawMatch {
    std::optional<DimSlicing> slicing;
    bool isScaled = false;
    llvm::SmallVector<unsigned, 0> operandKinds = {}; ///< if it is scaled
  };
  std::optional<Refusal> matchLaw(DimParallelOpInterface op, unsigned anchor,
                                  const Slices &anchorSlices, LawMatch &match);
  std::optional<Refusal> applyLaw(DimParallelOpInterface op, unsigned anchor);
  unsigned getScaledKind(unsigned kind, int64_t from, int64_t to,
                         const Cycles &cycles);
  std::optional<DimSlicing> findCyclicSlicing(DimParallelOpInterface op,
                                              unsigned anchor,
                                              const Slices &anchorSlices) const;
  Refusal explainSlicing(DimParallelOpInterface op, const Slices &anchorSlices,
                         bool hasSlicing) const;
  bool fitsUnits(mlir::Operation *op, const DimSlicing &slicing,
                 unsigned anchor, const Slices &anchorSlices) const;
  bool actsAcross(MeshGroupOpInterface op, const Slices &slicesOfInput) const;
  std::optional<Refusal> checkOperand(mlir::Operation *op, mlir::Value value,
                                      std::optional<int64_t> dim,
                                      const GatherKind &kind,
                                      unsigned kindNumber) const;
  bool losesPendingSum(mlir::Operation *op, mlir::Value &pending) const;
  bool canBeSplit(const SlicedValue &made) const;
  void noteCommonAxes(const SlicedValue &made, mlir::ArrayAttr axes);
  void noteCommonAxes(const SlicedValue &a, const SlicedValue &b);
  void noteFirstAxes(const SlicedValue &made,
                     llvm::function_ref<bool(const Slices &)> fits);
  void addValue(mlir::Value value, const Slices &slices);
  void addUnit(Unit unit);
  unsigned addRefusal(const Refusal &refusal, unsigned kind);
  static bool makesOwnRows(mlir::Operation *op, const GatherKind &kind);
  void refuse(mlir::Value value, unsigned refusal);
  void refuse(mlir::Operation *op, DimParallelOpInterface parallel,
              unsigned refusal);
  bool expectLateSources();
  void refuseThroughCalls();
  void holdBackExtents();
  void refuseUsers(mlir::Value value,
                   const llvm::DenseSet<mlir::Operation *> &visited,
                   llvm::SmallVectorImpl<mlir::Value> &next);
  bool takesBackOwnSlice(AllSliceOp user, const Slices &made) const;
  void visitUser(mlir::Operation *op, llvm::ArrayRef<unsigned> anchors,
                 unsigned inherited);
  void addDemand(mlir::OpOperand &use, unsigned number);
  void noteDemand(mlir::OpOperand &use);
  void noteDemandsIn(mlir::Block &block);
  void findConsumers();
  void findSites();
  class SiteFinder;

  /// What became of a value behind a gather. Most values of a program are, and
  /// most inherit the refusal of another one.
  struct Fate {
    static constexpr unsigned kNone = UINT_MAX;
    unsigned sliced = kNone;  ///< its number among `values`
    unsigned refusal = kNone; ///< its number among `refusals`
  };
  Fate &getFate(mlir::Value value) {
    unsigned number = analysis.getNumbers().lookup(value);
    return number == ValueNumbers::kNone ? otherFates[value] : fates[number];
  }
  Fate lookUpFate(mlir::Value value) const {
    unsigned number = analysis.getNumbers().lookup(value);
    return number == ValueNumbers::kNone ? otherFates.lookup(value)
                                         : fates[number];
  }
  llvm::SmallVector<Fate, 0> fates; ///< by the analysis' numbers
  /// Of values that it does not know, as no run reaches them, or they are new.
  llvm::DenseMap<mlir::Value, Fate> otherFates;
  llvm::SmallVector<Refusal, 0> refusals;
  // Of the ops' slicings, each of which would be as large as an op: for most of
  // them all that there is are the dimensions of operands and results.
  llvm::SmallVector<std::optional<int64_t>, 0> operandDims; ///< op by op
  struct UnusualSlicing {
    DimSlicing slicing;
    llvm::SmallVector<unsigned, 0> operandKinds; ///< of an op that is scaled
  };
  llvm::DenseMap<mlir::Operation *, UnusualSlicing> unusualSlicings;
  llvm::SmallVector<unsigned> joins; ///< units
  llvm::SmallVector<llvm::SmallVector<mlir::OpOperand *, 2>, 0> sources;
  struct JoinedAs {
    unsigned unit; ///< the join
    unsigned kind; ///< in which the source is to come
  };
  llvm::DenseMap<mlir::OpOperand *, JoinedAs> joinOf;
  llvm::SmallVector<unsigned, 0> consumers;    ///< value by value
  llvm::SmallVector<unsigned, 0> consumerEnds; ///< of the values' consumers
  struct SitesInWays {
    llvm::SmallVector<Site, 2> sites;
    bool areOnAllWays = false;
  };
  /// By the number of a value that is used in ways.
  llvm::DenseMap<unsigned, SitesInWays> sitesInWays;
  llvm::DenseMap<mlir::OpOperand *, mlir::Block *> siteOf; ///< by its uses
  llvm::BumpPtrAllocator siteConsumers;
  mutable mlir::DominanceInfo dominance; ///< of blocks, which stay as they are
  /// While ops are visited: values, by number, with units that take them.
  llvm::SmallVector<std::pair<unsigned, unsigned>, 0> consumersOf;
  /// Uses of values, by number, that joins may turn out to take.
  llvm::SmallVector<std::pair<mlir::OpOperand *, unsigned>> laterDemands;
  /// By the block of an op and the kind: where ranks may part.
  llvm::DenseMap<std::pair<mlir::Block *, unsigned>, mlir::Operation *>
      divergence;
  /// Joins, by their first value, that were taken to carry slices and do not,
  /// and why what does not fit is not in slices; nullopt: it never could be.
  llvm::DenseMap<mlir::Value, std::optional<Refusal>> rejectedJoins;
  /// What comes to a join late, in slices or refused, where all that comes
  /// first is neither: a loop may gather only what it passes back.
  struct LateSource {
    mlir::OpOperand *source;
    GatherKind kind;
    std::variant<Slices, Refusal> fate; ///< its kind is that of the round
  };
  /// Joins, by their first value, and what an earlier round has found out.
  llvm::DenseMap<mlir::Value, LateSource> lateSources;
  /// Of this round: joins of which nothing that came first was in slices or
  /// refused, and what comes later.
  llvm::SmallVector<
      std::pair<mlir::Value, llvm::SmallVector<mlir::OpOperand *>>>
      awaited;
  llvm::DenseSet<mlir::Operation *> visitedCallees;
  bool takesLoops = true;
};

/// True if one row of the slicing is one element of every operand and result.
bool hasOnlyUnitsOfOne(const DimSlicing &slicing);

/// The size of the parts of a dimension that is `size` long and has `unitSize`
/// elements for each row of a slicing.
int64_t getLocalSize(int64_t size, int64_t unitSize, int64_t localRows,
                     const GatherKind &kind);

/// The bytes of a tensor or, without one of its dimensions, of a row; a size
/// that is not static, or 0, counts as 1. INT64_MAX if there are more.
int64_t countBytes(mlir::RankedTensorType type,
                   std::optional<int64_t> without = std::nullopt);

/// `type` with `localSize` along `dim`.
mlir::RankedTensorType getLocalType(mlir::Type type, int64_t dim,
                                    int64_t localSize);

} // namespace commuter::dist

#endif // COMMUTER_DIALECT_DIST_TRANSFORMS_MOTION_MOTIONGRAPH_H
