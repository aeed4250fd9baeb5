//===- ShardAnnotations.cpp -----------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a function's shard.shard ops say of the values of a program in local
// view, where they say anything of it.
//
//===----------------------------------------------------------------------===//

#include "ShardToDist.h"

#include "llvm/Support/CheckedArithmetic.h"

using namespace mlir;
using namespace commuter;

bool Claim::isReplicated() const {
  return llvm::all_of(dimAxes, [](const auto &axes) { return axes.empty(); });
}

//===----------------------------------------------------------------------===//
// Shardings
//===----------------------------------------------------------------------===//

namespace {
/// What a sharding claims of a value, or why it claims nothing that `dist` can
/// say.
struct Reading {
  Claim claim;
  StringRef obstacle;
};
} // namespace

/// Sizes that a sharding leaves to values are not known.
static bool hasHalo(shard::ShardingOp sharding) {
  return llvm::any_of(sharding.getStaticHaloSizes(),
                      [](int64_t size) { return size != 0; });
}

/// True if the offsets, one more than there are shards for each split
/// dimension, are those of shards of equal sizes, which are the sizes of the
/// local value. Several axes that split one dimension have no order of offsets.
static bool hasEvenOffsets(shard::ShardingOp sharding, const Claim &claim,
                           RankedTensorType type) {
  ArrayRef<int64_t> offsets = sharding.getStaticShardedDimsOffsets();
  if (offsets.empty())
    return true;
  ArrayRef<int64_t> gridShape = shard::GridOp(claim.grid).getShape();
  for (auto [axes, local] : llvm::zip_equal(claim.dimAxes, type.getShape())) {
    if (axes.empty())
      continue;
    int64_t shards = gridShape[axes.front()];
    if (axes.size() != 1 || static_cast<int64_t>(offsets.size()) <= shards)
      return false;
    for (int64_t i = 0; i <= shards; ++i)
      if (ShapedType::isDynamic(local) ||
          offsets[i] != llvm::checkedMul(i, local))
        return false;
    offsets = offsets.drop_front(shards + 1);
  }
  return offsets.empty();
}

static Reading readSharding(shard::ShardOp op, SymbolTableCollection &symbols) {
  auto sharding = op.getSharding().getDefiningOp<shard::ShardingOp>();
  if (!sharding)
    return {{}, stays::kUnknownSharding};
  auto type = cast<RankedTensorType>(op.getType());
  Claim claim{shard::getGridOrNull(sharding, sharding.getGridAttr(), symbols),
              {}};
  if (!claim.grid || !isMesh(claim.grid))
    return {{}, stays::kGridSize};
  if (hasHalo(sharding))
    return {{}, stays::kHalo};
  for (auto [dim, axes] : llvm::enumerate(sharding.getSplitAxes())) {
    bool isInRange = llvm::all_of(axes.asArrayRef(), [&](int64_t axis) {
      return static_cast<int64_t>(dim) < type.getRank() &&
             axis < claim.grid.getRank();
    });
    if (!isInRange)
      return {{}, stays::kOutOfRange};
    claim.dimAxes.emplace_back(axes.asArrayRef());
  }
  claim.dimAxes.resize(type.getRank());
  if (!hasEvenOffsets(sharding, claim, type))
    return {{}, stays::kUnevenOffsets};
  return {std::move(claim), {}};
}

//===----------------------------------------------------------------------===//
// Views
//===----------------------------------------------------------------------===//

/// True if the op is one of a program that has been partitioned: what it takes
/// and gives is a device's own, not the global value.
static bool isLocal(Operation *op) {
  return isa<shard::AllGatherOp, shard::AllReduceOp, shard::AllSliceOp,
             shard::AllToAllOp, shard::BroadcastOp, shard::GatherOp,
             shard::RecvOp, shard::ReduceOp, shard::ReduceScatterOp,
             shard::ScatterOp, shard::SendOp, shard::ShiftOp,
             shard::UpdateHaloOp, shard::ProcessLinearIndexOp,
             shard::ProcessMultiIndexOp, dist::MeshGroupOpInterface>(op);
}

//===----------------------------------------------------------------------===//
// The plan
//===----------------------------------------------------------------------===//

