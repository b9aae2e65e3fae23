# All of the workflow lies in workflow/, where its catalog looks for it.
include: "workflow/Snakefile"
