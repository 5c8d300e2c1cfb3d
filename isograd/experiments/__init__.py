"""What an experiment is, how it is found and trained, and what stands beside it: reached as `ig.experiments`."""

from isograd.experiments.baselines import mlp_like, pca_like
from isograd.experiments.experiment import Experiment, Options
from isograd.experiments.lexicon import Lexicon, characters, numbered, words
from isograd.experiments.next_character import ENGLISH, NGrams, counting, parts_of, writing
from isograd.experiments.prepared import Prepared
from isograd.experiments.recipe import Recipe

__all__ = [
    "ENGLISH",
    "Experiment",
    "Lexicon",
    "NGrams",
    "Options",
    "Prepared",
    "Recipe",
    "characters",
    "counting",
    "mlp_like",
    "numbered",
    "parts_of",
    "pca_like",
    "words",
    "writing",
]
