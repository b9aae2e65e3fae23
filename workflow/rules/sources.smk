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
    priority: priority_of
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
    priority: priority_of
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
    priority: priority_of
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
    priority: priority_of
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


rule fetch_wordnet:
    input:
        recipe=f"work/recipes/{PROFILE}/fetch/wordnet.json",
    output:
        archive=f"data/{PROFILE}/archives/wordnet.zip",
    log:
        f"results/{PROFILE}/logs/fetch/wordnet.log",
    benchmark:
        f"results/{PROFILE}/benchmarks/fetch/wordnet.tsv"
    priority: priority_of
    conda:
        "../../environment.yml"
    threads: PROJECT.profile.drawing_threads
    resources:
        mem_mb=2000,
        runtime=MINUTES,
    shell:
        "larvseg fetch {input.recipe} --out wordnet.zip={output.archive} > {log} 2>&1"


# Localized Narratives of COCO's pictures.
rule fetch_narratives:
    input:
        recipe=f"work/recipes/{PROFILE}/fetch/narratives.json",
    output:
        shards=[PROJECT.archive(file) for file in PROJECT.families["narratives"]],
    log:
        f"results/{PROFILE}/logs/fetch/narratives.log",
    benchmark:
        f"results/{PROFILE}/benchmarks/fetch/narratives.tsv"
    priority: priority_of
    conda:
        "../../environment.yml"
    threads: PROJECT.profile.drawing_threads
    resources:
        mem_mb=2000,
        runtime=MINUTES,
    params:
        out=" ".join(f"--out {file}={PROJECT.archive(file)}" for file in PROJECT.families["narratives"]),
    shell:
        "larvseg fetch {input.recipe} {params.out} > {log} 2>&1"


if "itpair" in PROJECT.families:

    # Image-text pairs, where they are drawn.
    rule fetch_itpair:
        input:
            recipe=f"work/recipes/{PROFILE}/fetch/itpair.json",
        output:
            shards=[PROJECT.archive(file) for file in PROJECT.families["itpair"]],
        log:
            f"results/{PROFILE}/logs/fetch/itpair.log",
        benchmark:
            f"results/{PROFILE}/benchmarks/fetch/itpair.tsv"
        priority: priority_of
        conda:
            "../../environment.yml"
        threads: PROJECT.profile.drawing_threads
        resources:
            mem_mb=2000,
            runtime=MINUTES,
            foundation=1,
        params:
            out=" ".join(f"--out {file}={PROJECT.archive(file)}" for file in PROJECT.families["itpair"]),
        shell:
            "larvseg fetch {input.recipe} {params.out} > {log} 2>&1"


if "ilsvrc" in PROJECT.families:

    # ImageNet-1K, which ReCo retrieves from.
    rule fetch_ilsvrc:
        input:
            recipe=f"work/recipes/{PROFILE}/fetch/ilsvrc.json",
        output:
            archive=f"data/{PROFILE}/archives/ILSVRC2012_img_train.tar",
        log:
            f"results/{PROFILE}/logs/fetch/ilsvrc.log",
        benchmark:
            f"results/{PROFILE}/benchmarks/fetch/ilsvrc.tsv"
        priority: priority_of
        conda:
            "../../environment.yml"
        threads: PROJECT.profile.drawing_threads
        resources:
            mem_mb=2000,
            runtime=MINUTES,
        shell:
            "larvseg fetch {input.recipe} --out ILSVRC2012_img_train.tar={output.archive} > {log} 2>&1"


if "imagenet_whole" in PROJECT.families:

    # Every synset of ImageNet-21K in one archive, read in place.
    rule fetch_imagenet_whole:
        input:
            recipe=f"work/recipes/{PROFILE}/fetch/imagenet_whole.json",
        output:
            archive=f"data/{PROFILE}/archives/winter21_whole.tar",
        log:
            f"results/{PROFILE}/logs/fetch/imagenet_whole.log",
        benchmark:
            f"results/{PROFILE}/benchmarks/fetch/imagenet_whole.tsv"
        priority: priority_of
        conda:
            "../../environment.yml"
        threads: PROJECT.profile.drawing_threads
        resources:
            mem_mb=8000,  # the list of its thirteen million members
            runtime=MINUTES,
        shell:
            "larvseg fetch {input.recipe} --out winter21_whole.tar={output.archive} > {log} 2>&1"


if "weights" in PROJECT.families:

    rule fetch_weights:
        input:
            recipe=f"work/recipes/{PROFILE}/fetch/weights.json",
        output:
            weights=[PROJECT.archive(file) for file in PROJECT.families["weights"]],
        log:
            f"results/{PROFILE}/logs/fetch/weights.log",
        benchmark:
            f"results/{PROFILE}/benchmarks/fetch/weights.tsv"
        priority: priority_of
        conda:
            "../../environment.yml"
        threads: PROJECT.profile.drawing_threads
        resources:
            mem_mb=2000,
            runtime=MINUTES,
        params:
            out=" ".join(f"--out {file}={PROJECT.archive(file)}" for file in PROJECT.families["weights"]),
        shell:
            "larvseg fetch {input.recipe} {params.out} > {log} 2>&1"


# A847 after the published preparation; made only where the switch a847_preparation asks for it.
rule prepare:
    input:
        recipe=f"work/recipes/{PROFILE}/prepare/ade20k_full.json",
        archive=f"data/{PROFILE}/archives/ADE20K_2021_17_01.zip",
    output:
        archive=f"data/{PROFILE}/archives/ade20k_full_prepared.zip",
    log:
        f"results/{PROFILE}/logs/prepare/ade20k_full.log",
    benchmark:
        f"results/{PROFILE}/benchmarks/prepare/ade20k_full.tsv"
    priority: priority_of
    conda:
        "../../environment.yml"
    threads: PROJECT.profile.deriving_threads
    resources:
        mem_mb=2000 + 500 * PROJECT.profile.deriving_threads,
        runtime=MINUTES,
    shell:
        "larvseg prepare {input.recipe} --out archive={output.archive} > {log} 2>&1"
