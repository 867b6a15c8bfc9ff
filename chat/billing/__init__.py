"""What Claude costs: prices, reservations, the record of usage."""
