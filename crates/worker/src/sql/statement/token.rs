//! SQL text in pieces: enough to tell what is a parameter, and what only looks like one.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// White space or a comment.
    Blank,
    /// A keyword, a name or a number, without quotes.
    Word,
    /// `?` and its number; 0 where it has none.
    Parameter(usize),
    /// `:name`, `@name` or `$name`.
    NamedParameter,
    Open,
    Close,
    Semicolon,
    /// An operator, or something in quotes.
    Other,
}

/// Takes the next token off the text; no text is refused, whatever it holds.
pub(super) fn next<'a>(rest: &mut &'a str) -> Option<(Token, &'a str)> {
    let first = rest.chars().next()?;
    let (token, length) = measure(rest, first);
    let (written, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
    *rest = after;
    Some((token, written))
}

fn measure(text: &str, first: char) -> (Token, usize) {
    let after = text.get(first.len_utf8()..).unwrap_or_default();
    match first {
        '\'' | '"' | '`' => (Token::Other, quoted(after, first)),
        '[' => (Token::Other, quoted(after, ']')),
        '-' if after.starts_with('-') => (Token::Blank, text.find('\n').map_or(text.len(), |end| end + 1)),
        '/' if after.starts_with('*') => {
            let inner = after.get(1..).unwrap_or_default();
            (Token::Blank, inner.find("*/").map_or(text.len(), |end| end + 4))
        }
        '?' => {
            let digits = run(after, |c| c.is_ascii_digit());
            let number = after.get(..digits).and_then(|digits| digits.parse().ok());
            (Token::Parameter(number.unwrap_or(0)), 1 + digits)
        }
        ':' | '@' | '$' => (Token::NamedParameter, 1 + run(after, in_word)),
        '(' => (Token::Open, 1),
        ')' => (Token::Close, 1),
        ';' => (Token::Semicolon, 1),
        first if first.is_ascii_whitespace() => (Token::Blank, 1 + run(after, |c| c.is_ascii_whitespace())),
        first if in_word(first) => (Token::Word, run(text, in_word)),
        first => (Token::Other, first.len_utf8()),
    }
}

/// Up to and with the closing quote; a doubled one closes and opens again, which comes to the same.
fn quoted(after: &str, quote: char) -> usize {
    after.find(quote).map_or(after.len() + 1, |end| end + 2)
}

fn run(text: &str, inside: impl Fn(char) -> bool) -> usize {
    text.find(|c| !inside(c)).unwrap_or(text.len())
}

fn in_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '$' || !c.is_ascii()
}
