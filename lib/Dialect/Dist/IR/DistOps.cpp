//===- DistOps.cpp -------------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Syntax, verification and shape reification of the dist ops.
//
//===----------------------------------------------------------------------===//

#include "commuter/Dialect/Dist/IR/Dist.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace commuter::dist;

int64_t commuter::dist::getElementBytes(Type element) {
  if (auto integer = dyn_cast<IntegerType>(element))
    return llvm::PowerOf2Ceil(llvm::divideCeil(integer.getWidth(), 8));
  if (auto floating = dyn_cast<FloatType>(element))
    return llvm::PowerOf2Ceil(llvm::divideCeil(floating.getWidth(), 8));
  return 8;
}

//===----------------------------------------------------------------------===//
// Syntax
//===----------------------------------------------------------------------===//

/// axes ::= `[` identifier (`,` identifier)* `]`
static ParseResult parseAxisList(OpAsmParser &parser, ArrayAttr &axes) {
  SmallVector<Attribute> names;
  auto parseAxis = [&] {
    std::string name;
    if (parser.parseKeywordOrString(&name))
      return failure();
    names.push_back(parser.getBuilder().getStringAttr(name));
    return success();
  };
  if (parser.parseCommaSeparatedList(AsmParser::Delimiter::Square, parseAxis))
    return failure();
  axes = parser.getBuilder().getArrayAttr(names);
  return success();
}

static void printAxisList(OpAsmPrinter &printer, Operation *, ArrayAttr axes) {
  printer << '[';
  llvm::interleaveComma(axes.getAsValueRange<StringAttr>(), printer,
                        [&](StringRef a) { printer.printKeywordOrString(a); });
  printer << ']';
}

/// group ::= symbol axes
static ParseResult parseGroup(OpAsmParser &parser, FlatSymbolRefAttr &mesh,
                              ArrayAttr &axes) {
  return failure(parser.parseAttribute(mesh) || parseAxisList(parser, axes));
}

static void printGroup(OpAsmPrinter &printer, Operation *op,
                       FlatSymbolRefAttr mesh, ArrayAttr axes) {
  printer.printAttributeWithoutType(mesh);
  printAxisList(printer, op, axes);
}

/// gathers ::= gather (`,` gather)*
/// gather ::= ssa-use `,` ssa-use `dim` integer (`extents` ssa-use)?
static ParseResult
parseGathers(OpAsmParser &parser,
             SmallVectorImpl<OpAsmParser::UnresolvedOperand> &inputs,
             SmallVectorImpl<OpAsmParser::UnresolvedOperand> &outputs,
             DenseI64ArrayAttr &dims,
             SmallVectorImpl<OpAsmParser::UnresolvedOperand> &extents) {
  SmallVector<int64_t> numbers;
  auto parseGather = [&]() -> ParseResult {
    SMLoc loc = parser.getCurrentLocation();
    if (parser.parseOperand(inputs.emplace_back()) || parser.parseComma() ||
        parser.parseOperand(outputs.emplace_back()) ||
        parser.parseKeyword("dim") ||
        parser.parseInteger(numbers.emplace_back()))
      return failure();
    if (succeeded(parser.parseOptionalKeyword("extents")) &&
        parser.parseOperand(extents.emplace_back()))
      return failure();
    if (!extents.empty() && extents.size() != inputs.size())
      return parser.emitError(loc, "expects extents of all gathers or of none");
    return success();
  };
  if (parser.parseCommaSeparatedList(parseGather))
    return failure();
  dims = parser.getBuilder().getDenseI64ArrayAttr(numbers);
  return success();
}

static void printGathers(OpAsmPrinter &printer, Operation *,
                         OperandRange inputs, OperandRange outputs,
                         DenseI64ArrayAttr dims, OperandRange extents) {
  llvm::interleaveComma(llvm::seq(inputs.size()), printer, [&](size_t i) {
    printer << inputs[i] << ", " << outputs[i] << " dim " << dims[i];
    if (!extents.empty())
      printer << " extents " << extents[i];
  });
}

