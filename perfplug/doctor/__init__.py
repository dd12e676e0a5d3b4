"""Whether timings made on this machine can be trusted: what is looked at, and how it is graded."""
