//! From blocks to cases: products, constraints, subsets, filters.
//!
//! The order is that of the file: blocks in order; in a block its names in order, then zipped groups
//! before single parameters in name order, the last varying fastest. A constraint is evaluated as
//! soon as the values it depends on are chosen, and once for each combination of them.

use super::Selection;
use super::bounds::{Bounds, MAX_CASES};
use super::cases::{ABSENT, CaseIndex, Cases, Coder};
use super::scope::{Scope, names_of};
use super::take;
use crate::naming::Point;
use crate::suite::{Block, Constraint, Let, ParamIndex, Profile, Suite};
use crate::value::{Problem, Scalar, Span, did_you_mean};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The order and meaning of expansion: plans of another version are not read.
pub const EXPANSION: u32 = 1;

/// Largest table of a constraint's results, by combinations of the values it depends on.
const MAX_TABLE: usize = 1 << 20;

/// Returns the cases of a suite under a selection, whose `where` lines come parsed as `extra`. Blocks that the suite
/// itself leaves without a case are warned of.
pub(super) fn expand(
    suite: &Suite,
    selection: &Selection,
    extra: &[Constraint],
    bounds: &Bounds,
    warnings: &mut Vec<Problem>,
) -> Result<Cases, Problem> {
    let profile = find_profile(suite, selection)?;
    let mut coder = Coder::new(suite.schema.params().len());
    let mut products: Vec<(usize, Vec<Vec<Group>>)> = Vec::new();
    if selection.new_case {
        let (block, groups) = new_case(suite, selection, &mut coder)?;
        products.push((block, vec![groups]));
    } else {
        let replaced = Replaced::new(suite, profile);
        let nothing_given = [Point::empty(suite.schema.len())];
        for (index, block) in suite.blocks.iter().enumerate() {
            let points = block.names.as_deref().unwrap_or(&nothing_given);
            let groups: Result<_, _> =
                points.iter().map(|point| groups_of(suite, block, point, &replaced, &mut coder)).collect();
            products.push((index, groups?));
        }
    }
    let values = Arc::new(coder.into_values());
    let several = products.iter().map(|(_, groups)| groups.len()).sum::<usize>() > 1;
    let seen = several.then(CaseIndex::default);
    let mut collector = Collector { suite, cases: Cases::new(values.clone()), seen, most: bounds.cases };
    let mut looked = Looked { left: bounds.combinations, most: bounds.combinations };
    for (index, groups) in &products {
        let block = &suite.blocks[*index];
        let mut constraints: Vec<&Constraint> = suite.constraints.iter().collect();
        constraints.extend(profile.iter().flat_map(|profile| &profile.constraints));
        if !selection.new_case {
            constraints.extend(&block.constraints);
        }
        constraints.extend(extra);
        let take = block.take.filter(|_| !selection.new_case);
        let mut held = Cases::new(values.clone());
        let mut rejecting: Vec<&Constraint> = Vec::new();
        let mut is_empty = true;
        for groups in groups {
            let mut product = Product::new(suite, *index, groups, &constraints, extra, &values);
            if selection.new_case
                && let Some(problem) = unmet(&mut product, &selection.cases[0])?
            {
                return Err(problem);
            }
            match take {
                None => product.walk(&mut looked, &mut |codes| {
                    is_empty = false;
                    collector.add(codes, *index)
                })?,
                // A subset is chosen from more than is kept of it.
                Some(_) => product.walk(&mut looked, &mut |codes| {
                    is_empty = false;
                    held.push(codes, *index as u32);
                    check_count(&held, MAX_CASES, block)
                })?,
            }
            rejecting
                .extend(product.checks.iter().flatten().filter(|check| check.rejects).map(|check| check.constraint));
        }
        if is_empty && profile.is_none() && !selection.new_case {
            warnings.extend(emptied(suite, block, &rejecting));
        }
        if let Some(take) = take {
            let mut codes = vec![ABSENT; held.params()];
            for chosen in take::choose(take, &held, block.span)? {
                held.read(chosen, &mut codes);
                collector.add(&codes, *index)?;
            }
        }
    }
    Ok(collector.cases)
}

