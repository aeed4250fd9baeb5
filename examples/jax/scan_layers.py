"""Three layers under one lax.scan, behind an embedding, with sequence parallelism in a
group of 4 tensor-parallel ranks: each looks its own tokens up, and has a quarter of the
columns of each layer's MLP. What a layer gathers is normalised."""

import jax
import jax.numpy as jnp
from jax import lax
from jax.sharding import PartitionSpec as P

TOKENS, VOCABULARY, LAYERS, HIDDEN, FFN, RANKS = 32, 48, 3, 64, 128, 4


def rms_norm(x, weight, eps=1e-6):
    return x * lax.rsqrt(jnp.mean(x * x, axis=-1, keepdims=True) + eps) * weight


def layer(x, parameters):
    norm, w1, w2 = parameters
    h = rms_norm(lax.all_gather(x, "tp", axis=0, tiled=True), norm)
    y = jax.nn.silu(h @ w1) @ w2
    return x + lax.psum_scatter(y, "tp", scatter_dimension=0, tiled=True), None


def model(table, norms, w1, w2):
    own = TOKENS // RANKS
    positions = lax.axis_index("tp") * own + jnp.arange(own)
    x, _ = lax.scan(layer, table[positions * 7 % VOCABULARY], (norms, w1, w2))
    return x


def main(export, Argument):
    arguments = [
        Argument([VOCABULARY, HIDDEN], P(), scale=4),
        Argument([LAYERS, HIDDEN], P(), offset=1),
        Argument([LAYERS, HIDDEN, FFN], P(None, None, "tp")),
        Argument([LAYERS, FFN, HIDDEN], P(None, "tp", None)),
    ]
    export("scan_layers", model, {"tp": RANKS}, arguments, P("tp", None))
