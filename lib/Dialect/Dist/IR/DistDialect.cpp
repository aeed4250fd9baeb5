//===- DistDialect.cpp ---------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The dist dialect's registration, its sharding attribute, and what is checked
// of shardings on functions.
//
//===----------------------------------------------------------------------===//

#include "commuter/Dialect/Dist/IR/Dist.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Transforms/InliningUtils.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace commuter::dist;

#include "commuter/Dialect/Dist/IR/DistDialect.cpp.inc"
#include "commuter/Dialect/Dist/IR/DistEnums.cpp.inc"
#include "commuter/Dialect/Dist/IR/DistInterfaces.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "commuter/Dialect/Dist/IR/DistAttrs.cpp.inc"

namespace {
/// A call and what it calls run equally often: no collective comes into or out
/// of control flow by being inlined.
struct DistInlinerInterface : public DialectInlinerInterface {
  using DialectInlinerInterface::DialectInlinerInterface;
  bool isLegalToInline(Operation *, Region *, bool, IRMapping &) const final {
    return true;
  }
};
} // namespace

void DistDialect::initialize() {
  addInterfaces<DistInlinerInterface>();
  addAttributes<
#define GET_ATTRDEF_LIST
#include "commuter/Dialect/Dist/IR/DistAttrs.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "commuter/Dialect/Dist/IR/DistOps.cpp.inc"
      >();
}

Operation *DistDialect::materializeConstant(OpBuilder &builder, Attribute value,
                                            Type type, Location loc) {
  return arith::ConstantOp::materialize(builder, value, type, loc);
}

//===----------------------------------------------------------------------===//
// ShardingAttr
//===----------------------------------------------------------------------===//

/// axes ::= `{` (identifier (`,` identifier)*)? `}`
static FailureOr<ArrayAttr> parseAxisSet(AsmParser &parser) {
  SmallVector<Attribute> axes;
  auto parseAxis = [&] {
    std::string name;
    if (parser.parseKeywordOrString(&name))
      return failure();
    axes.push_back(parser.getBuilder().getStringAttr(name));
    return success();
  };
  if (parser.parseCommaSeparatedList(AsmParser::Delimiter::Braces, parseAxis))
    return failure();
  return parser.getBuilder().getArrayAttr(axes);
}

static void printAxisSet(AsmPrinter &printer, ArrayAttr axes) {
  printer << '{';
  llvm::interleaveComma(axes.getAsValueRange<StringAttr>(), printer,
                        [&](StringRef a) { printer.printKeywordOrString(a); });
  printer << '}';
}

Attribute ShardingAttr::parse(AsmParser &parser, Type) {
  FlatSymbolRefAttr mesh;
  SmallVector<Attribute> dims;
  SMLoc loc = parser.getCurrentLocation();
  auto parseDim = [&] {
    FailureOr<ArrayAttr> axes = parseAxisSet(parser);
    if (failed(axes))
      return failure();
    dims.push_back(*axes);
    return success();
  };
  if (parser.parseLess() || parser.parseAttribute(mesh) ||
      parser.parseComma() ||
      parser.parseCommaSeparatedList(AsmParser::Delimiter::Square, parseDim))
    return {};
  ArrayAttr unreduced = parser.getBuilder().getArrayAttr({});
  if (succeeded(parser.parseOptionalComma())) {
    if (parser.parseKeyword("unreduced"))
      return {};
    FailureOr<ArrayAttr> axes = parseAxisSet(parser);
    if (failed(axes))
      return {};
    unreduced = *axes;
  }
  if (parser.parseGreater())
    return {};
  return parser.getChecked<ShardingAttr>(loc, parser.getContext(), mesh,
                                         parser.getBuilder().getArrayAttr(dims),
                                         unreduced);
}