/// The types of the input, the output and the extents of each gather.
static ParseResult
parseGatherTypes(OpAsmParser &parser, SmallVectorImpl<Type> &inputs,
                 SmallVectorImpl<Type> &outputs, SmallVectorImpl<Type> &extents,
                 ArrayRef<OpAsmParser::UnresolvedOperand> extentsOperands) {
  const bool hasExtents = !extentsOperands.empty();
  do {
    if (parser.parseType(inputs.emplace_back()) || parser.parseComma() ||
        parser.parseType(outputs.emplace_back()) ||
        (hasExtents &&
         (parser.parseComma() || parser.parseType(extents.emplace_back()))))
      return failure();
  } while (succeeded(parser.parseOptionalComma()));
  return success();
}

static void printGatherTypes(OpAsmPrinter &printer, Operation *,
                             TypeRange inputs, TypeRange outputs,
                             TypeRange extents, OperandRange) {
  llvm::interleaveComma(llvm::seq(inputs.size()), printer, [&](size_t i) {
    printer << inputs[i] << ", " << outputs[i];
    if (!extents.empty())
      printer << ", " << extents[i];
  });
}

#define GET_OP_CLASSES
#include "commuter/Dialect/Dist/IR/DistOps.cpp.inc"

/// The mesh exists; the axes exist, are named at least once and only once.
/// `moreAxes` (may be null) are further axes of the op, disjoint from its own.
static FailureOr<MeshOp> verifyGroup(MeshGroupOpInterface op,
                                     SymbolTableCollection &symbolTable,
                                     ArrayAttr moreAxes = {}) {
  auto mesh = symbolTable.lookupNearestSymbolFrom<MeshOp>(op, op.getMeshAttr());
  if (!mesh)
    return op->emitOpError()
           << "expects the symbol of a dist.mesh, found " << op.getMeshAttr();
  if (op.getAxesAttr().empty() || (moreAxes && moreAxes.empty()))
    return op->emitOpError() << "expects one axis of " << op.getMeshAttr()
                             << " or more, found none";
  llvm::StringSet<> seen;
  for (ArrayAttr axes : {op.getAxesAttr(), moreAxes}) {
    if (!axes)
      continue;
    for (StringRef axis : axes.getAsValueRange<StringAttr>()) {
      if (!mesh.findAxis(axis)) {
        InFlightDiagnostic diag = op->emitOpError() << "expects an axis of "
                                                    << op.getMeshAttr() << " (";
        llvm::interleaveComma(mesh.getAxisNames().getAsValueRange<StringAttr>(),
                              diag);
        diag << "), found '" << axis << "'";
        return diag;
      }
      if (!seen.insert(axis).second)
        return op->emitOpError() << "expects each axis at most once, found '"
                                 << axis << "' twice";
    }
  }
  return mesh;
}

//===----------------------------------------------------------------------===//
// MeshOp
//===----------------------------------------------------------------------===//

ParseResult MeshOp::parse(OpAsmParser &parser, OperationState &state) {
  StringAttr name;
  SmallVector<Attribute> names;
  SmallVector<int64_t> sizes;
  auto parseAxis = [&] {
    std::string axis;
    if (parser.parseKeywordOrString(&axis) || parser.parseEqual())
      return failure();
    names.push_back(parser.getBuilder().getStringAttr(axis));
    int64_t size = ShapedType::kDynamic;
    if (failed(parser.parseOptionalQuestion()) && parser.parseInteger(size))
      return failure();
    sizes.push_back(size);
    return success();
  };
  if (parser.parseSymbolName(name, getSymNameAttrName(state.name),
                             state.attributes) ||
      parser.parseCommaSeparatedList(AsmParser::Delimiter::Paren, parseAxis) ||
      parser.parseOptionalAttrDict(state.attributes))
    return failure();
  Builder &builder = parser.getBuilder();
  state.addAttribute(getAxisNamesAttrName(state.name),
                     builder.getArrayAttr(names));
  state.addAttribute(getAxisSizesAttrName(state.name),
                     builder.getDenseI64ArrayAttr(sizes));
  return success();
}

