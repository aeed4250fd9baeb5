//===- MotionRewrite.cpp --------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Moves what the placement decided to move: ops and joins on slices first, then
// their users.
//
//===----------------------------------------------------------------------===//

#include "MotionRewrite.h"

#include "../GatherForms.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace commuter;
using namespace commuter::dist;

namespace {

class MotionRewriter {
public:
  explicit MotionRewriter(MotionGraph &graph)
      : graph(graph), locals(graph.values.size()) {}

  void rewrite(MotionRegion region);
  /// The types of the functions whose arguments and results are slices now.
  void updateSignatures();

private:
  void completeSum(const Unit &unit);
  void shareExtents(MotionRegion region);
  Value getExtents(GatherKind &kind, bool isNeeded = true);
  void moveOp(const Unit &unit);
  void moveJoin(const Unit &unit);
  void passSlices(const Unit &join);
  void replaceUsers(const SlicedValue &made);
  void gatherAtSites(const SlicedValue &made);
  Value gather(OpBuilder &builder, const SlicedValue &made);
  void replaceSize(tensor::DimOp query, const SlicedValue &made);
  void noteDead(const Unit &unit);
  void drop(Operation *op);

  Value &getLocalOf(const SlicedValue &made) {
    return locals[&made - graph.values.begin()];
  }
  RankedTensorType getLocalType(Type type, int64_t dim, int64_t localSize);
  IntegerAttr getDimAttr(int64_t dim);
  Value lookUpLocal(const SlicedValue &made) const;
  Value findLocal(Value value, int64_t dim, unsigned kind) const;
  OpFoldResult getLocalExtent(OpBuilder &builder, Value value, int64_t dim,
                              int64_t localSize, const Unit &unit);
  bool isRecomputable(Value value, int64_t dim, const GatherKind &kind,
                      unsigned depth = 0) const;
  Value recompute(OpBuilder &builder, Value value, int64_t dim,
                  int64_t localSize, const Unit &unit);
  Value getLocal(OpBuilder &builder, Value value, int64_t dim,
                 int64_t localSize, const Unit &unit);
  Value createMemory(OpBuilder &builder, Value whole, int64_t dim,
                     int64_t localSize, const Unit &unit);

  MotionGraph &graph;
  // To find a type or an attribute that there is takes the context longer.
  DenseMap<std::tuple<Type, int64_t, int64_t>, RankedTensorType> localTypes;
  DenseMap<int64_t, IntegerAttr> dimAttrs;
  /// By a kind's extents and how many times they are to be taken.
  DenseMap<std::pair<Value, int64_t>, Value> multiples;
  /// By the number of a value that there is in slices: its slice.
  SmallVector<Value, 0> locals;
  /// They use nothing any more, and are erased when their region is done: what
  /// the next one makes takes their memory.
  SmallVector<Operation *> dead;
  SetVector<Operation *> changedFunctions;
};

} // namespace

//===----------------------------------------------------------------------===//
// Gathers
//===----------------------------------------------------------------------===//

/// The extents of gathers of the kind; null if they cut evenly. Those of a
/// ragged gather become a value if that is needed, so that others can cut
/// alike: its own exchange, which lowering would insert, becomes explicit.
Value MotionRewriter::getExtents(GatherKind &kind, bool isNeeded) {
  // Of one gather there may be several kinds.
  if (AllGatherOp gather = kind.ragged;
      gather && (isNeeded || gather.getExtents())) {
    kind.ragged = {};
    kind.extents = gather.getExtents();
    if (!kind.extents) {
      // Its operands may move to other memory.
      graph.forgetUses(gather);
      kind.extents = exposeExtents(gather);
    }
  }
  if (!kind.extents)
    return {};
  Value &multiple = multiples[{kind.extents, kind.times}];
  if (!multiple)
    multiple = createMultiple(kind.extents, kind.times);
  return multiple;
}

/// What the gather sums over axes of more than one rank is summed before it. A
/// sum over axes of size 1 is none.
void MotionRewriter::completeSum(const Unit &unit) {
  auto gather = cast<AllGatherOp>(unit.op);
  if (unit.completesSum)
    exposeSum(gather);
  else
    gather.removeSummingAttr();
}

