"""A tool that speaks SECS-II over HSMS, with waferwatch as its host."""
