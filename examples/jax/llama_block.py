"""A Llama block, with sequence parallelism in a group of 4 tensor-parallel ranks: each
has a quarter of the tokens between the layers, and of the heads and the MLP's columns
inside of them. Each gather is followed by the norm, as papers draw it."""

import jax
import jax.numpy as jnp
from jax import lax
from jax.sharding import PartitionSpec as P

TOKENS, HIDDEN, HEADS, HEAD, FFN = 32, 64, 8, 8, 128


def rms_norm(x, weight, eps=1e-6):
    return x * lax.rsqrt(jnp.mean(x * x, axis=-1, keepdims=True) + eps) * weight


def rotate(x):
    """Rotary embedding of [tokens, heads, head]."""
    half = x.shape[-1] // 2
    frequency = 10000.0 ** (-jnp.arange(half, dtype=jnp.float32) / half)
    angle = jnp.arange(x.shape[0], dtype=jnp.float32)[:, None] * frequency
    cos, sin = jnp.cos(angle)[:, None, :], jnp.sin(angle)[:, None, :]
    a, b = x[..., :half], x[..., half:]
    return jnp.concatenate([a * cos - b * sin, b * cos + a * sin], axis=-1)


def attention(x, wq, wk, wv, wo):
    heads = lambda y: y.reshape(y.shape[0], -1, HEAD)
    q, k, v = rotate(heads(x @ wq)), rotate(heads(x @ wk)), heads(x @ wv)
    scores = jnp.einsum("ihd,jhd->hij", q, k) / HEAD**0.5
    causal = jnp.tril(jnp.ones(scores.shape[-2:], bool))
    weights = jax.nn.softmax(jnp.where(causal, scores, -1e30), axis=-1)
    y = jnp.einsum("hij,jhd->ihd", weights, v)
    return y.reshape(y.shape[0], -1) @ wo


def block(x, norm1, wq, wk, wv, wo, norm2, w1, w3, w2):
    gather = lambda y: lax.all_gather(y, "tp", axis=0, tiled=True)
    scatter = lambda y: lax.psum_scatter(y, "tp", scatter_dimension=0, tiled=True)
    h = rms_norm(gather(x), norm1)
    x = x + scatter(attention(h, wq, wk, wv, wo))
    h = rms_norm(gather(x), norm2)
    return x + scatter((jax.nn.silu(h @ w1) * (h @ w3)) @ w2)


def main(export, Argument):
    columns, rows = P(None, "tp"), P("tp", None)
    arguments = [
        Argument([TOKENS, HIDDEN], rows, scale=4),
        Argument([HIDDEN], P(), offset=1),
        *(Argument([HIDDEN, HEADS * HEAD], columns) for _ in range(3)),
        Argument([HEADS * HEAD, HIDDEN], rows),
        Argument([HIDDEN], P(), offset=1),
        *(Argument([HIDDEN, FFN], columns) for _ in range(2)),
        Argument([FFN, HIDDEN], rows),
    ]
    export("llama_block", block, {"tp": 4}, arguments, rows)
