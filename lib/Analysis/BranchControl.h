//===- BranchControl.h ----------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The values that decide which way a run takes.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_ANALYSIS_BRANCHCONTROL_H
#define COMMUTER_ANALYSIS_BRANCHCONTROL_H

#include "mlir/Interfaces/ControlFlowInterfaces.h"

namespace commuter {

/// The operands of a terminator that decide which of its successors is next:
/// those that it does not pass on.
llvm::SmallVector<mlir::Value> getConditions(mlir::Operation *terminator);

/// The values that decide which region of a branch op runs, and how often.
llvm::SmallVector<mlir::Value>
getRegionControl(mlir::RegionBranchOpInterface branch);

} // namespace commuter

#endif // COMMUTER_ANALYSIS_BRANCHCONTROL_H
