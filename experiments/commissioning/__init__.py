"""What a commissioning gains and proves in laboratories that its parent has never seen.

``python -m experiments.commissioning --data DATA --bundle BUNDLE --work-dir DIR`` measures it from
the features and finished stages that a training left in ``DIR``, and writes ``result.json`` here
and the tables of docs/commissioning.md.
"""
