// Loops of blocks, which are lowered once they are loops of scf: as written and after
// the motion they give the same bits.

// RUN: rm -rf %t && mkdir %t
// RUN: %commuter-opt %s --lift-cf-to-scf -o %t/1.mlir
// RUN: %commuter-opt %s --dist-commute-norms --lift-cf-to-scf -o %t/2.mlir
// RUN: %commuter-run %t/1.mlir --pipeline none --output-dir %t/1 | FileCheck %s --check-prefix=WHOLE
// RUN: %commuter-run %t/2.mlir --pipeline none --output-dir %t/2 | FileCheck %s --check-prefix=SLICES
// RUN: diff -r %t/1 %t/2

// WHOLE: norm rows per rank 48{{$}}
// SLICES: norm rows per rank 12{{$}}

dist.mesh @m(dp = 4)
!x = tensor<4x8xf32>
!g = tensor<16x8xf32>
!w = tensor<8xf32>
func.func @carried(%x: !x, %w: !w {dist.sharding = #dist.sharding<@m, [{}]>}) -> !g {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %g = dist.all_gather %x dim 0 over @m[dp] : !x -> !g
  cf.br ^bb1(%c0, %g : index, !g)
^bb1(%i: index, %a: !g):
  %n = norm.rms_norm %a scale %w eps 1.0e-6 : !g, !w
  %s = arith.addf %a, %n : !g
  %j = arith.addi %i, %c1 : index
  %more = arith.cmpi slt, %j, %c3 : index
  cf.cond_br %more, ^bb1(%j, %s : index, !g), ^bb2(%s : !g)
^bb2(%r: !g):
  return %r : !g
}
