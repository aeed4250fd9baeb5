// RUN: %commuter-opt %s --allow-unregistered-dialect --import-stablehlo --split-input-file --verify-diagnostics

// One error names all that is lacking, with the first place of each.

// expected-error @below {{the module cannot be imported, for it has 'stablehlo.sort'; 'stablehlo.custom_call' @my_kernel; 'stablehlo.convert' of tensor<8x16xf8E4M3FN>}}
module {
  func.func @main(%x: tensor<8x16xf32>) -> tensor<8x16xf32> {
    // expected-note @below {{see 'stablehlo.sort'}}
    %0 = "stablehlo.sort"(%x) ({
    ^bb0(%a: tensor<f32>, %b: tensor<f32>):
      %c = "stablehlo.compare"(%a, %b) <{comparison_direction = #stablehlo<comparison_direction LT>}> : (tensor<f32>, tensor<f32>) -> tensor<i1>
      "stablehlo.return"(%c) : (tensor<i1>) -> ()
    }) : (tensor<8x16xf32>) -> tensor<8x16xf32>
    %1 = "stablehlo.add"(%0, %0) : (tensor<8x16xf32>, tensor<8x16xf32>) -> tensor<8x16xf32>
    // What is lacking in the body of a loop is found, too.
    %2 = "stablehlo.while"(%1) ({
    ^bb0(%a: tensor<8x16xf32>):
      %c = "stablehlo.constant"() <{value = dense<false> : tensor<i1>}> : () -> tensor<i1>
      "stablehlo.return"(%c) : (tensor<i1>) -> ()
    }, {
    ^bb0(%a: tensor<8x16xf32>):
      %b = "stablehlo.sort"(%a) ({ "stablehlo.return"() : () -> () }) : (tensor<8x16xf32>) -> tensor<8x16xf32>
      "stablehlo.return"(%b) : (tensor<8x16xf32>) -> ()
    }) : (tensor<8x16xf32>) -> tensor<8x16xf32>
    // expected-note @below {{see 'stablehlo.custom_call' @my_kernel}}
    %3 = "stablehlo.custom_call"(%2) <{call_target_name = "my_kernel"}> : (tensor<8x16xf32>) -> tensor<8x16xf32>
    // expected-note @below {{see 'stablehlo.convert' of tensor<8x16xf8E4M3FN>}}
    %4 = "stablehlo.convert"(%3) : (tensor<8x16xf32>) -> tensor<8x16xf8E4M3FN>
    %5 = "stablehlo.custom_call"(%2) <{call_target_name = "my_kernel"}> : (tensor<8x16xf32>) -> tensor<8x16xf32>
    return %5 : tensor<8x16xf32>
  }
}

// -----

// expected-error @below {{the module cannot be imported, for it has 'stablehlo.power' of tensor<8x16xi32>}}
module {
  func.func @main(%x: tensor<8x16xi32>) -> tensor<8x16xi32> {
    // expected-note @below {{see 'stablehlo.power' of tensor<8x16xi32>}}
    %0 = "stablehlo.power"(%x, %x) : (tensor<8x16xi32>, tensor<8x16xi32>) -> tensor<8x16xi32>
    return %0 : tensor<8x16xi32>
  }
}

// -----

// expected-error @below {{the module cannot be imported, for it has 'stablehlo.compare' of type TOTALORDER}}
module {
  func.func @main(%x: tensor<8x16xf32>) -> tensor<8x16xi1> {
    // expected-note @below {{see 'stablehlo.compare' of type TOTALORDER}}
    %0 = "stablehlo.compare"(%x, %x) <{comparison_direction = #stablehlo<comparison_direction LT>, compare_type = #stablehlo<comparison_type TOTALORDER>}> : (tensor<8x16xf32>, tensor<8x16xf32>) -> tensor<8x16xi1>
    return %0 : tensor<8x16xi1>
  }
}

// -----

// expected-error @below {{the module cannot be imported, for it has 'stablehlo.bitcast_convert' between types of different widths}}
module {
  func.func @main(%x: tensor<8x16xf32>) -> tensor<8x16x2xi16> {
    // expected-note @below {{see 'stablehlo.bitcast_convert' between types of different widths}}
    %0 = "stablehlo.bitcast_convert"(%x) : (tensor<8x16xf32>) -> tensor<8x16x2xi16>
    return %0 : tensor<8x16x2xi16>
  }
}

// -----

// expected-error @below {{the module cannot be imported, for it has 'stablehlo.constant' of a value that is not dense}}
module {
  func.func @main(%x: tensor<8x16xf32>) -> tensor<8x16xf32> {
    // expected-note @below {{see 'stablehlo.constant' of a value that is not dense}}
    %0 = "stablehlo.constant"() <{value = sparse<0, 1.0> : tensor<8x16xf32>}> : () -> tensor<8x16xf32>
    return %0 : tensor<8x16xf32>
  }
}

// -----

// expected-error @below {{the module cannot be imported, for it has 'stablehlo.pad' between elements}}
module {
  func.func @main(%x: tensor<8x16xf32>, %v: tensor<f32>) -> tensor<15x16xf32> {
    // expected-note @below {{see 'stablehlo.pad' between elements}}
    %0 = "stablehlo.pad"(%x, %v) <{edge_padding_low = array<i64: 0, 0>, edge_padding_high = array<i64: 0, 0>, interior_padding = array<i64: 1, 0>}> : (tensor<8x16xf32>, tensor<f32>) -> tensor<15x16xf32>
    return %0 : tensor<15x16xf32>
  }
}

// -----

// expected-error @below {{the module cannot be imported, for it has 'stablehlo.pad' of a negative width}}
module {
  func.func @main(%x: tensor<8x16xf32>, %v: tensor<f32>) -> tensor<7x16xf32> {
    // expected-note @below {{see 'stablehlo.pad' of a negative width}}
    %0 = "stablehlo.pad"(%x, %v) <{edge_padding_low = array<i64: -1, 0>, edge_padding_high = array<i64: 0, 0>, interior_padding = array<i64: 0, 0>}> : (tensor<8x16xf32>, tensor<f32>) -> tensor<7x16xf32>
    return %0 : tensor<7x16xf32>
  }
}

// -----

// expected-error @below {{the module cannot be imported, for it has 'stablehlo.reduce' of several tensors}}
module {
  func.func @main(%x: tensor<8xf32>, %v: tensor<f32>) -> tensor<f32> {
    // expected-note @below {{see 'stablehlo.reduce' of several tensors}}
    %0:2 = "stablehlo.reduce"(%x, %x, %v, %v) <{dimensions = array<i64: 0>}> ({
    ^bb0(%a: tensor<f32>, %b: tensor<f32>, %c: tensor<f32>, %d: tensor<f32>):
      "stablehlo.return"(%a, %b) : (tensor<f32>, tensor<f32>) -> ()
    }) : (tensor<8xf32>, tensor<8xf32>, tensor<f32>, tensor<f32>) -> (tensor<f32>, tensor<f32>)
    return %0#0 : tensor<f32>
  }
}

// -----

// expected-error @below {{the module cannot be imported, for it has 'stablehlo.reduce' over no dimension}}
module {
  func.func @main(%x: tensor<8xf32>, %v: tensor<f32>) -> tensor<8xf32> {
    // expected-note @below {{see 'stablehlo.reduce' over no dimension}}
    %0 = "stablehlo.reduce"(%x, %v) <{dimensions = array<i64>}> ({
    ^bb0(%a: tensor<f32>, %b: tensor<f32>):
      %c = "stablehlo.add"(%a, %b) : (tensor<f32>, tensor<f32>) -> tensor<f32>
      "stablehlo.return"(%c) : (tensor<f32>) -> ()
    }) : (tensor<8xf32>, tensor<f32>) -> tensor<8xf32>
    return %0 : tensor<8xf32>
  }
}

// -----

// expected-error @below {{the module cannot be imported, for it has 'stablehlo.reduce' whose body is not one known op}}
module {
  func.func @main(%x: tensor<8xf32>, %v: tensor<f32>) -> tensor<f32> {
    // expected-note @below {{see 'stablehlo.reduce' whose body is not one known op}}
    %0 = "stablehlo.reduce"(%x, %v) <{dimensions = array<i64: 0>}> ({
    ^bb0(%a: tensor<f32>, %b: tensor<f32>):
      %c = "stablehlo.subtract"(%a, %b) : (tensor<f32>, tensor<f32>) -> tensor<f32>
      "stablehlo.return"(%c) : (tensor<f32>) -> ()
    }) : (tensor<8xf32>, tensor<f32>) -> tensor<f32>
    return %0 : tensor<f32>
  }
}

// -----

// expected-error @below {{the module cannot be imported, for it has 'stablehlo.dot_general' with an algorithm}}
module {
  func.func @main(%x: tensor<8x16xf32>) -> tensor<8x8xf32> {
    // expected-note @below {{see 'stablehlo.dot_general' with an algorithm}}
    %0 = "stablehlo.dot_general"(%x, %x) <{dot_dimension_numbers = #stablehlo.dot<lhs_contracting_dimensions = [1], rhs_contracting_dimensions = [1]>, algorithm = #stablehlo.dot_algorithm<lhs_precision_type = tf32>}> : (tensor<8x16xf32>, tensor<8x16xf32>) -> tensor<8x8xf32>
    return %0 : tensor<8x8xf32>
  }
}

// -----

// expected-error @below {{the module cannot be imported, for it has 'stablehlo.dot_general' of elements that the result's type does not hold}}
module {
  func.func @main(%x: tensor<8x16xf64>) -> tensor<8x8xf32> {
    // expected-note @below {{see 'stablehlo.dot_general' of elements that the result's type does not hold}}
    %0 = "stablehlo.dot_general"(%x, %x) <{dot_dimension_numbers = #stablehlo.dot<lhs_contracting_dimensions = [1], rhs_contracting_dimensions = [1]>}> : (tensor<8x16xf64>, tensor<8x16xf64>) -> tensor<8x8xf32>
    return %0 : tensor<8x8xf32>
  }
}

// -----

// Without a channel the groups are of replicas.
// expected-error @below {{the module cannot be imported, for it has 'stablehlo.all_gather' with groups of replicas}}
module {
  "sdy.mesh"() <{mesh = #sdy.mesh<["dp"=4, "tp"=2]>, sym_name = "mesh"}> : () -> ()
  func.func @main(%arg0: tensor<32x16xf32>) -> tensor<32x16xf32> {
    %m = "sdy.manual_computation"(%arg0) <{in_shardings = #sdy.sharding_per_value<[<@mesh, [{"dp"}, {}]>]>, manual_axes = #sdy<manual_axes{"dp", "tp"}>, out_shardings = #sdy.sharding_per_value<[<@mesh, [{}, {}]>]>}> ({
    ^bb0(%x: tensor<8x16xf32>):
      // expected-note @below {{see 'stablehlo.all_gather' with groups of replicas}}
      %0 = "stablehlo.all_gather"(%x) <{all_gather_dim = 0 : i64, replica_groups = dense<[[0, 2, 4, 6], [1, 3, 5, 7]]> : tensor<2x4xi64>, use_global_device_ids}> : (tensor<8x16xf32>) -> tensor<32x16xf32>
      "sdy.return"(%0) : (tensor<32x16xf32>) -> ()
    }) : (tensor<32x16xf32>) -> tensor<32x16xf32>
    return %m : tensor<32x16xf32>
  }
}

// -----

// expected-error @below {{the module cannot be imported, for it has 'stablehlo.all_gather' with groups of replicas}}
module {
  "sdy.mesh"() <{mesh = #sdy.mesh<["dp"=4, "tp"=2]>, sym_name = "mesh"}> : () -> ()
  func.func @main(%arg0: tensor<32x16xf32>) -> tensor<32x16xf32> {
    %m = "sdy.manual_computation"(%arg0) <{in_shardings = #sdy.sharding_per_value<[<@mesh, [{"dp"}, {}]>]>, manual_axes = #sdy<manual_axes{"dp", "tp"}>, out_shardings = #sdy.sharding_per_value<[<@mesh, [{}, {}]>]>}> ({
    ^bb0(%x: tensor<8x16xf32>):
      // expected-note @below {{see 'stablehlo.all_gather' with groups of replicas}}
      %0 = "stablehlo.all_gather"(%x) <{all_gather_dim = 0 : i64, channel_handle = #stablehlo.channel_handle<handle = 1, type = 1>, replica_groups = dense<[[0, 2, 4, 6], [1, 3, 5, 7]]> : tensor<2x4xi64>}> : (tensor<8x16xf32>) -> tensor<32x16xf32>
      "sdy.return"(%0) : (tensor<32x16xf32>) -> ()
    }) : (tensor<32x16xf32>) -> tensor<32x16xf32>
    return %m : tensor<32x16xf32>
  }
}

// -----

// Halves of the axis dp.
// expected-error @below {{the module cannot be imported, for it has 'stablehlo.all_gather' with groups that are not the axes of a mesh}}
module {
  "sdy.mesh"() <{mesh = #sdy.mesh<["dp"=4, "tp"=2]>, sym_name = "mesh"}> : () -> ()
  func.func @main(%arg0: tensor<32x16xf32>) -> tensor<32x16xf32> {
    %m = "sdy.manual_computation"(%arg0) <{in_shardings = #sdy.sharding_per_value<[<@mesh, [{"dp"}, {}]>]>, manual_axes = #sdy<manual_axes{"dp", "tp"}>, out_shardings = #sdy.sharding_per_value<[<@mesh, [{}, {}]>]>}> ({
    ^bb0(%x: tensor<8x16xf32>):
      // expected-note @below {{see 'stablehlo.all_gather' with groups that are not the axes of a mesh}}
      %0 = "stablehlo.all_gather"(%x) <{all_gather_dim = 0 : i64, channel_handle = #stablehlo.channel_handle<handle = 1, type = 1>, replica_groups = dense<[[0, 2], [4, 6], [1, 3], [5, 7]]> : tensor<4x2xi64>, use_global_device_ids}> : (tensor<8x16xf32>) -> tensor<32x16xf32>
      "sdy.return"(%0) : (tensor<32x16xf32>) -> ()
    }) : (tensor<32x16xf32>) -> tensor<32x16xf32>
    return %m : tensor<32x16xf32>
  }
}

// -----

// The ranks of an axis in another order.
// expected-error @below {{the module cannot be imported, for it has 'stablehlo.all_gather' with groups that are not the axes of a mesh}}
module {
  "sdy.mesh"() <{mesh = #sdy.mesh<["dp"=4, "tp"=2]>, sym_name = "mesh"}> : () -> ()
  func.func @main(%arg0: tensor<32x16xf32>) -> tensor<32x16xf32> {
    %m = "sdy.manual_computation"(%arg0) <{in_shardings = #sdy.sharding_per_value<[<@mesh, [{"dp"}, {}]>]>, manual_axes = #sdy<manual_axes{"dp", "tp"}>, out_shardings = #sdy.sharding_per_value<[<@mesh, [{}, {}]>]>}> ({
    ^bb0(%x: tensor<8x16xf32>):
      // expected-note @below {{see 'stablehlo.all_gather' with groups that are not the axes of a mesh}}
      %0 = "stablehlo.all_gather"(%x) <{all_gather_dim = 0 : i64, channel_handle = #stablehlo.channel_handle<handle = 1, type = 1>, replica_groups = dense<[[0, 4, 2, 6], [1, 3, 5, 7]]> : tensor<2x4xi64>, use_global_device_ids}> : (tensor<8x16xf32>) -> tensor<32x16xf32>
      "sdy.return"(%0) : (tensor<32x16xf32>) -> ()
    }) : (tensor<32x16xf32>) -> tensor<32x16xf32>
    return %m : tensor<32x16xf32>
  }
}

// -----

// One group in another order than the other.
// expected-error @below {{the module cannot be imported, for it has 'stablehlo.all_gather' with groups that are not the axes of a mesh}}
module {
  "sdy.mesh"() <{mesh = #sdy.mesh<["dp"=4, "tp"=2]>, sym_name = "mesh"}> : () -> ()
  func.func @main(%arg0: tensor<32x16xf32>) -> tensor<32x16xf32> {
    %m = "sdy.manual_computation"(%arg0) <{in_shardings = #sdy.sharding_per_value<[<@mesh, [{"dp"}, {}]>]>, manual_axes = #sdy<manual_axes{"dp", "tp"}>, out_shardings = #sdy.sharding_per_value<[<@mesh, [{}, {}]>]>}> ({
    ^bb0(%x: tensor<8x16xf32>):
      // expected-note @below {{see 'stablehlo.all_gather' with groups that are not the axes of a mesh}}
      %0 = "stablehlo.all_gather"(%x) <{all_gather_dim = 0 : i64, channel_handle = #stablehlo.channel_handle<handle = 1, type = 1>, replica_groups = dense<[[0, 2, 4, 6], [1, 5, 3, 7]]> : tensor<2x4xi64>, use_global_device_ids}> : (tensor<8x16xf32>) -> tensor<32x16xf32>
      "sdy.return"(%0) : (tensor<32x16xf32>) -> ()
    }) : (tensor<32x16xf32>) -> tensor<32x16xf32>
    return %m : tensor<32x16xf32>
  }
}

// -----

// A rank twice.
// expected-error @below {{the module cannot be imported, for it has 'stablehlo.all_gather' with groups that are not the axes of a mesh}}
module {
  "sdy.mesh"() <{mesh = #sdy.mesh<["dp"=4, "tp"=2]>, sym_name = "mesh"}> : () -> ()
  func.func @main(%arg0: tensor<32x16xf32>) -> tensor<32x16xf32> {
    %m = "sdy.manual_computation"(%arg0) <{in_shardings = #sdy.sharding_per_value<[<@mesh, [{"dp"}, {}]>]>, manual_axes = #sdy<manual_axes{"dp", "tp"}>, out_shardings = #sdy.sharding_per_value<[<@mesh, [{}, {}]>]>}> ({
    ^bb0(%x: tensor<8x16xf32>):
      // expected-note @below {{see 'stablehlo.all_gather' with groups that are not the axes of a mesh}}
      %0 = "stablehlo.all_gather"(%x) <{all_gather_dim = 0 : i64, channel_handle = #stablehlo.channel_handle<handle = 1, type = 1>, replica_groups = dense<[[0, 2, 4, 6], [0, 2, 4, 6]]> : tensor<2x4xi64>, use_global_device_ids}> : (tensor<8x16xf32>) -> tensor<32x16xf32>
      "sdy.return"(%0) : (tensor<32x16xf32>) -> ()
    }) : (tensor<32x16xf32>) -> tensor<32x16xf32>
    return %m : tensor<32x16xf32>
  }
}

// -----

// Groups of different sizes.
// expected-error @below {{the module cannot be imported, for it has 'stablehlo.all_gather' with groups that are not the axes of a mesh}}
module {
  "sdy.mesh"() <{mesh = #sdy.mesh<["dp"=4, "tp"=2]>, sym_name = "mesh"}> : () -> ()
  func.func @main(%arg0: tensor<32x16xf32>) -> tensor<32x16xf32> {
    %m = "sdy.manual_computation"(%arg0) <{in_shardings = #sdy.sharding_per_value<[<@mesh, [{"dp"}, {}]>]>, manual_axes = #sdy<manual_axes{"dp", "tp"}>, out_shardings = #sdy.sharding_per_value<[<@mesh, [{}, {}]>]>}> ({
    ^bb0(%x: tensor<8x16xf32>):
      // expected-note @below {{see 'stablehlo.all_gather' with groups that are not the axes of a mesh}}
      %0 = "stablehlo.all_gather"(%x) <{all_gather_dim = 0 : i64, channel_handle = #stablehlo.channel_handle<handle = 1, type = 1>, replica_groups = dense<[[0, 1, 2, 3, 4], [5, 6, 7, -1, -1]]> : tensor<2x5xi64>, use_global_device_ids}> : (tensor<8x16xf32>) -> tensor<32x16xf32>
      "sdy.return"(%0) : (tensor<32x16xf32>) -> ()
    }) : (tensor<32x16xf32>) -> tensor<32x16xf32>
    return %m : tensor<32x16xf32>
  }
}

// -----

// Not all ranks.
// expected-error @below {{the module cannot be imported, for it has 'stablehlo.all_gather' with groups that are not the axes of a mesh}}
module {
  "sdy.mesh"() <{mesh = #sdy.mesh<["dp"=4, "tp"=2]>, sym_name = "mesh"}> : () -> ()
  func.func @main(%arg0: tensor<32x16xf32>) -> tensor<32x16xf32> {
    %m = "sdy.manual_computation"(%arg0) <{in_shardings = #sdy.sharding_per_value<[<@mesh, [{"dp"}, {}]>]>, manual_axes = #sdy<manual_axes{"dp", "tp"}>, out_shardings = #sdy.sharding_per_value<[<@mesh, [{}, {}]>]>}> ({
    ^bb0(%x: tensor<8x16xf32>):
      // expected-note @below {{see 'stablehlo.all_gather' with groups that are not the axes of a mesh}}
      %0 = "stablehlo.all_gather"(%x) <{all_gather_dim = 0 : i64, channel_handle = #stablehlo.channel_handle<handle = 1, type = 1>, replica_groups = dense<[[0, 2, 4, 6]]> : tensor<1x4xi64>, use_global_device_ids}> : (tensor<8x16xf32>) -> tensor<32x16xf32>
      "sdy.return"(%0) : (tensor<32x16xf32>) -> ()
    }) : (tensor<32x16xf32>) -> tensor<32x16xf32>
    return %m : tensor<32x16xf32>
  }
}

// -----

// expected-error @below {{the module cannot be imported, for it has 'stablehlo.all_gather' with groups that are not listed}}
module {
  "sdy.mesh"() <{mesh = #sdy.mesh<["dp"=4, "tp"=2]>, sym_name = "mesh"}> : () -> ()
  func.func @main(%arg0: tensor<32x16xf32>) -> tensor<32x16xf32> {
    %m = "sdy.manual_computation"(%arg0) <{in_shardings = #sdy.sharding_per_value<[<@mesh, [{"dp"}, {}]>]>, manual_axes = #sdy<manual_axes{"dp", "tp"}>, out_shardings = #sdy.sharding_per_value<[<@mesh, [{}, {}]>]>}> ({
    ^bb0(%x: tensor<8x16xf32>):
      // expected-note @below {{see 'stablehlo.all_gather' with groups that are not listed}}
      %0 = "stablehlo.all_gather"(%x) <{all_gather_dim = 0 : i64, channel_handle = #stablehlo.channel_handle<handle = 1, type = 1>, replica_groups = #stablehlo.replica_group_mesh_axes<mesh = @mesh, axes = ["dp"]>, use_global_device_ids}> : (tensor<8x16xf32>) -> tensor<32x16xf32>
      "sdy.return"(%0) : (tensor<32x16xf32>) -> ()
    }) : (tensor<32x16xf32>) -> tensor<32x16xf32>
    return %m : tensor<32x16xf32>
  }
}

// -----

// expected-error @below {{the module cannot be imported, for it has 'stablehlo.all_gather' that is malformed}}
module {
  "sdy.mesh"() <{mesh = #sdy.mesh<["dp"=4, "tp"=2]>, sym_name = "mesh"}> : () -> ()
  func.func @main(%arg0: tensor<32x16xf32>) -> tensor<32x16xf32> {
    %m = "sdy.manual_computation"(%arg0) <{in_shardings = #sdy.sharding_per_value<[<@mesh, [{"dp"}, {}]>]>, manual_axes = #sdy<manual_axes{"dp", "tp"}>, out_shardings = #sdy.sharding_per_value<[<@mesh, [{}, {}]>]>}> ({
    ^bb0(%x: tensor<8x16xf32>):
      // expected-note @below {{see 'stablehlo.all_gather' that is malformed}}
      %0 = "stablehlo.all_gather"(%x) <{all_gather_dim = 1 : i64, channel_handle = #stablehlo.channel_handle<handle = 1, type = 1>, replica_groups = dense<[[0, 2, 4, 6], [1, 3, 5, 7]]> : tensor<2x4xi64>, use_global_device_ids}> : (tensor<8x16xf32>) -> tensor<32x16xf32>
      "sdy.return"(%0) : (tensor<32x16xf32>) -> ()
    }) : (tensor<32x16xf32>) -> tensor<32x16xf32>
    return %m : tensor<32x16xf32>
  }
}

// -----

// expected-error @below {{the module cannot be imported, for it has 'stablehlo.all_reduce' that is no sum, maximum or minimum of numbers}}
module {
  "sdy.mesh"() <{mesh = #sdy.mesh<["dp"=4, "tp"=2]>, sym_name = "mesh"}> : () -> ()
  func.func @main(%arg0: tensor<32x16xf32>) -> tensor<32x16xf32> {
    %m = "sdy.manual_computation"(%arg0) <{in_shardings = #sdy.sharding_per_value<[<@mesh, [{"dp"}, {}]>]>, manual_axes = #sdy<manual_axes{"dp", "tp"}>, out_shardings = #sdy.sharding_per_value<[<@mesh, [{"dp"}, {}]>]>}> ({
    ^bb0(%x: tensor<8x16xf32>):
      %y = "stablehlo.convert"(%x) : (tensor<8x16xf32>) -> tensor<8x16xf32>
      // expected-note @below {{see 'stablehlo.all_reduce' that is no sum, maximum or minimum of numbers}}
      %0 = "stablehlo.all_reduce"(%y) <{channel_handle = #stablehlo.channel_handle<handle = 1, type = 1>, replica_groups = dense<[[0, 2, 4, 6], [1, 3, 5, 7]]> : tensor<2x4xi64>, use_global_device_ids}> ({
      ^bb0(%a: tensor<f32>, %b: tensor<f32>):
        %c = "stablehlo.multiply"(%a, %b) : (tensor<f32>, tensor<f32>) -> tensor<f32>
        "stablehlo.return"(%c) : (tensor<f32>) -> ()
      }) : (tensor<8x16xf32>) -> tensor<8x16xf32>
      "sdy.return"(%0) : (tensor<8x16xf32>) -> ()
    }) : (tensor<32x16xf32>) -> tensor<32x16xf32>
    return %m : tensor<32x16xf32>
  }
}

// -----

// A maximum of integers would be one of signed ones.
// expected-error @below {{the module cannot be imported, for it has 'stablehlo.all_reduce' that is no sum, maximum or minimum of numbers}}
module {
  "sdy.mesh"() <{mesh = #sdy.mesh<["dp"=4, "tp"=2]>, sym_name = "mesh"}> : () -> ()
  func.func @main(%arg0: tensor<32x16xf32>) -> tensor<32x16xui32> {
    %m = "sdy.manual_computation"(%arg0) <{in_shardings = #sdy.sharding_per_value<[<@mesh, [{"dp"}, {}]>]>, manual_axes = #sdy<manual_axes{"dp", "tp"}>, out_shardings = #sdy.sharding_per_value<[<@mesh, [{"dp"}, {}]>]>}> ({
    ^bb0(%x: tensor<8x16xf32>):
      %y = "stablehlo.convert"(%x) : (tensor<8x16xf32>) -> tensor<8x16xui32>
      // expected-note @below {{see 'stablehlo.all_reduce' that is no sum, maximum or minimum of numbers}}
      %0 = "stablehlo.all_reduce"(%y) <{channel_handle = #stablehlo.channel_handle<handle = 1, type = 1>, replica_groups = dense<[[0, 2, 4, 6], [1, 3, 5, 7]]> : tensor<2x4xi64>, use_global_device_ids}> ({
      ^bb0(%a: tensor<ui32>, %b: tensor<ui32>):
        %c = "stablehlo.maximum"(%a, %b) : (tensor<ui32>, tensor<ui32>) -> tensor<ui32>
        "stablehlo.return"(%c) : (tensor<ui32>) -> ()
      }) : (tensor<8x16xui32>) -> tensor<8x16xui32>
      "sdy.return"(%0) : (tensor<8x16xui32>) -> ()
    }) : (tensor<32x16xf32>) -> tensor<32x16xui32>
    return %m : tensor<32x16xui32>
  }
}

// -----

// expected-error @below {{the module cannot be imported, for it has 'stablehlo.all_reduce' that is no sum, maximum or minimum of numbers}}
module {
  "sdy.mesh"() <{mesh = #sdy.mesh<["dp"=4, "tp"=2]>, sym_name = "mesh"}> : () -> ()
  func.func @main(%arg0: tensor<32x16xf32>) -> tensor<32x16xi1> {
    %m = "sdy.manual_computation"(%arg0) <{in_shardings = #sdy.sharding_per_value<[<@mesh, [{"dp"}, {}]>]>, manual_axes = #sdy<manual_axes{"dp", "tp"}>, out_shardings = #sdy.sharding_per_value<[<@mesh, [{"dp"}, {}]>]>}> ({
    ^bb0(%x: tensor<8x16xf32>):
      %y = "stablehlo.convert"(%x) : (tensor<8x16xf32>) -> tensor<8x16xi1>
      // expected-note @below {{see 'stablehlo.all_reduce' that is no sum, maximum or minimum of numbers}}
      %0 = "stablehlo.all_reduce"(%y) <{channel_handle = #stablehlo.channel_handle<handle = 1, type = 1>, replica_groups = dense<[[0, 2, 4, 6], [1, 3, 5, 7]]> : tensor<2x4xi64>, use_global_device_ids}> ({
      ^bb0(%a: tensor<i1>, %b: tensor<i1>):
        %c = "stablehlo.add"(%a, %b) : (tensor<i1>, tensor<i1>) -> tensor<i1>
        "stablehlo.return"(%c) : (tensor<i1>) -> ()
      }) : (tensor<8x16xi1>) -> tensor<8x16xi1>
      "sdy.return"(%0) : (tensor<8x16xi1>) -> ()
    }) : (tensor<32x16xf32>) -> tensor<32x16xi1>
    return %m : tensor<32x16xi1>
  }
}

// -----

// expected-error @below {{the module cannot be imported, for it has 'stablehlo.collective_permute'}}
module {
  "sdy.mesh"() <{mesh = #sdy.mesh<["dp"=4, "tp"=2]>, sym_name = "mesh"}> : () -> ()
  func.func @main(%arg0: tensor<32x16xf32>) -> tensor<32x16xf32> {
    %m = "sdy.manual_computation"(%arg0) <{in_shardings = #sdy.sharding_per_value<[<@mesh, [{"dp"}, {}]>]>, manual_axes = #sdy<manual_axes{"dp", "tp"}>, out_shardings = #sdy.sharding_per_value<[<@mesh, [{"dp"}, {}]>]>}> ({
    ^bb0(%x: tensor<8x16xf32>):
      // expected-note @below {{see 'stablehlo.collective_permute'}}
      %0 = "stablehlo.collective_permute"(%x) <{channel_handle = #stablehlo.channel_handle<handle = 1, type = 1>, source_target_pairs = dense<[[0, 1]]> : tensor<1x2xi64>}> : (tensor<8x16xf32>) -> tensor<8x16xf32>
      "sdy.return"(%0) : (tensor<8x16xf32>) -> ()
    }) : (tensor<32x16xf32>) -> tensor<32x16xf32>
    return %m : tensor<32x16xf32>
  }
}

// -----

// expected-error @below {{the module cannot be imported, for it has 'stablehlo.partition_id' outside of sdy.manual_computation}}
module {
  "sdy.mesh"() <{mesh = #sdy.mesh<["dp"=4, "tp"=2]>, sym_name = "mesh"}> : () -> ()
  func.func @main(%x: tensor<8x16xf32>) -> tensor<ui32> {
    // expected-note @below {{see 'stablehlo.partition_id' outside of sdy.manual_computation}}
    %0 = "stablehlo.partition_id"() : () -> tensor<ui32>
    return %0 : tensor<ui32>
  }
}

// -----

// A function that is called outside, too, is of no ranks.
// expected-error @below {{the module cannot be imported, for it has 'stablehlo.all_gather' outside of sdy.manual_computation}}
module {
  "sdy.mesh"() <{mesh = #sdy.mesh<["dp"=4, "tp"=2]>, sym_name = "mesh"}> : () -> ()
  func.func @main(%arg0: tensor<32x16xf32>) -> tensor<32x16xf32> {
    %s = "stablehlo.slice"(%arg0) <{start_indices = array<i64: 0, 0>, limit_indices = array<i64: 8, 16>, strides = array<i64: 1, 1>}> : (tensor<32x16xf32>) -> tensor<8x16xf32>
    %f = func.call @f(%s) : (tensor<8x16xf32>) -> tensor<32x16xf32>
    %m = "sdy.manual_computation"(%arg0) <{in_shardings = #sdy.sharding_per_value<[<@mesh, [{"dp"}, {}]>]>, manual_axes = #sdy<manual_axes{"dp", "tp"}>, out_shardings = #sdy.sharding_per_value<[<@mesh, [{}, {}]>]>}> ({
    ^bb0(%x: tensor<8x16xf32>):
      %0 = func.call @f(%x) : (tensor<8x16xf32>) -> tensor<32x16xf32>
      "sdy.return"(%0) : (tensor<32x16xf32>) -> ()
    }) : (tensor<32x16xf32>) -> tensor<32x16xf32>
    return %m : tensor<32x16xf32>
  }
  func.func private @f(%x: tensor<8x16xf32>) -> tensor<32x16xf32> {
    // expected-note @below {{see 'stablehlo.all_gather' outside of sdy.manual_computation}}
    %0 = "stablehlo.all_gather"(%x) <{all_gather_dim = 0 : i64, channel_handle = #stablehlo.channel_handle<handle = 1, type = 1>, replica_groups = dense<[[0, 2, 4, 6], [1, 3, 5, 7]]> : tensor<2x4xi64>, use_global_device_ids}> : (tensor<8x16xf32>) -> tensor<32x16xf32>
    return %0 : tensor<32x16xf32>
  }
}

// -----

// expected-error @below {{the module cannot be imported, for it has 'sdy.manual_computation' with a sharding over an axis that is not manual}}
module {
  "sdy.mesh"() <{mesh = #sdy.mesh<["dp"=4, "tp"=2]>, sym_name = "mesh"}> : () -> ()
  func.func @main(%arg0: tensor<32x16xf32>) -> tensor<32x16xf32> {
    // expected-note @below {{see 'sdy.manual_computation' with a sharding over an axis that is not manual}}
    %m = "sdy.manual_computation"(%arg0) <{in_shardings = #sdy.sharding_per_value<[<@mesh, [{"dp"}, {"tp"}]>]>, manual_axes = #sdy<manual_axes{"dp"}>, out_shardings = #sdy.sharding_per_value<[<@mesh, [{"dp"}, {}]>]>}> ({
    ^bb0(%x: tensor<8x16xf32>):
      %0 = "stablehlo.negate"(%x) : (tensor<8x16xf32>) -> tensor<8x16xf32>
      "sdy.return"(%0) : (tensor<8x16xf32>) -> ()
    }) : (tensor<32x16xf32>) -> tensor<32x16xf32>
    return %m : tensor<32x16xf32>
  }
}

// -----

// A constraint that names an axis is a wish that would be lost.
// expected-error @below {{the module cannot be imported, for it has 'sdy.sharding_constraint'}}
module {
  "sdy.mesh"() <{mesh = #sdy.mesh<["dp"=4, "tp"=2]>, sym_name = "mesh"}> : () -> ()
  func.func @main(%arg0: tensor<32x16xf32>) -> tensor<32x16xf32> {
    %m = "sdy.manual_computation"(%arg0) <{in_shardings = #sdy.sharding_per_value<[<@mesh, [{"dp"}, {}]>]>, manual_axes = #sdy<manual_axes{"dp"}>, out_shardings = #sdy.sharding_per_value<[<@mesh, [{"dp"}, {}]>]>}> ({
    ^bb0(%x: tensor<8x16xf32>):
      // expected-note @below {{see 'sdy.sharding_constraint'}}
      %0 = "sdy.sharding_constraint"(%x) <{sharding = #sdy.sharding<@mesh, [{}, {"tp"}]>}> : (tensor<8x16xf32>) -> tensor<8x16xf32>
      "sdy.return"(%0) : (tensor<8x16xf32>) -> ()
    }) : (tensor<32x16xf32>) -> tensor<32x16xf32>
    return %m : tensor<32x16xf32>
  }
}

// -----

// Outside of a manual computation it is of a value that has a sharding.
// expected-error @below {{the module cannot be imported, for it has 'sdy.sharding_constraint'}}
module {
  func.func @main(%x: tensor<32x16xf32>) -> tensor<32x16xf32> {
    // expected-note @below {{see 'sdy.sharding_constraint'}}
    %0 = "sdy.sharding_constraint"(%x) <{sharding = #sdy.sharding<@mesh, [{}, {}]>}> : (tensor<32x16xf32>) -> tensor<32x16xf32>
    return %0 : tensor<32x16xf32>
  }
}

// -----

// expected-error @below {{the module cannot be imported, for it has 'stablehlo.gather' along other dimensions than one}}
module {
  func.func @main(%x: tensor<32x16xf32>, %i: tensor<4x2xi32>) -> tensor<4xf32> {
    // expected-note @below {{see 'stablehlo.gather' along other dimensions than one}}
    %0 = "stablehlo.gather"(%x, %i) <{dimension_numbers = #stablehlo.gather<collapsed_slice_dims = [0, 1], start_index_map = [0, 1], index_vector_dim = 1>, indices_are_sorted = false, slice_sizes = array<i64: 1, 1>}> : (tensor<32x16xf32>, tensor<4x2xi32>) -> tensor<4xf32>
    return %0 : tensor<4xf32>
  }
}

// -----

// expected-error @below {{the module cannot be imported, for it has 'sdy.manual_computation' without a mesh}}
module {
  "sdy.mesh"() <{mesh = #sdy.mesh<[]>, sym_name = "mesh"}> : () -> ()
  func.func @main(%arg0: tensor<32x16xf32>) -> tensor<32x16xf32> {
    // expected-note @below {{see 'sdy.manual_computation' without a mesh}}
    %m = "sdy.manual_computation"(%arg0) <{in_shardings = #sdy.sharding_per_value<[<@mesh, [{"dp"}, {}]>]>, manual_axes = #sdy<manual_axes{"dp", "tp"}>, out_shardings = #sdy.sharding_per_value<[<@mesh, [{"dp"}, {}]>]>}> ({
    ^bb0(%x: tensor<8x16xf32>):
      %0 = "stablehlo.negate"(%x) : (tensor<8x16xf32>) -> tensor<8x16xf32>
      "sdy.return"(%0) : (tensor<8x16xf32>) -> ()
    }) : (tensor<32x16xf32>) -> tensor<32x16xf32>
    return %m : tensor<32x16xf32>
  }
}

// -----

// A part of an axis.
// expected-error @below {{the module cannot be imported, for it has 'sdy.manual_computation' with shardings that are not understood}}
module {
  "sdy.mesh"() <{mesh = #sdy.mesh<["dp"=4, "tp"=2]>, sym_name = "mesh"}> : () -> ()
  func.func @main(%arg0: tensor<32x16xf32>) -> tensor<32x16xf32> {
    // expected-note @below {{see 'sdy.manual_computation' with shardings that are not understood}}
    %m = "sdy.manual_computation"(%arg0) <{in_shardings = #sdy.sharding_per_value<[<@mesh, [{"dp":(1)2}, {}]>]>, manual_axes = #sdy<manual_axes{"dp", "tp"}>, out_shardings = #sdy.sharding_per_value<[<@mesh, [{"dp"}, {}]>]>}> ({
    ^bb0(%x: tensor<8x16xf32>):
      %0 = "stablehlo.negate"(%x) : (tensor<8x16xf32>) -> tensor<8x16xf32>
      "sdy.return"(%0) : (tensor<8x16xf32>) -> ()
    }) : (tensor<32x16xf32>) -> tensor<32x16xf32>
    return %m : tensor<32x16xf32>
  }
}

// -----

// An axis of no mesh.
// expected-error @below {{the module cannot be imported, for it has 'sdy.manual_computation' with shardings that are not understood}}
module {
  "sdy.mesh"() <{mesh = #sdy.mesh<["dp"=4, "tp"=2]>, sym_name = "mesh"}> : () -> ()
  func.func @main(%arg0: tensor<32x16xf32>) -> tensor<32x16xf32> {
    // expected-note @below {{see 'sdy.manual_computation' with shardings that are not understood}}
    %m = "sdy.manual_computation"(%arg0) <{in_shardings = #sdy.sharding_per_value<[<@mesh, [{"ep"}, {}]>]>, manual_axes = #sdy<manual_axes{"dp", "tp"}>, out_shardings = #sdy.sharding_per_value<[<@mesh, [{"dp"}, {}]>]>}> ({
    ^bb0(%x: tensor<8x16xf32>):
      %0 = "stablehlo.negate"(%x) : (tensor<8x16xf32>) -> tensor<8x16xf32>
      "sdy.return"(%0) : (tensor<8x16xf32>) -> ()
    }) : (tensor<32x16xf32>) -> tensor<32x16xf32>
    return %m : tensor<32x16xf32>
  }
}

// -----

// An axis twice.
// expected-error @below {{the module cannot be imported, for it has 'sdy.manual_computation' with shardings that are not understood}}
module {
  "sdy.mesh"() <{mesh = #sdy.mesh<["dp"=4, "tp"=2]>, sym_name = "mesh"}> : () -> ()
  func.func @main(%arg0: tensor<32x16xf32>) -> tensor<32x16xf32> {
    // expected-note @below {{see 'sdy.manual_computation' with shardings that are not understood}}
    %m = "sdy.manual_computation"(%arg0) <{in_shardings = #sdy.sharding_per_value<[<@mesh, [{"dp"}, {"dp"}]>]>, manual_axes = #sdy<manual_axes{"dp", "tp"}>, out_shardings = #sdy.sharding_per_value<[<@mesh, [{"dp"}, {}]>]>}> ({
    ^bb0(%x: tensor<8x16xf32>):
      %0 = "stablehlo.negate"(%x) : (tensor<8x16xf32>) -> tensor<8x16xf32>
      "sdy.return"(%0) : (tensor<8x16xf32>) -> ()
    }) : (tensor<32x16xf32>) -> tensor<32x16xf32>
    return %m : tensor<32x16xf32>
  }
}

// -----

// Not the rank of the value.
// expected-error @below {{the module cannot be imported, for it has 'sdy.manual_computation' with shardings that are not understood}}
module {
  "sdy.mesh"() <{mesh = #sdy.mesh<["dp"=4, "tp"=2]>, sym_name = "mesh"}> : () -> ()
  func.func @main(%arg0: tensor<32x16xf32>) -> tensor<32x16xf32> {
    // expected-note @below {{see 'sdy.manual_computation' with shardings that are not understood}}
    %m = "sdy.manual_computation"(%arg0) <{in_shardings = #sdy.sharding_per_value<[<@mesh, [{"dp"}]>]>, manual_axes = #sdy<manual_axes{"dp", "tp"}>, out_shardings = #sdy.sharding_per_value<[<@mesh, [{"dp"}, {}]>]>}> ({
    ^bb0(%x: tensor<8x16xf32>):
      %0 = "stablehlo.negate"(%x) : (tensor<8x16xf32>) -> tensor<8x16xf32>
      "sdy.return"(%0) : (tensor<8x16xf32>) -> ()
    }) : (tensor<32x16xf32>) -> tensor<32x16xf32>
    return %m : tensor<32x16xf32>
  }
}

// -----

// A pending sum.
// expected-error @below {{the module cannot be imported, for it has 'sdy.manual_computation' with shardings that are not understood}}
module {
  "sdy.mesh"() <{mesh = #sdy.mesh<["dp"=4, "tp"=2]>, sym_name = "mesh"}> : () -> ()
  func.func @main(%arg0: tensor<32x16xf32>) -> tensor<32x16xf32> {
    // expected-note @below {{see 'sdy.manual_computation' with shardings that are not understood}}
    %m = "sdy.manual_computation"(%arg0) <{in_shardings = #sdy.sharding_per_value<[<@mesh, [{"dp"}, {}], unreduced={"tp"}>]>, manual_axes = #sdy<manual_axes{"dp", "tp"}>, out_shardings = #sdy.sharding_per_value<[<@mesh, [{"dp"}, {}]>]>}> ({
    ^bb0(%x: tensor<8x16xf32>):
      %0 = "stablehlo.negate"(%x) : (tensor<8x16xf32>) -> tensor<8x16xf32>
      "sdy.return"(%0) : (tensor<8x16xf32>) -> ()
    }) : (tensor<32x16xf32>) -> tensor<32x16xf32>
    return %m : tensor<32x16xf32>
  }
}

// -----

// A size that the axes do not divide.
// expected-error @below {{the module cannot be imported, for it has 'sdy.manual_computation' with shardings that are not understood}}
module {
  "sdy.mesh"() <{mesh = #sdy.mesh<["dp"=4, "tp"=2]>, sym_name = "mesh"}> : () -> ()
  func.func @main(%arg0: tensor<30x16xf32>) -> tensor<30x16xf32> {
    // expected-note @below {{see 'sdy.manual_computation' with shardings that are not understood}}
    %m = "sdy.manual_computation"(%arg0) <{in_shardings = #sdy.sharding_per_value<[<@mesh, [{"dp"}, {}]>]>, manual_axes = #sdy<manual_axes{"dp", "tp"}>, out_shardings = #sdy.sharding_per_value<[<@mesh, [{"dp"}, {}]>]>}> ({
    ^bb0(%x: tensor<8x16xf32>):
      %0 = "stablehlo.negate"(%x) : (tensor<8x16xf32>) -> tensor<8x16xf32>
      "sdy.return"(%0) : (tensor<8x16xf32>) -> ()
    }) : (tensor<30x16xf32>) -> tensor<30x16xf32>
    return %m : tensor<30x16xf32>
  }
}

// -----

// expected-error @below {{the module cannot be imported, for it has 'sdy.manual_computation' whose parts are not those of its shardings}}
module {
  "sdy.mesh"() <{mesh = #sdy.mesh<["dp"=4, "tp"=2]>, sym_name = "mesh"}> : () -> ()
  func.func @main(%arg0: tensor<32x16xf32>) -> tensor<32x16xf32> {
    // expected-note @below {{see 'sdy.manual_computation' whose parts are not those of its shardings}}
    %m = "sdy.manual_computation"(%arg0) <{in_shardings = #sdy.sharding_per_value<[<@mesh, [{"tp"}, {}]>]>, manual_axes = #sdy<manual_axes{"dp", "tp"}>, out_shardings = #sdy.sharding_per_value<[<@mesh, [{"dp"}, {}]>]>}> ({
    ^bb0(%x: tensor<8x16xf32>):
      %0 = "stablehlo.negate"(%x) : (tensor<8x16xf32>) -> tensor<8x16xf32>
      "sdy.return"(%0) : (tensor<8x16xf32>) -> ()
    }) : (tensor<32x16xf32>) -> tensor<32x16xf32>
    return %m : tensor<32x16xf32>
  }
}

// -----

// What communication would take is for the program to say.
// expected-error @below {{the module cannot be imported, for it has 'sdy.manual_computation' of a value that has another sharding}}
module {
  "sdy.mesh"() <{mesh = #sdy.mesh<["dp"=4, "tp"=2]>, sym_name = "mesh"}> : () -> ()
  func.func @main(%arg0: tensor<8x4xf32>) -> tensor<8x4xf32> {
    %0 = "sdy.manual_computation"(%arg0) <{in_shardings = #sdy.sharding_per_value<[<@mesh, [{"dp"}, {}]>]>, manual_axes = #sdy<manual_axes{"dp", "tp"}>, out_shardings = #sdy.sharding_per_value<[<@mesh, [{"dp"}, {}]>]>}> ({
    ^bb0(%x: tensor<2x4xf32>):
      "sdy.return"(%x) : (tensor<2x4xf32>) -> ()
    }) : (tensor<8x4xf32>) -> tensor<8x4xf32>
    // expected-note @below {{see 'sdy.manual_computation' of a value that has another sharding}}
    %1 = "sdy.manual_computation"(%0) <{in_shardings = #sdy.sharding_per_value<[<@mesh, [{"tp"}, {}]>]>, manual_axes = #sdy<manual_axes{"dp", "tp"}>, out_shardings = #sdy.sharding_per_value<[<@mesh, [{"tp"}, {}]>]>}> ({
    ^bb0(%x: tensor<4x4xf32>):
      "sdy.return"(%x) : (tensor<4x4xf32>) -> ()
    }) : (tensor<8x4xf32>) -> tensor<8x4xf32>
    return %1 : tensor<8x4xf32>
  }
}

// -----

// expected-error @below {{the module cannot be imported, for it has 'stablehlo.negate' of a part, outside of sdy.manual_computation}}
module {
  "sdy.mesh"() <{mesh = #sdy.mesh<["dp"=4, "tp"=2]>, sym_name = "mesh"}> : () -> ()
  func.func @main(%arg0: tensor<32x16xf32>) -> tensor<32x16xf32> {
    %m = "sdy.manual_computation"(%arg0) <{in_shardings = #sdy.sharding_per_value<[<@mesh, [{"dp"}, {}]>]>, manual_axes = #sdy<manual_axes{"dp", "tp"}>, out_shardings = #sdy.sharding_per_value<[<@mesh, [{"dp"}, {}]>]>}> ({
    ^bb0(%x: tensor<8x16xf32>):
      %0 = "stablehlo.negate"(%x) : (tensor<8x16xf32>) -> tensor<8x16xf32>
      "sdy.return"(%0) : (tensor<8x16xf32>) -> ()
    }) : (tensor<32x16xf32>) -> tensor<32x16xf32>
    // expected-note @below {{see 'stablehlo.negate' of a part, outside of sdy.manual_computation}}
    %n = "stablehlo.negate"(%m) : (tensor<32x16xf32>) -> tensor<32x16xf32>
    return %n : tensor<32x16xf32>
  }
}

// -----

// expected-error @below {{the module cannot be imported, for it has 'func.func' whose argument has another sharding than in its manual computation}}
module {
  "sdy.mesh"() <{mesh = #sdy.mesh<["dp"=4, "tp"=2]>, sym_name = "mesh"}> : () -> ()
  // expected-note @below {{see 'func.func' whose argument has another sharding than in its manual computation}}
  func.func @main(%arg0: tensor<32x16xf32> {sdy.sharding = #sdy.sharding<@mesh, [{"tp"}, {}]>}) -> tensor<32x16xf32> {
    %m = "sdy.manual_computation"(%arg0) <{in_shardings = #sdy.sharding_per_value<[<@mesh, [{"dp"}, {}]>]>, manual_axes = #sdy<manual_axes{"dp", "tp"}>, out_shardings = #sdy.sharding_per_value<[<@mesh, [{"dp"}, {}]>]>}> ({
    ^bb0(%x: tensor<8x16xf32>):
      %0 = "stablehlo.negate"(%x) : (tensor<8x16xf32>) -> tensor<8x16xf32>
      "sdy.return"(%0) : (tensor<8x16xf32>) -> ()
    }) : (tensor<32x16xf32>) -> tensor<32x16xf32>
    return %m : tensor<32x16xf32>
  }
}

// -----

// expected-error @below {{the module cannot be imported, for it has 'func.func' whose result has another sharding than in its manual computation}}
module {
  "sdy.mesh"() <{mesh = #sdy.mesh<["dp"=4, "tp"=2]>, sym_name = "mesh"}> : () -> ()
  // expected-note @below {{see 'func.func' whose result has another sharding than in its manual computation}}
  func.func @main(%arg0: tensor<32x16xf32>) -> (tensor<32x16xf32> {sdy.sharding = #sdy.sharding<@mesh, [{}, {}]>}) {
    %m = "sdy.manual_computation"(%arg0) <{in_shardings = #sdy.sharding_per_value<[<@mesh, [{"dp"}, {}]>]>, manual_axes = #sdy<manual_axes{"dp", "tp"}>, out_shardings = #sdy.sharding_per_value<[<@mesh, [{"dp"}, {}]>]>}> ({
    ^bb0(%x: tensor<8x16xf32>):
      %0 = "stablehlo.negate"(%x) : (tensor<8x16xf32>) -> tensor<8x16xf32>
      "sdy.return"(%0) : (tensor<8x16xf32>) -> ()
    }) : (tensor<32x16xf32>) -> tensor<32x16xf32>
    return %m : tensor<32x16xf32>
  }
}

// -----

// expected-error @below {{the module cannot be imported, for it has 'func.func' with an mhlo.sharding}}
module {
  // expected-note @below {{see 'func.func' with an mhlo.sharding}}
  func.func @main(%x: tensor<8x16xf32> {mhlo.sharding = "{replicated}"}) -> tensor<8x16xf32> {
    %0 = "stablehlo.negate"(%x) : (tensor<8x16xf32>) -> tensor<8x16xf32>
    return %0 : tensor<8x16xf32>
  }
}

// -----

// expected-error @below {{the module cannot be imported, for it has 'func.func' with an argument of tensor<?xf32>}}
module {
  // expected-note @below {{see 'func.func' with an argument of tensor<?xf32>}}
  func.func @main(%x: tensor<?xf32>) -> tensor<?xf32> {
    return %x : tensor<?xf32>
  }
}

// -----

// expected-error @below {{the module cannot be imported, for it has 'sdy.mesh' of devices in another order}}
module {
  // expected-note @below {{see 'sdy.mesh' of devices in another order}}
  "sdy.mesh"() <{mesh = #sdy.mesh<["dp"=2, "tp"=2], device_ids=[1, 0, 2, 3]>, sym_name = "mesh"}> : () -> ()
  func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
    return %x : tensor<4xf32>
  }
}

// -----

// expected-error @below {{the module cannot be imported, for it has 'sdy.mesh' beside another one}}
module {
  "sdy.mesh"() <{mesh = #sdy.mesh<["x"=2]>, sym_name = "a"}> : () -> ()
  // expected-note @below {{see 'sdy.mesh' beside another one}}
  "sdy.mesh"() <{mesh = #sdy.mesh<["x"=2]>, sym_name = "b"}> : () -> ()
  func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
    return %x : tensor<4xf32>
  }
}

// -----

// expected-error @below {{the module cannot be imported, for it has 'sdy.mesh' that is malformed}}
module {
  // expected-note @below {{see 'sdy.mesh' that is malformed}}
  "sdy.mesh"() <{mesh = #sdy.mesh<["x"=0]>, sym_name = "mesh"}> : () -> ()
  func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
    return %x : tensor<4xf32>
  }
}

// -----

// expected-error @below {{the module cannot be imported, for it has 'sdy.mesh' that is malformed}}
module {
  // expected-note @below {{see 'sdy.mesh' that is malformed}}
  "sdy.mesh"() <{mesh = #sdy.mesh<["x"=2, "x"=2]>, sym_name = "mesh"}> : () -> ()
  func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
    return %x : tensor<4xf32>
  }
}

// -----

// expected-error @below {{the module cannot be imported, for it has 'sdy.mesh' that is malformed}}
module {
  // expected-note @below {{see 'sdy.mesh' that is malformed}}
  "sdy.mesh"() <{mesh = #sdy.mesh<["x"=4294967296, "y"=4294967296]>, sym_name = "mesh"}> : () -> ()
  func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
    return %x : tensor<4xf32>
  }
}

// -----

// expected-error @below {{the module cannot be imported, for it has 'sdy.mesh' that is malformed}}
module {
  // expected-note @below {{see 'sdy.mesh' that is malformed}}
  "sdy.mesh"() <{mesh = #sdy.mesh<"x">, sym_name = "mesh"}> : () -> ()
  func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
    return %x : tensor<4xf32>
  }
}

// -----

// expected-error @below {{the module cannot be imported, for it has several replicas}}
// expected-note @below {{see several replicas}}
module attributes {mhlo.num_replicas = 2 : i32} {
  func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
    return %x : tensor<4xf32>
  }
}

// -----

// expected-error @below {{the module cannot be imported, for it has partitions that are not those of a mesh}}
// expected-note @below {{see partitions that are not those of a mesh}}
module attributes {mhlo.num_partitions = 2 : i32} {
  func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
    return %x : tensor<4xf32>
  }
}

// -----

// expected-error @below {{the module cannot be imported, for it has partitions that are not those of a mesh}}
// expected-note @below {{see partitions that are not those of a mesh}}
module attributes {mhlo.num_partitions = 4 : i32} {
  "sdy.mesh"() <{mesh = #sdy.mesh<["dp"=4, "tp"=2]>, sym_name = "mesh"}> : () -> ()
  func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
    return %x : tensor<4xf32>
  }
}

// -----

// expected-error @below {{the module cannot be imported, for it has 'ml_program.global'}}
module {
  // expected-note @below {{see 'ml_program.global'}}
  ml_program.global private @g(dense<1> : tensor<4xi32>) : tensor<4xi32>
  func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
    return %x : tensor<4xf32>
  }
}

// -----

// expected-error @below {{the module cannot be imported, for it has 'func.func' that calls itself}}
module {
  func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
    %0 = call @f(%x) : (tensor<4xf32>) -> tensor<4xf32>
    return %0 : tensor<4xf32>
  }
  // expected-note @below {{see 'func.func' that calls itself}}
  func.func private @f(%x: tensor<4xf32>) -> tensor<4xf32> {
    %0 = call @f(%x) : (tensor<4xf32>) -> tensor<4xf32>
    return %0 : tensor<4xf32>
  }
}

// -----

// expected-error @below {{the module cannot be imported, for it has 'func.func' without one block}}
module {
  func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
    %0 = call @f(%x) : (tensor<4xf32>) -> tensor<4xf32>
    return %0 : tensor<4xf32>
  }
  // expected-note @below {{see 'func.func' without one block}}
  func.func private @f(tensor<4xf32>) -> tensor<4xf32>
}

// -----

// expected-error @below {{the module cannot be imported, for it has 'func.call' of a public function}}
module {
  func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
    // expected-note @below {{see 'func.call' of a public function}}
    %0 = call @f(%x) : (tensor<4xf32>) -> tensor<4xf32>
    return %0 : tensor<4xf32>
  }
  func.func @f(%x: tensor<4xf32>) -> tensor<4xf32> {
    return %x : tensor<4xf32>
  }
}

// -----

// MLIR knows nothing of the region of an op that it does not know.
// expected-error @below {{the module cannot be imported, for it has 'stablehlo.add' of a value from outside, or of a later one}}
module {
  "sdy.mesh"() <{mesh = #sdy.mesh<["dp"=4]>, sym_name = "mesh"}> : () -> ()
  func.func @main(%arg0: tensor<32x16xf32>) -> tensor<32x16xf32> {
    %m = "sdy.manual_computation"(%arg0) <{in_shardings = #sdy.sharding_per_value<[<@mesh, [{"dp"}, {}]>]>, manual_axes = #sdy<manual_axes{"dp"}>, out_shardings = #sdy.sharding_per_value<[<@mesh, [{}, {}]>]>}> ({
    ^bb0(%x: tensor<8x16xf32>):
      // expected-note @below {{see 'stablehlo.add' of a value from outside, or of a later one}}
      %0 = "stablehlo.add"(%arg0, %arg0) : (tensor<32x16xf32>, tensor<32x16xf32>) -> tensor<32x16xf32>
      "sdy.return"(%0) : (tensor<32x16xf32>) -> ()
    }) : (tensor<32x16xf32>) -> tensor<32x16xf32>
    return %m : tensor<32x16xf32>
  }
}

// -----

// expected-error @below {{the module cannot be imported, for it has 'stablehlo.add' of a value from outside, or of a later one}}
module {
  "sdy.mesh"() <{mesh = #sdy.mesh<["dp"=4]>, sym_name = "mesh"}> : () -> ()
  func.func @main(%arg0: tensor<32x16xf32>) -> tensor<8x16xf32> {
    %m = "sdy.manual_computation"(%arg0) <{in_shardings = #sdy.sharding_per_value<[<@mesh, [{}, {}]>]>, manual_axes = #sdy<manual_axes{"dp"}>, out_shardings = #sdy.sharding_per_value<[<@mesh, [{}, {}]>]>}> ({
    ^bb0(%x: tensor<32x16xf32>):
      // expected-note @below {{see 'stablehlo.add' of a value from outside, or of a later one}}
      %a = "stablehlo.add"(%b, %b) : (tensor<i32>, tensor<i32>) -> tensor<i32>
      %b = "stablehlo.add"(%a, %a) : (tensor<i32>, tensor<i32>) -> tensor<i32>
      %0 = "stablehlo.dynamic_slice"(%x, %b, %b) <{slice_sizes = array<i64: 8, 16>}> : (tensor<32x16xf32>, tensor<i32>, tensor<i32>) -> tensor<8x16xf32>
      "sdy.return"(%0) : (tensor<8x16xf32>) -> ()
    }) : (tensor<32x16xf32>) -> tensor<8x16xf32>
    return %m : tensor<8x16xf32>
  }
}
