// RUN: %commuter-opt %s --allow-unregistered-dialect --import-stablehlo --split-input-file --verify-diagnostics

// Nobody has verified an op of a dialect that is not there: what StableHLO's own
// verifier would refuse is refused here.

// expected-error @below {{the module cannot be imported, for it has 'stablehlo.add' that is malformed}}
module {
  func.func @main(%x: tensor<8x16xf32>, %i: tensor<i32>) -> tensor<8x16xf32> {
    // expected-note @below {{see 'stablehlo.add' that is malformed}}
    %0 = "stablehlo.add"(%x) : (tensor<8x16xf32>) -> tensor<8x16xf32>
    return %0 : tensor<8x16xf32>
  }
}

// -----

// expected-error @below {{the module cannot be imported, for it has 'stablehlo.add' that is malformed}}
module {
  func.func @main(%x: tensor<8x16xf32>, %i: tensor<i32>) -> tensor<8x16xf32> {
    // expected-note @below {{see 'stablehlo.add' that is malformed}}
    %0 = "stablehlo.add"(%x, %i) : (tensor<8x16xf32>, tensor<i32>) -> tensor<8x16xf32>
    return %0 : tensor<8x16xf32>
  }
}

// -----

// expected-error @below {{the module cannot be imported, for it has 'stablehlo.negate' that is malformed}}
module {
  func.func @main(%x: tensor<8x16xf32>, %i: tensor<i32>) -> tensor<4xf32> {
    // expected-note @below {{see 'stablehlo.negate' that is malformed}}
    %0 = "stablehlo.negate"(%x) : (tensor<8x16xf32>) -> tensor<4xf32>
    return %0 : tensor<4xf32>
  }
}

// -----

// expected-error @below {{the module cannot be imported, for it has 'stablehlo.compare' that is malformed}}
module {
  func.func @main(%x: tensor<8x16xf32>, %i: tensor<i32>) -> tensor<8x16xi1> {
    // expected-note @below {{see 'stablehlo.compare' that is malformed}}
    %0 = "stablehlo.compare"(%x, %x) : (tensor<8x16xf32>, tensor<8x16xf32>) -> tensor<8x16xi1>
    return %0 : tensor<8x16xi1>
  }
}

// -----