/// Where a ragged gather becomes several ones, or one beside what answers for a
/// size, each of them would exchange the extents for itself.
void MotionRewriter::shareExtents(MotionRegion region) {
  struct Needs {
    unsigned numWholes = 0;
    bool answersSize = false;
    SmallVector<unsigned> kinds;
  };
  llvm::MapVector<Operation *, Needs> needsOf;
  for (unsigned u : region)
    if (graph.units[u].isGather() || graph.units[u].moves)
      for (const SlicedValue &made : graph.getValues(graph.units[u])) {
        AllGatherOp ragged = graph.kinds[made.slices.kind].ragged;
        if (!ragged)
          continue;
        Needs &needs = needsOf[ragged];
        needs.kinds.push_back(made.slices.kind);
        if (graph.staysWhole(made))
          ++needs.numWholes;
        else
          needs.answersSize |=
              llvm::any_of(made.value.getUses(), [&](OpOperand &use) {
                return graph.getDemand(use, made).kind == Demand::Size;
              });
      }
  for (auto &[gather, needs] : needsOf)
    if (needs.numWholes > 1 || (needs.numWholes == 1 && needs.answersSize))
      for (unsigned kind : needs.kinds)
        getExtents(graph.kinds[kind]);
}

//===----------------------------------------------------------------------===//
// Slices of operands
//===----------------------------------------------------------------------===//

RankedTensorType MotionRewriter::getLocalType(Type type, int64_t dim,
                                              int64_t localSize) {
  RankedTensorType &local = localTypes[{type, dim, localSize}];
  if (!local)
    local = commuter::dist::getLocalType(type, dim, localSize);
  return local;
}

IntegerAttr MotionRewriter::getDimAttr(int64_t dim) {
  IntegerAttr &attr = dimAttrs[dim];
  if (!attr)
    attr =
        Builder(graph.functions.front()->getContext()).getI64IntegerAttr(dim);
  return attr;
}

/// The slice of a value that there is in slices, as far as it is computed. A
/// gather's is its input, whatever that has become.
Value MotionRewriter::lookUpLocal(const SlicedValue &made) const {
  const Unit &unit = graph.units[made.unit];
  return unit.isGather() ? cast<AllGatherOp>(unit.op).getInput()
                         : locals[&made - graph.values.begin()];
}

Value MotionRewriter::findLocal(Value value, int64_t dim, unsigned kind) const {
  const SlicedValue *made = graph.find(value);
  return made && graph.isCutAlike(made->slices, dim, kind) ? lookUpLocal(*made)
                                                           : Value();
}

/// Of a size that may be dynamic, one of as many equal parts.
static int64_t getPartSize(int64_t size, int64_t parts) {
  return ShapedType::isDynamic(size) ? size : size / parts;
}

static Value multiply(OpBuilder &builder, Location loc, Value size,
                      int64_t times) {
  return times == 1 ? size
                    : arith::MulIOp::create(
                          builder, loc, size,
                          arith::ConstantIndexOp::create(builder, loc, times));
}

/// The groups of dimensions in which dimension `dim` of as many as `rank` are
/// two, and all others are one.
static SmallVector<ReassociationIndices> getCycleDims(int64_t rank,
                                                      int64_t dim) {
  SmallVector<ReassociationIndices> groups;
  for (int64_t i = 0; i < rank; ++i)
    groups.push_back({i + (i > dim)});
  groups[dim].push_back(dim + 1);
  return groups;
}

/// Law, for a dimension that is dealt in c cycles:
///
///   gather(x) = collapse(all_gather(expand(x))),
///   slice(x) = collapse(all_slice(expand(x)))
///
/// where expand makes [c, n] of its c * n, and n is gathered or sliced, by the
/// same extents. Of cycles that are not counted, n is `size`.
static Value splitCycles(OpBuilder &builder, Location loc, Value value,
                         int64_t dim, const Cycles &cycles, int64_t size) {
  auto type = cast<RankedTensorType>(value.getType());
  SmallVector<int64_t> shape(type.getShape());
  SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(builder, loc, value);
  // What is known of the two, and the other one.
  const int64_t known = cycles.areCounted() ? cycles.number : size;
  const int64_t other = getPartSize(shape[dim], known);
  OpFoldResult otherSize = builder.getIndexAttr(other);
  if (ShapedType::isDynamic(other))
    otherSize = arith::DivUIOp::create(
                    builder, loc, cast<Value>(sizes[dim]),
                    arith::ConstantIndexOp::create(builder, loc, known))
                    .getResult();
  // The known one goes outside of the other one if it is the number.
  const int64_t place = dim + !cycles.areCounted();
  shape[dim] = other;
  sizes[dim] = otherSize;
  shape.insert(shape.begin() + place, known);
  sizes.insert(sizes.begin() + place, builder.getIndexAttr(known));
  return builder.createOrFold<tensor::ExpandShapeOp>(
      loc,
      RankedTensorType::get(shape, type.getElementType(), type.getEncoding()),
      value, getCycleDims(type.getRank(), dim), sizes);
}

