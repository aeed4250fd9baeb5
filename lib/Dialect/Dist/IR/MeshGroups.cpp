//===- MeshGroups.cpp -----------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The ranks that meet in a collective, and what follows for gathers over them.
//
//===----------------------------------------------------------------------===//

#include "commuter/Dialect/Dist/IR/Dist.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace commuter::dist;

//===----------------------------------------------------------------------===//
// Groups
//===----------------------------------------------------------------------===//

MeshOp commuter::dist::lookupMesh(Operation *from, FlatSymbolRefAttr symbol) {
  return SymbolTable::lookupNearestSymbolFrom<MeshOp>(from, symbol);
}

std::optional<int64_t> commuter::dist::getGroupSize(MeshOp mesh,
                                                    ArrayAttr axes) {
  int64_t size = 1;
  for (StringRef name : axes.getAsValueRange<StringAttr>()) {
    std::optional<unsigned> axis = mesh.findAxis(name);
    if (!axis || ShapedType::isDynamic(mesh.getAxisSize(*axis)) ||
        llvm::MulOverflow(size, mesh.getAxisSize(*axis), size))
      return std::nullopt;
  }
  return size;
}

std::optional<int64_t> commuter::dist::getGroupSize(MeshGroupOpInterface op) {
  MeshOp mesh = lookupMesh(op, op.getMeshAttr());
  return mesh ? getGroupSize(mesh, op.getAxesAttr()) : std::nullopt;
}

ArrayAttr commuter::dist::getAllAxes(MeshGroupOpInterface op) {
  auto gather = dyn_cast<AllGatherOp>(op.getOperation());
  if (!gather || !gather.getSummingAttr())
    return op.getAxesAttr();
  SmallVector<Attribute> axes(gather.getAxes().getValue());
  llvm::append_range(axes, gather.getSummingAttr());
  return ArrayAttr::get(op->getContext(), axes);
}

bool commuter::dist::isAcross(MeshGroupOpInterface op, FlatSymbolRefAttr mesh,
                              ArrayAttr axes) {
  return op.getMeshAttr() == mesh &&
         llvm::none_of(getAllAxes(op), [&](Attribute axis) {
           return llvm::is_contained(axes, axis);
         });
}

ArrayRef<Attribute> commuter::dist::getAxesBehind(ArrayAttr first,
                                                  ArrayAttr axes) {
  ArrayRef<Attribute> all = axes.getValue();
  if (first.size() > all.size() ||
      all.take_front(first.size()) != first.getValue())
    return {};
  return all.drop_front(first.size());
}

ArrayRef<Attribute> commuter::dist::getAxesBefore(ArrayAttr last,
                                                  ArrayAttr axes) {
  ArrayRef<Attribute> all = axes.getValue();
  if (last.size() > all.size() || all.take_back(last.size()) != last.getValue())
    return {};
  return all.drop_back(last.size());
}

//===----------------------------------------------------------------------===//
// Gathers
//===----------------------------------------------------------------------===//

bool commuter::dist::isExtentsOf(ExchangeExtentsOp exchange,
                                 AllGatherOp gather) {
  auto size = exchange.getExtent().getDefiningOp<tensor::DimOp>();
  return size && size.getSource() == gather.getInput() &&
         size.getConstantIndex() == static_cast<int64_t>(gather.getDim()) &&
         exchange.getMeshAttr() == gather.getMeshAttr() &&
         exchange.getAxes() == gather.getAxes();
}

Value commuter::dist::findOwnExtents(
    AllGatherOp gather, function_ref<bool(ExchangeExtentsOp)> isFit) {
  for (Operation *size : gather.getInput().getUsers())
    if (isa<tensor::DimOp>(size))
      for (Operation *user : size->getUsers())
        if (auto exchange = dyn_cast<ExchangeExtentsOp>(user);
            exchange && isExtentsOf(exchange, gather) && isFit(exchange))
          return exchange.getResult();
  return {};
}

bool commuter::dist::canMergeGathers(AllGatherOp outer, AllGatherOp inner) {
  return outer.getInput() == inner.getResult() && inner->hasOneUse() &&
         outer->getBlock() == inner->getBlock() &&
         outer.getDim() == inner.getDim() && !outer.getSummingAttr() &&
         !outer.getExtents() && !inner.getExtents() &&
         !inner.getInput().getType().isDynamicDim(inner.getDim()) &&
         !inner.getType().isDynamicDim(inner.getDim()) &&
         isAcross(inner, outer.getMeshAttr(), outer.getAxes());
}

void commuter::dist::mergeGathers(AllGatherOp outer, AllGatherOp inner) {
  SmallVector<Attribute> axes(outer.getAxes().getValue());
  llvm::append_range(axes, inner.getAxes());
  outer.setAxesAttr(ArrayAttr::get(outer->getContext(), axes));
  if (ArrayAttr summing = inner.getSummingAttr())
    outer.setSummingAttr(summing);
  outer.getInputMutable().assign(inner.getInput());
}
