//! The simulation, simulated: scripts, seeds, and faults that it must find.

mod script;
