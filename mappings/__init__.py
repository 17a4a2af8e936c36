"""What things mean: the canonical model, the mapping language and the posting rules. Pure: no I/O, no SQL, no HTTP."""
