//! The workspace as it is, against the architecture's rules, and what must not compile in it.

mod architecture;
mod compile_fail;
