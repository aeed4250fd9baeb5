//===- Loops.cpp ----------------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The import of loops: a `while` that counts is an scf.for.
//
//===----------------------------------------------------------------------===//

#include "AttributeText.h"
#include "Program.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace commuter;
using namespace commuter::stablehlo;

namespace {

/// A `while` whose form is known to be right: the number i of its values is
/// operand, argument of both blocks, what the body returns, and result i.
struct While {
  Operation *op;
  Block &condition, &body;

  unsigned size() const { return op->getNumOperands(); }
  Value getNext(unsigned i) const {
    return body.getTerminator()->getOperand(i);
  }
  /// True if the body hands the value on as it is.
  bool isInvariant(unsigned i) const {
    return getNext(i) == body.getArgument(i);
  }
};

/// Value `number` starts somewhere, and each turn adds 1 to it while it is less
/// than `limit`, which is a constant, or a value from outside of the loop.
struct Counter {
  unsigned number;
  Value limit;
};

} // namespace

static std::optional<While> readWhile(Operation *op) {
  if (op->getNumRegions() != 2 || !op->getRegion(0).hasOneBlock() ||
      !op->getRegion(1).hasOneBlock())
    return std::nullopt;
  While loop{op, op->getRegion(0).front(), op->getRegion(1).front()};
  auto returns = [](Block &block) {
    return !block.empty() &&
           block.back().getName().getStringRef() == "stablehlo.return";
  };
  auto condition =
      RankedTensorType::get({}, IntegerType::get(op->getContext(), 1));
  TypeRange types = op->getOperandTypes();
  if (!returns(loop.condition) || !returns(loop.body) ||
      types != op->getResultTypes() ||
      types != loop.condition.getArgumentTypes() ||
      types != loop.body.getArgumentTypes() ||
      types != loop.body.back().getOperandTypes() ||
      loop.condition.back().getOperandTypes() != TypeRange(condition))
    return std::nullopt;
  return loop;
}

static bool isOp(Operation *op, StringRef name) {
  return op && op->getName().getStringRef() == name;
}

static bool isOne(Value value) {
  DenseIntElementsAttr number;
  Operation *op = value.getDefiningOp();
  if (!isOp(op, "stablehlo.constant"))
    return false;
  number = op->getAttrOfType<DenseIntElementsAttr>("value");
  return number && number.getNumElements() == 1 &&
         number.getSplatValue<APInt>().isOne();
}

/// Law: of i < limit, i + 1 does not overflow, so that i goes through all
/// integers from its start to the limit. Precondition: signed integers.
static std::optional<Counter> findCounter(const While &loop) {
  Operation *compare =
      loop.condition.getTerminator()->getOperand(0).getDefiningOp();
  if (!isOp(compare, "stablehlo.compare") ||
      compare->getBlock() != &loop.condition ||
      compare->getNumOperands() != 2 ||
      compare->getOperandTypes()[0] != compare->getOperandTypes()[1] ||
      readEnum(compare->getAttr("comparison_direction"),
               "comparison_direction") != StringRef("LT"))
    return std::nullopt;
  // What else the condition computes must not be lost.
  for (Operation &op : llvm::drop_end(loop.condition))
    if (&op != compare && !isOp(&op, "stablehlo.constant"))
      return std::nullopt;
  auto argument = dyn_cast<BlockArgument>(compare->getOperand(0));
  if (!argument || argument.getOwner() != &loop.condition)
    return std::nullopt;
  Counter counter{argument.getArgNumber(), compare->getOperand(1)};
  RankedTensorType type = importType(argument.getType());
  if (!type || type.getRank() != 0 ||
      getElementClass(getElementTypeOrSelf(argument.getType())) !=
          ElementClass::Signed)
    return std::nullopt;
  if (auto limit = dyn_cast<BlockArgument>(counter.limit);
      limit && limit.getOwner() == &loop.condition) {
    if (!loop.isInvariant(limit.getArgNumber()))
      return std::nullopt;
    counter.limit = loop.op->getOperand(limit.getArgNumber());
  }
  Operation *add = loop.getNext(counter.number).getDefiningOp();
  if (!isOp(add, "stablehlo.add") || add->getNumOperands() != 2)
    return std::nullopt;
  Value own = loop.body.getArgument(counter.number);
  Value a = add->getOperand(0), b = add->getOperand(1);
  if (!(a == own && isOne(b)) && !(b == own && isOne(a)))
    return std::nullopt;
  return counter;
}

