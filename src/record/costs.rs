//! What a run cost: what its tasks held of their machines, and the price of that.

use super::{RunInfo, TaskRecord};
use crate::ledger::Usage;
use crate::plan::{Plan, labels_of};
use crate::value::Prices;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What was held of machines.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Spent {
    /// Processors that were held (`uses: { cpu }` of the stage) times the seconds of all attempts.
    pub core_seconds: f64,
    /// GiB times seconds: the largest memory of each attempt times how long it took.
    pub gibibyte_seconds: f64,
    /// What that costs, where the project knows a price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<f64>,
}

impl Spent {
    /// Adds a part of something else that was spent.
    fn add(&mut self, other: &Spent, part: f64) {
        self.core_seconds += other.core_seconds * part;
        self.gibibyte_seconds += other.gibibyte_seconds * part;
        if let Some(price) = other.price {
            *self.price.get_or_insert(0.0) += price * part;
        }
    }
}

/// What a run cost.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct RunCosts {
    /// All of it; a result that was reused cost nothing.
    #[serde(flatten)]
    pub total: Spent,
    /// What prices are in.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub currency: String,
    /// Labels of machines without a price, `any` for machines without a label: what was spent there is
    /// not in the price.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unpriced: Vec<String>,
}

/// Returns what a run cost, and what each of its tasks did, in plan order.
pub fn costs(plan: &Plan, run: &RunInfo, tasks: &[TaskRecord], prices: Option<&Prices>) -> (RunCosts, Vec<Spent>) {
    // Of several kinds of machines, the first one tells.
    let processors = run.machine.get("cores").and_then(|cores| cores.split(' ').next()?.parse::<f64>().ok());
    let (names, labels) = labels_of(plan);
    let mut total = Spent::default();
    let mut unpriced: BTreeSet<&str> = BTreeSet::new();
    let mut found = Vec::with_capacity(tasks.len());
    for (task, label) in tasks.iter().zip(labels) {
        let mut spent = held(plan, task);
        if let Some(prices) = prices.filter(|_| spent.core_seconds > 0.0) {
            let label = names[label as usize].as_deref();
            match prices.of(label) {
                Some(price) => {
                    let processors = processors.unwrap_or(1.0);
                    spent.price = Some(price.of_shares(spent.core_seconds, spent.gibibyte_seconds, processors));
                }
                None => _ = unpriced.insert(label.unwrap_or("any")),
            }
        }
        total.add(&spent, 1.0);
        found.push(spent);
    }
    let currency = prices.map_or_else(String::new, |prices| prices.currency.clone());
    let unpriced = unpriced.into_iter().map(str::to_owned).collect();
    (RunCosts { total, currency, unpriced }, found)
}

/// Returns what each case cost, in plan order: its part of each of its tasks, which other cases may share.
pub fn case_costs(plan: &Plan, tasks: &[TaskRecord], spent: &[Spent]) -> Vec<Spent> {
    (0..plan.cases.len()).map(|case| of_case(plan, case, tasks, spent)).collect()
}

/// Returns what all attempts of a task held.
fn held(plan: &Plan, task: &TaskRecord) -> Spent {
    if task.origin.is_some() {
        return Spent::default();
    }
    let stage = plan.suite.stage(task.task.stage.as_str());
    let processors = stage.map_or(1.0, |stage| plan.suite.stages[stage].uses.cpu.to_f64());
    let attempts = task.tries.iter().map(|one| &one.usage).chain([&task.usage]);
    attempts.fold(Spent::default(), |sum, &Usage { wall, cpu: _, max_rss }| Spent {
        core_seconds: sum.core_seconds + wall * processors,
        gibibyte_seconds: sum.gibibyte_seconds + wall * max_rss as f64 / f64::from(1 << 30),
        price: None,
    })
}

fn of_case(plan: &Plan, case: usize, records: &[TaskRecord], spent: &[Spent]) -> Spent {
    let mut sum = Spent::default();
    for stage in 0..plan.suite.stages.len() {
        let of_stage = plan.stage_tasks(stage);
        let Some(point) = of_stage.point(case) else { continue };
        for task in of_stage.tasks(point) {
            let sharing = records[task.index()].cases.max(1);
            sum.add(&spent[task.index()], 1.0 / sharing as f64);
        }
    }
    sum
}
