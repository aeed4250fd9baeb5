//===- OutOfPlaceModel.h -------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The base of bufferisation models of ops that read their operands and write
// new buffers: no operand is ever copied for them.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_INTERFACES_OUTOFPLACEMODEL_H
#define COMMUTER_INTERFACES_OUTOFPLACEMODEL_H

#include "mlir/Dialect/Bufferization/IR/BufferizableOpInterface.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

namespace commuter {

template <typename Model, typename OpTy>
struct OutOfPlaceModel
    : public mlir::bufferization::BufferizableOpInterface::ExternalModel<Model,
                                                                         OpTy> {
  bool bufferizesToAllocation(mlir::Operation *, mlir::Value) const {
    return true;
  }
  bool
  bufferizesToMemoryRead(mlir::Operation *, mlir::OpOperand &,
                         const mlir::bufferization::AnalysisState &) const {
    return true;
  }
  bool
  bufferizesToMemoryWrite(mlir::Operation *, mlir::OpOperand &,
                          const mlir::bufferization::AnalysisState &) const {
    return false;
  }
  mlir::bufferization::AliasingValueList
  getAliasingValues(mlir::Operation *, mlir::OpOperand &,
                    const mlir::bufferization::AnalysisState &) const {
    return {};
  }
};

/// A new buffer for a tensor of `type`; dynamic sizes are those of `like`,
/// unless `changed` gives another for the dimension.
inline mlir::FailureOr<mlir::Value>
allocateResult(mlir::OpBuilder &builder, mlir::Location loc, mlir::Type type,
               mlir::Value like,
               const mlir::bufferization::BufferizationOptions &options,
               llvm::function_ref<mlir::Value(int64_t)> changed = nullptr) {
  auto tensor = mlir::cast<mlir::RankedTensorType>(type);
  llvm::SmallVector<mlir::Value> sizes;
  for (int64_t dim = 0; dim < tensor.getRank(); ++dim) {
    if (!tensor.isDynamicDim(dim))
      continue;
    mlir::Value size = changed ? changed(dim) : mlir::Value();
    sizes.push_back(
        size ? size : mlir::memref::DimOp::create(builder, loc, like, dim));
  }
  return options.createAlloc(
      builder, loc,
      mlir::MemRefType::get(tensor.getShape(), tensor.getElementType()), sizes);
}

} // namespace commuter

#endif // COMMUTER_INTERFACES_OUTOFPLACEMODEL_H
