"""The jobs of the DAG: what each stage runs, with which configuration, on which files. Modules are in the order in which data flows."""
