report: "workflow/report/workflow.rst"


include: "workflow/rules/project.smk"
include: "workflow/rules/stages.smk"
include: "workflow/rules/targets.smk"
