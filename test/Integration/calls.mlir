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
