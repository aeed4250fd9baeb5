//===- ShapeOps.cpp -------------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Ops that put elements elsewhere, and those whose elements the shape tells.
//
//===----------------------------------------------------------------------===//

#include "AttributeText.h"
#include "RankValues.h"
#include "SourceOp.h"

#include "commuter/Dialect/Dist/IR/Dist.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "mlir/Dialect/Utils/ReshapeOpsUtils.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/StringSwitch.h"

using namespace mlir;
using namespace commuter;
using namespace commuter::stablehlo;

static Value createEmpty(ImplicitLocOpBuilder &builder, RankedTensorType type) {
  return tensor::EmptyOp::create(builder, type.getShape(),
                                 type.getElementType());
}

//===----------------------------------------------------------------------===//
// Constants
//===----------------------------------------------------------------------===//

static LogicalResult importConstant(SourceOp &source) {
  auto value = source.op->getAttrOfType<DenseElementsAttr>("value");
  if (!source.hasShape(0, 1) || !value)
    return source.lack("of a value that is not dense");
  if (value.getType() != source.op->getResult(0).getType())
    return source.malformed();
  RankedTensorType type = source.resultTypes[0];
  return source.finish(arith::ConstantOp::create(
      source.builder, type, value.bitcast(type.getElementType())));
}

static LogicalResult importIota(SourceOp &source) {
  if (!source.hasShape(0, 1))
    return source.malformed();
  RankedTensorType type = source.resultTypes[0];
  std::optional<int64_t> dim =
      source.getInteger("iota_dimension", type.getRank());
  if (!dim || source.getResultClass(0) == ElementClass::Bool)
    return source.malformed();
  ImplicitLocOpBuilder &builder = source.builder;
  Type element = type.getElementType();
  SmallVector<AffineMap> maps = {
      builder.getMultiDimIdentityMap(type.getRank())};
  SmallVector<utils::IteratorType> loops(type.getRank(),
                                         utils::IteratorType::parallel);
  auto body = [&](OpBuilder &nested, Location loc, ValueRange) {
    Value index = linalg::IndexOp::create(nested, loc, *dim);
    Type integer =
        isa<FloatType>(element) ? nested.getI64Type() : Type(element);
    Value number = arith::IndexCastOp::create(nested, loc, integer, index);
    if (isa<FloatType>(element))
      number = arith::UIToFPOp::create(nested, loc, element, number);
    linalg::YieldOp::create(nested, loc, number);
  };
  auto generic = linalg::GenericOp::create(
      builder, TypeRange(type), ValueRange(),
      ValueRange(createEmpty(builder, type)), maps, loops, body);
  return source.finish(generic.getResult(0));
}

//===----------------------------------------------------------------------===//
// Broadcasts and reshapes
//===----------------------------------------------------------------------===//

Value stablehlo::createBroadcast(ImplicitLocOpBuilder &builder, Value value,
                                 RankedTensorType type,
                                 ArrayRef<int64_t> dims) {
  DenseElementsAttr constant;
  if (matchPattern(value, m_Constant(&constant)) && constant.isSplat())
    return arith::ConstantOp::create(builder, constant.resizeSplat(type));
  auto from = cast<RankedTensorType>(value.getType());
  // Dimensions of size 1 alone come in.
  if (from.getNumElements() == type.getNumElements() && llvm::is_sorted(dims))
    return createReshape(builder, value, type);
  SmallVector<AffineExpr> exprs;
  for (auto [dim, size] : llvm::zip_equal(dims, from.getShape()))
    exprs.push_back(size == type.getDimSize(dim)
                        ? builder.getAffineDimExpr(dim)
                        : builder.getAffineConstantExpr(0));
  const unsigned rank = type.getRank();
  SmallVector<AffineMap> maps = {
      AffineMap::get(rank, 0, exprs, builder.getContext()),
      builder.getMultiDimIdentityMap(rank)};
  SmallVector<utils::IteratorType> loops(rank, utils::IteratorType::parallel);
  auto generic = linalg::GenericOp::create(
      builder, TypeRange(type), ValueRange(value),
      ValueRange(createEmpty(builder, type)), maps, loops,
      [](OpBuilder &nested, Location loc, ValueRange arguments) {
        linalg::YieldOp::create(nested, loc, arguments[0]);
      });
  return generic.getResult(0);
}

