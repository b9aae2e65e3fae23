# The rules, from the stages of larvseg/pipeline/stages.py.
for name, jobs in jobs_of_rules().items():
    job = next(iter(jobs.values()))
    stage, needs = STAGES[job.rule], job.needs
    title = stage.job if stage.outputs else job.name
    recipe = f"work/recipes/{PROFILE}/{job.rule}/{title}.json"

    rule:
        name:
            name
        input:
            recipe=recipe,
            files=inputs_from(jobs, recipe),
        output:
            **outputs_of(stage, job),
        log:
            f"results/{PROFILE}/logs/{job.rule}/{title}.log",
        benchmark:
            f"results/{PROFILE}/benchmarks/{job.rule}/{title}.tsv"
        wildcard_constraints:
            **{field: "|".join(dict.fromkeys(each.wildcards[field] for each in jobs.values())) for field in stage.fields},
        priority: lambda wildcards, input: PRIORITIES[input.recipe]
        # no queue ended such a job: a second try ends as the first
        retries: 0 if needs.local else None
        localrule: needs.local
        conda:
            "../../environment.yml"
        threads: PROJECT.threads(needs)
        resources:
            mem_mb=PROJECT.memory_mb(needs),
            runtime=PROJECT.minutes(job),
            gpu=job.gpus,
            foundation=int(needs.foundation),
        params:
            command=stage.verb or job.rule,
        shell:
            "larvseg {params.command} {input.recipe} > {log} 2>&1"