void ShardingAttr::print(AsmPrinter &printer) const {
  printer << '<' << getMesh() << ", [";
  llvm::interleaveComma(getDimAxes().getAsRange<ArrayAttr>(), printer,
                        [&](ArrayAttr axes) { printAxisSet(printer, axes); });
  printer << ']';
  if (!getUnreduced().empty()) {
    printer << ", unreduced ";
    printAxisSet(printer, getUnreduced());
  }
  printer << '>';
}

LogicalResult ShardingAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                   FlatSymbolRefAttr mesh, ArrayAttr dimAxes,
                                   ArrayAttr unreduced) {
  llvm::StringSet<> seen;
  auto check = [&](ArrayAttr axes) -> LogicalResult {
    for (StringRef axis : axes.getAsValueRange<StringAttr>())
      if (!seen.insert(axis).second)
        return emitError() << "dist.sharding expects each axis at most once, "
                              "found '"
                           << axis << "' twice";
    return success();
  };
  for (ArrayAttr axes : dimAxes.getAsRange<ArrayAttr>())
    if (failed(check(axes)))
      return failure();
  return check(unreduced);
}

//===----------------------------------------------------------------------===//
// Shardings on functions
//===----------------------------------------------------------------------===//

LogicalResult commuter::dist::verifySharding(Operation *op,
                                             ShardingAttr sharding, Type type) {
  MeshOp mesh = lookupMesh(op, sharding.getMesh());
  if (!mesh)
    return op->emitOpError() << "expects a sharding on a dist.mesh, found "
                             << sharding.getMesh() << ", which names no mesh";
  auto checkAxes = [&](ArrayAttr axes) -> LogicalResult {
    for (StringRef axis : axes.getAsValueRange<StringAttr>())
      if (!mesh.findAxis(axis))
        return op->emitOpError() << "expects axes of " << sharding.getMesh()
                                 << " in a sharding, found '" << axis << "'";
    return success();
  };
  for (ArrayAttr axes : sharding.getDimAxes().getAsRange<ArrayAttr>())
    if (failed(checkAxes(axes)))
      return failure();
  if (failed(checkAxes(sharding.getUnreduced())))
    return failure();
  auto shaped = dyn_cast<ShapedType>(type);
  int64_t rank = shaped && shaped.hasRank() ? shaped.getRank() : 0;
  if (sharding.getRank() != rank)
    return op->emitOpError()
           << "expects a sharding of " << rank << " dimensions for " << type
           << ", found " << sharding.getRank();
  return success();
}

static LogicalResult verifyFunctionSharding(Operation *op, NamedAttribute attr,
                                            Type type) {
  if (attr.getName() != ShardingAttr::kAttrName)
    return op->emitOpError() << "has an unknown attribute " << attr.getName();
  auto sharding = dyn_cast<ShardingAttr>(attr.getValue());
  if (!sharding)
    return op->emitOpError()
           << "expects " << ShardingAttr::kAttrName
           << " to be a #dist.sharding, found " << attr.getValue();
  return verifySharding(op, sharding, type);
}

LogicalResult DistDialect::verifyOperationAttribute(Operation *op,
                                                    NamedAttribute attr) {
  return op->emitOpError() << "has attribute " << attr.getName()
                           << ", which belongs on an argument or a result of a "
                              "function";
}

LogicalResult DistDialect::verifyRegionArgAttribute(Operation *op, unsigned,
                                                    unsigned argIndex,
                                                    NamedAttribute attr) {
  auto function = dyn_cast<FunctionOpInterface>(op);
  if (!function)
    return op->emitOpError() << "is no function, but has " << attr.getName();
  return verifyFunctionSharding(op, attr,
                                function.getArgumentTypes()[argIndex]);
}

LogicalResult DistDialect::verifyRegionResultAttribute(Operation *op, unsigned,
                                                       unsigned resultIndex,
                                                       NamedAttribute attr) {
  auto function = dyn_cast<FunctionOpInterface>(op);
  if (!function)
    return op->emitOpError() << "is no function, but has " << attr.getName();
  return verifyFunctionSharding(op, attr,
                                function.getResultTypes()[resultIndex]);
}