/// How long one of the cycles is of a dimension that is `size` long, or a
/// rank's piece of it if that is the size of a slice, cut into `parts`.
static int64_t getCycleSize(const GatherKind &kind, int64_t size,
                            int64_t parts = 1) {
  return kind.cycles.areCounted() ? getPartSize(size, kind.cycles.number)
                                  : kind.cycles.size / parts;
}

/// As above: of [c, n], c * n.
static Value joinCycles(OpBuilder &builder, Location loc, Value value,
                        int64_t dim) {
  return tensor::CollapseShapeOp::create(
      builder, loc, value,
      getCycleDims(cast<RankedTensorType>(value.getType()).getRank() - 1, dim));
}

/// How long this rank's part of dimension `dim` of `value` is, an operand of
/// the unit: as long as the parts that the unit's other operands come in.
OpFoldResult MotionRewriter::getLocalExtent(OpBuilder &builder, Value value,
                                            int64_t dim, int64_t localSize,
                                            const Unit &unit) {
  if (!ShapedType::isDynamic(localSize))
    return builder.getIndexAttr(localSize);
  Location loc = unit.op->getLoc();
  if (unit.isOp())
    for (auto [other, otherDim] :
         llvm::zip_equal(unit.op->getOperands(), graph.getOperandDims(unit)))
      if (Value local =
              otherDim ? findLocal(other, *otherDim, unit.kind) : Value())
        return tensor::getMixedSize(builder, loc, local, *otherDim);
  GatherKind &kind = graph.kinds[unit.kind];
  Type index = builder.getIndexType();
  if (Value extents = getExtents(kind)) {
    Value rank = AxisIndexOp::create(builder, loc, index, kind.mesh, kind.axes);
    Value extent = tensor::ExtractOp::create(builder, loc, extents, rank);
    return multiply(builder, loc, extent, kind.cycles.number);
  }
  Value whole = tensor::DimOp::create(builder, loc, value, dim);
  Value parts = AxisSizeOp::create(builder, loc, index, kind.mesh, kind.axes);
  return arith::DivUIOp::create(builder, loc, whole, parts).getResult();
}

/// True if a slice of a replicated value can be had without the whole: it is
/// known by its shape, or computed of such values and of others that are needed
/// whole, as a row that is broadcast to all rows.
bool MotionRewriter::isRecomputable(Value value, int64_t dim,
                                    const GatherKind &kind,
                                    unsigned depth) const {
  constexpr unsigned kMaxDepth = 8;
  auto op = value.getDefiningOp<DimParallelOpInterface>();
  if (!op || depth == kMaxDepth)
    return false;
  if (op.isKnownByShape())
    return true;
  if (isa<MeshGroupOpInterface>(op.getOperation()) || graph.findUnit(op))
    return false;
  auto isReplicated = [&](Value input) {
    return graph.analysis.isReplicatedOver(input, kind.mesh, kind.axes);
  };
  DimSlicing slicing =
      op.getDimSlicing(cast<OpResult>(value).getResultNumber(), dim);
  if (!slicing.isLegal() || !hasOnlyUnitsOfOne(slicing) ||
      !llvm::all_of(getCapturedValues(op), isReplicated))
    return false;
  for (auto [i, operand] : llvm::enumerate(op->getOperands())) {
    std::optional<int64_t> operandDim = slicing.operandDims[i];
    if (slicing.isExtent(i))
      continue;
    if (operandDim ? !isRecomputable(operand, *operandDim, kind, depth + 1)
                   : !isReplicated(operand))
      return false;
  }
  return llvm::all_of(op->getResultTypes(), llvm::IsaPred<RankedTensorType>);
}

