"""Where everything lies, relative to the repository."""

from __future__ import annotations

from larvseg.sources.registry import is_synset_tar


class Files:
    """The paths of the profile `name`."""

    name: str

    def archive(self, file: str) -> str:
        """Where the archive `file` lies."""
        folder = "winter21_whole/" if is_synset_tar(file) else ""
        return f"data/{self.name}/archives/{folder}{file}"

    def manifest(self, dataset: str) -> str:
        """Where the manifest of `dataset` lies."""
        return f"data/{self.name}/manifests/{dataset}.arrow"

    def rejects(self, dataset: str) -> str:
        """Where the table of the pictures lies that `dataset` lacks because they cannot be read."""
        return f"data/{self.name}/manifests/{dataset}.rejects.csv"

    @property
    def backbone(self) -> str:
        """Where the backbone lies that every run starts from."""
        return f"results/{self.name}/backbone/model.safetensors"

    @property
    def feature_network(self) -> str:
        """Where ReCo's feature network lies, if it is not that backbone."""
        return f"results/{self.name}/backbone/features.safetensors"

    def clip_file(self, name: str, file: str) -> str:
        """A file that making the CLIP model `name` writes."""
        return f"results/{self.name}/clip/{name}/{file}"

    def text_file(self, name: str, dataset: str) -> str:
        """Where the embeddings of the classes of `dataset` lie that the CLIP model `name` gives."""
        return f"results/{self.name}/clip/{name}/text/{dataset}.safetensors"

    def zeroshot_file(self, name: str) -> str:
        """How well the CLIP model `name` knows object pictures."""
        return f"results/{self.name}/evaluations/clip/{name}.json"

    def index_file(self, dataset: str) -> str:
        """Where the embeddings of the pictures of `dataset` lie that ReCo retrieves from."""
        return f"results/{self.name}/index/{dataset}.safetensors"

    def grouping_file(self, explored: str, seed: int) -> str:
        """What the embeddings of a row of Table 1 group with one seed."""
        return f"results/{self.name}/groupings/{explored}/seed{seed}.json"

    def response_file(self, name: str) -> str:
        """The response maps of one model of Figure 2."""
        return f"results/{self.name}/responses/{name}.safetensors"

    def prediction_file(self, run: str) -> str:
        """The label maps of one method of Figure 4."""
        return f"results/{self.name}/predictions/{run}.safetensors"

    def recognition_file(self, run: str) -> str:
        """The label maps of one model of Figure 5."""
        return f"results/{self.name}/predictions/synsets/{run}.safetensors"

    def showcase_file(self, run: str) -> str:
        """The label map of Figure 1."""
        return f"results/{self.name}/showcase/{run}.safetensors"

    def attention_file(self, run: str) -> str:
        """The maps of the category-wise attention of Figure 3."""
        return f"results/{self.name}/attentions/{run}.safetensors"

    def run_file(self, run: str, seed: int, file: str) -> str:
        """A file that training `run` with `seed` writes."""
        return f"results/{self.name}/runs/{run}/seed{seed}/{file}"

    def evaluation_file(self, run: str, seed: int, file: str) -> str:
        """A file that evaluating `run` with `seed` writes."""
        return f"results/{self.name}/evaluations/{run}/seed{seed}/{file}"
