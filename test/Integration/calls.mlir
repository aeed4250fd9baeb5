// What is gathered goes through functions as slices, with the same bits.

// RUN: %commuter-run %s --entry main --compare --pipeline commute | FileCheck %s --check-prefixes=ROWS,EXACT
// RUN: %commuter-run %s --entry main --compare | FileCheck %s --check-prefixes=ROWS,EXACT

// A norm of own rows, and four of all: a loop of two turns calls one function twice
// in each.
// ROWS: norm rows per rank 136 40 0.294
// EXACT: 2 results: bit-exact on 4/4 ranks

// What the states were before one motion is not what the next one asks.
// RUN: %commuter-run %s --entry twice --compare --pipeline dist-commute-norms,dist-commute-norms | FileCheck %s --check-prefix=EXACT

// A function that is called through its address may be called by some ranks only.
// RUN: %commuter-run %s --entry by_address --compare --pipeline commute | FileCheck %s --check-prefix=STAYS
// STAYS: norm rows per rank {{[0-9.]+ [0-9.]+}} 1.000
// STAYS: 1 result: bit-exact on 4/4 ranks

// The first call passes what is the same on all ranks, the second what is gathered.
// RUN: %commuter-run %s --entry gathered_late --compare --pipeline commute | FileCheck %s --check-prefix=LATE
// LATE: norm rows per rank 64 16 0.250
// LATE: 2 results: bit-exact on 4/4 ranks

// Ragged rows: extents go with what they cut, into one function and out of another.
// It is called with two kinds of rows; @unlike passes extents that cut nothing.
// RUN: %commuter-run %s --entry ragged --compare --extent 0.0=3,0,5,1 --extent 1.0=0,2,2,9 | FileCheck %s --check-prefix=RAGGED
// RUN: %commuter-run %s --entry ragged --compare --extent 0.0=0 --extent 1.0=1 | FileCheck %s --check-prefix=RAGGED
// RUN: %commuter-run %s --entry unlike --compare --extent 0.0=3,0,5,1 | FileCheck %s --check-prefix=UNLIKE
// RAGGED: norm rows per rank {{[0-9]+}} {{[0-9]+}} 0.{{[0-9]+}}
// RAGGED: 3 results: bit-exact on 4/4 ranks
// UNLIKE: norm rows per rank {{[0-9.]+ [0-9.]+}} 1.000
// UNLIKE: 1 result: bit-exact on 4/4 ranks

dist.mesh @mesh(dp = 4)

func.func private @boundary(%h: tensor<8x24xbf16>) -> tensor<32x24xbf16> {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<8x24xbf16> -> tensor<32x24xbf16>
  return %g : tensor<32x24xbf16>
}

func.func private @normalize(%x: tensor<32x24xbf16>, %w: tensor<24xbf16>) -> (tensor<32x24xbf16>, tensor<32x24xbf16>) {
  %s = arith.addf %x, %x : tensor<32x24xbf16>
  %n = norm.rms_norm %s scale %w eps 1.0e-06 : tensor<32x24xbf16>, tensor<24xbf16>
  return %n, %s : tensor<32x24xbf16>, tensor<32x24xbf16>
}

func.func @main(%h: tensor<8x24xbf16> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>},
                %w: tensor<24xbf16> {dist.sharding = #dist.sharding<@mesh, [{}]>})
    -> (tensor<32x24xbf16> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>},
        tensor<8x24xbf16> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>}) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %l = norm.layer_norm %h scale %w eps 1.0e-05 : tensor<8x24xbf16>, tensor<24xbf16>
  %g = call @boundary(%l) : (tensor<8x24xbf16>) -> tensor<32x24xbf16>
  %r = scf.for %i = %c0 to %c2 step %c1 iter_args(%x = %g) -> tensor<32x24xbf16> {
    %n, %s = func.call @normalize(%x, %w) : (tensor<32x24xbf16>, tensor<24xbf16>) -> (tensor<32x24xbf16>, tensor<32x24xbf16>)
    %m, %t = func.call @normalize(%n, %w) : (tensor<32x24xbf16>, tensor<24xbf16>) -> (tensor<32x24xbf16>, tensor<32x24xbf16>)
    %a = arith.addf %m, %s : tensor<32x24xbf16>
    scf.yield %a : tensor<32x24xbf16>
  }
  %own = dist.all_slice %r dim 0 over @mesh[dp] : tensor<32x24xbf16> -> tensor<8x24xbf16>
  return %r, %own : tensor<32x24xbf16>, tensor<8x24xbf16>
}

func.func private @two(%x: tensor<32x8xf32>, %u: tensor<2x8xf32>) -> (tensor<32x8xf32>, tensor<8x8xf32>) {
  %n = norm.rms_norm %x eps 1.0e-06 : tensor<32x8xf32>
  %own = dist.all_slice %x dim 0 over @mesh[dp] : tensor<32x8xf32> -> tensor<8x8xf32>
  %g = dist.all_gather %u dim 0 over @mesh[dp] : tensor<2x8xf32> -> tensor<8x8xf32>
  %s = arith.addf %own, %g : tensor<8x8xf32>
  %m = norm.rms_norm %s eps 1.0e-06 : tensor<8x8xf32>
  return %n, %m : tensor<32x8xf32>, tensor<8x8xf32>
}

