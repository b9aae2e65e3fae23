# Confusion counts of each validation image, and the mIoU that follows from them.


rule evaluate:
    input:
        recipe=f"work/recipes/{PROFILE}/evaluate/{{run}}.seed{{seed}}.json",
        files=evaluation_inputs_of,
    output:
        confusion=f"results/{PROFILE}/evaluations/{{run}}/seed{{seed}}/confusion.arrow",
        metrics=f"results/{PROFILE}/evaluations/{{run}}/seed{{seed}}/metrics.json",
    log:
        f"results/{PROFILE}/logs/evaluate/{{run}}.seed{{seed}}.log",
    benchmark:
        f"results/{PROFILE}/benchmarks/evaluate/{{run}}.seed{{seed}}.tsv"
    priority: priority_of
    conda:
        "../../environment.yml"
    threads: THREADS
    resources:
        mem_mb=MEMORY,
        runtime=MINUTES,
    shell:
        "larvseg evaluate {input.recipe} --out confusion={output.confusion} --out metrics={output.metrics} > {log} 2>&1"


# What pixel embeddings group: one row of Table 1 on one benchmark, with one seed.
rule explore:
    input:
        recipe=f"work/recipes/{PROFILE}/explore/{{exploration}}.seed{{seed}}.json",
        files=grouping_inputs_of,
    output:
        grouping=f"results/{PROFILE}/groupings/{{exploration}}/seed{{seed}}.json",
    log:
        f"results/{PROFILE}/logs/explore/{{exploration}}.seed{{seed}}.log",
    benchmark:
        f"results/{PROFILE}/benchmarks/explore/{{exploration}}.seed{{seed}}.tsv"
    priority: priority_of
    conda:
        "../../environment.yml"
    threads: THREADS
    resources:
        mem_mb=MEMORY,
        runtime=MINUTES,
    shell:
        "larvseg explore {input.recipe} --out grouping={output.grouping} > {log} 2>&1"


# Response maps of one model of Figure 2.
rule respond:
    input:
        recipe=f"work/recipes/{PROFILE}/respond/{{exploration}}.json",
        files=lambda wildcards: PROJECT.respond(wildcards.exploration).inputs.values(),
    output:
        responses=f"results/{PROFILE}/responses/{{exploration}}.safetensors",
    log:
        f"results/{PROFILE}/logs/respond/{{exploration}}.log",
    benchmark:
        f"results/{PROFILE}/benchmarks/respond/{{exploration}}.tsv"
    priority: priority_of
    conda:
        "../../environment.yml"
    threads: THREADS
    resources:
        mem_mb=MEMORY,
        runtime=MINUTES,
    shell:
        "larvseg respond {input.recipe} --out responses={output.responses} > {log} 2>&1"


# Label maps of one method of Figure 4.
rule predict:
    input:
        recipe=f"work/recipes/{PROFILE}/predict/{{run}}.json",
        files=lambda wildcards: PROJECT.predict(wildcards.run).inputs.values(),
    output:
        predictions=f"results/{PROFILE}/predictions/{{run}}.safetensors",
    log:
        f"results/{PROFILE}/logs/predict/{{run}}.log",
    benchmark:
        f"results/{PROFILE}/benchmarks/predict/{{run}}.tsv"
    priority: priority_of
    conda:
        "../../environment.yml"
    threads: THREADS
    resources:
        mem_mb=MEMORY,
        runtime=MINUTES,
    shell:
        "larvseg predict {input.recipe} --out predictions={output.predictions} > {log} 2>&1"


# The label map of Figure 1.
rule showcase:
    input:
        recipe=f"work/recipes/{PROFILE}/showcase/{{run}}.json",
        files=lambda wildcards: PROJECT.showcase(wildcards.run).inputs.values(),
    output:
        showcase=f"results/{PROFILE}/showcase/{{run}}.safetensors",
    log:
        f"results/{PROFILE}/logs/showcase/{{run}}.log",
    benchmark:
        f"results/{PROFILE}/benchmarks/showcase/{{run}}.tsv"
    priority: priority_of
    conda:
        "../../environment.yml"
    threads: THREADS
    resources:
        mem_mb=MEMORY,
        runtime=MINUTES,
    shell:
        "larvseg showcase {input.recipe} --out showcase={output.showcase} > {log} 2>&1"


# The category-wise attention of Figure 3.
rule attend:
    input:
        recipe=f"work/recipes/{PROFILE}/attend/{{run}}.json",
        files=lambda wildcards: PROJECT.attend(wildcards.run).inputs.values(),
    output:
        attentions=f"results/{PROFILE}/attentions/{{run}}.safetensors",
    log:
        f"results/{PROFILE}/logs/attend/{{run}}.log",
    benchmark:
        f"results/{PROFILE}/benchmarks/attend/{{run}}.tsv"
    priority: priority_of
    conda:
        "../../environment.yml"
    threads: THREADS
    resources:
        mem_mb=MEMORY,
        runtime=MINUTES,
    shell:
        "larvseg attend {input.recipe} --out attentions={output.attentions} > {log} 2>&1"


# Label maps of one model of Figure 5 over all its synsets.
rule recognise:
    input:
        recipe=f"work/recipes/{PROFILE}/recognise/{{run}}.json",
        files=lambda wildcards: PROJECT.recognise(wildcards.run).inputs.values(),
    output:
        recognitions=f"results/{PROFILE}/predictions/synsets/{{run}}.safetensors",
    log:
        f"results/{PROFILE}/logs/recognise/{{run}}.log",
    benchmark:
        f"results/{PROFILE}/benchmarks/recognise/{{run}}.tsv"
    priority: priority_of
    conda:
        "../../environment.yml"
    threads: THREADS
    resources:
        mem_mb=MEMORY,
        runtime=MINUTES,
    shell:
        "larvseg recognise {input.recipe} --out recognitions={output.recognitions} > {log} 2>&1"
