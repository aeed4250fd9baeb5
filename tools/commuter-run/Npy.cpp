//===- Npy.cpp ------------------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Arrays in NumPy's .npy format: versions 1 to 3 are read, 1.0 is written. See
// https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html.
//
//===----------------------------------------------------------------------===//

#include "Npy.h"
#include "../lib/Outputs.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace commuter;
using namespace commuter::run;
using namespace commuter::tools;

static constexpr StringLiteral kMagic("\x93NUMPY");

/// The `descr` that is written, then others that are read.
static SmallVector<std::string> getDescriptions(ElementType type) {
  switch (type.dtype) {
  case COMMUTER_F32:
    return {"<f4"};
  case COMMUTER_F64:
    return {"<f8"};
  case COMMUTER_F16:
    return {"<f2"};
  case COMMUTER_BF16:
    return {"<V2", "|V2", "<u2", "bfloat16"};
  case COMMUTER_F8E4M3FN:
  case COMMUTER_F8E5M2:
    return {"|V1", "<V1", "|u1", "<f1"};
  case COMMUTER_I1:
    return {"|b1"};
  default:
    break;
  }
  if (type.isIndex())
    return {"<i8"};
  unsigned bytes = type.getWidth();
  std::string order = bytes == 1 ? "|" : "<";
  std::string size = std::to_string(bytes);
  if (type.isUnsigned())
    return {order + "u" + size};
  return {order + "i" + size, order + "u" + size};
}

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

namespace {
class NpyReader {
public:
  NpyReader(StringRef path, ElementType element)
      : path(path), element(element), width(element.getWidth()) {}

  FailureOr<Array> read();

private:
  LogicalResult bad(const Twine &why) const { return fail(path + ": " + why); }
  LogicalResult badHeader() const {
    return bad("has a header that is not of the .npy format");
  }
  FailureOr<StringRef> takeHeader();
  LogicalResult readHeader(StringRef header);
  LogicalResult readShape(StringRef text);
  LogicalResult checkBooleans() const;
  FailureOr<Array> transpose() const;

  StringRef path;
  ElementType element;
  unsigned width;
  StringRef bytes; // not read yet
  std::vector<int64_t> shape;
  bool isFortranOrder = false;
};
} // namespace

/// Consumes all in front of the elements.
FailureOr<StringRef> NpyReader::takeHeader() {
  if (!bytes.consume_front(kMagic))
    return bad("is no .npy file");
  if (bytes.size() < 2)
    return bad("is cut off in its header");
  int major = bytes[0], minor = bytes[1];
  if (major < 1 || major > 3)
    return bad("has version " + Twine(major) + "." + Twine(minor) +
               " of the .npy format; expected 1, 2 or 3");
  bytes = bytes.drop_front(2);
  size_t width = major == 1 ? 2 : 4;
  if (bytes.size() < width)
    return bad("is cut off in its header");
  size_t length = major == 1 ? support::endian::read16le(bytes.data())
                             : support::endian::read32le(bytes.data());
  bytes = bytes.drop_front(width);
  if (bytes.size() < length)
    return bad("is cut off in its header");
  StringRef header = bytes.take_front(length);
  bytes = bytes.drop_front(length);
  return header;
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

LogicalResult NpyReader::readShape(StringRef text) {
  size_t end = text.find(')');
  if (!text.consume_front("(") || end == StringRef::npos)
    return badHeader();
  SmallVector<StringRef> sizes;
  text.take_front(end - 1).split(sizes, ',');
  for (auto [i, size] : enumerate(sizes)) {
    int64_t value;
    // `()` and the trailing comma of `(4,)`.
    if (size.trim().empty() && i + 1 == sizes.size())
      break;
    if (size.trim().getAsInteger(10, value) || value < 0)
      return badHeader();
    shape.push_back(value);
  }
  return success();
}

LogicalResult NpyReader::readHeader(StringRef header) {
  auto descr = findValue(header, "descr"),
       order = findValue(header, "fortran_order"),
       sizes = findValue(header, "shape");
  if (!descr || !order || !sizes || descr->empty())
    return badHeader();
  SmallVector<std::string> expected = getDescriptions(element);
  StringRef found = descr->take_until([](char c) { return c == ','; }).rtrim();
  char quote = descr->front();
  if (quote == '\'' || quote == '"')
    found = descr->drop_front().take_until([=](char c) { return c == quote; });
  if (!is_contained(expected, found)) {
    return bad("has elements of type '" + found + "', expected " +
               element.name + " ('" + expected[0] + "')");
  }
  isFortranOrder = order->starts_with("True");
  if (!isFortranOrder && !order->starts_with("False"))
    return badHeader();
  return readShape(*sizes);
}

/// A byte of neither 0 nor 1 is no i1.
LogicalResult NpyReader::checkBooleans() const {
  for (auto [i, byte] : enumerate(bytes))
    if (byte != 0 && byte != 1)
      return bad("element " + Twine(i) + " is " +
                 Twine(static_cast<unsigned>(static_cast<uint8_t>(byte))) +
                 ", which is no boolean");
  return success();
}

/// Column-major elements in row-major order.
FailureOr<Array> NpyReader::transpose() const {
  FailureOr<Array> array = allocateArray(shape, width, path);
  if (failed(array))
    return failure();
  size_t rank = shape.size();
  std::vector<int64_t> index(rank, 0), strides(rank, 1);
  for (size_t d = 1; d < rank; ++d)
    strides[d] = strides[d - 1] * shape[d - 1];
  int64_t from = 0;
  for (int64_t to = 0; to < array->size; to += width) {
    std::memcpy(array->data.get() + to, bytes.data() + from * width, width);
    for (size_t d = rank; d-- > 0;) {
      from += strides[d];
      if (++index[d] < shape[d])
        break;
      from -= index[d] * strides[d];
      index[d] = 0;
    }
  }
  return array;
}

FailureOr<Array> NpyReader::read() {
  auto buffer = readFile(path);
  if (failed(buffer))
    return failure();
  bytes = (*buffer)->getBuffer();
  FailureOr<StringRef> header = takeHeader();
  if (failed(header) || failed(readHeader(*header)))
    return failure();
  std::optional<int64_t> size = getNumBytes(shape, width);
  if (!size)
    return bad("has a shape that is too large: " + printShape(shape));
  if (static_cast<int64_t>(bytes.size()) < *size)
    return bad("is cut off: " + printShape(shape) + " needs " + Twine(*size) +
               " bytes, found " + Twine(bytes.size()));
  if (static_cast<int64_t>(bytes.size()) > *size)
    return bad("has " + Twine(bytes.size() - *size) +
               " bytes after its array of " + printShape(shape));
  if (element.dtype == COMMUTER_I1 && failed(checkBooleans()))
    return failure();
  if (isFortranOrder && shape.size() > 1)
    return transpose();
  // The elements stay in the file's buffer.
  std::shared_ptr<MemoryBuffer> owner = std::move(*buffer);
  return Array{shape, {owner, const_cast<char *>(bytes.data())}, *size};
}

FailureOr<Array> run::readNpy(StringRef path, ElementType element) {
  return NpyReader(path, element).read();
}

//===----------------------------------------------------------------------===//
// Writing
//===----------------------------------------------------------------------===//

LogicalResult run::writeNpy(StringRef file, StringRef path, const Array &array,
                            ElementType element) {
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
  support::endian::write16le(length, header.size());
  return writeFile(file, path, [&](raw_fd_ostream &os) {
    os << kMagic << '\1' << '\0' << StringRef(length, 2) << header
       << array.getBytes();
  });
}
