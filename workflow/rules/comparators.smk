# What the comparators of Table 3 are made of: CLIP, its text tables, mask proposals, ReCo's references.


rule clip:
    input:
        recipe=f"work/recipes/{PROFILE}/clip/{{clip}}.json",
        source=lambda wildcards: PROJECT.clip(wildcards.clip).inputs.values(),
    output:
        model=f"results/{PROFILE}/clip/{{clip}}/model.safetensors",
        config=f"results/{PROFILE}/clip/{{clip}}/config.json",
        curves=report(
            f"results/{PROFILE}/clip/{{clip}}/curves.csv",
            caption="../report/training.rst",
            category="Curves",
            labels={"model": "CLIP {clip}", "seed": "0"},
        ),
        card=f"results/{PROFILE}/clip/{{clip}}/card.md",
    log:
        f"results/{PROFILE}/logs/clip/{{clip}}.log",
    benchmark:
        f"results/{PROFILE}/benchmarks/clip/{{clip}}.tsv"
    priority: priority_of
    conda:
        "../../environment.yml"
    threads: THREADS
    resources:
        mem_mb=MEMORY,
        runtime=MINUTES,
        foundation=1,
    shell:
        "larvseg clip {input.recipe} --out model={output.model} --out config={output.config}"
        " --out curves={output.curves} --out card={output.card} > {log} 2>&1"


rule embed:
    input:
        recipe=f"work/recipes/{PROFILE}/embed/{{clip}}.json",
        clip=f"results/{PROFILE}/clip/{{clip}}/model.safetensors",
    output:
        C171=f"results/{PROFILE}/clip/{{clip}}/text/C171.safetensors",
        A150=f"results/{PROFILE}/clip/{{clip}}/text/A150.safetensors",
        A847=f"results/{PROFILE}/clip/{{clip}}/text/A847.safetensors",
    log:
        f"results/{PROFILE}/logs/embed/{{clip}}.log",
    benchmark:
        f"results/{PROFILE}/benchmarks/embed/{{clip}}.tsv"
    priority: priority_of
    conda:
        "../../environment.yml"
    threads: THREADS
    resources:
        mem_mb=MEMORY,
        runtime=MINUTES,
    shell:
        "larvseg embed {input.recipe} --out C171={output.C171} --out A150={output.A150} --out A847={output.A847} > {log} 2>&1"


# How well each CLIP model knows what object pictures show.
rule zeroshot:
    input:
        recipe=f"work/recipes/{PROFILE}/zeroshot/{{clip}}.json",
        files=lambda wildcards: PROJECT.zeroshot(wildcards.clip).inputs.values(),
    output:
        accuracy=f"results/{PROFILE}/evaluations/clip/{{clip}}.json",
    log:
        f"results/{PROFILE}/logs/zeroshot/{{clip}}.log",
    benchmark:
        f"results/{PROFILE}/benchmarks/zeroshot/{{clip}}.tsv"
    priority: priority_of
    conda:
        "../../environment.yml"
    threads: THREADS
    resources:
        mem_mb=MEMORY,
        runtime=MINUTES,
    shell:
        "larvseg zeroshot {input.recipe} --out accuracy={output.accuracy} > {log} 2>&1"


# ZSBaseline and OpenSeg: networks that propose masks.
rule propose:
    input:
        recipe=f"work/recipes/{PROFILE}/propose/{{run}}.seed{{seed}}.json",
        files=lambda wildcards: PROJECT.propose(f"{wildcards.run}.seed{wildcards.seed}").inputs.values(),
    output:
        model=f"results/{PROFILE}/runs/{{run}}/seed{{seed}}/model.safetensors",
        config=f"results/{PROFILE}/runs/{{run}}/seed{{seed}}/config.json",
        curves=report(
            f"results/{PROFILE}/runs/{{run}}/seed{{seed}}/curves.csv",
            caption="../report/training.rst",
            category="Curves",
            labels={"model": "{run}", "seed": "{seed}"},
        ),
        card=f"results/{PROFILE}/runs/{{run}}/seed{{seed}}/card.md",
    log:
        f"results/{PROFILE}/logs/propose/{{run}}.seed{{seed}}.log",
    benchmark:
        f"results/{PROFILE}/benchmarks/propose/{{run}}.seed{{seed}}.tsv"
    wildcard_constraints:
        run=runs_made_by("propose"),
    priority: priority_of
    conda:
        "../../environment.yml"
    threads: THREADS
    resources:
        mem_mb=MEMORY,
        runtime=MINUTES,
    shell:
        "larvseg propose {input.recipe} --out model={output.model} --out config={output.config}"
        " --out curves={output.curves} --out card={output.card} > {log} 2>&1"


if PROJECT.features_config:

    # What ReCo sees pictures with, where it is not the backbone of all runs.
    rule pretrain_features:
        input:
            recipe=f"work/recipes/{PROFILE}/pretrain/features.json",
            source=PROJECT.pretrain("features").inputs.values(),
        output:
            model=f"results/{PROFILE}/backbone/features.safetensors",
        log:
            f"results/{PROFILE}/logs/pretrain/features.log",
        benchmark:
            f"results/{PROFILE}/benchmarks/pretrain/features.tsv"
        priority: priority_of
        conda:
            "../../environment.yml"
        threads: PROJECT.pretraining_threads
        resources:
            mem_mb=MEMORY,
            runtime=MINUTES,
        shell:
            "larvseg pretrain {input.recipe} --out model={output.model} > {log} 2>&1"


# The pictures that ReCo retrieves from, seen by CLIP.
rule index:
    input:
        recipe=f"work/recipes/{PROFILE}/index/{{dataset}}.json",
        files=lambda wildcards: PROJECT.index(wildcards.dataset).inputs.values(),
    output:
        embeddings=f"results/{PROFILE}/index/{{dataset}}.safetensors",
    log:
        f"results/{PROFILE}/logs/index/{{dataset}}.log",
    benchmark:
        f"results/{PROFILE}/benchmarks/index/{{dataset}}.tsv"
    priority: priority_of
    conda:
        "../../environment.yml"
    threads: THREADS
    resources:
        mem_mb=MEMORY,
        runtime=MINUTES,
    shell:
        "larvseg index {input.recipe} --out embeddings={output.embeddings} > {log} 2>&1"


# ReCo: a reference vector for each class, from pictures that CLIP retrieves.
rule retrieve:
    input:
        recipe=f"work/recipes/{PROFILE}/retrieve/{{run}}.seed{{seed}}.json",
        files=lambda wildcards: PROJECT.retrieve(f"{wildcards.run}.seed{wildcards.seed}").inputs.values(),
    output:
        model=f"results/{PROFILE}/runs/{{run}}/seed{{seed}}/model.safetensors",
        config=f"results/{PROFILE}/runs/{{run}}/seed{{seed}}/config.json",
        card=f"results/{PROFILE}/runs/{{run}}/seed{{seed}}/card.md",
    log:
        f"results/{PROFILE}/logs/retrieve/{{run}}.seed{{seed}}.log",
    benchmark:
        f"results/{PROFILE}/benchmarks/retrieve/{{run}}.seed{{seed}}.tsv"
    wildcard_constraints:
        run=runs_made_by("retrieve"),
    priority: priority_of
    conda:
        "../../environment.yml"
    threads: THREADS
    resources:
        mem_mb=MEMORY,
        runtime=MINUTES,
    shell:
        "larvseg retrieve {input.recipe} --out model={output.model} --out config={output.config} --out card={output.card} > {log} 2>&1"
