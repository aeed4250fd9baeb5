//===- GatherMotion.h ----------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Moving ops in front of the gathers that feed them: what may move, what is
// worth moving, and the rewrite.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_DIALECT_DIST_TRANSFORMS_GATHERMOTION_H
#define COMMUTER_DIALECT_DIST_TRANSFORMS_GATHERMOTION_H

#include "commuter/Analysis/ShardingAnalysis.h"
#include "commuter/Interfaces/DimParallelOpInterface.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/ADT/SmallPtrSet.h"

namespace commuter::dist {

/// The stable reasons for which an op stays behind a gather; docs/remarks.md
/// explains each.
namespace reason {
inline constexpr llvm::StringLiteral kPendingSum = "pending-sum";
inline constexpr llvm::StringLiteral kGatherDimNormalized =
    "gather-dim-normalized";
inline constexpr llvm::StringLiteral kOperandNotReplicated =
    "operand-not-replicated";
inline constexpr llvm::StringLiteral kOperandGatheredDifferently =
    "operand-gathered-differently";
inline constexpr llvm::StringLiteral kOtherUsers = "other-users";
inline constexpr llvm::StringLiteral kNotRowWise = "not-row-wise";
inline constexpr llvm::StringLiteral kGroupCrossesGatherDim =
    "group-crosses-gather-dim";
inline constexpr llvm::StringLiteral kUnknownAxisSize = "unknown-axis-size";
inline constexpr llvm::StringLiteral kDivergentControlFlow =
    "divergent-control-flow";
inline constexpr llvm::StringLiteral kNotProfitable = "not-profitable";
inline constexpr llvm::StringLiteral kUnsupportedOp = "unsupported-op";
} // namespace reason

/// Why an op stays, and what can be done about it.
struct ReasonToStay {
  llvm::StringRef reason;
  llvm::StringRef suggestion;
};

/// The reason where ranks may come to a collective in different ways, because
/// of `divergent`. `branchUniformly`: what to do if that is a branch.
ReasonToStay explainDivergence(mlir::Operation *divergent,
                               llvm::StringRef branchUniformly);

/// Told of what a motion makes and erases: for those who hold on to ops.
class MotionListener {
public:
  virtual ~MotionListener() = default;
  /// `local` is on slices what `op` was, which is erased later.
  virtual void notifyMoved(mlir::Operation *op, mlir::Operation *local) = 0;
  /// The gather of what moved.
  virtual void notifyGathered(AllGatherOp gather) = 0;
  /// `inner` gathers now what `outer` did over its last axes.
  virtual void notifySplit(AllGatherOp outer, AllGatherOp inner) {}
  /// Before `op` is.
  virtual void notifyErased(mlir::Operation *op) = 0;
};

/// Numbers of ops, by what the ops are now: one that moves keeps its number.
class NumbersOfOps : public MotionListener {
public:
  void notifyMoved(mlir::Operation *op, mlir::Operation *local) override {
    if (auto it = numbers.find(op); it != numbers.end()) {
      const unsigned number = it->second;
      numbers.erase(it);
      numbers[local] = number;
    }
  }
  void notifyGathered(AllGatherOp) override {}
  void notifyErased(mlir::Operation *op) override { numbers.erase(op); }

  llvm::DenseMap<mlir::Operation *, unsigned> numbers;
};

struct MotionOptions {
  /// Complete the sum of a summing gather before it: all_reduce + all_gather.
  bool completeSums = false;
  /// Move what is worth moving even if more is gathered than before.
  bool allowExtraGather = false;
  /// Place every gather where the fewest bytes are gathered, whether or not it
  /// feeds what is worth moving. The outcomes are then those of the gathers.
  bool placesEveryGather = false;
  /// Take an axis of open size that a gather sums over as one of a single rank:
  /// no sum. Never for a motion, but to see what a guard would let move.
  bool takesOpenAxesAsUnit = false;
  /// What a guard would let move has one: it is not suggested for the rest.
  bool isGuarded = false;
  /// Make two of a gather over several axes, where something behind it fits the
  /// first of them alone; and take an expand_shape behind what is worth moving,
  /// where it puts rows of several ranks into a group. Where there are such, do
  /// no more: they are to be looked at again.
  bool prepares = false;
  /// Gather in front of a branch what its ways alone use, not in each of these.
  bool gathersInFront = false;
  /// If not empty, the only gathers in front of which anything moves. What
  /// others gather is replicated, no more.
  llvm::SmallPtrSet<mlir::Operation *, 4> onlyGathers;
  MotionListener *listener = nullptr;
  /// Preconditions that are not looked at, by the reason that they would be
  /// refused for. For tests alone, which show what each of them prevents.
  llvm::SmallVector<llvm::StringRef> ignored;

