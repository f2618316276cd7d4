//! Small types with names: exact numbers, values, digests, ids, amounts, places in files; and many of them worked
//! on at a time.
//!
//! Invariant: nothing here does input or output, and nothing here knows what a suite is.

mod amount;
mod baseline_rule;
mod decimal;
mod digest;
mod ids;
mod in_order;
mod in_parts;
mod price;
mod problem;
mod quantity;
mod quick_map;
mod scalar;
mod time;
mod units;

pub use amount::{show_number, show_numbers, with_unit};
pub use baseline_rule::{BaselineRule, BaselineRuleError};
pub use decimal::{Decimal, ParseDecimalError};
pub use digest::{Digest, DigestWriter, ParseDigestError};
pub use ids::{
    MetricName, ParseTaskKeyError, PointName, Repeat, RunId, StageName, SuiteName, TaskKey, is_identifier,
    is_plain_name,
};
pub use in_order::in_order;
pub use in_parts::in_parts;
pub use price::{Price, Prices, show_price};
pub use problem::{Problem, Problems, Source, Sources, Span, did_you_mean, nearest};
pub use quantity::{ParseQuantityError, Share, parse_bytes, parse_duration, show_bytes, show_duration};
pub use quick_map::QuickMap;
pub use scalar::{Scalar, Value};
pub use time::{ParseTimestampError, Timestamp};
pub use units::{UnitError, convert, convert_f64};
