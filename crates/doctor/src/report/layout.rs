//! Lines of a readable length.

/// Breaks a text at blanks so that lines, indented by `indent`, have at most `width` characters. Long words stay whole.
pub(super) fn wrap(text: &str, indent: usize, width: usize) -> String {
    let mut out = String::new();
    let mut used = 0;
    for word in text.split_whitespace() {
        let length = word.chars().count();
        if used == 0 {
            out.push_str(&" ".repeat(indent));
            used = indent;
        } else if used + 1 + length > width {
            out.push('\n');
            out.push_str(&" ".repeat(indent));
            used = indent;
        } else {
            out.push(' ');
            used += 1;
        }
        out.push_str(word);
        used += length;
    }
    out.push('\n');
    out
}
