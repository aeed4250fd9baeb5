// RUN: %commuter-opt %s --pass-pipeline='builtin.module(builtin.module(dist-check-shardings{print-states}))' -verify-diagnostics -o /dev/null

// All calls of a function with `nested` visibility are seen from its module, if
// nothing can refer into that.

module {
  dist.mesh @mesh(dp = 8)
  // expected-remark@+1 {{argument #0: @mesh[dp]: R}}
  func.func nested @callee(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
    // expected-remark@+1 {{result #0: @mesh[dp]: R}}
    %0 = arith.addf %x, %x : tensor<4x8xf32>
    return %0 : tensor<4x8xf32>
  }
  // expected-remark@+1 {{argument #0: @mesh[dp]: R}}
  func.func @caller(%x: tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>}) -> tensor<4x8xf32> {
    // expected-remark@+1 {{result #0: @mesh[dp]: R}}
    %0 = func.call @callee(%x) : (tensor<4x8xf32>) -> tensor<4x8xf32>
    return %0 : tensor<4x8xf32>
  }
}


// A name makes the module one that others can refer into.

module @named {
  dist.mesh @mesh(dp = 8)
  // expected-remark@+1 {{argument #0: @mesh[dp]: V}}
  func.func nested @callee(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
    return %x : tensor<4x8xf32>
  }
  // expected-remark@+1 {{argument #0: @mesh[dp]: R}}
  func.func @caller(%x: tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>}) -> tensor<4x8xf32> {
    // expected-remark@+1 {{result #0: @mesh[dp]: V}}
    %0 = func.call @callee(%x) : (tensor<4x8xf32>) -> tensor<4x8xf32>
    return %0 : tensor<4x8xf32>
  }
}
