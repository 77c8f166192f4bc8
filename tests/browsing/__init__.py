"""What browser tests of executions browse: the strict project, with the jobs of `tests.app`."""
