"""A simulated phone company: it knows numbers, clients, legs, TwiML and webhook addresses."""
