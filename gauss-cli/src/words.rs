//! Counts, names and lines as every room words them.

use std::borrow::Cow;
use std::fmt::Write;

/// A number with so many decimals; one of more than nine digits with an exponent.
pub fn decimals(value: f64, decimals: usize) -> String {
    if value.abs() < 1e9 { format!("{value:.decimals$}") } else { format!("{value:.decimals$e}") }
}

/// Thousands grouped for reading: `12,345`.
pub fn grouped(count: usize) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (k, digit) in digits.chars().enumerate() {
        if k > 0 && (digits.len() - k).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 row`, `2 rows`.
pub fn counted(count: usize, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", grouped(count))
}

/// Lines of `name  value` with the names aligned; each a line, whatever is in it.
pub fn aligned(pairs: &[(&str, String)]) -> String {
    let width = pairs.iter().map(|(name, _)| line(name).chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for (name, value) in pairs {
        let _ = writeln!(text, "  {:width$}  {}", line(name), line(value));
    }
    text.truncate(text.trim_end().len());
    text
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

/// What a terminal does not print but obeys: control characters, and those that turn the direction
/// of writing, or end a line.
pub fn is_obeyed(c: char) -> bool {
    let turns = matches!(c, '\u{61c}' | '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}');
    c.is_control() || turns || matches!(c, '\u{2066}'..='\u{2069}')
}

/// Text of others for a terminal or a page, of any number of lines: what is not printed but obeyed
/// is written out, but for line breaks and tabs.
pub fn printable(text: &str) -> Cow<'_, str> {
    written_out(text, |c| is_obeyed(c) && !matches!(c, '\n' | '\t'))
}

/// The same of a text that is one line, such as a name: its line breaks and tabs are written out, too.
pub fn line(text: &str) -> Cow<'_, str> {
    written_out(text, is_obeyed)
}

/// Names one after the other.
pub fn listed(names: &[String]) -> String {
    names.iter().map(|name| line(name)).collect::<Vec<_>>().join(", ")
}

fn written_out(text: &str, obeyed: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(&obeyed) {
        return Cow::Borrowed(text);
    }
    let written = |c: char| match c {
        '\n' | '\r' | '\t' if obeyed(c) => c.escape_default().to_string(),
        c if obeyed(c) => c.escape_unicode().to_string(),
        c => c.to_string(),
    };
    Cow::Owned(text.chars().map(written).collect())
}

/// Names as a command line takes them: `a,b`, in quotes where a shell would not take them as one.
pub fn argument(names: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    let names: Vec<_> = names.into_iter().collect();
    let joined = names.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(",");
    let plain = |c: char| c.is_alphanumeric() || "_-.,/+=".contains(c);
    if !joined.is_empty() && joined.chars().all(plain) {
        joined
    } else {
        format!("'{}'", joined.replace('\'', r"'\''"))
    }
}

/// Columns as an option that takes several of them does: in a name that holds a comma, or what is
/// not printed, that is any one character.
pub fn names_argument(names: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    let any = |c: char| if c == ',' || is_obeyed(c) { '?' } else { c };
    argument(names.into_iter().map(|name| name.as_ref().chars().map(any).collect::<String>()))
}

/// An option with the columns that it is to have, as a shell takes both: `--exclude a,b`. Behind an
/// equals sign where they would look like an option themselves.
pub fn option(option: &str, names: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    with_value(option, &names_argument(names))
}

/// The same of one name that is taken as it is, or of a rule; `None` where it cannot be typed.
pub fn option_of(option: &str, value: &str) -> Option<String> {
    (!value.contains(is_obeyed)).then(|| with_value(option, &argument([value])))
}

fn with_value(option: &str, value: &str) -> String {
    let dash = value.trim_start_matches('\'').starts_with('-');
    format!("{option}{}{value}", if dash { '=' } else { ' ' })
}

/// `, weighted: as good as 812.4`; nothing without weights.
pub fn weighted(effective_rows: Option<f64>) -> String {
    effective_rows.map_or(String::new(), |rows| format!(", weighted: as good as {rows:.1}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_grouped_by_thousands() {
        let shown: Vec<_> = [0, 12, 999, 1000, 1234567].into_iter().map(grouped).collect();
        assert_eq!(shown, ["0", "12", "999", "1,000", "1,234,567"]);
        assert_eq!(counted(1, "row"), "1 row");
    }

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
        assert_eq!(argument([""]), "''");
        assert_eq!(names_argument(["size, m", "b"]), "'size? m,b'");
        assert_eq!(argument(["it's"]), r"'it'\''s'");
        assert_eq!(option("--exclude", ["-x", "b"]), "--exclude=-x,b");
        assert_eq!(option_of("--weights", "my w").as_deref(), Some("--weights 'my w'"));
        assert_eq!(option_of("--weights", "w\n"), None);
    }

    #[test]
    fn what_terminals_obey_is_written_out() {
        let hostile = "a\u{1b}[2J\u{9b}m\0\u{7f}\u{202e}\r\n\tb";
        let lines = r"a\u{1b}[2J\u{9b}m\u{0}\u{7f}\u{202e}\u{d}";
        assert_eq!(printable(hostile), format!("{}\n\tb", lines.replace(r"\u{d}", r"\r")));
        assert_eq!(line("a\nb\tc"), r"a\nb\tc");
        assert_eq!(listed(&["a\n".to_owned(), "b".to_owned()]), r"a\n, b");
    }
}
