//! Names and cells as messages show them, and the name that a misspelt one was meant to be.

/// Names for a message: all of a few, the first of many.
pub fn list(names: &[String]) -> String {
    const SHOWN: usize = 10;
    let shown: Vec<String> = names.iter().take(SHOWN).map(|name| format!("{name:?}")).collect();
    let more =
        if names.len() > SHOWN { format!(", ... ({} in all)", names.len()) } else { String::new() };
    shown.join(", ") + &more
}

/// What follows a name that is not there: the one that was meant, if one is near, and what there is.
pub fn among(name: &str, found: &[String]) -> String {
    format!("{}; the table has {}", meant(name, found), list(found))
}

/// The name that was meant, if one is near.
pub fn meant(name: &str, found: &[String]) -> String {
    nearest(name, found).map(|near| format!(" (did you mean {near:?}?)")).unwrap_or_default()
}

/// The most similar of the names, if it is similar at all.
pub fn nearest<'a>(name: &str, found: &'a [String]) -> Option<&'a String> {
    /// Jaro-Winkler: one slip in a word of six letters is above 0.9, two unrelated words are
    /// mostly below 0.6.
    const SIMILAR: f64 = 0.8;
    /// Jaro-Winkler looks at no neighbours in words of three letters.
    const SHORT: usize = 3;
    let name = name.to_lowercase();
    let similarity = |other: &String| {
        let other = other.to_lowercase();
        let short = name.chars().count() == SHORT && strsim::osa_distance(&name, &other) == 1;
        if short { SIMILAR } else { strsim::jaro_winkler(&name, &other) }
    };
    found
        .iter()
        .map(|other| (similarity(other), other))
        .filter(|(similarity, _)| *similarity >= SIMILAR)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, other)| other)
}

/// A cell for a message: quoted, on one line, cut where it runs on.
pub fn shown(cell: &str) -> String {
    const SHOWN: usize = 40;
    if cell.is_empty() {
        return "the cell is empty".to_owned();
    }
    match cell.char_indices().nth(SHOWN) {
        None => format!("{cell:?}"),
        Some((cut, _)) => format!("{:?}...", &cell[..cut]),
    }
}

/// The number that a cell is with a decimal comma, if it looks like one.
pub fn with_decimal_comma(cell: &str) -> Option<f64> {
    let (whole, fraction) = cell.split_once(',')?;
    let is_number = fraction.starts_with(|c: char| c.is_ascii_digit()) && !whole.contains('.');
    // 1,234 is a thousand to many.
    if !is_number || (fraction.len() == 3 && !whole.ends_with('0')) {
        return None;
    }
    format!("{whole}.{fraction}").parse().ok()
}

/// Names as a command line takes them: `a,b`, in quotes where a shell would not take them as one.
pub fn argument(names: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    let names: Vec<_> = names.into_iter().collect();
    let joined = names.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(",");
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ',' | '/' | '+');
    if joined.chars().all(plain) { joined } else { format!("'{}'", joined.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(line: &str) -> Vec<String> {
        line.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn a_slip_is_put_right_and_a_stranger_is_not() {
        let found = names("height weight age");
        assert_eq!(nearest("hieght", &found).map(String::as_str), Some("height"));
        assert_eq!(nearest("Weigth", &found).map(String::as_str), Some("weight"));
        assert_eq!(nearest("aeg", &found).map(String::as_str), Some("age"));
        assert_eq!(nearest("income", &found), None);
        assert_eq!(nearest("b", &names("a c")), None);
    }

    #[test]
    fn arguments_are_ready_for_a_shell() {
        assert_eq!(argument(names("city kind_2")), "city,kind_2");
        assert_eq!(argument(["two words"]), "'two words'");
        assert_eq!(argument(["it's"]), r"'it'\''s'");
    }
}
