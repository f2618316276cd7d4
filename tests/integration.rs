//! Everything that needs a disk or a process, in one binary.

mod archive;
