//! The one network thread of the process.
