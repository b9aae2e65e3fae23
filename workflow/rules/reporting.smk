# Tables and figures of the selected profile.


rule table:
    input:
        recipe=f"work/recipes/{PROFILE}/table/{{table}}.json",
        metrics=evaluations_of,
    output:
        table=report("results/{table}.csv", caption="../report/table.rst", category="Tables", labels={"table": "{table}"}),
        cells=f"results/{PROFILE}/{{table}}.cells.jsonl",
    log:
        f"results/{PROFILE}/logs/table/{{table}}.log",
    benchmark:
        f"results/{PROFILE}/benchmarks/table/{{table}}.tsv"
    priority: priority_of
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
        table=report("results/table2.csv", caption="../report/table2.rst", category="Tables", labels={"table": "table2"}),
    log:
        f"results/{PROFILE}/logs/table/table2.log",
    benchmark:
        f"results/{PROFILE}/benchmarks/table/table2.tsv"
    priority: priority_of
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
    priority: priority_of
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
    priority: priority_of
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
        claims=report("results/claims.csv", caption="../report/claims.rst", category="Claims", labels={"claims": "all"}),
    log:
        f"results/{PROFILE}/logs/claims.log",
    benchmark:
        f"results/{PROFILE}/benchmarks/claims.tsv"
    priority: priority_of
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
        figure=report(
            "reports/figures/miniature.png", caption="../report/miniature.rst", category="Figures", labels={"figure": "miniature"}
        ),
    log:
        f"results/{PROFILE}/logs/figure/miniature.log",
    benchmark:
        f"results/{PROFILE}/benchmarks/figure/miniature.tsv"
    priority: priority_of
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    shell:
        "larvseg figure {input.recipe} --out figure={output.figure} > {log} 2>&1"


# The drawn ADE20K beside the real one.
rule world:
    input:
        recipe=f"work/recipes/{PROFILE}/world/world.json",
        manifest=PROJECT.world("world").inputs.values(),
    output:
        figure=report("reports/figures/world.png", caption="../report/world.rst", category="Figures", labels={"figure": "world"}),
    log:
        f"results/{PROFILE}/logs/figure/world.log",
    benchmark:
        f"results/{PROFILE}/benchmarks/figure/world.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    shell:
        "larvseg world {input.recipe} --out figure={output.figure} > {log} 2>&1"


# Table 1.
rule table1:
    input:
        recipe=f"work/recipes/{PROFILE}/table1/table1.json",
        groupings=lambda _: PROJECT.table1("table1").inputs.values(),
    output:
        table=report("results/table1.csv", caption="../report/table1.rst", category="Tables", labels={"table": "table1"}),
        cells=f"results/{PROFILE}/table1.cells.jsonl",
    log:
        f"results/{PROFILE}/logs/table/table1.log",
    benchmark:
        f"results/{PROFILE}/benchmarks/table/table1.tsv"
    priority: priority_of
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=500,
        runtime=5,
    shell:
        "larvseg table1 {input.recipe} --out table={output.table} --out cells={output.cells} > {log} 2>&1"


# Figure 1.
rule figure1:
    input:
        recipe=f"work/recipes/{PROFILE}/figure1/figure1.json",
        files=lambda _: PROJECT.figure1("figure1").inputs.values(),
    output:
        figure=report("reports/figures/figure1.png", caption="../report/figure1.rst", category="Figures", labels={"figure": "figure1"}),
    log:
        f"results/{PROFILE}/logs/figure1.log",
    benchmark:
        f"results/{PROFILE}/benchmarks/figure1.tsv"
    priority: priority_of
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    shell:
        "larvseg figure1 {input.recipe} --out figure={output.figure} > {log} 2>&1"


# Figure 2.
rule figure2:
    input:
        recipe=f"work/recipes/{PROFILE}/figure2/figure2.json",
        responses=lambda _: PROJECT.figure2("figure2").inputs.values(),
    output:
        figure=report("reports/figures/figure2.png", caption="../report/figure2.rst", category="Figures", labels={"figure": "figure2"}),
    log:
        f"results/{PROFILE}/logs/figure2.log",
    benchmark:
        f"results/{PROFILE}/benchmarks/figure2.tsv"
    priority: priority_of
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    shell:
        "larvseg figure2 {input.recipe} --out figure={output.figure} > {log} 2>&1"


# Figure 3.
rule figure3:
    input:
        recipe=f"work/recipes/{PROFILE}/figure3/figure3.json",
        attentions=lambda _: PROJECT.figure3("figure3").inputs.values(),
    output:
        figure=report("reports/figures/figure3.png", caption="../report/figure3.rst", category="Figures", labels={"figure": "figure3"}),
    log:
        f"results/{PROFILE}/logs/figure3.log",
    benchmark:
        f"results/{PROFILE}/benchmarks/figure3.tsv"
    priority: priority_of
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    shell:
        "larvseg figure3 {input.recipe} --out figure={output.figure} > {log} 2>&1"


# Figure 4.
rule figure4:
    input:
        recipe=f"work/recipes/{PROFILE}/figure4/figure4.json",
        predictions=lambda _: PROJECT.figure4("figure4").inputs.values(),
    output:
        figure=report("reports/figures/figure4.png", caption="../report/figure4.rst", category="Figures", labels={"figure": "figure4"}),
    log:
        f"results/{PROFILE}/logs/figure4.log",
    benchmark:
        f"results/{PROFILE}/benchmarks/figure4.tsv"
    priority: priority_of
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    shell:
        "larvseg figure4 {input.recipe} --out figure={output.figure} > {log} 2>&1"


# Figure 5.
rule figure5:
    input:
        recipe=f"work/recipes/{PROFILE}/figure5/figure5.json",
        recognitions=lambda _: PROJECT.figure5("figure5").inputs.values(),
    output:
        figure=report("reports/figures/figure5.png", caption="../report/figure5.rst", category="Figures", labels={"figure": "figure5"}),
    log:
        f"results/{PROFILE}/logs/figure5.log",
    benchmark:
        f"results/{PROFILE}/benchmarks/figure5.tsv"
    priority: priority_of
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    shell:
        "larvseg figure5 {input.recipe} --out figure={output.figure} > {log} 2>&1"