/// Computes that slice, `localSize` long.
Value MotionRewriter::recompute(OpBuilder &builder, Value value, int64_t dim,
                                int64_t localSize, const Unit &unit) {
  auto op = value.getDefiningOp<DimParallelOpInterface>();
  if (op.isKnownByShape())
    return op.createSlice(builder,
                          getLocalType(value.getType(), dim, localSize), dim,
                          getLocalExtent(builder, value, dim, localSize, unit));
  const unsigned number = cast<OpResult>(value).getResultNumber();
  DimSlicing slicing = op.getDimSlicing(number, dim);
  SmallVector<Value> operands;
  for (auto [i, operand] : llvm::enumerate(op->getOperands())) {
    std::optional<int64_t> operandDim = slicing.operandDims[i];
    operands.push_back(
        operandDim ? recompute(builder, operand, *operandDim, localSize, unit)
                   : operand);
  }
  SmallVector<Type> types;
  for (auto [type, resultDim] :
       llvm::zip_equal(op->getResultTypes(), slicing.resultDims))
    types.push_back(getLocalType(type, resultDim, localSize));
  return op.cloneOnSlices(builder, slicing, operands, types)->getResult(number);
}

/// The slice of `value`, an input of a unit that moves, `localSize` long along
/// `dim`. It is there, or is cut out of a value that is replicated over the
/// group (checked by discovery, or because it is gathered).
Value MotionRewriter::getLocal(OpBuilder &builder, Value value, int64_t dim,
                               int64_t localSize, const Unit &unit) {
  Location loc = unit.op->getLoc();
  GatherKind &kind = graph.kinds[unit.kind];
  RankedTensorType localType = getLocalType(value.getType(), dim, localSize);
  if (Value local = findLocal(value, dim, unit.kind)) {
    // Of operands gathered alike, more may be known of one's part.
    if (local.getType() != localType)
      local = tensor::CastOp::create(builder, loc, localType, local);
    return local;
  }
  if (isRecomputable(value, dim, kind))
    return recompute(builder, value, dim, localSize, unit);
  Value extents = getExtents(kind);
  if (kind.cycles.isOne())
    return AllSliceOp::create(builder, loc, localType, value, getDimAttr(dim),
                              extents, kind.mesh, kind.axes);
  const int64_t size = cast<RankedTensorType>(value.getType()).getDimSize(dim);
  Value split = splitCycles(builder, loc, value, dim, kind.cycles,
                            getCycleSize(kind, size));
  Value slice = AllSliceOp::create(
      builder, loc,
      getLocalType(split.getType(), dim + 1,
                   getCycleSize(kind, localSize, kind.groupSize.value_or(1))),
      split, getDimAttr(dim + 1), extents, kind.mesh, kind.axes);
  return joinCycles(builder, loc, slice, dim);
}

/// What is as long as a slice of `whole`, a unit's operand of which it reads no
/// element.
Value MotionRewriter::createMemory(OpBuilder &builder, Value whole, int64_t dim,
                                   int64_t localSize, const Unit &unit) {
  Location loc = unit.op->getLoc();
  RankedTensorType type = getLocalType(whole.getType(), dim, localSize);
  SmallVector<OpFoldResult> sizes;
  for (int64_t i = 0; i < type.getRank(); ++i)
    sizes.push_back(i == dim
                        ? getLocalExtent(builder, whole, dim, localSize, unit)
                        : tensor::getMixedSize(builder, loc, whole, i));
  return tensor::EmptyOp::create(builder, loc, sizes, type.getElementType(),
                                 type.getEncoding());
}

//===----------------------------------------------------------------------===//
// Units
//===----------------------------------------------------------------------===//

/// What is promised of the whole, said of its slices along `dim`: these are cut
/// by the gather's axes, too, the last of the dimension's.
static ShardingAttr cutPromise(ShardingAttr promise, int64_t dim,
                               const GatherKind &kind) {
  SmallVector<Attribute> dims(promise.getDimAxes().getValue());
  SmallVector<Attribute> axes(cast<ArrayAttr>(dims[dim]).getValue());
  llvm::append_range(axes, kind.axes);
  dims[dim] = ArrayAttr::get(promise.getContext(), axes);
  return ShardingAttr::get(promise.getContext(), promise.getMesh(),
                           ArrayAttr::get(promise.getContext(), dims),
                           promise.getUnreduced());
}

