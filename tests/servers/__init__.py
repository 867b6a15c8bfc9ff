"""What the tests run against: real servers, databases and Redis, started by the tests on free ports and stopped by id."""
