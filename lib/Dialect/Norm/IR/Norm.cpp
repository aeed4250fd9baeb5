//===- Norm.cpp ----------------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Syntax, verification and slicing of the norm dialect.
//
//===----------------------------------------------------------------------===//

#include "commuter/Dialect/Norm/IR/Norm.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "mlir/Transforms/InliningUtils.h"

#include <charconv>

using namespace mlir;
using namespace commuter;
using namespace commuter::norm;

#include "commuter/Dialect/Norm/IR/NormDialect.cpp.inc"
#include "commuter/Dialect/Norm/IR/NormEnums.cpp.inc"

/// `static` | `per_row` | `per_group` N | `per_tensor`
static ParseResult parseQuantizeMode(OpAsmParser &parser,
                                     QuantizeModeAttr &mode,
                                     IntegerAttr &groupSize) {
  FailureOr<QuantizeMode> keyword = FieldParser<QuantizeMode>::parse(parser);
  if (failed(keyword))
    return failure();
  mode = QuantizeModeAttr::get(parser.getContext(), *keyword);
  if (*keyword != QuantizeMode::PerGroup)
    return success();
  return parser.parseAttribute(groupSize, parser.getBuilder().getI64Type());
}

static void printQuantizeMode(OpAsmPrinter &printer, Operation *,
                              QuantizeModeAttr mode, IntegerAttr groupSize) {
  printer << stringifyQuantizeMode(mode.getValue());
  if (groupSize)
    printer << ' ' << groupSize.getInt();
}

#define GET_OP_CLASSES
#include "commuter/Dialect/Norm/IR/NormOps.cpp.inc"

namespace {
/// Norms are pure.
struct NormInlinerInterface : public DialectInlinerInterface {
  using DialectInlinerInterface::DialectInlinerInterface;
  bool isLegalToInline(Operation *, Region *, bool, IRMapping &) const final {
    return true;
  }
};
} // namespace

void NormDialect::initialize() {
  addInterfaces<NormInlinerInterface>();
  addOperations<
#define GET_OP_LIST
#include "commuter/Dialect/Norm/IR/NormOps.cpp.inc"
      >();
}

//===----------------------------------------------------------------------===//
// Syntax: %x[, %r] [scale %g] [bias %b] [offset F] [axis N] eps F
//         attr-dict : type(x) [, type(scale)] [, type(bias)]
//===----------------------------------------------------------------------===//

