//! Rust as words and signs, each with its line: comments and literals are left out, so that a
//! path in a doc comment or in a message is none.

/// A word (a name, a number, a lifetime's name) or a single sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Token<'a> {
    Word(&'a str),
    Sign(char),
}

/// The tokens of a source text with their lines, which count from 1.
pub fn tokens(text: &str) -> Vec<(usize, Token<'_>)> {
    let mut tokens = Vec::new();
    let (mut rest, mut line) = (text, 1);
    while let Some(first) = rest.chars().next() {
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            block_comment(rest)
        } else if let Some(length) = raw_string(rest) {
            length
        } else if first == '"' || rest.starts_with("b\"") {
            rest.find('"').map_or(rest.len(), |at| at + quoted(&rest[at..], '"'))
        } else if first == '\'' && is_character(rest) {
            quoted(rest, '\'')
        } else if is_word(first) {
            let length = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
            tokens.push((line, Token::Word(&rest[..length])));
            length
        } else {
            if !first.is_whitespace() {
                tokens.push((line, Token::Sign(first)));
            }
            first.len_utf8()
        };
        line += rest[..length].matches('\n').count();
        rest = &rest[length..];
    }
    tokens
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The length of a block comment, which may hold others.
fn block_comment(text: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < text.len() {
        if text[at..].starts_with("/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if text[at..].starts_with("*/") {
            (depth, at) = (depth - 1, at + 2);
            if depth == 0 {
                break;
            }
        } else {
            at += text[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    at
}

/// The length of `r"..."`, `br#"..."#` and the like, where the text begins with one.
fn raw_string(text: &str) -> Option<usize> {
    let after = text.strip_prefix("br").or_else(|| text.strip_prefix('r'))?;
    let hashes = after.len() - after.trim_start_matches('#').len();
    let inner = after[hashes..].strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    let length = inner.find(&end).map_or(inner.len(), |at| at + end.len());
    Some(text.len() - inner.len() + length)
}

/// The length of a literal between two of `quote`, the first of which stands at the beginning.
fn quoted(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// Whether an apostrophe begins a character rather than a lifetime.
fn is_character(text: &str) -> bool {
    let mut after = text.chars().skip(1);
    match after.next() {
        Some('\\') => true,
        _ => after.next() == Some('\''),
    }
}

#[test]
fn comments_and_literals_are_left_out() {
    let text = r##"
// crate::a
/* crate::b /* crate::c */ crate::d */
let x: &'static str = "crate::e \" crate::f";
let y = (r#"crate::g " "#, b"crate::h", '"', '\'', b'"');
x"##;
    let words: Vec<(usize, &str)> = tokens(text)
        .into_iter()
        .filter_map(|(line, token)| match token {
            Token::Word(word) => Some((line, word)),
            Token::Sign(_) => None,
        })
        .collect();
    let expected =
        [(4, "let"), (4, "x"), (4, "static"), (4, "str"), (5, "let"), (5, "y"), (5, "b"), (6, "x")];
    assert_eq!(words, expected);
}
