//===- OtherModels.cpp ---------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The model that makes another compiler's op movable. What stands between the
// two markers is the example of docs/extending.md; a test compares them.
//
//===----------------------------------------------------------------------===//

#include "OtherDialect.h"

// docs-begin
#include "commuter/Interfaces/DimParallelOpInterface.h"

namespace {

/// Law: other.rowwise computes each row from that row and the table.
/// Precondition: the rows are cut along the first dimension; the table is
/// whole.
struct RowwiseModel
    : public commuter::DimParallelOpInterface::ExternalModel<RowwiseModel,
                                                             other::RowwiseOp> {
  commuter::DimSlicing getDimSlicing(mlir::Operation *op, unsigned resultNumber,
                                     int64_t dim) const {
    if (dim != 0)
      return commuter::DimSlicing::refuse("not-row-wise");
    commuter::DimSlicing slicing;
    slicing.operandDims = {0,
                           std::nullopt}; // the input's rows; all of the table
    slicing.resultDims = {0};
    return slicing;
  }

  // Only needed because an attribute holds a size. A rank's part may be known
  // at run time only.
  mlir::Operation *cloneOnSlices(mlir::Operation *op, mlir::OpBuilder &builder,
                                 const commuter::DimSlicing &slicing,
                                 mlir::ValueRange operands,
                                 mlir::TypeRange resultTypes) const {
    auto type = llvm::cast<mlir::RankedTensorType>(resultTypes.front());
    int64_t rows = type.isDynamicDim(0) ? -1 : type.getDimSize(0);
    return other::RowwiseOp::create(builder, op->getLoc(), type, operands[0],
                                    operands[1], rows);
  }

  // Worth a motion of its own: without this, the op only moves along with a
  // norm.
  bool isWorthMoving(mlir::Operation *op) const { return true; }
};

} // namespace

void other::registerDimParallelModels(mlir::DialectRegistry &registry) {
  registry.addExtension(+[](mlir::MLIRContext *context, other::OtherDialect *) {
    other::RowwiseOp::attachInterface<RowwiseModel>(*context);
  });
}
// docs-end