static LogicalResult importBroadcast(SourceOp &source) {
  if (!source.hasShape(1, 1))
    return source.malformed();
  RankedTensorType from = source.getOperandType(0), to = source.resultTypes[0];
  auto dims = source.getDims("broadcast_dimensions", to.getRank());
  if (!dims || static_cast<int64_t>(dims->size()) != from.getRank() ||
      from.getElementType() != to.getElementType())
    return source.malformed();
  for (auto [size, dim] : llvm::zip_equal(from.getShape(), *dims))
    if (size != 1 && size != to.getDimSize(dim))
      return source.malformed();
  return source.finish(
      createBroadcast(source.builder, source.operands[0], to, *dims));
}

/// The coarsest shape that both are obtained from by splitting dimensions.
static SmallVector<int64_t> getCommonShape(ArrayRef<int64_t> a,
                                           ArrayRef<int64_t> b) {
  SmallVector<int64_t> common;
  if (llvm::is_contained(a, 0) || a.empty() || b.empty()) {
    common.push_back(ShapedType::getNumElements(a));
    return common;
  }
  while (!a.empty() && !b.empty()) {
    int64_t ofA = a.consume_front(), ofB = b.consume_front();
    while (ofA != ofB) {
      if (ofA < ofB)
        ofA *= a.consume_front();
      else
        ofB *= b.consume_front();
    }
    common.push_back(ofA);
  }
  // What is left is of size 1, and belongs to the last one.
  return common;
}

/// Dimensions of `fine` by dimension of `coarse`, each of which they split.
static SmallVector<ReassociationIndices> getGroups(ArrayRef<int64_t> coarse,
                                                   ArrayRef<int64_t> fine) {
  SmallVector<ReassociationIndices> groups;
  int64_t dim = 0;
  const auto rank = static_cast<int64_t>(fine.size());
  for (auto [i, size] : llvm::enumerate(coarse)) {
    groups.emplace_back();
    int64_t product = 1;
    const bool isLast = i + 1 == coarse.size();
    while (dim < rank && (product != size || groups.back().empty() || isLast)) {
      product *= fine[dim];
      groups.back().push_back(dim++);
    }
  }
  return groups;
}

/// By way of the common shape: what is not merged or split stays a dimension of
/// its own, so that slices along it can be followed.
Value stablehlo::createReshape(ImplicitLocOpBuilder &builder, Value value,
                               RankedTensorType type) {
  auto from = cast<RankedTensorType>(value.getType());
  if (from == type)
    return value;
  DenseElementsAttr constant;
  if (matchPattern(value, m_Constant(&constant)))
    return arith::ConstantOp::create(builder, constant.reshape(type));
  auto collapse = [&](Value value, RankedTensorType type) -> Value {
    auto groups = getGroups(type.getShape(),
                            cast<RankedTensorType>(value.getType()).getShape());
    return builder.createOrFold<tensor::CollapseShapeOp>(type, value, groups);
  };
  auto expand = [&](Value value, RankedTensorType type) -> Value {
    auto from = cast<RankedTensorType>(value.getType());
    auto groups = getGroups(from.getShape(), type.getShape());
    return builder.createOrFold<tensor::ExpandShapeOp>(type, value, groups);
  };
  if (type.getRank() == 0)
    return collapse(value, type);
  if (from.getRank() == 0)
    return expand(value, type);
  auto common = type.clone(getCommonShape(from.getShape(), type.getShape()));
  if (from != common)
    value = collapse(value, common);
  return common == type ? value : expand(value, type);
}

static LogicalResult importReshape(SourceOp &source) {
  if (!source.hasShape(1, 1))
    return source.malformed();
  RankedTensorType from = source.getOperandType(0), to = source.resultTypes[0];
  if (from.getNumElements() != to.getNumElements() ||
      from.getElementType() != to.getElementType())
    return source.malformed();
  return source.finish(createReshape(source.builder, source.operands[0], to));
}

