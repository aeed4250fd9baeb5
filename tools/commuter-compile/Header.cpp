//===- Header.cpp ---------------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The C header of a model.
//
//===----------------------------------------------------------------------===//

#include "Header.h"
#include "../lib/Outputs.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace commuter;
using namespace commuter::tools;

static constexpr StringLiteral
    kFirstLine("/* Made by commuter-compile; do not edit.\n");

LogicalResult compile::checkHeader(StringRef path) {
  if (!sys::fs::is_regular_file(path))
    return success();
  auto buffer = readFile(path);
  if (failed(buffer))
    return failure();
  if (!(*buffer)->getBuffer().starts_with(kFirstLine))
    return fail(path + ": is there already, and was not made by this tool; "
                       "choose another name with --header");
  return success();
}

//===----------------------------------------------------------------------===//
// The description
//===----------------------------------------------------------------------===//

static void printSize(raw_ostream &os, int64_t size) {
  if (size < 0)
    os << '?';
  else
    os << size;
}

static void printAxes(raw_ostream &os, const commuter_model_mesh_t &mesh,
                      const commuter_model_axes_t &axes) {
  interleaveComma(ArrayRef(axes.numbers, axes.count), os,
                  [&](int32_t axis) { os << mesh.axes[axis].name; });
}

static void printMesh(raw_ostream &os, const commuter_model_mesh_t &mesh) {
  os << '@' << mesh.name << '(';
  interleaveComma(ArrayRef(mesh.axes, mesh.axis_count), os,
                  [&](const commuter_model_axis_t &axis) {
                    os << axis.name << " = ";
                    printSize(os, axis.size);
                  });
  os << ')';
}

/// As the program has it.
static void printSharding(raw_ostream &os, const commuter_model_t &model,
                          const commuter_model_sharding_t &sharding,
                          int32_t rank) {
  const commuter_model_mesh_t &mesh = model.meshes[sharding.mesh];
  os << ", #dist.sharding<@" << mesh.name << ", [";
  interleaveComma(ArrayRef(sharding.dims, rank), os,
                  [&](const commuter_model_axes_t &axes) {
                    os << '{';
                    printAxes(os, mesh, axes);
                    os << '}';
                  });
  os << ']';
  if (sharding.unreduced.count) {
    os << ", unreduced {";
    printAxes(os, mesh, sharding.unreduced);
    os << '}';
  }
  os << '>';
}

static void printValue(raw_ostream &os, const commuter_model_t &model,
                       const commuter_model_value_t &value) {
  os << value.element;
  if (!value.is_number) {
    os << '[';
    interleave(
        ArrayRef(value.sizes, value.rank), os,
        [&](int64_t size) { printSize(os, size); }, "x");
    os << ']';
  }
  if (value.sharding)
    printSharding(os, model, *value.sharding, value.rank);
  if (const commuter_model_extents_t *extents = value.extents) {
    const commuter_model_mesh_t &mesh = model.meshes[extents->mesh];
    os << ", the extents of dimension " << extents->dim << " over @"
       << mesh.name << '[';
    printAxes(os, mesh, extents->axes);
    os << ']';
  }
}

static void printDescription(raw_ostream &os, const commuter_model_t &model) {
  os << '@' << model.entry;
  for (const commuter_model_mesh_t &mesh :
       ArrayRef(model.meshes, model.mesh_count)) {
    os << (&mesh == model.meshes ? " on " : ", ");
    printMesh(os, mesh);
  }
  os << "\nPipeline: " << model.pipeline << "\nTarget: " << model.target
     << "\nDevice: " << model.device << '\n';
  auto print = [&](StringRef what, ArrayRef<commuter_model_value_t> values) {
    for (auto [i, value] : enumerate(values)) {
      os << what << ' ' << i << ": ";
      printValue(os, model, value);
      os << '\n';
    }
  };
  print("Argument", {model.arguments, size_t(model.argument_count)});
  print("Result", {model.results, size_t(model.result_count)});
}

/// The text may hold names of any characters.
static void printComment(raw_ostream &os, StringRef text) {
  SmallVector<StringRef> lines;
  text.split(lines, '\n', -1, /*KeepEmpty=*/false);
  for (StringRef line : lines) {
    SmallVector<StringRef> parts;
    line.split(parts, "*/");
    os << "   " << join(parts, "* /") << '\n';
  }
}

LogicalResult compile::writeHeader(StringRef file, StringRef path,
                                   const commuter_model_t &model,
                                   StringRef symbol) {
  std::string guard = symbol.upper() + "_H", description;
  raw_string_ostream descriptionStream(description);
  printDescription(descriptionStream, model);
  return writeFile(file, path, [&](raw_fd_ostream &os) {
    os << kFirstLine << '\n';
    printComment(os, description);
    os << "*/\n"
       << "#ifndef " << guard << "\n#define " << guard << "\n\n"
       << "#include \"commuter_model.h\"\n\n"
       << "#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n"
       << "extern const commuter_model_t " << symbol << ";\n\n"
       << "#ifdef __cplusplus\n}\n#endif\n\n"
       << "#endif /* " << guard << " */\n";
  });
}