void MeshOp::print(OpAsmPrinter &printer) {
  printer << ' ';
  printer.printSymbolName(getSymName());
  printer << '(';
  for (unsigned axis = 0; axis < getNumAxes(); ++axis) {
    if (axis)
      printer << ", ";
    printer.printKeywordOrString(getAxisName(axis));
    printer << " = ";
    if (ShapedType::isDynamic(getAxisSize(axis)))
      printer << '?';
    else
      printer << getAxisSize(axis);
  }
  printer << ')';
  printer.printOptionalAttrDict(
      (*this)->getAttrs(),
      {getSymNameAttrName(), getAxisNamesAttrName(), getAxisSizesAttrName()});
}

/// A group of ranks is spelled `mesh[axis,axis]` where the program runs.
static LogicalResult verifyName(MeshOp mesh, StringRef name, StringRef what) {
  if (!name.empty() && name.find_first_of("[], \t\n") == StringRef::npos)
    return success();
  return mesh.emitOpError()
         << "expects a name of " << what
         << " without brackets, commas and blanks, found '" << name << "'";
}

LogicalResult MeshOp::verify() {
  if (failed(verifyName(*this, getSymName(), "a mesh")))
    return failure();
  if (getAxisNames().empty())
    return emitOpError() << "expects one axis or more, found none";
  if (getAxisNames().size() != getAxisSizes().size())
    return emitOpError() << "expects a size for each of "
                         << getAxisNames().size() << " axes, found "
                         << getAxisSizes().size();
  llvm::StringSet<> seen;
  int64_t ranks = 1;
  for (unsigned axis = 0; axis < getNumAxes(); ++axis) {
    if (failed(verifyName(*this, getAxisName(axis), "an axis")))
      return failure();
    if (!seen.insert(getAxisName(axis)).second)
      return emitOpError() << "expects each axis at most once, found '"
                           << getAxisName(axis) << "' twice";
    int64_t size = getAxisSize(axis);
    if (size < 1 && !ShapedType::isDynamic(size))
      return emitOpError() << "expects a positive size of axis '"
                           << getAxisName(axis) << "', found " << size;
    if (!ShapedType::isDynamic(size) &&
        (llvm::MulOverflow(ranks, size, ranks) || ranks > INT32_MAX))
      return emitOpError() << "expects at most " << INT32_MAX
                           << " ranks, found more";
  }
  return success();
}

std::optional<unsigned> MeshOp::findAxis(StringRef name) {
  for (unsigned axis = 0; axis < getNumAxes(); ++axis)
    if (getAxisName(axis) == name)
      return axis;
  return std::nullopt;
}

//===----------------------------------------------------------------------===//
// AssertShardingOp
//===----------------------------------------------------------------------===//

ParseResult AssertShardingOp::parse(OpAsmParser &parser,
                                    OperationState &state) {
  OpAsmParser::UnresolvedOperand input;
  ShardingAttr sharding;
  Type type;
  if (parser.parseOperand(input))
    return failure();
  // Its body alone: a `#dist.sharding` would take the `: type` behind it.
  sharding = cast_if_present<ShardingAttr>(ShardingAttr::parse(parser, {}));
  if (!sharding || parser.parseOptionalAttrDict(state.attributes) ||
      parser.parseColonType(type) ||
      parser.resolveOperand(input, type, state.operands))
    return failure();
  state.addAttribute(getShardingAttrName(state.name), sharding);
  state.addTypes(type);
  return success();
}

void AssertShardingOp::print(OpAsmPrinter &printer) {
  printer << ' ' << getInput() << ' ';
  getSharding().print(printer);
  printer.printOptionalAttrDict((*this)->getAttrs(), {getShardingAttrName()});
  printer << " : " << getType();
}

//===----------------------------------------------------------------------===//
// Verification of the collectives
//===----------------------------------------------------------------------===//

static LogicalResult verifyDim(Operation *op, StringRef name, int64_t dim,
                               int64_t rank) {
  if (dim >= 0 && dim < rank)
    return success();
  return op->emitOpError() << "expects " << name << " in [0, " << rank
                           << "), found " << dim;
}

