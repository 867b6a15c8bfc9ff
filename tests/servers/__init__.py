"""What the tests run against: real servers, databases and Redis, on free ports, stopped by process id."""