static LogicalResult importTranspose(SourceOp &source) {
  if (!source.hasShape(1, 1))
    return source.malformed();
  RankedTensorType from = source.getOperandType(0), to = source.resultTypes[0];
  auto permutation = source.getDims("permutation", from.getRank());
  if (!permutation ||
      static_cast<int64_t>(permutation->size()) != from.getRank() ||
      to != from.clone(applyPermutation(from.getShape(), *permutation)))
    return source.malformed();
  if (llvm::is_sorted(*permutation))
    return source.finish(source.operands[0]);
  auto transpose = linalg::TransposeOp::create(
      source.builder, source.operands[0], createEmpty(source.builder, to),
      *permutation);
  return source.finish(transpose->getResult(0));
}

//===----------------------------------------------------------------------===//
// Slices
//===----------------------------------------------------------------------===//

static SmallVector<OpFoldResult> getFoldResults(ImplicitLocOpBuilder &builder,
                                                ArrayRef<int64_t> numbers) {
  return getAsIndexOpFoldResult(builder.getContext(), numbers);
}

static LogicalResult importSlice(SourceOp &source) {
  if (!source.hasShape(1, 1))
    return source.malformed();
  RankedTensorType from = source.getOperandType(0), to = source.resultTypes[0];
  const int64_t rank = from.getRank();
  auto starts = source.getIntegers("start_indices", rank),
       limits = source.getIntegers("limit_indices", rank),
       strides = source.getIntegers("strides", rank);
  if (!starts || !limits || !strides || to.getRank() != rank ||
      from.getElementType() != to.getElementType())
    return source.malformed();
  for (int64_t dim = 0; dim < rank; ++dim) {
    const int64_t start = (*starts)[dim], limit = (*limits)[dim],
                  stride = (*strides)[dim];
    if (start < 0 || start > limit || limit > from.getDimSize(dim) ||
        stride < 1 ||
        to.getDimSize(dim) != llvm::divideCeilSigned(limit - start, stride))
      return source.malformed();
  }
  ImplicitLocOpBuilder &builder = source.builder;
  return source.finish(builder.createOrFold<tensor::ExtractSliceOp>(
      to, source.operands[0], getFoldResults(builder, *starts),
      getFoldResults(builder, to.getShape()),
      getFoldResults(builder, *strides)));
}

/// Where the slice begins on each rank; empty if that is not known.
static SmallVector<int64_t> getStarts(SourceOp &source, unsigned operand,
                                      int64_t size, int64_t dimSize) {
  // All of it, wherever the index points.
  if (size == dimSize)
    return {0};
  const int64_t ranks = source.mesh ? source.mesh->getNumRanks() : 1;
  const bool isUnsigned =
      source.getOperandClass(operand) == ElementClass::Unsigned;
  SmallVector<int64_t> starts;
  for (int64_t rank = 0; rank < ranks; ++rank) {
    std::optional<APInt> index =
        RankValues(rank).evaluate(source.op->getOperand(operand));
    if (!index)
      return {};
    const int64_t last = dimSize - size;
    APInt wide = isUnsigned ? index->zext(128) : index->sext(128);
    starts.push_back(wide.isNegative() ? 0
                     : wide.sgt(APInt(128, last))
                         ? last
                         : static_cast<int64_t>(wide.getZExtValue()));
  }
  return starts;
}

/// An index, moved into [0, last].
static Value createInside(ImplicitLocOpBuilder &builder, Value number,
                          bool isUnsigned, int64_t last) {
  Type type = builder.getIndexType();
  Value end = arith::ConstantIndexOp::create(builder, last);
  if (isUnsigned)
    return builder.createOrFold<arith::MinUIOp>(
        builder.createOrFold<arith::IndexCastUIOp>(type, number), end);
  Value zero = arith::ConstantIndexOp::create(builder, 0);
  return builder.createOrFold<arith::MinSIOp>(
      builder.createOrFold<arith::MaxSIOp>(
          builder.createOrFold<arith::IndexCastOp>(type, number), zero),
      end);
}

/// Where a slice of `size` of a dimension begins: the index, moved so that the
/// slice is inside.
static OpFoldResult createStart(SourceOp &source, unsigned operand,
                                int64_t size, int64_t dimSize) {
  ImplicitLocOpBuilder &builder = source.builder;
  SmallVector<int64_t> starts = getStarts(source, operand, size, dimSize);
  if (!starts.empty() && llvm::all_equal(starts))
    return builder.getIndexAttr(starts.front());
  return createInside(builder, createScalar(builder, source.operands[operand]),
                      source.getOperandClass(operand) == ElementClass::Unsigned,
                      dimSize - size);
}

