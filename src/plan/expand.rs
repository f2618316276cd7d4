//! From blocks to cases: products, constraints, subsets, filters.
//!
//! The order is that of the file: blocks in order; in a block its names in order, then zipped groups
//! before single parameters in name order, the last varying fastest. A constraint is evaluated as
//! soon as the values it depends on are chosen, and once for each combination of them.

use super::Selection;
use super::cases::{ABSENT, Cases, Coder};
use super::scope::{Scope, names_of};
use super::take;
use crate::naming::Point;
use crate::suite::{Block, Constraint, ParamIndex, Profile, Suite};
use crate::value::{Problem, Scalar, did_you_mean};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// The order and meaning of expansion: plans of another version are not read.
pub const EXPANSION: u32 = 1;

/// More cases than this are refused: names, ids and ledgers are not made for them.
const MAX_CASES: usize = 50_000_000;

/// Largest table of a constraint's results, by combinations of the values it depends on.
const MAX_TABLE: usize = 1 << 20;

/// Returns the cases of a suite under a selection, whose `where` lines come parsed as `extra`.
pub(super) fn expand(suite: &Suite, selection: &Selection, extra: &[Constraint]) -> Result<Cases, Problem> {
    let profile = find_profile(suite, selection)?;
    let mut coder = Coder::new(suite.schema.params().len());
    let mut products: Vec<(usize, Vec<Vec<Group>>)> = Vec::new();
    if selection.new_case {
        let (block, groups) = new_case(suite, selection, &mut coder)?;
        products.push((block, vec![groups]));
    } else {
        let nothing_given = [Point::empty(suite.schema.len())];
        for (index, block) in suite.blocks.iter().enumerate() {
            let points = block.names.as_deref().unwrap_or(&nothing_given);
            let groups: Result<_, _> =
                points.iter().map(|point| groups_of(suite, block, point, profile, &mut coder)).collect();
            products.push((index, groups?));
        }
    }
    let values = Arc::new(coder.into_values());
    let several = products.iter().map(|(_, groups)| groups.len()).sum::<usize>() > 1;
    let mut collector = Collector { suite, cases: Cases::new(values.clone()), seen: several.then(HashMap::new) };
    for (index, groups) in &products {
        let block = &suite.blocks[*index];
        let mut constraints: Vec<&Constraint> = suite.constraints.iter().collect();
        constraints.extend(profile.iter().flat_map(|profile| &profile.constraints));
        if !selection.new_case {
            constraints.extend(&block.constraints);
        }
        constraints.extend(extra);
        let take = block.take.filter(|_| !selection.new_case);
        let mut held = Vec::new();
        for groups in groups {
            let mut product = Product::new(suite, *index, groups, &constraints, &values);
            match take {
                None => product.walk(&mut |codes| collector.add(codes, *index))?,
                Some(_) => product.walk(&mut |codes| {
                    held.push(codes.to_vec());
                    Ok(())
                })?,
            }
        }
        if let Some(take) = take {
            for codes in take::choose(take, held, block.span)? {
                collector.add(&codes, *index)?;
            }
        }
    }
    Ok(collector.cases)
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

/// Returns the groups of a block at a point given by name.
fn groups_of(
    suite: &Suite,
    block: &Block,
    point: &Point,
    profile: Option<&Profile>,
    coder: &mut Coder,
) -> Result<Vec<Group>, Problem> {
    let count = suite.schema.params().len();
    let axes: Vec<Vec<u32>> = (0..count)
        .map(|param| {
            let values = axis(suite, block, point, profile, param);
            values.iter().map(|value| coder.code(param, value)).collect()
        })
        .collect();
    let mut groups = Vec::new();
    let mut zipped: BTreeSet<ParamIndex> = BTreeSet::new();
    for params in &block.zip {
        let rows = params.first().map_or(0, |&param| axes[param].len());
        if let Some(&other) = params.iter().find(|&&param| axes[param].len() != rows) {
            let [a, b] = [params[0], other].map(|param| &suite.schema.params()[param].name);
            let message =
                format!("zipped parameters have lists of different length: {a} {rows}, {b} {}", axes[other].len());
            return Err(Problem::at(block.span, message));
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
    profile: Option<&'a Profile>,
    index: ParamIndex,
) -> Vec<&'a Scalar> {
    let param = &suite.schema.params()[index];
    let over = |list: &'a [(ParamIndex, Vec<Scalar>)]| list.iter().find(|(over, _)| *over == index);
    if let Some((_, values)) = profile.and_then(|profile| over(&profile.over)).or_else(|| over(&block.over)) {
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
    if !param.values.is_empty() && !(by_name && param.default.is_some()) {
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
        Problem::new(format!("`{name}` is not a case name: {error}")).maybe_hint(error.hint().map(str::to_owned))
    })?;
    // The block whose `let`s the case gets: the first that allows its values.
    let admits = |block: &&Block| {
        block.over.iter().all(|(param, values)| point.get(*param).is_some_and(|value| values.contains(value)))
    };
    let block = suite.blocks.iter().position(|block| admits(&block)).unwrap_or(0);
    let groups = (0..suite.schema.params().len())
        .filter_map(|param| {
            let code = coder.code(param, point.get(param)?);
            Some(Group { params: vec![param], codes: vec![code], rows: 1 })
        })
        .collect();
    Ok((block, groups))
}

/// Gathers cases; finds those that two products give.
struct Collector<'a> {
    suite: &'a Suite,
    cases: Cases,
    /// Case by its codes; only kept where two products could give the same.
    seen: Option<HashMap<Vec<u32>, u32>>,
}

impl Collector<'_> {
    fn add(&mut self, codes: &[u32], block: usize) -> Result<(), Problem> {
        if let Some(seen) = &mut self.seen {
            if let Some(&earlier) = seen.get(codes) {
                let earlier = self.cases.block(earlier as usize);
                let blocks = &self.suite.blocks;
                if blocks[earlier].lets == blocks[block].lets {
                    return Ok(());
                }
                let point = Point::new(
                    codes.iter().enumerate().map(|(param, &code)| self.cases.decode(param, code).cloned()).collect(),
                );
                let name = self.suite.schema.name(&point);
                let first = self.suite.sources.place(blocks[earlier].span);
                return Err(Problem::at(
                    blocks[block].span,
                    format!("the case `{name}` comes from two blocks with different `let`"),
                )
                .hint(format!("the other block is at {first}; narrow one of them with `where`")));
            }
            seen.insert(codes.to_vec(), self.cases.len() as u32);
        }
        if self.cases.len() >= MAX_CASES {
            return Err(Problem::at(self.suite.blocks[block].span, format!("more than {MAX_CASES} cases"))
                .hint("narrow them with `where`, or take a subset with `take`"));
        }
        self.cases.push(codes, block as u32);
        Ok(())
    }
}