namespace {

class Planner {
public:
  Planner(FunctionOpInterface function, SymbolTableCollection &symbols)
      : function(function) {
    SmallVector<Operation *> localOps;
    function.walk([&](Operation *op) {
      auto shard = dyn_cast<shard::ShardOp>(op);
      if ((!shard && !isLocal(op)) ||
          op->getParentOfType<FunctionOpInterface>() != function)
        return;
      if (!shard) {
        localOps.push_back(op);
        return;
      }
      readings.try_emplace(op, readSharding(shard, symbols));
      if (Value root = findRoot(shard))
        values[root].push_back(shard);
      else
        plan.staying.emplace_back(shard, stays::kUnknownSharding);
    });
    isLocalView = llvm::any_of(localOps, [&](Operation *op) {
      return op->getNumOperands() == 0 ||
             !llvm::all_of(op->getOperands(), [&](Value operand) {
               return isTakenAsReplicated(operand);
             });
    });
  }

  AnnotationPlan run() {
    // A value with two shardings is to be brought from one into the other.
    bool isPartitioned = true, isReplicated = true;
    for (auto &[value, ops] : values)
      for (shard::ShardOp op : ops) {
        isPartitioned &= agree(ops.front(), op);
        const Reading &reading = readings.at(op);
        isReplicated &=
            reading.obstacle.empty() && reading.claim.isReplicated();
      }
    // Of what is replicated the local value is the global one.
    if (isPartitioned && (isLocalView || isReplicated)) {
      planResults();
      findOtherUses();
      for (auto &[value, ops] : values)
        planValue(value, ops);
      return std::move(plan);
    }
    for (auto &[value, ops] : values)
      for (shard::ShardOp op : ops)
        stay(op,
             agree(ops.front(), op) ? stays::kGlobalView : stays::kResharding);
    return std::move(plan);
  }

  /// The partitioner takes the sharding of an argument from its one use.
  SignaturePlan runForPartition() {
    if (isLocalView || function.isExternal())
      return {};
    for (BlockArgument argument : function.getFunctionBody().getArguments()) {
      unsigned i = argument.getArgNumber();
      auto shard = argument.hasOneUse()
                       ? dyn_cast<shard::ShardOp>(*argument.user_begin())
                       : shard::ShardOp();
      if (const Claim *claim = shard ? findClaim(shard) : nullptr)
        annotate(plan.signature.arguments, i, *claim,
                 function.getArgAttr(i, dist::ShardingAttr::kAttrName));
    }
    planResults();
    return std::move(plan.signature);
  }

private:
  /// The value that is annotated first; null where it is one of its own
  /// annotations, as it may be in a region without dominance.
  Value findRoot(shard::ShardOp op) {
    SetVector<Operation *> path;
    Value root;
    while (op && !roots.contains(op) && path.insert(op)) {
      root = op.getSrc();
      op = root.getDefiningOp<shard::ShardOp>();
    }
    if (op)
      root = roots.lookup(op);
    for (Operation *annotation : path)
      roots[annotation] = root;
    return root;
  }

  /// True if the value is annotated as replicated for its users. An op on such
  /// operands alone may stand in a program of global tensors, too: to
  /// `shard-partition` it is an op like any other.
  bool isTakenAsReplicated(Value value) const {
    const Claim *claim = findClaim(value);
    return claim && claim->isReplicated() &&
           value.getDefiningOp<shard::ShardOp>().getAnnotateForUsers();
  }

  /// True if both state one sharding.
  bool agree(shard::ShardOp a, shard::ShardOp b) const {
    if (a.getSharding() == b.getSharding())
      return true;
    const Reading &first = readings.at(a), &second = readings.at(b);
    return first.obstacle.empty() && second.obstacle.empty() &&
           first.claim == second.claim;
  }

  /// The op's own reason goes before those of the function.
  void stay(shard::ShardOp op, StringRef reason) {
    StringRef own = readings.at(op).obstacle;
    plan.staying.emplace_back(op, own.empty() ? reason : own);
  }

  void stayAll(ArrayRef<shard::ShardOp> ops, StringRef reason) {
    for (shard::ShardOp op : ops)
      stay(op, reason);
  }

  /// What the function's own annotation `value` claims, if it is one.
  const Claim *findClaim(Value value) const {
    auto it = readings.find(value.getDefiningOp<shard::ShardOp>());
    return it != readings.end() && it->second.obstacle.empty()
               ? &it->second.claim
               : nullptr;
  }