/// Input and result have one rank, and one shape but for the dimensions
/// `except`.
static LogicalResult verifySameShapeBut(Operation *op, Value input,
                                        Value result,
                                        ArrayRef<int64_t> except) {
  auto from = cast<RankedTensorType>(input.getType());
  auto to = cast<RankedTensorType>(result.getType());
  if (from.getRank() != to.getRank())
    return op->emitOpError()
           << "expects a result of rank " << from.getRank() << ", found " << to;
  for (int64_t dim = 0; dim < from.getRank(); ++dim)
    if (!llvm::is_contained(except, dim) &&
        failed(verifyCompatibleShape(from.getDimSize(dim), to.getDimSize(dim))))
      return op->emitOpError()
             << "expects a result of size " << from.getDimSize(dim)
             << " in dimension " << dim << ", found " << to;
  return success();
}

/// `whole` is `part` times the group's size, as far as both are known.
static LogicalResult verifySplit(Operation *op, Value wholeValue,
                                 Value partValue, int64_t dim,
                                 std::optional<int64_t> groupSize) {
  int64_t whole = cast<RankedTensorType>(wholeValue.getType()).getDimSize(dim);
  int64_t part = cast<RankedTensorType>(partValue.getType()).getDimSize(dim);
  if (!groupSize || ShapedType::isDynamic(whole))
    return success();
  if (whole % *groupSize)
    return op->emitOpError()
           << "expects dimension " << dim << " of " << wholeValue.getType()
           << " to be divisible by the group's size " << *groupSize
           << ", found " << whole;
  // By the quotient: the product may be more than there are numbers for.
  const int64_t expected = whole / *groupSize;
  if (!ShapedType::isDynamic(part) && part != expected) {
    auto nameOf = [&](Value value) {
      return value.getDefiningOp() == op ? "result" : "input";
    };
    return op->emitOpError()
           << "expects dimension " << dim << " of its " << nameOf(partValue)
           << " to have size " << expected << " (its " << nameOf(wholeValue)
           << " has " << whole << ", and the group's size is " << *groupSize
           << "), found " << part;
  }
  return success();
}

/// Numbers of 8 bits are carried about, not added or compared.
static LogicalResult verifyReducible(Operation *op, RankedTensorType type,
                                     ReductionKind kind) {
  Type element = type.getElementType();
  auto floating = dyn_cast<FloatType>(element);
  if (floating && floating.getWidth() <= 8)
    return op->emitOpError()
           << "expects elements that can be reduced, found " << type;
  // Numbers of either sign have the same sums, but not the same order.
  if (element.isUnsignedInteger() && kind != ReductionKind::Sum)
    return op->emitOpError()
           << "orders integers as signed ones, found " << type;
  return success();
}

static LogicalResult verifyExtents(Operation *op, Value extents,
                                   std::optional<int64_t> groupSize) {
  if (!extents || !groupSize)
    return success();
  int64_t size = cast<RankedTensorType>(extents.getType()).getDimSize(0);
  if (!ShapedType::isDynamic(size) && size != *groupSize)
    return op->emitOpError() << "expects one extent for each of " << *groupSize
                             << " ranks, found " << size;
  return success();
}

LogicalResult AllGatherOp::verify() {
  if (failed(verifyDim(*this, "dim", getDim(), getInput().getType().getRank())))
    return failure();
  return verifySameShapeBut(*this, getInput(), getResult(), getDim());
}
LogicalResult AllSliceOp::verify() {
  if (failed(verifyDim(*this, "dim", getDim(), getInput().getType().getRank())))
    return failure();
  return verifySameShapeBut(*this, getInput(), getResult(), getDim());
}
LogicalResult AllReduceOp::verify() {
  return verifyReducible(*this, getType(), getKind());
}
LogicalResult ReduceScatterOp::verify() {
  if (failed(verifyReducible(*this, getType(), getKind())) ||
      failed(verifyDim(*this, "dim", getDim(), getInput().getType().getRank())))
    return failure();
  return verifySameShapeBut(*this, getInput(), getResult(), getDim());
}
LogicalResult AllToAllOp::verify() {
  int64_t rank = getInput().getType().getRank();
  if (failed(verifyDim(*this, "split", getSplitDim(), rank)) ||
      failed(verifyDim(*this, "concat", getConcatDim(), rank)))
    return failure();
  if (getSplitDim() == getConcatDim())
    return emitOpError() << "expects two dimensions, found " << getSplitDim()
                         << " twice";
  return verifySameShapeBut(*this, getInput(), getResult(),
                            {static_cast<int64_t>(getSplitDim()),
                             static_cast<int64_t>(getConcatDim())});
}

