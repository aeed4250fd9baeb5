"""Exports the programs of this folder to StableHLO, with what JAX computes of them.

    pip install jax
    python examples/jax/export.py        # writes examples/jax/data

For each program: NAME.mlir, in generic form; NAME.json, its arguments; and a
NAME.result<N>.npy for each result (bf16 as f32).
"""

import json
import os
import pathlib
import sys

os.environ["XLA_FLAGS"] = "--xla_force_host_platform_device_count=8"
os.environ["JAX_PLATFORMS"] = "cpu"

import jax
import jax.numpy as jnp
import numpy as np

import inputs

DATA = pathlib.Path(__file__).parent / "data"


class Argument:
    def __init__(self, shape, spec, scale=1, offset=0, type="f32"):
        self.shape, self.spec, self.type = list(shape), spec, type
        self.scale, self.offset = scale, offset

    def describe(self, seed):
        return {
            "shape": self.shape,
            "type": self.type,
            "seed": seed,
            "scale": self.scale,
            "offset": self.offset,
        }

    def make(self, seed):
        values = inputs.make(self.shape, seed, self.scale, self.offset)
        dtype = {"f32": jnp.float32, "bf16": jnp.bfloat16}[self.type]
        return jnp.array(np.array(values, np.float32).reshape(self.shape), dtype)


def export(name, function, axes, arguments, out_specs):
    """`function` is what each rank runs; `axes` are the mesh, by name and size."""
    sizes = list(axes.values())
    devices = np.array(jax.devices()[: np.prod(sizes)]).reshape(sizes)
    mesh = jax.sharding.Mesh(devices, tuple(axes))
    specs = tuple(argument.spec for argument in arguments)
    program = jax.jit(
        jax.shard_map(function, mesh=mesh, in_specs=specs, out_specs=out_specs)
    )
    values = [argument.make(seed) for seed, argument in enumerate(arguments)]
    module = program.lower(*values).compiler_ir("stablehlo")
    text = module.operation.get_asm(print_generic_op_form=True)
    (DATA / f"{name}.mlir").write_text(text.rstrip() + "\n")
    described = [argument.describe(seed) for seed, argument in enumerate(arguments)]
    lines = ",\n ".join(json.dumps(argument) for argument in described)
    (DATA / f"{name}.json").write_text(f"[{lines}]\n")
    for i, result in enumerate(jax.tree.leaves(program(*values))):
        np.save(DATA / f"{name}.result{i}.npy", np.asarray(result, np.float32))


def main():
    sys.path.insert(0, str(pathlib.Path(__file__).parent))
    import dp_attention
    import gpt_layer_norm
    import llama_block
    import scan_layers

    DATA.mkdir(exist_ok=True)
    for module in (llama_block, dp_attention, gpt_layer_norm, scan_layers):
        module.main(export, Argument)


if __name__ == "__main__":
    main()
