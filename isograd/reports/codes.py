"""How well an autoencoder's codes, which never saw a label, tell the classes apart. Needs scikit-learn."""

from __future__ import annotations

import numpy as np
from threadpoolctl import threadpool_limits

from isograd.core.base.types import Array
from isograd.optional import require

SAMPLE = 2000  # codes looked at: t-SNE's time grows faster than their number
NEIGHBOURS = 5


def purities(codes: Array, labels: Array) -> dict[str, float]:
    """k-means and k-NN purity of the first codes: both 1 where classes lie apart.

    k-means, as many clusters as classes: the share of codes whose class is the commonest of their cluster.
    k-NN: the mean share of a code's nearest neighbours, itself left out, that are of its class.
    """
    rows, classes = codes[:SAMPLE].reshape(len(codes[:SAMPLE]), -1), labels[:SAMPLE]
    cluster = require("sklearn.cluster", extra="sklearn", purpose="k-means of the codes")
    neighbors = require("sklearn.neighbors", extra="sklearn", purpose="neighbours of the codes")
    count = min(len(np.unique(classes)), len(np.unique(rows, axis=0)))  # a collapsed encoder has one code for all
    found = cluster.KMeans(count, n_init=4, random_state=0).fit_predict(rows)
    near = neighbors.NearestNeighbors(n_neighbors=NEIGHBOURS).fit(rows).kneighbors(return_distance=False)
    return {
        "k-means purity": cluster_purity(found, classes),
        f"{NEIGHBOURS}-NN purity": float(np.mean(classes[near] == classes[:, None])),
    }


def cluster_purity(clusters: Array, classes: Array) -> float:
    """The share of samples whose class is the commonest of their cluster.

    >>> cluster_purity(np.array([0, 0, 0, 1]), np.array([7, 7, 8, 8]))
    0.75
    """
    commonest = [np.bincount(classes[clusters == k]).max() for k in np.unique(clusters)]
    return float(sum(commonest) / len(classes))


def embedding(codes: Array) -> Array:
    """t-SNE of the first codes: points of the plane (N, 2), near where the codes are near."""
    manifold = require("sklearn.manifold", extra="sklearn", purpose="t-SNE of the codes")
    rows = codes[:SAMPLE].reshape(len(codes[:SAMPLE]), -1)
    perplexity = min(30.0, (len(rows) - 1) / 3)
    start = "pca" if np.ptp(rows, axis=0).any() else "random"
    with threadpool_limits(limits=1):
        points: Array = manifold.TSNE(perplexity=perplexity, init=start, random_state=0).fit_transform(rows)
    return points
