//===- BufferUses.cpp -----------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What ops do with buffers, and besides, as far as they declare it.
//
//===----------------------------------------------------------------------===//

#include "commuter/Dialect/Dist/IR/BufferUses.h"

#include "commuter/Dialect/Dist/IR/Dist.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Interfaces/ViewLikeInterface.h"

using namespace mlir;
using namespace commuter::dist;

/// A collective on tensors has an effect on nothing but the communication, one
/// on buffers writes to them.
static bool communicates(MeshGroupOpInterface op) {
  auto hasEffects = dyn_cast<MemoryEffectOpInterface>(op.getOperation());
  if (!hasEffects)
    return true;
  SmallVector<MemoryEffects::EffectInstance> effects;
  hasEffects.getEffects(effects);
  return llvm::any_of(effects, [](MemoryEffects::EffectInstance &effect) {
    return isa<MemoryEffects::Write>(effect.getEffect()) ||
           effect.getResource() == CommunicationResource::get();
  });
}

bool commuter::dist::mayCommunicate(Operation *op) {
  return !getEffectsRecursively(op) || op->walk([](MeshGroupOpInterface inner) {
                                           return communicates(inner)
                                                      ? WalkResult::interrupt()
                                                      : WalkResult::advance();
                                         }).wasInterrupted();
}

bool commuter::dist::makesViews(OpOperand &use) {
  auto view = dyn_cast<ViewLikeOpInterface>(use.getOwner());
  return view && view.getViewSource() == use.get() &&
         llvm::any_of(view->getResultTypes(), llvm::IsaPred<BaseMemRefType>);
}

static SmallVector<MemoryEffects::EffectInstance>
getEffectsThrough(OpOperand &use) {
  SmallVector<MemoryEffects::EffectInstance> effects;
  if (auto hasEffects = dyn_cast<MemoryEffectOpInterface>(use.getOwner()))
    hasEffects.getEffects(effects);
  llvm::erase_if(effects, [&](MemoryEffects::EffectInstance &effect) {
    return effect.getEffectValue<OpOperand *>() != &use;
  });
  return effects;
}

bool commuter::dist::isDoneWithOp(OpOperand &use) {
  Operation *op = use.getOwner();
  if (isa<memref::DimOp, memref::RankOp, CheckReplicatedOp>(op))
    return true;
  if (!llvm::all_of(op->getResultTypes(), [](Type type) {
        return type.isIntOrIndexOrFloat() || isa<ComplexType, VectorType>(type);
      }))
    return false;
  auto effects = getEffectsThrough(use);
  return !effects.empty() &&
         llvm::all_of(effects, [](MemoryEffects::EffectInstance &effect) {
           return isa<MemoryEffects::Read, MemoryEffects::Write>(
               effect.getEffect());
         });
}

bool commuter::dist::writesThrough(OpOperand &use) {
  return llvm::any_of(getEffectsThrough(use),
                      [](MemoryEffects::EffectInstance &effect) {
                        return isa<MemoryEffects::Write>(effect.getEffect());
                      });
}
