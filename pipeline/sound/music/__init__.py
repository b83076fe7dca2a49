"""Music that lands on the cuts."""
