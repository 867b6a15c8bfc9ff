"""How often and how much: token buckets, rates for each person, quotas in the database."""
