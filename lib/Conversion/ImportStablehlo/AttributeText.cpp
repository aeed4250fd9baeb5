//===- AttributeText.cpp --------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the text of StableHLO's and Shardy's attributes says.
//
//===----------------------------------------------------------------------===//

#include "AttributeText.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSwitch.h"

using namespace mlir;
using namespace commuter;
using namespace commuter::stablehlo;

//===----------------------------------------------------------------------===//
// Scanner
//===----------------------------------------------------------------------===//

namespace {

/// Takes tokens off the front of a text. What does not match is left.
class Scanner {
public:
  explicit Scanner(StringRef text) : text(text) {}

  /// Punctuation.
  bool take(StringRef token) {
    skipSpace();
    return text.consume_front(token);
  }
  /// A whole word.
  bool takeKeyword(StringRef keyword) {
    skipSpace();
    if (!text.starts_with(keyword) ||
        (text.size() > keyword.size() && isWord(text[keyword.size()])))
      return false;
    text = text.drop_front(keyword.size());
    return true;
  }
  std::optional<StringRef> takeWord() {
    skipSpace();
    StringRef word = text.take_while(isWord);
    text = text.drop_front(word.size());
    if (word.empty())
      return std::nullopt;
    return word;
  }
  std::optional<int64_t> takeInteger() {
    skipSpace();
    int64_t number;
    if (text.consumeInteger(10, number))
      return std::nullopt;
    return number;
  }
  /// A string without escapes.
  std::optional<std::string> takeString() {
    skipSpace();
    StringRef rest = text;
    if (!rest.consume_front("\""))
      return std::nullopt;
    StringRef content = rest.take_until([](char c) { return c == '"'; });
    if (content.contains('\\') || content.size() == rest.size())
      return std::nullopt;
    text = rest.drop_front(content.size() + 1);
    return content.str();
  }
  /// open (entry (`,` entry)*)? close
  bool takeList(StringRef open, StringRef close,
                llvm::function_ref<bool()> takeEntry) {
    if (!take(open))
      return false;
    if (take(close))
      return true;
    do {
      if (!takeEntry())
        return false;
    } while (take(","));
    return take(close);
  }
  std::optional<SmallVector<int64_t>> takeIntegers() {
    SmallVector<int64_t> numbers;
    auto takeEntry = [&] {
      std::optional<int64_t> number = takeInteger();
      numbers.push_back(number.value_or(0));
      return number.has_value();
    };
    if (!takeList("[", "]", takeEntry))
      return std::nullopt;
    return numbers;
  }
  std::optional<SmallVector<std::string>> takeAxes() {
    SmallVector<std::string> axes;
    auto takeEntry = [&] {
      std::optional<std::string> axis = takeString();
      axes.push_back(axis.value_or(""));
      return axis.has_value();
    };
    if (!takeList("{", "}", takeEntry))
      return std::nullopt;
    return axes;
  }
  bool isAtEnd() {
    skipSpace();
    return text.empty();
  }

private:
  static bool isWord(char c) { return llvm::isAlnum(c) || c == '_'; }
  void skipSpace() { text = text.ltrim(); }

  StringRef text;
};

} // namespace

/// The text of an attribute of `dialect`; empty, which nothing matches, if it
/// is another attribute.
static StringRef getText(Attribute attribute, StringRef dialect) {
  auto opaque = dyn_cast_or_null<OpaqueAttr>(attribute);
  if (!opaque || opaque.getDialectNamespace() != dialect)
    return {};
  return opaque.getAttrData();
}

//===----------------------------------------------------------------------===//
// Shardy
//===----------------------------------------------------------------------===//

std::optional<MeshText> stablehlo::readMesh(Attribute attribute) {
  Scanner scanner(getText(attribute, "sdy"));
  MeshText mesh;
  auto takeAxis = [&] {
    std::optional<std::string> axis = scanner.takeString();
    if (!axis || !scanner.take("="))
      return false;
    std::optional<int64_t> size = scanner.takeInteger();
    mesh.axes.push_back(*axis);
    mesh.sizes.push_back(size.value_or(0));
    return size.has_value();
  };
  if (!scanner.takeKeyword("mesh") || !scanner.take("<") ||
      !scanner.takeList("[", "]", takeAxis))
    return std::nullopt;
  if (scanner.take(",")) {
    std::optional<SmallVector<int64_t>> ids;
    if (!scanner.takeKeyword("device_ids") || !scanner.take("=") ||
        !(ids = scanner.takeIntegers()))
      return std::nullopt;
    mesh.deviceIds = std::move(*ids);
  }
  if (!scanner.take(">") || !scanner.isAtEnd())
    return std::nullopt;
  return mesh;
}

/// `<` `@mesh` `,` `[` dims `]` (`,` `replicated` `=` axes)? `>`
static std::optional<ShardingText> takeSharding(Scanner &scanner) {
  ShardingText sharding;
  auto takeDim = [&] {
    sharding.dimAxes.emplace_back();
    sharding.isOpen.push_back(false);
    auto takeAxis = [&] {
      if (scanner.take("?"))
        return sharding.isOpen.back() = true;
      std::optional<std::string> axis = scanner.takeString();
      sharding.dimAxes.back().push_back(axis.value_or(""));
      return axis.has_value() && !sharding.isOpen.back();
    };
    return scanner.takeList("{", "}", takeAxis);
  };
  if (!scanner.take("<") || !scanner.take("@"))
    return std::nullopt;
  if (std::optional<std::string> quoted = scanner.takeString())
    sharding.mesh = *quoted;
  else if (std::optional<StringRef> word = scanner.takeWord())
    sharding.mesh = word->str();
  else
    return std::nullopt;
  if (!scanner.take(",") || !scanner.takeList("[", "]", takeDim))
    return std::nullopt;
  if (scanner.take(",") && (!scanner.takeKeyword("replicated") ||
                            !scanner.take("=") || !scanner.takeAxes()))
    return std::nullopt;
  if (!scanner.take(">"))
    return std::nullopt;
  return sharding;
}

