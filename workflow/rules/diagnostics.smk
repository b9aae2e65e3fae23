# Why the numbers of Table 3 are what they are: tables of classes and confusions, and what is drawn of them and of training.


# The classes of a benchmark: base or novel, how often seen, IoU of each run.
rule classes:
    input:
        recipe=f"work/recipes/{PROFILE}/classes/{{diagnosed}}.json",
        files=lambda wildcards: PROJECT.classes(wildcards.diagnosed).inputs.values(),
    output:
        table=report(
            "results/classes_{diagnosed}.csv",
            caption="../report/class_map.rst",
            category="Diagnostics",
            labels={"what": "classes (table)", "benchmark": "{diagnosed}"},
        ),
    log:
        f"results/{PROFILE}/logs/diagnose/classes_{{diagnosed}}.log",
    benchmark:
        f"results/{PROFILE}/benchmarks/diagnose/classes_{{diagnosed}}.tsv"
    priority: priority_of
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    shell:
        "larvseg diagnose classes {input.recipe} --out table={output.table} > {log} 2>&1"


# Where the pixels of novel and of base categories go.
rule shares:
    input:
        recipe=f"work/recipes/{PROFILE}/shares/{{diagnosed}}.json",
        counts=lambda wildcards: PROJECT.shares(wildcards.diagnosed).inputs.values(),
    output:
        table=report(
            "results/confusion_{diagnosed}.csv",
            caption="../report/confusion.rst",
            category="Diagnostics",
            labels={"what": "confusion (table)", "benchmark": "{diagnosed}"},
        ),
    log:
        f"results/{PROFILE}/logs/diagnose/shares_{{diagnosed}}.log",
    benchmark:
        f"results/{PROFILE}/benchmarks/diagnose/shares_{{diagnosed}}.tsv"
    priority: priority_of
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    shell:
        "larvseg diagnose shares {input.recipe} --out table={output.table} > {log} 2>&1"


# The figure of every class and run.
rule class_map:
    input:
        recipe=f"work/recipes/{PROFILE}/class_map/{{diagnosed}}.json",
        table=lambda wildcards: PROJECT.class_map(wildcards.diagnosed).inputs.values(),
    output:
        figure=report(
            "reports/figures/classes_{diagnosed}.png",
            caption="../report/class_map.rst",
            category="Diagnostics",
            labels={"what": "every class", "benchmark": "{diagnosed}"},
        ),
    log:
        f"results/{PROFILE}/logs/diagnose/class_map_{{diagnosed}}.log",
    benchmark:
        f"results/{PROFILE}/benchmarks/diagnose/class_map_{{diagnosed}}.tsv"
    priority: priority_of
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    shell:
        "larvseg diagnose map {input.recipe} --out figure={output.figure} > {log} 2>&1"


# IoU over how often training sees a class.
rule tail:
    input:
        recipe=f"work/recipes/{PROFILE}/tail/{{diagnosed}}.json",
        table=lambda wildcards: PROJECT.tail(wildcards.diagnosed).inputs.values(),
    output:
        figure=report(
            "reports/figures/tail_{diagnosed}.png",
            caption="../report/tail.rst",
            category="Diagnostics",
            labels={"what": "tail", "benchmark": "{diagnosed}"},
        ),
    log:
        f"results/{PROFILE}/logs/diagnose/tail_{{diagnosed}}.log",
    benchmark:
        f"results/{PROFILE}/benchmarks/diagnose/tail_{{diagnosed}}.tsv"
    priority: priority_of
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    shell:
        "larvseg diagnose tail {input.recipe} --out figure={output.figure} > {log} 2>&1"


# What each class gains from attention.
rule gains:
    input:
        recipe=f"work/recipes/{PROFILE}/gains/{{diagnosed}}.json",
        files=lambda wildcards: PROJECT.gains(wildcards.diagnosed).inputs.values(),
    output:
        figure=report(
            "reports/figures/gains_{diagnosed}.png",
            caption="../report/gains.rst",
            category="Diagnostics",
            labels={"what": "gains", "benchmark": "{diagnosed}"},
        ),
    log:
        f"results/{PROFILE}/logs/diagnose/gains_{{diagnosed}}.log",
    benchmark:
        f"results/{PROFILE}/benchmarks/diagnose/gains_{{diagnosed}}.tsv"
    priority: priority_of
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    shell:
        "larvseg diagnose gains {input.recipe} --out figure={output.figure} > {log} 2>&1"


# Losses, memory bank and attention over training.
rule curves:
    input:
        recipe=f"work/recipes/{PROFILE}/curves/{{diagnosed}}.json",
        curves=lambda wildcards: PROJECT.curves(wildcards.diagnosed).inputs.values(),
    output:
        figure=report(
            "reports/figures/training_{diagnosed}.png",
            caption="../report/curves.rst",
            category="Diagnostics",
            labels={"what": "training", "benchmark": "{diagnosed}"},
        ),
    log:
        f"results/{PROFILE}/logs/diagnose/curves_{{diagnosed}}.log",
    benchmark:
        f"results/{PROFILE}/benchmarks/diagnose/curves_{{diagnosed}}.tsv"
    priority: priority_of
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    shell:
        "larvseg diagnose curves {input.recipe} --out figure={output.figure} > {log} 2>&1"


# What novel and base categories are taken for.
rule confusion:
    input:
        recipe=f"work/recipes/{PROFILE}/confusion/{{diagnosed}}.json",
        files=lambda wildcards: PROJECT.confusion(wildcards.diagnosed).inputs.values(),
    output:
        figure=report(
            "reports/figures/confusion_{diagnosed}.png",
            caption="../report/confusion.rst",
            category="Diagnostics",
            labels={"what": "confusion", "benchmark": "{diagnosed}"},
        ),
    log:
        f"results/{PROFILE}/logs/diagnose/confusion_{{diagnosed}}.log",
    benchmark:
        f"results/{PROFILE}/benchmarks/diagnose/confusion_{{diagnosed}}.tsv"
    priority: priority_of
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    shell:
        "larvseg diagnose confusion {input.recipe} --out figure={output.figure} > {log} 2>&1"
