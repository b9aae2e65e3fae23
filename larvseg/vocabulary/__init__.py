"""Class names: the vocabularies of data sets, their alignment, and the union that a classifier is built over."""

from larvseg.vocabulary.alignment import Union, novel_in, union
from larvseg.vocabulary.names import RULES, Vocabulary, read_vocabulary

__all__ = ["RULES", "Union", "Vocabulary", "novel_in", "read_vocabulary", "union"]
