//! Parts over a store in memory.
