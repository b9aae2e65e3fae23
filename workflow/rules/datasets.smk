# Manifests: one row an image, read straight from the archives.


rule derive:
    input:
        recipe=f"work/recipes/{PROFILE}/derive/{{dataset}}.json",
        archives=archives_of,
    output:
        manifest=f"data/{PROFILE}/manifests/{{dataset}}.arrow",
    log:
        f"results/{PROFILE}/logs/derive/{{dataset}}.log",
    benchmark:
        f"results/{PROFILE}/benchmarks/derive/{{dataset}}.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=MINUTES,
    shell:
        "larvseg derive {input.recipe} --out manifest={output.manifest} > {log} 2>&1"
