# The backbone every run starts from, and the runs themselves.


rule pretrain:
    input:
        recipe=f"work/recipes/{PROFILE}/pretrain/backbone.json",
        source=PROJECT.pretrain("backbone").inputs.values(),
    output:
        model=f"results/{PROFILE}/backbone/model.safetensors",
    log:
        f"results/{PROFILE}/logs/pretrain/backbone.log",
    benchmark:
        f"results/{PROFILE}/benchmarks/pretrain/backbone.tsv"
    priority: priority_of
    conda:
        "../../environment.yml"
    threads: PROJECT.pretraining_threads
    resources:
        mem_mb=MEMORY,
        runtime=MINUTES,
        foundation=1,
    shell:
        "larvseg pretrain {input.recipe} --out model={output.model} > {log} 2>&1"


rule train:
    input:
        recipe=f"work/recipes/{PROFILE}/train/{{run}}.seed{{seed}}.json",
        files=training_inputs_of,
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
        f"results/{PROFILE}/logs/train/{{run}}.seed{{seed}}.log",
    benchmark:
        f"results/{PROFILE}/benchmarks/train/{{run}}.seed{{seed}}.tsv"
    wildcard_constraints:
        run=runs_made_by("train"),
    priority: priority_of
    conda:
        "../../environment.yml"
    threads: THREADS
    resources:
        mem_mb=MEMORY,
        runtime=MINUTES,
    shell:
        "larvseg train {input.recipe} --out model={output.model} --out config={output.config}"
        " --out curves={output.curves} --out card={output.card} > {log} 2>&1"
