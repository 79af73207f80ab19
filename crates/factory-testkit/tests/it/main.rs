//! The workspace as it is, against the architecture's rules.

mod architecture;