  bool ignores(llvm::StringRef reason) const {
    return llvm::is_contained(ignored, reason);
  }
};

/// What became of an op that is worth moving and is fed by a gather, or of the
/// gather itself, if every one is placed.
struct MotionOutcome {
  mlir::Operation *op; ///< as it was
  mlir::FunctionOpInterface function;
  mlir::Location loc;
  llvm::StringRef reason = {}; ///< empty: it moved
  bool isOfGather = false;
  /// There are gathers of what is gathered: in front of the inner ones the op
  /// may move next.
  bool isAmongNested = false;

  // What follows is found out for those who want to be told of it.
  mlir::Value value = {}; ///< that the op takes, or that is in its way
  /// Where what is in the way stands.
  std::optional<mlir::Location> blocker = {};
  llvm::StringRef suggestion = {};
  ValueState state = {}; ///< that of the value
  /// Rows that the op computes on each rank, or that a rank has of what is
  /// gathered; bytes that each rank receives in
  /// the gathers of the region that the op moved with. nullopt: not static.
  std::optional<int64_t> rowsBefore = {}, rowsAfter = {}, bytesBefore = {},
                         bytesAfter = {};
};

/// The slicing of `op` in which its operand number `operand` is sliced along
/// `dim`; nullopt if there is none, or a result is no ranked tensor. A refusal
/// of the op that `ignores` is true of is taken for the slicing of an
/// elementwise op.
std::optional<DimSlicing>
findSlicing(DimParallelOpInterface op, unsigned operand, int64_t dim,
            llvm::function_ref<bool(llvm::StringRef)> ignores = {});

/// The functions with a body under `top`. Not those in other functions: to look
/// for them would be to go through all ops.
llvm::SmallVector<mlir::FunctionOpInterface> getFunctions(mlir::Operation *top);

/// Fills in what is found out for those who want to be told of it.
using DescribeOutcome = llvm::function_ref<void(MotionOutcome &)>;

/// Moves what is worth moving in some functions, through their branches, loops
/// and calls of one another. Everything is decided before anything is changed,
/// from static facts alone, so that all ranks decide alike. `tell` is told of
/// each outcome then. Returns true if something moved in front of a gather of
/// what is gathered, or gathers were split: it may move on.
bool moveInFrontOfGathers(
    llvm::ArrayRef<mlir::FunctionOpInterface> functions,
    const ShardingAnalysis &analysis, const MotionOptions &options,
    llvm::function_ref<void(MotionOutcome &, DescribeOutcome)> tell);

/// The same; returns the outcomes with their figures. An outcome's `op` may be
/// erased.
llvm::SmallVector<MotionOutcome>
moveInFrontOfGathers(llvm::ArrayRef<mlir::FunctionOpInterface> functions,
                     const ShardingAnalysis &analysis,
                     const MotionOptions &options);

/// Makes two versions, under an `scf.if` on `dist.axis_size`, of what could
/// move if no gather summed over more than one rank along axes whose sizes are
/// open. Both are as written: the motion then tells them apart. Returns true if
/// there was such a thing.
bool guardOpenSums(mlir::FunctionOpInterface function,
                   const ShardingAnalysis &analysis,
                   const MotionOptions &options);

} // namespace commuter::dist

#endif // COMMUTER_DIALECT_DIST_TRANSFORMS_GATHERMOTION_H
