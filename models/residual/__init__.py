"""Logistic regression on residual-spectrum figures; see README.md in this folder."""
