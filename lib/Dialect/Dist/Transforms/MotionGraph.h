//===- MotionGraph.h ------------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What of a function can be had in slices, and how: the gathers, the ops to
// which the law applies, and the values that control flow joins.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_DIALECT_DIST_TRANSFORMS_MOTIONGRAPH_H
#define COMMUTER_DIALECT_DIST_TRANSFORMS_MOTIONGRAPH_H

#include "commuter/Dialect/Dist/Transforms/GatherMotion.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/MapVector.h"

namespace commuter::dist {

/// The gathers that cut a dimension alike: same axes in the same order, same
/// extents. Ragged gathers whose extents are no value are alike only with
/// themselves.
struct GatherKind {
  mlir::FlatSymbolRefAttr mesh;
  mlir::ArrayAttr axes;
  mlir::Value extents;
  AllGatherOp ragged; ///< set iff the extents are no value
  std::optional<int64_t> groupSize;
};

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
};

/// A gather, an op to which the law applies, or a join: values of a branch op
/// (arguments of its blocks, results) that have one type because they are
/// passed the same operands. A join that moves carries slices.
struct Unit {
  enum Kind { Gather, Op, Join };

  Unit() = default;
  Unit(Kind unitKind, mlir::Operation *op, unsigned kind)
      : unitKind(unitKind), op(op), kind(kind) {}

  Kind unitKind = Op;
  mlir::Operation *op = nullptr; ///< the gather, the op, or the branch op
  unsigned kind = 0;             ///< of the gathers
  DimSlicing slicing;            ///< Op
  /// Op: the rows of the slicing on each rank (kDynamic if not static).
  int64_t localRows = mlir::ShapedType::kDynamic;
  bool completesSum = false; ///< Gather: its sum is done before it
  /// What the unit makes: results, or what the join joins.
  llvm::SmallVector<mlir::Value, 2> values;
  llvm::SmallVector<mlir::OpOperand *, 2> sources; ///< Join
  bool moves = false;                              ///< decided by the placement

  bool isGather() const { return unitKind == Gather; }
  bool isOp() const { return unitKind == Op; }
  bool isJoin() const { return unitKind == Join; }
};

class MotionGraph {
public:
  MotionGraph(mlir::FunctionOpInterface function,
              const ShardingAnalysis &analysis, const MotionOptions &options)
      : function(function), analysis(analysis), options(options) {}

  void build();

  /// all_slice(all_gather(x)) = x: `user` takes back the rank's own slice.
  bool takesBackOwnSlice(mlir::Operation *user, mlir::Value value) const;
  /// True if `user` asks for a size of a value that there is in slices, and the
  /// slices and their extents answer it.
  bool asksForSize(mlir::Operation *user, mlir::Value value) const;
  bool needsNoGather(mlir::Operation *user, mlir::Value value) const {
    return takesBackOwnSlice(user, value) || asksForSize(user, value);
  }
  /// True if the use needs all of a value that there is in slices.
  bool needsWhole(mlir::OpOperand &use) const;
  /// The unit that takes the use in slices. Only if it does not need the whole.
  unsigned getConsumer(mlir::OpOperand &use) const;
  unsigned getProducer(mlir::Value value) const {
    return unitOfValue.lookup(value);
  }
  const Slices &getSlices(mlir::Value value) const {
    return slices.find(value)->second;
  }

  mlir::FunctionOpInterface function;
  const ShardingAnalysis &analysis;
  const MotionOptions &options;

  llvm::SmallVector<GatherKind> kinds;
  llvm::SmallVector<Unit, 0> units;                   ///< in program order
  llvm::DenseMap<mlir::Operation *, unsigned> unitOf; ///< gathers and ops
  llvm::DenseMap<mlir::Value, unsigned> unitOfValue;
  llvm::DenseMap<mlir::OpOperand *, unsigned> joinOf;
  llvm::DenseMap<mlir::Value, Slices> slices;
  /// Ops that are worth moving and cannot move.
  llvm::SmallVector<std::pair<mlir::Operation *, Refusal>> missed;

private:
  /// Values of a branch op that must have one type, and the operands that are
  /// passed to them.
  struct JoinClass {
    llvm::SmallVector<mlir::Value, 2> values;
    llvm::SmallVector<mlir::OpOperand *, 2> sources;
  };

