"""Class names embedded by a model of sentences, for methods that know a class by its name where there is no CLIP."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module, util
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from larvseg.clip.prompts import load_prompts, sentences
from larvseg.config import Sentences
from larvseg.errors import LarvSegError
from larvseg.sources.packages import weights_file


def sentence_table(settings: Sentences, names: Sequence[str], device: torch.device) -> Tensor:
    """N class names → (N, D): the normalised mean over the prompt set of the embeddings of the name in each sentence.

    settings.weights: "package:<name>", or the folder of the model's files. Raises LarvSegError where the model or the library
    `sentence-transformers` is not installed.
    """
    file = weights_file(settings.weights)
    folder = file.parent if file else Path(settings.weights)
    if util.find_spec("sentence_transformers") is None:
        raise LarvSegError("sentence-transformers is not installed; pip install 'larvseg[photos]'")
    try:
        model = import_module("sentence_transformers").SentenceTransformer(str(folder), device=str(device), local_files_only=True)
    except (OSError, ValueError, KeyError) as error:
        raise LarvSegError(f"{folder.name}: no model of sentences ({error}); install the package again, or name another folder") from None
    embedded = (
        model.encode(sentences(template, names), convert_to_tensor=True, show_progress_bar=False)
        for template in load_prompts(settings.prompts)
    )
    return F.normalize(sum(F.normalize(each.float(), dim=1) for each in embedded), dim=1).clone()
