//===- ShardToDist.cpp ----------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// convert-shard-to-dist: grids, collectives and annotations of upstream's shard
// dialect to those of dist.
//
//===----------------------------------------------------------------------===//

#include "ShardToDist.h"

#include "commuter/Conversion/Passes.h"
#include "commuter/Dialect/Dist/IR/Dist.h"

#include "mlir/Dialect/Shard/IR/ShardDialect.h"
#include "mlir/IR/Remarks.h"
#include "llvm/ADT/TypeSwitch.h"

namespace commuter {
#define GEN_PASS_DEF_CONVERTSHARDTODISTPASS
#include "commuter/Conversion/Passes.h.inc"
} // namespace commuter

using namespace mlir;
using namespace commuter;

//===----------------------------------------------------------------------===//
// What has a counterpart
//===----------------------------------------------------------------------===//

/// The size of the op's group; nullopt if an axis is open.
template <typename OpT>
static std::optional<int64_t> getGroupSize(OpT op, shard::GridOp grid) {
  int64_t size = shard::collectiveProcessGroupSize(op.getGridAxes(), grid);
  if (ShapedType::isDynamic(size))
    return std::nullopt;
  return size;
}

/// True if the group is of one rank, as it is without axes: then the result is
/// the input.
template <typename OpT>
static bool isAlone(OpT op, shard::GridOp grid) {
  return getGroupSize(op, grid) == 1;
}

static std::optional<dist::ReductionKind>
getReductionKind(shard::ReductionKind kind) {
  switch (kind) {
  case shard::ReductionKind::Sum:
    return dist::ReductionKind::Sum;
  case shard::ReductionKind::Max:
    return dist::ReductionKind::Max;
  case shard::ReductionKind::Min:
    return dist::ReductionKind::Min;
  default:
    return std::nullopt;
  }
}

/// True if the result is the input, in a type that says more or less of its
/// sizes.
template <typename OpT>
static bool isCast(OpT op) {
  return tensor::CastOp::areCastCompatible(op.getInput().getType(),
                                           op.getType());
}

/// True if the dimension is one of the tensor. Not all that are out of range
/// have been refused: `shard` verifies where it looks up their sizes.
static bool isDimOf(Value tensor, const APInt &dim) {
  return dim.ult(cast<RankedTensorType>(tensor.getType()).getRank());
}
static bool hasDims(shard::AllGatherOp op) {
  return isDimOf(op.getInput(), op.getGatherAxis());
}
static bool hasDims(shard::AllReduceOp) { return true; }
static bool hasDims(shard::AllSliceOp op) {
  return isDimOf(op.getInput(), op.getSliceAxis());
}
static bool hasDims(shard::AllToAllOp op) {
  return isDimOf(op.getInput(), op.getSplitAxis()) &&
         isDimOf(op.getInput(), op.getConcatAxis());
}
static bool hasDims(shard::ReduceScatterOp op) {
  return isDimOf(op.getInput(), op.getScatterAxis());
}

/// `dist` reduces elements in their own type, compares integers as signed ones,
/// and has no sums of 8-bit floats.
template <typename OpT>
static StringRef findObstacleToReduction(OpT op) {
  std::optional<dist::ReductionKind> kind = getReductionKind(op.getReduction());
  if (!kind)
    return stays::kReductionKind;
  Type element = getElementTypeOrSelf(op.getInput());
  if (element != getElementTypeOrSelf(op.getResult()) ||
      (isa<FloatType>(element) && element.getIntOrFloatBitWidth() <= 8) ||
      (element.isUnsignedInteger() && *kind != dist::ReductionKind::Sum))
    return stays::kElementType;
  return {};
}

static StringRef findObstacle(shard::AllGatherOp, shard::GridOp) { return {}; }
static StringRef findObstacle(shard::AllReduceOp op, shard::GridOp) {
  StringRef obstacle = findObstacleToReduction(op);
  return obstacle.empty() && !isCast(op) ? stays::kElementType : obstacle;
}
static StringRef findObstacle(shard::AllSliceOp, shard::GridOp) { return {}; }
static StringRef findObstacle(shard::AllToAllOp op, shard::GridOp grid) {
  int64_t dim = op.getSplitAxis().getSExtValue();
  int64_t size = cast<ShapedType>(op.getInput().getType()).getDimSize(dim);
  std::optional<int64_t> ranks = getGroupSize(op, grid);
  // Within one dimension, a piece is found by its size.
  bool isEven = !ranks || ShapedType::isDynamic(size)
                    ? op.getSplitAxis() != op.getConcatAxis()
                    : size % *ranks == 0;
  return isEven ? StringRef() : stays::kUnevenSplit;
}
static StringRef findObstacle(shard::ReduceScatterOp op, shard::GridOp) {
  return findObstacleToReduction(op);
}

