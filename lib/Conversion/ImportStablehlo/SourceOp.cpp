//===- SourceOp.cpp -------------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the handlers of all ops need.
//
//===----------------------------------------------------------------------===//

#include "SourceOp.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Diagnostics.h"

using namespace mlir;
using namespace commuter;
using namespace commuter::stablehlo;

//===----------------------------------------------------------------------===//
// What is lacking
//===----------------------------------------------------------------------===//

LogicalResult Lacks::add(Operation *op, const Twine &form) {
  auto text = std::make_unique<std::string>(form.str());
  if (places.insert({StringRef(*text), op->getLoc()}).second)
    texts.push_back(std::move(text));
  return failure();
}

void Lacks::emit(Operation *op) const {
  InFlightDiagnostic diag = emitError(op->getLoc())
                            << "the module cannot be imported, for it has ";
  llvm::interleave(
      places, [&](auto &place) { diag << place.first; }, [&] { diag << "; "; });
  for (auto &[form, loc] : places)
    diag.attachNote(loc) << "see " << form;
}

LogicalResult SourceOp::lack(const Twine &what) {
  return lacks.add(op, "'" + op->getName().getStringRef() + "' " + what);
}

LogicalResult SourceOp::lackType(Type type) {
  return lack("of " + toText(type));
}

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

std::string stablehlo::toText(Type type) {
  std::string text;
  llvm::raw_string_ostream(text) << type;
  return text;
}

std::optional<ElementClass> stablehlo::getElementClass(Type element) {
  if (isa<Float16Type, BFloat16Type, Float32Type, Float64Type>(element))
    return ElementClass::Float;
  auto integer = dyn_cast<IntegerType>(element);
  if (!integer)
    return std::nullopt;
  if (integer.isSignlessInteger(1))
    return ElementClass::Bool;
  if (integer.isSigned() ||
      !llvm::is_contained({8u, 16u, 32u, 64u}, integer.getWidth()))
    return std::nullopt;
  return integer.isUnsigned() ? ElementClass::Unsigned : ElementClass::Signed;
}

RankedTensorType stablehlo::importType(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor || !tensor.hasStaticShape() || tensor.getEncoding())
    return {};
  int64_t count = 1;
  for (int64_t size : tensor.getShape())
    if (llvm::MulOverflow(count, size, count))
      return {};
  Type element = tensor.getElementType();
  std::optional<ElementClass> elements = getElementClass(element);
  if (!elements)
    return {};
  if (*elements == ElementClass::Unsigned)
    element =
        IntegerType::get(type.getContext(), element.getIntOrFloatBitWidth());
  return RankedTensorType::get(tensor.getShape(), element);
}

static ElementClass getClass(Type type) {
  return *getElementClass(getElementTypeOrSelf(type));
}
ElementClass SourceOp::getOperandClass(unsigned i) const {
  return getClass(op->getOperand(i).getType());
}
ElementClass SourceOp::getResultClass(unsigned i) const {
  return getClass(op->getResult(i).getType());
}

LogicalResult SourceOp::finish(Value result) {
  if (result.getType() != resultTypes.front())
    return malformed();
  results.push_back(result);
  return success();
}

//===----------------------------------------------------------------------===//
// Attributes
//===----------------------------------------------------------------------===//

std::optional<SmallVector<int64_t>> SourceOp::getIntegers(StringRef name,
                                                          size_t count) const {
  SmallVector<int64_t> numbers;
  Attribute attribute = op->getAttr(name);
  if (auto array = dyn_cast_or_null<DenseI64ArrayAttr>(attribute)) {
    numbers.append(array.asArrayRef().begin(), array.asArrayRef().end());
  } else if (auto dense = dyn_cast_or_null<DenseIntElementsAttr>(attribute);
             dense && dense.getType().getRank() == 1) {
    for (const APInt &number : dense.getValues<APInt>())
      numbers.push_back(number.getSExtValue());
  } else {
    return std::nullopt;
  }
  if (numbers.size() != count)
    return std::nullopt;
  return numbers;
}

std::optional<SmallVector<int64_t>> SourceOp::getDims(StringRef name,
                                                      int64_t rank) const {
  auto array = op->getAttrOfType<DenseI64ArrayAttr>(name);
  if (!array)
    return std::nullopt;
  SmallVector<bool> isListed(rank);
  for (int64_t dim : array.asArrayRef()) {
    if (dim < 0 || dim >= rank || isListed[dim])
      return std::nullopt;
    isListed[dim] = true;
  }
  return SmallVector<int64_t>(array.asArrayRef());
}

std::optional<int64_t> SourceOp::getInteger(StringRef name,
                                            int64_t limit) const {
  auto integer = op->getAttrOfType<IntegerAttr>(name);
  if (!integer || !integer.getType().isInteger(64) ||
      integer.getValue().getSExtValue() < 0 ||
      integer.getValue().getSExtValue() >= limit)
    return std::nullopt;
  return integer.getValue().getSExtValue();
}

//===----------------------------------------------------------------------===//
// Handlers
//===----------------------------------------------------------------------===//

Handler stablehlo::findHandler(OperationName op) {
  StringRef name = op.getStringRef();
  for (auto find :
       {findElementwise, findShapeOp, findReduction, findCollective})
    if (Handler handler = find(name))
      return handler;
  return nullptr;
}

/// Of these the order and the grouping are free, as StableHLO allows it for
/// reductions.
static bool isCombiner(StringRef name) {
  return llvm::is_contained({"stablehlo.add", "stablehlo.multiply",
                             "stablehlo.maximum", "stablehlo.minimum",
                             "stablehlo.and", "stablehlo.or"},
                            name);
}

StringRef stablehlo::getCombiner(Region &region, Type type) {
  if (!region.hasOneBlock())
    return {};
  Block &block = region.front();
  auto scalar = RankedTensorType::get({}, type);
  if (block.getNumArguments() != 2 ||
      !llvm::all_of(block.getArgumentTypes(),
                    [&](Type type) { return type == scalar; }) ||
      !llvm::hasNItems(block, 2))
    return {};
  Operation &combine = block.front(), &end = block.back();
  Value a = block.getArgument(0), b = block.getArgument(1);
  const bool combines =
      isCombiner(combine.getName().getStringRef()) &&
      combine.getNumOperands() == 2 && combine.getNumResults() == 1 &&
      combine.getResult(0).getType() == scalar &&
      ((combine.getOperand(0) == a && combine.getOperand(1) == b) ||
       (combine.getOperand(0) == b && combine.getOperand(1) == a)) &&
      end.getName().getStringRef() == "stablehlo.return" &&
      end.getNumOperands() == 1 && end.getOperand(0) == combine.getResult(0);
  return combines ? combine.getName().getStringRef() : StringRef();
}

Value stablehlo::createConstant(ImplicitLocOpBuilder &builder, Type type,
                                int64_t number) {
  Type element = getElementTypeOrSelf(type);
  TypedAttr value;
  if (isa<FloatType>(element))
    value = builder.getFloatAttr(element, static_cast<double>(number));
  else
    value = builder.getIntegerAttr(
        element, APInt(element.getIntOrFloatBitWidth(), number,
                       /*isSigned=*/true, /*implicitTrunc=*/true));
  if (auto tensor = dyn_cast<RankedTensorType>(type))
    value = DenseElementsAttr::get(tensor, value);
  return arith::ConstantOp::create(builder, value);
}

Value stablehlo::createScalar(ImplicitLocOpBuilder &builder, Value value) {
  return builder.createOrFold<tensor::ExtractOp>(value, ValueRange());
}
