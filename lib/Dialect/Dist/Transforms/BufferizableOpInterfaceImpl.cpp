//===- BufferizableOpInterfaceImpl.cpp -----------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// How the dist ops bufferise: collectives into new buffers, by the _into ops; a
// slice as a view of its source.
//
//===----------------------------------------------------------------------===//

#include "commuter/Dialect/Dist/Transforms/BufferizableOpInterfaceImpl.h"

#include "commuter/Dialect/Dist/IR/Dist.h"
#include "commuter/Interfaces/OutOfPlaceModel.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace mlir::bufferization;
using namespace commuter;
using namespace commuter::dist;

namespace {

Value getGroupSizeValue(OpBuilder &builder, MeshGroupOpInterface op) {
  return AxisSizeOp::create(builder, op->getLoc(), builder.getIndexType(),
                            op.getMeshAttr(), op.getAxesAttr());
}

/// The size of dimension `dim` of `buffer`, times or over the group's size.
Value scaleDim(OpBuilder &builder, MeshGroupOpInterface op, Value buffer,
               int64_t dim, bool multiply) {
  Location loc = op->getLoc();
  Value size = memref::DimOp::create(builder, loc, buffer, dim);
  Value n = getGroupSizeValue(builder, op);
  if (multiply)
    return arith::MulIOp::create(builder, loc, size, n);
  return arith::DivUIOp::create(builder, loc, size, n);
}

/// The sum of the extents.
Value addExtents(OpBuilder &builder, Location loc, Value extents) {
  Value zero = arith::ConstantIndexOp::create(builder, loc, 0);
  Value one = arith::ConstantIndexOp::create(builder, loc, 1);
  Value count = memref::DimOp::create(builder, loc, extents, 0);
  return scf::ForOp::create(
             builder, loc, zero, count, one, zero,
             [&](OpBuilder &b, Location loc, Value i, ValueRange sum) {
               Value extent = memref::LoadOp::create(b, loc, extents, i);
               Value next = arith::AddIOp::create(b, loc, sum[0], extent);
               scf::YieldOp::create(b, loc, next);
             })
      .getResult(0);
}

/// Collectives of one input: allocate the result, call `emit`.
template <typename Model, typename OpTy>
struct CollectiveModel : public OutOfPlaceModel<Model, OpTy> {
  LogicalResult bufferize(Operation *operation, RewriterBase &rewriter,
                          const BufferizationOptions &options,
                          BufferizationState &state) const {
    auto op = cast<OpTy>(operation);
    FailureOr<Value> input = getBuffer(rewriter, op.getInput(), options, state);
    if (failed(input))
      return failure();
    Value extents;
    if constexpr (requires { op.getExtents(); })
      if (op.getExtents()) {
        FailureOr<Value> buffer =
            getBuffer(rewriter, op.getExtents(), options, state);
        if (failed(buffer))
          return failure();
        extents = *buffer;
      }
    FailureOr<Value> output = allocateResult(
        rewriter, op.getLoc(), op.getType(), *input, options, [&](int64_t dim) {
          return Model::getSize(rewriter, op, *input, extents, dim);
        });
    if (failed(output) ||
        failed(Model::emit(rewriter, op, *input, *output, extents)))
      return failure();
    replaceOpWithBufferizedValues(rewriter, op, *output);
    return success();
  }
  /// The size of a dynamic dimension that is not the input's.
  static Value getSize(OpBuilder &, OpTy, Value, Value, int64_t) { return {}; }
};

struct AllGatherModel : public CollectiveModel<AllGatherModel, AllGatherOp> {
  static Value getSize(OpBuilder &builder, AllGatherOp op, Value input,
                       Value extents, int64_t dim) {
    if (dim != static_cast<int64_t>(op.getDim()))
      return {};
    return extents ? addExtents(builder, op.getLoc(), extents)
                   : scaleDim(builder, op, input, dim, /*multiply=*/true);
  }
  static LogicalResult emit(OpBuilder &builder, AllGatherOp op, Value input,
                            Value output, Value extents) {
    if (op.getSummingAttr())
      return op.emitOpError("sums: run dist-expand-collectives first");
    AllGatherIntoOp::create(builder, op.getLoc(), input, output,
                            builder.getDenseI64ArrayAttr(op.getDim()),
                            extents ? ValueRange(extents) : ValueRange(),
                            op.getMeshAttr(), op.getAxesAttr());
    return success();
  }
};

struct AllReduceModel : public CollectiveModel<AllReduceModel, AllReduceOp> {
  static LogicalResult emit(OpBuilder &builder, AllReduceOp op, Value input,
                            Value output, Value) {
    AllReduceIntoOp::create(builder, op.getLoc(), input, output,
                            op.getKindAttr(), op.getMeshAttr(),
                            op.getAxesAttr());
    return success();
  }
};

struct ReduceScatterModel
    : public CollectiveModel<ReduceScatterModel, ReduceScatterOp> {
  static Value getSize(OpBuilder &builder, ReduceScatterOp op, Value input,
                       Value, int64_t dim) {
    return dim == static_cast<int64_t>(op.getDim())
               ? scaleDim(builder, op, input, dim, /*multiply=*/false)
               : Value();
  }
  static LogicalResult emit(OpBuilder &builder, ReduceScatterOp op, Value input,
                            Value output, Value) {
    ReduceScatterIntoOp::create(builder, op.getLoc(), input, output,
                                op.getKindAttr(), op.getDimAttr(),
                                op.getMeshAttr(), op.getAxesAttr());
    return success();
  }
};

struct AllToAllModel : public CollectiveModel<AllToAllModel, AllToAllOp> {
  static Value getSize(OpBuilder &builder, AllToAllOp op, Value input, Value,
                       int64_t dim) {
    bool isConcat = dim == static_cast<int64_t>(op.getConcatDim());
    return isConcat || dim == static_cast<int64_t>(op.getSplitDim())
               ? scaleDim(builder, op, input, dim, /*multiply=*/isConcat)
               : Value();
  }
  static LogicalResult emit(OpBuilder &builder, AllToAllOp op, Value input,
                            Value output, Value) {
    AllToAllIntoOp::create(builder, op.getLoc(), input, output,
                           op.getSplitDimAttr(), op.getConcatDimAttr(),
                           op.getMeshAttr(), op.getAxesAttr());
    return success();
  }
};

struct ToPartialModel : public CollectiveModel<ToPartialModel, ToPartialOp> {
  static LogicalResult emit(OpBuilder &builder, ToPartialOp op, Value input,
                            Value output, Value) {
    ToPartialIntoOp::create(builder, op.getLoc(), input, output,
                            op.getMeshAttr(), op.getAxesAttr());
    return success();
  }
};

struct ExchangeExtentsModel
    : public OutOfPlaceModel<ExchangeExtentsModel, ExchangeExtentsOp> {
  LogicalResult bufferize(Operation *operation, RewriterBase &rewriter,
                          const BufferizationOptions &options,
                          BufferizationState &) const {
    auto op = cast<ExchangeExtentsOp>(operation);
    FailureOr<Value> output = allocateResult(
        rewriter, op.getLoc(), op.getType(), Value(), options,
        [&](int64_t) { return getGroupSizeValue(rewriter, op); });
    if (failed(output))
      return failure();
    ExchangeExtentsIntoOp::create(rewriter, op.getLoc(), op.getExtent(),
                                  *output, op.getMeshAttr(), op.getAxesAttr());
    replaceOpWithBufferizedValues(rewriter, op, *output);
    return success();
  }
};

/// A slice is a view: nothing is copied unless somebody writes to it. Where a
/// dimension that is not cut has size 0, it is new memory of that shape: no
/// offset, not even 0, is a place in such a dimension, so there is no view.
struct AllSliceModel
    : public BufferizableOpInterface::ExternalModel<AllSliceModel, AllSliceOp> {
  bool bufferizesToMemoryRead(Operation *op, OpOperand &operand,
                              const AnalysisState &) const {
    return operand.get() == cast<AllSliceOp>(op).getExtents();
  }
  bool bufferizesToMemoryWrite(Operation *, OpOperand &,
                               const AnalysisState &) const {
    return false;
  }
  AliasingValueList getAliasingValues(Operation *op, OpOperand &operand,
                                      const AnalysisState &) const {
    if (operand.getOperandNumber() != 0)
      return {};
    return {{op->getOpResult(0), BufferRelation::Unknown}};
  }
  FailureOr<BufferLikeType>
  getBufferType(Operation *operation, Value,
                const BufferizationOptions &options,
                const BufferizationState &state,
                SmallVector<Value> &invocationStack) const {
    auto op = cast<AllSliceOp>(operation);
    FailureOr<BaseMemRefType> source =
        bufferization::detail::asMemRefType(bufferization::getBufferType(
            op.getInput(), options, state, invocationStack));
    if (failed(source) || !isa<MemRefType>(*source))
      return failure();
    if (hasNoPlace(op, cast<MemRefType>(*source)))
      return cast<BufferLikeType>(getEmptyType(op));
    return cast<BufferLikeType>(
        getViewType(op, cast<MemRefType>(*source),
                    cast<RankedTensorType>(op.getType()).getShape()));
  }
  LogicalResult bufferize(Operation *operation, RewriterBase &rewriter,
                          const BufferizationOptions &options,
                          BufferizationState &state) const {
    auto op = cast<AllSliceOp>(operation);
    Location loc = op.getLoc();
    FailureOr<Value> source =
        getBuffer(rewriter, op.getInput(), options, state);
    if (failed(source))
      return failure();
    Value extents;
    if (op.getExtents()) {
      FailureOr<Value> buffer =
          getBuffer(rewriter, op.getExtents(), options, state);
      if (failed(buffer))
        return failure();
      extents = *buffer;
    }
    const int64_t dim = op.getDim();
    auto type = cast<RankedTensorType>(op.getType());
    auto sourceType = cast<MemRefType>(source->getType());
    Value extent = memref::DimOp::create(rewriter, loc, *source, dim);
    Value expected;
    if (!type.isDynamicDim(dim))
      expected =
          arith::ConstantIndexOp::create(rewriter, loc, type.getDimSize(dim));
    auto bounds =
        ShardBoundsOp::create(rewriter, loc, extent, extents, expected,
                              op.getMeshAttr(), op.getAxesAttr());
    SmallVector<OpFoldResult> offsets(type.getRank(), rewriter.getIndexAttr(0));
    SmallVector<OpFoldResult> strides(type.getRank(), rewriter.getIndexAttr(1));
    SmallVector<OpFoldResult> sizes =
        memref::getMixedSizes(rewriter, loc, *source);
    if (hasNoPlace(op, sourceType)) {
      sizes[dim] = bounds.getSize();
      SmallVector<Value> dynamicSizes;
      for (int64_t i = 0; i < type.getRank(); ++i)
        if (type.isDynamicDim(i))
          dynamicSizes.push_back(
              getValueOrCreateConstantIndexOp(rewriter, loc, sizes[i]));
      FailureOr<Value> memory =
          options.createAlloc(rewriter, loc, getEmptyType(op), dynamicSizes);
      if (failed(memory))
        return failure();
      replaceOpWithBufferizedValues(rewriter, op, *memory);
      return success();
    }
    SmallVector<int64_t> shape = getViewShape(op, sourceType);
    for (int64_t i = 0; i < type.getRank(); ++i)
      if (!ShapedType::isDynamic(shape[i]))
        sizes[i] = rewriter.getIndexAttr(shape[i]);
    offsets[dim] = bounds.getOffset();
    if (type.isDynamicDim(dim))
      sizes[dim] = bounds.getSize();
    Value view = memref::SubViewOp::create(rewriter, loc,
                                           getViewType(op, sourceType, shape),
                                           *source, offsets, sizes, strides);
    MemRefType resultType = getViewType(op, sourceType, type.getShape());
    if (view.getType() != resultType)
      view = memref::CastOp::create(rewriter, loc, resultType, view);
    replaceOpWithBufferizedValues(rewriter, op, view);
    return success();
  }

private:
  static bool hasNoPlace(AllSliceOp op, MemRefType source) {
    for (int64_t i = 0; i < source.getRank(); ++i)
      if (i != static_cast<int64_t>(op.getDim()) && source.getDimSize(i) == 0)
        return true;
    return false;
  }
  static MemRefType getEmptyType(AllSliceOp op) {
    auto type = cast<RankedTensorType>(op.getType());
    return MemRefType::get(type.getShape(), type.getElementType());
  }
  /// What is static of the source or of the result: subviews want it told.
  static SmallVector<int64_t> getViewShape(AllSliceOp op, MemRefType source) {
    SmallVector<int64_t> shape(cast<RankedTensorType>(op.getType()).getShape());
    for (auto [i, size] : llvm::enumerate(shape))
      if (ShapedType::isDynamic(size) && i != op.getDim())
        size = source.getDimSize(i);
    return shape;
  }
  static MemRefType getViewType(AllSliceOp op, MemRefType source,
                                ArrayRef<int64_t> shape) {
    SmallVector<int64_t> offsets(shape.size(), 0), strides(shape.size(), 1);
    offsets[op.getDim()] = ShapedType::kDynamic;
    return memref::SubViewOp::inferResultType(source, offsets, shape, strides);
  }
};

struct AssertShardingModel
    : public BufferizableOpInterface::ExternalModel<AssertShardingModel,
                                                    AssertShardingOp> {
  bool bufferizesToMemoryRead(Operation *, OpOperand &,
                              const AnalysisState &) const {
    return false;
  }
  bool bufferizesToMemoryWrite(Operation *, OpOperand &,
                               const AnalysisState &) const {
    return false;
  }
  AliasingValueList getAliasingValues(Operation *op, OpOperand &,
                                      const AnalysisState &) const {
    return {{op->getOpResult(0), BufferRelation::Equivalent}};
  }
  LogicalResult bufferize(Operation *op, RewriterBase &rewriter,
                          const BufferizationOptions &options,
                          BufferizationState &state) const {
    FailureOr<Value> buffer =
        getBuffer(rewriter, op->getOperand(0), options, state);
    if (failed(buffer))
      return failure();
    replaceOpWithBufferizedValues(rewriter, op, *buffer);
    return success();
  }
};

struct CheckReplicatedModel
    : public OutOfPlaceModel<CheckReplicatedModel, CheckReplicatedOp> {
  LogicalResult bufferize(Operation *op, RewriterBase &rewriter,
                          const BufferizationOptions &options,
                          BufferizationState &state) const {
    FailureOr<Value> buffer =
        getBuffer(rewriter, op->getOperand(0), options, state);
    if (failed(buffer))
      return failure();
    rewriter.modifyOpInPlace(op, [&] { op->setOperand(0, *buffer); });
    return success();
  }
};

} // namespace

void commuter::dist::registerBufferizableOpInterfaceExternalModels(
    DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, DistDialect *) {
    context->loadDialect<memref::MemRefDialect, scf::SCFDialect>();
    AllGatherOp::attachInterface<AllGatherModel>(*context);
    AllReduceOp::attachInterface<AllReduceModel>(*context);
    ReduceScatterOp::attachInterface<ReduceScatterModel>(*context);
    AllToAllOp::attachInterface<AllToAllModel>(*context);
    ToPartialOp::attachInterface<ToPartialModel>(*context);
    ExchangeExtentsOp::attachInterface<ExchangeExtentsModel>(*context);
    AllSliceOp::attachInterface<AllSliceModel>(*context);
    CheckReplicatedOp::attachInterface<CheckReplicatedModel>(*context);
    AssertShardingOp::attachInterface<AssertShardingModel>(*context);
  });
}