/// Why the op stays; empty if it does not.
static StringRef findObstacle(Operation *op, shard::GridOp grid) {
  const bool hasMesh = grid && isMesh(grid);
  return llvm::TypeSwitch<Operation *, StringRef>(op)
      .Case<shard::ProcessLinearIndexOp, shard::ProcessMultiIndexOp,
            shard::GridShapeOp>(
          [&](auto) { return hasMesh ? StringRef() : stays::kGridSize; })
      .Case<shard::AllGatherOp, shard::AllReduceOp, shard::AllSliceOp,
            shard::AllToAllOp, shard::ReduceScatterOp>([&](auto op) {
        if (!isa<RankedTensorType>(op.getInput().getType()) ||
            !isa<RankedTensorType>(op.getType()))
          return stays::kBuffers;
        if (!hasMesh)
          return stays::kGridSize;
        if (!hasDims(op))
          return stays::kOutOfRange;
        if (isAlone(op, grid))
          return isCast(op) ? StringRef() : stays::kElementType;
        return findObstacle(op, grid);
      })
      .Default([](Operation *) { return stays::kNoCounterpart; });
}

//===----------------------------------------------------------------------===//
// The rewrite
//===----------------------------------------------------------------------===//

namespace {

/// Replaces one op, of which `findObstacle` has found nothing.
class OpConverter {
public:
  OpConverter(Operation *op, shard::GridOp grid, const Mesh &mesh)
      : builder(op), loc(op->getLoc()), grid(grid), mesh(mesh) {}

  SmallVector<Value> convert(Operation *op) {
    return llvm::TypeSwitch<Operation *, SmallVector<Value>>(op)
        .Case<shard::AllGatherOp, shard::AllReduceOp, shard::AllSliceOp,
              shard::AllToAllOp, shard::ReduceScatterOp>(
            [&](auto op) -> SmallVector<Value> {
              Value result =
                  isAlone(op, grid)
                      ? Value(op.getInput())
                      : convertCollective(op, mesh.getAxes(op.getGridAxes()));
              return {castTo(op.getType(), result)};
            })
        .Case([&](shard::ProcessLinearIndexOp) -> SmallVector<Value> {
          return {
              dist::AxisIndexOp::create(builder, loc, mesh.symbol, mesh.axes)};
        })
        .Case([&](shard::ProcessMultiIndexOp op) {
          return forEachAxis<dist::AxisIndexOp>(op.getAxes());
        })
        .Case([&](shard::GridShapeOp op) {
          return forEachAxis<dist::AxisSizeOp>(op.getAxes());
        });
  }

private:
  Value castTo(Type type, Value value) {
    return value.getType() == type
               ? value
               : tensor::CastOp::create(builder, loc, type, value);
  }

  /// No axes are all axes.
  template <typename OpT>
  SmallVector<Value> forEachAxis(ArrayRef<shard::GridAxis> numbers) {
    ArrayAttr axes = numbers.empty() ? mesh.axes : mesh.getAxes(numbers);
    return llvm::map_to_vector(axes, [&](Attribute axis) -> Value {
      return OpT::create(builder, loc, mesh.symbol,
                         builder.getArrayAttr({axis}));
    });
  }

  IntegerAttr getDim(const APInt &dim) {
    return builder.getI64IntegerAttr(dim.getSExtValue());
  }
  dist::ReductionKindAttr getKind(shard::ReductionKind kind) {
    return dist::ReductionKindAttr::get(builder.getContext(),
                                        *getReductionKind(kind));
  }

