//===- Reachability.h ----------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Which blocks of a program run, and from where they are come to.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_LIB_ANALYSIS_REACHABILITY_H
#define COMMUTER_LIB_ANALYSIS_REACHABILITY_H

#include "mlir/Analysis/DataFlowFramework.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/CallInterfaces.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "llvm/ADT/SetVector.h"

namespace commuter {

/// What is asked of every op, and answered alike for all of a name.
struct OpTraits {
  bool isGroup, isCall, isFunction, isControlFlow;
  /// Its results are a function of its operands and attributes, whatever their
  /// types.
  bool isFunctionOfOperands;
  /// It has destinations, of which it may read nothing.
  bool hasDestinations;
  bool isAxisIndex, isReshape, isExchange;
};

class OpTraitsOfNames {
public:
  OpTraits get(mlir::Operation *op);

private:
  llvm::DenseMap<mlir::OperationName, OpTraits> byName;
};

/// Which blocks run, and from where they are come to: what the framework's
/// sparse analyses ask of its DeadCodeAnalysis. That one needs all of constant
/// propagation and, for any function, looks through the attributes of all ops
/// for its symbol, which costs several times what is done here. A condition is
/// a constant here if it is written as one.
class Reachability : public mlir::DataFlowAnalysis {
public:
  using mlir::DataFlowAnalysis::DataFlowAnalysis;

  mlir::LogicalResult initialize(mlir::Operation *top) override;
  mlir::LogicalResult visit(mlir::ProgramPoint *point) override {
    if (!point->isBlockStart())
      visit(point->getPrevOp());
    return mlir::success();
  }

  /// What was met below `top`: to look for it again would be to wait for the
  /// memory of all ops again.
  struct Contents {
    llvm::SmallVector<mlir::Operation *> functions, calls;
    llvm::SmallVector<mlir::Region *> branchingRegions; ///< of several blocks
    llvm::SmallVector<mlir::Operation *> manyRegions;   ///< branch ops of them
    unsigned numResults = 0;                            ///< of all ops
    bool hasAxisIndex = false;                          ///< a dist.axis_index
    bool hasReshape = false;                            ///< a tensor.reshape
    bool hasExchange = false; ///< a dist.exchange_extents
  };
  const Contents &getContents() const { return contents; }

  /// True if a function may be called from where is not seen.
  bool hasUnknownCallers(mlir::Operation *callable) const {
    return calledFromElsewhere.contains(callable);
  }

  /// True if the block runs, as far as is known by now.
  bool isLive(mlir::Block *block);

private:
  // Functions.
  void findUnknownCallers(mlir::Operation *table, bool seesAllUses);
  void findOtherUses(mlir::Operation *table, mlir::Region &region,
                     llvm::ArrayRef<mlir::Operation *> callables);
  mlir::Operation *resolve(mlir::CallOpInterface call);

  // Ops.
  void initializeRecursively(mlir::Operation *op, bool seesAllUses);
  void initializeBlock(mlir::Block &block, bool isLeftByTerminator,
                       bool seesAllUses);
  void visit(mlir::Operation *op);
  void visitCall(mlir::CallOpInterface call);
  void visitReturn(mlir::Operation *op, mlir::CallableOpInterface function);
  void joinReturn(mlir::Operation *op, mlir::Operation *call);
  void visitSuccessors(mlir::Operation *terminator);
  void visitBranch(mlir::RegionBranchOpInterface branch);
  void visitRegionTerminator(mlir::RegionBranchTerminatorOpInterface terminator,
                             mlir::RegionBranchOpInterface branch);
  void joinEdges(mlir::Operation *from, mlir::RegionBranchOpInterface branch,
                 llvm::ArrayRef<mlir::RegionSuccessor> successors);

  void setLive(mlir::Block *block);

  /// The known calls of a function, and those of its returns that are reached.
  struct Callable {
    llvm::SetVector<mlir::Operation *> calls, returns;
  };

  mlir::Operation *scope = nullptr;
  Contents contents;
  mlir::SymbolTableCollection symbols;
  OpTraitsOfNames traits;
  llvm::DenseSet<mlir::Operation *> calledFromElsewhere;
  llvm::DenseMap<mlir::Operation *, Callable> callables;
};

} // namespace commuter

#endif // COMMUTER_LIB_ANALYSIS_REACHABILITY_H
