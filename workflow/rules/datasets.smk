# Manifests: one row an image, read straight from the archives.


rule derive:
    input:
        recipe=f"work/recipes/{PROFILE}/derive/{{dataset}}.json",
        archives=archives_of,
    output:
        manifest=f"data/{PROFILE}/manifests/{{dataset}}.arrow",
        rejects=f"data/{PROFILE}/manifests/{{dataset}}.rejects.csv",
    log:
        f"results/{PROFILE}/logs/derive/{{dataset}}.log",
    benchmark:
        f"results/{PROFILE}/benchmarks/derive/{{dataset}}.tsv"
    priority: priority_of
    conda:
        "../../environment.yml"
    threads: PROJECT.profile.deriving_threads
    resources:
        # the list of a zip with a million members, and a picture of 20 megapixels with its mask in each process
        mem_mb=1000 + 500 * PROJECT.profile.deriving_threads,
        runtime=MINUTES,
    shell:
        "larvseg derive {input.recipe} --out manifest={output.manifest} --out rejects={output.rejects} > {log} 2>&1"


# The synsets of I124 and I585, resolved again from WordNet; fails where they differ from the committed lists.
rule vocabulary:
    input:
        recipe=f"work/recipes/{PROFILE}/vocabulary/synsets.json",
        wordnet=f"data/{PROFILE}/archives/wordnet.zip",
        ade=f"data/{PROFILE}/archives/ADE20K_2021_17_01.zip",
    output:
        i124=report("reports/vocabulary/i124.csv", caption="../report/vocabulary.rst", category="Data", labels={"data set": "I124"}),
        i585=report("reports/vocabulary/i585.csv", caption="../report/vocabulary.rst", category="Data", labels={"data set": "I585"}),
    log:
        f"results/{PROFILE}/logs/vocabulary/synsets.log",
    benchmark:
        f"results/{PROFILE}/benchmarks/vocabulary/synsets.tsv"
    priority: priority_of
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=MINUTES,
    shell:
        "larvseg vocab resolve {input.recipe} --out i124={output.i124} --out i585={output.i585} > {log} 2>&1"
