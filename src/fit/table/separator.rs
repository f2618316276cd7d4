//! Other separators than commas.

/// Says what separates the cells of a header that is one cell.
pub(crate) fn separator(names: &[String]) -> Option<String> {
    let [name] = names else { return None };
    let (separator, called) = [(';', "`;`"), ('\t', "tabs")].into_iter().find(|(one, _)| name.contains(*one))?;
    let cells = name.split(separator).count();
    Some(format!("commas separate cells, and the header has none: it is {cells} cells separated by {called}"))
}
