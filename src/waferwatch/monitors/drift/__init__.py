"""Whether what was learnt as normal still fits."""