  Value convertCollective(shard::AllGatherOp op, ArrayAttr axes) {
    return dist::AllGatherOp::create(
        builder, loc, op.getType(), op.getInput(), getDim(op.getGatherAxis()),
        /*extents=*/Value(), mesh.symbol, axes, /*summing=*/ArrayAttr());
  }
  Value convertCollective(shard::AllReduceOp op, ArrayAttr axes) {
    return dist::AllReduceOp::create(builder, loc, op.getInput(),
                                     getKind(op.getReduction()), mesh.symbol,
                                     axes);
  }
  Value convertCollective(shard::ReduceScatterOp op, ArrayAttr axes) {
    return dist::ReduceScatterOp::create(
        builder, loc, op.getType(), op.getInput(), getKind(op.getReduction()),
        getDim(op.getScatterAxis()), mesh.symbol, axes);
  }
  Value convertCollective(shard::AllSliceOp op, ArrayAttr axes) {
    return dist::AllSliceOp::create(builder, loc, op.getType(), op.getInput(),
                                    getDim(op.getSliceAxis()),
                                    /*extents=*/Value(), mesh.symbol, axes);
  }
  Value convertCollective(shard::AllToAllOp op, ArrayAttr axes) {
    if (op.getSplitAxis() == op.getConcatAxis())
      return exchangePieces(op, axes);
    return dist::AllToAllOp::create(
        builder, loc, op.getType(), op.getInput(), getDim(op.getSplitAxis()),
        getDim(op.getConcatAxis()), mesh.symbol, axes);
  }

  /// Law: to split and to concatenate one dimension of n * k elements, n the
  /// group's size, is to split the first and to concatenate the second of two
  /// dimensions [n, k]. Precondition: n and k are known.
  Value exchangePieces(shard::AllToAllOp op, ArrayAttr axes) {
    auto type = cast<RankedTensorType>(op.getInput().getType());
    int64_t dim = op.getSplitAxis().getSExtValue();
    int64_t ranks = *getGroupSize(op, grid), size = type.getDimSize(dim);
    SmallVector<int64_t> apart(type.getShape()), together(type.getShape());
    apart[dim] = ranks;
    apart.insert(apart.begin() + dim + 1, size / ranks);
    together[dim] = 1;
    together.insert(together.begin() + dim + 1, size);
    SmallVector<ReassociationIndices> groups;
    for (int64_t d = 0; d < type.getRank(); ++d)
      groups.push_back({d + (d > dim)});
    groups[dim].push_back(dim + 1);

    Value pieces = tensor::ExpandShapeOp::create(
        builder, loc, type.clone(apart), op.getInput(), groups);
    Value exchanged = dist::AllToAllOp::create(
        builder, loc, type.clone(together), pieces,
        builder.getI64IntegerAttr(dim), builder.getI64IntegerAttr(dim + 1),
        mesh.symbol, axes);
    return tensor::CollapseShapeOp::create(builder, loc, type, exchanged,
                                           groups);
  }

  OpBuilder builder;
  Location loc;
  shard::GridOp grid;
  const Mesh &mesh;
};

/// The whole program: first what becomes of each op, then the rewrite.
class Conversion {
public:
  explicit Conversion(Operation *top) : top(top) {}

  void plan();
  /// The ops that stay, in the program's order, and why.
  ArrayRef<std::pair<Operation *, StringRef>> getStaying() const {
    return staying;
  }
  void apply();

private:
  shard::GridOp findGrid(Operation *op) {
    return shard::getGridOrNull(
        op, op->getAttrOfType<FlatSymbolRefAttr>("grid"), symbols);
  }
  void convertGrid(shard::GridOp grid);
  void applyAnnotations(FunctionOpInterface function,
                        const AnnotationPlan &annotations);

  Operation *top;
  SymbolTableCollection symbols;
  std::vector<std::pair<Operation *, StringRef>> staying;
  std::vector<shard::GridOp> grids;
  std::vector<shard::ShardingOp> shardings;
  std::vector<std::pair<Operation *, shard::GridOp>> converted;
  std::vector<std::pair<FunctionOpInterface, AnnotationPlan>> functions;
  DenseSet<Operation *> going;  ///< no longer refer to a grid
  DenseSet<Operation *> needed; ///< grids to which what is made refers
  DenseMap<Operation *, Mesh> meshes;
};

} // namespace