void MotionRewriter::moveOp(const Unit &unit) {
  OpBuilder builder(unit.op);
  auto parallel = cast<DimParallelOpInterface>(unit.op);
  const DimSlicing slicing = graph.getSlicing(unit);
  Unit ofOperand = unit;
  SmallVector<Value> operands;
  for (auto [i, operand] : llvm::enumerate(unit.op->getOperands())) {
    std::optional<int64_t> dim = slicing.operandDims[i];
    if (!dim) {
      operands.push_back(operand);
      continue;
    }
    int64_t size = cast<RankedTensorType>(operand.getType()).getDimSize(*dim);
    int64_t localSize = getLocalSize(size, slicing.getOperandUnit(i),
                                     unit.localRows, graph.kinds[unit.kind]);
    ofOperand.kind = graph.getKindOf(unit, i);
    operands.push_back(
        parallel.ignoresElements(i) && !findLocal(operand, *dim, ofOperand.kind)
            ? createMemory(builder, operand, *dim, localSize, ofOperand)
            : getLocal(builder, operand, *dim, localSize, ofOperand));
  }
  SmallVector<Type> types;
  for (const SlicedValue &made : graph.getValues(unit))
    types.push_back(getLocalType(made.value.getType(), made.slices.dim,
                                 made.slices.localSize));
  Operation *local = parallel.cloneOnSlices(builder, slicing, operands, types);
  if (auto promise = dyn_cast<AssertShardingOp>(local))
    promise.setShardingAttr(cutPromise(promise.getSharding(),
                                       graph.getValues(unit).front().slices.dim,
                                       graph.kinds[unit.kind]));
  if (MotionListener *listener = graph.options.listener)
    listener->notifyMoved(unit.op, local);
  for (auto [made, part] :
       llvm::zip_equal(graph.getValues(unit), local->getResults()))
    getLocalOf(made) = part;
}

/// What a private function's argument or result is annotated with is said of
/// the whole. Of the slices, the calls tell.
static void dropSharding(FunctionOpInterface function, Value joined) {
  auto name = StringAttr::get(function->getContext(), ShardingAttr::kAttrName);
  if (auto argument = dyn_cast<BlockArgument>(joined))
    function.removeArgAttr(argument.getArgNumber(), name);
  else
    function.removeResultAttr(cast<OpResult>(joined).getResultNumber(), name);
}

/// What a join holds becomes the slice. A placeholder stands for the whole
/// until its users are dealt with, as a moving op stands for what it computed.
void MotionRewriter::moveJoin(const Unit &unit) {
  if (auto function = dyn_cast<FunctionOpInterface>(unit.op)) {
    dropSharding(function, graph.getValues(unit).front().value);
    changedFunctions.insert(unit.op);
  }
  for (unsigned number = unit.firstValue; number < unit.endValue; ++number) {
    SlicedValue &made = graph.values[number];
    Value value = made.value;
    OpBuilder builder(unit.op);
    builder.setInsertionPointAfterValue(value);
    auto placeholder = UnrealizedConversionCastOp::create(
        builder, unit.op->getLoc(), value.getType(), value);
    value.replaceAllUsesExcept(placeholder.getResult(0), placeholder);
    value.setType(
        getLocalType(value.getType(), made.slices.dim, made.slices.localSize));
    locals[number] = value;
    graph.replace(made, placeholder.getResult(0));
  }
}

/// All that is passed to a join that holds slices.
void MotionRewriter::passSlices(const Unit &join) {
  const Slices made = graph.getValues(join).front().slices;
  for (OpOperand *source : graph.getSources(join)) {
    OpBuilder builder(source->getOwner());
    Unit atSource = join;
    atSource.kind = graph.getKindOf(source);
    source->set(
        getLocal(builder, source->get(), made.dim, made.localSize, atSource));
  }
}

//===----------------------------------------------------------------------===//
// Users
//===----------------------------------------------------------------------===//

