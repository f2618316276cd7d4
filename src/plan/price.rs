//! What a plan is expected to cost, before anything is spent.

use super::labels::Labels;
use super::{Plan, TaskId, Wave};
use crate::value::Prices;
use std::collections::BTreeSet;

/// What a plan is expected to cost.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct ExpectedPrice {
    /// In the currency.
    pub price: f64,
    /// What it is in.
    pub currency: String,
    /// Labels of machines without a price, `any` for machines without a label: they are not in it.
    pub unpriced: Vec<String>,
}

/// Estimates the price of a plan, or of what `counts` of it. `expected` holds the seconds of each task,
/// `shards` those of each shard with `jobs` tasks at a time.
///
/// Whole machines are paid from the first task of a shard to its last; what is not in a shard shares a
/// machine with `jobs` tasks at a time. Shares are paid as the stages' `uses` say; memory that is not
/// declared there is not known before a run.
pub fn expected_price(
    plan: &Plan,
    expected: &[f32],
    shards: &[f64],
    jobs: usize,
    prices: &Prices,
    counts: &dyn Fn(TaskId) -> bool,
) -> ExpectedPrice {
    let labels = Labels::new(plan);
    let mut total = 0.0;
    let mut unpriced: BTreeSet<String> = BTreeSet::new();
    for task in plan.tasks().filter(|&task| counts(task)) {
        let label = labels.names()[labels.of(task)].as_deref();
        let Some(price) = prices.of(label) else {
            unpriced.insert(label.unwrap_or("any").to_owned());
            continue;
        };
        let uses = &plan.suite.stages[plan.stage_of(task)].uses;
        let runs = plan.shards.as_ref().map_or_else(|| vec![Wave::Prepare], |shards| shards.waves(task));
        for wave in runs {
            let seconds = f64::from(expected[task.index()]);
            total += match (price.of_machine(seconds / jobs.max(1) as f64), wave) {
                // Its shard is paid as a whole.
                (Some(_), Wave::Shard(_)) => 0.0,
                (Some(price), Wave::Prepare | Wave::Finish) => price,
                (None, _) => {
                    let gibibytes = uses.memory.map_or(0.0, |bytes| bytes as f64 / f64::from(1 << 30));
                    price.of_shares(seconds * uses.cpu.to_f64(), seconds * gibibytes, 1.0)
                }
            };
        }
    }
    if let Some(divided) = &plan.shards {
        for (label, seconds) in divided.labels.iter().zip(shards) {
            let price = prices.of(label.as_deref()).and_then(|price| price.of_machine(*seconds));
            total += price.unwrap_or(0.0);
        }
    }
    ExpectedPrice { price: total, currency: prices.currency.clone(), unpriced: unpriced.into_iter().collect() }
}

/// Returns the different labels of machines that a plan wants, and by task the place of its own among
/// them; no label = any machine.
pub fn labels_of(plan: &Plan) -> (Vec<Option<String>>, Vec<u32>) {
    let labels = Labels::new(plan);
    let of_tasks = plan.tasks().map(|task| labels.of(task) as u32).collect();
    (labels.names().to_vec(), of_tasks)
}
