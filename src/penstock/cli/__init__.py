"""The command line: the only place that assembles configurations and objects."""
