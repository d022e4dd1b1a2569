"""One run: the engine that advances a cluster step by step, and a job from its description to its figures."""
