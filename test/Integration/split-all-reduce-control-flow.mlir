// Sums whose norms stand in another region, block or function: on every rank the
// results keep their bits, and no rank receives more.

// DEFINE: %{entry} =
// DEFINE: %{run} = %commuter-run %s --entry %{entry} --compare --pipeline='builtin.module(dist-split-all-reduce)'

// REDEFINE: %{entry} = out_of_a_branch
// RUN: %{run} | FileCheck %s --check-prefixes=ONE,SAME
// REDEFINE: %{entry} = into_a_loop
// RUN: %{run} | FileCheck %s --check-prefixes=THREE,SAME
// REDEFINE: %{entry} = out_of_a_loop
// RUN: %{run} | FileCheck %s --check-prefixes=ONE,LESS
// REDEFINE: %{entry} = to_another_block
// RUN: %{run} | FileCheck %s --check-prefixes=ONE,SAME
// REDEFINE: %{entry} = calls
// RUN: %{run} | FileCheck %s --check-prefixes=TWO,LESS
// REDEFINE: %{entry} = returned
// RUN: %{run} | FileCheck %s --check-prefixes=ONE,SAME
// REDEFINE: %{entry} = begins_with_what_varies
// RUN: %{run} | FileCheck %s --check-prefixes=WHOLE,SAME

// ONE: norm rows per rank 8 2 0.250
// TWO: norm rows per rank 16 4 0.250
// THREE: norm rows per rank 24 6 0.250
// WHOLE: norm rows per rank 8 8 1.000
// SAME: bytes received per rank {{[0-9]+ [0-9]+}} 1.000
// LESS: bytes received per rank {{[0-9]+ [0-9]+}} 0.
// ONE: bit-exact on 4/4 ranks
// TWO: bit-exact on 4/4 ranks
// THREE: bit-exact on 4/4 ranks
// WHOLE: bit-exact on 4/4 ranks

dist.mesh @mesh(tp = 4)

func.func @out_of_a_branch(%x: tensor<8x16xf32>, %y: tensor<8x16xf32>, %c: i1 {dist.sharding = #dist.sharding<@mesh, []>}) -> tensor<8x16xf32> {
  %s = scf.if %c -> tensor<8x16xf32> {
    %a = dist.all_reduce %x sum over @mesh[tp] : tensor<8x16xf32>
    scf.yield %a : tensor<8x16xf32>
  } else {
    %b = dist.all_reduce %y sum over @mesh[tp] : tensor<8x16xf32>
    scf.yield %b : tensor<8x16xf32>
  }
  %n = norm.rms_norm %s eps 1.0e-06 : tensor<8x16xf32>
  return %n : tensor<8x16xf32>
}

func.func @into_a_loop(%x: tensor<8x16xf32>) -> tensor<8x16xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %s = dist.all_reduce %x sum over @mesh[tp] : tensor<8x16xf32>
  %y = scf.for %i = %c0 to %c3 step %c1 iter_args(%h = %s) -> tensor<8x16xf32> {
    %n = norm.rms_norm %h eps 1.0e-06 : tensor<8x16xf32>
    scf.yield %n : tensor<8x16xf32>
  }
  return %y : tensor<8x16xf32>
}

func.func @out_of_a_loop(%x: tensor<8x16xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>}, %m: tensor<8x16xf32>) -> tensor<8x16xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %y = scf.for %i = %c0 to %c3 step %c1 iter_args(%h = %x) -> tensor<8x16xf32> {
    %s = dist.all_reduce %m sum over @mesh[tp] : tensor<8x16xf32>
    %r = arith.addf %h, %s : tensor<8x16xf32>
    scf.yield %r : tensor<8x16xf32>
  }
  %n = norm.rms_norm %y eps 1.0e-06 : tensor<8x16xf32>
  return %n : tensor<8x16xf32>
}

func.func @to_another_block(%x: tensor<8x16xf32>) -> tensor<8x16xf32> {
  %s = dist.all_reduce %x sum over @mesh[tp] : tensor<8x16xf32>
  cf.br ^next(%s : tensor<8x16xf32>)
^next(%h: tensor<8x16xf32>):
  %n = norm.rms_norm %h eps 1.0e-06 : tensor<8x16xf32>
  return %n : tensor<8x16xf32>
}

func.func private @layer(%h: tensor<8x16xf32>, %b: tensor<8x16xf32>) -> tensor<8x16xf32> {
  %s = dist.all_reduce %b sum over @mesh[tp] : tensor<8x16xf32>
  %r, %n = norm.add_rms_norm %h, %s eps 1.0e-06 : tensor<8x16xf32>
  return %n : tensor<8x16xf32>
}
func.func @calls(%x: tensor<8x16xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>}, %a: tensor<8x16xf32>, %b: tensor<8x16xf32>) -> tensor<8x16xf32> {
  %0 = call @layer(%x, %a) : (tensor<8x16xf32>, tensor<8x16xf32>) -> tensor<8x16xf32>
  %1 = call @layer(%0, %b) : (tensor<8x16xf32>, tensor<8x16xf32>) -> tensor<8x16xf32>
  return %1 : tensor<8x16xf32>
}

func.func private @sum(%x: tensor<8x16xf32>) -> tensor<8x16xf32> {
  %s = dist.all_reduce %x sum over @mesh[tp] : tensor<8x16xf32>
  return %s : tensor<8x16xf32>
}
func.func @returned(%x: tensor<8x16xf32>) -> tensor<8x16xf32> {
  %s = call @sum(%x) : (tensor<8x16xf32>) -> tensor<8x16xf32>
  %n = norm.rms_norm %s eps 1.0e-06 : tensor<8x16xf32>
  return %n : tensor<8x16xf32>
}

func.func @begins_with_what_varies(%x: tensor<8x16xf32>, %m: tensor<8x16xf32>) -> tensor<8x16xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %y = scf.for %i = %c0 to %c3 step %c1 iter_args(%h = %x) -> tensor<8x16xf32> {
    %s = dist.all_reduce %m sum over @mesh[tp] : tensor<8x16xf32>
    %r = arith.addf %h, %s : tensor<8x16xf32>
    scf.yield %r : tensor<8x16xf32>
  }
  %n = norm.rms_norm %y eps 1.0e-06 : tensor<8x16xf32>
  return %n : tensor<8x16xf32>
}