std::optional<ShardingText> stablehlo::readSharding(Attribute attribute) {
  Scanner scanner(getText(attribute, "sdy"));
  if (!scanner.takeKeyword("sharding"))
    return std::nullopt;
  std::optional<ShardingText> sharding = takeSharding(scanner);
  return sharding && scanner.isAtEnd() ? sharding : std::nullopt;
}

std::optional<SmallVector<ShardingText>>
stablehlo::readShardingPerValue(Attribute attribute) {
  Scanner scanner(getText(attribute, "sdy"));
  SmallVector<ShardingText> shardings;
  auto takeEntry = [&] {
    std::optional<ShardingText> sharding = takeSharding(scanner);
    if (sharding)
      shardings.push_back(std::move(*sharding));
    return sharding.has_value();
  };
  if (!scanner.takeKeyword("sharding_per_value") || !scanner.take("<") ||
      !scanner.takeList("[", "]", takeEntry) || !scanner.take(">") ||
      !scanner.isAtEnd())
    return std::nullopt;
  return shardings;
}

std::optional<SmallVector<std::string>>
stablehlo::readManualAxes(Attribute attribute) {
  Scanner scanner(getText(attribute, "sdy"));
  if (!scanner.takeKeyword("manual_axes"))
    return std::nullopt;
  std::optional<SmallVector<std::string>> axes = scanner.takeAxes();
  return axes && scanner.isAtEnd() ? axes : std::nullopt;
}

//===----------------------------------------------------------------------===//
// StableHLO
//===----------------------------------------------------------------------===//

std::optional<DotText> stablehlo::readDot(Attribute attribute) {
  Scanner scanner(getText(attribute, "stablehlo"));
  DotText dot;
  auto takeField = [&] {
    std::optional<StringRef> name = scanner.takeWord();
    if (!name || !scanner.take("="))
      return false;
    SmallVector<int64_t> *field =
        llvm::StringSwitch<SmallVector<int64_t> *>(*name)
            .Case("lhs_batching_dimensions", &dot.lhsBatch)
            .Case("rhs_batching_dimensions", &dot.rhsBatch)
            .Case("lhs_contracting_dimensions", &dot.lhsContracting)
            .Case("rhs_contracting_dimensions", &dot.rhsContracting)
            .Default(nullptr);
    std::optional<SmallVector<int64_t>> numbers = scanner.takeIntegers();
    if (!field || !numbers)
      return false;
    *field = std::move(*numbers);
    return true;
  };
  if (!scanner.takeKeyword("dot") || !scanner.takeList("<", ">", takeField) ||
      !scanner.isAtEnd())
    return std::nullopt;
  return dot;
}

std::optional<GatherText> stablehlo::readGather(Attribute attribute) {
  Scanner scanner(getText(attribute, "stablehlo"));
  GatherText gather;
  SmallVector<int64_t> ofIndices; // as many as of the operand
  auto takeField = [&] {
    std::optional<StringRef> name = scanner.takeWord();
    if (!name || !scanner.take("="))
      return false;
    if (*name == "index_vector_dim") {
      std::optional<int64_t> dim = scanner.takeInteger();
      gather.indexVectorDim = dim.value_or(0);
      return dim.has_value();
    }
    SmallVector<int64_t> *field =
        llvm::StringSwitch<SmallVector<int64_t> *>(*name)
            .Case("offset_dims", &gather.offsetDims)
            .Case("collapsed_slice_dims", &gather.collapsedDims)
            .Case("operand_batching_dims", &gather.batchingDims)
            .Case("start_indices_batching_dims", &ofIndices)
            .Case("start_index_map", &gather.indexMap)
            .Default(nullptr);
    std::optional<SmallVector<int64_t>> numbers = scanner.takeIntegers();
    if (!field || !numbers)
      return false;
    *field = std::move(*numbers);
    return true;
  };
  if (!scanner.takeKeyword("gather") ||
      !scanner.takeList("<", ">", takeField) || !scanner.isAtEnd())
    return std::nullopt;
  return gather;
}

std::optional<int64_t> stablehlo::readChannel(Attribute attribute) {
  Scanner scanner(getText(attribute, "stablehlo"));
  std::optional<int64_t> handle;
  auto takeField = [&] {
    std::optional<StringRef> name = scanner.takeWord();
    if (!name || !scanner.take("="))
      return false;
    std::optional<int64_t> number = scanner.takeInteger();
    if (*name == "handle")
      handle = number;
    return number.has_value();
  };
  if (!scanner.takeKeyword("channel_handle") ||
      !scanner.takeList("<", ">", takeField) || !scanner.isAtEnd())
    return std::nullopt;
  return handle;
}

std::optional<StringRef> stablehlo::readEnum(Attribute attribute,
                                             StringRef name) {
  Scanner scanner(getText(attribute, "stablehlo"));
  if (!scanner.takeKeyword(name))
    return std::nullopt;
  std::optional<StringRef> value = scanner.takeWord();
  return value && scanner.isAtEnd() ? value : std::nullopt;
}