namespace {

/// What one of the four ops has besides `x`, `scale`, `axis` and `eps`.
struct NormSyntax {
  bool hasResidual;
  bool hasBias; // a layer norm; an RMS norm has `offset` instead
};

ParseResult parseNorm(OpAsmParser &parser, OperationState &state,
                      NormSyntax syntax) {
  Builder &builder = parser.getBuilder();
  SmallVector<OpAsmParser::UnresolvedOperand> operands;
  if (parser.parseOperand(operands.emplace_back()))
    return failure();
  if (syntax.hasResidual &&
      (parser.parseComma() || parser.parseOperand(operands.emplace_back())))
    return failure();

  const size_t numRows = operands.size();
  int32_t hasScale = 0, hasBias = 0;
  if (succeeded(parser.parseOptionalKeyword("scale"))) {
    hasScale = 1;
    if (parser.parseOperand(operands.emplace_back()))
      return failure();
  }
  if (syntax.hasBias && succeeded(parser.parseOptionalKeyword("bias"))) {
    hasBias = 1;
    if (parser.parseOperand(operands.emplace_back()))
      return failure();
  }
  Attribute attr;
  if (!syntax.hasBias && succeeded(parser.parseOptionalKeyword("offset"))) {
    if (parser.parseAttribute(attr, builder.getF64Type()))
      return failure();
    state.addAttribute("offset", attr);
  }
  if (succeeded(parser.parseOptionalKeyword("axis"))) {
    if (parser.parseAttribute(attr, builder.getI64Type()))
      return failure();
    state.addAttribute("axis", attr);
  }
  if (parser.parseKeyword("eps") ||
      parser.parseAttribute(attr, builder.getF64Type()))
    return failure();
  state.addAttribute("eps", attr);

  SmallVector<Type> types;
  SMLoc loc = parser.getCurrentLocation();
  if (parser.parseOptionalAttrDict(state.attributes) ||
      parser.parseColonTypeList(types))
    return failure();
  // The residual has x's type; naming it too is accepted.
  if (syntax.hasResidual && types.size() == operands.size() - 1)
    types.insert(types.begin() + 1, types.front());
  if (types.size() != operands.size())
    return parser.emitError(loc)
           << "expected a type for x and for each parameter: "
           << operands.size() - (syntax.hasResidual ? 1 : 0) << ", found "
           << types.size();
  if (parser.resolveOperands(operands, types, loc, state.operands))
    return failure();
  state.addTypes(SmallVector<Type>(numRows, types.front()));
  if (syntax.hasBias) {
    SmallVector<int32_t> segments(numRows, 1);
    segments.append({hasScale, hasBias});
    state.addAttribute("operandSegmentSizes",
                       builder.getDenseI32ArrayAttr(segments));
  }
  return success();
}

/// The shortest decimal form that reads back as the same number, in any locale:
/// MLIR's own printer makes 9.9999999999999995E-7 of 1.0e-06.
void printShortest(OpAsmPrinter &printer, const APFloat &value) {
  char text[32];
  const char *end =
      std::to_chars(std::begin(text), std::end(text), value.convertToDouble(),
                    std::chars_format::scientific)
          .ptr;
  auto [digits, exponent] = StringRef(text, end - text).split('e');
  printer << digits;
  // Without a fraction it would be read as an integer.
  if (!digits.contains('.'))
    printer << ".0";
  printer << 'e' << exponent;
}

template <typename OpTy>
void printNorm(OpTy op, OpAsmPrinter &printer) {
  printer << ' ' << op.getInput();
  if constexpr (requires { op.getResidual(); })
    printer << ", " << op.getResidual();
  if (op.getScale())
    printer << " scale " << op.getScale();
  SmallVector<Type> types{op.getInput().getType()};
  if (op.getScale())
    types.push_back(op.getScale().getType());
  if constexpr (requires { op.getBias(); }) {
    if (op.getBias()) {
      printer << " bias " << op.getBias();
      types.push_back(op.getBias().getType());
    }
  }
  if constexpr (requires { op.getOffsetAttr(); }) {
    if (!op.getOffset().isPosZero()) {
      printer << " offset ";
      printShortest(printer, op.getOffset());
    }
  }
  auto elide = {StringRef("axis"), StringRef("eps"), StringRef("offset"),
                StringRef("operandSegmentSizes")};
  if (op.getAxis())
    printer << " axis " << *op.getAxis();
  printer << " eps ";
  printShortest(printer, op.getEps());
  printer.printOptionalAttrDict(op->getAttrs(), elide);
  printer << " : ";
  llvm::interleaveComma(types, printer);
}

//===----------------------------------------------------------------------===//
// Verification
//===----------------------------------------------------------------------===//

/// Position in the order "may hold every value of": f16, bf16 < f32 < f64.
unsigned getWidth(Type type) { return type.getIntOrFloatBitWidth(); }

LogicalResult verifyParameter(Operation *op, StringRef name, Value parameter,
                              RankedTensorType input, int64_t axis) {
  if (!parameter)
    return success();
  auto type = cast<RankedTensorType>(parameter.getType());
  ArrayRef<int64_t> expected = input.getShape().drop_front(axis);
  if (failed(verifyCompatibleShape(type.getShape(), expected)))
    return op->emitOpError()
           << "expects " << name
           << " to have the shape of the normalised dimensions, "
           << RankedTensorType::get(expected, type.getElementType())
           << ", found " << type;
  if (type.getElementType() != input.getElementType() &&
      getWidth(type.getElementType()) <= getWidth(input.getElementType()))
    return op->emitOpError()
           << "expects " << name << " of the input's element type, "
           << input.getElementType() << ", or a wider one, found "
           << type.getElementType();
  return success();
}

template <typename OpTy>
LogicalResult verifyNorm(OpTy op) {
  auto type = cast<RankedTensorType>(op.getInput().getType());
  if (type.getRank() == 0)
    return op.emitOpError()
           << "expects an input of rank 1 or more, found " << type;
  int64_t axis = op.getNormAxis();
  if (axis < 0 || axis >= type.getRank())
    return op.emitOpError()
           << "expects axis in [0, " << type.getRank() << "), found " << axis;
  if (!op.getEps().isFinite() || op.getEps().isNegative())
    return op.emitOpError()
           << "expects a finite eps >= 0, found " << op.getEpsAttr();
  if constexpr (requires { op.getOffset(); })
    if (!op.getOffset().isFinite())
      return op.emitOpError()
             << "expects a finite offset, found " << op.getOffsetAttr();
  if (failed(verifyParameter(op, "scale", op.getScale(), type, axis)))
    return failure();
  if constexpr (requires { op.getBias(); })
    return verifyParameter(op, "bias", op.getBias(), type, axis);
  return success();
}

//===----------------------------------------------------------------------===//
// Slicing
//===----------------------------------------------------------------------===//

/// Law: norm(concat(x_i), w) = concat(norm(x_i, w)) along every dimension that
/// is not normalised: a row's result depends on that row and the parameters
/// alone. Precondition: dim < axis, and the parameters whole.
template <typename OpTy>
DimSlicing getNormSlicing(OpTy op, int64_t dim) {
  if (dim >= op.getNormAxis())
    return DimSlicing::refuse("gather-dim-normalized");
  DimSlicing slicing;
  const unsigned numRows = op->getNumResults(); // x, and the residual
  for (unsigned i = 0, e = op->getNumOperands(); i < e; ++i)
    slicing.operandDims.push_back(i < numRows ? std::optional(dim)
                                              : std::nullopt);
  slicing.resultDims.assign(op->getNumResults(), dim);
  return slicing;
}

} // namespace

