// RUN: rm -rf %t && split-file %s %t
// RUN: %commuter-run %t/main.mlir | FileCheck %s --check-prefix=MAIN
// RUN: %commuter-run %t/main.mlir --entry=other | FileCheck %s --check-prefix=OTHER
// RUN: %commuter-run %t/single.mlir | FileCheck %s --check-prefix=SINGLE
// RUN: %fails %commuter-run %t/several.mlir > %t.err
// RUN: %fails %commuter-run %t/several.mlir --entry=nobody >> %t.err
// RUN: %fails %commuter-run %t/single.mlir --entry=helper >> %t.err
// RUN: %fails %commuter-run %t/single.mlir --entry=outside >> %t.err
// RUN: %fails %commuter-run %t/private.mlir >> %t.err
// RUN: %fails %commuter-run %t/empty.mlir >> %t.err
// RUN: %fails %commuter-run %t/nested.mlir >> %t.err
// RUN: %fails %commuter-run %t/nested.mlir --entry=main >> %t.err
// RUN: FileCheck %s --check-prefix=ERROR --match-full-lines --input-file=%t.err

// Without --entry: @main, or the only public function with a body.
// MAIN: @main on 1 rank, no mesh
// OTHER: @other on 1 rank, no mesh
// SINGLE: @single on 1 rank, no mesh

// ERROR: commuter-run: error: no entry: name one of the program's public functions with --entry; it has @a, @b
// ERROR-NEXT: commuter-run: error: the program has no function @nobody; it has @a, @b
// ERROR-NEXT: commuter-run: error: @helper is private; expected a public function
// ERROR-NEXT: commuter-run: error: @outside is a declaration; expected a function with a body
// ERROR-NEXT: commuter-run: error: no entry: name one of the program's public functions with --entry; it has none
// ERROR-NEXT: commuter-run: error: no entry: name one of the program's public functions with --entry; it has none
// ERROR-NEXT: commuter-run: error: no entry: name one of the program's public functions with --entry; it has none, besides those of the module in it, which do not count
// ERROR-NEXT: commuter-run: error: the program has no function @main; it has none, besides those of the module in it, which do not count
// ERROR-NOT: {{.}}

//--- main.mlir
func.func @other() { return }
func.func @main() { return }

//--- single.mlir
func.func private @outside()
func.func private @helper() { return }
func.func @single() {
  func.call @helper() : () -> ()
  return
}

//--- nested.mlir
module {
  module {
    func.func @main() { return }
  }
}

//--- several.mlir
func.func @a() { return }
func.func @b() { return }

//--- private.mlir
func.func private @helper() { return }

//--- empty.mlir
module {}
