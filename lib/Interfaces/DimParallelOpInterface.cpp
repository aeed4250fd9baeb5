//===- DimParallelOpInterface.cpp ----------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the models of the interface share, and their registration.
//
//===----------------------------------------------------------------------===//

#include "commuter/Interfaces/DimParallelOpInterface.h"

#include "mlir/IR/IRMapping.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Transforms/RegionUtils.h"
#include "llvm/ADT/StringSwitch.h"

using namespace mlir;
using namespace commuter;

#include "commuter/Interfaces/DimParallelOpInterface.cpp.inc"

bool commuter::isWorthMoving(Operation *op) {
  auto parallel = dyn_cast<DimParallelOpInterface>(op);
  return parallel && parallel.isWorthMoving();
}

Operation *commuter::cloneWithTypes(OpBuilder &builder, Operation *op,
                                    ValueRange operands,
                                    TypeRange resultTypes) {
  // Not by a mapping: one value may be an operand twice, sliced and whole.
  Operation *clone =
      Operation::create(op->getLoc(), op->getName(), resultTypes, operands,
                        op->getRawDictionaryAttrs(), op->getPropertiesStorage(),
                        op->getSuccessors(), op->getNumRegions());
  IRMapping mapping;
  for (auto [region, cloned] :
       llvm::zip_equal(op->getRegions(), clone->getRegions()))
    region.cloneInto(&cloned, mapping);
  return builder.insert(clone);
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

llvm::SetVector<Value> commuter::getCapturedValues(Operation *op) {
  llvm::SetVector<Value> captured;
  getUsedValuesDefinedAbove(op->getRegions(), captured);
  return captured;
}

/// True if the op is of a dialect whose ops compute, and do no more: an
/// affine.apply of a map without operands.
static bool isOfComputingDialect(Operation *op) {
  return llvm::StringSwitch<bool>(op->getName().getDialectNamespace())
      .Cases({"affine", "arith", "complex", "index"}, true)
      .Cases({"linalg", "math", "shape", "tensor"}, true)
      .Default(false);
}

/// True if the op may ask which rank runs it. `Pure` does not exclude that:
/// dist.axis_index and gpu.block_id are pure. They have no operands, or are of
/// a dialect that is about ranks, threads or a target's intrinsics.
static bool mayAskForRank(Operation *op) {
  bool isOfSuchDialect =
      llvm::StringSwitch<bool>(op->getName().getDialectNamespace())
          .Cases({"dist", "shard", "mpi", "gpu", "async", "omp", "acc"}, true)
          .Cases({"llvm", "nvvm", "nvgpu", "rocdl", "amdgpu", "spirv"}, true)
          .Cases({"xegpu", "xevm", "emitc"}, true)
          .Default(false);
  if (isOfSuchDialect)
    return true;
  return op->getNumOperands() == 0 && op->getNumResults() != 0 &&
         op->getNumRegions() == 0 && !op->hasTrait<OpTrait::ConstantLike>() &&
         !isa<DimParallelOpInterface>(op) && !isOfComputingDialect(op);
}

bool commuter::dependsOnInputsAlone(Operation *op) {
  if (!isMemoryEffectFree(op))
    return false;
  if (op->getNumRegions() == 0)
    return !mayAskForRank(op);
  return !op->walk([](Operation *inner) {
              return mayAskForRank(inner) ? WalkResult::interrupt()
                                          : WalkResult::advance();
            }).wasInterrupted();
}

void commuter::registerDimParallelExternalModels(DialectRegistry &registry) {
  registerArithMathModels(registry);
  registerLinalgModels(registry);
  registerTensorModels(registry);
}