// expected-error @below {{the module cannot be imported, for it has 'stablehlo.compare' that is malformed}}
module {
  func.func @main(%x: tensor<8x16xf32>, %i: tensor<i32>) -> tensor<8x16xi1> {
    // expected-note @below {{see 'stablehlo.compare' that is malformed}}
    %0 = "stablehlo.compare"(%x, %x) <{comparison_direction = #stablehlo<comparison_direction ABOUT>}> : (tensor<8x16xf32>, tensor<8x16xf32>) -> tensor<8x16xi1>
    return %0 : tensor<8x16xi1>
  }
}

// -----

// expected-error @below {{the module cannot be imported, for it has 'stablehlo.compare' that is malformed}}
module {
  func.func @main(%x: tensor<8x16xf32>, %i: tensor<i32>) -> tensor<8xi1> {
    // expected-note @below {{see 'stablehlo.compare' that is malformed}}
    %0 = "stablehlo.compare"(%x, %x) <{comparison_direction = #stablehlo<comparison_direction LT>}> : (tensor<8x16xf32>, tensor<8x16xf32>) -> tensor<8xi1>
    return %0 : tensor<8xi1>
  }
}

// -----

// expected-error @below {{the module cannot be imported, for it has 'stablehlo.select' that is malformed}}
module {
  func.func @main(%x: tensor<8x16xf32>, %i: tensor<i32>) -> tensor<8x16xf32> {
    // expected-note @below {{see 'stablehlo.select' that is malformed}}
    %0 = "stablehlo.select"(%x, %x, %x) : (tensor<8x16xf32>, tensor<8x16xf32>, tensor<8x16xf32>) -> tensor<8x16xf32>
    return %0 : tensor<8x16xf32>
  }
}

// -----

// expected-error @below {{the module cannot be imported, for it has 'stablehlo.clamp' that is malformed}}
module {
  func.func @main(%x: tensor<8x16xf32>, %i: tensor<i32>) -> tensor<8x16xf32> {
    // expected-note @below {{see 'stablehlo.clamp' that is malformed}}
    %0 = "stablehlo.clamp"(%i, %x, %x) : (tensor<i32>, tensor<8x16xf32>, tensor<8x16xf32>) -> tensor<8x16xf32>
    return %0 : tensor<8x16xf32>
  }
}

// -----

// expected-error @below {{the module cannot be imported, for it has 'stablehlo.is_finite' that is malformed}}
module {
  func.func @main(%x: tensor<8x16xf32>, %i: tensor<i32>) -> tensor<i1> {
    // expected-note @below {{see 'stablehlo.is_finite' that is malformed}}
    %0 = "stablehlo.is_finite"(%i) : (tensor<i32>) -> tensor<i1>
    return %0 : tensor<i1>
  }
}

// -----

// expected-error @below {{the module cannot be imported, for it has 'stablehlo.convert' that is malformed}}
module {
  func.func @main(%x: tensor<8x16xf32>, %i: tensor<i32>) -> tensor<4xi32> {
    // expected-note @below {{see 'stablehlo.convert' that is malformed}}
    %0 = "stablehlo.convert"(%x) : (tensor<8x16xf32>) -> tensor<4xi32>
    return %0 : tensor<4xi32>
  }
}

// -----

// expected-error @below {{the module cannot be imported, for it has 'stablehlo.constant' that is malformed}}
module {
  func.func @main(%x: tensor<8x16xf32>, %i: tensor<i32>) -> tensor<8x16xf32> {
    // expected-note @below {{see 'stablehlo.constant' that is malformed}}
    %0 = "stablehlo.constant"() <{value = dense<1.0> : tensor<4xf32>}> : () -> tensor<8x16xf32>
    return %0 : tensor<8x16xf32>
  }
}

// -----

// expected-error @below {{the module cannot be imported, for it has 'stablehlo.iota' that is malformed}}
module {
  func.func @main(%x: tensor<8x16xf32>, %i: tensor<i32>) -> tensor<8x16xf32> {
    // expected-note @below {{see 'stablehlo.iota' that is malformed}}
    %0 = "stablehlo.iota"() <{iota_dimension = 2 : i64}> : () -> tensor<8x16xf32>
    return %0 : tensor<8x16xf32>
  }
}

// -----

// expected-error @below {{the module cannot be imported, for it has 'stablehlo.broadcast_in_dim' that is malformed}}
module {
  func.func @main(%x: tensor<8x16xf32>, %i: tensor<i32>) -> tensor<8x16xf32> {
    // expected-note @below {{see 'stablehlo.broadcast_in_dim' that is malformed}}
    %0 = "stablehlo.broadcast_in_dim"(%x) <{broadcast_dimensions = array<i64: 0, 0>}> : (tensor<8x16xf32>) -> tensor<8x16xf32>
    return %0 : tensor<8x16xf32>
  }
}

// -----

// expected-error @below {{the module cannot be imported, for it has 'stablehlo.broadcast_in_dim' that is malformed}}
module {
  func.func @main(%x: tensor<8x16xf32>, %i: tensor<i32>) -> tensor<9x16xf32> {
    // expected-note @below {{see 'stablehlo.broadcast_in_dim' that is malformed}}
    %0 = "stablehlo.broadcast_in_dim"(%x) <{broadcast_dimensions = array<i64: 0, 1>}> : (tensor<8x16xf32>) -> tensor<9x16xf32>
    return %0 : tensor<9x16xf32>
  }
}

// -----

// expected-error @below {{the module cannot be imported, for it has 'stablehlo.broadcast_in_dim' that is malformed}}
module {
  func.func @main(%x: tensor<8x16xf32>, %i: tensor<i32>) -> tensor<8x16xf32> {
    // expected-note @below {{see 'stablehlo.broadcast_in_dim' that is malformed}}
    %0 = "stablehlo.broadcast_in_dim"(%x) <{broadcast_dimensions = array<i64: 0, 7>}> : (tensor<8x16xf32>) -> tensor<8x16xf32>
    return %0 : tensor<8x16xf32>
  }
}

// -----

// expected-error @below {{the module cannot be imported, for it has 'stablehlo.reshape' that is malformed}}
module {
  func.func @main(%x: tensor<8x16xf32>, %i: tensor<i32>) -> tensor<9xf32> {
    // expected-note @below {{see 'stablehlo.reshape' that is malformed}}
    %0 = "stablehlo.reshape"(%x) : (tensor<8x16xf32>) -> tensor<9xf32>
    return %0 : tensor<9xf32>
  }
}

// -----

// expected-error @below {{the module cannot be imported, for it has 'stablehlo.transpose' that is malformed}}
module {
  func.func @main(%x: tensor<8x16xf32>, %i: tensor<i32>) -> tensor<8x16xf32> {
    // expected-note @below {{see 'stablehlo.transpose' that is malformed}}
    %0 = "stablehlo.transpose"(%x) <{permutation = array<i64: 1, 0>}> : (tensor<8x16xf32>) -> tensor<8x16xf32>
    return %0 : tensor<8x16xf32>
  }
}

// -----

// expected-error @below {{the module cannot be imported, for it has 'stablehlo.slice' that is malformed}}
module {
  func.func @main(%x: tensor<8x16xf32>, %i: tensor<i32>) -> tensor<9x16xf32> {
    // expected-note @below {{see 'stablehlo.slice' that is malformed}}
    %0 = "stablehlo.slice"(%x) <{start_indices = array<i64: 0, 0>, limit_indices = array<i64: 9, 16>, strides = array<i64: 1, 1>}> : (tensor<8x16xf32>) -> tensor<9x16xf32>
    return %0 : tensor<9x16xf32>
  }
}

// -----

// expected-error @below {{the module cannot be imported, for it has 'stablehlo.slice' that is malformed}}
module {
  func.func @main(%x: tensor<8x16xf32>, %i: tensor<i32>) -> tensor<8x16xf32> {
    // expected-note @below {{see 'stablehlo.slice' that is malformed}}
    %0 = "stablehlo.slice"(%x) <{start_indices = array<i64: 0>, limit_indices = array<i64: 8>, strides = array<i64: 1>}> : (tensor<8x16xf32>) -> tensor<8x16xf32>
    return %0 : tensor<8x16xf32>
  }
}

// -----

// expected-error @below {{the module cannot be imported, for it has 'stablehlo.slice' that is malformed}}
module {
  func.func @main(%x: tensor<8x16xf32>, %i: tensor<i32>) -> tensor<8x16xf32> {
    // expected-note @below {{see 'stablehlo.slice' that is malformed}}
    %0 = "stablehlo.slice"(%x) <{start_indices = array<i64: 0, 0>, limit_indices = array<i64: 8, 16>, strides = array<i64: 0, 1>}> : (tensor<8x16xf32>) -> tensor<8x16xf32>
    return %0 : tensor<8x16xf32>
  }
}

// -----

// expected-error @below {{the module cannot be imported, for it has 'stablehlo.dynamic_slice' that is malformed}}
module {
  func.func @main(%x: tensor<8x16xf32>, %i: tensor<i32>) -> tensor<8x16xf32> {
    // expected-note @below {{see 'stablehlo.dynamic_slice' that is malformed}}
    %0 = "stablehlo.dynamic_slice"(%x, %i) <{slice_sizes = array<i64: 8, 16>}> : (tensor<8x16xf32>, tensor<i32>) -> tensor<8x16xf32>
    return %0 : tensor<8x16xf32>
  }
}

// -----

// expected-error @below {{the module cannot be imported, for it has 'stablehlo.dynamic_slice' that is malformed}}
module {
  func.func @main(%x: tensor<8x16xf32>, %i: tensor<i32>) -> tensor<9x16xf32> {
    // expected-note @below {{see 'stablehlo.dynamic_slice' that is malformed}}
    %0 = "stablehlo.dynamic_slice"(%x, %i, %i) <{slice_sizes = array<i64: 9, 16>}> : (tensor<8x16xf32>, tensor<i32>, tensor<i32>) -> tensor<9x16xf32>
    return %0 : tensor<9x16xf32>
  }
}

// -----

// expected-error @below {{the module cannot be imported, for it has 'stablehlo.dynamic_update_slice' that is malformed}}
module {
  func.func @main(%x: tensor<8x16xf32>, %i: tensor<i32>) -> tensor<8x16xf32> {
    // expected-note @below {{see 'stablehlo.dynamic_update_slice' that is malformed}}
    %0 = "stablehlo.dynamic_update_slice"(%x, %x, %i) : (tensor<8x16xf32>, tensor<8x16xf32>, tensor<i32>) -> tensor<8x16xf32>
    return %0 : tensor<8x16xf32>
  }
}

// -----

// expected-error @below {{the module cannot be imported, for it has 'stablehlo.concatenate' that is malformed}}
module {
  func.func @main(%x: tensor<8x16xf32>, %i: tensor<i32>) -> tensor<8x16xf32> {
    // expected-note @below {{see 'stablehlo.concatenate' that is malformed}}
    %0 = "stablehlo.concatenate"(%x, %x) <{dimension = 0 : i64}> : (tensor<8x16xf32>, tensor<8x16xf32>) -> tensor<8x16xf32>
    return %0 : tensor<8x16xf32>
  }
}

// -----

// expected-error @below {{the module cannot be imported, for it has 'stablehlo.concatenate' that is malformed}}
module {
  func.func @main(%x: tensor<8x16xf32>, %i: tensor<i32>) -> tensor<8x16xf32> {
    // expected-note @below {{see 'stablehlo.concatenate' that is malformed}}
    %0 = "stablehlo.concatenate"() <{dimension = 0 : i64}> : () -> tensor<8x16xf32>
    return %0 : tensor<8x16xf32>
  }
}

// -----

// expected-error @below {{the module cannot be imported, for it has 'stablehlo.pad' that is malformed}}
module {
  func.func @main(%x: tensor<8x16xf32>, %i: tensor<i32>) -> tensor<8x16xf32> {
    // expected-note @below {{see 'stablehlo.pad' that is malformed}}
    %0 = "stablehlo.pad"(%x, %i) <{edge_padding_low = array<i64: 0, 0>, edge_padding_high = array<i64: 0, 0>, interior_padding = array<i64: 0, 0>}> : (tensor<8x16xf32>, tensor<i32>) -> tensor<8x16xf32>
    return %0 : tensor<8x16xf32>
  }
}

// -----

// expected-error @below {{the module cannot be imported, for it has 'stablehlo.reduce' that is malformed}}
module {
  func.func @main(%x: tensor<8x16xf32>, %i: tensor<i32>) -> tensor<8x16xf32> {
    // expected-note @below {{see 'stablehlo.reduce' that is malformed}}
    %0 = "stablehlo.reduce"(%x, %x) : (tensor<8x16xf32>, tensor<8x16xf32>) -> tensor<8x16xf32>
    return %0 : tensor<8x16xf32>
  }
}

// -----

// expected-error @below {{the module cannot be imported, for it has 'stablehlo.dot_general' that is malformed}}
module {
  func.func @main(%x: tensor<8x16xf32>, %i: tensor<i32>) -> tensor<8x16xf32> {
    // expected-note @below {{see 'stablehlo.dot_general' that is malformed}}
    %0 = "stablehlo.dot_general"(%x, %x) <{dot_dimension_numbers = #stablehlo.dot<lhs_contracting_dimensions = [1], rhs_contracting_dimensions = [0]>}> : (tensor<8x16xf32>, tensor<8x16xf32>) -> tensor<8x16xf32>
    return %0 : tensor<8x16xf32>
  }
}

// -----

// expected-error @below {{the module cannot be imported, for it has 'stablehlo.dot_general' that is malformed}}
module {
  func.func @main(%x: tensor<8x16xf32>, %i: tensor<i32>) -> tensor<8x16xf32> {
    // expected-note @below {{see 'stablehlo.dot_general' that is malformed}}
    %0 = "stablehlo.dot_general"(%x, %x) <{dot_dimension_numbers = #stablehlo.dot<lhs_contracting_dimensions = [1, 1], rhs_contracting_dimensions = [1, 0]>}> : (tensor<8x16xf32>, tensor<8x16xf32>) -> tensor<8x16xf32>
    return %0 : tensor<8x16xf32>
  }
}

// -----

// expected-error @below {{the module cannot be imported, for it has 'stablehlo.dot_general' that is malformed}}
module {
  func.func @main(%x: tensor<8x16xf32>, %i: tensor<i32>) -> tensor<8x16xf32> {
    // expected-note @below {{see 'stablehlo.dot_general' that is malformed}}
    %0 = "stablehlo.dot_general"(%x, %x) <{dot_dimension_numbers = #stablehlo.dot<lhs_contracting_dimensions = [5], rhs_contracting_dimensions = [5]>}> : (tensor<8x16xf32>, tensor<8x16xf32>) -> tensor<8x16xf32>
    return %0 : tensor<8x16xf32>
  }
}

// -----

// expected-error @below {{the module cannot be imported, for it has 'stablehlo.dot_general' that is malformed}}
module {
  func.func @main(%x: tensor<8x16xf32>, %i: tensor<i32>) -> tensor<8x16xf32> {
    // expected-note @below {{see 'stablehlo.dot_general' that is malformed}}
    %0 = "stablehlo.dot_general"(%x, %x) <{dot_dimension_numbers = "?"}> : (tensor<8x16xf32>, tensor<8x16xf32>) -> tensor<8x16xf32>
    return %0 : tensor<8x16xf32>
  }
}

// -----

// expected-error @below {{the module cannot be imported, for it has 'stablehlo.replica_id' that is malformed}}
module {
  func.func @main(%x: tensor<8x16xf32>, %i: tensor<i32>) -> tensor<i32> {
    // expected-note @below {{see 'stablehlo.replica_id' that is malformed}}
    %0 = "stablehlo.replica_id"() : () -> tensor<i32>
    return %0 : tensor<i32>
  }
}

// -----

// expected-error @below {{the module cannot be imported, for it has 'stablehlo.composite' that is malformed}}
module {
  func.func @main(%x: tensor<8x16xf32>, %i: tensor<i32>) -> tensor<8x16xf32> {
    // expected-note @below {{see 'stablehlo.composite' that is malformed}}
    %0 = "stablehlo.composite"(%x) <{decomposition = @f}> : (tensor<8x16xf32>) -> tensor<8x16xf32>
    return %0 : tensor<8x16xf32>
  }
  func.func private @f() {
    return
  }
}

// -----

// The body gives a value of another type.
// expected-error @below {{the module cannot be imported, for it has 'stablehlo.while' that is malformed}}
module {
  func.func @main(%x: tensor<i32>) -> tensor<i32> {
    // expected-note @below {{see 'stablehlo.while' that is malformed}}
    %0 = "stablehlo.while"(%x) ({
    ^bb0(%i: tensor<i32>):
      %c = "stablehlo.compare"(%i, %i) <{comparison_direction = #stablehlo<comparison_direction LT>}> : (tensor<i32>, tensor<i32>) -> tensor<i1>
      "stablehlo.return"(%c) : (tensor<i1>) -> ()
    }, {
    ^bb0(%i: tensor<i32>):
      %f = "stablehlo.convert"(%i) : (tensor<i32>) -> tensor<f32>
      "stablehlo.return"(%f) : (tensor<f32>) -> ()
    }) : (tensor<i32>) -> tensor<i32>
    return %0 : tensor<i32>
  }
}

// -----

// The result has another shape than the indices.
// expected-error @below {{the module cannot be imported, for it has 'stablehlo.gather' that is malformed}}
module {
  func.func @main(%t: tensor<48x16xf32>, %i: tensor<3x1xi32>) -> tensor<4x16xf32> {
    // expected-note @below {{see 'stablehlo.gather' that is malformed}}
    %0 = "stablehlo.gather"(%t, %i) <{dimension_numbers = #stablehlo.gather<offset_dims = [1], collapsed_slice_dims = [0], start_index_map = [0], index_vector_dim = 1>, indices_are_sorted = false, slice_sizes = array<i64: 1, 16>}> : (tensor<48x16xf32>, tensor<3x1xi32>) -> tensor<4x16xf32>
    return %0 : tensor<4x16xf32>
  }
}

// -----

// A dimension that neither has.
// expected-error @below {{the module cannot be imported, for it has 'stablehlo.gather' that is malformed}}
module {
  func.func @main(%t: tensor<48x16xf32>, %i: tensor<3x1xi32>) -> tensor<3x16xf32> {
    // expected-note @below {{see 'stablehlo.gather' that is malformed}}
    %0 = "stablehlo.gather"(%t, %i) <{dimension_numbers = #stablehlo.gather<offset_dims = [7], collapsed_slice_dims = [0], start_index_map = [0], index_vector_dim = 1>, indices_are_sorted = false, slice_sizes = array<i64: 1, 16>}> : (tensor<48x16xf32>, tensor<3x1xi32>) -> tensor<3x16xf32>
    return %0 : tensor<3x16xf32>
  }
}