/// The axes over which the dimension is sliced, if each rank takes the slice
/// that is its own.
static std::optional<SmallVector<MeshAxis>>
findSliceAxes(SourceOp &source, ArrayRef<int64_t> starts, int64_t size,
              int64_t dimSize) {
  if (!source.mesh || size == 0 ||
      static_cast<int64_t>(starts.size()) != source.mesh->getNumRanks())
    return std::nullopt;
  SmallVector<int64_t> indices;
  for (int64_t start : starts) {
    if (start % size != 0)
      return std::nullopt;
    indices.push_back(start / size);
  }
  auto axes = source.mesh->findAxesOfIndices(indices);
  int64_t count = 1;
  for (const MeshAxis &axis : axes.value_or(SmallVector<MeshAxis>()))
    count *= axis.size;
  if (!axes || count * size != dimSize)
    return std::nullopt;
  return axes;
}

/// The index operands are those behind the first `numTensors`.
static bool hasStarts(const SourceOp &source, unsigned numTensors) {
  RankedTensorType type = source.getOperandType(0);
  if (source.operands.size() != numTensors + type.getShape().size())
    return false;
  for (unsigned i = numTensors; i < source.operands.size(); ++i)
    if (source.getOperandType(i).getRank() != 0 ||
        (source.getOperandClass(i) != ElementClass::Signed &&
         source.getOperandClass(i) != ElementClass::Unsigned))
      return false;
  return true;
}

static LogicalResult importDynamicSlice(SourceOp &source) {
  if (source.operands.empty() || source.resultTypes.size() != 1 ||
      !hasStarts(source, 1))
    return source.malformed();
  ImplicitLocOpBuilder &builder = source.builder;
  RankedTensorType from = source.getOperandType(0), to = source.resultTypes[0];
  auto sizes = source.getIntegers("slice_sizes", from.getRank());
  if (!sizes || to != from.clone(*sizes))
    return source.malformed();
  Value value = source.operands[0];
  SmallVector<OpFoldResult> offsets;
  for (int64_t dim = 0; dim < from.getRank(); ++dim) {
    const int64_t size = (*sizes)[dim], dimSize = from.getDimSize(dim);
    if (size < 0 || size > dimSize)
      return source.malformed();
    auto axes = findSliceAxes(source, getStarts(source, 1 + dim, size, dimSize),
                              size, dimSize);
    if (!axes) {
      offsets.push_back(createStart(source, 1 + dim, size, dimSize));
      continue;
    }
    SmallVector<Attribute> names;
    for (const MeshAxis &axis : *axes)
      names.push_back(axis.name);
    SmallVector<int64_t> shape(
        cast<RankedTensorType>(value.getType()).getShape());
    shape[dim] = size;
    value = dist::AllSliceOp::create(
        builder, from.clone(shape), value, builder.getI64IntegerAttr(dim),
        /*extents=*/Value(), source.mesh->getSymbol(),
        builder.getArrayAttr(names));
    offsets.push_back(builder.getIndexAttr(0));
  }
  if (value.getType() == to)
    return source.finish(value);
  SmallVector<OpFoldResult> strides(from.getRank(), builder.getIndexAttr(1));
  return source.finish(tensor::ExtractSliceOp::create(
      builder, to, value, offsets, getFoldResults(builder, *sizes), strides));
}

static LogicalResult importDynamicUpdateSlice(SourceOp &source) {
  if (source.operands.size() < 2 || source.resultTypes.size() != 1 ||
      !hasStarts(source, 2))
    return source.malformed();
  ImplicitLocOpBuilder &builder = source.builder;
  RankedTensorType type = source.getOperandType(0),
                   update = source.getOperandType(1);
  if (type != source.resultTypes[0] || update.getRank() != type.getRank() ||
      update.getElementType() != type.getElementType())
    return source.malformed();
  SmallVector<OpFoldResult> offsets;
  for (int64_t dim = 0; dim < type.getRank(); ++dim) {
    const int64_t size = update.getDimSize(dim), dimSize = type.getDimSize(dim);
    if (size > dimSize)
      return source.malformed();
    offsets.push_back(createStart(source, 2 + dim, size, dimSize));
  }
  SmallVector<OpFoldResult> strides(type.getRank(), builder.getIndexAttr(1));
  return source.finish(tensor::InsertSliceOp::create(
      builder, source.operands[1], source.operands[0], offsets,
      getFoldResults(builder, update.getShape()), strides));
}

