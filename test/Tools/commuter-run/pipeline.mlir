// RUN: rm -rf %t && split-file %s %t
// RUN: %commuter-run %t/program.mlir --pipeline=none | FileCheck %s --check-prefixes=SLOW,NONE
// RUN: %commuter-run %t/program.mlir --pipeline=commute | FileCheck %s --check-prefixes=FAST,COMMUTE
// RUN: %commuter-run %t/program.mlir --pipeline=optimize | FileCheck %s --check-prefixes=FAST,OPTIMIZE
// RUN: %commuter-run %t/program.mlir --pipeline='canonicalize,dist-commute-norms' | FileCheck %s --check-prefixes=FAST,TEXT
// RUN: %commuter-run %t/program.mlir --pipeline='builtin.module(dist-commute-norms,func.func(cse))' | FileCheck %s --check-prefixes=FAST,TEXT
// A pass on functions needs no anchor where there is none.
// RUN: %commuter-run %t/program.mlir --pipeline='math-expand-ops' | FileCheck %s --check-prefixes=SLOW,TEXT

// A text is too long for a column's head.
// NONE: {{^ +}}as written{{$}}
// COMMUTE: {{^ +}}commute{{$}}
// OPTIMIZE: {{^ +}}optimize{{$}}
// TEXT: {{^ +}}pipeline{{$}}
// SLOW: norm rows per rank 8{{$}}
// FAST: norm rows per rank 4{{$}}

// RUN: %fails %commuter-run %t/program.mlir --pipeline=optimise > %t.err
// RUN: %fails %commuter-run %t/program.mlir --pipeline=' ' >> %t.err
// RUN: %fails %commuter-run %t/program.mlir --pipeline='cse,' >> %t.err
// RUN: %fails %commuter-run %t/program.mlir --pipeline='builtin.module(cse' >> %t.err
// RUN: %fails %commuter-run %t/program.mlir --pipeline='func.func(dist-commute-norms)' >> %t.err
// RUN: %fails %commuter-run %t/program.mlir --pipeline='dist-commute-norms{no-such-option}' >> %t.err
// RUN: %fails %commuter-run %t/program.mlir --pipeline='dist-commute-norms{guard=maybe}' >> %t.err
// RUN: %fails %commuter-run %t/program.mlir --pipeline='one-shot-bufferize{bufferize-function-boundaries}' >> %t.err
// RUN: %fails %commuter-run %t/program.mlir --pipeline='commuter-lower-to-llvm' >> %t.err
// RUN: %fails %commuter-run %t/program.mlir --compare --pipeline='inline,nonsense' >> %t.err
// RUN: %fails %commuter-run %t/rejected.mlir >> %t.err
// RUN: FileCheck %s --check-prefix=ERROR --match-full-lines --input-file=%t.err

// ERROR: commuter-run: error: --pipeline optimise: 'optimise' does not refer to a registered pass or pass pipeline
// ERROR-NEXT: commuter-run: error: --pipeline  : expected none, commute, optimize or a pass pipeline
// ERROR-NEXT: commuter-run: error: --pipeline cse,: '' does not refer to a registered pass or pass pipeline
// ERROR-NEXT: commuter-run: error: --pipeline builtin.module(cse: expected pass pipeline to be wrapped with the anchor operation type, e.g. 'builtin.module(...)'
// ERROR-NEXT: commuter-run: error: --pipeline func.func(dist-commute-norms): Can't add pass 'CommuteNormsPass' restricted to 'builtin.module' on a PassManager intended to run on 'func.func', did you intend to nest?
// ERROR-NEXT: commuter-run: error: --pipeline dist-commute-norms{no-such-option}: {{.*}}no such option no-such-option
// ERROR-NEXT: {{.*}}'maybe' is invalid value for boolean argument! Try 0 or 1
// ERROR-NEXT: commuter-run: error: --pipeline dist-commute-norms{guard=maybe}: has an option of no such value
// ERROR-NEXT: commuter-run: error: --pipeline one-shot-bufferize{bufferize-function-boundaries} changes the type of @main
// ERROR-NEXT: commuter-run: error: --pipeline commuter-lower-to-llvm leaves no function @main
// ERROR-NEXT: commuter-run: error: --pipeline inline,nonsense: 'nonsense' does not refer to a registered pass or pass pipeline
// A pipeline that fails says why before.
// ERROR: {{.*}}rejected.mlir:3:8: error: 'norm.rms_norm' op is not linear, and a sum over @mesh[dp] is pending in an operand
// ERROR: commuter-run: error: --pipeline optimize failed
// ERROR-NOT: {{.}}

//--- program.mlir
dist.mesh @mesh(dp = 2)
func.func @main(%x: tensor<4x8xf32>) -> tensor<8x8xf32> {
  %g = dist.all_gather %x dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<8x8xf32>
  %n = norm.rms_norm %g eps 1.0e-06 : tensor<8x8xf32>
  return %n : tensor<8x8xf32>
}

//--- rejected.mlir
dist.mesh @mesh(dp = 2)
func.func @main(%x: tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}], unreduced {dp}>}) -> tensor<4x8xf32> {
  %n = norm.rms_norm %x eps 1.0e-06 : tensor<4x8xf32>
  return %n : tensor<4x8xf32>
}