/// The sum of the extents, in a loop where it is not known of how many.
static Value sumUp(OpBuilder &builder, Location loc, Value extents,
                   const GatherKind &kind) {
  auto add = [&](OpBuilder &at, Value sum, Value rank) -> Value {
    Value extent = tensor::ExtractOp::create(at, loc, extents, rank);
    return sum ? arith::AddIOp::create(at, loc, sum, extent).getResult()
               : extent;
  };
  if (kind.groupSize) {
    Value sum;
    for (int64_t rank = 0; rank < *kind.groupSize; ++rank)
      sum =
          add(builder, sum, arith::ConstantIndexOp::create(builder, loc, rank));
    return sum;
  }
  Value zero = arith::ConstantIndexOp::create(builder, loc, 0);
  Value one = arith::ConstantIndexOp::create(builder, loc, 1);
  Value ranks = tensor::DimOp::create(builder, loc, extents, zero);
  return scf::ForOp::create(
             builder, loc, zero, ranks, one, zero,
             [&](OpBuilder &inner, Location, Value rank, ValueRange sums) {
               scf::YieldOp::create(inner, loc, add(inner, sums.front(), rank));
             })
      .getResult(0);
}

/// Answers for the size of a value whose gather is gone.
void MotionRewriter::replaceSize(tensor::DimOp query, const SlicedValue &made) {
  const int64_t dim = made.slices.dim;
  Value local = lookUpLocal(made);
  OpBuilder builder(query);
  Location loc = query.getLoc();
  Value size;
  if (*query.getConstantIndex() != dim) {
    size = tensor::DimOp::create(builder, loc, local, query.getIndex());
  } else {
    GatherKind &kind = graph.kinds[made.slices.kind];
    if (Value extents = getExtents(kind)) {
      size = multiply(builder, loc, sumUp(builder, loc, extents, kind),
                      kind.cycles.number);
    } else {
      Value parts =
          kind.groupSize
              ? arith::ConstantIndexOp::create(builder, loc, *kind.groupSize)
                    .getResult()
              : AxisSizeOp::create(builder, loc, builder.getIndexType(),
                                   kind.mesh, kind.axes);
      Value part = tensor::DimOp::create(builder, loc, local, dim);
      size = arith::MulIOp::create(builder, loc, part, parts);
    }
  }
  query.getResult().replaceAllUsesWith(size);
  drop(query);
}

/// The users of what a gather, or a unit that moved, makes: a rank's own slice
/// is the slice; who needs the whole gets a gather of it.
void MotionRewriter::replaceUsers(const SlicedValue &made) {
  Value value = made.value;
  const Unit &unit = graph.units[made.unit];
  bool isNeededWhole = false;
  SmallVector<tensor::DimOp> sizeQueries;
  for (OpOperand &use : llvm::make_early_inc_range(value.getUses())) {
    Operation *user = use.getOwner();
    Demand demand = graph.getDemand(use, made);
    switch (demand.kind) {
    case Demand::OwnSlice: {
      Value own = lookUpLocal(made);
      auto slicing = cast<AllSliceOp>(user);
      Value slice = slicing.getResult();
      const GatherKind &kind = graph.kinds[made.slices.kind];
      ArrayRef<Attribute> further = getAxesBehind(kind.axes, slicing.getAxes());
      if (!further.empty()) {
        OpBuilder builder(user);
        own = AllSliceOp::create(builder, user->getLoc(), slice.getType(), own,
                                 slicing.getDimAttr(), /*extents=*/Value(),
                                 kind.mesh, builder.getArrayAttr(further));
      }
      if (own.getType() != slice.getType()) {
        OpBuilder builder(user);
        own = tensor::CastOp::create(builder, user->getLoc(), slice.getType(),
                                     own);
      }
      slice.replaceAllUsesWith(own);
      drop(user);
      break;
    }
    case Demand::Size:
      sizeQueries.push_back(cast<tensor::DimOp>(user));
      break;
    case Demand::Slices:
      isNeededWhole |= !graph.units[demand.consumer].moves;
      break;
    case Demand::Whole:
      isNeededWhole = true;
      break;
    }
  }
  if (!isNeededWhole || made.isUsedInWays)
    for (tensor::DimOp query : sizeQueries)
      replaceSize(query, made);
  if (made.isUsedInWays)
    return gatherAtSites(made);
  if (unit.isGather() || !isNeededWhole)
    return;
  OpBuilder builder(unit.isJoin() ? value.getDefiningOp() : unit.op);
  value.replaceAllUsesWith(gather(builder, made));
}