  void visitRegion(mlir::Region &region);
  void visitOp(mlir::Operation *op);
  void visitGather(AllGatherOp gather);
  void visitComputation(mlir::Operation *op);
  llvm::SmallVector<JoinClass> getJoins(mlir::RegionBranchOpInterface branch);
  std::optional<Refusal> matchJoin(mlir::Operation *branch,
                                   const JoinClass &join, unsigned next);
  void visitJoin(mlir::Operation *branch, const JoinClass &join, unsigned next);
  bool isSource(mlir::Value value, const Slices &made) const;
  bool holdsJoin(const Unit &join) const;

  std::optional<Refusal> findGatherRefusal(AllGatherOp gather,
                                           bool &completesSum) const;
  std::optional<Refusal> findDivergence(mlir::Operation *op, unsigned kind);
  bool movesAsOp(AllGatherOp gather);
  std::optional<Refusal> matchLaw(DimParallelOpInterface op, unsigned anchor,
                                  Unit &unit,
                                  llvm::SmallVector<Slices> &results);
  std::optional<Refusal> findSlicing(DimParallelOpInterface op, unsigned anchor,
                                     DimSlicing &slicing) const;
  bool fitsUnits(const DimSlicing &slicing, unsigned anchor,
                 const Slices &anchorSlices) const;
  bool actsAcross(MeshGroupOpInterface op, const Slices &slicesOfInput) const;
  std::optional<Refusal> checkOperand(mlir::Operation *op, mlir::Value value,
                                      std::optional<int64_t> dim,
                                      const GatherKind &kind,
                                      unsigned kindNumber) const;
  bool losesPendingSum(mlir::Operation *op, mlir::Value &pending) const;
  void addUnit(Unit unit, llvm::ArrayRef<Slices> results);
  void refuse(mlir::Operation *op, Refusal refusal);
  unsigned getKind(AllGatherOp gather);

  llvm::DenseMap<std::pair<std::pair<mlir::Attribute, mlir::Attribute>, void *>,
                 unsigned>
      kindNumbers;
  llvm::DenseMap<mlir::Value, Refusal> refused;
  /// By the region of an op and the kind: where ranks may part.
  llvm::DenseMap<std::pair<mlir::Region *, unsigned>, mlir::Operation *>
      divergence;
  /// Joins, by their first value, that were taken to carry slices and do not.
  llvm::DenseSet<mlir::Value> rejectedJoins;
  bool takesLoops = true;
};

/// True if one row of the slicing is one element of every operand and result.
bool hasOnlyUnitsOfOne(const DimSlicing &slicing);

/// The size of the parts of a dimension that is `size` long and has `unitSize`
/// elements for each row of a slicing.
int64_t getLocalSize(int64_t size, int64_t unitSize, int64_t localRows,
                     const GatherKind &kind);

/// `type` with `localSize` along `dim`.
mlir::RankedTensorType getLocalType(mlir::Type type, int64_t dim,
                                    int64_t localSize);

/// Regions: units that hand slices to one another, in program order.
llvm::SmallVector<llvm::SmallVector<unsigned>>
findRegions(const MotionGraph &graph);

/// Decides which units of a region move, so that the fewest bytes are gathered:
/// a minimum cut.
void choosePlacement(MotionGraph &graph, llvm::ArrayRef<unsigned> region);

/// Why the placement left an op behind.
Refusal explainStay(const MotionGraph &graph, const Unit &norm);

/// The bytes that each rank receives in the collectives of a region, before and
/// after the motion; nullopt: not static.
struct ReceivedBytes {
  std::optional<int64_t> before = 0, after = 0;
};
ReceivedBytes countReceivedBytes(const MotionGraph &graph,
                                 llvm::ArrayRef<unsigned> region);

/// Moves what the placement decided to move, region by region, and erases what
/// nobody needs any more.
void rewriteRegions(MotionGraph &graph,
                    llvm::ArrayRef<llvm::ArrayRef<unsigned>> regions);

} // namespace commuter::dist

#endif // COMMUTER_DIALECT_DIST_TRANSFORMS_MOTIONGRAPH_H
