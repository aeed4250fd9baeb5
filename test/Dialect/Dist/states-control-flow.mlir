// RUN: %commuter-opt %s --dist-check-shardings=print-states -split-input-file -verify-diagnostics -o /dev/null

// States where functions are called and blocks are come to in several ways.

dist.mesh @mesh(dp = 2)

// The arguments of a private function are what all of its calls pass.
// expected-remark @+1 {{argument #0: @mesh[dp]: R}}
func.func private @same(%x: tensor<8xf32>) -> tensor<8xf32> {
  return %x : tensor<8xf32>
}
// expected-remark @+1 {{argument #0: @mesh[dp]: V}}
func.func private @mixed(%x: tensor<8xf32>) -> tensor<8xf32> {
  return %x : tensor<8xf32>
}
// Also where nothing comes back.
// expected-remark @+1 {{argument #0: @mesh[dp]: R}}
func.func private @sink(%x: tensor<8xf32>) {
  return
}
// Calls of itself pass what they were passed.
// expected-remark @+2 {{argument #0: @mesh[dp]: R}}
// expected-remark @+1 {{argument #1: @mesh[dp]: R}}
func.func private @recursive(%x: tensor<8xf32>, %again: i1) -> tensor<8xf32> {
  // expected-remark @+1 {{result #0: @mesh[dp]: R}}
  %y = scf.if %again -> tensor<8xf32> {
    // expected-remark @+1 {{result #0: @mesh[dp]: R}}
    %z = func.call @recursive(%x, %again) : (tensor<8xf32>, i1) -> tensor<8xf32>
    scf.yield %z : tensor<8xf32>
  } else {
    scf.yield %x : tensor<8xf32>
  }
  return %y : tensor<8xf32>
}
// Nobody calls it.
// expected-remark @+1 {{argument #0: @mesh[dp]: V}}
func.func private @unused(%x: tensor<8xf32>) {
  return
}
// A call of it may be where it is not seen: its symbol is passed on.
// expected-remark @+1 {{argument #0: @mesh[dp]: V}}
func.func private @passed(%x: tensor<8xf32>) {
  return
}
// expected-remark @+3 {{argument #0: @mesh[dp]: R}}
// expected-remark @+2 {{argument #1: @mesh[dp]: V}}
// expected-remark @+1 {{argument #2: @mesh[dp]: R}}
func.func @calls(%again: i1 {dist.sharding = #dist.sharding<@mesh, []>}, %v: tensor<8xf32>, %w: tensor<8xf32> {dist.sharding = #dist.sharding<@mesh, [{}]>}) {
  // expected-remark @+1 {{result #0: @mesh[dp]: R}}
  %0 = func.call @same(%w) : (tensor<8xf32>) -> tensor<8xf32>
  // expected-remark @+1 {{result #0: @mesh[dp]: R}}
  %1 = func.call @same(%w) : (tensor<8xf32>) -> tensor<8xf32>
  // expected-remark @+1 {{result #0: @mesh[dp]: V}}
  %2 = func.call @mixed(%w) : (tensor<8xf32>) -> tensor<8xf32>
  // expected-remark @+1 {{result #0: @mesh[dp]: V}}
  %3 = func.call @mixed(%v) : (tensor<8xf32>) -> tensor<8xf32>
  func.call @sink(%w) : (tensor<8xf32>) -> ()
  // expected-remark @+1 {{result #0: @mesh[dp]: R}}
  %4 = func.call @recursive(%w, %again) : (tensor<8xf32>, i1) -> tensor<8xf32>
  func.call @passed(%w) : (tensor<8xf32>) -> ()
  %5 = func.constant @passed : (tensor<8xf32>) -> ()
  return
}

// -----

dist.mesh @mesh(dp = 2)

// What a constant condition leaves out is not joined.
// expected-remark @+2 {{argument #0: @mesh[dp]: V}}
// expected-remark @+1 {{argument #1: @mesh[dp]: R}}
func.func @constant_conditions(%v: tensor<8xf32>, %w: tensor<8xf32> {dist.sharding = #dist.sharding<@mesh, [{}]>}) {
  // expected-remark @+1 {{result #0: @mesh[dp]: R}}
  %true = arith.constant true
  // expected-remark @+1 {{result #0: @mesh[dp]: R}}
  %0 = scf.if %true -> tensor<8xf32> {
    scf.yield %w : tensor<8xf32>
  } else {
    scf.yield %v : tensor<8xf32>
  }
  cf.cond_br %true, ^then(%w : tensor<8xf32>), ^else(%v : tensor<8xf32>)
// expected-remark @+1 {{argument #0: @mesh[dp]: R}}
^then(%a: tensor<8xf32>):
  cf.br ^end(%a : tensor<8xf32>)
// expected-remark @+1 {{argument #0: @mesh[dp]: V}}
^else(%b: tensor<8xf32>):
  cf.br ^end(%b : tensor<8xf32>)
// expected-remark @+1 {{argument #0: @mesh[dp]: R}}
^end(%c: tensor<8xf32>):
  return
}

// -----

dist.mesh @mesh(dp = 2)

// One condition that varies makes the arguments of all blocks vary, wherever it
// stands; those of another function do not.
// expected-remark @+3 {{argument #0: @mesh[dp]: V}}
// expected-remark @+2 {{argument #1: @mesh[dp]: R}}
// expected-remark @+1 {{argument #2: @mesh[dp]: R}}
func.func @blocks(%v: i1, %c: i1 {dist.sharding = #dist.sharding<@mesh, []>}, %w: tensor<8xf32> {dist.sharding = #dist.sharding<@mesh, [{}]>}) {
  cf.br ^first(%w : tensor<8xf32>)
// expected-remark @+1 {{argument #0: @mesh[dp]: V}}
^first(%a: tensor<8xf32>):
  cf.cond_br %c, ^first(%a : tensor<8xf32>), ^second(%a : tensor<8xf32>)
// expected-remark @+1 {{argument #0: @mesh[dp]: V}}
^second(%b: tensor<8xf32>):
  cf.cond_br %v, ^first(%b : tensor<8xf32>), ^end
^end:
  return
}
// expected-remark @+2 {{argument #0: @mesh[dp]: V}}
// expected-remark @+1 {{argument #1: @mesh[dp]: R}}
func.func @uniform_blocks(%n: index, %w: tensor<8xf32> {dist.sharding = #dist.sharding<@mesh, [{}]>}) {
  // expected-remark @+1 {{result #0: @mesh[dp]: R}}
  %0 = arith.constant 0 : index
  // expected-remark @+1 {{result #0: @mesh[dp]: R}}
  %c = dist.axis_size @mesh[dp] : index
  // expected-remark @+1 {{result #0: @mesh[dp]: R}}
  %more = arith.cmpi ult, %0, %c : index
  cf.br ^first(%w : tensor<8xf32>)
// expected-remark @+1 {{argument #0: @mesh[dp]: R}}
^first(%a: tensor<8xf32>):
  cf.cond_br %more, ^first(%a : tensor<8xf32>), ^end
^end:
  return
}
