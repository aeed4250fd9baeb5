// RUN: %commuter-opt %s --commuter-bf16-to-bits --split-input-file | FileCheck %s

// CHECK: llvm.mlir.global internal constant @table(dense<[16256, 16384]> : tensor<2xi16>) {{.*}}: !llvm.array<2 x i16>
llvm.mlir.global internal constant @table(dense<[1.0, 2.0]> : tensor<2xbf16>) {addr_space = 0 : i32} : !llvm.array<2 x bf16>

// CHECK-LABEL: llvm.func @loop(%{{.*}}: i16, %{{.*}}: !llvm.ptr, %{{.*}}: i1) -> i16
// CHECK: llvm.mlir.constant(16256 : i16) : i16
// CHECK: llvm.br ^bb1(%{{.*}} : i16)
// CHECK: ^bb1(%[[A:.*]]: i16):
// CHECK: llvm.load %{{.*}} : !llvm.ptr -> i16
// CHECK: llvm.select %{{.*}} : i1, i16
// CHECK: llvm.getelementptr %{{.*}} : (!llvm.ptr) -> !llvm.ptr, i16
llvm.func @loop(%x: bf16, %p: !llvm.ptr, %c: i1) -> bf16 {
  %one = llvm.mlir.constant(1.0 : bf16) : bf16
  llvm.br ^bb1(%x : bf16)
^bb1(%a: bf16):
  %y = llvm.load %p : !llvm.ptr -> bf16
  %z = llvm.select %c, %y, %one : i1, bf16
  %q = llvm.getelementptr %p[1] : (!llvm.ptr) -> !llvm.ptr, bf16
  llvm.store %a, %q : bf16, !llvm.ptr
  llvm.cond_br %c, ^bb1(%z : bf16), ^bb2
^bb2:
  llvm.return %a : bf16
}

// -----

// CHECK-LABEL: llvm.func @computes(%{{.*}}: bf16)
llvm.func @computes(%x: bf16) -> bf16 {
  %y = llvm.fadd %x, %x : bf16
  llvm.return %y : bf16
}

// -----

// CHECK: llvm.func @elsewhere(bf16)
// CHECK-LABEL: llvm.func @calls(%{{.*}}: bf16)
llvm.func @elsewhere(bf16)
llvm.func @calls(%x: bf16) {
  llvm.call @elsewhere(%x) : (bf16) -> ()
  llvm.return
}
