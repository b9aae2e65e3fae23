# Archives: fetched, or drawn where the profile draws its world. One rule a family.


rule fetch_coco:
    input:
        recipe=f"work/recipes/{PROFILE}/fetch/coco.json",
    output:
        train=f"data/{PROFILE}/archives/train2017.zip",
        val=f"data/{PROFILE}/archives/val2017.zip",
        maps=f"data/{PROFILE}/archives/stuffthingmaps_trainval2017.zip",
    log:
        f"results/{PROFILE}/logs/fetch/coco.log",
    benchmark:
        f"results/{PROFILE}/benchmarks/fetch/coco.tsv"
    conda:
        "../../environment.yml"
    threads: PROJECT.profile.drawing_threads
    resources:
        mem_mb=2000,
        runtime=MINUTES,
    shell:
        "larvseg fetch {input.recipe} --out train2017.zip={output.train} --out val2017.zip={output.val}"
        " --out stuffthingmaps_trainval2017.zip={output.maps} > {log} 2>&1"


rule fetch_ade_challenge:
    input:
        recipe=f"work/recipes/{PROFILE}/fetch/ade_challenge.json",
    output:
        archive=f"data/{PROFILE}/archives/ADEChallengeData2016.zip",
    log:
        f"results/{PROFILE}/logs/fetch/ade_challenge.log",
    benchmark:
        f"results/{PROFILE}/benchmarks/fetch/ade_challenge.tsv"
    conda:
        "../../environment.yml"
    threads: PROJECT.profile.drawing_threads
    resources:
        mem_mb=2000,
        runtime=MINUTES,
    shell:
        "larvseg fetch {input.recipe} --out ADEChallengeData2016.zip={output.archive} > {log} 2>&1"


rule fetch_ade_full:
    input:
        recipe=f"work/recipes/{PROFILE}/fetch/ade_full.json",
    output:
        archive=f"data/{PROFILE}/archives/ADE20K_2021_17_01.zip",
    log:
        f"results/{PROFILE}/logs/fetch/ade_full.log",
    benchmark:
        f"results/{PROFILE}/benchmarks/fetch/ade_full.tsv"
    conda:
        "../../environment.yml"
    threads: PROJECT.profile.drawing_threads
    resources:
        mem_mb=2000,
        runtime=MINUTES,
    shell:
        "larvseg fetch {input.recipe} --out ADE20K_2021_17_01.zip={output.archive} > {log} 2>&1"


rule fetch_imagenet:
    input:
        recipe=f"work/recipes/{PROFILE}/fetch/imagenet.json",
    output:
        tars=expand("data/{profile}/archives/winter21_whole/{wnid}.tar", profile=PROFILE, wnid=PROJECT.synsets),
    log:
        f"results/{PROFILE}/logs/fetch/imagenet.log",
    benchmark:
        f"results/{PROFILE}/benchmarks/fetch/imagenet.tsv"
    conda:
        "../../environment.yml"
    threads: PROJECT.profile.drawing_threads
    resources:
        mem_mb=2000,
        runtime=MINUTES,
    params:
        out=lambda wildcards, output: " ".join(f"--out {path.split('/')[-1]}={path}" for path in output.tars),
    shell:
        "larvseg fetch {input.recipe} {params.out} > {log} 2>&1"
