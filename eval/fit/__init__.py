"""Fitting the few numbers the stages use, on the ``fit`` parts of public sets and on their training
questions: ``python -m eval.fit NAME --data DIR``.

Each command writes small JSON files of ``rag/data`` and prints the loss before and after. See the README for
which set each was fitted on.
"""
