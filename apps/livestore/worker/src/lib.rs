//! The sync worker of a LiveStore app. What its events mean is known to its clients alone.

syncline_worker::worker!(syncline_engine::Schemaless);
