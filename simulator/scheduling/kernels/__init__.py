"""The inner loops, in plain Python over flat arrays that numba can compile."""
