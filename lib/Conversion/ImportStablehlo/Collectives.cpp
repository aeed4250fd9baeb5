//===- Collectives.cpp ----------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Collectives: groups of ranks become axes of the mesh.
//
//===----------------------------------------------------------------------===//

#include "AttributeText.h"
#include "SourceOp.h"

#include "commuter/Dialect/Dist/IR/Dist.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace commuter;
using namespace commuter::stablehlo;

//===----------------------------------------------------------------------===//
// Groups
//===----------------------------------------------------------------------===//

namespace {
struct Group {
  FlatSymbolRefAttr mesh;
  /// Empty if each rank is a group of its own.
  ArrayAttr axes;
  int64_t size = 1;
};
} // namespace

/// The ids in the groups are those of partitions, of which each is a rank.
/// `needsGlobalIds`: without `use_global_device_ids` they would be of replicas.
static FailureOr<Group> getGroup(SourceOp &source, bool needsGlobalIds) {
  Operation *op = source.op;
  if (!source.mesh) {
    (void)source.lack("outside of sdy.manual_computation");
    return failure();
  }
  auto groups = op->getAttrOfType<DenseIntElementsAttr>("replica_groups");
  if (!groups) {
    (void)source.lack("with groups that are not listed");
    return failure();
  }
  std::optional<int64_t> channel = readChannel(op->getAttr("channel_handle"));
  if (!channel || *channel <= 0 ||
      (needsGlobalIds && !op->hasAttr("use_global_device_ids"))) {
    (void)source.lack("with groups of replicas");
    return failure();
  }
  auto axes = source.mesh->findAxesOfGroups(groups);
  if (!axes) {
    (void)source.lack("with groups that are not the axes of a mesh");
    return failure();
  }
  Group group;
  group.mesh = source.mesh->getSymbol();
  SmallVector<Attribute> names;
  for (const MeshAxis &axis : *axes) {
    names.push_back(axis.name);
    group.size *= axis.size;
  }
  group.axes = ArrayAttr::get(op->getContext(), names);
  return group;
}

/// Some collectives take any number of tensors; `import` does one.
static LogicalResult
forEachTensor(SourceOp &source,
              llvm::function_ref<Value(Value, RankedTensorType)> import) {
  if (source.operands.size() != source.resultTypes.size())
    return source.malformed();
  for (unsigned i = 0; i < source.operands.size(); ++i) {
    if (getElementTypeOrSelf(source.op->getOperand(i)) !=
        getElementTypeOrSelf(source.op->getResult(i)))
      return source.malformed();
    Value result = import(source.operands[i], source.resultTypes[i]);
    if (!result || result.getType() != source.resultTypes[i])
      return source.malformed();
    source.results.push_back(result);
  }
  return success();
}

/// `type` with a dimension that is `times` as large; null if there is no such
/// size.
static RankedTensorType enlarge(RankedTensorType type, int64_t dim,
                                int64_t times) {
  SmallVector<int64_t> shape(type.getShape());
  if (llvm::MulOverflow(shape[dim], times, shape[dim]))
    return {};
  return type.clone(shape);
}

//===----------------------------------------------------------------------===//
// Collectives
//===----------------------------------------------------------------------===//

static LogicalResult importAllGather(SourceOp &source) {
  FailureOr<Group> group = getGroup(source, /*needsGlobalIds=*/true);
  if (failed(group))
    return failure();
  return forEachTensor(source, [&](Value input, RankedTensorType to) -> Value {
    auto from = cast<RankedTensorType>(input.getType());
    auto dim = source.getInteger("all_gather_dim", from.getRank());
    if (!dim || to != enlarge(from, *dim, group->size))
      return {};
    if (group->axes.empty())
      return input;
    return dist::AllGatherOp::create(
        source.builder, to, input, source.builder.getI64IntegerAttr(*dim),
        /*extents=*/Value(), group->mesh, group->axes, /*summing=*/ArrayAttr());
  });
}

/// Null if dist does not reduce so.
static dist::ReductionKindAttr getReductionKind(SourceOp &source) {
  Operation *op = source.op;
  if (op->getNumRegions() != 1 || op->getNumOperands() == 0)
    return nullptr;
  Type element = getElementTypeOrSelf(op->getOperand(0));
  for (Value operand : op->getOperands())
    if (getElementTypeOrSelf(operand) != element)
      return nullptr;
  const ElementClass elements = source.getOperandClass(0);
  if (elements == ElementClass::Bool)
    return nullptr;
  StringRef combiner = getCombiner(op->getRegion(0), element);
  if (combiner == "stablehlo.add")
    return dist::ReductionKindAttr::get(op->getContext(),
                                        dist::ReductionKind::Sum);
  // Integers have a sign there.
  if (elements == ElementClass::Unsigned)
    return nullptr;
  if (combiner == "stablehlo.maximum")
    return dist::ReductionKindAttr::get(op->getContext(),
                                        dist::ReductionKind::Max);
  if (combiner == "stablehlo.minimum")
    return dist::ReductionKindAttr::get(op->getContext(),
                                        dist::ReductionKind::Min);
  return nullptr;
}

