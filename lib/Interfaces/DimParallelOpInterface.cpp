//===- DimParallelOpInterface.cpp ----------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Slicing of elementwise ops, and the models that give upstream ops the
// interface.
//
//===----------------------------------------------------------------------===//

#include "commuter/Interfaces/DimParallelOpInterface.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace commuter;

#include "commuter/Interfaces/DimParallelOpInterface.cpp.inc"

Operation *commuter::cloneWithTypes(OpBuilder &builder, Operation *op,
                                    ValueRange operands,
                                    TypeRange resultTypes) {
  OperationState state(op->getLoc(), op->getName(), operands, resultTypes,
                       op->getAttrs());
  return builder.create(state);
}

DimSlicing commuter::getElementwiseSlicing(Operation *op, int64_t dim) {
  DimSlicing slicing;
  for (Type type : op->getOperandTypes()) {
    // A scalar (the condition of a select) is the same for every element.
    if (isa<ShapedType>(type))
      slicing.operandDims.push_back(dim);
    else
      slicing.operandDims.push_back(std::nullopt);
  }
  slicing.resultDims.assign(op->getNumResults(), dim);
  return slicing;
}

namespace {

/// Law: f(concat(x_i), concat(y_i)) = concat(f(x_i, y_i)) for elementwise f.
template <typename OpTy>
struct ElementwiseModel
    : public DimParallelOpInterface::ExternalModel<ElementwiseModel<OpTy>,
                                                   OpTy> {
  DimSlicing getDimSlicing(Operation *op, unsigned, int64_t dim) const {
    return getElementwiseSlicing(op, dim);
  }
};

/// A cast changes what is known of the shape, not the elements. It moves if it
/// keeps the rank; the local cast is between the local types.
struct CastModel
    : public DimParallelOpInterface::ExternalModel<CastModel, tensor::CastOp> {
  DimSlicing getDimSlicing(Operation *op, unsigned, int64_t dim) const {
    auto cast = ::llvm::cast<tensor::CastOp>(op);
    if (!isa<RankedTensorType>(cast.getSource().getType()) ||
        !isa<RankedTensorType>(cast.getType()))
      return DimSlicing::refuse("not-row-wise");
    return getElementwiseSlicing(op, dim);
  }
};

template <typename... OpTys>
void attachElementwise(MLIRContext *context) {
  (OpTys::template attachInterface<ElementwiseModel<OpTys>>(*context), ...);
}

} // namespace

void commuter::registerDimParallelExternalModels(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, arith::ArithDialect *) {
    attachElementwise<
        arith::AddFOp, arith::SubFOp, arith::MulFOp, arith::DivFOp,
        arith::RemFOp, arith::NegFOp, arith::MaximumFOp, arith::MinimumFOp,
        arith::MaxNumFOp, arith::MinNumFOp, arith::CmpFOp, arith::ExtFOp,
        arith::TruncFOp, arith::SIToFPOp, arith::UIToFPOp, arith::FPToSIOp,
        arith::FPToUIOp, arith::BitcastOp, arith::SelectOp, arith::AddIOp,
        arith::SubIOp, arith::MulIOp, arith::DivSIOp, arith::DivUIOp,
        arith::CeilDivSIOp, arith::CeilDivUIOp, arith::FloorDivSIOp,
        arith::RemSIOp, arith::RemUIOp, arith::AndIOp, arith::OrIOp,
        arith::XOrIOp, arith::ShLIOp, arith::ShRSIOp, arith::ShRUIOp,
        arith::MaxSIOp, arith::MaxUIOp, arith::MinSIOp, arith::MinUIOp,
        arith::CmpIOp, arith::ExtSIOp, arith::ExtUIOp, arith::TruncIOp,
        arith::IndexCastOp, arith::IndexCastUIOp>(context);
  });
  registry.addExtension(+[](MLIRContext *context, math::MathDialect *) {
    attachElementwise<
        math::AbsFOp, math::AbsIOp, math::AcosOp, math::AcoshOp, math::AsinOp,
        math::AsinhOp, math::AtanOp, math::AtanhOp, math::Atan2Op, math::CbrtOp,
        math::CeilOp, math::CopySignOp, math::CosOp, math::CoshOp,
        math::CountLeadingZerosOp, math::CountTrailingZerosOp, math::CtPopOp,
        math::ErfOp, math::ErfcOp, math::ExpOp, math::Exp2Op, math::ExpM1Op,
        math::FloorOp, math::FmaOp, math::IPowIOp, math::IsFiniteOp,
        math::IsInfOp, math::IsNaNOp, math::IsNormalOp, math::LogOp,
        math::Log10Op, math::Log1pOp, math::Log2Op, math::FPowIOp, math::PowFOp,
        math::RsqrtOp, math::RoundOp, math::RoundEvenOp, math::SinOp,
        math::SinhOp, math::SqrtOp, math::TanOp, math::TanhOp, math::TruncOp>(
        context);
  });
  registry.addExtension(+[](MLIRContext *context, tensor::TensorDialect *) {
    tensor::CastOp::attachInterface<CastModel>(*context);
  });
}