/// Says that the suite's own `where` lines rule out all of a block; nothing where those of the selection had a part.
fn emptied(suite: &Suite, block: &Block, rejecting: &[&Constraint]) -> Option<Problem> {
    let own = || suite.constraints.iter().chain(&block.constraints);
    if rejecting.is_empty() || !rejecting.iter().all(|one| own().any(|own| std::ptr::eq(own, *one))) {
        return None;
    }
    let texts = own().filter(|own| rejecting.iter().any(|one| std::ptr::eq(*own, *one)));
    let texts: Vec<String> = texts.map(|own| format!("`{}`", own.expr.text())).collect();
    let verb = if texts.len() == 1 { "rules" } else { "rule" };
    let message = format!("no case is left of this block: {} {verb} out all", texts.join(" and "));
    Some(Problem::at(block.span, message).hint("mend them, or remove the block"))
}

/// Shows the values that are chosen so far: `a = 1, b = x`.
fn assignment<'a>(suite: &Suite, block: usize, value_of: &dyn Fn(ParamIndex) -> Option<&'a Scalar>) -> String {
    let params = suite.schema.params().iter().enumerate();
    let texts: Vec<String> =
        params.filter_map(|(index, param)| Some(format!("{} = {}", param.name, value_of(index)?))).collect();
    if texts.is_empty() {
        format!("all cases of the block at {}", suite.sources.place(suite.blocks[block].span))
    } else {
        texts.join(", ")
    }
}

/// Returns the constraint that a new case does not meet.
fn unmet(product: &mut Product<'_>, name: &str) -> Result<Option<Problem>, Problem> {
    let constraints: Vec<&Constraint> = product.checks.iter().flatten().map(|check| check.constraint).collect();
    for group in product.groups {
        product.codes[group.params[0]] = group.codes[0];
    }
    let Product { suite, block, values, codes, .. } = product;
    let value_of = |param: ParamIndex| values[param].get((codes[param] as usize).wrapping_sub(1));
    for Constraint { expr, span } in constraints {
        if !Scope::of_block(suite, Some(*block), &value_of).holds(expr, *span)? {
            let message = format!("the case `{name}` is ruled out by `{}`", expr.text());
            return Ok(Some(Problem::at(*span, message)));
        }
    }
    Ok(None)
}

/// Returns the selected profile.
pub(super) fn find_profile<'a>(suite: &'a Suite, selection: &Selection) -> Result<Option<&'a Profile>, Problem> {
    let Some(name) = &selection.profile else { return Ok(None) };
    let found = suite.profiles.iter().find(|profile| profile.name == *name);
    let known: Vec<&str> = suite.profiles.iter().map(|profile| profile.name.as_str()).collect();
    match found {
        Some(profile) => Ok(Some(profile)),
        None if known.is_empty() => Err(Problem::new(format!("unknown profile `{name}`: the suite has no `profiles`"))),
        None => Err(Problem::new(format!("unknown profile `{name}`")).maybe_hint(did_you_mean(name, known))),
    }
}

/// Parameters that vary together: one, or a zipped group.
struct Group {
    params: Vec<ParamIndex>,
    /// Codes, row by row.
    codes: Vec<u32>,
    rows: usize,
}

/// What a profile replaces.
struct Replaced<'a> {
    profile: Option<&'a Profile>,
    /// Parameters that no block has: a profile gives them to all.
    nowhere: Vec<ParamIndex>,
}

impl<'a> Replaced<'a> {
    fn new(suite: &'a Suite, profile: Option<&'a Profile>) -> Replaced<'a> {
        let nobody = Replaced { profile: None, nowhere: Vec::new() };
        let has = |param: ParamIndex| {
            let empty = [Point::empty(suite.schema.len())];
            suite.blocks.iter().any(|block| {
                let points = block.names.as_deref().unwrap_or(&empty);
                points.iter().any(|point| !axis(suite, block, point, &nobody, param).is_empty())
            })
        };
        let overs = profile.iter().flat_map(|profile| &profile.over);
        let nowhere = overs.map(|(param, _)| *param).filter(|&param| !has(param)).collect();
        Replaced { profile, nowhere }
    }
}

