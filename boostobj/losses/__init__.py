"""The losses, one small file each: the mathematics and nothing else.

To add one, write a file like `huber`, on the array API, whose docstring states domain, link,
curvature and source; import it in ``boostobj/__init__.py`` and add it to ``__all__`` there; and put
what ``python -m boostobj list --markdown`` prints into the README. Tests, command line and plots
find it: ``pytest tests/test_losses.py -k YourLoss``.
"""
