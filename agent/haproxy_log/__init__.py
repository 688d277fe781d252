"""HAProxy's access log as `fixtures/gateways/haproxy.cfg` has it: its lines, and its files over rotations."""
