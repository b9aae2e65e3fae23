# The report: one page with everything that was made, and the lineage of each number.


rule page:
    input:
        recipe=f"work/recipes/{PROFILE}/page/index.json",
        made=lambda _: PROJECT.page("index").inputs.values(),
    output:
        page="reports/index.html",
    log:
        f"results/{PROFILE}/logs/page.log",
    benchmark:
        f"results/{PROFILE}/benchmarks/page.tsv"
    priority: priority_of
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    shell:
        "larvseg page {input.recipe} --out page={output.page} > {log} 2>&1"