/// Returns the groups of a block at a point given by name.
fn groups_of(
    suite: &Suite,
    block: &Block,
    point: &Point,
    replaced: &Replaced<'_>,
    coder: &mut Coder,
) -> Result<Vec<Group>, Problem> {
    let count = suite.schema.params().len();
    if let Some((param, _)) = block.over.iter().find(|(param, _)| point.get(*param).is_some()) {
        let (name, param) = (suite.schema.name(point), &suite.schema.params()[*param].name);
        return Err(Problem::at(block.span, format!("the name `{name}` gives `{param}`, and so does `over`"))
            .hint("leave it out of one of them"));
    }
    let axes: Vec<Vec<u32>> = (0..count)
        .map(|param| {
            let values = axis(suite, block, point, replaced, param);
            values.iter().map(|value| coder.code(param, value)).collect()
        })
        .collect();
    let mut groups = Vec::new();
    let mut zipped: BTreeSet<ParamIndex> = BTreeSet::new();
    for params in &block.zip {
        let rows = params.first().map_or(0, |&param| axes[param].len());
        if let Some(&other) = params.iter().find(|&&param| axes[param].len() != rows) {
            let [a, b] = [params[0], other].map(|param| &suite.schema.params()[param].name);
            let message = format!("`{a}` and `{b}` are zipped, with {rows} and {} values", axes[other].len());
            let hint = match replaced.profile {
                Some(profile) if profile.over.iter().any(|(param, _)| params.contains(param)) => {
                    format!("the profile `{}` must replace the lists of all of them, with one length", profile.name)
                }
                _ => "zipped parameters have lists of one length".to_owned(),
            };
            return Err(Problem::at(block.span, message).hint(hint));
        }
        if rows == 0 {
            let names: Vec<&str> = params.iter().map(|&param| suite.schema.params()[param].name.as_str()).collect();
            return Err(Problem::at(block.span, format!("the zipped `{}` have no values here", names.join("`, `")))
                .hint("give them values under `over`, or leave them out of `zip`"));
        }
        let codes = (0..rows).flat_map(|row| params.iter().map(move |&param| (param, row)));
        let codes = codes.map(|(param, row)| axes[param][row]).collect();
        groups.push(Group { params: params.clone(), codes, rows });
        zipped.extend(params);
    }
    for (param, codes) in axes.into_iter().enumerate() {
        if !zipped.contains(&param) && !codes.is_empty() {
            groups.push(Group { params: vec![param], rows: codes.len(), codes });
        }
    }
    Ok(groups)
}

/// Returns the values of a parameter in a block: the rule is documented at `Block`.
fn axis<'a>(
    suite: &'a Suite,
    block: &'a Block,
    point: &'a Point,
    replaced: &Replaced<'a>,
    index: ParamIndex,
) -> Vec<&'a Scalar> {
    let own = own_axis(suite, block, point, index);
    let over = replaced.profile.and_then(|profile| profile.over.iter().find(|(over, _)| *over == index));
    match over {
        // Cases that do not have the parameter stay without it.
        Some((_, values)) if !own.is_empty() || replaced.nowhere.contains(&index) => values.iter().collect(),
        _ => own,
    }
}

/// Returns the values of a parameter in a block as the suite has them.
fn own_axis<'a>(suite: &'a Suite, block: &'a Block, point: &'a Point, index: ParamIndex) -> Vec<&'a Scalar> {
    let param = &suite.schema.params()[index];
    if let Some((_, values)) = block.over.iter().find(|(over, _)| *over == index) {
        return values.iter().collect();
    }
    if let Some(value) = point.get(index) {
        return vec![value];
    }
    let by_name = block.names.is_some();
    if by_name && index < suite.schema_params {
        // A name that leaves out a parameter with a default means the default.
        return param.default.iter().collect();
    }
    let left_out = by_name && param.default.is_some();
    if !param.values.is_empty() && !left_out {
        return param.values.iter().collect();
    }
    param.default.iter().collect()
}

/// Returns the product with the one case that was named although the suite does not list it.
fn new_case(suite: &Suite, selection: &Selection, coder: &mut Coder) -> Result<(usize, Vec<Group>), Problem> {
    let [name] = selection.cases.as_slice() else {
        return Err(Problem::new("`--new-case` wants exactly one `--case NAME`"));
    };
    let point = suite.schema.parse_new(name).map_err(|error| {
        Problem::new(format!("`{name}` is not a case name: {}", error.fault))
            .maybe_hint(error.hint().map(str::to_owned))
    })?;
    let block = block_for(suite, selection, name, &point)?;
    let groups = (0..suite.schema.params().len())
        .filter_map(|param| {
            let code = coder.code(param, point.get(param)?);
            Some(Group { params: vec![param], codes: vec![code], rows: 1 })
        })
        .collect();
    Ok((block, groups))
}