/// The lookup of rows in a table, of columns, and so on: what JAX makes of x[i]
/// and of jnp.take. Law: result[b.., o..] = operand[.., i, ..], where o.. are
/// the other dimensions' indices and i is indices[b..], moved into the operand.
static LogicalResult importGather(SourceOp &source) {
  std::optional<GatherText> text =
      readGather(source.op->getAttr("dimension_numbers"));
  if (!source.hasShape(2, 1) || !text)
    return source.malformed();
  RankedTensorType from = source.getOperandType(0),
                   indices = source.getOperandType(1),
                   to = source.resultTypes[0];
  const int64_t rank = from.getRank();
  auto sizes = source.getIntegers("slice_sizes", rank);
  const ElementClass elements = source.getOperandClass(1);
  if (!sizes || from.getElementType() != to.getElementType() ||
      (elements != ElementClass::Signed && elements != ElementClass::Unsigned))
    return source.malformed();
  if (text->indexMap.size() != 1 || text->collapsedDims != text->indexMap ||
      !text->batchingDims.empty())
    return source.lack("along other dimensions than one");
  const int64_t along = text->indexMap.front();
  const int64_t vectorDim = text->indexVectorDim;
  const bool hasVector = vectorDim < indices.getRank();
  if (along < 0 || along >= rank || (*sizes)[along] != 1 || vectorDim < 0 ||
      vectorDim > indices.getRank() ||
      (hasVector && indices.getDimSize(vectorDim) != 1) ||
      static_cast<int64_t>(text->offsetDims.size()) != rank - 1 ||
      !llvm::is_sorted(text->offsetDims))
    return source.malformed();

  // The dimension of the result, or none, that indexes each of an operand's.
  SmallVector<std::optional<int64_t>> ofOperand(rank),
      ofIndices(indices.getRank());
  auto offset = text->offsetDims.begin();
  for (int64_t dim = 0; dim < rank; ++dim)
    if (dim != along)
      ofOperand[dim] = *offset++;
  int64_t next = 0;
  for (int64_t dim = 0; dim < indices.getRank(); ++dim) {
    if (hasVector && dim == vectorDim)
      continue;
    while (llvm::is_contained(text->offsetDims, next))
      ++next;
    ofIndices[dim] = next++;
  }
  SmallVector<int64_t> shape(to.getRank(), -1);
  auto setSize = [&](std::optional<int64_t> dim, int64_t size) {
    if (!dim)
      return true;
    if (*dim < 0 || *dim >= to.getRank() || shape[*dim] != -1)
      return false;
    shape[*dim] = size;
    return true;
  };
  for (int64_t dim = 0; dim < rank; ++dim)
    if ((*sizes)[dim] < 0 || (*sizes)[dim] > from.getDimSize(dim) ||
        !setSize(ofOperand[dim], (*sizes)[dim]))
      return source.malformed();
  for (int64_t dim = 0; dim < indices.getRank(); ++dim)
    if (!setSize(ofIndices[dim], indices.getDimSize(dim)))
      return source.malformed();
  if (llvm::is_contained(shape, -1) || to != from.clone(shape))
    return source.malformed();

  ImplicitLocOpBuilder &builder = source.builder;
  SmallVector<AffineExpr> exprs;
  for (std::optional<int64_t> dim : ofIndices)
    exprs.push_back(dim ? builder.getAffineDimExpr(*dim)
                        : builder.getAffineConstantExpr(0));
  SmallVector<AffineMap> maps = {
      AffineMap::get(to.getRank(), 0, exprs, builder.getContext()),
      builder.getMultiDimIdentityMap(to.getRank())};
  SmallVector<utils::IteratorType> loops(to.getRank(),
                                         utils::IteratorType::parallel);
  auto body = [&](OpBuilder &nested, Location loc, ValueRange arguments) {
    ImplicitLocOpBuilder b(loc, nested);
    SmallVector<Value> place;
    for (std::optional<int64_t> dim : ofOperand)
      place.push_back(dim ? Value(linalg::IndexOp::create(b, *dim))
                          : createInside(b, arguments[0],
                                         elements == ElementClass::Unsigned,
                                         from.getDimSize(along) - 1));
    linalg::YieldOp::create(
        b, ValueRange(tensor::ExtractOp::create(b, source.operands[0], place)));
  };
  auto generic = linalg::GenericOp::create(
      builder, TypeRange(to), ValueRange(source.operands[1]),
      ValueRange(createEmpty(builder, to)), maps, loops, body);
  return source.finish(generic.getResult(0));
}

