# Confusion counts of each validation image, and the mIoU that follows from them.


rule evaluate:
    input:
        recipe=f"work/recipes/{PROFILE}/evaluate/{{run}}.seed{{seed}}.json",
        model=f"results/{PROFILE}/runs/{{run}}/seed{{seed}}/model.safetensors",
        config=f"results/{PROFILE}/runs/{{run}}/seed{{seed}}/config.json",
        manifest=benchmark_of,
    output:
        confusion=f"results/{PROFILE}/evaluations/{{run}}/seed{{seed}}/confusion.arrow",
        metrics=f"results/{PROFILE}/evaluations/{{run}}/seed{{seed}}/metrics.json",
    log:
        f"results/{PROFILE}/logs/evaluate/{{run}}.seed{{seed}}.log",
    benchmark:
        f"results/{PROFILE}/benchmarks/evaluate/{{run}}.seed{{seed}}.tsv"
    conda:
        "../../environment.yml"
    threads: THREADS
    resources:
        mem_mb=MEMORY,
        runtime=MINUTES,
    shell:
        "larvseg evaluate {input.recipe} --out confusion={output.confusion} --out metrics={output.metrics} > {log} 2>&1"
