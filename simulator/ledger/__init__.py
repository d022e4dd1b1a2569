"""The ledger of claims, certificates and credits: who may record what, and what follows from it.

A pure state transition over integers and bytes, which imports neither the simulator's models nor torch and knows no
price.
"""
