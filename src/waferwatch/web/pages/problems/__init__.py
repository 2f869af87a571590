"""The list of problems, and the page of one."""