  /// Gives an argument or a result the sharding, unless it has another one.
  static bool annotate(std::vector<std::pair<unsigned, Claim>> &claims,
                       unsigned number, const Claim &claim,
                       Attribute annotation) {
    if (annotation) {
      std::optional<Mesh> mesh = findMesh(claim.grid);
      return mesh && mesh->getSharding(claim) == annotation;
    }
    claims.emplace_back(number, claim);
    return true;
  }

  /// A result that every return gives with one sharding has it.
  void planResults() {
    SmallVector<Operation *> returns;
    for (Block &block : function.getFunctionBody())
      if (!block.empty() && block.back().hasTrait<OpTrait::ReturnLike>())
        returns.push_back(&block.back());
    claimsResult.resize(function.getNumResults());
    for (unsigned i = 0; i < function.getNumResults(); ++i) {
      if (returns.empty())
        continue;
      const Claim *claim = findClaim(returns.front()->getOperand(i));
      bool isAlike = claim && llvm::all_of(returns, [&](Operation *op) {
                       const Claim *other = findClaim(op->getOperand(i));
                       return other && *other == *claim;
                     });
      if (isAlike)
        claimsResult[i] =
            annotate(plan.signature.results, i, *claim,
                     function.getResultAttr(i, dist::ShardingAttr::kAttrName));
    }
  }

  /// Finds the annotations that not only results with a sharding come of: what
  /// the others say, these say.
  void findOtherUses() {
    for (auto &[value, ops] : values)
      for (shard::ShardOp op : ops)
        if (!llvm::all_of(op->getUses(), [&](OpOperand &use) {
              return isa<shard::ShardOp>(use.getOwner()) || isResult(use);
            }))
          while (op && usedOtherwise.insert(op).second)
            op = op.getSrc().getDefiningOp<shard::ShardOp>();
  }

  bool isResult(OpOperand &use) {
    Operation *user = use.getOwner();
    return user->getParentOp() == function.getOperation() &&
           user->hasTrait<OpTrait::ReturnLike>() &&
           claimsResult[use.getOperandNumber()];
  }

  /// What the ops, which agree, say of the value.
  void planValue(Value value, ArrayRef<shard::ShardOp> ops) {
    const Reading &reading = readings.at(ops.front());
    if (!reading.obstacle.empty())
      return stayAll(ops, reading.obstacle);

    auto isDirect = [&](shard::ShardOp op) { return op.getSrc() == value; };
    // What holds for some users need not hold of the value; what holds for all
    // does.
    bool isOfAllUses =
        llvm::all_of(value.getUsers(), llvm::IsaPred<shard::ShardOp>);
    auto isOfValue = [&](shard::ShardOp op) {
      return isDirect(op) && (isOfAllUses || !op.getAnnotateForUsers());
    };
    auto argument = dyn_cast<BlockArgument>(value);
    Block &entry = function.getFunctionBody().front();
    if (argument && argument.getOwner() == &entry &&
        llvm::any_of(ops, [&](shard::ShardOp op) {
          return isOfValue(op) && op->getBlock() == &entry;
        })) {
      unsigned i = argument.getArgNumber();
      if (!annotate(plan.signature.arguments, i, reading.claim,
                    function.getArgAttr(i, dist::ShardingAttr::kAttrName)))
        return stayAll(ops, stays::kAnnotated);
      llvm::append_range(plan.redundant, ops);
      return;
    }
    bool isOfSome = llvm::any_of(ops, isOfValue);
    for (shard::ShardOp op : ops) {
      if (!usedOtherwise.contains(op))
        plan.redundant.push_back(op);
      else if (isOfValue(op))
        plan.assertions.emplace_back(op, reading.claim);
      else if (isOfSome)
        plan.redundant.push_back(op);
      else
        stay(op, stays::kForUsers);
    }
  }

  FunctionOpInterface function;
  bool isLocalView = false;
  DenseMap<Operation *, Reading> readings;
  DenseMap<Operation *, Value> roots;
  /// The annotations of a value: of it directly, or of annotations of it.
  llvm::MapVector<Value, SmallVector<shard::ShardOp>> values;
  DenseSet<Operation *> usedOtherwise;
  SmallVector<bool> claimsResult; ///< by number
  AnnotationPlan plan;
};

} // namespace

AnnotationPlan commuter::planAnnotations(FunctionOpInterface function,
                                         SymbolTableCollection &symbols) {
  return Planner(function, symbols).run();
}

SignaturePlan commuter::planPartition(FunctionOpInterface function,
                                      SymbolTableCollection &symbols) {
  return Planner(function, symbols).runForPartition();
}
