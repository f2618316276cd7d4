//! Looking things up in a plan.

use super::Plan;
use super::edges::Tasks;
use super::tasks::{StageTasks, TaskId};
use crate::naming::Point;
use crate::suite::{ParamIndex, StageIndex};
use crate::value::{Digest, DigestWriter, PointName, Scalar, TaskKey};

impl Plan {
    /// Returns the number of tasks.
    pub fn task_count(&self) -> usize {
        self.stages.last().map_or(0, |last| (last.first() + last.len()) as usize)
    }

    /// Returns all tasks, in plan order.
    pub fn tasks(&self) -> impl Iterator<Item = TaskId> + use<> {
        (0..self.task_count() as u32).map(TaskId)
    }

    /// Returns the tasks of a stage.
    pub fn stage_tasks(&self, stage: StageIndex) -> &StageTasks {
        &self.stages[stage]
    }

    /// Returns the stage of a task.
    pub fn stage_of(&self, task: TaskId) -> StageIndex {
        self.stages.partition_point(|stage| stage.first() + stage.len() <= task.0)
    }

    /// Returns stage, point and round of a task.
    pub fn locate(&self, task: TaskId) -> (StageIndex, u32, u32) {
        let stage = self.stage_of(task);
        let tasks = &self.stages[stage];
        let within = task.0 - tasks.first();
        (stage, within / tasks.rounds(), within % tasks.rounds())
    }

    /// Returns a case that a task's point has: the first.
    pub fn case_of(&self, task: TaskId) -> usize {
        let (stage, point, _) = self.locate(task);
        self.stages[stage].case(point)
    }

    /// Returns the tasks a task waits for, ascending.
    pub fn upstream(&self, task: TaskId) -> &[TaskId] {
        self.edges.of(task)
    }

    /// Returns the name of a case.
    pub fn case_name(&self, case: usize) -> PointName {
        let mut name = String::new();
        self.write_case_name(case, &mut name);
        PointName::new(name)
    }

    /// Writes the name of a case into `name`, which is emptied first.
    pub fn write_case_name(&self, case: usize, name: &mut String) {
        self.names.of_case(&self.cases, case, name);
    }

    /// Returns the name of a point of a stage: `all` for the point of no parameter.
    pub fn point_name(&self, stage: StageIndex, point: u32) -> PointName {
        let mut name = String::new();
        self.write_point_name(stage, point, &mut name);
        PointName::new(name)
    }

    /// Writes the name of a point of a stage into `name`, which is emptied first.
    pub fn write_point_name(&self, stage: StageIndex, point: u32, name: &mut String) {
        let per = self.suite.stages[stage].per.iter().copied();
        self.names.of_point(&self.cases, self.stages[stage].case(point), per, name);
    }

    /// Returns the readable identity of a task.
    pub fn key(&self, task: TaskId) -> TaskKey {
        let (stage, point, round) = self.locate(task);
        TaskKey {
            stage: self.suite.stages[stage].name.clone(),
            point: self.point_name(stage, point),
            repeat: self.stages[stage].repeat(round),
        }
    }

    /// Returns the values of a task's own parameters, in name order.
    pub fn params(&self, task: TaskId) -> Vec<(ParamIndex, Scalar)> {
        let (stage, point, _) = self.locate(task);
        let case = self.stages[stage].case(point);
        let per = self.suite.stages[stage].per.iter();
        per.filter_map(|&param| Some((param, self.cases.value(case, param)?.clone()))).collect()
    }

    /// Returns the point of a case.
    pub fn case_point(&self, case: usize) -> Point {
        Point::new((0..self.cases.params()).map(|param| self.cases.value(case, param).cloned()).collect())
    }

    /// Returns the cases that hang on a point of a stage, ascending.
    pub fn cases_of(&self, stage: StageIndex, point: u32) -> Vec<usize> {
        let tasks = &self.stages[stage];
        let sorted = self.cases_by_point[stage].get_or_init(|| {
            let mut cases: Vec<u32> =
                (0..self.cases.len() as u32).filter(|&case| tasks.point(case as usize).is_some()).collect();
            cases.sort_by_key(|&case| tasks.point(case as usize));
            cases
        });
        let start = sorted.partition_point(|&case| tasks.point(case as usize) < Some(point));
        let mine = sorted[start..].iter().take_while(|&&case| tasks.point(case as usize) == Some(point));
        mine.map(|&case| case as usize).collect()
    }

    /// Returns the task of a key.
    pub fn find(&self, key: &TaskKey) -> Option<TaskId> {
        let stage = self.suite.stage(key.stage.as_str())?;
        let tasks = &self.stages[stage];
        let round = tasks.round(key.repeat)?;
        let mut name = String::new();
        let point = (0..tasks.points()).find(|&point| {
            self.write_point_name(stage, point, &mut name);
            name == key.point.as_str()
        })?;
        Some(tasks.task(point, round))
    }

    /// Tells whether a stage takes part in this plan.
    pub fn is_active(&self, stage: StageIndex) -> bool {
        !self.stages[stage].is_empty()
    }

    /// Returns what a lookup of sources needs.
    pub(super) fn tasks_so_far(&self) -> Tasks<'_> {
        Tasks { suite: &self.suite, cases: &self.cases, stages: &self.stages }
    }

    /// Returns the digest of what makes the keys of all tasks, in order: two plans with the same
    /// digest have the same cases and tasks.
    ///
    /// It is over the fields of names and the codes of the cases, which make the names, rather than
    /// over millions of names.
    pub fn task_digest(&self) -> Digest {
        let mut writer = DigestWriter::default();
        writer.field("cases", &(self.cases.len() as u64).to_le_bytes());
        for param in 0..self.cases.params() {
            for field in self.names.fields(param) {
                let tag = if field.is_some() { "field" } else { "default" };
                writer.field(tag, field.as_deref().unwrap_or_default().as_bytes());
            }
            writer.field("codes", &(param as u64).to_le_bytes());
            self.cases.column_bytes(param, &mut |bytes| writer.update(bytes));
        }
        for (stage, tasks) in self.suite.stages.iter().zip(&self.stages) {
            writer.field("stage", stage.name.as_str().as_bytes());
            let per: Vec<u8> = stage.per.iter().flat_map(|&param| (param as u32).to_le_bytes()).collect();
            writer.field("per", &per);
            let counts = [tasks.points(), tasks.rounds(), tasks.warmup_rounds()];
            writer.field("counts", &counts.iter().flat_map(|count| count.to_le_bytes()).collect::<Vec<u8>>());
            tasks.each_case_part(&mut |cases| {
                writer.update(&cases.iter().flat_map(|case| case.to_le_bytes()).collect::<Vec<u8>>());
            });
        }
        writer.finish()
    }
}