func.func @twice(%h: tensor<8x8xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>}, %u: tensor<2x8xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>}) -> (tensor<32x8xf32>, tensor<8x8xf32>) {
  %x = dist.all_gather %h dim 0 over @mesh[dp] : tensor<8x8xf32> -> tensor<32x8xf32>
  %a, %b = call @two(%x, %u) : (tensor<32x8xf32>, tensor<2x8xf32>) -> (tensor<32x8xf32>, tensor<8x8xf32>)
  return %a, %b : tensor<32x8xf32>, tensor<8x8xf32>
}

func.func private @leaf(%x: tensor<8x8xf32>) -> tensor<32x8xf32> {
  %g = dist.all_gather %x dim 0 over @mesh[dp] : tensor<8x8xf32> -> tensor<32x8xf32>
  %n = norm.rms_norm %g eps 1.0e-06 : tensor<32x8xf32>
  return %n : tensor<32x8xf32>
}

func.func @by_address(%h: tensor<8x8xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>}) -> tensor<32x8xf32> {
  %f = func.constant @leaf : (tensor<8x8xf32>) -> tensor<32x8xf32>
  %i = dist.axis_index @mesh[dp] : index
  %c0 = arith.constant 0 : index
  %b = arith.cmpi eq, %i, %c0 : index
  %r = scf.if %b -> tensor<32x8xf32> {
    %q = func.call_indirect %f(%h) : (tensor<8x8xf32>) -> tensor<32x8xf32>
    scf.yield %q : tensor<32x8xf32>
  } else {
    %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<8x8xf32> -> tensor<32x8xf32>
    scf.yield %g : tensor<32x8xf32>
  }
  return %r : tensor<32x8xf32>
}

!rows = tensor<?x24xbf16>
!extents = tensor<4xindex>

func.func private @gather(%c: !extents, %x: !rows) -> !rows {
  %g = dist.all_gather %x dim 0 extents %c over @mesh[dp] : !rows, !extents -> !rows
  return %g : !rows
}

func.func private @add_and_normalize(%x: !rows, %c: !extents) -> (!rows, index) {
  %c0 = arith.constant 0 : index
  %s = arith.addf %x, %x : !rows
  %n = norm.rms_norm %s eps 1.0e-06 : !rows
  %d = tensor.dim %n, %c0 : !rows
  return %n, %d : !rows, index
}

func.func @ragged(%h: !rows {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>},
                  %r: !rows {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>}) -> (!rows, !rows, tensor<1xindex>) {
  %c0 = arith.constant 0 : index
  %m = tensor.dim %h, %c0 : !rows
  %n = tensor.dim %r, %c0 : !rows
  %c = dist.exchange_extents %m over @mesh[dp] : !extents
  %d = dist.exchange_extents %n over @mesh[dp] : !extents
  %g = call @gather(%c, %h) : (!extents, !rows) -> !rows
  %q = call @gather(%d, %r) : (!extents, !rows) -> !rows
  %a, %i = call @add_and_normalize(%g, %c) : (!rows, !extents) -> (!rows, index)
  %b, %j = call @add_and_normalize(%q, %d) : (!rows, !extents) -> (!rows, index)
  %k = arith.subi %i, %j : index
  %t = tensor.from_elements %k : tensor<1xindex>
  return %a, %b, %t : !rows, !rows, tensor<1xindex>
}

func.func private @normalize_unlike(%x: !rows, %c: !extents) -> !rows {
  %n = norm.rms_norm %x eps 1.0e-06 : !rows
  return %n : !rows
}

// The first call alone would do; the second passes the extents of other rows.
func.func @unlike(%h: !rows {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>}) -> !rows {
  %c0 = arith.constant 0 : index
  %m = tensor.dim %h, %c0 : !rows
  %n = arith.addi %m, %m : index
  %c = dist.exchange_extents %m over @mesh[dp] : !extents
  %d = dist.exchange_extents %n over @mesh[dp] : !extents
  %g = dist.all_gather %h dim 0 extents %c over @mesh[dp] : !rows, !extents -> !rows
  %a = call @normalize_unlike(%g, %c) : (!rows, !extents) -> !rows
  %b = call @normalize_unlike(%g, %d) : (!rows, !extents) -> !rows
  %s = arith.addf %a, %b : !rows
  return %s : !rows
}

func.func private @norm(%x: tensor<32x24xbf16>) -> tensor<32x24xbf16> {
  %n = norm.rms_norm %x eps 1.0e-06 : tensor<32x24xbf16>
  return %n : tensor<32x24xbf16>
}

func.func @gathered_late(%y: tensor<32x24xbf16> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>}, %x: tensor<8x24xbf16>) -> (tensor<8x24xbf16>, tensor<32x24xbf16>) {
  %m = call @norm(%y) : (tensor<32x24xbf16>) -> tensor<32x24xbf16>
  %o = dist.all_slice %m dim 0 over @mesh[dp] : tensor<32x24xbf16> -> tensor<8x24xbf16>
  %g = dist.all_gather %x dim 0 over @mesh[dp] : tensor<8x24xbf16> -> tensor<32x24xbf16>
  %n = call @norm(%g) : (tensor<32x24xbf16>) -> tensor<32x24xbf16>
  return %o, %n : tensor<8x24xbf16>, tensor<32x24xbf16>
}
