// What a header says of arguments and results of every kind, and that it is C and C++.

// RUN: rm -rf %t && mkdir %t
// RUN: %commuter-compile %s --entry=values -o %t/values.o
// RUN: FileCheck %s --check-prefix=VALUES --match-full-lines --strict-whitespace --input-file=%t/values.h
// RUN: cc -std=c99 -Wall -Wextra -Werror -pedantic -I%runtime-include -x c -fsyntax-only %t/values.h
// RUN: c++ -std=c++11 -Wall -Wextra -Werror -pedantic -I%runtime-include -x c++ -fsyntax-only %t/values.h

//      VALUES:/* Made by commuter-compile; do not edit.
// VALUES-EMPTY:
// VALUES-NEXT:   @values on @mesh(dp = 2, tp = 2), @other(x = ?)
// VALUES-NEXT:   Pipeline: optimize
// VALUES-NEXT:   Target: {{[^ ]+ [^ ]+}}
// VALUES-NEXT:   Device: cpu
// VALUES-NEXT:   Argument 0: bf16[4x?], #dist.sharding<@mesh, [{dp, tp}, {}]>
// VALUES-NEXT:   Argument 1: f8E4M3FN[4], #dist.sharding<@mesh, [{}], unreduced {tp}>
// VALUES-NEXT:   Argument 2: index[4], the extents of dimension 1 over @mesh[tp, dp]
// VALUES-NEXT:   Argument 3: i1
// VALUES-NEXT:   Argument 4: ui8[]
// VALUES-NEXT:   Result 0: bf16[4x?]
// VALUES-NEXT:   Result 1: i1
// VALUES-NEXT:*/
// VALUES-NEXT:#ifndef COMMUTER_MODEL_VALUES_H
// VALUES-NEXT:#define COMMUTER_MODEL_VALUES_H
// VALUES-EMPTY:
// VALUES-NEXT:#include "commuter_model.h"
// VALUES-EMPTY:
// VALUES-NEXT:#ifdef __cplusplus
// VALUES-NEXT:extern "C" {
// VALUES-NEXT:#endif
// VALUES-EMPTY:
// VALUES-NEXT:extern const commuter_model_t commuter_model_values;
// VALUES-EMPTY:
// VALUES-NEXT:#ifdef __cplusplus
// VALUES-NEXT:}
// VALUES-NEXT:#endif
// VALUES-EMPTY:
// VALUES-NEXT:#endif /* COMMUTER_MODEL_VALUES_H */

// The only names that an object gives are the model's, and it runs nothing by
// itself; whatever the program's own names are.
// RUN: llvm-nm --defined-only --extern-only %t/values.o | FileCheck %s --check-prefix=NAMES
// NAMES: V commuter_model{{$}}
// NAMES-NEXT: commuter_model_values{{$}}
// NAMES-NOT: {{.}}
// RUN: llvm-readelf --sections %t/values.o | FileCheck %s --check-prefix=SECTIONS --implicit-check-not=init_array --implicit-check-not=ctors
// SECTIONS: .text
// RUN: %commuter-compile %s --entry="odd name" -o %t/odd.o
// RUN: llvm-nm --defined-only --extern-only %t/odd.o | FileCheck %s --check-prefix=ODD
// RUN: grep '@odd name' %t/odd.h
// RUN: %commuter-compile %s --entry=commuter_model_main --name=main -o %t/taken.so
// RUN: llvm-nm -D --defined-only --extern-only %t/taken.so | FileCheck %s --check-prefix=TAKEN
// RUN: %commuter-run %t/taken.so --axis x=4 | FileCheck %s --check-prefix=EXECUTED
// ODD: commuter_model_odd_name
// TAKEN: commuter_model{{$}}
// TAKEN-NEXT: commuter_model_main{{$}}
// TAKEN-NOT: {{.}}
// EXECUTED: @commuter_model_main on 4 ranks
// RUN: %commuter-compile %s --entry="*/ a syntax error" -o %t/comment.o
// RUN: cc -std=c99 -Wall -Wextra -Werror -pedantic -I%runtime-include -x c -fsyntax-only %t/comment.h

dist.mesh @mesh(dp = 2, tp = 2)
dist.mesh @other(x = ?)

func.func @values(
    %x: tensor<4x?xbf16> {dist.sharding = #dist.sharding<@mesh, [{dp, tp}, {}]>},
    %q: tensor<4xf8E4M3FN> {dist.sharding = #dist.sharding<@mesh, [{}], unreduced {tp}>},
    %e: tensor<4xindex>, %b: i1, %u: tensor<ui8>) -> (tensor<4x?xbf16>, i1) {
  %g = dist.all_gather %x dim 1 extents %e over @mesh[tp, dp] : tensor<4x?xbf16>, tensor<4xindex> -> tensor<4x?xbf16>
  return %g, %b : tensor<4x?xbf16>, i1
}

func.func @numbers(%i: i32, %f: f16, %x: tensor<3xf64>, %b: i1) -> (i1, f16, tensor<3xf64>, i32) {
  %c1 = arith.constant 1 : i32
  %j = arith.addi %i, %c1 : i32
  return %b, %f, %x, %j : i1, f16, tensor<3xf64>, i32
}

func.func @number(%f: bf16) -> bf16 {
  %g = arith.addf %f, %f : bf16
  return %g : bf16
}

func.func @halves(%x: tensor<2x5xf16>, %y: tensor<2x5xbf16>) -> (tensor<4x5xf16>, tensor<2x5xbf16>) {
  %e = math.exp %x : tensor<2x5xf16>
  %g = dist.all_gather %e dim 0 over @mesh[tp] : tensor<2x5xf16> -> tensor<4x5xf16>
  %s = dist.all_reduce %y sum over @mesh[dp] : tensor<2x5xbf16>
  return %g, %s : tensor<4x5xf16>, tensor<2x5xbf16>
}

func.func @"odd name"(%x: tensor<4xi8>) -> tensor<4xi8> {
  return %x : tensor<4xi8>
}

func.func @commuter_model_main(%x: tensor<4xi8>) -> tensor<4xi8> {
  return %x : tensor<4xi8>
}

func.func @"*/ a syntax error"(%x: tensor<4xi8>) -> tensor<4xi8> {
  return %x : tensor<4xi8>
}
