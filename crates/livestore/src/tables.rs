//! The tables of LiveStore's own server, for moving a log from there, and back.