#define COMMUTER_NORM_OP(OP, RESIDUAL, BIAS)                                   \
  ParseResult OP::parse(OpAsmParser &parser, OperationState &state) {          \
    return parseNorm(parser, state, {RESIDUAL, BIAS});                         \
  }                                                                            \
  void OP::print(OpAsmPrinter &printer) { printNorm(*this, printer); }         \
  LogicalResult OP::verify() { return verifyNorm(*this); }                     \
  DimSlicing OP::getDimSlicing(unsigned, int64_t dim) {                        \
    return getNormSlicing(*this, dim);                                         \
  }                                                                            \
  bool OP::isWorthMoving() { return true; }

COMMUTER_NORM_OP(LayerNormOp, false, true)
COMMUTER_NORM_OP(RMSNormOp, false, false)
COMMUTER_NORM_OP(AddLayerNormOp, true, true)
COMMUTER_NORM_OP(AddRMSNormOp, true, false)

#undef COMMUTER_NORM_OP

LogicalResult NormQuantizeOp::verify() {
  if (failed(verifyNorm(*this)) || failed(verifyQuantization()))
    return failure();
  if (getKind() == NormKind::RMS && getBias())
    return emitOpError() << "expects no bias of an RMS norm, found "
                         << getBias().getType();
  if (getKind() == NormKind::Layer && !getOffset().isZero())
    return emitOpError() << "expects no offset of a layer norm, found "
                         << getOffsetAttr();
  if (!getResidual() != !getSum())
    return emitOpError() << "expects a residual and its sum together, found "
                         << (getSum() ? "a sum" : "a residual") << " alone";
  for (Value value : {getResidual(), getSum()})
    if (value && value.getType() != getInput().getType())
      return emitOpError() << "expects residual and sum of the input's type, "
                           << getInput().getType() << ", found "
                           << value.getType();
  return success();
}
