"""The jobs behind Figure 5: models over all of ImageNet-21K."""

from __future__ import annotations

from collections.abc import Iterable

from larvseg import config as c
from larvseg.errors import LarvSegError
from larvseg.experiments.comparators import Comparators
from larvseg.experiments.job import Job
from larvseg.experiments.setup import REFERENCE
from larvseg.vocabulary import Vocabulary

OBJECTS_OF = {"A150": "I124", "A847": "I585"}  # benchmark → the data set that says which synsets its classes are


class Recognition(Comparators):
    """What models over all synsets find of fine-grained categories. All with the first seed."""

    @property
    def figure5_models(self) -> tuple[c.Row, ...]:
        """The models of Figure 5: none in a profile without all of ImageNet-21K."""
        figure = self.experiments.figure5
        return tuple(model for model in figure.models if model.run in self.object_runs) if figure else ()

    def recognise(self, name: str) -> Job:
        """Make the label maps of a model of Figure 5."""
        figure, seed = self.experiments.figure5, self.seeds[0]
        runs = [self.experiments.runs[model.run] for model in self.figure5_models]
        training = tuple(dict.fromkeys(data for run in runs for data in run.training_data if c.kind_of(data) == "single_label"))
        settings = c.RecogniseConfig(
            run=name,
            profile=self.name,
            seed=seed,
            dataset=self.experiments.runs[name].benchmark,
            objects=figure.objects,
            scenes=self._classes_of_scenes(),
            benchmark=figure.benchmark,
            pictures=figure.pictures,
            sources=tuple(dataset for dataset in figure.sources if dataset in self.datasets),
            training=training,
            evaluation=self.evaluation_of(name),
            runtime=self.profile.runtime,
        )
        datasets = tuple(dict.fromkeys((figure.benchmark, *settings.sources, *training)))
        inputs = self._own_files(name, seed) | {dataset: self.manifest(dataset) for dataset in datasets}
        reads = tuple(dict.fromkeys(path for dataset in datasets for path in self.archives_of(dataset)))
        return Job("recognise", name, settings, inputs, reads)

    def _classes_of_scenes(self) -> dict[str, str]:
        """The class of Figure 5's benchmark that each of its scene synsets is; LarvSegError for one that is none."""
        figure = self.experiments.figure5
        classes = classes_of(figure.scenes, self.vocabulary(OBJECTS_OF[figure.benchmark]))
        if unknown := [wnid for wnid in figure.scenes if wnid not in classes]:
            raise LarvSegError(f"{self.where}: figure5: {unknown[0]} is no class of {figure.benchmark}")
        return classes

    def figure5(self, name: str) -> Job:
        """Draw Figure 5."""
        settings = c.Figure5Config(figure=name, profile=self.name, models=self.figure5_models)
        inputs = {model.run: self.recognition_file(model.run) for model in self.figure5_models}
        return Job("figure5", name, settings, inputs, reference=(f"{REFERENCE}/imagenet21k.tsv.gz",))


def classes_of(synsets: Iterable[str], vocabulary: Vocabulary) -> dict[str, str]:
    """The class that each of `synsets` is in `vocabulary` (of I124 or I585), where it is one."""
    listed = {wnid: name for name, wnids in vocabulary.synsets.items() for wnid in wnids}
    return {wnid: listed[wnid] for wnid in synsets if wnid in listed}
