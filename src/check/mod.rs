//! Judgement: fields and expectations to verdicts, goldens, known failures.
//!
//! `golden` compares the rows of a record with the golden table.

pub mod golden;