/// At each site where the value stays whole, for the users that it serves.
void MotionRewriter::gatherAtSites(const SlicedValue &made) {
  DenseMap<Block *, Value> wholes;
  graph.forEachWhole(made, [&](Block *site) {
    auto builder = OpBuilder::atBlockBegin(site);
    wholes[site] = gather(builder, made);
  });
  Value value = made.value;
  for (OpOperand &use : llvm::make_early_inc_range(value.getUses()))
    if (Value whole = wholes.lookup(graph.getSite(use, made)))
      use.set(whole);
}

/// What the slices make up.
Value MotionRewriter::gather(OpBuilder &builder, const SlicedValue &made) {
  GatherKind &kind = graph.kinds[made.slices.kind];
  Location loc = graph.units[made.unit].op->getLoc();
  Value local = lookUpLocal(made);
  Type type = made.value.getType();
  int64_t dim = made.slices.dim;
  const bool hasCycles = !kind.cycles.isOne();
  if (hasCycles) {
    const int64_t size = cast<RankedTensorType>(type).getDimSize(dim);
    local = splitCycles(
        builder, loc, local, dim++, kind.cycles,
        getCycleSize(kind, made.slices.localSize, kind.groupSize.value_or(1)));
    type = getLocalType(local.getType(), dim, getCycleSize(kind, size));
  }
  auto whole = AllGatherOp::create(builder, loc, type, local, getDimAttr(dim),
                                   getExtents(kind, /*isNeeded=*/false),
                                   kind.mesh, kind.axes,
                                   /*summing=*/ArrayAttr());
  if (MotionListener *listener = graph.options.listener)
    listener->notifyGathered(whole);
  return hasCycles ? joinCycles(builder, loc, whole, dim - 1)
                   : whole.getResult();
}

void MotionRewriter::drop(Operation *op) {
  op->dropAllReferences();
  dead.push_back(op);
}

/// A unit is dead if all its users are, but for extents, of which there may be
/// users later. Called for the last units first.
void MotionRewriter::noteDead(const Unit &unit) {
  if (unit.isGather() ? unit.isHeldBack : !unit.moves)
    return;
  auto isUsed = [](const SlicedValue &made) { return !made.value.use_empty(); };
  if (llvm::any_of(graph.getValues(unit), isUsed))
    return;
  for (const SlicedValue &made : graph.getValues(unit)) {
    graph.forget(made.value);
    if (unit.isJoin())
      drop(made.value.getDefiningOp());
  }
  if (!unit.isJoin())
    drop(unit.op);
}

void MotionRewriter::rewrite(MotionRegion region) {
  shareExtents(region);
  for (unsigned u : region) {
    const Unit &unit = graph.units[u];
    if (unit.isGather())
      completeSum(unit);
    else if (unit.moves && unit.isJoin())
      moveJoin(unit);
    else if (unit.moves)
      moveOp(unit);
  }
  for (unsigned u : region)
    if (graph.units[u].isJoin() && graph.units[u].moves)
      passSlices(graph.units[u]);
  for (unsigned u : region)
    if (graph.units[u].isGather() || graph.units[u].moves)
      for (const SlicedValue &made : graph.getValues(graph.units[u]))
        replaceUsers(made);
  for (unsigned u : llvm::reverse(region))
    noteDead(graph.units[u]);
  for (Operation *op : dead) {
    graph.forgetUses(op);
    if (MotionListener *listener = graph.options.listener)
      listener->notifyErased(op);
    op->erase();
  }
  dead.clear();
}

void MotionRewriter::updateSignatures() {
  for (Operation *op : changedFunctions) {
    auto function = cast<FunctionOpInterface>(op);
    // All calls have the types that it returns.
    CallOpInterface call = graph.calls.lookup(op).front();
    function.setType(function.cloneTypeWith(
        function.getFunctionBody().getArgumentTypes(), call->getResultTypes()));
  }
}

void commuter::dist::rewriteRegions(MotionGraph &graph,
                                    ArrayRef<MotionRegion> regions) {
  MotionRewriter rewriter(graph);
  for (MotionRegion region : regions)
    rewriter.rewrite(region);
  rewriter.updateSignatures();
}
