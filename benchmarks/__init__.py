"""One script a claim: each prints its figures as a table, or as JSON, with baselines from the same run."""
