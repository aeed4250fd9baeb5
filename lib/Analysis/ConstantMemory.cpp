//===- ConstantMemory.cpp -------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Memory that holds the same on all ranks, whenever it is read: constants of
// the program that they all run.
//
//===----------------------------------------------------------------------===//

#include "ConstantMemory.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/MLProgram/IR/MLProgram.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Interfaces/ViewLikeInterface.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace commuter;

bool commuter::isBuffer(Type type) { return isa<BaseMemRefType>(type); }

bool commuter::concernsMemory(Operation *op) {
  return llvm::any_of(op->getOperandTypes(), isBuffer) ||
         llvm::any_of(op->getResultTypes(), isBuffer) ||
         isa<bufferization::AllocTensorOp>(op) ||
         isa_and_nonnull<ml_program::MLProgramDialect>(op->getDialect());
}

/// To write to a constant is undefined. A declaration is defined elsewhere, and
/// may be by something else on each rank.
static bool isConstant(memref::GlobalOp global) {
  return global && global.getConstant() &&
         isa_and_nonnull<ElementsAttr>(global.getInitialValueAttr());
}
static bool isConstant(ml_program::GlobalOp global) {
  return global && !global.getIsMutable() && global.getValueAttr() &&
         !isa<ml_program::ExternAttr>(global.getValueAttr());
}

/// True if the op's one effect is that it reads buffers that it takes.
static bool readsItsBuffersAlone(Operation *op) {
  auto effects = dyn_cast<MemoryEffectOpInterface>(op);
  if (!effects || op->getNumRegions() != 0 ||
      !isa<affine::AffineDialect, bufferization::BufferizationDialect,
           memref::MemRefDialect>(op->getDialect()) ||
      llvm::any_of(op->getResultTypes(), isBuffer))
    return false;
  // What is computed from the tensor of a `writable` to_tensor may be
  // bufferised in place, so the buffer may be overwritten.
  auto toTensor = dyn_cast<bufferization::ToTensorOp>(op);
  if (toTensor && toTensor.getWritable())
    return false;
  SmallVector<MemoryEffects::EffectInstance> found;
  effects.getEffects(found);
  return !found.empty() &&
         llvm::all_of(found, [](const MemoryEffects::EffectInstance &effect) {
           Value read = effect.getValue();
           return isa<MemoryEffects::Read>(effect.getEffect()) && read &&
                  isBuffer(read.getType());
         });
}

bool commuter::isFunctionOfConstants(Operation *op,
                                     SymbolTableCollection &symbols) {
  return llvm::TypeSwitch<Operation *, bool>(op)
      .Case([&](memref::GetGlobalOp get) {
        return isConstant(symbols.lookupNearestSymbolFrom<memref::GlobalOp>(
            get, get.getNameAttr()));
      })
      .Case<ml_program::GlobalLoadConstOp, ml_program::GlobalLoadOp>(
          [&](auto load) { return isConstant(load.getGlobalOp(symbols)); })
      // A copy, or as undefined as what tensor.empty makes.
      .Case([](bufferization::AllocTensorOp) { return true; })
      .Default([](Operation *op) {
        const bool isView = isa<ViewLikeOpInterface>(op) &&
                            isa<memref::MemRefDialect>(op->getDialect()) &&
                            isMemoryEffectFree(op);
        return isView || readsItsBuffersAlone(op);
      });
}
