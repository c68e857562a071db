"""The losses, one small file each: the mathematics and nothing else."""