LogicalResult AllGatherOp::verifySymbolUses(SymbolTableCollection &symbols) {
  FailureOr<MeshOp> mesh = verifyGroup(*this, symbols, getSummingAttr());
  if (failed(mesh))
    return failure();
  std::optional<int64_t> size = commuter::dist::getGroupSize(*mesh, getAxes());
  if (getExtents())
    return verifyExtents(*this, getExtents(), size);
  // Parts of unknown size may differ from rank to rank.
  if (getInput().getType().isDynamicDim(getDim()))
    return success();
  return verifySplit(*this, getResult(), getInput(), getDim(), size);
}
LogicalResult AllSliceOp::verifySymbolUses(SymbolTableCollection &symbols) {
  FailureOr<MeshOp> mesh = verifyGroup(*this, symbols);
  if (failed(mesh))
    return failure();
  std::optional<int64_t> size = commuter::dist::getGroupSize(*mesh, getAxes());
  if (getExtents())
    return verifyExtents(*this, getExtents(), size);
  return verifySplit(*this, getInput(), getResult(), getDim(), size);
}
LogicalResult
ReduceScatterOp::verifySymbolUses(SymbolTableCollection &symbols) {
  FailureOr<MeshOp> mesh = verifyGroup(*this, symbols);
  if (failed(mesh))
    return failure();
  return verifySplit(*this, getInput(), getResult(), getDim(),
                     commuter::dist::getGroupSize(*mesh, getAxes()));
}
LogicalResult AllToAllOp::verifySymbolUses(SymbolTableCollection &symbols) {
  FailureOr<MeshOp> mesh = verifyGroup(*this, symbols);
  if (failed(mesh))
    return failure();
  std::optional<int64_t> size = commuter::dist::getGroupSize(*mesh, getAxes());
  if (failed(verifySplit(*this, getInput(), getResult(), getSplitDim(), size)))
    return failure();
  return verifySplit(*this, getResult(), getInput(), getConcatDim(), size);
}
LogicalResult
ExchangeExtentsOp::verifySymbolUses(SymbolTableCollection &symbols) {
  FailureOr<MeshOp> mesh = verifyGroup(*this, symbols);
  if (failed(mesh))
    return failure();
  return verifyExtents(*this, getResult(),
                       commuter::dist::getGroupSize(*mesh, getAxes()));
}
LogicalResult AssertShardingOp::verifySymbolUses(SymbolTableCollection &) {
  return verifySharding(*this, getSharding(), getType());
}

#define COMMUTER_VERIFY_GROUP(OP)                                              \
  LogicalResult OP::verifySymbolUses(SymbolTableCollection &symbols) {         \
    return verifyGroup(*this, symbols);                                        \
  }
COMMUTER_VERIFY_GROUP(AllReduceOp)
COMMUTER_VERIFY_GROUP(ToPartialOp)
COMMUTER_VERIFY_GROUP(AxisIndexOp)
COMMUTER_VERIFY_GROUP(AxisSizeOp)
COMMUTER_VERIFY_GROUP(CheckReplicatedOp)
COMMUTER_VERIFY_GROUP(AllGatherIntoOp)
COMMUTER_VERIFY_GROUP(AllReduceIntoOp)
COMMUTER_VERIFY_GROUP(ReduceScatterIntoOp)
COMMUTER_VERIFY_GROUP(AllToAllIntoOp)
COMMUTER_VERIFY_GROUP(ToPartialIntoOp)
COMMUTER_VERIFY_GROUP(ExchangeExtentsIntoOp)
COMMUTER_VERIFY_GROUP(ShardBoundsOp)
#undef COMMUTER_VERIFY_GROUP

