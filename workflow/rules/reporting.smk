# Tables and figures of the selected profile.


rule table:
    input:
        recipe=f"work/recipes/{PROFILE}/table/{{table}}.json",
        metrics=evaluations_of,
    output:
        table="results/{table}.csv",
        cells=f"results/{PROFILE}/{{table}}.cells.jsonl",
    log:
        f"results/{PROFILE}/logs/table/{{table}}.log",
    benchmark:
        f"results/{PROFILE}/benchmarks/table/{{table}}.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=500,
        runtime=5,
    shell:
        "larvseg table {input.recipe} --out table={output.table} --out cells={output.cells} > {log} 2>&1"


rule table2:
    input:
        recipe=f"work/recipes/{PROFILE}/table2/table2.json",
        manifests=MANIFESTS,
    output:
        table="results/table2.csv",
    log:
        f"results/{PROFILE}/logs/table/table2.log",
    benchmark:
        f"results/{PROFILE}/benchmarks/table/table2.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=500,
        runtime=5,
    shell:
        "larvseg table2 {input.recipe} --out table={output.table} > {log} 2>&1"


# Each table, and the claims, in Markdown and LaTeX.
rule render:
    input:
        recipe=f"work/recipes/{PROFILE}/render/{{table}}.json",
        table="results/{table}.csv",
    output:
        markdown="reports/tables/{table}.md",
        latex="reports/tables/{table}.tex",
    log:
        f"results/{PROFILE}/logs/render/{{table}}.log",
    benchmark:
        f"results/{PROFILE}/benchmarks/render/{{table}}.tsv"
    wildcard_constraints:
        table="|".join(PROJECT.set_in_type),
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=500,
        runtime=5,
    shell:
        "larvseg render {input.recipe} --out markdown={output.markdown} --out latex={output.latex} > {log} 2>&1"


rule metrics:
    input:
        recipe=f"work/recipes/{PROFILE}/metrics/metrics.json",
        metrics=METRICS + ZERO_SHOT,
    output:
        metrics="results/metrics.json",
    log:
        f"results/{PROFILE}/logs/metrics.log",
    benchmark:
        f"results/{PROFILE}/benchmarks/metrics.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=500,
        runtime=5,
    shell:
        "larvseg metrics {input.recipe} --out metrics={output.metrics} > {log} 2>&1"


rule claims:
    input:
        recipe=f"work/recipes/{PROFILE}/claims/claims.json",
        measured=lambda _: PROJECT.claims("claims").inputs.values(),
    output:
        claims="results/claims.csv",
    log:
        f"results/{PROFILE}/logs/claims.log",
    benchmark:
        f"results/{PROFILE}/benchmarks/claims.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=20,
    shell:
        "larvseg claims {input.recipe} --out claims={output.claims} > {log} 2>&1"


rule figure_miniature:
    input:
        recipe=f"work/recipes/{PROFILE}/figure/miniature.json",
        archives=PROJECT.figure("miniature").inputs.values(),
    output:
        figure="reports/figures/miniature.png",
    log:
        f"results/{PROFILE}/logs/figure/miniature.log",
    benchmark:
        f"results/{PROFILE}/benchmarks/figure/miniature.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    shell:
        "larvseg figure {input.recipe} --out figure={output.figure} > {log} 2>&1"


# Table 1.
rule table1:
    input:
        recipe=f"work/recipes/{PROFILE}/table1/table1.json",
        groupings=lambda _: PROJECT.table1("table1").inputs.values(),
    output:
        table="results/table1.csv",
        cells=f"results/{PROFILE}/table1.cells.jsonl",
    log:
        f"results/{PROFILE}/logs/table/table1.log",
    benchmark:
        f"results/{PROFILE}/benchmarks/table/table1.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=500,
        runtime=5,
    shell:
        "larvseg table1 {input.recipe} --out table={output.table} --out cells={output.cells} > {log} 2>&1"


# Figure 2.
rule figure2:
    input:
        recipe=f"work/recipes/{PROFILE}/figure2/figure2.json",
        responses=lambda _: PROJECT.figure2("figure2").inputs.values(),
    output:
        figure="reports/figures/figure2.png",
    log:
        f"results/{PROFILE}/logs/figure2.log",
    benchmark:
        f"results/{PROFILE}/benchmarks/figure2.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    shell:
        "larvseg figure2 {input.recipe} --out figure={output.figure} > {log} 2>&1"


# Figure 4.
rule figure4:
    input:
        recipe=f"work/recipes/{PROFILE}/figure4/figure4.json",
        predictions=lambda _: PROJECT.figure4("figure4").inputs.values(),
    output:
        figure="reports/figures/figure4.png",
    log:
        f"results/{PROFILE}/logs/figure4.log",
    benchmark:
        f"results/{PROFILE}/benchmarks/figure4.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    shell:
        "larvseg figure4 {input.recipe} --out figure={output.figure} > {log} 2>&1"
