"""The vocabulary of burndeck as small frozen types. No I/O, no clock."""
