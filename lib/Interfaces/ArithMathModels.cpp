//===- ArithMathModels.cpp -----------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// DimParallelOpInterface for arith and math: elementwise ops and constants.
//
//===----------------------------------------------------------------------===//

#include "commuter/Interfaces/DimParallelOpInterface.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace commuter;

namespace {

/// Law: f(concat(x_i), concat(y_i)) = concat(f(x_i, y_i)) for elementwise f.
/// Fast-math flags let a compiler choose among results; the law holds for the
/// choices that it makes alike for all elements.
template <typename OpTy>
struct ElementwiseModel
    : public DimParallelOpInterface::ExternalModel<ElementwiseModel<OpTy>,
                                                   OpTy> {
  DimSlicing getDimSlicing(Operation *op, unsigned, int64_t dim) const {
    return getElementwiseSlicing(op, dim);
  }
};

/// Law: as above, and a condition that is one scalar selects every slice alike.
/// Then the operands need not be equally long, so one's slices say nothing of
/// where the other's lie. Precondition: the dimension is static.
struct SelectModel
    : public DimParallelOpInterface::ExternalModel<SelectModel,
                                                   arith::SelectOp> {
  DimSlicing getDimSlicing(Operation *op, unsigned, int64_t dim) const {
    auto type = dyn_cast<ShapedType>(op->getResult(0).getType());
    bool isScalar = !isa<ShapedType>(op->getOperand(0).getType());
    if (isScalar && type && (!type.hasRank() || type.isDynamicDim(dim)))
      return DimSlicing::refuse("not-row-wise");
    return getElementwiseSlicing(op, dim);
  }
};

/// Law: a slice of a splat is a splat. Any other constant holds its rows in an
/// attribute, of which each rank would need another part.
struct ConstantModel
    : public DimParallelOpInterface::ExternalModel<ConstantModel,
                                                   arith::ConstantOp> {
  DimSlicing getDimSlicing(Operation *op, unsigned, int64_t dim) const {
    if (!isKnownByShape(op))
      return DimSlicing::refuse("not-row-wise");
    return getElementwiseSlicing(op, dim);
  }
  bool isKnownByShape(Operation *op) const {
    auto type = dyn_cast<RankedTensorType>(op->getResult(0).getType());
    return type && type.getElementType().isIntOrIndexOrFloat() &&
           isa<SplatElementsAttr>(cast<arith::ConstantOp>(op).getValue());
  }
  Value createSlice(Operation *op, OpBuilder &builder, RankedTensorType type,
                    int64_t dim, OpFoldResult size) const {
    Location loc = op->getLoc();
    auto splat =
        cast<SplatElementsAttr>(cast<arith::ConstantOp>(op).getValue());
    if (type.hasStaticShape())
      return arith::ConstantOp::create(builder, loc, splat.resizeSplat(type));
    // Only the cut dimension of a constant's slice can be dynamic.
    auto element = splat.getSplatValue<TypedAttr>();
    Value value = arith::ConstantOp::create(builder, loc, element);
    return tensor::SplatOp::create(builder, loc, value, type,
                                   cast<Value>(size));
  }
};

template <typename... OpTys>
void attachElementwise(MLIRContext *context) {
  (OpTys::template attachInterface<ElementwiseModel<OpTys>>(*context), ...);
}

} // namespace

void commuter::registerArithMathModels(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, arith::ArithDialect *) {
    arith::ConstantOp::attachInterface<ConstantModel>(*context);
    arith::SelectOp::attachInterface<SelectModel>(*context);
    attachElementwise<
        arith::AddFOp, arith::SubFOp, arith::MulFOp, arith::DivFOp,
        arith::RemFOp, arith::NegFOp, arith::MaximumFOp, arith::MinimumFOp,
        arith::MaxNumFOp, arith::MinNumFOp, arith::CmpFOp, arith::ExtFOp,
        arith::TruncFOp, arith::SIToFPOp, arith::UIToFPOp, arith::FPToSIOp,
        arith::FPToUIOp, arith::BitcastOp, arith::AddIOp,
        arith::AddUIExtendedOp, arith::SubIOp, arith::MulIOp,
        arith::MulSIExtendedOp, arith::MulUIExtendedOp, arith::DivSIOp,
        arith::DivUIOp, arith::CeilDivSIOp, arith::CeilDivUIOp,
        arith::FloorDivSIOp, arith::RemSIOp, arith::RemUIOp, arith::AndIOp,
        arith::OrIOp, arith::XOrIOp, arith::ShLIOp, arith::ShRSIOp,
        arith::ShRUIOp, arith::MaxSIOp, arith::MaxUIOp, arith::MinSIOp,
        arith::MinUIOp, arith::CmpIOp, arith::ExtSIOp, arith::ExtUIOp,
        arith::TruncIOp, arith::IndexCastOp, arith::IndexCastUIOp>(context);
  });
  registry.addExtension(+[](MLIRContext *context, math::MathDialect *) {
    attachElementwise<
        math::AbsFOp, math::AbsIOp, math::AcosOp, math::AcoshOp, math::AsinOp,
        math::AsinhOp, math::AtanOp, math::AtanhOp, math::Atan2Op, math::CbrtOp,
        math::CeilOp, math::ClampFOp, math::CopySignOp, math::CosOp,
        math::CoshOp, math::CountLeadingZerosOp, math::CountTrailingZerosOp,
        math::CtPopOp, math::ErfOp, math::ErfcOp, math::ExpOp, math::Exp2Op,
        math::ExpM1Op, math::FloorOp, math::FmaOp, math::IPowIOp,
        math::IsFiniteOp, math::IsInfOp, math::IsNaNOp, math::IsNormalOp,
        math::LogOp, math::Log10Op, math::Log1pOp, math::Log2Op, math::FPowIOp,
        math::PowFOp, math::RsqrtOp, math::RoundOp, math::RoundEvenOp,
        math::SinOp, math::SincosOp, math::SinhOp, math::SqrtOp, math::TanOp,
        math::TanhOp, math::TruncOp>(context);
  });
}
