// Commutes the gathers that are marked `this`, through the pipeline of a run.
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op) {
    %g = transform.structured.match ops{["dist.all_gather"]} attributes {this} in %root : (!transform.any_op) -> !transform.any_op
    %gathers, %moved = transform.dist.commute_gather %g : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}
