//===- StateTransfer.h ----------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The law of the states: what an op makes of those of its operands.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_LIB_ANALYSIS_STATETRANSFER_H
#define COMMUTER_LIB_ANALYSIS_STATETRANSFER_H

#include "Linearity.h"

#include "commuter/Dialect/Dist/IR/Dist.h"
#include "mlir/IR/SymbolTable.h"

namespace commuter {

/// An op that is visited, and what is asked of it once for all axes.
struct Visit {
  mlir::Operation *op;
  llvm::ArrayRef<unsigned> operands;       ///< their numbers in the table
  llvm::SmallVector<unsigned, 0> captured; ///< of what its regions use
  dist::MeshGroupOpInterface group;        ///< null: it is no collective
  bool hasDestinations;                    ///< of which it may read nothing
  /// Set when first asked for.
  std::optional<bool> dependsOnInputsAlone = {};
};

class StateTransfer {
public:
  StateTransfer(const MeshAxes &axes, const StateTable &table,
                mlir::SymbolTableCollection &symbols)
      : axes(axes), table(table), symbols(symbols) {}

  /// The state of result `resultNumber` along `axis`, where those of the
  /// operands along it are `states`. All that the op reads has a state there.
  AxisState get(Visit &visit, unsigned resultNumber, unsigned axis,
                OperandStates states);

private:
  // Collectives.
  AxisState getOfGroup(Visit &visit, unsigned axis, OperandStates states) const;
  AxisState getAcrossMeshes(const Visit &visit) const;
  AxisState getBesideGathered(dist::AllGatherOp gather,
                              llvm::ArrayRef<AxisState> operand,
                              AxisState x) const;
  int64_t getLevel(Visit &visit, int64_t dim, unsigned axis) const;

  // Other ops.
  AxisState getOfFunction(Visit &visit, unsigned resultNumber, unsigned axis,
                          OperandStates states);
  bool dependsOnOperandsAlone(Visit &visit, unsigned axis);

  const MeshAxes &axes;
  const StateTable &table;
  mlir::SymbolTableCollection &symbols;
};

} // namespace commuter

#endif // COMMUTER_LIB_ANALYSIS_STATETRANSFER_H
