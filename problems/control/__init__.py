"""Control: x is a policy, f its cost in a simulated world that answers with nothing but that number."""