/// Returns the block whose `let`s a new case gets: the first that has its parameters and gives its
/// values, else the first that has its parameters.
fn block_for(suite: &Suite, selection: &Selection, name: &str, point: &Point) -> Result<usize, Problem> {
    let replaced = Replaced::new(suite, find_profile(suite, selection)?);
    let count = suite.schema.params().len();
    // Parameters that the case has and the block not, and the other way round.
    let differences = |block: &Block| {
        let nothing = Point::empty(suite.schema.len());
        let free = |param: ParamIndex| block.names.is_some() && param < suite.schema_params;
        let has = |param: ParamIndex| !axis(suite, block, &nothing, &replaced, param).is_empty();
        let params = || (0..count).filter(|&param| !free(param));
        let more: Vec<ParamIndex> = params().filter(|&param| point.get(param).is_some() && !has(param)).collect();
        let less: Vec<ParamIndex> = params().filter(|&param| point.get(param).is_none() && has(param)).collect();
        (more, less)
    };
    let gives = |block: &Block| {
        block.over.iter().all(|(param, values)| point.get(*param).is_some_and(|value| values.contains(value)))
    };
    let mut best: Option<(usize, usize)> = None;
    for (index, block) in suite.blocks.iter().enumerate() {
        let (more, less) = differences(block);
        // Fewest differences first, then the block that gives the values.
        let rank = 2 * (more.len() + less.len()) + usize::from(!gives(block));
        if best.is_none_or(|(_, known)| rank < known) {
            best = Some((index, rank));
        }
    }
    let (index, _) = best.expect("a suite has a block");
    let (more, less) = differences(&suite.blocks[index]);
    let names = |params: &[ParamIndex]| {
        params.iter().map(|&param| suite.schema.params()[param].name.as_str()).collect::<Vec<_>>().join("`, `")
    };
    let message = match (more.as_slice(), less.as_slice()) {
        ([], []) => return Ok(index),
        (_, []) => format!("the case `{name}` gives `{}`, which no case of the suite has with the rest", names(&more)),
        (_, less) => format!("the case `{name}` gives no value for `{}`", names(less)),
    };
    Err(Problem::new(message)
        .hint("a new case has the parameters of a planned one: see `shmoo plan SUITE --format names`"))
}

/// Gathers cases; finds those that two products give.
struct Collector<'a> {
    suite: &'a Suite,
    cases: Cases,
    /// Case by its codes; only kept where two products could give the same.
    seen: Option<CaseIndex>,
    most: usize,
}

impl Collector<'_> {
    fn add(&mut self, codes: &[u32], block: usize) -> Result<(), Problem> {
        if let Some(seen) = &mut self.seen
            && let Some(earlier) = seen.find_or_add(&self.cases, codes)
        {
            let blocks = &self.suite.blocks;
            let earlier = &blocks[self.cases.block(earlier)];
            if same_lets(earlier, &blocks[block]) {
                return Ok(());
            }
            let values = codes.iter().enumerate().map(|(param, &code)| self.cases.decode(param, code).cloned());
            let name = self.suite.schema.name(&Point::new(values.collect()));
            let message = format!("the case `{name}` comes from two blocks with different `let`");
            let first = self.suite.sources.place(earlier.span);
            return Err(Problem::at(blocks[block].span, message)
                .hint(format!("the other block is at {first}; narrow one of them with `where`")));
        }
        self.cases.push(codes, block as u32);
        check_count(&self.cases, self.most, &self.suite.blocks[block])
    }
}

/// Tells whether two blocks define the same, wherever and in whichever order it stands.
fn same_lets(a: &Block, b: &Block) -> bool {
    let has = |block: &Block, entry: &Let| {
        block.lets.iter().any(|other| other.name == entry.name && other.value == entry.value)
    };
    a.lets.len() == b.lets.len() && a.lets.iter().all(|entry| has(b, entry))
}

fn check_count(cases: &Cases, most: usize, block: &Block) -> Result<(), Problem> {
    if cases.len() <= most {
        return Ok(());
    }
    Err(Problem::at(block.span, format!("more than {most} cases"))
        .hint("give fewer values, or narrow the products with `where`"))
}

/// Is called with the codes of a member.
type Take<'a> = dyn FnMut(&[u32]) -> Result<(), Problem> + 'a;

/// Counts the combinations that are looked at, of which constraints may leave none.
struct Looked {
    left: u64,
    most: u64,
}

impl Looked {
    fn at_one(&mut self, block: Span) -> Result<(), Problem> {
        match self.left.checked_sub(1) {
            Some(left) => self.left = left,
            None => {
                let message = format!("more than {} combinations of values have to be looked at", self.most);
                return Err(
                    Problem::at(block, message).hint("give fewer values, or put strict constraints on few parameters")
                );
            }
        }
        Ok(())
    }
}

/// A constraint that can be asked at some depth of the product.
struct Check<'a> {
    constraint: &'a Constraint,
    /// It came from the command line.
    given: bool,
    /// Groups its value depends on, with the stride of each in the table.
    strides: Vec<(usize, usize)>,
    /// It did not hold somewhere.
    rejects: bool,
    /// 0 = not asked yet, 1 = does not hold, 2 = holds; empty = too large to keep.
    table: Vec<u8>,
}

