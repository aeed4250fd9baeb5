"""The layer norm between a GPT's attention and its MLP, data-parallel over 8 ranks: each
projects its own tokens and adds the residual, all tokens are gathered, normalised, and
go through a part of the MLP's columns on each rank."""

import jax
import jax.numpy as jnp
from jax import lax
from jax.sharding import PartitionSpec as P

BATCH, TOKENS, HIDDEN, FFN = 2, 32, 64, 128


def layer_norm(x, scale, bias, eps=1e-5):
    mean = jnp.mean(x, axis=-1, keepdims=True)
    variance = jnp.var(x, axis=-1, keepdims=True)
    return (x - mean) / jnp.sqrt(variance + eps) * scale + bias


def boundary(y, x, wo, scale, bias, w1, w2):
    x = x + jnp.einsum("bsh,hk->bsk", y, wo)
    g = lax.all_gather(x, "dp", axis=1, tiled=True)
    h = jax.nn.gelu(layer_norm(g, scale, bias) @ w1) @ w2
    return x + lax.psum_scatter(h, "dp", scatter_dimension=1, tiled=True)


def main(export, Argument):
    tokens = P(None, "dp")
    arguments = [
        Argument([BATCH, TOKENS, HIDDEN], tokens, scale=4),
        Argument([BATCH, TOKENS, HIDDEN], tokens, scale=4),
        Argument([HIDDEN, HIDDEN], P()),
        Argument([HIDDEN], P(), offset=1),
        Argument([HIDDEN], P()),
        Argument([HIDDEN, FFN], P(None, "dp")),
        Argument([FFN, HIDDEN], P("dp")),
    ]
    export("gpt_layer_norm", boundary, {"dp": 8}, arguments, tokens)