void BlockImporter::importWhile(Operation *op) {
  auto refuse = [&](const Twine &what) {
    (void)program.lacks.add(op, "'stablehlo.while' " + what);
    mapToPlaceholders(op);
  };
  std::optional<While> loop = readWhile(op);
  if (!loop)
    return refuse("that is malformed");
  SmallVector<Type> types;
  for (Type type : op->getOperandTypes()) {
    types.push_back(importType(type));
    if (!types.back())
      return refuse("of " + toText(type));
  }
  SmallVector<Value> inits;
  for (Value operand : op->getOperands())
    inits.push_back(lookup(op, operand));

  std::optional<Counter> counter = findCounter(*loop);
  // What stays as it is need not be carried.
  SmallVector<unsigned> carried;
  SmallVector<Value> starts;
  for (unsigned i = 0; i < loop->size(); ++i) {
    if (loop->isInvariant(i)) {
      map(loop->condition.getArgument(i), inits[i]);
      map(loop->body.getArgument(i), inits[i]);
      map(op->getResult(i), inits[i]);
    } else if (!counter || counter->number != i) {
      carried.push_back(i);
      starts.push_back(inits[i]);
    }
  }
  auto enter = [&](OpBuilder &nested, Block &source, ValueRange arguments) {
    builder.setInsertionPointToEnd(nested.getInsertionBlock());
    for (auto [i, argument] : llvm::zip_equal(carried, arguments))
      map(source.getArgument(i), argument);
  };
  auto importBody = [&] {
    importOps(loop->body);
    builder.setLoc(op->getLoc());
    SmallVector<Value> next;
    for (unsigned i : carried)
      next.push_back(lookup(loop->body.getTerminator(), loop->getNext(i)));
    scf::YieldOp::create(builder, next);
  };
  OpBuilder::InsertPoint after = builder.saveInsertionPoint();
  ValueRange results;
  if (!counter) {
    auto whileLoop = scf::WhileOp::create(
        builder, TypeRange(ValueRange(starts)), starts,
        [&](OpBuilder &nested, Location, ValueRange arguments) {
          enter(nested, loop->condition, arguments);
          importOps(loop->condition);
          builder.setLoc(op->getLoc());
          Operation *end = loop->condition.getTerminator();
          Value condition = lookup(end, end->getOperand(0));
          scf::ConditionOp::create(builder, createScalar(builder, condition),
                                   arguments);
        },
        [&](OpBuilder &nested, Location, ValueRange arguments) {
          enter(nested, loop->body, arguments);
          importBody();
        });
    results = whileLoop.getResults();
  } else {
    // A constant of the condition comes first.
    if (Operation *limit = counter->limit.getDefiningOp();
        limit && limit->getBlock() == &loop->condition)
      importOp(limit);
    builder.setLoc(op->getLoc());
    Type index = builder.getIndexType();
    auto type = cast<RankedTensorType>(types[counter->number]);
    Type element = type.getElementType();
    auto toTensor = [&](Value number) {
      return tensor::FromElementsOp::create(builder, type, number).getResult();
    };
    Value lower = createScalar(builder, inits[counter->number]);
    Value upper = createScalar(builder, lookup(op, counter->limit));
    auto toIndex = [&](Value number) {
      return builder.createOrFold<arith::IndexCastOp>(index, number);
    };
    // It stops at the limit, or does not start.
    map(op->getResult(counter->number),
        toTensor(builder.createOrFold<arith::MaxSIOp>(lower, upper)));
    Value one = arith::ConstantIndexOp::create(builder, 1);
    Value from = toIndex(lower), to = toIndex(upper);
    after = builder.saveInsertionPoint();
    auto forLoop = scf::ForOp::create(
        builder, from, to, one, starts,
        [&](OpBuilder &nested, Location, Value i, ValueRange arguments) {
          enter(nested, loop->body, arguments);
          map(loop->body.getArgument(counter->number),
              toTensor(arith::IndexCastOp::create(builder, element, i)));
          importBody();
        });
    results = forLoop.getResults();
  }
  builder.restoreInsertionPoint(after);
  for (auto [i, result] : llvm::zip_equal(carried, results))
    map(op->getResult(i), result);
}
