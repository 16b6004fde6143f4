"""The command line, and the composition of programs: the only place that knows them all."""