void Conversion::plan() {
  DenseMap<Operation *, StringRef> reasons;
  top->walk([&](FunctionOpInterface function) {
    auto &[_, plan] =
        functions.emplace_back(function, planAnnotations(function, symbols));
    reasons.insert_range(plan.staying);
    plan.signature.forEachClaim(
        [&](const Claim &claim) { needed.insert(claim.grid); });
    for (auto &[op, claim] : plan.assertions) {
      needed.insert(claim.grid);
      going.insert(op);
    }
    for (shard::ShardOp op : plan.redundant)
      going.insert(op);
  });
  top->walk<WalkOrder::PreOrder>([&](Operation *op) {
    if (!isa_and_nonnull<shard::ShardDialect>(op->getDialect()))
      return;
    StringRef reason;
    if (auto grid = dyn_cast<shard::GridOp>(op)) {
      grids.push_back(grid);
      reason = isMesh(grid) ? StringRef() : stays::kGridSize;
    } else if (auto sharding = dyn_cast<shard::ShardingOp>(op)) {
      shardings.push_back(sharding);
    } else if (isa<shard::ShardOp>(op)) {
      if (!going.contains(op))
        reason = reasons.lookup_or(op, stays::kGlobalView);
    } else {
      shard::GridOp grid = findGrid(op);
      reason = findObstacle(op, grid);
      if (reason.empty()) {
        converted.emplace_back(op, grid);
        going.insert(op);
        needed.insert(grid);
      }
    }
    if (!reason.empty())
      staying.emplace_back(op, reason);
  });
  for (shard::ShardingOp op : shardings)
    if (llvm::all_of(op->getUsers(),
                     [&](Operation *user) { return going.contains(user); }))
      going.insert(op);
}

/// A grid that something still refers to stays beside its mesh.
void Conversion::convertGrid(shard::GridOp grid) {
  if (!isMesh(grid))
    return;
  auto uses = SymbolTable::getSymbolUses(grid, top);
  bool goes = uses && llvm::all_of(*uses, [&](SymbolTable::SymbolUse use) {
                return going.contains(use.getUser());
              });
  if (goes)
    going.insert(grid);
  if (goes || needed.contains(grid))
    meshes.try_emplace(grid, createMesh(grid, /*replaces=*/goes));
}

void Conversion::applyAnnotations(FunctionOpInterface function,
                                  const AnnotationPlan &annotations) {
  annotations.signature.apply(function, meshes);
  for (auto [op, claim] : annotations.assertions) {
    OpBuilder builder(op);
    op.replaceAllUsesWith(Value(dist::AssertShardingOp::create(
        builder, op.getLoc(), op.getSrc(),
        meshes.at(claim.grid).getSharding(claim))));
  }
  for (shard::ShardOp op : annotations.redundant)
    op.replaceAllUsesWith(op.getSrc());
  for (const auto &[op, claim] : annotations.assertions)
    op->erase();
  for (shard::ShardOp op : annotations.redundant)
    op->erase();
}

void Conversion::apply() {
  for (shard::GridOp grid : grids)
    convertGrid(grid);
  for (auto &[function, annotations] : functions)
    applyAnnotations(function, annotations);
  for (auto [op, grid] : converted) {
    op->replaceAllUsesWith(OpConverter(op, grid, meshes.at(grid)).convert(op));
    op->erase();
  }
  for (shard::ShardingOp op : shardings)
    if (going.contains(op))
      op->erase();
  for (shard::GridOp grid : grids)
    if (going.contains(grid))
      grid->erase();
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

namespace {

struct ConvertShardToDist
    : public commuter::impl::ConvertShardToDistPassBase<ConvertShardToDist> {
  using ConvertShardToDistPassBase::ConvertShardToDistPassBase;

  void runOnOperation() override {
    Conversion conversion(getOperation());
    conversion.plan();
    if (requireAll && !conversion.getStaying().empty()) {
      report(conversion.getStaying());
      return signalPassFailure();
    }
    for (auto [op, reason] : conversion.getStaying())
      remark(op, reason);
    conversion.apply();
  }

private:
  static void report(ArrayRef<std::pair<Operation *, StringRef>> staying) {
    auto [first, reason] = staying.front();
    InFlightDiagnostic diag = first->emitOpError()
                              << "cannot be converted to dist: " << reason;
    for (auto [op, reason] : staying.drop_front())
      diag.attachNote(op->getLoc())
          << "neither can '" << op->getName() << "': " << reason;
  }

  static void remark(Operation *op, StringRef reason) {
    auto function = op->getParentOfType<FunctionOpInterface>();
    auto missed = mlir::remark::missed(
        op->getLoc(), mlir::remark::RemarkOpts::name("convert-shard-to-dist")
                          .category("dist")
                          .function(function ? function.getName() : ""));
    if (missed)
      missed << mlir::remark::reason("{0}", reason.str())
             << mlir::remark::metric("op", op->getName().getStringRef());
  }
};

} // namespace
