//! `action.yml` and the tables of the documents, out of the table.

use super::table::{ACTIONS, Action, Input, Shape};
use std::fmt::Write as _;

/// Returns the `action.yml` of an action: one step, whose inputs travel through its environment.
pub fn manifest(action: &Action) -> String {
    let Action { name, summary, permissions, .. } = action;
    let mut text = format!("# Written by the tests out of src/gha/table.rs. A job needs {}.\n", permissions.join(", "));
    let _ = writeln!(text, "name: shmoo {name}\ndescription: {}\ninputs:", quoted(summary));
    for Input { name, help, required, default, .. } in action.inputs() {
        let _ = writeln!(text, "  {name}:\n    description: {}\n    required: {required}", quoted(help));
        if !default.is_empty() {
            let _ = writeln!(text, "    default: {}", quoted(default));
        }
    }
    text.push_str("outputs:\n");
    for output in action.outputs() {
        let value = format!("${{{{ steps.shmoo.outputs.{} }}}}", output.name);
        let (name, help) = (output.name, quoted(output.help));
        let _ = writeln!(text, "  {name}:\n    description: {help}\n    value: {value}");
    }
    text.push_str("runs:\n  using: composite\n  steps:\n    - id: shmoo\n      shell: bash\n");
    text.push_str("      working-directory: ${{ inputs.working-directory }}\n      env:\n");
    for input in action.inputs().filter(|input| input.shape != Shape::Folder) {
        let _ = writeln!(text, "        {}: ${{{{ inputs.{} }}}}", input.variable(), input.name);
    }
    let _ = writeln!(text, "      run: shmoo gha {name}");
    text
}

/// Returns a text as YAML reads it back.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// Returns the table of an action's inputs in markdown.
pub fn inputs_table(action: &Action) -> String {
    let mut text = String::from("| input | | default |\n|---|---|---|\n");
    for Input { name, help, required, default, .. } in action.inputs() {
        let default = match (required, *default) {
            (true, _) => "required".to_owned(),
            (false, "") => String::new(),
            (false, default) => format!("`{default}`"),
        };
        let _ = writeln!(text, "| `{name}` | {} | {default} |", in_cell(help));
    }
    text
}

/// Returns the table of an action's outputs in markdown.
pub fn outputs_table(action: &Action) -> String {
    let mut text = String::from("| output | |\n|---|---|\n");
    for output in action.outputs() {
        let _ = writeln!(text, "| `{}` | {} |", output.name, in_cell(output.help));
    }
    text
}

/// Returns the table of all actions in markdown; `folder` is where they are from there.
pub fn actions_table(folder: &str) -> String {
    let mut text = String::from("| action | | a job needs |\n|---|---|---|\n");
    let setup = ("setup", "Install shmoo", "`contents: read`".to_owned());
    let needs =
        |action: &Action| action.permissions.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ");
    let others = ACTIONS.iter().map(|action| (action.name, action.summary, needs(action)));
    for (name, summary, needs) in std::iter::once(setup).chain(others) {
        let _ = writeln!(text, "| [{name}]({folder}{name}/README.md) | {} | {needs} |", in_cell(summary));
    }
    text
}

fn in_cell(text: &str) -> String {
    text.replace('|', "\\|")
}
