"""Reading credentials: the report of the SDK on five axes, in plain sentences."""
