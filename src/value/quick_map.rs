//! Maps with many short keys, such as the names of all metrics at all points of a record.

use foldhash::fast::RandomState;
use std::collections::HashMap;

/// A map whose hash takes a fraction of the time of the standard one. Seeds are drawn, so that nobody can write
/// down names that fall on each other; who sees how long each look-up takes could find some.
pub type QuickMap<K, V> = HashMap<K, V, RandomState>;
