//===- OpOrder.h --------------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The order of the ops of blocks from which ops are moved.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_DIALECT_DIST_TRANSFORMS_OPORDER_H
#define COMMUTER_DIALECT_DIST_TRANSFORMS_OPORDER_H

#include "mlir/IR/Operation.h"

namespace commuter::dist {

/// The order of ops in a block, kept while ops move. MLIR's own order
/// (`Operation::isBeforeInBlock`) is lost at each move: it numbers the whole
/// block again when it is asked next.
class OpOrder {
public:
  bool isBefore(mlir::Operation *a, mlir::Operation *b) {
    number(a);
    number(b); // may number all again
    return numbers.at(a) < numbers.at(b);
  }

  /// To be called before the op is moved or erased.
  void forget(mlir::Operation *op) { numbers.erase(op); }

private:
  void number(mlir::Operation *op);
  bool spread(mlir::Block::iterator first, mlir::Block::iterator end);

  llvm::DenseMap<mlir::Operation *, uint64_t> numbers;
};

} // namespace commuter::dist

#endif // COMMUTER_DIALECT_DIST_TRANSFORMS_OPORDER_H