static LogicalResult importAllReduce(SourceOp &source) {
  FailureOr<Group> group = getGroup(source, /*needsGlobalIds=*/true);
  if (failed(group))
    return failure();
  dist::ReductionKindAttr kind = getReductionKind(source);
  if (!kind)
    return source.lack("that is no sum, maximum or minimum of numbers");
  return forEachTensor(source, [&](Value input, RankedTensorType) -> Value {
    if (group->axes.empty())
      return input;
    return dist::AllReduceOp::create(source.builder, input.getType(), input,
                                     kind, group->mesh, group->axes);
  });
}

static LogicalResult importReduceScatter(SourceOp &source) {
  FailureOr<Group> group = getGroup(source, /*needsGlobalIds=*/true);
  if (failed(group))
    return failure();
  dist::ReductionKindAttr kind = getReductionKind(source);
  if (!kind)
    return source.lack("that is no sum, maximum or minimum of numbers");
  return forEachTensor(source, [&](Value input, RankedTensorType to) -> Value {
    auto from = cast<RankedTensorType>(input.getType());
    auto dim = source.getInteger("scatter_dimension", from.getRank());
    if (!dim || to.getRank() != from.getRank() ||
        from != enlarge(to, *dim, group->size))
      return {};
    if (group->axes.empty())
      return input;
    return dist::ReduceScatterOp::create(source.builder, to, input, kind,
                                         source.builder.getI64IntegerAttr(*dim),
                                         group->mesh, group->axes);
  });
}

/// Parts of one dimension change places: those of a dimension of their number.
static Value createExchange(ImplicitLocOpBuilder &builder, Value input,
                            int64_t dim, const Group &group) {
  auto type = cast<RankedTensorType>(input.getType());
  const int64_t part = type.getDimSize(dim) / group.size;
  SmallVector<int64_t> shape(type.getShape());
  shape[dim] = group.size;
  shape.insert(shape.begin() + dim + 1, part);
  Value parts = createReshape(builder, input, type.clone(shape));
  shape[dim] = 1;
  shape[dim + 1] = type.getDimSize(dim);
  Value exchanged = dist::AllToAllOp::create(
      builder, type.clone(shape), parts, builder.getI64IntegerAttr(dim),
      builder.getI64IntegerAttr(dim + 1), group.mesh, group.axes);
  return createReshape(builder, exchanged, type);
}

static LogicalResult importAllToAll(SourceOp &source) {
  FailureOr<Group> group = getGroup(source, /*needsGlobalIds=*/false);
  if (failed(group))
    return failure();
  ImplicitLocOpBuilder &builder = source.builder;
  return forEachTensor(source, [&](Value input, RankedTensorType to) -> Value {
    auto from = cast<RankedTensorType>(input.getType());
    auto split = source.getInteger("split_dimension", from.getRank()),
         concat = source.getInteger("concat_dimension", from.getRank());
    auto count = source.getInteger("split_count", INT64_MAX);
    if (!split || !concat || count != group->size ||
        from.getDimSize(*split) % group->size != 0)
      return {};
    SmallVector<int64_t> shape(from.getShape());
    shape[*split] /= group->size;
    if (to != enlarge(from.clone(shape), *concat, group->size))
      return {};
    if (group->axes.empty())
      return input;
    if (*split == *concat)
      return createExchange(builder, input, *split, *group);
    return dist::AllToAllOp::create(
        builder, to, input, builder.getI64IntegerAttr(*split),
        builder.getI64IntegerAttr(*concat), group->mesh, group->axes);
  });
}

//===----------------------------------------------------------------------===//
// Ids
//===----------------------------------------------------------------------===//

static LogicalResult finishId(SourceOp &source, Value id) {
  if (!getElementTypeOrSelf(source.op->getResult(0)).isUnsignedInteger(32))
    return source.malformed();
  return source.finish(tensor::FromElementsOp::create(
      source.builder, source.resultTypes[0], id));
}

static LogicalResult importPartitionId(SourceOp &source) {
  if (!source.mesh)
    return source.lack("outside of sdy.manual_computation");
  if (!source.hasShape(0, 1) || source.resultTypes[0].getRank() != 0)
    return source.malformed();
  ImplicitLocOpBuilder &builder = source.builder;
  Value rank = dist::AxisIndexOp::create(builder, builder.getIndexType(),
                                         source.mesh->getSymbol(),
                                         source.mesh->getAllAxes());
  return finishId(source, arith::IndexCastUIOp::create(
                              builder, builder.getI32Type(), rank));
}

/// There is one replica.
static LogicalResult importReplicaId(SourceOp &source) {
  if (!source.hasShape(0, 1) || source.resultTypes[0].getRank() != 0)
    return source.malformed();
  return finishId(
      source, createConstant(source.builder, source.builder.getI32Type(), 0));
}

Handler stablehlo::findCollective(StringRef name) {
  return llvm::StringSwitch<Handler>(name)
      .Case("stablehlo.all_gather", importAllGather)
      .Case("stablehlo.all_reduce", importAllReduce)
      .Case("stablehlo.reduce_scatter", importReduceScatter)
      .Case("stablehlo.all_to_all", importAllToAll)
      .Case("stablehlo.partition_id", importPartitionId)
      .Case("stablehlo.replica_id", importReplicaId)
      .Default(nullptr);
}
