//===- RuntimeVerification.cpp --------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What upstream's RuntimeVerifiableOpInterface leaves out.
//
//===----------------------------------------------------------------------===//

#include "commuter/Interfaces/RuntimeVerification.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Interfaces/RuntimeVerifiableOpInterface.h"

using namespace mlir;

namespace {
using DescribeError = function_ref<std::string(Operation *, StringRef)>;

/// Makes the checks of one op.
class InsertedSlice {
public:
  InsertedSlice(tensor::InsertSliceOp op, OpBuilder &builder, Location loc,
                DescribeError describe)
      : op(op), builder(builder), loc(loc), describe(describe) {}

  void check() {
    const llvm::SmallBitVector dropped = op.getDroppedDims();
    SmallVector<Value> isInside, isAsLarge;
    int64_t sourceDim = 0;
    Value zero = arith::ConstantIndexOp::create(builder, loc, 0);
    Value empty = arith::ConstantIntOp::create(builder, loc, 0, 1);
    for (int64_t dim = 0; dim < op.getDestType().getRank(); ++dim) {
      Value size = getValue(op.getMixedSizes()[dim]);
      empty = arith::OrIOp::create(
          builder, loc, empty, compare(arith::CmpIPredicate::eq, size, zero));
      isInside.push_back(lies(dim, size, zero));
      if (!dropped[dim])
        isAsLarge.push_back(compare(
            arith::CmpIPredicate::eq, size,
            tensor::DimOp::create(builder, loc, op.getSource(), sourceDim++)));
    }
    for (auto [dim, inside] : llvm::enumerate(isInside))
      require(arith::OrIOp::create(builder, loc, empty, inside),
              "insert_slice runs out-of-bounds along dimension " + Twine(dim));
    for (auto [dim, isAsLargeHere] : llvm::enumerate(isAsLarge))
      require(isAsLargeHere,
              "insert_slice has a source of another size in dimension " +
                  Twine(dim));
  }

private:
  Value getValue(OpFoldResult number) {
    return getValueOrCreateConstantIndexOp(builder, loc, number);
  }
  Value compare(arith::CmpIPredicate predicate, Value a, Value b) {
    return arith::CmpIOp::create(builder, loc, predicate, a, b);
  }

  /// True if the first and the last element do.
  Value lies(int64_t dim, Value size, Value zero) {
    Value end = tensor::DimOp::create(builder, loc, op.getDest(), dim);
    Value first = getValue(op.getMixedOffsets()[dim]);
    Value one = arith::ConstantIndexOp::create(builder, loc, 1);
    Value steps = arith::SubIOp::create(builder, loc, size, one);
    Value last = arith::AddIOp::create(
        builder, loc, first,
        arith::MulIOp::create(builder, loc, steps,
                              getValue(op.getMixedStrides()[dim])));
    // A negative number is a large one.
    Value isInside = compare(arith::CmpIPredicate::sgt, size, zero);
    for (Value element : {first, last})
      isInside = arith::AndIOp::create(
          builder, loc, isInside,
          compare(arith::CmpIPredicate::ult, element, end));
    return isInside;
  }

  void require(Value condition, const Twine &message) {
    cf::AssertOp::create(builder, loc, condition, describe(op, message.str()));
  }

  tensor::InsertSliceOp op;
  OpBuilder &builder;
  Location loc;
  DescribeError describe;
};

struct InsertSliceModel : public RuntimeVerifiableOpInterface::ExternalModel<
                              InsertSliceModel, tensor::InsertSliceOp> {
  void generateRuntimeVerification(Operation *op, OpBuilder &builder,
                                   Location loc, DescribeError describe) const {
    InsertedSlice(cast<tensor::InsertSliceOp>(op), builder, loc, describe)
        .check();
  }
};
} // namespace

void commuter::registerRuntimeVerifiableOpInterfaceExternalModels(
    DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, tensor::TensorDialect *) {
    tensor::InsertSliceOp::attachInterface<InsertSliceModel>(*context);
    context->loadDialect<arith::ArithDialect, cf::ControlFlowDialect>();
  });
}
