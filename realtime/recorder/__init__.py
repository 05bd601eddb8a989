"""The flight recorder: which sockets there were, and what each was handed and proved to have."""
