//===- FreeAfterLastUse.cpp -----------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// commuter-free-after-last-use: frees buffers whose uses are all in sight.
//
//===----------------------------------------------------------------------===//

#include "commuter/Conversion/Passes.h"
#include "commuter/Dialect/Dist/IR/BufferUses.h"

#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

namespace commuter {
#define GEN_PASS_DEF_FREEAFTERLASTUSEPASS
#include "commuter/Conversion/Passes.h.inc"
} // namespace commuter

using namespace mlir;
using namespace commuter;
using namespace commuter::dist;

namespace {

bool isMemref(Type type) { return isa<BaseMemRefType>(type); }

/// The op of `block` during which `op` runs; null if none is known.
Operation *findInBlock(Operation *op, Block *block) {
  while (op->getBlock() != block) {
    op = op->getParentOp();
    // Ops of other dialects may be done before their regions are.
    if (!op || !isa_and_nonnull<scf::SCFDialect, linalg::LinalgDialect>(
                   op->getDialect()))
      return nullptr;
  }
  return op;
}

/// The last op of the allocation's block that uses its memory; null if it is
/// not known, or if the memory is used later.
Operation *findLastUse(memref::AllocOp alloc) {
  Operation *last = alloc;
  SmallVector<Value> views{alloc};
  while (!views.empty())
    for (OpOperand &use : views.pop_back_val().getUses()) {
      Operation *op = findInBlock(use.getOwner(), alloc->getBlock());
      if (!op)
        return nullptr;
      if (makesViews(use))
        llvm::append_range(
            views, llvm::make_filter_range(use.getOwner()->getResults(),
                                           [](Value result) {
                                             return isMemref(result.getType());
                                           }));
      else if (!isDoneWithOp(use))
        return nullptr;
      if (last->isBeforeInBlock(op))
        last = op;
    }
  return last;
}

/// Law: memory that nothing uses any more can be freed. Precondition: all that
/// uses it, itself or through views, is in sight: in the allocation's block, or
/// in structured ops there, and done when its op is. What is handed on, to a
/// caller, a callee or a loop's next round, is left to upstream's pass.
struct FreeAfterLastUse
    : public commuter::impl::FreeAfterLastUsePassBase<FreeAfterLastUse> {
  void runOnOperation() override {
    StringRef isManual =
        bufferization::BufferizationDialect::kManualDeallocation;
    // All are looked for before the first is freed, which would renumber the
    // ops of its block.
    SmallVector<std::pair<memref::AllocOp, Operation *>> lastUses;
    getOperation()->walk([&](memref::AllocOp alloc) {
      if (alloc->hasAttr(isManual))
        return;
      if (Operation *last = findLastUse(alloc))
        lastUses.emplace_back(alloc, last);
      else
        ++left;
    });
    freed += lastUses.size();
    for (auto [alloc, last] : lastUses) {
      OpBuilder builder(&getContext());
      builder.setInsertionPointAfter(last);
      auto dealloc = memref::DeallocOp::create(builder, alloc.getLoc(), alloc);
      alloc->setAttr(isManual, builder.getUnitAttr());
      dealloc->setAttr(isManual, builder.getUnitAttr());
    }
  }
};

} // namespace