//===----------------------------------------------------------------------===//
// Concatenation and padding
//===----------------------------------------------------------------------===//

static LogicalResult importConcatenate(SourceOp &source) {
  if (source.operands.empty() || source.resultTypes.size() != 1)
    return source.malformed();
  RankedTensorType type = source.resultTypes[0];
  auto dim = source.getInteger("dimension", type.getRank());
  if (!dim)
    return source.malformed();
  SmallVector<int64_t> shape(type.getShape());
  shape[*dim] = 0;
  for (unsigned i = 0; i < source.operands.size(); ++i) {
    RankedTensorType part = source.getOperandType(i);
    if (part.getRank() != type.getRank())
      return source.malformed();
    SmallVector<int64_t> expected(shape);
    expected[*dim] = part.getDimSize(*dim);
    if (part != type.clone(expected))
      return source.malformed();
  }
  for (Value operand : source.operands)
    shape[*dim] += cast<RankedTensorType>(operand.getType()).getDimSize(*dim);
  if (type != type.clone(shape))
    return source.malformed();
  if (source.operands.size() == 1)
    return source.finish(source.operands[0]);
  return source.finish(
      tensor::ConcatOp::create(source.builder, type, *dim, source.operands));
}

static LogicalResult importPad(SourceOp &source) {
  if (!source.hasShape(2, 1) || source.getOperandType(1).getRank() != 0)
    return source.malformed();
  ImplicitLocOpBuilder &builder = source.builder;
  RankedTensorType from = source.getOperandType(0), to = source.resultTypes[0];
  const int64_t rank = from.getRank();
  auto low = source.getIntegers("edge_padding_low", rank),
       high = source.getIntegers("edge_padding_high", rank),
       interior = source.getIntegers("interior_padding", rank);
  if (!low || !high || !interior || to.getRank() != rank ||
      from.getElementType() != to.getElementType() ||
      from.getElementType() != source.getOperandType(1).getElementType())
    return source.malformed();
  auto isPositive = [](int64_t number) { return number > 0; };
  if (llvm::any_of(*interior, isPositive))
    return source.lack("between elements");
  for (int64_t dim = 0; dim < rank; ++dim) {
    if ((*low)[dim] < 0 || (*high)[dim] < 0)
      return source.lack("of a negative width");
    if (to.getDimSize(dim) != (*low)[dim] + from.getDimSize(dim) + (*high)[dim])
      return source.malformed();
  }
  return source.finish(tensor::PadOp::create(
      builder, to, source.operands[0], getFoldResults(builder, *low),
      getFoldResults(builder, *high),
      createScalar(builder, source.operands[1])));
}

Handler stablehlo::findShapeOp(StringRef name) {
  return llvm::StringSwitch<Handler>(name)
      .Case("stablehlo.constant", importConstant)
      .Case("stablehlo.iota", importIota)
      .Case("stablehlo.broadcast_in_dim", importBroadcast)
      .Case("stablehlo.reshape", importReshape)
      .Case("stablehlo.transpose", importTranspose)
      .Case("stablehlo.slice", importSlice)
      .Case("stablehlo.dynamic_slice", importDynamicSlice)
      .Case("stablehlo.dynamic_update_slice", importDynamicUpdateSlice)
      .Case("stablehlo.gather", importGather)
      .Case("stablehlo.concatenate", importConcatenate)
      .Case("stablehlo.pad", importPad)
      .Default(nullptr);
}
