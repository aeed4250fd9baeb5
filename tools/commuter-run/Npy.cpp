//===- Npy.cpp ------------------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Arrays in NumPy's .npy format (version 1.0). See
// https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html.
//
//===----------------------------------------------------------------------===//

#include "Npy.h"

#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace commuter;
using namespace commuter::run;

static constexpr llvm::StringLiteral kMagic("\x93NUMPY");

/// The `descr` that is written, then others that are read.
static SmallVector<std::string> getDescriptions(Type type) {
  if (type.isF32())
    return {"<f4"};
  if (type.isF64())
    return {"<f8"};
  if (type.isF16())
    return {"<f2"};
  if (type.isBF16())
    return {"<V2", "|V2", "<u2", "bfloat16"};
  if (isa<FloatType>(type))
    return {"|V1", "<V1", "|u1", "<f1"};
  if (type.isInteger(1))
    return {"|b1"};
  if (type.isIndex())
    return {"<i8"};
  unsigned bytes = type.getIntOrFloatBitWidth() / 8;
  std::string order = bytes == 1 ? "|" : "<";
  std::string size = std::to_string(bytes);
  if (type.isUnsignedInteger())
    return {order + "u" + size};
  return {order + "i" + size, order + "u" + size};
}

/// The text after `'key':` in the header's dictionary.
static std::optional<StringRef> findValue(StringRef header, StringRef key) {
  for (char quote : {'\'', '"'}) {
    std::string pattern = quote + key.str() + quote;
    size_t at = header.find(pattern);
    if (at == StringRef::npos)
      continue;
    StringRef rest = header.drop_front(at + pattern.size()).ltrim();
    if (rest.consume_front(":"))
      return rest.ltrim();
  }
  return std::nullopt;
}

FailureOr<Array> run::readNpy(StringRef path, Type element) {
  auto buffer = llvm::MemoryBuffer::getFile(path, /*IsText=*/false,
                                            /*RequiresNullTerminator=*/false);
  if (!buffer)
    return fail(path + ": " + buffer.getError().message());
  StringRef bytes = (*buffer)->getBuffer();
  auto bad = [&](const Twine &why) { return fail(path + ": " + why); };
  if (!bytes.consume_front(kMagic) || bytes.size() < 4)
    return bad("is no .npy file");
  bool isV1 = bytes[0] == 1;
  size_t length = isV1 ? llvm::support::endian::read16le(bytes.data() + 2)
                  : bytes.size() < 6
                      ? bytes.size()
                      : llvm::support::endian::read32le(bytes.data() + 2);
  bytes = bytes.drop_front(isV1 ? 4 : std::min<size_t>(6, bytes.size()));
  if (length > bytes.size())
    return bad("is cut off in its header");
  StringRef header = bytes.take_front(length);
  bytes = bytes.drop_front(length);

  auto descr = findValue(header, "descr"),
       order = findValue(header, "fortran_order"),
       shape = findValue(header, "shape");
  if (!descr || !order || !shape || !shape->consume_front("(") ||
      descr->size() < 2)
    return bad("has a header that is not of the .npy format");
  StringRef found = descr->drop_front().take_until(
      [&](char c) { return c == descr->front(); });
  SmallVector<std::string> expected = getDescriptions(element);
  if (!llvm::is_contained(expected, found)) {
    std::string type;
    llvm::raw_string_ostream(type) << element;
    return bad("has elements of type '" + found + "', expected " + type +
               " ('" + expected[0] + "')");
  }
  if (order->starts_with("True"))
    return bad("is in Fortran order; expected C order");

  Array array;
  SmallVector<StringRef> sizes;
  shape->take_until([](char c) { return c == ')'; }).split(sizes, ',');
  int64_t count = 1;
  for (StringRef text : sizes) {
    text = text.trim();
    int64_t size;
    if (text.empty())
      continue;
    if (text.getAsInteger(10, size) || size < 0 ||
        llvm::MulOverflow(count, size, count))
      return bad("has a header that is not of the .npy format");
    array.shape.push_back(size);
  }
  unsigned width = element.isIndex()      ? 8
                   : element.isInteger(1) ? 1
                                          : element.getIntOrFloatBitWidth() / 8;
  if (static_cast<int64_t>(bytes.size() / width) < count)
    return bad("is cut off: " + printShape(array.shape) + " needs " +
               Twine(count * width) + " bytes, found " + Twine(bytes.size()));
  array.data.assign(bytes.begin(), bytes.begin() + count * width);
  return array;
}

LogicalResult run::writeNpy(StringRef path, const Array &array, Type element) {
  std::error_code error;
  llvm::raw_fd_ostream os(path, error);
  if (error)
    return fail(path + ": " + error.message());
  std::string header = "{'descr': '" + getDescriptions(element)[0] +
                       "', 'fortran_order': False, 'shape': (";
  for (int64_t size : array.shape)
    header += std::to_string(size) + ",";
  header += "), }";
  // Magic, version and length take 10 bytes; the data starts at a multiple of
  // 64.
  header.append(63 - (10 + header.size()) % 64, ' ');
  header += '\n';
  char length[2];
  llvm::support::endian::write16le(length, header.size());
  os << kMagic << '\1' << '\0' << StringRef(length, 2) << header;
  os.write(array.data.data(), array.data.size());
  os.close();
  if (os.has_error()) {
    error = os.error();
    os.clear_error();
    return fail(path + ": " + error.message());
  }
  return success();
}
