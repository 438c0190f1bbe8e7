//! The services of a host: who they are, how far each is known, and what is kept of them.

pub mod key;

pub mod host;

pub mod cgroup;

pub mod names;

pub mod identity;

pub mod find;

pub mod release;

pub mod life;

pub mod store;