/// A constraint that can be asked at some depth of the product.
struct Check<'a> {
    constraint: &'a Constraint,
    /// Groups its value depends on, with the stride of each in the table.
    strides: Vec<(usize, usize)>,
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
            checks[depth].push(Check { constraint, strides, table });
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
                let holds = Scope::of_block(suite, Some(*block), &value_of).holds(expr, *span)?;
                if let Some(cell) = check.table.get_mut(cell) {
                    *cell = 1 + u8::from(holds);
                }
                holds
            };
            if !holds {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Calls `take` with the codes of every member, in order.
    fn walk(&mut self, take: &mut dyn FnMut(&[u32]) -> Result<(), Problem>) -> Result<(), Problem> {
        if self.groups.iter().all(|group| group.rows > 0) && self.admits(0)? { self.descend(0, take) } else { Ok(()) }
    }

    fn descend(&mut self, depth: usize, take: &mut dyn FnMut(&[u32]) -> Result<(), Problem>) -> Result<(), Problem> {
        let Some(group) = self.groups.get(depth) else { return take(&self.codes) };
        for row in 0..group.rows {
            self.rows[depth] = row;
            let width = group.params.len();
            for (column, &param) in group.params.iter().enumerate() {
                self.codes[param] = group.codes[row * width + column];
            }
            if self.admits(depth + 1)? {
                self.descend(depth + 1, take)?;
            }
        }
        for &param in &group.params {
            self.codes[param] = ABSENT;
        }
        Ok(())
    }
}
