"""Class names: the vocabularies of the data sets, their alignment with C171, and the union that a classifier is built over."""

from larvseg.vocabulary.alignment import Union, base_novel, c171_key, union
from larvseg.vocabulary.names import KNOWN, RULES, Category, Vocabulary, load_vocabulary

__all__ = ["KNOWN", "RULES", "Category", "Union", "Vocabulary", "base_novel", "c171_key", "load_vocabulary", "union"]
