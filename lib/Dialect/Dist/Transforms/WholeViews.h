//===- WholeViews.h -----------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Views of memory that show all of it in another shape, and their inverses.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_DIALECT_DIST_TRANSFORMS_WHOLEVIEWS_H
#define COMMUTER_DIALECT_DIST_TRANSFORMS_WHOLEVIEWS_H

#include "mlir/Dialect/MemRef/IR/MemRef.h"

namespace commuter::dist {

/// True if the op casts or reshapes a memref. Of such views are the functions
/// below.
bool isWholeView(mlir::Operation *op);

/// The type of what `view` is of, in the layout that its result has if it is of
/// type `result`; null if there is no such layout.
mlir::MemRefType getViewedType(mlir::Operation *view, mlir::MemRefType result);

/// What the view's result shows, of type `type`, made of what it shows.
/// `sizes`: of what it is of.
mlir::Value createViewed(mlir::OpBuilder &builder, mlir::Operation *view,
                         mlir::MemRefType type, mlir::Value result,
                         llvm::ArrayRef<mlir::OpFoldResult> sizes);

/// True if the sizes of the view's result follow from those of what it is of.
bool knowsViewSizes(mlir::Operation *view);

/// They, of `viewed`: the sizes of what it is of.
llvm::SmallVector<mlir::OpFoldResult>
getViewSizes(mlir::OpBuilder &builder, mlir::Operation *view,
             llvm::ArrayRef<mlir::OpFoldResult> viewed);

} // namespace commuter::dist

#endif // COMMUTER_DIALECT_DIST_TRANSFORMS_WHOLEVIEWS_H
