//! `shmoo schema` and `shmoo completions`.

use super::Session;
use super::arguments::{Cli, CompletionsArgs, SchemaArgs, SchemaKind};
use super::exit::Exit;
use crate::config::{model_schema, project_schema, suite_schema};
use clap::CommandFactory;

pub(super) fn schema(session: &Session, arguments: &SchemaArgs) -> Result<Exit, Exit> {
    let schema = match arguments.kind {
        SchemaKind::Suite => suite_schema(),
        SchemaKind::Project => project_schema(),
        SchemaKind::Model => model_schema(),
    };
    session.printer.data(|out| writeln!(out, "{schema:#}"))?;
    Ok(Exit::Ok)
}

pub(super) fn completions(session: &Session, arguments: &CompletionsArgs) -> Result<Exit, Exit> {
    session.printer.data(|out| {
        clap_complete::generate(arguments.shell, &mut Cli::command(), "shmoo", out);
        Ok(())
    })?;
    Ok(Exit::Ok)
}