LogicalResult AllGatherIntoOp::verify() {
  const size_t count = getInputs().size();
  if (count == 0 || getOutputs().size() != count || getDims().size() != count ||
      (!getExtents().empty() && getExtents().size() != count))
    return emitOpError("expects one input or more, an output and a dimension "
                       "of each, and extents of all or of none");
  for (auto [input, output, dim] :
       llvm::zip_equal(getInputs(), getOutputs(), getDims())) {
    auto from = cast<MemRefType>(input.getType());
    auto to = cast<MemRefType>(output.getType());
    if (from.getElementType() != to.getElementType() ||
        from.getRank() != to.getRank())
      return emitOpError() << "expects " << to << " to be of the element type "
                           << "and the rank of " << from;
    if (dim < 0 || dim >= from.getRank())
      return emitOpError() << "expects dim to be a dimension of " << from
                           << ", found " << dim;
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Shapes of results
//===----------------------------------------------------------------------===//

/// The sizes of `input`, with those of `result` where they are static, and
/// `changed(dim)` for the dynamic sizes of the dimensions that the op changes.
static LogicalResult
reifyShape(OpBuilder &builder, Operation *op, Value input, Value result,
           ArrayRef<int64_t> changedDims,
           function_ref<FailureOr<OpFoldResult>(int64_t)> changed,
           ReifiedRankedShapedTypeDims &shapes) {
  auto type = cast<RankedTensorType>(result.getType());
  SmallVector<OpFoldResult> shape;
  for (int64_t dim = 0; dim < type.getRank(); ++dim) {
    if (!type.isDynamicDim(dim)) {
      shape.push_back(builder.getIndexAttr(type.getDimSize(dim)));
    } else if (!llvm::is_contained(changedDims, dim)) {
      shape.push_back(tensor::getMixedSize(builder, op->getLoc(), input, dim));
    } else {
      FailureOr<OpFoldResult> size = changed(dim);
      if (failed(size))
        return failure();
      shape.push_back(*size);
    }
  }
  shapes.push_back(std::move(shape));
  return success();
}

/// size * n or size / n, n the size of the op's group.
static OpFoldResult scaleByGroup(OpBuilder &builder, MeshGroupOpInterface op,
                                 OpFoldResult size, bool multiply) {
  Location loc = op->getLoc();
  Value n = AxisSizeOp::create(builder, loc, builder.getIndexType(),
                               op.getMeshAttr(), op.getAxesAttr());
  Value value = getValueOrCreateConstantIndexOp(builder, loc, size);
  if (multiply)
    return arith::MulIOp::create(builder, loc, value, n).getResult();
  return arith::DivUIOp::create(builder, loc, value, n).getResult();
}

LogicalResult
AllGatherOp::reifyResultShapes(OpBuilder &builder,
                               ReifiedRankedShapedTypeDims &shapes) {
  auto gathered = [&](int64_t dim) -> FailureOr<OpFoldResult> {
    if (!getExtents()) {
      // Without extents, a `?` dimension may be ragged: its sum is not known
      // here.
      if (getInput().getType().isDynamicDim(dim))
        return failure();
      return scaleByGroup(
          builder, *this,
          tensor::getMixedSize(builder, getLoc(), getInput(), dim),
          /*multiply=*/true);
    }
    int64_t count =
        cast<RankedTensorType>(getExtents().getType()).getDimSize(0);
    if (ShapedType::isDynamic(count))
      return failure();
    Value sum = arith::ConstantIndexOp::create(builder, getLoc(), 0);
    for (int64_t i = 0; i < count; ++i) {
      Value index = arith::ConstantIndexOp::create(builder, getLoc(), i);
      Value extent =
          tensor::ExtractOp::create(builder, getLoc(), getExtents(), index);
      sum = arith::AddIOp::create(builder, getLoc(), sum, extent);
    }
    return OpFoldResult(sum);
  };
  return reifyShape(builder, *this, getInput(), getResult(), getDim(), gathered,
                    shapes);
}

LogicalResult
AllSliceOp::reifyResultShapes(OpBuilder &builder,
                              ReifiedRankedShapedTypeDims &shapes) {
  auto sliced = [&](int64_t dim) -> FailureOr<OpFoldResult> {
    if (!getExtents())
      return scaleByGroup(
          builder, *this,
          tensor::getMixedSize(builder, getLoc(), getInput(), dim),
          /*multiply=*/false);
    Value index = AxisIndexOp::create(builder, getLoc(), builder.getIndexType(),
                                      getMeshAttr(), getAxesAttr());
    return OpFoldResult(
        tensor::ExtractOp::create(builder, getLoc(), getExtents(), index)
            .getResult());
  };
  return reifyShape(builder, *this, getInput(), getResult(), getDim(), sliced,
                    shapes);
}

LogicalResult
ReduceScatterOp::reifyResultShapes(OpBuilder &builder,
                                   ReifiedRankedShapedTypeDims &shapes) {
  auto scattered = [&](int64_t dim) -> FailureOr<OpFoldResult> {
    return scaleByGroup(
        builder, *this,
        tensor::getMixedSize(builder, getLoc(), getInput(), dim),
        /*multiply=*/false);
  };
  return reifyShape(builder, *this, getInput(), getResult(), getDim(),
                    scattered, shapes);
}

LogicalResult
AllToAllOp::reifyResultShapes(OpBuilder &builder,
                              ReifiedRankedShapedTypeDims &shapes) {
  const int64_t split = getSplitDim(), concat = getConcatDim();
  auto exchanged = [&](int64_t dim) -> FailureOr<OpFoldResult> {
    return scaleByGroup(
        builder, *this,
        tensor::getMixedSize(builder, getLoc(), getInput(), dim),
        /*multiply=*/dim == concat);
  };
  return reifyShape(builder, *this, getInput(), getResult(), {split, concat},
                    exchanged, shapes);
}

//===----------------------------------------------------------------------===//
// Slicing
//===----------------------------------------------------------------------===//

/// Law: a collective does to every place along a dimension, other than those
/// that it cuts or concatenates, the same: the elementwise sum of its group in
/// group order, a concatenation, a slice. What that means for a gather over
/// some axes, whoever moves the collective must see to: compare the groups.
static commuter::DimSlicing sliceCollective(Operation *op, int64_t dim,
                                            ArrayRef<int64_t> changedDims) {
  if (llvm::is_contained(changedDims, dim))
    return commuter::DimSlicing::refuse("not-row-wise");
  commuter::DimSlicing slicing;
  slicing.operandDims.assign(op->getNumOperands(), std::nullopt);
  slicing.operandDims.front() = dim;
  slicing.resultDims = {dim};
  return slicing;
}

commuter::DimSlicing AllGatherOp::getDimSlicing(unsigned, int64_t dim) {
  return sliceCollective(*this, dim, static_cast<int64_t>(getDim()));
}
commuter::DimSlicing AllSliceOp::getDimSlicing(unsigned, int64_t dim) {
  return sliceCollective(*this, dim, static_cast<int64_t>(getDim()));
}
commuter::DimSlicing ReduceScatterOp::getDimSlicing(unsigned, int64_t dim) {
  return sliceCollective(*this, dim, static_cast<int64_t>(getDim()));
}
commuter::DimSlicing AllToAllOp::getDimSlicing(unsigned, int64_t dim) {
  return sliceCollective(*this, dim,
                         {static_cast<int64_t>(getSplitDim()),
                          static_cast<int64_t>(getConcatDim())});
}
commuter::DimSlicing AllReduceOp::getDimSlicing(unsigned, int64_t dim) {
  return sliceCollective(*this, dim, {});
}
commuter::DimSlicing AssertShardingOp::getDimSlicing(unsigned, int64_t dim) {
  return getElementwiseSlicing(*this, dim);
}
commuter::DimSlicing ToPartialOp::getDimSlicing(unsigned, int64_t dim) {
  return sliceCollective(*this, dim, {});
}
