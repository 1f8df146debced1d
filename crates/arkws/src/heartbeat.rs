//! When to ping, and when to give up: a state machine with time as a parameter.