/// A product of groups under constraints.
struct Product<'a> {
    suite: &'a Suite,
    block: usize,
    groups: &'a [Group],
    values: &'a [Vec<Scalar>],
    /// By depth: what can be asked once that many groups are chosen.
    checks: Vec<Vec<Check<'a>>>,
    codes: Vec<u32>,
    rows: Vec<usize>,
}

impl<'a> Product<'a> {
    fn new(
        suite: &'a Suite,
        block: usize,
        groups: &'a [Group],
        constraints: &[&'a Constraint],
        given: &[Constraint],
        values: &'a [Vec<Scalar>],
    ) -> Product<'a> {
        let mut checks: Vec<Vec<Check<'a>>> = (0..=groups.len()).map(|_| Vec::new()).collect();
        let nothing = |_: ParamIndex| None;
        let scope = Scope::of_block(suite, Some(block), &nothing);
        for &constraint in constraints {
            let mut params = BTreeSet::new();
            names_of(&constraint.expr).iter().for_each(|name| scope.params_of(name, &mut params));
            let mut strides = Vec::new();
            let mut size = 1usize;
            let mut depth = 0;
            for (index, group) in groups.iter().enumerate() {
                if group.params.iter().any(|param| params.contains(param)) {
                    strides.push((index, size));
                    size = size.saturating_mul(group.rows);
                    depth = index + 1;
                }
            }
            let table = if size <= MAX_TABLE { vec![0; size] } else { Vec::new() };
            let given = given.iter().any(|own| std::ptr::eq(own, constraint));
            checks[depth].push(Check { constraint, given, strides, rejects: false, table });
        }
        let codes = vec![ABSENT; suite.schema.params().len()];
        Product { suite, block, groups, values, checks, codes, rows: vec![0; groups.len()] }
    }

    /// Asks the constraints of a depth.
    fn admits(&mut self, depth: usize) -> Result<bool, Problem> {
        let Product { suite, block, values, checks, codes, rows, .. } = self;
        for check in &mut checks[depth] {
            let cell = check.strides.iter().map(|&(group, stride)| rows[group] * stride).sum::<usize>();
            let known = check.table.get(cell).copied().unwrap_or(0);
            let holds = if known > 0 {
                known == 2
            } else {
                let value_of = |param: ParamIndex| values[param].get((codes[param] as usize).wrapping_sub(1));
                let Constraint { expr, span } = check.constraint;
                let scope = Scope::of_block(suite, Some(*block), &value_of);
                let lacks = || expr.names().iter().any(|name| matches!(scope.lookup(name.name), Ok(None)));
                let holds = match scope.holds(expr, *span) {
                    Ok(holds) => holds,
                    // What the selection asks for is not so where there is nothing to ask.
                    Err(_) if check.given && lacks() => false,
                    Err(problem) => {
                        let at = assignment(suite, *block, &value_of);
                        return Err(if check.given {
                            let message = format!("`--where {}`, for {at}: {}", expr.text(), problem.message);
                            Problem { span: None, message, ..problem }
                        } else {
                            problem.label(format!("for {at}"))
                        });
                    }
                };
                if let Some(cell) = check.table.get_mut(cell) {
                    *cell = 1 + u8::from(holds);
                }
                holds
            };
            if !holds {
                check.rejects = true;
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Calls `take` with the codes of every member, in order.
    fn walk(&mut self, looked: &mut Looked, take: &mut Take<'_>) -> Result<(), Problem> {
        let any = self.groups.iter().all(|group| group.rows > 0) && self.admits(0)?;
        if any { self.descend(0, looked, take) } else { Ok(()) }
    }

    fn descend(&mut self, depth: usize, looked: &mut Looked, take: &mut Take<'_>) -> Result<(), Problem> {
        let Some(group) = self.groups.get(depth) else { return take(&self.codes) };
        let block = self.suite.blocks[self.block].span;
        for row in 0..group.rows {
            looked.at_one(block)?;
            self.rows[depth] = row;
            let width = group.params.len();
            for (column, &param) in group.params.iter().enumerate() {
                self.codes[param] = group.codes[row * width + column];
            }
            if self.admits(depth + 1)? {
                self.descend(depth + 1, looked, take)?;
            }
        }
        for &param in &group.params {
            self.codes[param] = ABSENT;
        }
        Ok(())
    }
}
